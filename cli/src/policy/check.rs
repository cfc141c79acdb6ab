//! `countersign policy check`: checks a policy file as the functions do.

use std::path::Path;

use countersign_bot::approval::identities::{CHATS, Chat};
use countersign_bot::approval::policy::Policy as Rulebook;
use countersign_bot::approval::policy_file::{self, Problems};
use serde_json::{Value, json};

use super::{Check, read};
use crate::ending::Ending;
use crate::output::counted;

impl Check {
    /// Reads the file and says what was found.
    pub(super) fn run(&self) -> anyhow::Result<Ending> {
        let checked = policy_file::read(&read(&self.file)?);
        self.format.print(text(&self.file, &checked), &json(&checked))?;
        Ok(Ending::well_if(checked.is_ok()))
    }
}

fn text(file: &Path, checked: &Result<Rulebook, Problems>) -> String {
    let file = file.display();
    match checked {
        Ok(policy @ Rulebook { people, rules, commands, .. }) => {
            let (people, policies, commands) = (people.len(), rules.len(), commands.len());
            let people = counted(people, "person", "people");
            let policies = counted(policies, "policy", "policies");
            let commands = counted(commands, "command", "commands");
            let counts = format!("{file} is right: {people}, {policies}, {commands}");
            [counts].into_iter().chain(warnings(policy)).collect::<Vec<_>>().join("\n")
        }
        Err(problems) => format!("{file} is not right:\n{problems}"),
    }
}

/// What the functions take, and nobody means.
fn warnings(policy: &Rulebook) -> impl Iterator<Item = String> {
    let is_shut = |chat: &&Chat| {
        let asks_there = policy.rules.values().any(|rules| rules.conversation(chat.platform).is_some());
        asks_there && policy.let_in.on(chat.platform).next().is_none()
    };
    CHATS.iter().filter(is_shut).map(|Chat { platform, place, .. }| {
        let (chat, key) = (platform.name(), place.key);
        format!("Warning: people are asked in {chat}, and nobody may do anything there: [access] has no {key}")
    })
}

fn json(checked: &Result<Rulebook, Problems>) -> Value {
    let problems = checked.as_ref().err().map(|problems| problems.0.as_slice()).unwrap_or_default();
    let problems = problems.iter().map(|problem| json!({ "line": problem.line, "message": problem.message }));
    let warnings: Vec<String> = checked.iter().flat_map(warnings).collect();
    json!({ "ok": checked.is_ok(), "problems": problems.collect::<Vec<_>>(), "warnings": warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_to_people_and_to_scripts() {
        let wrong = policy_file::read("[policies.calculation]\napprovers = []\ncolour = 1\n");
        let said = text(Path::new("policy.toml"), &wrong);
        assert!(said.starts_with("policy.toml is not right:\nline "), "{said}");
        let json = json(&wrong);
        let problems = json["problems"].as_array().unwrap();
        assert_eq!((&json["ok"], problems.len()), (&json!(false), said.lines().count() - 1), "{json}");
        let colour = problems.iter().find(|problem| problem["line"] == 3).unwrap();
        assert!(colour["message"].as_str().unwrap().contains("unknown key `colour`"), "{json}");
    }

    #[test]
    fn a_policy_that_is_right_is_counted() {
        let right = policy_file::read(
            "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n",
        );
        assert_eq!(text(Path::new("policy.toml"), &right), "policy.toml is right: 1 person, 1 policy, 0 commands");
        assert_eq!(json(&right), json!({ "ok": true, "problems": [], "warnings": [] }));
    }

    #[test]
    fn a_policy_that_asks_where_nobody_is_let_in_is_warned_of() {
        let rules = "[people.ada]\nname = \"Ada\"\nslack = \"U1\"\nemail = \"ada@example.com\"\n\
                     [policies.p]\napprovers = [\"ada\"]\nslack_channel = \"C1\"\n";
        let shut = policy_file::read(rules);
        let warning =
            "Warning: people are asked in Slack, and nobody may do anything there: [access] has no slack_teams";
        assert!(text(Path::new("p"), &shut).ends_with(warning), "{}", text(Path::new("p"), &shut));
        assert_eq!(json(&shut)["warnings"], json!([warning]));
        let open = policy_file::read(&format!("[access]\nslack_teams = [\"T0123\"]\n{rules}"));
        assert_eq!((open.is_ok(), json(&open)["warnings"].clone()), (true, json!([])));
    }
}
