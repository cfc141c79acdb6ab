//! The text of a first policy.

use std::fmt::Write as _;

/// What a first policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    /// The first is who may approve.
    pub(super) people: Vec<Entry>,
    /// The Slack workspace whose members are let in.
    pub(super) team: Option<String>,
    /// The Slack channel.
    pub(super) channel: Option<String>,
    /// Whether people may approve what they asked for.
    pub(super) self_approval: bool,
    /// Whether the example can be started.
    pub(super) has_calculation: bool,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) slack: Option<String>,
    pub(super) email: String,
}

impl First {
    /// Whether a push has to look somebody up.
    pub(super) fn lacks_ids(&self) -> bool {
        self.channel.is_some() && self.people.iter().any(|person| person.slack.is_none())
    }
}

const HEAD: &str = "\
# Who may reach the bot, who is who, and who decides what: a first policy. docs/policy.md has every key with an example.
# `countersign policy check` reads it as the functions do, and `countersign policy push` puts it in force.
";

const COMMAND: &str = r#"
# `/start 125 122` in Slack, and `start 125 122` in Teams, start the example with these two numbers.
[commands.calculation]
title = "Calculation"
state_machine = "calculation"
policy = "calculation"
default = true

[[commands.calculation.fields]]
name = "x"
type = "integer"

[[commands.calculation.fields]]
name = "y"
type = "integer"
"#;

/// Draws it up.
pub(super) fn draw_up(first: &First) -> String {
    let mut text = HEAD.to_owned();
    // Writing to a text does not fail.
    if let Some(team) = &first.team {
        let team = quoted(team);
        let _ = write!(
            text,
            "\n# Only members of this workspace reach the bot in Slack.\n[access]\nslack_teams = [{team}]\n"
        );
    }
    text.push_str("\n# An entry a person, under the key by which lists, records and trails name them.\n");
    for (number, Entry { key, name, slack, email }) in first.people.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{gap}[people.{key}]\nname = {}", quoted(name));
        if let Some(slack) = slack {
            let _ = writeln!(text, "slack = {}", quoted(slack));
        }
        let _ = writeln!(text, "email = {}", quoted(email));
    }
    let approver = first.people.first().map(|person| quoted(&person.key)).unwrap_or_default();
    let self_approval = if first.self_approval {
        "self_approval = true                  # whoever asks may decide as well; not by default"
    } else {
        "self_approval = false                 # nobody decides on what they asked for"
    };
    let _ = write!(
        text,
        "\n# A workflow names this policy in its request.\n[policies.calculation]\napprovers = [{approver}]   # who may \
         decide, by their keys; one of them is enough\n{self_approval}\nreason_on_reject = true               # a rejection \
         needs a comment\nshow_result = [\"status\", \"result\"]   # what of the result everybody in the channel may read\n"
    );
    if let Some(channel) = &first.channel {
        let _ = writeln!(text, "slack_channel = {}   # the bot has to be invited there", quoted(channel));
    }
    text.push_str("email = \"always\"                      # each approver is mailed; or \"fallback\", or \"never\"\n");
    if first.has_calculation {
        text.push_str(COMMAND);
    }
    text
}

/// A text as TOML has it, which takes what JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
