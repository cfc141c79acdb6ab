//! What is planned, what is told, and what becomes of a self-test that nobody decides.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use countersign_bot::approval::audit::{Entry, Failure, Head, Place as At, What, Who};
use countersign_bot::approval::ids::{ApprovalId, PersonId, TaskToken};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::state::{Status, Verdict as Decision};
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::startup::config::Config;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::plan::{Plan, Round, SUMMARY, TIMEOUT_SECONDS, plan, title};
use super::times::Times;
use super::told::{Ran, Report};
use super::{Patience, Place};
use crate::aws::fake::{self, Account, Executions};
use crate::deployment::Choice;
use crate::doctor::line::Verdict;
use crate::doctor::sources::Configuration;

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:SelfTest-1";
const TENANT: &str = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn config(left_out: &[&str]) -> Config {
    let environment = BTreeMap::from([
        ("COUNTERSIGN_PUBLIC_URL", "https://api.example.com"),
        ("COUNTERSIGN_SLACK_SIGNING_SECRET", "secret"),
        ("COUNTERSIGN_SLACK_BOT_TOKEN", "xoxb-secret"),
        ("COUNTERSIGN_TEAMS_APP_ID", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        ("COUNTERSIGN_TEAMS_APP_PASSWORD", "secret"),
        ("COUNTERSIGN_TEAMS_TENANT", TENANT),
        ("COUNTERSIGN_MAIL_FROM", "bot@example.com"),
        ("COUNTERSIGN_LINK_KEY", "a link key of at least thirty-two characters"),
    ]);
    let is_left_out = |name: &str| left_out.iter().any(|word| name.contains(word));
    Config::from_lookup(|name| environment.get(name).filter(|_| !is_left_out(name)).map(|value| (*value).to_owned()))
        .unwrap()
}

/// Ada asks, and Grace decides, in all places.
fn policy(rules: &str) -> String {
    format!(
        "[access]\nslack_teams = [\"T1\"]\nteams_tenants = [\"{TENANT}\"]\n[people.ada]\nname = \"Ada\"\nslack = \"U1\"\nemail = \
         \"ada@example.com\"\n[people.grace]\nname = \"Grace\"\nslack = \"U2\"\nteams = \
         \"7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d\"\nemail = \"grace@example.com\"\n[policies.pay]\napprovers = [\"ada\", \
         \"grace\"]\nslack_channel = \"C1\"\nteams_conversation = \"19:a@thread.v2\"\n{rules}\n"
    )
}

fn choice(under: Option<&str>, decided_by: Option<&str>, requested_by: Option<&str>) -> Choice {
    let [under, decided_by, requested_by] = [under, decided_by, requested_by].map(|it| it.map(str::to_owned));
    Choice { under, decided_by, requested_by, wait: Duration::from_secs(300) }
}

fn planned(policy: &str, choice: &Choice, off: &[&str]) -> Result<Plan, String> {
    let policy = policy_file::read(policy).unwrap();
    plan(&Configuration { config: config(off), policy }, choice, MACHINE, now())
}

fn platforms(plan: &Plan) -> Vec<Platform> {
    plan.rounds.iter().map(|round| round.platform).collect()
}

#[test]
fn one_approval_is_asked_for_on_every_platform_that_is_on() {
    let grace = choice(None, Some("grace"), Some("Ada"));
    let plan = planned(&policy(""), &grace, &[]).unwrap();
    assert_eq!(platforms(&plan), [Platform::Slack, Platform::Teams, Platform::Email]);
    assert_eq!(
        plan.rounds[1].input,
        json!({ "policy": "pay", "platform": "teams", "approver": "grace", "requestedBy": "ada" })
    );
    assert_eq!(plan.left_out, []);
    let plan = planned(&policy(""), &grace, &["SLACK", "MAIL", "LINK_KEY"]).unwrap();
    assert_eq!(platforms(&plan), [Platform::Teams]);
    let why: Vec<String> = plan.left_out.iter().map(|(_, verdict)| format!("{verdict:?}")).collect();
    assert_eq!(why, ["Skipped(\"Slack is off\")", "Skipped(\"e-mail is off\")"]);
    let plan = planned(&policy("email = \"fallback\""), &grace, &[]).unwrap();
    assert_eq!(
        plan.left_out,
        [(Platform::Email, Verdict::Skipped("policy `pay` would send no mail to Grace".to_owned()))]
    );
    let ada = planned(&policy(""), &choice(None, Some("ada"), Some("grace")), &[]).unwrap();
    assert_eq!(ada.left_out, [(Platform::Teams, Verdict::Skipped("Ada has no id for Teams in the policy".to_owned()))]);
}

/// A rule that stands in the way holds, and it is said what to choose instead.
#[test]
fn no_rule_is_bent_for_it() {
    let grace = choice(None, Some("grace"), Some("ada"));
    let cases = [
        (policy(""), choice(Some("other"), None, None), "there is no policy `other`, but pay: choose one with --under"),
        (
            format!("{}[policies.b]\napprovers = [\"ada\"]", policy("")),
            choice(None, None, None),
            "choose a policy with --under: b, pay",
        ),
        (policy(""), choice(None, None, None), "say with --decided-by who decides: ada, grace"),
        (policy(""), choice(None, Some("eve"), None), "nobody who is called `eve`: choose with --decided-by"),
        (policy(""), choice(None, Some("grace"), None), "say with --requested-by in whose name, such as ada"),
        (
            policy(""),
            choice(None, Some("grace"), Some("grace")),
            "policy `pay` needs 1 approval, and none of these people",
        ),
        (policy("required = 2"), grace.clone(), "policy `pay` needs 2 approvals, and a self-test has one who decides"),
        (
            policy("").replace("approvers = [\"ada\", \"grace\"]", "seats = [{ from = [\"grace\"] }]"),
            grace.clone(),
            "needs 1 approval of `grace`",
        ),
        (
            policy("callers = [\"arn:aws:states:*:*:stateMachine:release-*\"]"),
            grace.clone(),
            "the `callers` of policy `pay` do not let the self-test ask",
        ),
        (
            policy("").replace("approvers = [\"ada\", \"grace\"]", "approvers = [\"oncall\"]")
                + "[groups]\noncall = { slack_usergroup = \"S1\" }",
            grace.clone(),
            "who is in the group `oncall` of policy `pay` is asked",
        ),
        (policy("").replace("approvers = [\"ada\", \"grace\"]", "approvers = [\"ada\"]"), grace, "approval.approvers"),
    ];
    for (policy, choice, words) in cases {
        let problem = planned(&policy, &choice, &[]).unwrap_err();
        assert!(problem.contains(words), "{words}: {problem}");
    }
}

#[test]
fn who_may_ask_and_approve_alone_is_what_the_policy_says() {
    let alone = planned(&policy("self_approval = true"), &choice(None, Some("grace"), None), &[]).unwrap();
    assert_eq!(alone.rounds[0].input["requestedBy"], "grace");
    let optional = planned(&policy("requester = \"optional\""), &choice(None, Some("grace"), None), &[]).unwrap();
    assert_eq!(optional.rounds[0].input["requestedBy"], Value::Null);
    let callers = "callers = [\"arn:aws:states:*:*:stateMachine:SelfTest-*\"]";
    assert!(planned(&policy(callers), &choice(None, Some("grace"), Some("ada")), &[]).is_ok());
}

/// What is judged before anybody is asked is what the machine asks.
#[test]
fn the_machine_asks_in_the_words_that_were_judged() {
    let machine: Value =
        serde_json::from_str(include_str!("../../../../infra/state-machines/self-test.asl.json")).unwrap();
    let payload = &machine["States"]["Approval"]["Arguments"]["Payload"];
    assert_eq!(payload["approval"]["summary"], SUMMARY);
    assert_eq!(payload["timeoutSeconds"], TIMEOUT_SECONDS);
    let written = payload["approval"]["title"].as_str().unwrap();
    for platform in [Platform::Slack, Platform::Teams, Platform::Email] {
        let (before, place) =
            title(platform).rsplit_once(": decide ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(written.contains(&before) && written.contains(&format!("'{place}'")), "{written}");
    }
}

fn at(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn place(platform: Platform, target: &str) -> At {
    At { platform, target: Some(target.to_owned()), message: None }
}

fn who() -> Who {
    Who { person: PersonId::parse("grace").unwrap(), name: "Grace".to_owned() }
}

/// A trail with these entries.
fn trail(entries: Vec<(i64, What)>) -> Vec<Entry> {
    let id = id();
    let mut head = Head::genesis(&id);
    let entry = |(seconds, what)| {
        let entry = Entry::after(&id, &head, what, at(seconds));
        head = entry.head();
        entry
    };
    entries.into_iter().map(entry).collect()
}

fn id() -> ApprovalId {
    ApprovalId::of(&TaskToken::parse("a token").unwrap())
}

fn raised() -> What {
    serde_json::from_value(json!({
        "kind": "raised", "policy": "pay", "title": "t", "requester": null, "deadline": at(1800), "required": 1,
        "execution": "arn:aws:states:eu-west-1:123456789012:execution:SelfTest-1:self-test-1", "approvers": ["grace"],
    }))
    .unwrap()
}

fn voted(platform: Platform) -> What {
    What::Voted {
        who: who(),
        stands_for: Vec::new(),
        platform,
        verdict: Decision::Approve,
        comment: None,
        inputs: serde_json::Map::new(),
        content: None,
    }
}

/// One that is out in Slack and by mail, decided there, and closed in these places.
fn run_of(decided: Platform, closed: &[(i64, At)]) -> Vec<Entry> {
    let mut entries = vec![
        (0, raised()),
        (1, What::Delivered { places: vec![place(Platform::Slack, "C1")] }),
        (2, What::Delivered { places: vec![place(Platform::Email, "grace")] }),
        (14, voted(decided)),
        (14, What::Decided { verdict: Decision::Approve }),
        (15, What::Updated { status: Status::Resolving, places: vec![place(Platform::Slack, "C1")] }),
        (16, What::Resolved { status: Status::Approved, reason: None }),
    ];
    for (seconds, place) in closed {
        entries.push((*seconds, What::Updated { status: Status::Approved, places: vec![place.clone()] }));
    }
    trail(entries)
}

fn told(platform: Platform, entries: &[Entry], problem: Option<&str>) -> (String, Value) {
    let mut ran = Ran::new(platform);
    ran.times = Times::of(entries);
    ran.problem = problem.map(str::to_owned);
    let mut report = Report::of("pay".to_owned(), Vec::new());
    report.ran.push(ran);
    (report.lines()[0].to_string(), report.json())
}

#[test]
fn each_step_is_told_with_how_long_it_took() {
    let closed = [(17, place(Platform::Slack, "C1")), (19, place(Platform::Email, "grace"))];
    let mut times = Times::of(&run_of(Platform::Slack, &closed[..1]));
    assert!(!times.is_done() && times.unanswered() == ["grace"], "the trail has nothing of the answer to a mail");
    times.answered("grace", at(19));
    assert!(times.is_done() && times.unanswered().is_empty());
    let entries = run_of(Platform::Slack, &closed);
    assert_eq!(times, Times::of(&entries));
    let (line, json) = told(Platform::Slack, &entries, None);
    assert_eq!(
        line,
        "ok       self-test Slack          out after Slack 1.0 s, e-mail 2.0 s; approved in Slack by Grace after 14.0 s; closed \
         Slack 3.0 s, e-mail 5.0 s later"
    );
    let approval = &json["approvals"][0];
    assert_eq!(
        (&json["ok"], &approval["decidedOn"], &approval["decidedAfterMs"]),
        (&json!(true), &json!("slack"), &json!(14_000))
    );
    assert_eq!(approval["closedAfterMs"], json!({ "slack": 3_000, "email": 5_000 }));
}

#[test]
fn what_was_not_tried_and_what_stays_open_is_a_failure() {
    let closed = [(17, place(Platform::Slack, "C1")), (19, place(Platform::Email, "grace"))];
    let (line, json) = told(Platform::Slack, &run_of(Platform::Email, &closed), None);
    assert!(
        line.starts_with(
            "FAIL     self-test Slack          it was to be decided in Slack, whose button nobody has tried"
        ),
        "{line}"
    );
    assert_eq!(json["ok"], false);
    let (line, _) =
        told(Platform::Slack, &run_of(Platform::Slack, &closed[..1]), Some("not every copy was closed in time"));
    assert!(
        line.contains("not every copy was closed in time; out after Slack 1.0 s")
            && line.contains("still open in e-mail"),
        "{line}"
    );
    let mut entries = run_of(Platform::Slack, &closed[..1]);
    entries.extend(trail(vec![(20, What::Lost { places: vec![place(Platform::Email, "grace")] })]));
    assert!(Times::of(&entries).is_done());
    let (line, _) = told(Platform::Slack, &entries, None);
    assert!(line.contains("a copy in e-mail can no longer be closed"), "{line}");
    let failure = Failure {
        place: place(Platform::Teams, "19:a"),
        problem: "BotNotInConversationRoster".to_owned(),
        again: true,
        maybe: false,
    };
    let entries = trail(vec![(0, raised()), (1, What::Undelivered { failures: vec![failure] })]);
    let (line, _) = told(Platform::Teams, &entries, Some("nobody decided in time"));
    assert!(line.contains("it is out nowhere yet; it is not out there: BotNotInConversationRoster"), "{line}");
    let cancelled = trail(vec![(0, raised()), (1, What::Resolved { status: Status::Cancelled, reason: None })]);
    let (line, _) = told(Platform::Teams, &cancelled, None);
    assert!(line.contains("nobody has decided it, and it is cancelled"), "{line}");
}

/// Asks on a small Step Functions, on which nobody is there to be asked.
async fn asked(executions: Executions) -> (Ran, Vec<String>) {
    let account = Account {
        tables: Mutex::new([("approvals".to_owned(), [].into())].into()),
        executions: Mutex::new(executions),
        ..Account::default()
    };
    let (aws, account) = fake::serve_shared(account).await;
    let at_once = Patience { decision: Duration::ZERO, closing: Duration::ZERO, pause: Duration::ZERO };
    let store = DynamoDbStore::new(aws.config(), "approvals".to_owned());
    let machines = aws_sdk_sfn::Client::new(aws.config());
    let place = Place { machines, store, machine: MACHINE, patience: at_once, clock: now };
    let input = json!({ "policy": "pay", "platform": "slack", "approver": "grace", "requestedBy": "ada" });
    let ran = place.ran(Round { platform: Platform::Slack, input: input.clone() }).await;
    let executions = account.executions.lock().unwrap();
    assert!(executions.started.iter().all(|started| *started == input), "{:?}", executions.started);
    (ran, executions.stopped.clone())
}

#[tokio::test]
async fn what_nobody_decides_is_stopped() {
    let (ran, stopped) = asked(Executions::default()).await;
    assert_eq!(ran.problem.as_deref(), Some("nobody decided in time"));
    assert!(ran.is_stopped && stopped == [ran.execution.clone().unwrap()], "{stopped:?}");
}

#[tokio::test]
async fn what_the_notifier_refuses_is_told_in_its_words() {
    let failed =
        ("InvalidApprovalRequest".to_owned(), "approval.policy: the policy file has no policy `pay`".to_owned());
    let (ran, _) = asked(Executions { fails: Some(failed), ..Executions::default() }).await;
    assert_eq!(
        ran.problem.as_deref(),
        Some("the execution is FAILED: InvalidApprovalRequest, approval.policy: the policy file has no policy `pay`")
    );
}

#[tokio::test]
async fn whoever_may_not_start_it_is_told_so() {
    let (ran, stopped) = asked(Executions { may_not_start: true, ..Executions::default() }).await;
    let problem = ran.problem.unwrap();
    assert!(problem.contains("(AccessDeniedException) when calling the StartExecution operation"), "{problem}");
    assert!(ran.execution.is_none() && stopped.is_empty());
}
