//! `cargo xtask explain`: who could decide on a request, and what one person may do about it, without asking anybody.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use countersign_bot::approval::explain::explain;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::request;
use countersign_bot::messages::answers::PLAIN;
use countersign_bot::messages::explanation;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Which request to explain, to whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// A file with what a state passes to the notifier, or the `approval` in it alone.
    request: PathBuf,
    /// The policy file.
    #[arg(long)]
    policy: PathBuf,
    /// The person.
    #[arg(long = "as")]
    person: String,
}

impl Explain {
    /// The explanation as it would be given if the request were made now.
    pub(crate) fn text(&self, now: Timestamp) -> anyhow::Result<String> {
        let policy = policy_file::read(&read(&self.policy)?)
            .map_err(|problems| anyhow!("{} is not right:\n{problems}", self.policy.display()))?;
        let request = serde_json::from_str(&read(&self.request)?)
            .with_context(|| format!("{} is not JSON", self.request.display()))?;
        let asked = request::read(whole(request, now), &policy, now)
            .with_context(|| format!("the notifier would refuse {}", self.request.display()))?;
        let approval = Approval::raise(asked);
        let person = policy
            .person_named(&self.person)
            .with_context(|| format!("the policy has nobody who is called `{}`", self.person))?;
        let explained = explain(&approval, person, now);
        Ok(format!("To {}:\n{}", person.name, explanation::text(&approval, &explained, None, PLAIN)))
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// What a state passes. What a file leaves out beside the approval is the same for every request.
fn whole(mut request: Value, now: Timestamp) -> Value {
    if request.get("approval").is_none() {
        request = json!({ "approval": request });
    }
    let others = json!({
        "taskToken": "none yet",
        "executionArn": "arn:aws:states:local:000000000000:execution:not:started",
        "stateEnteredAt": now,
        "timeoutSeconds": 600,
    });
    if let (Some(request), Value::Object(others)) = (request.as_object_mut(), others) {
        for (name, value) in others {
            request.entry(name).or_insert(value);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[people.ada]\nname = \"Ada Lovelace\"\nemail = \"ada@example.com\"\n\
        [people.grace]\nname = \"Grace Hopper\"\n[people.eve]\nname = \"Eve\"\n\
        [policies.calculation]\napprovers = [\"ada\", \"grace\"]\nslack_channel = \"C1\"\n";

    fn explained(name: &str, request: &Value, person: &str) -> anyhow::Result<String> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tmp").join(format!("explain-{name}"));
        fs::create_dir_all(&folder).unwrap();
        let (file, policy) = (folder.join("request.json"), folder.join("policy.toml"));
        fs::write(&file, request.to_string()).unwrap();
        fs::write(&policy, POLICY).unwrap();
        let explain = Explain { request: file, policy, person: person.to_owned() };
        explain.text("2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_request_is_explained_to_whoever_it_is_as() {
        let request = json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "ada" });
        let to_ada = explained("own", &request, "ada@example.com").unwrap();
        assert!(
            to_ada.starts_with("To Ada Lovelace:\n1 + 1") && to_ada.contains("You asked for this yourself"),
            "{to_ada}"
        );
        assert!(to_ada.contains("Could still decide: Grace Hopper"), "{to_ada}");
        assert!(explained("own", &request, "grace").unwrap().contains("You may approve or reject it."));
        assert!(explained("own", &request, "eve").unwrap().contains("You cannot decide on this request"));
        let nobody = explained("own", &request, "mallory").unwrap_err().to_string();
        assert_eq!(nobody, "the policy has nobody who is called `mallory`");
    }

    #[test]
    fn what_the_notifier_would_refuse_is_named() {
        let request = json!({ "approval": { "policy": "other", "title": "1 + 1" } });
        let error = format!("{:#}", explained("wrong", &request, "ada").unwrap_err());
        assert!(error.contains("approval.policy: the policy file has no policy `other`"), "{error}");
    }
}
