//! The cards that people get to see, each with what must be there to be read and pressed.

mod emergencies;

use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::limits::COMMENT_MAX;
use countersign_bot::approval::look_up::Attempt;
use countersign_bot::approval::place::{MessageRef, Platform};
use countersign_bot::approval::record::{Approval, Successor, Vote};
use countersign_bot::approval::request::Risk;
use countersign_bot::approval::state::{Ending, Intent, Outcome, Resolution, State, Verdict};
use countersign_bot::approval::transitions::claim::{Claiming, Look, claim};
use countersign_bot::approval::{policy_file, request};
use countersign_bot::links::Links;
use countersign_bot::messages::{claims, returning, risk};
use countersign_bot::platforms::teams::{card, words};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::forms;

/// When every request is raised.
const START: &str = "2026-11-23T10:00:00Z";

/// Two approvers of three people, who are also the requesters.
pub(crate) const POLICY: &str = r#"
    [access]
    teams_tenants = ["c0117e45-1671-4000-8000-0000000000a0"]
    [people.ada]
    name = "Ada Lovelace"
    [people.grace]
    name = "Grace Hopper"
    teams = "c0117e45-1671-4000-8000-000000000002"
    [people.linus]
    name = "Linus Pauling"
    teams = "c0117e45-1671-4000-8000-000000000003"
    [people.emmy]
    name = "Emmy Noether"
    teams = "c0117e45-1671-4000-8000-000000000004"
    [policies.one]
    approvers = ["grace", "linus"]
    requester = "optional"
    email = "never"
    teams_conversation = "19:finance@thread.tacv2"
    [policies.two]
    approvers = ["grace", "linus"]
    requester = "optional"
    required = 2
    reason_on_reject = true
    returns = true
    email = "never"
    teams_conversation = "19:finance@thread.tacv2"
    [policies.emergency]
    approvers = ["grace", "linus"]
    required = 2
    email = "never"
    teams_conversation = "19:finance@thread.tacv2"
    delegates = ["emmy"]
    break_glass = { who = ["emmy"] }
    [commands.deploy]
    title = "Deploy a release"
    state_machine = "release"
    policy = "one"
    [[commands.deploy.fields]]
    name = "version"
    label = "The version"
    type = "text"
    pattern = '\d+\.\d+'
    [[commands.deploy.fields]]
    name = "environment"
    type = "choice"
    options = ["staging", "production"]
    default = "staging"
    [[commands.deploy.fields]]
    name = "replicas"
    type = "integer"
    required = false
    [[commands.deploy.fields]]
    name = "day"
    type = "date"
    required = false
    [[commands.deploy.fields]]
    name = "urgent"
    type = "boolean"
    required = false
    [[commands.deploy.fields]]
    name = "owner"
    type = "person"
    required = false
    [[commands.deploy.fields]]
    name = "note"
    type = "long_text"
    required = false
"#;

/// Everything that people type is tried with these: Markdown, HTML, mentions, time functions, bindings, direction.
pub(crate) const HOSTILE: [&str; 8] = [
    "[a link](https://evil.example) ![an image](https://evil.example/i.png)",
    "**Approved** by _Grace_ `code` ~~no~~ # no heading",
    "<at>Grace Hopper</at> <script>alert(1)</script> &lt;b&gt; <b>bold</b>",
    "{{DATE(2026-11-23T10:00:00Z,SHORT)}} ${$root.secret}",
    "https://evil.example/and-a-long-path",
    "1. a list | a | table \\* \\[escaped\\]",
    "- not a list",
    "שלום 😀 é 漢字",
];

/// What the renderer calls the button behind which the menu is.
const MENU: &str = "...";
/// The option that says that one is looking at it, which opens nothing, and the one that ends that.
const LOOK: (&str, Option<&str>) = (claims::BEGIN, None);
const LET_GO: (&str, Option<&str>) = (claims::END, None);
/// The option that takes a request back, and the button that it opens.
const TAKE_BACK: (&str, Option<&str>) = ("Take back…", Some("Take back"));

/// A card, and what is to be seen of it.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) card: Value,
    /// What must be there to be read.
    pub(crate) texts: Vec<String>,
    /// The titles of all buttons once everything is open.
    pub(crate) buttons: Vec<&'static str>,
    /// What stands in the menu, each with the button that it opens, if it opens any.
    pub(crate) menu: Vec<(&'static str, Option<&'static str>)>,
    /// What single presses send.
    pub(crate) presses: Vec<Value>,
}

impl Shown {
    /// As `render.mjs` takes it.
    pub(crate) fn to_json(&self) -> Value {
        let Self { name, card, texts, buttons, menu, presses } = self;
        json!({"name": name, "card": card, "texts": texts, "buttons": buttons, "menu": menu, "presses": presses})
    }
}

/// Every kind of card.
pub(crate) fn all() -> Vec<Shown> {
    vec![
        open(),
        open_with_a_reason_required(),
        of_high_risk(),
        open_with_inputs(),
        one_vote_of_two(),
        looked_at(),
        following(),
        closing(),
        closed("approved", Outcome::Approved),
        closed("rejected", Outcome::Rejected),
        closed("returned", Outcome::Returned),
        closed("expired", Outcome::Expired),
        superseded(),
        closed("cancelled", Outcome::Cancelled { reason: "The execution was stopped".to_owned() }),
        hostile(),
        longest(),
        twenty_facts(),
        emergencies::with_a_stand_in(),
        emergencies::decided_by_a_stand_in(),
        emergencies::with_broken_glass(),
        emergencies::acknowledged(),
        forms::blank_form(),
        forms::form_with_mistakes(),
        forms::spent_form(),
    ]
}

/// The card of an approval that anybody may decide.
pub(crate) fn open() -> Shown {
    let approval = raised("one", json!({"summary": "The sum of two numbers", "facts": facts(&["Result", "494"])}));
    let presses = vec![
        press(&["Approve"], json!({}), &approval, json!({})),
        press(&["Approve"], json!({"Comment": "fine"}), &approval, json!({"comment": "fine"})),
        press(&["Reject…", "Reject"], json!({}), &approval, json!({})),
        press(&["Reject…", "Reject"], json!({"Reason": "too much"}), &approval, json!({"reason": "too much"})),
        press(&[MENU, "Take back…", "Take back"], json!({}), &approval, json!({})),
        press(&[MENU, claims::BEGIN], json!({"Comment": "not taken along"}), &approval, json!({})),
    ];
    shown("open", &approval, presses)
}

fn open_with_a_reason_required() -> Shown {
    let approval = raised("two", json!({}));
    let nothing = json!({
        "path": ["Reject…", "Reject"], "inputs": {}, "sends": null, "says": "A rejection needs a reason."
    });
    let reason = press(&["Reject…", "Reject"], json!({"Reason": "no"}), &approval, json!({"reason": "no"}));
    let path = ["Send back…", "Send back"];
    let unexplained = json!({"path": path, "inputs": {}, "sends": null, "says": returning::UNEXPLAINED});
    let changes = press(&path, json!({ returning::CHANGES: "more" }), &approval, json!({"changes": "more"}));
    shown("open with a reason required", &approval, vec![nothing, reason, unexplained, changes])
}

/// What has to be confirmed, with more to read than a card shows at once.
fn of_high_risk() -> Shown {
    let details = json!([{"title": HOSTILE[1], "text": HOSTILE.join("\n")}, {"title": "Rollback", "text": "None."}]);
    let approval = raised("one", json!({"risk": "high", "details": details}));
    let nothing = json!({
        "path": ["Approve…", "Approve"], "inputs": {}, "sends": null, "says": risk::unconfirmed()
    });
    let confirmed = press(
        &["Approve…", "Approve"],
        json!({ risk::CONFIRMATION: true }),
        &approval,
        json!({ words::CONFIRMED: words::CONFIRMED_ON }),
    );
    let rejected = press(&["Reject…", "Reject"], json!({}), &approval, json!({}));
    let shown = shown("of high risk", &approval, vec![nothing, confirmed, rejected]);
    let more = ["None.", HOSTILE[1], HOSTILE[3]].into_iter().map(str::to_owned);
    let more = more.chain([risk::mark(Risk::High).to_owned()]);
    Shown {
        texts: shown.texts.iter().cloned().chain(more).collect(),
        buttons: vec!["Show the details", "Open the execution", "Approve…", "Reject…", MENU, "Reject"],
        ..shown
    }
}

/// Approve opens what whoever approves is asked for, and Reject does not need it.
fn open_with_inputs() -> Shown {
    let inputs = json!([
        {"name": "version", "label": "The version", "type": "text"},
        {"name": "replicas", "type": "integer", "default": 3},
        {"name": "window", "type": "choice", "options": ["tonight", HOSTILE[0]], "required": false},
        {"name": "note", "label": HOSTILE[1], "type": "long_text", "required": false},
    ]);
    let approval = raised("one", json!({ "inputs": inputs }));
    let path = ["Approve…", "Approve"];
    let answered = json!({"field.version": "1.4", "field.replicas": "3"});
    let missing = json!({"path": path, "inputs": {}, "sends": null, "says": "This is missing."});
    let presses = vec![
        press(&path, json!({"The version": "1.4"}), &approval, answered),
        missing,
        press(&["Reject…", "Reject"], json!({}), &approval, json!({})),
    ];
    let buttons = vec!["Open the execution", "Approve…", "Reject…", MENU, "Reject"];
    Shown { buttons, ..shown("open with inputs", &approval, presses) }
}

fn one_vote_of_two() -> Shown {
    let mut approval = raised("two", json!({}));
    vote(&mut approval, "Grace Hopper", Verdict::Approve, Some("I have checked the numbers"));
    shown("one vote of two", &approval, Vec::new())
}

/// Somebody is looking at it, which they can end.
fn looked_at() -> Shown {
    let approval = raised("one", json!({}));
    let person = approval.rules.approvers[0].clone();
    let claiming = Claiming { person, platform: Platform::Teams, look: Look::Begins };
    let approval = claim(&approval, &claiming, later(30)).unwrap();
    let presses = vec![press(&[MENU, claims::END], json!({}), &approval, json!({}))];
    let shown = shown("looked at", &approval, presses);
    let texts = shown.texts.iter().cloned().chain(["Grace Hopper is looking at it".to_owned()]).collect();
    Shown { texts, menu: vec![LOOK, LET_GO, TAKE_BACK], ..shown }
}

/// What has changed since an earlier request, with everything that people type.
fn following() -> Shown {
    let earlier = raised("one", json!({"facts": facts(&["Version", "1.4.2"]), "summary": HOSTILE[0]}));
    let changed: Vec<Value> = HOSTILE[4..7].iter().flat_map(|text| facts(&[text, text])).collect();
    let mut approval = raised("one", json!({"facts": changed, "summary": HOSTILE[2]}));
    approval.follow(&earlier, later(1));
    let told = ["Fact “Version” is gone: “1.4.2”".to_owned(), format!("Changed since {}:", earlier.id)];
    let hostile = HOSTILE[4..7].iter().map(|text| format!("Fact “{text}” is new: “{text}”"));
    let shown = shown("following", &approval, Vec::new());
    Shown { texts: shown.texts.iter().cloned().chain(told).chain(hostile).collect(), ..shown }
}

fn closing() -> Shown {
    let mut approval = raised("one", json!({}));
    vote(&mut approval, "Grace Hopper", Verdict::Approve, None);
    approval.state = State::Resolving(Ending { intent: Intent::Approve, at: later(61) });
    shown("closing", &approval, Vec::new())
}

fn closed(name: &'static str, outcome: Outcome) -> Shown {
    let mut approval = raised("one", json!({"summary": "The sum of two numbers", "facts": facts(&["Result", "494"])}));
    match outcome {
        Outcome::Approved => vote(&mut approval, "Grace Hopper", Verdict::Approve, Some("Go ahead")),
        Outcome::Returned => vote(&mut approval, "Linus Pauling", Verdict::Return, Some("Name the invoice")),
        Outcome::Rejected => vote(&mut approval, "Linus Pauling", Verdict::Reject, Some("Not this quarter")),
        _ => {}
    }
    approval.state = State::Resolved(Resolution { outcome, at: later(62) });
    shown(name, &approval, Vec::new())
}

fn superseded() -> Shown {
    let mut approval = raised("one", json!({}));
    let card = MessageRef::Card {
        platform: Platform::Teams,
        conversation: "19:finance@thread.tacv2".to_owned(),
        message: "1764".to_owned(),
    };
    let id = ApprovalId::parse("apr_00000000000000000000000000").unwrap();
    approval.supersede(&Successor { id, cards: vec![card] }, later(62));
    let buttons = vec!["Open the execution", "Open the later request"];
    Shown { buttons, ..shown("superseded", &approval, Vec::new()) }
}

fn hostile() -> Shown {
    let facts: Vec<Value> = HOSTILE.iter().flat_map(|text| facts(&[text, text])).collect();
    let mut approval = raised(
        "two",
        json!({"title": HOSTILE[0], "summary": HOSTILE.join(" "), "facts": facts, "requestedBy": HOSTILE[1]}),
    );
    vote(&mut approval, HOSTILE[2], Verdict::Approve, Some(HOSTILE[0]));
    shown("hostile", &approval, Vec::new())
}

/// Words without an end, at the longest that a request may be.
fn longest() -> Shown {
    let text = |max: usize| "W".repeat(max);
    let facts: Vec<Value> = (0..2).flat_map(|_| facts(&[&text(100), &text(1_800)])).collect();
    let mut approval = raised("two", json!({"title": text(150), "summary": text(3_000), "facts": facts}));
    vote(&mut approval, &text(80), Verdict::Approve, Some(&text(COMMENT_MAX)));
    shown("longest", &approval, Vec::new())
}

fn twenty_facts() -> Shown {
    let facts: Vec<Value> = (1..=20).flat_map(|n| facts(&[&format!("Fact {n}"), &format!("Value {n}")])).collect();
    shown("twenty facts", &raised("one", json!({"facts": facts})), Vec::new())
}

fn facts(name_and_value: &[&str; 2]) -> Vec<Value> {
    let [name, value] = name_and_value;
    vec![json!({"name": name, "value": value})]
}

/// A request as a workflow makes it, under one of the policies.
fn raised(policy: &str, with: Value) -> Approval {
    let mut asked = json!({"policy": policy, "title": "Calculation 125 + 122", "requestedBy": "ada"});
    asked.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let input = json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": asked,
        "executionArn": "arn:aws:states:eu-central-1:123456789012:execution:calculation:5f0c1c9e",
    });
    let asked = request::read(input, &policy_file::read(POLICY).unwrap(), START.parse().unwrap()).unwrap();
    let mut approval = Approval::raise(asked);
    approval.attempt = Some(Attempt { entered: 2, scheduled: 3 });
    approval
}

fn vote(approval: &mut Approval, name: &str, verdict: Verdict, comment: Option<&str>) {
    let person = approval.rules.approvers[approval.votes.len()].id.clone();
    let (name, comment, content) = (name.to_owned(), comment.map(str::to_owned), approval.content_hash());
    let (platform, inputs, at) = (Platform::Teams, serde_json::Map::new(), later(60));
    let stands_for = Vec::new();
    approval.votes.push(Vote { person, name, stands_for, platform, verdict, comment, inputs, at, content });
}

fn later(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// What a request and its votes say is there to be read, and the buttons as long as it is open.
fn shown(name: &'static str, approval: &Approval, presses: Vec<Value>) -> Shown {
    let links = Links { public_url: "https://countersign.example.com".to_owned(), execution_url: None };
    let request = &approval.request;
    let facts = request.facts.iter().flat_map(|fact| [fact.name.clone(), fact.value.shown(str::to_owned)]);
    let votes = approval.votes.iter().flat_map(|vote| [Some(&vote.name), vote.comment.as_ref()]).flatten();
    let texts = [&request.title, &request.summary].into_iter().chain(votes).cloned().chain(facts).collect();
    let (buttons, menu) = match approval.state {
        State::Pending if approval.rules.returns => (
            vec!["Open the execution", "Send back…", "Send back", "Approve", "Reject…", MENU, "Reject"],
            vec![LOOK, TAKE_BACK],
        ),
        State::Pending => (vec!["Open the execution", "Approve", "Reject…", MENU, "Reject"], vec![LOOK, TAKE_BACK]),
        State::Resolving(_) | State::Resolved(_) => (vec!["Open the execution"], Vec::new()),
    };
    Shown { name, card: card::card(approval, &links), texts, buttons, menu, presses }
}

/// A press, the inputs filled in before it by their labels, and what goes to the bot beside the approval and the verb.
fn press(path: &[&str], inputs: Value, approval: &Approval, written: Value) -> Value {
    let verb = match path.last() {
        Some(&"Approve") => words::APPROVE,
        Some(&"Take back") => words::TAKE_BACK,
        Some(&"Send back") => words::RETURN,
        Some(&claims::BEGIN) => words::CLAIM,
        Some(&claims::END) => words::LET_GO,
        _ => words::REJECT,
    };
    let mut data = json!({"approval": approval.id, "content": approval.content_hash(), "verb": verb});
    // Who looks at it decides nothing.
    if [words::CLAIM, words::LET_GO].contains(&verb) {
        data.as_object_mut().unwrap().remove("content");
    }
    data.as_object_mut().unwrap().extend(written.as_object().unwrap().clone());
    json!({"path": path, "inputs": inputs, "sends": {"verb": verb, "data": data}})
}
