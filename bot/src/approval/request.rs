//! What a workflow asks for: the input of the notifier's task, read strictly, and the request made from it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::audit::Hash;
use super::ids::{ExecutionArn, InvalidId, TaskToken};
use super::limits::{self, Check, EXECUTION_ARN_MAX, Problem, TIMEOUT_MAX_SECONDS};
use super::names::comparable;
use super::naming::Named;
use super::policy::{Person, Policy, RequesterUse, Rules};
use crate::input;

/// The request as the people who decide see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// One line that says what is asked.
    pub title: String,
    /// A few sentences more; may be empty.
    pub summary: String,
    /// Named values that a decision rests on.
    pub facts: Vec<Fact>,
    /// Who asked, as the workflow said it.
    pub requested_by: Option<String>,
    /// Who asked, when that is a person of the policy.
    pub requester: Option<Person>,
    /// The caller's own ids; travels with every event and is not shown.
    pub correlation: Map<String, Value>,
    /// The execution that waits.
    pub execution: ExecutionArn,
    /// When the state was entered, or tried again.
    pub raised_at: Timestamp,
    /// When Step Functions ends the wait.
    pub deadline: Timestamp,
}

impl Request {
    /// The hash of what people are shown of it: SHA-256 over the canonical form (RFC 8785,
    /// <https://www.rfc-editor.org/rfc/rfc8785>) of what was asked, as it was asked. `docs/your-workflow.md` shows how the
    /// next state can check it.
    pub fn content_hash(&self, policy: &str) -> Hash {
        let Self { title, summary, facts, requested_by, .. } = self;
        Hash::over(&json!({
            "facts": facts, "policy": policy, "requestedBy": requested_by, "summary": summary, "title": title,
        }))
    }
}

/// One named value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What the value is.
    pub name: String,
    /// The value as text.
    pub value: String,
}

/// Everything that a valid task input gives: the capability, what is asked, and the rules it is asked under.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The capability to complete the task.
    pub token: TaskToken,
    /// What is asked.
    pub request: Request,
    /// Under which rules.
    pub rules: Rules,
}

/// A task input that cannot be shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInput {
    /// The JSON has another shape than the contract; the text names the field.
    #[error("{0}")]
    Shape(String),
    /// Fields are there and their values are not acceptable.
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
    Fields(Vec<Problem>),
}

impl InvalidInput {
    /// One field whose value is not acceptable.
    pub fn field(field: impl Into<String>, problem: impl ToString) -> Self {
        Self::Fields(vec![Problem { field: field.into(), problem: problem.to_string() }])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TaskInput {
    task_token: String,
    execution_arn: String,
    state_entered_at: Timestamp,
    timeout_seconds: i64,
    approval: ApprovalInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApprovalInput {
    policy: String,
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    facts: Vec<Fact>,
    #[serde(default)]
    requested_by: Option<String>,
    #[serde(default)]
    correlation: Option<Map<String, Value>>,
}

/// A task that asks so much later than its state was entered is not the first of that state. The time of every try
/// runs from its own start (States Language, Retry and TimeoutSeconds).
const FIRST_TRY_STARTS_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// Reads the input of the notifier's task as it comes in; what is wrong is named by its field.
pub fn read(input: Value, policy: &Policy, now: Timestamp) -> Result<Asked, InvalidInput> {
    let input: TaskInput = input::read(input).map_err(InvalidInput::Shape)?;
    let token = TaskToken::parse(&input.task_token).map_err(|error| invalid("taskToken", error))?;
    let execution = ExecutionArn::parse(&input.execution_arn).map_err(|error| invalid("executionArn", error))?;
    if execution.as_str().len() > EXECUTION_ARN_MAX {
        return Err(InvalidInput::field("executionArn", format!("must have at most {EXECUTION_ARN_MAX} characters")));
    }
    if !(1..=TIMEOUT_MAX_SECONDS).contains(&input.timeout_seconds) {
        return Err(InvalidInput::field("timeoutSeconds", format!("must be 1 to {TIMEOUT_MAX_SECONDS}")));
    }
    let is_first_try = now.duration_since(input.state_entered_at) <= FIRST_TRY_STARTS_WITHIN;
    // Nobody asks before their state was entered; the clocks of two services differ a little.
    let raised_at = if is_first_try { input.state_entered_at.min(now) } else { now };
    let deadline = raised_at
        .checked_add(SignedDuration::from_secs(input.timeout_seconds))
        .map_err(|_| InvalidInput::field("stateEnteredAt", "is too late for the timeout"))?;
    let asked = input.approval;
    check_texts(&asked)?;
    let rules = policy.rules.get(&asked.policy).ok_or_else(|| {
        InvalidInput::field("approval.policy", format!("the policy file has no policy {}", quoted(&asked.policy)))
    })?;
    // Here it is what the request says; `flow::notify` asks nobody before the history of the execution has shown it.
    if !rules.allow_caller(&execution) {
        let problem = format!("its state machine is not among the callers of policy {}", quoted(&rules.name));
        return Err(InvalidInput::field("executionArn", problem));
    }
    let requested_by = asked.requested_by.filter(|name| !comparable(name).is_empty());
    let requester = requester(requested_by.as_deref(), policy, rules)?.cloned();
    let request = Request {
        title: asked.title,
        summary: asked.summary,
        facts: asked.facts,
        requested_by,
        requester,
        correlation: asked.correlation.unwrap_or_default(),
        execution,
        raised_at,
        deadline,
    };
    Ok(Asked { token, request, rules: rules.clone() })
}

/// The person of the policy who asks. Where one is needed, a part of a name is not taken for the whole, or four eyes
/// would depend on how a name is spelt.
fn requester<'a>(name: Option<&str>, policy: &'a Policy, rules: &Rules) -> Result<Option<&'a Person>, InvalidInput> {
    let keys = |people: &[&Person]| -> String {
        people.iter().map(|person| quoted(person.id.as_str())).collect::<Vec<_>>().join(", ")
    };
    let problem = match name.map(|name| policy.named(name)) {
        Some(Named::Person(person)) => return Ok(Some(person)),
        Some(Named::Several(people)) => format!("may mean {}: name one of them by this key", keys(&people)),
        // Where requesters may not decide, whoever was perhaps meant would be free to.
        Some(Named::Almost(people)) if rules.requester == RequesterUse::Known || !rules.self_approval => {
            format!("is nobody's name in the policy file, and a part of those of {}: use such a key", keys(&people))
        }
        _ if rules.requester == RequesterUse::Optional => return Ok(None),
        Some(Named::Nobody | Named::Almost(_)) => {
            format!("names nobody of the policy file, and policy {} needs to know who asks", quoted(&rules.name))
        }
        None => format!("is missing, and policy {} needs to know who asks", quoted(&rules.name)),
    };
    Err(InvalidInput::field("approval.requestedBy", problem))
}

/// A name as it was given, unless it is no name: when fields are mixed up, it may be the task token.
fn quoted(name: &str) -> String {
    let is_name = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if is_name { format!("`{name}`") } else { "of this name".to_owned() }
}

fn invalid(field: &str, error: InvalidId) -> InvalidInput {
    InvalidInput::field(field, error)
}

fn check_texts(asked: &ApprovalInput) -> Result<(), InvalidInput> {
    let mut check = Check::default();
    check.name("approval.title", &asked.title, limits::TITLE_MAX);
    check.text("approval.summary", &asked.summary, limits::SUMMARY_MAX);
    let requested_by = asked.requested_by.as_deref().unwrap_or_default();
    check.line("approval.requestedBy", requested_by, limits::REQUESTED_BY_MAX);
    check.at_most("approval.facts", asked.facts.len(), limits::FACTS_MAX, "facts");
    for (index, fact) in asked.facts.iter().enumerate() {
        check.name(&format!("approval.facts[{index}].name"), &fact.name, limits::FACT_NAME_MAX);
        check.text(&format!("approval.facts[{index}].value"), &fact.value, limits::FACT_VALUE_MAX);
    }
    check.together("approval");
    let correlation = asked.correlation.as_ref().map_or(0, |map| Value::Object(map.clone()).to_string().len());
    check.at_most("approval.correlation", correlation, limits::CORRELATION_MAX_BYTES, "bytes");
    if check.problems.is_empty() { Ok(()) } else { Err(InvalidInput::Fields(check.problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::policy_file;

    fn policy() -> Policy {
        let text = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n";
        policy_file::read(text).unwrap()
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

    #[test]
    fn what_is_asked_has_a_hash_that_others_can_make() {
        let text = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n\
                    [policies.p]\napprovers = [\"ada\"]\nrequester = \"optional\"\n";
        let policy = policy_file::read(text).unwrap();
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
            ("/approval/facts", json!([])),
        ] {
            let mut input = good();
            *input.pointer_mut(pointer).unwrap() = value;
            assert_ne!(hash(input), hash(good()), "{pointer}");
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
        asked
            .map(|asked| asked.request.requester.map(|person| person.id.to_string()))
            .map_err(|error| error.to_string())
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
            assert_eq!(
                asked_by(optional, Some("ghopper")).is_ok(),
                optional.starts_with("self"),
                "perhaps an approver"
            );
            assert_eq!(asked_by(optional, Some("Grace Hopper")), Ok(Some("grace".to_owned())));
            assert!(asked_by(optional, Some("Ada Lovelace <ghopper@example.com>")).is_err(), "four eyes of whom?");
        }
        assert!(asked_by("self_approval = true\nrequester = \"known\"", None).is_err());
    }

    #[test]
    fn only_the_callers_of_a_policy_may_ask_under_it() {
        let read_under = |callers: &str| {
            let text =
                "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n";
            let policy = policy_file::read(&format!("{text}callers = [{callers}]")).unwrap();
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
            ("/timeoutSeconds", json!("600"), "timeoutSeconds: invalid type"),
            ("/approval/policy", json!("q"), "approval.policy: the policy file has no policy `q`"),
            ("/approval/title", json!("  "), "approval.title: must not be empty"),
            ("/approval/title", json!("x".repeat(151)), "approval.title: has 151 characters, at most 150"),
            ("/approval/facts/0/value", json!(494), "approval.facts[0].value: invalid type"),
            ("/approval/facts/0", json!({"name": "a"}), "approval.facts[0]: missing field `value`"),
            ("/approval", json!({"title": "x"}), "approval: missing field `policy`"),
            ("/approval", json!({"policy": "p", "title": "x", "cc": 1}), "approval.cc: unknown field `cc`"),
        ];
        for (pointer, value, expected) in cases {
            let mut input = good();
            *input.pointer_mut(pointer).unwrap() = value;
            let message = read(input, &policy(), entered()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{pointer}: {message}");
        }
    }
}
