//! What a workflow may ask, and what it is told when it asks something else.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Request, read};
use crate::approval::policy::Policy;
use crate::approval::policy_file;

/// Ada asks, and Grace may approve; these are further lines of the policy.
fn policy_with(rules: &str) -> Policy {
    let people = ["ada", "grace"].map(|one| {
        format!("[people.{one}]\nname = \"{}\"\nemail = \"{one}@example.com\"\n", one[..1].to_uppercase() + &one[1..])
    });
    let text = format!("{}[policies.p]\napprovers = [\"ada\", \"grace\"]\n{rules}\n", people.concat());
    policy_file::read(&text).unwrap()
}

fn policy() -> Policy {
    policy_with("")
}

fn entered() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn good() -> Value {
    json!({
        "taskToken": "t".repeat(600),
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1",
        "stateEnteredAt": "2026-11-23T10:00:00Z",
        "timeoutSeconds": 600,
        "approval": {"policy": "p", "title": "Pay", "requestedBy": "ada", "facts": [{"name": "Sum", "value": "5"}]}
    })
}

#[test]
fn a_good_input_gives_a_request_with_its_deadline() {
    let asked = read(good(), &policy(), entered()).unwrap();
    assert_eq!(asked.request.deadline.to_string(), "2026-11-23T10:10:00Z");
    assert_eq!(asked.request.requester.unwrap().name, "Ada");
    assert_eq!(asked.rules.name, "p");
}

/// At rest the rules lack them, so that somebody else would decide than should.
#[test]
fn nothing_is_asked_under_rules_whose_live_groups_nobody_was_asked_for() {
    let text = "[access]\nslack_teams = [\"T1\"]\n[people.ada]\nname = \"Ada\"\nslack = \"U1\"\n[people.grace]\n\
                name = \"Grace\"\nslack = \"U2\"\n[groups]\noncall = { slack_usergroup = \"S1\" }\n\
                [policies.p]\napprovers = [\"grace\", \"oncall\"]\nslack_channel = \"C1\"\n";
    let at_rest = policy_file::read(text).unwrap();
    let refused = read(good(), &at_rest, entered()).unwrap_err();
    assert_eq!(refused.to_string(), "approval.policy: it is not known who is in `oncall`");
    let members = [("oncall".to_owned(), vec![at_rest.people.values().next().unwrap().clone()])].into();
    assert!(read(good(), &policy_file::read_with(text, &members).unwrap(), entered()).is_ok());
}

#[test]
fn what_is_asked_has_a_hash_that_others_can_make() {
    let policy = policy_with("requester = \"optional\"");
    let hash = |input: Value| {
        let asked = read(input, &policy, entered()).unwrap();
        asked.request.content_hash(&asked.rules.name).to_string()
    };
    // printf '%s' '{"facts":[{"name":"Sum","value":"5"}],"policy":"p","requestedBy":"ada","summary":"","title":"Pay"}'
    // | sha256sum
    assert_eq!(hash(good()), "24d571e93d73fdff91ad9c0cffdb354f4ebdd6de2c8a81f02f81e485a712c480");
    for (pointer, value) in [
        ("/approval/title", json!("Pay ")),
        ("/approval/requestedBy", json!(null)),
        ("/approval/facts/0/value", json!("6")),
        ("/approval/facts/0/value", json!(5)),
        ("/approval/facts/0/value", json!(["5"])),
        ("/approval/facts/0/value", json!([5])),
        ("/approval/facts/0/value", json!([])),
        ("/approval/facts/0/value", json!(true)),
        ("/approval/facts", json!([])),
    ] {
        let mut input = good();
        *input.pointer_mut(pointer).unwrap() = value;
        assert_ne!(hash(input), hash(good()), "{pointer}");
    }
    for (field, value, expected) in [
        ("approvers", json!(["ada"]), "3844f8f984fea6bd6b67c77b6e921990036895a7171fdd5e074e77b31cd29704"),
        (
            "links",
            json!([{"url": "https://example.com/9", "text": "The change"}]),
            "7416c0c5e62e532f74f0e05e1ca833ee35d16635b472366a5f2e65664e52322c",
        ),
    ] {
        let mut input = good();
        input["approval"]["requestedBy"] = json!(null);
        input["approval"][field] = value;
        assert_eq!(hash(input), expected, "{field}");
    }
    let mut input = good();
    input["approval"]["correlation"] = json!({"id": 1});
    input["taskToken"] = json!("another");
    assert_eq!(hash(input), hash(good()), "what nobody is shown is not in it");
}

#[test]
fn a_state_that_is_said_to_be_entered_later_was_entered_now() {
    let mut input = good();
    input["stateEnteredAt"] = json!("2200-01-01T00:00:00Z");
    let request = read(input, &policy(), entered()).unwrap().request;
    assert_eq!((request.raised_at, request.deadline), (entered(), entered() + SignedDuration::from_secs(600)));
}

#[test]
fn the_time_of_a_later_try_runs_from_its_own_start() {
    for (seconds, deadline) in [(60, "2026-11-23T10:10:00Z"), (61, "2026-11-23T10:11:01Z")] {
        let asked = read(good(), &policy(), entered() + SignedDuration::from_secs(seconds)).unwrap();
        assert_eq!(asked.request.deadline.to_string(), deadline);
    }
}

#[test]
fn the_types_of_values_are_in_the_hash_and_outlast_the_store() {
    let mut input = good();
    input["approval"]["facts"] = json!([{"name": "All", "value": [12.0, -0.5, 0.000001, true, "12"]}]);
    let asked = read(input, &policy(), entered()).unwrap();
    let hash = asked.request.content_hash("p");
    // printf '%s' '{"facts":[{"name":"All","value":[12,-0.5,0.000001,true,"12"]}],"policy":"p","requestedBy":"ada",
    // "summary":"","title":"Pay"}' | sha256sum, without the line break
    assert_eq!(hash.to_string(), "8005be3c1a9dbac4f73de1627c531ddf582628e2aa6f6109046903ec59823ace");
    let stored: Request = serde_json::from_str(&serde_json::to_string(&asked.request).unwrap()).unwrap();
    assert_eq!(stored.content_hash("p"), hash);
    assert_eq!(stored.facts, asked.request.facts);
}

/// When a state mixes its fields up, the token may stand anywhere, and an error goes into the history.
#[test]
fn no_error_quotes_a_token_wherever_it_stands() {
    let token = "AQCEAAAAKgAAAAMAAAAAAAAAAb+/".repeat(20);
    let places = [
        "/executionArn",
        "/stateEnteredAt",
        "/timeoutSeconds",
        "/approval",
        "/approval/policy",
        "/approval/title",
        "/approval/requestedBy",
        "/approval/facts",
        "/approval/facts/0",
        "/approval/facts/0/name",
    ];
    for place in places {
        let mut input = good();
        *input.pointer_mut(place).unwrap() = json!(token);
        let error = read(input, &policy(), entered()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&token[..40]), "{place}: {error}");
    }
}

fn asked_by(rules: &str, name: Option<&str>) -> Result<Option<String>, String> {
    let policy = format!(
        "[people.ada]\nname = \"Ada Lovelace\"\nemail = \"ada@example.com\"\n\
         [people.grace]\nname = \"Grace Hopper\"\nemail = \"ghopper@example.com\"\n\
         [policies.p]\napprovers = [\"ada\", \"grace\"]\n{rules}"
    );
    let mut input = good();
    input["approval"]["requestedBy"] = json!(name);
    let asked = read(input, &policy_file::read(&policy).unwrap(), entered());
    asked.map(|asked| asked.request.requester.map(|person| person.id.to_string())).map_err(|error| error.to_string())
}

#[test]
fn a_policy_that_needs_four_eyes_needs_to_know_who_asks() {
    let known = |name| asked_by("", name);
    for name in ["ada", "ADA", "@ada", "Ada  Lovelace", "Ada@Example.com"] {
        assert_eq!(known(Some(name)), Ok(Some("ada".to_owned())), "{name}");
    }
    let refused = |name, why: &str| {
        let problem = known(name).unwrap_err();
        assert!(problem.starts_with("approval.requestedBy: ") && problem.contains(why), "{problem}");
    };
    refused(None, "is missing, and policy `p` needs to know who asks");
    refused(Some(" "), "is missing");
    refused(Some("\u{200b}ada"), "U+200B, which nobody sees");
    refused(Some("the night shift"), "names nobody of the policy file");
    refused(Some("ghopper"), "a part of those of `grace`");
    refused(Some("Ada Lovelace <ghopper@example.com>"), "may mean `ada`, `grace`");
}

#[test]
fn a_policy_may_do_without_a_requester() {
    for optional in ["requester = \"optional\"", "self_approval = true"] {
        assert_eq!(asked_by(optional, None), Ok(None));
        assert_eq!(asked_by(optional, Some("the night shift")), Ok(None));
        assert_eq!(asked_by(optional, Some("ghopper")).is_ok(), optional.starts_with("self"), "perhaps an approver");
        assert_eq!(asked_by(optional, Some("Grace Hopper")), Ok(Some("grace".to_owned())));
        assert!(asked_by(optional, Some("Ada Lovelace <ghopper@example.com>")).is_err(), "four eyes of whom?");
    }
    assert!(asked_by("self_approval = true\nrequester = \"known\"", None).is_err());
}

#[test]
fn only_the_callers_of_a_policy_may_ask_under_it() {
    let read_under = |callers: &str| {
        let policy = policy_with(&format!("callers = [{callers}]"));
        read(good(), &policy, entered()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(read_under("\"arn:aws:states:*:*:stateMachine:calc*\""), Ok(()));
    let refused = read_under("\"arn:aws:states:*:*:stateMachine:release-*\"");
    assert_eq!(refused, Err("executionArn: its state machine is not among the callers of policy `p`".to_owned()));
}

#[test]
fn each_mistake_names_its_field() {
    let cases: [(&str, Value, &str); 12] = [
        ("/taskToken", json!(""), "taskToken: a task token has 1 to 2048 characters"),
        ("/executionArn", json!("arn:aws:sqs:x"), "executionArn: an execution ARN is"),
        ("/stateEnteredAt", json!("yesterday"), "stateEnteredAt: "),
        ("/timeoutSeconds", json!(0), "timeoutSeconds: must be 1 to 99999999"),
        ("/timeoutSeconds", json!("600"), "timeoutSeconds: must be a whole number, not text"),
        ("/approval/policy", json!("q"), "approval.policy: the policy file has no policy `q`"),
        ("/approval/title", json!("  "), "approval.title: must not be empty"),
        ("/approval/title", json!("x".repeat(151)), "approval.title: has 151 characters, at most 150"),
        (
            "/approval/facts/0/value",
            json!({"is": 494}),
            "approval.facts[0].value: must be text, a number, a boolean or a list",
        ),
        ("/approval/facts/0", json!({"name": "a"}), "approval.facts[0].value: is missing"),
        ("/approval", json!({"title": "x"}), "approval.policy: is missing"),
        (
            "/approval",
            json!({"policy": "p", "title": "x", "cc": 1}),
            "approval.cc: unknown field; known here: policy, title, ",
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut input = good();
        *input.pointer_mut(pointer).unwrap() = value;
        let message = read(input, &policy(), entered()).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{pointer}: {message}");
    }
}
