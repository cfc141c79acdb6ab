use super::*;
use crate::approval::place::Platform;
use crate::approval::policy::{EmailUse, RequesterUse, Stranger};

const GOOD: &str = r#"
[access]
slack_teams = ["T0123"]
teams_tenants = ["5E0A1C52-0f5e-4d67-9a34-0d9f8e1c2b3a"]

[people.ada]
name = "Ada Lovelace"
slack = "U0456"
teams = "7C1B2D3E-4f50-4a6b-8c7d-9e0f1a2b3c4d"
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
give_up_after = "90s"
slack_channel = "C0789"

[commands.calculation]
state_machine = "calculation"
policy = "calculation"
"#;

/// Somebody whom a mail reaches.
const ADA: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n";

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
    assert_eq!(rules.give_up_after.map(|after| after.as_secs()), Some(90));
    let quiet = rules.quiet_hours.as_ref().unwrap();
    assert_eq!((quiet.from.to_string().as_str(), quiet.time_zone.iana_name()), ("22:00:00", Some("Europe/Berlin")));
    assert!(!rules.self_approval);
    assert_eq!(policy.people.values().next().unwrap().email.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_slack_user_is_a_person_only_within_an_allowed_workspace() {
    let policy = read(GOOD).unwrap();
    assert_eq!(policy.person(Platform::Slack, &["T0123"], "U0456").unwrap().name, "Ada Lovelace");
    assert_eq!(policy.person(Platform::Slack, &["T0123", "E0ORG"], "U0456").unwrap().name, "Ada Lovelace");
    assert_eq!(policy.person(Platform::Slack, &["T9999"], "U0456"), Err(Stranger::ForeignTeam));
    assert_eq!(policy.person(Platform::Slack, &[], "U0456"), Err(Stranger::ForeignTeam));
    assert_eq!(policy.person(Platform::Slack, &["T0123"], "U9999"), Err(Stranger::Unlisted));
}

#[test]
fn the_same_id_in_another_workspace_is_somebody_elses() {
    let two = GOOD.replace("[\"T0123\"]", "[\"T0123\", \"T0TWO\"]");
    let bound = two.replace("\"U0456\"", "\"T0123:U0456\"").replace("\"U0789\"", "\"T0TWO:U0456\"");
    let policy = read(&bound).unwrap();
    assert_eq!(policy.person(Platform::Slack, &["T0123"], "U0456").unwrap().name, "Ada Lovelace");
    assert_eq!(policy.person(Platform::Slack, &["T7777", "T0TWO"], "U0456").unwrap().name, "Grace Hopper");
    let problem = "slack: slack_teams lets in several: write in which it counts, as in";
    same_lines(
        &wrong(&two),
        &[
            &format!("line 8: person `ada`: {problem} \"T0123:U0456\""),
            &format!("line 14: person `grace`: {problem} \"T0123:U0789\""),
        ],
    );
    let elsewhere = wrong(&two.replace("\"U0456\"", "\"T0999:U0456\"").replace("\"U0789\"", "\"T0TWO:U0789\""));
    same_lines(&elsewhere, &["line 8: person `ada`: slack: slack_teams does not let `T0999` in"]);
}

#[test]
fn an_object_id_may_be_bound_to_one_of_several_tenants() {
    let (one, other) = ("5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a", "6e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a");
    let object = "7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d";
    let tenants = GOOD.replace("5E0A1C52-0f5e-4d67-9a34-0d9f8e1c2b3a", &format!("{one}\", \"{other}"));
    let anywhere = read(&tenants).unwrap();
    for tenant in [one, other] {
        assert!(anywhere.person(Platform::Teams, &[tenant], object).is_ok());
    }
    let bound = read(&tenants.replace("7C1B2D3E", &format!("{other}:7C1B2D3E"))).unwrap();
    assert_eq!(bound.person(Platform::Teams, &[one], object), Err(Stranger::Unlisted));
    assert_eq!(bound.person(Platform::Teams, &[other], object).unwrap().name, "Ada Lovelace");
}

#[test]
fn everything_that_is_wrong_is_in_one_message_with_its_line() {
    let text = r#"
[people.ada]
name = "Ada"
nick = "countess"
teams = "7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"

[people.bob]
name = "Bob"
teams = "7C1B2D3E-4f50-4a6b-8c7d-9e0f1a2b3c4d"
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
give_up_after = "never"

[commands.run]
state_machine = "m"
policy = "nope"

[extra]
"#;
    same_lines(
        &wrong(text),
        &[
            "line 4: unknown key `nick`; known here: name, slack, teams, email",
            "line 9: person `bob`: `ada` already has this teams identity",
            "line 10: person `bob`: email is not an address",
            "line 12: person `Cy`: a person's key has 1 to 64 of a-z, 0-9, '-', '_' and '.'",
            "line 17: group `lost`: there is no person `zed`",
            "line 20: policy `a`: approvers has nobody in it, so nobody could ever approve",
            "line 24: policy `b`: required is 2, the distinct approvers are 1",
            "line 25: policy `b`: remind_after[0]: `soon` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"",
            "line 25: policy `b`: remind_after[1]: `0s` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"",
            "line 27: policy `c`: escalate_after and a non-empty escalate_to go together",
            "line 28: policy `c`: approvers names `zed`, which is neither a person nor a group",
            "line 30: email = \"sometimes\" is not \"always\", \"fallback\" or \"never\"",
            "line 32: policy `d`: approvers is missing",
            "line 37: policy `e`: required is at least 1",
            "line 38: policy `e`: give_up_after: `never` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"",
            "line 42: command `run`: there is no policy `nope`",
            "line 44: unknown key `extra`; known here: access, people, groups, policies, commands, accounts",
        ],
    );
}

#[test]
fn quiet_hours_are_two_times_and_a_zone_that_exists() {
    let wrong_with = |hours: &str| {
        let text = format!("{ADA}[policies.p]\napprovers = [\"ada\"]\nquiet_hours = {{ {hours} }}\n");
        wrong(&text)
    };
    let cases = [
        (
            "from = \"22\", to = \"07:00\", time_zone = \"UTC\"",
            "policy `p`: quiet_hours.from: `22` is no time of day, such as \"07:00\" or \"22:30\"",
        ),
        (
            "from = \"22:00\", to = \"25:00\", time_zone = \"UTC\"",
            "policy `p`: quiet_hours.to: `25:00` is no time of day, such as \"07:00\" or \"22:30\"",
        ),
        (
            "from = \"1:00\", to = \"7:00\", time_zone = \"Berlin\"",
            "policy `p`: quiet_hours.time_zone: `Berlin` is no time zone, such as \"Europe/Berlin\" or \"UTC\"",
        ),
        ("from = \"22:00\", to = \"07:00\"", "policy `p`: quiet_hours: time_zone is missing"),
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
        same_lines(&wrong_with(hours), &[&format!("line 6: {expected}")]);
    }
}

#[test]
fn reminders_and_escalations_have_their_limits() {
    let people: String =
        (0..101).map(|n| format!("[people.p{n}]\nname = \"P{n}\"\nemail = \"p{n}@example.com\"\n")).collect();
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
            "line 304: policy `p`: 101 people in approvers and escalate_to, at most 100",
            "line 306: policy `p`: 21 reminders in remind_after, at most 20",
        ],
    );
    let named = |length: usize| {
        format!("[policies.{}]\nself_approval = true\napprovers = [\"ada\"]\n{ADA}", "p".repeat(length))
    };
    assert!(read(&named(100)).is_ok());
    assert!(wrong(&named(101)).ends_with("101 characters in its name, at most 100"));
}

#[test]
fn a_broken_entry_does_not_blame_those_who_name_it() {
    let text = "[people.ada]\nname = 5\n[policies.a]\napprovers = [\"ada\"]\n";
    same_lines(&wrong(text), &["line 2: person `ada`: name must be a text, not a whole number"]);
}

#[test]
fn text_that_is_not_toml_has_a_place_too() {
    let message = wrong("[people.ada]\nname = \"Ada\nslack = 1");
    assert!(message.starts_with("line 2: "), "{message}");
}

#[test]
fn ids_that_cannot_be_right_are_told_with_their_keys() {
    let text = r##"
[access]
slack_teams = ["acme", "T0123"]
teams_tenants = ["contoso.onmicrosoft.com"]
[people.grace]
name = "Grace Hopper"
slack = "@grace"
teams = "x"
email = "grace..h@example.com"
[policies.p]
approvers = ["grace"]
slack_channel = "#releases"
teams_conversation = "19:abc@thread.tacv2;messageid=1"
callers = ["release-*"]
"##;
    let looks = "is not a Slack user id, which is U or W and upper-case letters and digits";
    same_lines(
        &wrong(text),
        &[
            "line 3: slack_teams: `acme` is not the id of a Slack workspace, T…, or of an organisation, E…, in upper-case \
             letters and digits",
            "line 4: teams_tenants: `contoso.onmicrosoft.com` is not the id of an Entra tenant, which is a GUID",
            &format!("line 7: person `grace`: slack: `@grace` {looks}"),
            "line 8: person `grace`: teams: `x` is not an Entra object id, which is a GUID",
            "line 9: person `grace`: email is not an address",
            "line 12: policy `p`: slack_channel: `#releases` is not the id of a Slack channel, such as C0789",
            "line 13: policy `p`: teams_conversation: `19:abc@thread.tacv2;messageid=1` is not the id of a Teams \
             conversation without a thread, such as 19:…@thread.tacv2",
            "line 14: callers: `release-*`: a pattern is arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, with * in its parts",
        ],
    );
}

#[test]
fn a_name_can_be_seen_and_tells_one_person_from_another() {
    let named = |name: &str| {
        let grace = format!("[people.grace]\nname = \"{name}\"\nemail = \"grace@example.com\"\n");
        read(&format!("{ADA}{grace}[policies.p]\napprovers = [\"ada\"]\n"))
            .map(|_| ())
            .map_err(|found| found.to_string())
    };
    assert_eq!(named("Grace Hopper"), Ok(()));
    assert_eq!(named("grace"), Ok(()), "one's own key");
    for blank in ["", "  ", "\\u200b", "\\u3164", "\\u2800\\u00ad"] {
        assert_eq!(named(blank).unwrap_err(), "line 5: person `grace`: name has nothing to see in it", "{blank}");
    }
    for taken in ["Ada", "ADA", "A\\u200bda", "Ａｄａ"] {
        let problem = named(taken).unwrap_err();
        assert!(problem.contains("line 5: person `grace`: `ada` already has this name"), "{taken}: {problem}");
    }
    assert_eq!(named(&"x".repeat(81)).unwrap_err(), "line 5: person `grace`: name has 81 characters, at most 80");
    assert!(named("\u{202e}Grace").unwrap_err().ends_with("name has a character that nobody sees"));
    assert!(named("Grace\\nHopper").unwrap_err().ends_with("name has a line break or another control character"));
    assert!(
        named("=?utf-8?q?Ada?=").unwrap_err().ends_with("name has `=?`, after which mail programs read something else")
    );
}

/// Whoever is asked under the policy has to be able to decide, by an identity that is let in or by mail.
#[test]
fn a_quorum_that_nobody_could_fill_is_told_when_the_policy_is_read() {
    let found = |access: &str, linus: &str, rules: &str| {
        let linus = format!("[people.linus]\nname = \"Linus\"\n{linus}\n");
        let text = format!("[access]\n{access}\n{ADA}{linus}[groups]\nnobody = []\n[policies.p]\n{rules}\n");
        read(&text).map(|_| ()).map_err(|found| found.to_string())
    };
    let only = |required: usize, there: usize, who: &str| {
        Err(format!(
            "line 12: policy `p`: required is {required}, the approvers who could ever decide are {there}; of {who}, no \
             identity is let in by [access], and no mail goes there"
        ))
    };
    let (let_in, slack) = ("slack_teams = [\"T0123\"]", "slack = \"U0456\"");
    let one = "approvers = [\"linus\"]";
    assert_eq!(found(let_in, "", one), only(1, 0, "`linus`"));
    assert_eq!(found(let_in, slack, one), Ok(()));
    assert_eq!(found("", slack, one), only(1, 0, "`linus`"), "no workspace is let in");
    assert_eq!(found("slack_teams = []", slack, one), only(1, 0, "`linus`"));
    let teams = "teams = \"7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d\"";
    assert_eq!(found(let_in, teams, one), only(1, 0, "`linus`"), "no tenant is let in");
    let both = "approvers = [\"ada\", \"linus\"]";
    assert_eq!(found(let_in, "", both), Ok(()));
    assert_eq!(found(let_in, "", &format!("{both}\nrequired = 2")), only(2, 1, "`linus`"));
    assert_eq!(found(let_in, slack, &format!("{both}\nrequired = 2")), Ok(()));
    assert_eq!(found(let_in, slack, &format!("{both}\nrequired = 2\nemail = \"never\"")), only(2, 1, "`ada`"));
    let mail_instead = format!("{both}\nrequired = 2\nemail = \"fallback\"");
    assert_eq!(found(let_in, slack, &mail_instead), Ok(()));
    assert_eq!(found(let_in, slack, &format!("{mail_instead}\nslack_channel = \"C0789\"")), only(2, 1, "`ada`"));
    let escalated = |to: &str| found(let_in, "", &format!("approvers = [\"ada\"]\nescalate_after = \"5m\"\n{to}"));
    let nobody = "line 14: policy `p`: escalate_to has nobody in it, so nobody would be called in";
    assert_eq!(escalated("escalate_to = [\"nobody\"]"), Err(nobody.to_owned()));
    let unreachable =
        "nobody in escalate_to could ever decide: no identity is let in by [access], and no mail goes there";
    assert_eq!(escalated("escalate_to = [\"linus\"]"), Err(format!("line 14: policy `p`: {unreachable}")));
    assert_eq!(escalated("escalate_to = [\"linus\", \"ada\"]"), Ok(()));
}

/// The workspaces of an organisation know its people by one id.
#[test]
fn an_id_is_taken_once_where_an_organisation_is_let_in() {
    let text = |places: &str, other: &str| {
        let people = "[people.one]\nname = \"One\"\nslack = \"T0ONE:U0ADA\"\n[people.two]\nname = \"Two\"\n";
        read(&format!("[access]\nslack_teams = {places}\n{people}slack = \"{other}\"\n")).map(|_| ())
    };
    assert!(text("[\"T0ONE\", \"T0TWO\"]", "T0TWO:U0ADA").is_ok());
    let taken = text("[\"T0ONE\", \"E0ORG\"]", "E0ORG:U0ADA").unwrap_err().to_string();
    assert!(taken.ends_with("person `two`: `one` already has this slack identity"), "{taken}");
}

#[test]
fn nothing_is_awaited_longer_than_a_task_waits() {
    let rules = "self_approval = true\napprovers = [\"ada\"]\nremind_after = [\"99999999999h\"]\n";
    assert!(wrong(&format!("{ADA}[policies.p]\n{rules}")).ends_with("`99999999999h` is longer than any task waits"));
}

#[test]
fn the_requester_must_be_known_unless_requesters_may_decide() {
    let of = |rules: &str| {
        let policy = read(&format!("{ADA}[policies.p]\napprovers = [\"ada\"]\n{rules}\n"));
        policy.map(|policy| policy.rules["p"].requester).map_err(|found| found.to_string())
    };
    assert_eq!(of(""), Ok(RequesterUse::Known));
    assert_eq!(of("self_approval = true"), Ok(RequesterUse::Optional));
    assert_eq!(of("self_approval = true\nrequester = \"known\""), Ok(RequesterUse::Known));
    assert_eq!(of("requester = \"optional\""), Ok(RequesterUse::Optional));
    let other = "line 6: requester = \"any\" is not \"known\" or \"optional\"";
    assert_eq!(of("requester = \"any\""), Err(other.to_owned()));
}

#[test]
fn lists_that_say_nothing_are_refused() {
    let of = |rule: &str| wrong(&format!("{ADA}[policies.p]\napprovers = [\"ada\"]\n{rule}\n"));
    assert_eq!(of("callers = []"), "line 6: policy `p`: callers: an empty list lets nobody in: leave the key out");
    assert_eq!(of("show_result = [\" \"]"), "line 4: policy `p`: show_result has a field without a name");
    let many = format!("show_result = [{}]", ["\"a\""; 11].join(", "));
    assert_eq!(of(&many), "line 4: policy `p`: 11 fields in show_result, at most 10");
}

#[track_caller]
fn same_lines(message: &str, lines: &[&str]) {
    assert_eq!(message.lines().collect::<Vec<_>>(), lines);
}
