use super::*;
use crate::approval::policy::{EmailUse, Stranger};

const GOOD: &str = r#"
[access]
slack_teams = ["T0123"]
teams_tenants = ["5E0A"]

[people.ada]
name = "Ada Lovelace"
slack = "U0456"
teams = "7C1B"
email = "Ada@Example.com"

[people.grace]
name = "Grace Hopper"
slack = "U0789"

[groups]
finance = ["ada", "grace"]
board = ["ada"]

[policies.calculation]
approvers = ["finance", "board", "ada"]
required = 2
remind_after = ["8m", "5m"]
quiet_hours = { from = "22:00", to = "07:00", time_zone = "Europe/Berlin" }
escalate_after = "8m"
escalate_to = ["grace"]
slack_channel = "C0789"

[commands.start]
state_machine = "calculation"
policy = "calculation"
"#;

#[track_caller]
fn wrong(text: &str) -> String {
    read(text).expect_err("the policy has something wrong with it").to_string()
}

#[test]
fn a_good_file_is_read_and_groups_become_distinct_people() {
    let policy = read(GOOD).unwrap();
    let rules = &policy.rules["calculation"];
    let ids: Vec<&str> = rules.approvers.iter().map(|person| person.id.as_str()).collect();
    assert_eq!(ids, ["ada", "grace"]);
    assert_eq!(rules.email, EmailUse::Always);
    assert_eq!(rules.remind_after[0].as_secs(), 300);
    let quiet = rules.quiet_hours.as_ref().unwrap();
    assert_eq!((quiet.from.to_string().as_str(), quiet.time_zone.iana_name()), ("22:00:00", Some("Europe/Berlin")));
    assert!(!rules.self_approval);
    assert_eq!(policy.people.values().next().unwrap().email.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_slack_user_is_a_person_only_within_an_allowed_workspace() {
    let policy = read(GOOD).unwrap();
    assert_eq!(policy.slack_person(Some("T0123"), "U0456").unwrap().name, "Ada Lovelace");
    assert_eq!(policy.slack_person(Some("T9999"), "U0456"), Err(Stranger::ForeignTeam));
    assert_eq!(policy.slack_person(None, "U0456"), Err(Stranger::ForeignTeam));
    assert_eq!(policy.slack_person(Some("T0123"), "U9999"), Err(Stranger::Unlisted));
}

#[test]
fn everything_that_is_wrong_is_in_one_message_with_its_line() {
    let text = r#"
[people.ada]
name = "Ada"
nick = "countess"
slack = "U1"

[people.bob]
name = "Bob"
slack = "U1"
email = "not an address"

[people.Cy]
name = "Cy"

[groups]
none = []
lost = ["zed"]

[policies.a]
approvers = ["none"]

[policies.b]
approvers = ["ada", "ada"]
required = 2
remind_after = ["soon", "0s"]

[policies.c]
approvers = ["zed"]
escalate_after = "5m"
email = "sometimes"

[policies.d]
required = 1

[policies.e]
approvers = ["ada"]
required = 0

[commands.start]
state_machine = "m"
policy = "nope"

[extra]
"#;
    same_lines(
        &wrong(text),
        &[
            "line 4: unknown key `nick`; known here: name, slack, teams, email",
            "line 9: person `bob`: `ada` already has this slack identity",
            "line 10: person `bob`: email is not an address",
            "line 12: person `Cy`: a person's key has 1 to 64 of a-z, 0-9, '-', '_' and '.'",
            "line 17: group `lost`: there is no person `zed`",
            "line 20: policy `a`: approvers has nobody in it, so nobody could ever approve",
            "line 24: policy `b`: required is 2, the distinct approvers are 1",
            "line 25: `0s` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"",
            "line 25: `soon` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"",
            "line 27: policy `c`: escalate_after and a non-empty escalate_to go together",
            "line 28: policy `c`: approvers names `zed`, which is neither a person nor a group",
            "line 30: email = \"sometimes\" is not \"always\", \"fallback\" or \"never\"",
            "line 32: missing field 'approvers' in table",
            "line 37: policy `e`: required is at least 1",
            "line 41: command `start`: there is no policy `nope`",
            "line 43: unknown key `extra`; known here: access, people, groups, policies, commands",
        ],
    );
}

#[test]
fn quiet_hours_are_two_times_and_a_zone_that_exists() {
    let wrong_with = |hours: &str| {
        let text =
            format!("[people.ada]\nname = \"Ada\"\n[policies.p]\napprovers = [\"ada\"]\nquiet_hours = {{ {hours} }}\n");
        wrong(&text)
    };
    let cases = [
        (
            "from = \"22\", to = \"07:00\", time_zone = \"UTC\"",
            "`22` is no time of day, such as \"07:00\" or \"22:30\"",
        ),
        (
            "from = \"22:00\", to = \"25:00\", time_zone = \"UTC\"",
            "`25:00` is no time of day, such as \"07:00\" or \"22:30\"",
        ),
        (
            "from = \"1:00\", to = \"7:00\", time_zone = \"Berlin\"",
            "`Berlin` is no time zone, such as \"Europe/Berlin\" or \"UTC\"",
        ),
        ("from = \"22:00\", to = \"07:00\"", "missing field 'time_zone' in table"),
        (
            "from = \"07:00\", to = \"07:00\", time_zone = \"UTC\"",
            "policy `p`: quiet_hours end when they begin, so there are none or nothing else",
        ),
        (
            "from = \"22:00\", to = \"07:00\", time_zone = \"UTC\", on = 1",
            "unknown key `on`; known here: from, to, time_zone",
        ),
    ];
    for (hours, expected) in cases {
        same_lines(&wrong_with(hours), &[&format!("line 5: {expected}")]);
    }
}

#[test]
fn reminders_and_escalations_have_their_limits() {
    let people: String = (0..101).map(|n| format!("[people.p{n}]\nname = \"P{n}\"\n")).collect();
    let all: Vec<String> = (0..101).map(|n| format!("\"p{n}\"")).collect();
    let reminders: Vec<String> = (1..=21).map(|n| format!("\"{n}m\"")).collect();
    let text = format!(
        "{people}[policies.p]\napprovers = [\"p0\"]\nremind_after = [{}]\nescalate_after = \"1m\"\nescalate_to = [{}]\n",
        reminders.join(", "),
        all.join(", ")
    );
    same_lines(
        &wrong(&text),
        &[
            "line 203: policy `p`: 101 people in approvers and escalate_to, at most 100",
            "line 205: policy `p`: 21 reminders in remind_after, at most 20",
        ],
    );
}

#[test]
fn a_broken_entry_does_not_blame_those_who_name_it() {
    let text = "[people.ada]\nname = 5\n[policies.a]\napprovers = [\"ada\"]\n";
    same_lines(&wrong(text), &["line 2: expected a string, found integer"]);
}

#[test]
fn text_that_is_not_toml_has_a_place_too() {
    let message = wrong("[people.ada]\nname = \"Ada\nslack = 1");
    assert!(message.starts_with("line 2: "), "{message}");
}

#[track_caller]
fn same_lines(message: &str, lines: &[&str]) {
    assert_eq!(message.lines().collect::<Vec<_>>(), lines);
}
