//! A policy that is pushed while functions run: who goes by which version, and since when.

mod shelf;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_bot::approval::explain::explain;
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::app::App;
use countersign_bot::flow::notify;
use countersign_bot::lambda::live::Live;
use countersign_bot::lambda::policy::LivePolicy;
use countersign_bot::messages::dialect::PLAIN;
use countersign_bot::messages::explanation;
use countersign_bot::ports::{Policies, SecretValues};
use countersign_bot::startup::{Bot, routes};
use countersign_playground::memory::LocalClock;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::shelf::Shelf;
use crate::support::logs::Logs;
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, START, policy};

/// A function of a world, with its policy on a shelf.
struct Function {
    harness: Harness,
    shelf: Arc<Shelf>,
    alarms: Arc<AtomicUsize>,
    live: Live<Bot>,
}

impl Function {
    /// One that starts with these versions on the shelf.
    async fn start(versions: &[String]) -> Self {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let shelf = Arc::new(Shelf::default());
        for text in versions {
            shelf.push(text).await;
        }
        let alarms = Arc::new(AtomicUsize::default());
        let live = begin(&harness, &shelf, &alarms).await;
        Self { harness, shelf, alarms, live }
    }

    /// Starts another one beside it, in the place of the first.
    async fn start_anew(&mut self) {
        self.live = begin(&self.harness, &self.shelf, &self.alarms).await;
    }

    fn pass_time(&self, seconds: i64) {
        self.harness.world.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn app(&self) -> App {
        self.live.value().await.app
    }

    async fn version(&self) -> Option<u32> {
        self.app().await.policy.version()
    }

    /// A workflow asks.
    async fn ask(&self, token: &str) -> Result<Approval, notify::Error> {
        let answer = notify::notify(&self.app().await, input(token)).await?;
        let all = self.harness.world.store.all().into_iter();
        Ok(all.into_iter().find(|approval| json!(approval.id) == answer["approvalId"]).unwrap())
    }

    fn alarms(&self) -> usize {
        self.alarms.load(Ordering::Relaxed)
    }

    /// What Slack is answered to a command of Ada's.
    async fn slack(&self, command: &str) -> String {
        let router = routes::router(self.live.value().await);
        let (slack, linus) = (&self.harness.world.slack, self.harness.user("linus"));
        let body = serde_urlencoded::to_string([
            ("command", command),
            ("text", ""),
            ("team_id", &linus.team_id),
            ("user_id", &linus.id),
            ("channel_id", "C0FINANCE"),
            ("trigger_id", "1.2"),
        ]);
        let body = body.unwrap();
        let mut request =
            axum::http::Request::post("/slack/commands").body(axum::body::Body::from(body.clone())).unwrap();
        *request.headers_mut() = slack.signed_headers(body.as_bytes());
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["text"].as_str().unwrap().to_owned()
    }
}

async fn begin(harness: &Harness, shelf: &Arc<Shelf>, alarms: &Arc<AtomicUsize>) -> Live<Bot> {
    let clock = Arc::new(LocalClock(harness.world.clock.clone()));
    let machines: BTreeSet<String> = ["calculation".to_owned()].into();
    let alarm = {
        let alarms = alarms.clone();
        move || {
            alarms.fetch_add(1, Ordering::Relaxed);
        }
    };
    let policy = LivePolicy::new(shelf.clone(), clock.clone(), machines, alarm);
    let bot = (*harness.world.bot()).clone();
    let make = move |_: Option<&SecretValues>, policy: &Arc<Policy>| {
        Ok(Bot { app: App { policy: policy.clone(), ..bot.app.clone() }, ..bot.clone() })
    };
    Live::start(None, policy, clock, make).await.unwrap()
}

fn input(token: &str) -> Value {
    json!({
        "taskToken": token, "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
        "stateEnteredAt": START, "timeoutSeconds": 600, "approval": { "policy": "calculation", "title": "By hand" },
    })
}

/// Nobody alone can approve.
fn stricter() -> String {
    policy(&RULES.replace("[\"finance\"]", "[\"finance\"]\nrequired = 2"))
}

#[tokio::test]
async fn a_function_that_runs_goes_by_a_push_within_a_minute_and_what_is_open_keeps_its_rules() {
    let function = Function::start(&[policy(RULES)]).await;
    let before = function.ask("before").await.unwrap();
    assert_eq!((before.policy_version, before.rules.required), (Some(1), 1));
    function.shelf.push(&stricter()).await;
    function.pass_time(59);
    assert_eq!(function.version().await, Some(1));
    function.pass_time(1);
    assert_eq!(function.version().await, Some(2));
    let after = function.ask("after").await.unwrap();
    assert_eq!((after.policy_version, after.rules.required), (Some(2), 2));
    let kept = function.harness.record(&before.id);
    assert_eq!((kept.policy_version, kept.rules.required), (Some(1), 1));
    let now = function.harness.world.clock.now();
    let told = |approval: &Approval| {
        let grace = approval.rules.approvers[0].clone();
        explanation::text(approval, &explain(approval, &grace, now), None, PLAIN)
    };
    for (approval, version) in [(&kept, 1), (&after, 2)] {
        assert!(
            told(approval).contains(&format!("\n• Policy: calculation, version {version}\n")),
            "{}",
            told(approval)
        );
    }
    let asked = function.harness.events("Approval Requested");
    assert_eq!(asked.iter().map(|event| &event["policyVersion"]).collect::<Vec<_>>(), [&json!(1), &json!(2)]);
}

#[tokio::test]
async fn which_version_is_in_force_is_asked_once_a_minute() {
    let function = Function::start(&[policy(RULES)]).await;
    let begun = function.shelf.asked.load(Ordering::Relaxed);
    assert_eq!(begun, 2, "who starts reads the newest version and what is noted, both at once");
    for _ in 0..120 {
        function.pass_time(1);
        function.app().await;
    }
    assert_eq!(function.shelf.asked.load(Ordering::Relaxed), begun + 2);
}

#[tokio::test]
async fn a_function_that_starts_writes_nothing_unless_it_is_the_first_to_go_by_a_version() {
    let mut function = Function::start(&[policy(RULES_WITH_TEAMS)]).await;
    let noted = |function: &Function| function.shelf.noted.load(Ordering::Relaxed);
    assert_eq!((function.version().await, noted(&function)), (Some(1), 1));
    function.start_anew().await;
    assert_eq!((function.version().await, noted(&function)), (Some(1), 1));
    function.shelf.push(&policy(RULES)).await;
    function.start_anew().await;
    assert_eq!((function.version().await, noted(&function)), (Some(2), 2));
}

#[tokio::test]
async fn a_version_that_cannot_be_used_changes_nothing_and_raises_an_alarm() {
    let (logs, _guard) = Logs::catch();
    for broken in ["[policies.none]\n", "people = 1\n"] {
        let mut function = Function::start(&[policy(RULES)]).await;
        let number = function.shelf.push(broken).await;
        assert_eq!((number, function.alarms()), (2, 0));
        let told = logs.text().matches("this version of the policy cannot be used").count();
        for minute in 1..=3 {
            function.pass_time(60);
            assert_eq!((function.version().await, function.alarms()), (Some(1), minute));
        }
        assert_eq!(logs.text().matches("this version of the policy cannot be used").count(), told + 1);
        assert_eq!(function.ask("meanwhile").await.unwrap().policy_version, Some(1));

        function.start_anew().await;
        assert_eq!(
            (function.version().await, function.alarms()),
            (Some(1), 4),
            "one that starts now goes by it as well"
        );

        function.shelf.push(&stricter()).await;
        function.pass_time(60);
        assert_eq!((function.version().await, function.alarms()), (Some(3), 4));
    }
}

/// A deployment has lost a machine: that brings nobody back who could decide before, and starts nothing.
#[tokio::test]
async fn a_command_whose_machine_is_not_known_is_left_out_and_the_rest_is_in_force() {
    let (logs, _guard) = Logs::catch();
    let mut function = Function::start(&[policy(RULES)]).await;
    function.shelf.push(&stricter().replace("state_machine = \"calculation\"", "state_machine = \"refunds\"")).await;
    function.pass_time(60);
    assert_eq!((function.version().await, function.alarms()), (Some(2), 1));
    function.start_anew().await;
    assert_eq!((function.version().await, function.alarms()), (Some(2), 2), "one that starts now goes by it as well");
    let approval = function.ask("meanwhile").await.unwrap();
    assert_eq!((approval.policy_version, approval.rules.required), (Some(2), 2));
    assert!(!function.slack("/start").await.contains("Calculation"));
    assert!(logs.text().contains("a command is left out"), "{}", logs.text());
    function.pass_time(60);
    assert_eq!((function.version().await, function.alarms()), (Some(2), 3), "it is told as long as it is so");
    function.shelf.push(&stricter()).await;
    function.pass_time(60);
    assert_eq!((function.version().await, function.alarms()), (Some(3), 3));
    assert!(function.slack("/start").await.contains("Calculation"));
}

/// A stricter parser refuses what was in force; those before it would give rights back that it took.
#[tokio::test]
async fn a_function_that_starts_goes_back_behind_nothing_that_was_in_force() {
    let mut function = Function::start(&[policy(RULES)]).await;
    assert_eq!(function.version().await, Some(1));
    function.shelf.push(&stricter()).await;
    function.pass_time(60);
    assert_eq!(function.version().await, Some(2));
    function.shelf.unusable_from.store(2, Ordering::Relaxed);
    function.start_anew().await;
    assert_eq!((function.version().await, function.alarms()), (None, 1));
    assert_eq!(function.ask("early").await.unwrap_err().name(), "ApprovalStoreUnavailable");
    assert!(function.slack("/approvals").await.contains("The policy of this app cannot be used"));
    // Two are pushed that cannot be used either: nothing is gone back to but what was in force last.
    function.shelf.unusable_from.store(3, Ordering::Relaxed);
    function.shelf.push(&policy(RULES)).await;
    function.shelf.push(&policy(RULES)).await;
    function.start_anew().await;
    assert_eq!((function.version().await, function.alarms()), (Some(2), 2));
}

/// Nobody knows what was in force before this was noted.
#[tokio::test]
async fn a_function_that_starts_goes_back_to_nothing_that_was_not_noted() {
    let mut function = Function::start(&[]).await;
    function.shelf.push(&policy(RULES)).await;
    function.shelf.push("[policies.none]\n").await;
    function.start_anew().await;
    assert_eq!((function.version().await, function.alarms()), (None, 1));
}

#[tokio::test]
async fn what_was_altered_in_the_table_is_not_used() {
    let function = Function::start(&[policy(RULES)]).await;
    let right = PolicyVersion::after(1, stricter(), "ada".to_owned(), START.parse().unwrap());
    let altered = PolicyVersion { text: policy(RULES).replace("U0GRACE", "U0EVE"), ..right };
    assert!(function.shelf.versions.push(&altered).await.unwrap());
    function.pass_time(60);
    assert_eq!((function.version().await, function.alarms()), (Some(1), 1));
}

#[tokio::test]
async fn a_store_that_does_not_answer_leaves_the_policy_in_force() {
    let function = Function::start(&[policy(RULES)]).await;
    function.shelf.push(&stricter()).await;
    function.shelf.is_closed.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        function.pass_time(60);
        assert_eq!((function.version().await, function.alarms()), (Some(1), 0));
    }
    function.shelf.is_closed.store(false, Ordering::Relaxed);
    function.pass_time(60);
    assert_eq!(function.version().await, Some(2));
}

/// Whoever presses waits for the reading.
#[tokio::test]
async fn a_store_that_hangs_is_given_up_and_leaves_the_policy_in_force() {
    let function = Function::start(&[policy(RULES)]).await;
    function.shelf.push(&stricter()).await;
    function.shelf.hangs.store(true, Ordering::Relaxed);
    function.pass_time(60);
    let in_time = tokio::time::timeout(Duration::from_secs(3), function.version()).await;
    assert_eq!(in_time, Ok(Some(1)));
    function.shelf.hangs.store(false, Ordering::Relaxed);
    function.pass_time(60);
    assert_eq!(function.version().await, Some(2));
}

/// Somebody has removed the item, or the table was put back to before the first push.
#[tokio::test]
async fn a_table_that_no_longer_says_which_version_leaves_the_policy_in_force() {
    let (logs, _guard) = Logs::catch();
    let function = Function::start(&[policy(RULES)]).await;
    function.shelf.is_lost.store(true, Ordering::Relaxed);
    function.pass_time(60);
    assert_eq!(function.version().await, Some(1));
    assert!(logs.text().contains("no longer says which version"), "{}", logs.text());
    assert_eq!(function.ask("meanwhile").await.unwrap().policy_version, Some(1));
}

#[tokio::test]
async fn without_a_policy_nothing_is_asked_and_everybody_hears_why() {
    let function = Function::start(&[]).await;
    let refused = function.ask("early").await.unwrap_err();
    assert_eq!(refused.name(), "ApprovalStoreUnavailable", "the state tries again");
    assert_eq!(refused.to_string(), "the policy is unavailable: nobody has pushed one yet");
    for command in ["/start", "/approvals"] {
        let told = function.slack(command).await;
        assert!(told.starts_with("No policy has been pushed yet"), "{command}: {told}");
    }
    assert!(function.harness.world.store.all().is_empty());
    function.shelf.push(&policy(RULES)).await;
    function.pass_time(5);
    assert_eq!(function.ask("early").await.unwrap().policy_version, Some(1));
    assert!(!function.slack("/start").await.contains("policy"));
}

/// Another function has sent the card, and gone by a policy.
#[tokio::test]
async fn whoever_presses_in_teams_without_a_policy_hears_why() {
    let function = Function::start(&[]).await;
    let approval = function.harness.ask().await;
    let card = function.harness.teams_card(&approval).id;
    let teams = &function.harness.world.teams;
    let press = teams.invoke_payload(&function.harness.teams_user("grace"), &card, "approve", &[]).unwrap();
    let token = format!("Bearer {}", teams.token().mint());
    let request = axum::http::Request::post("/teams/messages").header("authorization", token);
    let request = request.body(axum::body::Body::from(press.to_string())).unwrap();
    let response = routes::router(function.live.value().await).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert!(told["value"].as_str().unwrap().starts_with("No policy has been pushed yet"), "{told}");
    assert_eq!(function.harness.record(&approval.id).votes, []);
}

#[tokio::test]
async fn while_a_function_that_starts_cannot_read_the_policy_it_is_tried_again() {
    let mut function = Function::start(&[policy(RULES)]).await;
    function.shelf.is_closed.store(true, Ordering::Relaxed);
    function.start_anew().await;
    assert_eq!(function.ask("early").await.unwrap_err().name(), "ApprovalStoreUnavailable");
    function.shelf.is_closed.store(false, Ordering::Relaxed);
    function.pass_time(5);
    assert_eq!(function.ask("early").await.unwrap().policy_version, Some(1));
}

#[tokio::test]
async fn the_answer_to_the_task_says_the_version() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    let approval = harness.settled(&approval, Status::Approved).await;
    let version = approval.policy_version.unwrap();
    let resolved = harness.events("Approval Resolved").remove(0);
    assert_eq!(resolved["policyVersion"], version);
    let trail = json!(harness.world.bot().app.ports.store.history(&approval.id).await.unwrap());
    assert_eq!(trail[0]["what"]["policyVersion"], version);
}
