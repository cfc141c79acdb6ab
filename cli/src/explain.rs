//! `countersign explain`: who could decide on a request, and what one person may do about it, without asking anybody.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use countersign_bot::approval::explain::{Explanation, Standing, explain};
use countersign_bot::approval::naming::Named;
use countersign_bot::approval::policy::{Person, Policy};
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::request::{self, InvalidInput};
use countersign_bot::messages::answers;
use countersign_bot::messages::dialect::PLAIN;
use countersign_bot::messages::explanation;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::deployment::Login;
use crate::ending::Ending;
use crate::examples::examples;
use crate::output::Format;
use crate::policy::read;

/// Says who could decide on a request, and what one person may do, without asking anybody.
///
/// The exit code is 0 if the request could be made, 1 if the notifier would refuse it, 2 if there is nothing to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign explain request.json --policy policy.toml --as ada",
    "countersign explain request.json --stack countersign --as ada",
    "countersign explain request.json --policy policy.toml --as ada@example.com --json"))]
pub(crate) struct Explain {
    /// A file with what a state passes to the notifier, or the `approval` in it alone.
    request: PathBuf,
    /// The policy file, for a request that is made where this is in force.
    #[arg(long, value_name = "FILE", required_unless_present = "stack", conflicts_with = "stack")]
    policy: Option<PathBuf>,
    /// The name of a stack, for a request that is made there: under the version of the policy that is in force.
    #[arg(long)]
    stack: Option<String>,
    #[command(flatten)]
    login: Login,
    /// The person, by their key in the policy or any other name that it knows of them.
    #[arg(long = "as")]
    person: String,
    #[command(flatten)]
    format: Format,
}

/// What there is to say of a request.
struct Explained {
    text: String,
    json: Value,
    ending: Ending,
}

impl Explain {
    /// Explains the request as it would be explained if it were made now.
    pub(crate) async fn run(mut self, now: Timestamp) -> anyhow::Result<Ending> {
        let policy = match (self.policy.take(), self.stack.take()) {
            (Some(file), _) => policy_file::read(&read(&file)?)
                .map_err(|problems| anyhow!("{} is not right:\n{problems}", file.display()))?,
            #[cfg(feature = "aws")]
            (None, Some(stack)) => {
                use crate::deployment::Deployment;
                use crate::policy::versions::Versions;

                Versions::of(Deployment { stack, login: self.login.clone() }).await?.in_force().await?
            }
            #[cfg(not(feature = "aws"))]
            (None, Some(_)) => return Err(crate::deployment::not_in_this_build("explain")),
            (None, None) => bail!("name a policy file or a stack"),
        };
        let explained = self.explained(&policy, now)?;
        self.format.print(explained.text, &explained.json)?;
        Ok(explained.ending)
    }

    fn explained(&self, policy: &Policy, now: Timestamp) -> anyhow::Result<Explained> {
        let person = match policy.named(&self.person) {
            Named::Person(person) => person,
            Named::Several(_) => bail!("the policy has more than one who may be called `{}`", self.person),
            Named::Almost(_) | Named::Nobody => bail!("the policy has nobody who is called `{}`", self.person),
        };
        let request: Value = serde_json::from_str(&read(&self.request)?)
            .with_context(|| format!("{} is not JSON", self.request.display()))?;
        if request.get("States").is_some() {
            bail!(
                "{} is a state machine: a file with the `approval` that a state of it passes, with values in the place of \
                 expressions, can be explained; `countersign demo --state-machine FILE` plays all of it",
                self.request.display()
            );
        }
        let request = whole(request, now);
        let rules = request.pointer("/approval/policy").and_then(Value::as_str).unwrap_or_default();
        if let Some((group, _)) = policy.live.needed_by(rules).next() {
            bail!(
                "who is in the group `{group}` of policy `{rules}` is asked when a request is raised: `/approvals show ID` \
                 says who it was"
            );
        }
        Ok(match request::read(request, policy, now) {
            Ok(asked) => {
                let approval = Approval::raise(asked);
                told(&approval, person, &explain(&approval, person, now))
            }
            Err(problem) => self.refused(&problem),
        })
    }

    fn refused(&self, problem: &InvalidInput) -> Explained {
        let text = format!("the notifier would refuse {}: {problem}", self.request.display());
        let json = json!({ "ok": false, "problem": problem.to_string() });
        Explained { text, json, ending: Ending::NotWell }
    }
}

fn told(approval: &Approval, person: &Person, explained: &Explanation<'_>) -> Explained {
    let text = explanation::text(approval, explained, None, PLAIN);
    let ids = |people: &[&Person]| people.iter().map(|person| person.id.clone()).collect::<Vec<_>>();
    let refusal = match &explained.standing {
        Standing::MayNot(refusal) | Standing::MayReject(refusal) => Some(answers::refusal(refusal, PLAIN)),
        Standing::MayDecide | Standing::HasApproved { .. } => None,
    };
    let json = json!({
        "ok": true,
        "person": person.id,
        "policy": approval.rules.name,
        "policyVersion": approval.policy_version,
        "contentHash": approval.content_hash(),
        "risk": approval.request.risk,
        "deadline": approval.request.deadline,
        "giveUpAt": approval.give_up_at(),
        "required": approval.rules.required,
        "seats": approval.rules.seats.iter().map(|seats| json!({ "from": seats.from, "count": seats.count })).collect::<Vec<_>>(),
        "distinctFrom": approval.rules.distinct_from,
        "narrowedTo": approval.request.approvers.iter().map(|approver| &approver.name).collect::<Vec<_>>(),
        "inputs": approval.request.inputs,
        "mayDecide": refusal.is_none(),
        "mayNotBecause": refusal,
        "mayCancel": explained.may_cancel,
        "mayBreakGlass": explained.may_break_glass.is_ok(),
        "couldDecide": ids(&explained.could_decide),
        "called": ids(&explained.called),
        "notCalled": ids(&explained.not_called),
        "calledIn": explained.called_in.as_ref().map(|(at, people)| json!({ "at": at, "people": ids(people) })),
        "text": text,
    });
    let given_up = format!("If it reaches nobody, it is given up at {}.", PLAIN.when(approval.give_up_at()));
    Explained { text: format!("To {}:\n{text}\n{given_up}", person.name), json, ending: Ending::Well }
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
    use std::fs;

    use clap::{Args, FromArgMatches};

    use super::*;

    const POLICY: &str = "[people.ada]\nname = \"Ada Lovelace\"\nemail = \"ada@example.com\"\n\
        [people.grace]\nname = \"Grace Hopper\"\nemail = \"grace@example.com\"\n[people.eve]\nname = \"Eve\"\n\
        [policies.calculation]\napprovers = [\"ada\", \"grace\"]\nslack_channel = \"C1\"\n\
        [policies.both]\napprovers = [\"ada\", \"grace\"]\nrequired = 2\nslack_channel = \"C1\"\n";

    fn explained(request: &Value, person: &str) -> anyhow::Result<Explained> {
        let folder = tempfile::tempdir().unwrap();
        let (file, policy) = (folder.path().join("request.json"), folder.path().join("policy.toml"));
        fs::write(&file, request.to_string()).unwrap();
        fs::write(&policy, POLICY).unwrap();
        let arguments = ["explain".as_ref(), file.as_os_str(), "--policy".as_ref(), policy.as_os_str()];
        let arguments = arguments.into_iter().chain(["--as".as_ref(), person.as_ref()]);
        let matches = Explain::augment_args(clap::Command::new("explain")).get_matches_from(arguments);
        let explain = Explain::from_arg_matches(&matches).unwrap();
        explain.explained(&policy_file::read(POLICY).unwrap(), "2026-11-23T10:00:00Z".parse().unwrap())
    }

    fn text(request: &Value, person: &str) -> String {
        explained(request, person).unwrap().text
    }

    #[test]
    fn a_request_is_explained_to_whoever_it_is_as() {
        let request = json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "ada" });
        let to_ada = text(&request, "ada@example.com");
        assert!(
            to_ada.starts_with("To Ada Lovelace:\n1 + 1") && to_ada.contains("You asked for this yourself"),
            "{to_ada}"
        );
        assert!(to_ada.contains("Could still decide: Grace Hopper"), "{to_ada}");
        assert!(text(&request, "grace").contains("You may approve or reject it."));
        assert!(to_ada.ends_with("If it reaches nobody, it is given up at 23 Nov 2026, 10:05 UTC."), "{to_ada}");
        assert!(text(&request, "eve").contains("You cannot decide on this request"));
        let nobody = explained(&request, "mallory").err().unwrap().to_string();
        assert_eq!(nobody, "the policy has nobody who is called `mallory`");
    }

    #[test]
    fn scripts_are_told_the_same() {
        let request = json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "ada" });
        let Explained { json: to_ada, ending, .. } = explained(&request, "ada").unwrap();
        assert_eq!(
            (&to_ada["ok"], &to_ada["mayDecide"], &to_ada["mayCancel"]),
            (&json!(true), &json!(false), &json!(true))
        );
        assert!(to_ada["mayNotBecause"].as_str().unwrap().starts_with("You asked for this yourself"), "{to_ada}");
        assert_eq!((&to_ada["couldDecide"], ending), (&json!(["grace"]), Ending::Well), "{to_ada}");
        let to_grace = explained(&request, "grace").unwrap().json;
        assert_eq!((&to_grace["mayDecide"], &to_grace["mayNotBecause"]), (&json!(true), &Value::Null), "{to_grace}");
    }

    #[test]
    fn what_an_approval_is_asked_for_is_told() {
        let inputs = json!([{ "name": "window", "type": "choice", "options": ["tonight", "Sunday"] }]);
        let request = json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "ada", "inputs": inputs });
        let Explained { text, json, .. } = explained(&request, "grace").unwrap();
        assert!(text.contains("Whoever approves is asked for:\n    • “window”: one of tonight, Sunday"), "{text}");
        assert_eq!(json["inputs"], inputs);
    }

    #[test]
    fn whom_a_request_narrows_the_policy_to_is_told() {
        let request =
            json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "eve", "approvers": ["grace"] });
        let Explained { text, json, .. } = explained(&request, "ada").unwrap();
        assert!(text.contains("Only Grace Hopper may decide: the request narrows whom the policy allows"), "{text}");
        assert!(text.contains("You cannot decide on this request. It waits for Grace Hopper."), "{text}");
        assert_eq!((&json["narrowedTo"], &json["mayDecide"]), (&json!(["Grace Hopper"]), &json!(false)), "{json}");
    }

    #[test]
    fn what_only_slack_can_say_is_not_guessed() {
        let policy = POLICY.replace("[policies.calculation]\napprovers = [\"ada\", \"grace\"]", "[access]\nslack_teams = [\"T1\"]\n[groups]\noncall = { slack_usergroup = \"S1\" }\n[policies.calculation]\napprovers = [\"ada\", \"oncall\"]");
        let policy = policy_file::read(&policy).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("request.json");
        fs::write(&file, json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "ada" }).to_string())
            .unwrap();
        let arguments =
            ["explain".as_ref(), file.as_os_str(), "--policy".as_ref(), "p".as_ref(), "--as".as_ref(), "ada".as_ref()];
        let matches = Explain::augment_args(clap::Command::new("explain")).get_matches_from(arguments);
        let explain = Explain::from_arg_matches(&matches).unwrap();
        let error = explain.explained(&policy, "2026-11-23T10:00:00Z".parse().unwrap()).err().unwrap().to_string();
        assert!(error.starts_with("who is in the group `oncall` of policy `calculation` is asked when"), "{error}");
    }

    #[test]
    fn a_request_that_nobody_could_approve_is_refused() {
        let request = json!({ "policy": "calculation", "title": "1 + 1", "requestedBy": "grace", "approvers": [] });
        assert_eq!(explained(&request, "ada").unwrap().ending, Ending::NotWell);
        let mut request = json!({ "policy": "both", "title": "1 + 1", "requestedBy": "grace" });
        let Explained { text, ending, .. } = explained(&request, "ada").unwrap();
        let why = "approval.requestedBy: policy `both` needs 2 approvals, and only 1 of those who may decide if `grace` \
                   asks could give one";
        assert!(text.ends_with(why) && ending == Ending::NotWell, "{text}");
        request["requestedBy"] = json!("eve");
        assert_eq!(explained(&request, "ada").unwrap().ending, Ending::Well);
    }

    #[test]
    fn what_the_notifier_would_refuse_is_named() {
        let request = json!({ "approval": { "policy": "other", "title": "1 + 1" } });
        let Explained { text, json, ending } = explained(&request, "ada").unwrap();
        assert!(text.starts_with("the notifier would refuse "), "{text}");
        assert!(text.ends_with("approval.policy: the policy file has no policy `other`"), "{text}");
        assert_eq!((&json["ok"], ending), (&json!(false), Ending::NotWell), "{json}");
    }
}
