//! A secret of Secrets Manager that holds texts by name, read and replaced as a whole.

use anyhow::{Context, anyhow};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use countersign_bot::ports::SecretValues;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::{Aws, Refused};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const PENDING: &str = "AWSPENDING";

/// A secret.
pub(crate) struct Secret {
    client: Client,
    /// Its name or ARN.
    pub(crate) id: String,
}

/// A version of it, which never changes.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    id: String,
    /// When it was made, by the clock of Secrets Manager. It is in force since then.
    pub(crate) since: Timestamp,
    /// What it holds.
    pub(crate) values: SecretValues,
}

/// What became of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// The new version is in force.
    Done,
    /// Somebody else was faster, and nothing was changed.
    TooLate,
}

impl Secret {
    /// The secret of this name or ARN.
    pub(crate) fn new(aws: &Aws, id: &str) -> Self {
        Self { client: Client::new(aws.config()), id: id.to_owned() }
    }

    /// The version that is in force.
    pub(crate) async fn current(&self) -> anyhow::Result<Version> {
        self.version(CURRENT).await?.with_context(|| format!("the secret {} has no value", self.id))
    }

    /// The version that was in force before; none if there was none.
    pub(crate) async fn previous(&self) -> anyhow::Result<Option<Version>> {
        self.version(PREVIOUS).await
    }

    async fn version(&self, label: &str) -> anyhow::Result<Option<Version>> {
        let answer = self.client.get_secret_value().secret_id(&self.id).version_stage(label).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if label == PREVIOUS && error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(told(Refused::because("GetSecretValue", error))),
        };
        // The error of serde would quote a value.
        let values = serde_json::from_str(answer.secret_string().unwrap_or_default());
        let values = values.map_err(|_| anyhow!("the secret {} is not a JSON object of texts", self.id))?;
        let created = answer.created_date().context("Secrets Manager does not say how old the secret is")?;
        let since = Timestamp::from_second(created.secs())?;
        let id = answer.version_id.context("Secrets Manager does not say which version it is")?;
        Ok(Some(Version { id, since, values }))
    }

    /// Puts these values in the place of those of a version that was read, if it still is the one in force.
    ///
    /// `PutSecretValue` has no condition, so the new version is made without being in force, and then the label of the
    /// version in force is moved, which Secrets Manager does only from the version that it is told:
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>.
    /// So of two who do it this way at once one is told that it was too late. Whoever calls `PutSecretValue` by other means
    /// asks for no condition, and can still undo what was just put in.
    pub(crate) async fn replace(&self, read: &Version, values: &SecretValues) -> anyhow::Result<Replaced> {
        let made = self.client.put_secret_value().secret_id(&self.id).version_stages(PENDING);
        let made = made.secret_string(text(values)).send().await;
        let made = made.map_err(|error| told(Refused::because("PutSecretValue", error)))?;
        let made = made.version_id.context("Secrets Manager does not say which version it has made")?;
        let moved = self.client.update_secret_version_stage().secret_id(&self.id).version_stage(CURRENT);
        let moved = moved.move_to_version_id(&made).remove_from_version_id(&read.id).send().await;
        let Err(error) = moved else { return Ok(Replaced::Done) };
        // A move whose answer was lost, and that was tried again, is refused as one that comes too late.
        let in_force = self.current().await?.id;
        if in_force == made {
            return Ok(Replaced::Done);
        }
        self.forget(&made).await;
        if in_force == read.id {
            return Err(told(Refused::because("UpdateSecretVersionStage", error)));
        }
        Ok(Replaced::TooLate)
    }

    /// Takes the label off a version that never was in force. Secrets Manager removes those without one in time, and
    /// nothing depends on it.
    async fn forget(&self, version: &str) {
        let label = self.client.update_secret_version_stage().secret_id(&self.id).version_stage(PENDING);
        let _ = label.remove_from_version_id(version).send().await;
    }
}

fn told(Refused(why): Refused) -> anyhow::Error {
    anyhow!(why)
}

fn text(values: &SecretValues) -> String {
    let values = values.iter().map(|(name, value)| (name.clone(), Value::from(value.expose_secret())));
    Value::Object(values.collect::<Map<_, _>>()).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::aws::fake::{Account, Secrets, serve};

    async fn secret() -> (Secret, Arc<Mutex<Secrets>>) {
        let secrets = [("bot".to_owned(), json!({ "link_key": "a", "of_others": "b" }))];
        let secrets = Arc::new(Mutex::new(secrets.into_iter().collect::<Secrets>()));
        let aws = serve(Account { secrets: Arc::clone(&secrets), ..Account::default() }).await;
        (Secret::new(&aws, "bot"), secrets)
    }

    #[tokio::test]
    async fn what_is_replaced_keeps_everything_else_and_has_a_date() {
        let (secret, secrets) = secret().await;
        assert!(secret.previous().await.unwrap().is_none());
        let read = secret.current().await.unwrap();
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        secrets.lock().unwrap().now = now;
        let mut values = read.values.clone();
        values.insert("link_key".to_owned(), "c".into());
        assert_eq!(secret.replace(&read, &values).await.unwrap(), Replaced::Done);
        assert_eq!(secrets.lock().unwrap().values("bot"), json!({ "link_key": "c", "of_others": "b" }));
        assert_eq!(secret.current().await.unwrap().since, now);
        assert_eq!(secret.previous().await.unwrap().unwrap().values["link_key"].expose_secret(), "a");
    }

    #[tokio::test]
    async fn of_two_at_once_one_is_told_and_nothing_is_lost() {
        let (secret, secrets) = secret().await;
        let read = secret.current().await.unwrap();
        let theirs = json!({ "link_key": "theirs" });
        secrets.lock().unwrap().meanwhile = Some(theirs.clone());
        assert_eq!(secret.replace(&read, &read.values).await.unwrap(), Replaced::TooLate);
        let secrets = secrets.lock().unwrap();
        assert_eq!(secrets.values("bot"), theirs);
        assert_eq!(secrets.count("bot"), 3);
    }

    #[tokio::test]
    async fn a_version_that_came_too_late_is_left_without_a_label() {
        let (secret, secrets) = secret().await;
        let read = secret.current().await.unwrap();
        assert_eq!(secret.replace(&read, &read.values).await.unwrap(), Replaced::Done);
        assert_eq!(secret.replace(&read, &read.values).await.unwrap(), Replaced::TooLate, "it was read before");
        assert_eq!(secrets.lock().unwrap().labels("bot"), [""; 0]);
    }

    #[tokio::test]
    async fn a_lost_answer_is_not_taken_for_a_refusal() {
        let (secret, secrets) = secret().await;
        let read = secret.current().await.unwrap();
        secrets.lock().unwrap().loses_an_answer = true;
        assert_eq!(secret.replace(&read, &read.values).await.unwrap(), Replaced::Done);
    }

    #[tokio::test]
    async fn a_secret_that_is_none_says_nothing_of_what_it_holds() {
        let (secret, secrets) = secret().await;
        secrets.lock().unwrap().put_by_others("bot", &json!({ "link_key": 12_345 }));
        let error = format!("{:#}", secret.current().await.unwrap_err());
        assert_eq!(error, "the secret bot is not a JSON object of texts");
    }
}
