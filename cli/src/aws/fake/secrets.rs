//! Secrets Manager, as far as this program asks it: versions that never change, and labels of which each is on one of
//! them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Refusal;

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The secrets of an account.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    secrets: BTreeMap<String, Vec<Version>>,
    /// The present moment.
    pub(crate) now: Timestamp,
    /// What somebody else puts in right before the label of the current version is moved next.
    pub(crate) meanwhile: Option<Value>,
    /// Whether the answer to the next move of a label is lost, although it took effect.
    pub(crate) loses_an_answer: bool,
}

#[derive(Debug)]
struct Version {
    id: String,
    text: String,
    created: Timestamp,
    labels: BTreeSet<String>,
}

/// Secrets by their ids, each with a first version.
impl FromIterator<(String, Value)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(secrets: I) -> Self {
        let mut made = Self::default();
        for (id, value) in secrets {
            made.secrets.insert(id.clone(), Vec::new());
            made.put_by_others(&id, &value);
        }
        made
    }
}

impl Secrets {
    /// The values of a secret.
    pub(crate) fn values(&self, id: &str) -> Value {
        let current = self.secrets[id].iter().find(|version| version.labels.contains(CURRENT));
        serde_json::from_str(&current.unwrap().text).unwrap()
    }

    /// How many versions a secret has had.
    pub(crate) fn count(&self, id: &str) -> usize {
        self.secrets[id].len()
    }

    /// The labels of a secret's last version.
    pub(crate) fn labels(&self, id: &str) -> Vec<&str> {
        self.secrets[id].last().unwrap().labels.iter().map(String::as_str).collect()
    }

    /// Somebody puts a value in without looking, as the AWS command line does.
    pub(crate) fn put_by_others(&mut self, id: &str, value: &Value) {
        let token = format!("{:032}", self.secrets[id].len());
        let call = json!({ "SecretId": id, "ClientRequestToken": token, "SecretString": value.to_string() });
        assert!(self.put(&call).is_ok());
    }

    /// `GetSecretValue`.
    pub(super) fn get(&self, call: &Value) -> Result<Value, Refusal> {
        let id = text(call, "SecretId");
        let versions = self.secrets.get(id).ok_or_else(unknown)?;
        let label = call["VersionStage"].as_str().unwrap_or(CURRENT);
        let version = versions.iter().find(|version| version.labels.contains(label)).ok_or_else(|| {
            let message = format!("Secrets Manager can't find the specified secret value for staging label: {label}");
            Refusal::bad("ResourceNotFoundException", message)
        })?;
        Ok(json!({
            "Name": id, "VersionId": version.id, "SecretString": version.text,
            "CreatedDate": version.created.as_second(), "VersionStages": version.labels,
        }))
    }

    /// `PutSecretValue`. The same token makes the same version once, and never another.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    pub(super) fn put(&mut self, call: &Value) -> Result<Value, Refusal> {
        let (id, token, value) = (text(call, "SecretId"), text(call, "ClientRequestToken"), text(call, "SecretString"));
        let now = self.now;
        let versions = self.secrets.get_mut(id).ok_or_else(unknown)?;
        if !(32..=64).contains(&token.len()) || value.is_empty() || value.len() > 65_536 {
            return Err(Refusal::bad("ValidationException", "A parameter is too short or too long"));
        }
        let answer = json!({ "Name": id, "VersionId": token });
        match versions.iter().find(|version| version.id == token) {
            Some(version) if version.text == value => return Ok(answer),
            Some(_) => {
                let message = "You can't modify an existing version, you can only create a new version.";
                return Err(Refusal::bad("ResourceExistsException", message));
            }
            None => {}
        }
        let labels = BTreeSet::new();
        versions.push(Version { id: token.to_owned(), text: value.to_owned(), created: now, labels });
        let labels = call["VersionStages"].as_array().cloned().unwrap_or_else(|| vec![json!(CURRENT)]);
        for label in labels {
            attach(versions, label.as_str().unwrap(), token);
        }
        Ok(answer)
    }

    /// `UpdateSecretVersionStage`. A label is moved only from the version that is named.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>
    pub(super) fn label(&mut self, call: &Value) -> Result<Value, Refusal> {
        let (id, label) = (text(call, "SecretId"), text(call, "VersionStage"));
        if let Some(value) = self.meanwhile.take_if(|_| label == CURRENT) {
            self.put_by_others(id, &value);
        }
        let versions = self.secrets.get_mut(id).ok_or_else(unknown)?;
        let (to, from) = (call["MoveToVersionId"].as_str(), call["RemoveFromVersionId"].as_str());
        let holder = versions.iter().find(|version| version.labels.contains(label)).map(|version| version.id.clone());
        if to.is_some_and(|to| versions.iter().all(|version| version.id != to)) {
            return Err(unknown());
        }
        if holder.as_deref() != to && holder.as_deref() != from {
            let message = format!("Staging label {label} is currently attached to version {holder:?}");
            return Err(Refusal::bad("InvalidParameterException", message));
        }
        match to {
            Some(to) => attach(versions, label, to),
            None => detach(versions, label),
        }
        if std::mem::take(&mut self.loses_an_answer) {
            return Err(Refusal::bad("InternalServiceError", "An error occurred on the server side."));
        }
        Ok(json!({ "Name": id }))
    }
}

/// Moves a label. Whatever was current becomes the previous one.
fn attach(versions: &mut [Version], label: &str, id: &str) {
    let before = versions.iter().position(|version| version.labels.contains(label) && version.id != id);
    detach(versions, label);
    if let Some(before) = before.filter(|_| label == CURRENT) {
        detach(versions, PREVIOUS);
        versions[before].labels.insert(PREVIOUS.to_owned());
    }
    let version = versions.iter_mut().find(|version| version.id == id).unwrap();
    version.labels.insert(label.to_owned());
}

fn detach(versions: &mut [Version], label: &str) {
    for version in versions {
        version.labels.remove(label);
    }
}

fn text<'a>(call: &'a Value, name: &str) -> &'a str {
    call[name].as_str().unwrap_or_default()
}

fn unknown() -> Refusal {
    Refusal::bad("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
