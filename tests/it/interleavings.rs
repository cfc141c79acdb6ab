//! Any order of clicks, announcements, repairs, time and aborts, with a crash between any two steps: when all
//! is quiet again, Step Functions, the record, the card and the events say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use countersign_bot::announce;
use countersign_bot::app::{App, Ports};
use countersign_bot::approval::audit::{What, verify};
use countersign_bot::approval::decide::Command;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::{Approval, Platform, Vote};
use countersign_bot::approval::state::{Status, Verdict};
use countersign_bot::config::Config;
use countersign_bot::deadline::Deadline;
use countersign_bot::{notify, reconcile, resolve};
use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::engine::{Engine, TaskFate};
use countersign_playground::fakes::{FakeSlack, FakeSlackConfig, Fault};
use countersign_playground::memory::{LocalStepFunctions, MemoryBus, MemoryStore};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::stage::{Accepted, Director, staged};
use crate::support::{START, has_buttons, policy, shown};

const RULES: &str = "approvers = [\"finance\", \"linus\"]\nslack_channel = \"C0FINANCE\"\nemail = \"never\"\n\
     remind_after = [\"100s\", \"200s\"]\nescalate_after = \"150s\"\nescalate_to = [\"ada\"]";
const MACHINE: &str = r#"{
    "StartAt": "Approval",
    "States": {"Approval": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true, "TimeoutSeconds": 600,
        "Parameters": {"FunctionName": "ask", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600,
            "approval": {"policy": "calculation", "title": "Any order"}
        }}
    }}
}"#;

/// Somebody or something that acts.
#[derive(Debug, Clone, Copy)]
enum Part {
    Click { person: usize, verdict: Verdict },
    Announce { again: bool },
    Reconcile,
    Wait { seconds: i64 },
    Abort,
    SlackFails,
    BusRefuses,
}

/// One choice of the director: who is next, counted around those who can be, and whether they crash instead.
type Choice = (u8, bool);

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = prop_oneof![
        6 => (0..3_usize, any::<bool>()).prop_map(|(person, approve)| Part::Click {
            person, verdict: if approve { Verdict::Approve } else { Verdict::Reject }
        }),
        4 => any::<bool>().prop_map(|again| Part::Announce { again }),
        3 => Just(Part::Reconcile),
        3 => prop_oneof![3 => Just(1), 2 => Just(20), 1 => Just(100), 2 => Just(599)].prop_map(|seconds| Part::Wait { seconds }),
        1 => Just(Part::Abort),
        1 => Just(Part::SlackFails),
        1 => Just(Part::BusRefuses),
    ];
    prop::collection::vec(part, 1..8)
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec((any::<u8>(), prop::bool::weighted(0.05)), 0..120)
}

/// What all cases of a run share.
struct Stage {
    clock: Clock,
    engine: Engine,
    store: Arc<MemoryStore>,
    bus: MemoryBus,
    slack: FakeSlack,
    app: App,
    accepted: Accepted,
    refusing_bus: Arc<AtomicBool>,
    asked: Arc<std::sync::Mutex<Vec<Value>>>,
    machine: String,
    runs: AtomicU64,
}

impl Stage {
    async fn build(required: usize) -> Self {
        let (clock, changes) = (Clock::manual(START.parse().unwrap()), Changes::default());
        let engine = Engine::new(clock.clone());
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let inputs = asked.clone();
        engine.register(
            "ask",
            Arc::new(move |input| {
                inputs.lock().unwrap().push(input);
                Box::pin(async { Ok(Value::Null) })
            }),
        );
        let machine = engine.load("any-order", MACHINE, &BTreeMap::new()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let slack = FakeSlack::new(FakeSlackConfig {
            bot_token: "xoxb-stage".to_owned(),
            signing_secret: "stage".to_owned(),
            team_id: "T0LOCAL".to_owned(),
            bot_url: url.clone(),
            clock: clock.clone(),
            changes: changes.clone(),
        });
        tokio::spawn(axum::serve(listener, slack.router()).into_future());
        let settings = BTreeMap::from([
            ("COUNTERSIGN_PUBLIC_URL", url.clone()),
            ("COUNTERSIGN_SLACK_SIGNING_SECRET", "stage".to_owned()),
            ("COUNTERSIGN_SLACK_BOT_TOKEN", "xoxb-stage".to_owned()),
            ("COUNTERSIGN_SLACK_API_URL", url),
        ]);
        let config = Config::from_lookup(|name| settings.get(name).cloned()).unwrap();
        let store = Arc::new(MemoryStore::new(changes.clone()));
        let bus = MemoryBus::new(clock.clone(), changes);
        let ports = Ports {
            store: store.clone(),
            step_functions: Arc::new(LocalStepFunctions(engine.clone())),
            bus: Arc::new(bus.clone()),
            clock: Arc::new(clock.clone()),
        };
        let (accepted, refusing_bus) = (Accepted::default(), Arc::new(AtomicBool::new(false)));
        let policy = policy_file::read(&policy(&format!("{RULES}\nrequired = {required}"))).unwrap();
        let app = App::new(&config, policy, staged(ports, accepted.clone(), refusing_bus.clone()), None).unwrap();
        Self { clock, engine, store, bus, slack, app, accepted, refusing_bus, asked, machine, runs: AtomicU64::new(0) }
    }

    /// Starts a run of its own and posts its card.
    async fn raise(&self) -> Approval {
        // What a case before has left undone is not this one's.
        self.slack.recover();
        self.refusing_bus.store(false, Ordering::Relaxed);
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        self.engine.start_execution(&self.machine, &format!("run-{run}"), json!({})).unwrap();
        let input = loop {
            if let Some(input) = self.asked.lock().unwrap().pop() {
                break input;
            }
            tokio::task::yield_now().await;
        };
        notify::notify(&self.app, input).await.unwrap();
        self.store.all().into_iter().find(|approval| approval.resolution().is_none()).unwrap()
    }

    fn part(&self, part: Part, approval: &Approval) -> futures::future::BoxFuture<'static, ()> {
        let (app, id) = (self.app.clone(), approval.id.clone());
        match part {
            Part::Click { person, verdict } => {
                let person = approval.rules.approvers[person % approval.rules.approvers.len()].clone();
                let command = Command { person, platform: Platform::Slack, verdict, comment: None, message: None };
                Box::pin(async move {
                    let _ = resolve::carry_out(&app, &id, &command, Deadline::after(Deadline::BACKGROUND)).await;
                })
            }
            Part::Announce { again } => {
                let mut events = self.bus.carried();
                if again {
                    events.reverse();
                }
                let ours = |event: &Value| event["detail"]["approvalId"] == id.as_str();
                let event = events.into_iter().rev().find(ours);
                Box::pin(async move {
                    if let Some(event) = event {
                        let _ = announce::handle(&app, serde_json::from_value(event).unwrap()).await;
                    }
                })
            }
            Part::Reconcile => Box::pin(async move {
                let _ = reconcile::pass(&app).await;
            }),
            Part::Wait { seconds } => {
                let clock = self.clock.clone();
                Box::pin(async move { clock.advance(SignedDuration::from_secs(seconds)) })
            }
            Part::Abort => {
                let (engine, execution) = (self.engine.clone(), approval.request.execution.clone());
                Box::pin(async move {
                    let _ = engine.stop_execution(execution.as_str(), "Stopped", "by hand");
                })
            }
            Part::SlackFails => {
                let slack = self.slack.clone();
                Box::pin(async move { slack.fail_next("chat.update", Fault::NotOk("internal_error".to_owned())) })
            }
            Part::BusRefuses => {
                let refusing_bus = self.refusing_bus.clone();
                Box::pin(async move { refusing_bus.store(true, Ordering::Relaxed) })
            }
        }
    }

    /// Plays the parts in the order of the choices. Nobody is in the middle of something for longer than a
    /// minute: the deadline of all that the bot does is shorter, so a long wait ends whoever is.
    async fn play(&self, approval: &Approval, parts: &[Part], choices: &[Choice]) {
        let mut director = Director::default();
        let (mut parts, mut choices, mut waited) = (parts.to_vec(), choices.iter(), 0);
        loop {
            let waiting = director.waiting();
            let candidates = waiting.len() + usize::from(!parts.is_empty());
            if candidates == 0 {
                return;
            }
            let (choice, crash) = choices.next().copied().unwrap_or((0, false));
            match waiting.get(usize::from(choice) % candidates) {
                Some(actor) => director.step(*actor, crash).await,
                None => {
                    let part = parts.remove(0);
                    if let Part::Wait { seconds } = part {
                        waited += seconds;
                        if waited >= 60 {
                            director.crash_all();
                            waited = 0;
                        }
                    }
                    director.begin(self.part(part, approval)).await;
                }
            }
        }
    }

    /// The services are back and time goes on: the schedule invokes the reconciler until all is quiet.
    async fn calm_down(&self, approval: &Approval) -> Approval {
        for _ in 0..30 {
            reconcile::pass(&self.app).await.unwrap();
            let record = self.store.all().into_iter().find(|record| record.id == approval.id).unwrap();
            if record.due_at().is_none() {
                return record;
            }
            self.clock.advance(SignedDuration::from_secs(61));
        }
        panic!("not quiet after half an hour: {:?}", self.store.all().into_iter().find(|it| it.id == approval.id));
    }

    /// The audit trail is whole, and tells the same end once.
    async fn check_trail(&self, record: &Approval) {
        let entries = self.app.ports.store.history(&record.id).await.unwrap();
        assert_eq!(verify(&record.id, &entries, &record.audit), Ok(()));
        let ends: Vec<&What> =
            entries.iter().map(|entry| &entry.what).filter(|what| matches!(what, What::Resolved { .. })).collect();
        assert!(matches!(ends[..], [What::Resolved { status, .. }] if *status == record.status()), "{ends:?}");
        let last_word = |vote: &Vote| {
            let said = What::from(vote);
            entries.iter().any(|entry| entry.what == said && entry.at == vote.at)
        };
        assert!(record.votes.iter().all(last_word), "every vote is in the trail: {entries:?}");
        let calls = entries.iter().map(|entry| &entry.what).enumerate();
        let ended = entries.iter().position(|entry| matches!(entry.what, What::Decided { .. } | What::Resolved { .. }));
        let calls: Vec<_> =
            calls.filter(|(_, what)| matches!(what, What::Reminded { .. } | What::Escalated { .. })).collect();
        assert!(calls.iter().all(|(place, _)| Some(*place) < ended), "nobody is called after the end: {entries:?}");
        let escalations = calls.iter().filter(|(_, what)| matches!(what, What::Escalated { .. })).count();
        assert!(escalations <= 1 && calls.len() - escalations <= 2, "each call is made once: {calls:?}");
        let went_out = entries.iter().filter(|entry| matches!(entry.what, What::Delivered { .. })).count();
        assert_eq!(went_out, 1, "the card went out once");
    }

    fn check(&self, record: &Approval) {
        let expected = match self.engine.task(record.token.expose()) {
            TaskFate::Succeeded(_) => Status::Approved,
            TaskFate::Failed { .. } => Status::Rejected,
            TaskFate::TimedOut => Status::Expired,
            TaskFate::Aborted => Status::Cancelled,
            open => panic!("the task has not ended: {open:?}"),
        };
        assert_eq!(record.status(), expected, "the record says what Step Functions says");
        let callbacks = self.accepted.count(&record.token);
        assert_eq!(callbacks, usize::from(matches!(expected, Status::Approved | Status::Rejected)), "callbacks");
        let people: BTreeSet<_> = record.votes.iter().map(|vote| &vote.person).collect();
        assert_eq!(people.len(), record.votes.len(), "a person has one vote");
        if expected == Status::Approved {
            assert!(record.approvals() >= record.rules.required, "the quorum was filled");
        }
        let (channel, ts) = crate::support::card_of(record);
        let card = self.slack.messages(&channel).into_iter().find(|message| message.ts == ts).unwrap();
        let thread = self.slack.messages(&channel).into_iter().filter(|note| note.thread_ts.as_ref() == Some(&ts));
        let is_call: Vec<bool> = thread.map(|note| note.text.contains("still waits for a decision")).collect();
        assert!(is_call.is_sorted_by_key(|is_call| !is_call), "no reminder follows the outcome in the thread");
        let word = match expected {
            Status::Approved => "Approved by",
            Status::Rejected => "Rejected by",
            Status::Expired => "This expired",
            _ => "This was cancelled",
        };
        assert!(!has_buttons(&card) && shown(&card).contains(word), "{expected:?}: {}", shown(&card));
        let resolved: Vec<Value> = self
            .bus
            .carried()
            .into_iter()
            .map(|event| event["detail"].clone())
            .filter(|detail| detail["eventId"] == format!("{}.resolved", record.id))
            .collect();
        assert!(!resolved.is_empty(), "the outcome was broadcast");
        assert!(resolved.iter().all(|detail| detail["status"] == expected.as_str()), "{resolved:?}");
    }
}

/// One runtime and one stage for all cases; each case has an approval of its own.
fn any_order(required: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::build(required));
    let config = ProptestConfig { cases: 300, max_shrink_iters: 2_000, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let seen = std::cell::RefCell::new(BTreeMap::<&str, usize>::new());
    let result = runner.run(&(parts(), choices()), |(parts, choices)| {
        runtime.block_on(async {
            let approval = stage.raise().await;
            stage.play(&approval, &parts, &choices).await;
            let record = stage.calm_down(&approval).await;
            stage.check(&record);
            stage.check_trail(&record).await;
            *seen.borrow_mut().entry(record.status().as_str()).or_default() += 1;
        });
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}\n{runner}");
    }
    for status in ["approved", "rejected", "expired", "cancelled"] {
        assert!(seen.borrow().contains_key(status), "no case ended as {status}: {seen:?}");
    }
}

#[test]
fn any_order_with_one_approver_ends_in_one_truth() {
    any_order(1);
}

#[test]
fn any_order_with_a_quorum_of_two_ends_in_one_truth() {
    any_order(2);
}

/// An announcer that holds an older card and dies after posting it must not have the last word.
#[tokio::test]
async fn no_older_card_follows_a_newer_one() {
    let stage = Stage::build(3).await;
    let approval = stage.raise().await;
    let announcement = || stage.part(Part::Announce { again: false }, &approval);
    let mut director = Director::default();
    stage.part(Part::Click { person: 0, verdict: Verdict::Approve }, &approval).await;
    director.begin(announcement()).await;
    let slow = director.waiting()[0];
    // Loading the record and taking the lease: before and after each call is a turn.
    for _ in 0..3 {
        director.step(slow, false).await;
    }
    stage.part(Part::Click { person: 1, verdict: Verdict::Approve }, &approval).await;
    announcement().await;
    director.step(slow, false).await;
    director.step(slow, true).await;
    let (channel, ts) = crate::support::card_of(&approval);
    let card = || stage.slack.messages(&channel).into_iter().find(|message| message.ts == ts).unwrap();
    assert!(shown(&card()).contains("1 of 3 approvals"), "the slow one has posted its older card");
    stage.clock.advance(SignedDuration::from_secs(61));
    reconcile::pass(&stage.app).await.unwrap();
    assert!(shown(&card()).contains("2 of 3 approvals"), "{}", shown(&card()));
}
