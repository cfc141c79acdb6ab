//! What a state tries again and for how long: a function that wakes up, is busy or gets lost fails no workflow, and asks
//! nobody twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify::{self, APPROVAL_STORE_UNAVAILABLE};
use countersign_playground::engine::{ExecutionStatus, FunctionError};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, is_out};
use crate::workflow::{asks, machines, names, passed, tasks};

/// Nothing ran: Lambda makes the function ready. `docs/your-workflow.md` has the page of AWS for each name.
const WAKING: [&str; 3] =
    ["Lambda.CodeArtifactUserPendingException", "Lambda.ResourceConflictException", "Lambda.ResourceNotReadyException"];
/// Nothing ran: there are too many calls at once.
const BUSY: &str = "Lambda.TooManyRequestsException";
/// The function may have run. It may run again, since a request that it has made is superseded by the next.
const LOST: [&str; 6] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
];
/// The longest that a function which nobody had called for weeks was seen to take until it ran:
/// <https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/801>.
const WAKES_UP_IN: SignedDuration = SignedDuration::from_secs(106);

/// What may be tried again, whatever the function does.
fn of_every_function() -> BTreeSet<String> {
    WAKING.into_iter().chain([BUSY]).chain(LOST).map(str::to_owned).collect()
}

/// What may be tried again where nothing may be done twice.
fn of_nothing_that_ran() -> BTreeSet<String> {
    WAKING.into_iter().chain([BUSY]).map(str::to_owned).collect()
}

/// What may be tried again in a state that asks people.
fn of_the_notifier() -> BTreeSet<String> {
    of_every_function().into_iter().chain([APPROVAL_STORE_UNAVAILABLE.to_owned()]).collect()
}

/// The entries of a state's `Retry`.
fn retries(task: &Value) -> &[Value] {
    task["Retry"].as_array().map_or(&[], Vec::as_slice)
}

/// How many seconds all tries of an entry wait together, without jitter.
fn seconds_of(retry: &Value) -> f64 {
    let number = |field: &str| retry[field].as_f64();
    let (mut delay, mut sum) = (number("IntervalSeconds").unwrap(), 0.0);
    for _ in 0..retry["MaxAttempts"].as_u64().unwrap() {
        sum += delay.min(number("MaxDelaySeconds").unwrap_or(f64::INFINITY));
        delay *= number("BackoffRate").unwrap();
    }
    sum
}

#[test]
fn every_state_tries_again_what_may_be_tried_again_and_nothing_else() {
    for (file, machine) in machines() {
        for task in tasks(&machine) {
            let named: Vec<String> = retries(&task).iter().flat_map(names).collect();
            let is_function = task["Resource"].as_str().is_some_and(|resource| resource.contains("lambda:invoke"));
            let expected = match passed(&task)["FunctionName"].as_str() {
                _ if asks(&task) => of_the_notifier(),
                // What an agent's tool has done it may not do again.
                Some("${ToolsArn}") => of_nothing_that_ran(),
                _ if is_function => of_every_function(),
                _ => BTreeSet::new(),
            };
            assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), expected, "{file}: {task}");
            assert_eq!(named.len(), expected.len(), "{file}: each is named once: {task}");
        }
    }
}

/// Jitter may take away all of a delay, so a function that wakes up is waited for without.
#[test]
fn every_state_waits_longer_than_a_function_takes_to_wake_up() {
    for (file, machine) in machines() {
        for task in tasks(&machine) {
            for retry in retries(&task) {
                assert!(seconds_of(retry) >= 180.0, "{file}: {retry}");
                let wakes = names(retry).iter().any(|name| WAKING.contains(&name.as_str()));
                assert_eq!(retry["JitterStrategy"] == "FULL", !wakes, "{file}: {retry}");
            }
        }
    }
}

#[test]
fn the_document_explains_every_name_that_is_tried_again() {
    let document = include_str!("../../docs/your-workflow.md");
    let (_, section) = document.split_once("### What is tried again\n").unwrap();
    let (section, _) = section.split_once("\n#").unwrap();
    let cells = section.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let explained: BTreeSet<String> =
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(explained, of_the_notifier());
}

/// A world with the example of the documentation, and what may fail in it.
async fn world() -> (Harness, Faults) {
    let rules = format!("{RULES}\n[policies.deploy]\napprovers = [\"finance\"]\nslack_channel = \"C0FINANCE\"");
    let faults = Faults::default();
    let in_front = faults.clone();
    let harness = Harness::with(&rules, move |ports| in_front.in_front_of(ports)).await;
    (harness, faults)
}

fn start(harness: &Harness) {
    let substitutions = BTreeMap::from([("NotifierArn".to_owned(), "notifier".to_owned())]);
    let machine = include_str!("../../infra/state-machines/deploy-release.asl.json");
    let arn = harness.world.engine.load("deploy-release", machine, &substitutions).unwrap();
    let input = json!({ "version": "1.4.2", "requestedBy": "linus" });
    harness.world.engine.start_execution(&arn, "release-1.4.2", input).unwrap();
}

/// Puts a notifier in the place of the real one, which it calls, and whose answer it may change.
fn replace_notifier(harness: &Harness, change: impl Fn() -> Change + Send + Sync + 'static) {
    let app = harness.world.bot().app.clone();
    harness.world.engine.register(
        "notifier",
        Arc::new(move |input| {
            let (app, change) = (app.clone(), change());
            Box::pin(async move {
                if let Change::NotRun(error) = change {
                    return Err(failure(error));
                }
                let raised = notify::notify(&app, input).await.map_err(|error| failure(error.name()))?;
                if let Change::Lost(error) = change { Err(failure(error)) } else { Ok(raised) }
            })
        }),
    );
}

/// What becomes of a call of the notifier.
enum Change {
    Nothing,
    /// It is refused with this error, and nothing runs.
    NotRun(&'static str),
    /// It runs, and the call fails with this error all the same.
    Lost(&'static str),
}

fn failure(error: &str) -> FunctionError {
    FunctionError { error_type: error.to_owned(), message: "said by the test".to_owned() }
}

/// Time goes on until this many requests are out.
async fn asked(harness: &Harness, count: usize) -> Vec<Approval> {
    harness
        .until("the requests are out", |world| {
            world.clock.advance(SignedDuration::from_secs(1));
            let all: Vec<Approval> = world.store.all().into_iter().filter(is_out).collect();
            (all.len() == count).then_some(all)
        })
        .await
}

#[tokio::test]
async fn a_notifier_that_was_idle_for_weeks_is_waited_for() {
    for error in WAKING {
        let (harness, _) = world().await;
        let (clock, ready) = (harness.world.clock.clone(), harness.now() + WAKES_UP_IN);
        replace_notifier(&harness, move || if clock.now() < ready { Change::NotRun(error) } else { Change::Nothing });
        start(&harness);
        let approval = asked(&harness, 1).await.remove(0);
        assert!(harness.now() >= ready, "{error}");
        harness.press("grace", &approval, "approve", None).await;
        assert_eq!(harness.ended().await.output.unwrap()["status"], "deployed", "{error}");
    }
}

#[tokio::test]
async fn a_notifier_that_is_lost_after_it_has_asked_asks_anew_and_the_first_request_closes() {
    for error in LOST {
        let (harness, _) = world().await;
        let was_lost = AtomicBool::new(false);
        replace_notifier(&harness, move || match was_lost.swap(true, Ordering::Relaxed) {
            true => Change::Nothing,
            false => Change::Lost(error),
        });
        start(&harness);
        let first = asked(&harness, 1).await.remove(0);
        let second = asked(&harness, 2).await.into_iter().find(|approval| approval.id != first.id).unwrap();
        harness.settled(&first, Status::Superseded).await;
        harness.press("grace", &second, "approve", None).await;
        harness.settled(&second, Status::Approved).await;
        assert_eq!(harness.ended().await.output.unwrap()["status"], "deployed", "{error}");
    }
}

#[tokio::test]
async fn a_request_that_could_not_be_recorded_is_raised_again_and_asks_once() {
    let (harness, faults) = world().await;
    faults.next(Call::Raise, Fault::Refused);
    start(&harness);
    let approval = asked(&harness, 1).await.remove(0);
    assert_eq!(harness.world.slack.messages("C0FINANCE").len(), 1);
    harness.press("grace", &approval, "approve", None).await;
    assert_eq!(harness.ended().await.output.unwrap()["status"], "deployed");
}

#[tokio::test]
async fn a_request_that_is_never_recorded_fails_the_state_and_asks_nobody() {
    let (harness, faults) = world().await;
    faults.always(Call::Raise, Some(Fault::Refused));
    start(&harness);
    let ended = harness
        .until("the execution has ended", |world| {
            world.clock.advance(SignedDuration::from_secs(5));
            world.engine.executions().into_iter().find(|execution| execution.status != ExecutionStatus::Running)
        })
        .await;
    assert_eq!(ended.error.as_deref(), Some(APPROVAL_STORE_UNAVAILABLE));
    assert!(harness.world.slack.messages("C0FINANCE").is_empty() && harness.world.mailbox.mails().is_empty());
}
