//! The input of the notifier's task, read strictly: whatever is wrong with it is told at once, each with its field.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::object::{Object, at, quoted};
use super::{Asked, Detail, Fact, FactValue, HttpsUrl, Input, InvalidInput, Link, Request, Risk, detail, risk, whom};
use crate::approval::ids::{ApprovalId, ExecutionArn, TaskToken};
use crate::approval::limits::{self, Check, EXECUTION_ARN_MAX, TIMEOUT_MAX_SECONDS};
use crate::approval::names::comparable;
use crate::approval::policy::{Person, Policy, Rules};

/// A task that asks so much later than its state was entered is not the first of that state. The time of every try
/// runs from its own start (States Language, Retry and TimeoutSeconds).
const FIRST_TRY_STARTS_WITHIN: SignedDuration = SignedDuration::from_secs(60);

const INPUT: [&str; 5] = ["taskToken", "executionArn", "stateEnteredAt", "timeoutSeconds", "approval"];
const APPROVAL: [&str; 12] = [
    "policy",
    "title",
    "summary",
    "facts",
    "links",
    "details",
    "risk",
    "inputs",
    "approvers",
    "follows",
    "requestedBy",
    "correlation",
];

/// The execution that an input names, if it names one.
pub fn execution(input: &Value) -> Option<ExecutionArn> {
    ExecutionArn::parse(input.get("executionArn")?.as_str()?).ok()
}

/// The task that an input wants completed, if it names one.
pub fn task_token(input: &Value) -> Option<TaskToken> {
    TaskToken::parse(input.get("taskToken")?.as_str()?).ok()
}

/// Reads the input of the notifier's task as it comes in.
pub fn read(input: Value, policy: &Policy, now: Timestamp) -> Result<Asked, InvalidInput> {
    let mut check = Check::default();
    let asked = asked(input, policy, now, &mut check);
    asked.filter(|_| check.problems.is_empty()).ok_or(InvalidInput(check.problems))
}

/// What is asked, as far as it can be read; nothing only if something is on the list.
fn asked(input: Value, policy: &Policy, now: Timestamp, check: &mut Check) -> Option<Asked> {
    let mut input = Object::read("", input, &INPUT, check)?;
    let task = Task::read(&mut input, now, check);
    let approval = input.required("approval", check)?;
    let mut approval = Object::read("approval", approval, &APPROVAL, check)?;
    let named = approval.required::<String>("policy", check);
    let texts = Texts::read(&mut approval, check);
    let rules = rules(&named?, policy, check)?;
    let Task { token, execution, times } = task;
    // Here it is what the request says; `flow::notify` asks nobody before the history of the execution has shown it.
    if execution.as_ref().is_some_and(|execution| !rules.allow_caller(execution)) {
        let problem = format!("its state machine is not among the callers of policy {}", quoted(&rules.name));
        check.note("executionArn", problem);
    }
    Input::check_answers(&texts.inputs, rules.required, check);
    let requester = texts.requester(policy, rules, check);
    let (approvers, rules) = match &texts.approvers {
        Some(names) => whom::approvers(names, policy, rules, requester, check),
        None => {
            whom::check_quorum(rules, policy, requester, check);
            (Vec::new(), rules.clone())
        }
    };
    let (raised_at, deadline) = times?;
    let Texts { title, summary, facts, links, details, risk, inputs, follows, requested_by, correlation, .. } = texts;
    let (title, requested_by, execution) = (title?, requested_by.ok()?, execution?);
    let request = Request {
        title,
        summary,
        facts,
        links,
        details,
        risk,
        inputs,
        approvers,
        follows,
        requested_by,
        requester: requester.cloned(),
        correlation,
        execution,
        raised_at,
        deadline,
    };
    let (policy_version, apart) = (policy.version(), BTreeMap::new());
    Some(Asked { token: token?, request, rules, policy_version, apart, proven_first: false })
}

fn rules<'a>(name: &str, policy: &'a Policy, check: &mut Check) -> Option<&'a Rules> {
    let rules = policy.rules.get(name);
    if rules.is_none() {
        check.note("approval.policy", format!("the policy file has no policy {}", quoted(name)));
    }
    // Rules that lack people let somebody else decide than they should.
    let unknown = policy.live.needed_by(name).map(|(group, _)| quoted(group)).collect::<Vec<_>>().join(", ");
    if !unknown.is_empty() {
        check.note("approval.policy", format!("it is not known who is in {unknown}"));
    }
    rules.filter(|_| unknown.is_empty())
}

/// What is said of the task itself.
struct Task {
    token: Option<TaskToken>,
    execution: Option<ExecutionArn>,
    /// When it was raised, and when its wait ends.
    times: Option<(Timestamp, Timestamp)>,
}

impl Task {
    fn read(input: &mut Object, now: Timestamp, check: &mut Check) -> Self {
        let token = input.required::<String>("taskToken", check);
        let token = token.and_then(|token| {
            TaskToken::parse(&token).map_err(|error| check.note("taskToken", error.to_string())).ok()
        });
        let execution = input.required::<String>("executionArn", check);
        let execution = execution.and_then(|arn| {
            ExecutionArn::parse(&arn).map_err(|error| check.note("executionArn", error.to_string())).ok()
        });
        let arn_length = execution.as_ref().map_or(0, |execution| execution.as_str().len());
        if arn_length > EXECUTION_ARN_MAX {
            check.note("executionArn", format!("must have at most {EXECUTION_ARN_MAX} characters"));
        }
        let entered_at = input.required::<Timestamp>("stateEnteredAt", check);
        let timeout = input.required::<i64>("timeoutSeconds", check);
        if timeout.is_some_and(|timeout| !(1..=TIMEOUT_MAX_SECONDS).contains(&timeout)) {
            check.note("timeoutSeconds", format!("must be 1 to {TIMEOUT_MAX_SECONDS}"));
        }
        let times = entered_at.zip(timeout).and_then(|(entered_at, timeout)| {
            let is_first_try = now.duration_since(entered_at) <= FIRST_TRY_STARTS_WITHIN;
            // Nobody asks before their state was entered; the clocks of two services differ a little.
            let raised_at = if is_first_try { entered_at.min(now) } else { now };
            let deadline = raised_at.checked_add(SignedDuration::from_secs(timeout));
            let deadline = deadline.map_err(|_| check.note("stateEnteredAt", "is too late for the timeout"));
            Some((raised_at, deadline.ok()?))
        });
        Self { token, execution, times }
    }
}

/// What is asked, in the words of whoever asks.
struct Texts {
    title: Option<String>,
    summary: String,
    facts: Vec<Fact>,
    links: Vec<Link>,
    details: Vec<Detail>,
    risk: Option<Risk>,
    inputs: Vec<Input>,
    /// Who alone may decide; nothing where all may whom the policy allows, or where what is there is no list of names.
    approvers: Option<Vec<String>>,
    /// The earlier approval that it follows.
    follows: Option<ApprovalId>,
    /// An error where what is there is no name.
    requested_by: Result<Option<String>, Wrong>,
    correlation: Map<String, Value>,
}

/// What stands in a field is wrong, which is on the list.
#[derive(Clone, Copy)]
struct Wrong;

impl Texts {
    fn read(approval: &mut Object, check: &mut Check) -> Self {
        let title = approval.required::<String>("title", check);
        if let Some(title) = &title {
            check.name("approval.title", title, limits::TITLE_MAX);
        }
        let summary = approval.optional::<String>("summary", check).unwrap_or_default();
        check.text("approval.summary", &summary, limits::SUMMARY_MAX);
        let requested_by = requested_by(approval, check);
        let approvers = approvers(approval, check);
        let follows = follows(approval, check);
        let facts = approval.optional::<Vec<Value>>("facts", check).unwrap_or_default();
        check.at_most("approval.facts", facts.len(), limits::FACTS_MAX, "facts");
        let facts = facts.into_iter().enumerate().filter_map(|(index, value)| fact(index, value, check)).collect();
        let links = approval.optional::<Vec<Value>>("links", check).unwrap_or_default();
        check.at_most("approval.links", links.len(), limits::LINKS_MAX, "links");
        let links = links.into_iter().enumerate().filter_map(|(index, value)| link(index, value, check)).collect();
        let inputs = Input::read_all(approval, check);
        check.together("approval", limits::TOGETHER_MAX);
        let details = detail::read(approval, check);
        let beside = detail::cost(&details) + Input::form_cost(&inputs);
        let of = "characters of a card in its details and in its inputs with the longest answers";
        check.at_most("approval", beside, limits::DETAILS_AND_INPUTS_MAX, of);
        let risk = risk::read(approval, check);
        let correlation = approval.optional::<Map<String, Value>>("correlation", check).unwrap_or_default();
        let bytes = if correlation.is_empty() { 0 } else { Value::Object(correlation.clone()).to_string().len() };
        check.at_most("approval.correlation", bytes, limits::CORRELATION_MAX_BYTES, "bytes");
        Self { title, summary, facts, links, details, risk, inputs, approvers, follows, requested_by, correlation }
    }

    /// The person of the policy who asks.
    fn requester<'a>(&self, policy: &'a Policy, rules: &Rules, check: &mut Check) -> Option<&'a Person> {
        let name = self.requested_by.as_ref().ok()?.as_deref();
        whom::requester(name, policy, rules, check)
    }
}

/// Who asks, if there is something to see in the name.
fn requested_by(approval: &mut Object, check: &mut Check) -> Result<Option<String>, Wrong> {
    let before = check.problems.len();
    let name = approval.optional::<String>("requestedBy", check);
    check.line("approval.requestedBy", name.as_deref().unwrap_or_default(), limits::REQUESTED_BY_MAX);
    if check.problems.len() > before { Err(Wrong) } else { Ok(name.filter(|name| !comparable(name).is_empty())) }
}

/// The earlier approval that a request follows, if it names one; `flow::following` finds out whether it may.
fn follows(approval: &mut Object, check: &mut Check) -> Option<ApprovalId> {
    let id = approval.optional::<String>("follows", check)?;
    ApprovalId::parse(&id).map_err(|error| check.note("approval.follows", error.to_string())).ok()
}

/// The names of those who alone may decide, if the request narrows that.
fn approvers(approval: &mut Object, check: &mut Check) -> Option<Vec<String>> {
    let before = check.problems.len();
    let field = approval.at("approvers");
    let names = approval.optional::<Vec<Value>>("approvers", check)?;
    check.at_most(&field, names.len(), limits::APPROVERS_MAX, "names");
    if names.is_empty() {
        check.note(&field, "names nobody, so nobody could decide; without it all may whom the policy allows");
    }
    let mut read = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let field = at(&field, index);
        match name {
            Value::String(name) => {
                check.name(&field, &name, limits::APPROVER_MAX);
                read.push(name);
            }
            _ => check.note(&field, "must be the name of a person or of a group"),
        }
    }
    (check.problems.len() == before).then_some(read)
}

fn fact(index: usize, value: Value, check: &mut Check) -> Option<Fact> {
    let mut fact = Object::read(&at("approval.facts", index), value, &["name", "value"], check)?;
    let name = fact.required::<String>("name", check);
    if let Some(name) = &name {
        check.name(&fact.at("name"), name, limits::FACT_NAME_MAX);
    }
    let field = fact.at("value");
    let value = fact.required::<Value>("value", check).and_then(|value| FactValue::read(&field, value, check));
    if let Some(value) = &value {
        check.text(&field, &value.shown(str::to_owned), limits::FACT_VALUE_MAX);
    }
    Some(Fact { name: name?, value: value? })
}

fn link(index: usize, value: Value, check: &mut Check) -> Option<Link> {
    let mut link = Object::read(&at("approval.links", index), value, &["text", "url"], check)?;
    let text = link.required::<String>("text", check);
    if let Some(text) = &text {
        check.name(&link.at("text"), text, limits::LINK_TEXT_MAX);
    }
    let field = link.at("url");
    let url = link.required::<String>("url", check)?;
    check.text(&field, &url, limits::LINK_URL_MAX);
    let url = HttpsUrl::parse(&url).map_err(|problem| check.note(&field, problem)).ok()?;
    check.beside(url.host());
    Some(Link { text: text?, url })
}
