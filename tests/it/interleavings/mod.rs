//! Any order of clicks on three platforms, cancellations, deliveries, repairs, retries, repetitions, time and aborts,
//! by machines whose clocks are off, with services that fail and a crash between any two steps, beside neighbours who mean
//! ill, also where the first cards were refused or the notifier was killed: when all is quiet again, Step Functions, the
//! record, every copy, the events and the audit trail say the same.
//!
//! A failure prints its seed and the shortest case that shows it, and is kept beside this file, from where it is played
//! first from then on. `COUNTERSIGN_SEED` plays the cases of another run again.

mod beginnings;
mod checks;
mod claims;
mod glass;
mod messengers;
mod neighbours;
mod parts;
mod seats;
mod stage;
mod stand_ins;

use std::cell::RefCell;
use std::collections::BTreeMap;

use countersign_bot::approval::delivery::Subject;
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::state::Verdict;
use jiff::SignedDuration;
use proptest::prelude::{Just, Strategy};
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use sha2::{Digest, Sha256};

use self::beginnings::{Beginning, bad_beginning, parts_after};
use self::parts::{Choice, Part, choices, parts};
use self::stage::Stage;
use crate::support::stage::Director;
use crate::support::{card_of, shown};

/// The cases of one batch share a stage, which remembers all of them and gets slower by that. `COUNTERSIGN_BATCHES` asks
/// for fewer.
const BATCHES: u32 = 40;
const CASES_A_BATCH: u32 = 25;
/// With seats only who counts is another matter.
const BATCHES_WITH_SEATS: u32 = 10;

/// So many of three people must approve.
fn of_three(required: usize) -> String {
    format!("approvers = [\"finance\", \"linus\"]\nrequired = {required}\nescalate_to = [\"ada\"]")
}

/// Linus fills one seat and Ada or Grace the other, of whom one is too many until Grace is called in and can fill either.
const SEATS: &str = "seats = [{ from = [\"linus\"] }, { from = [\"finance\"], count = 1 }]\nescalate_to = [\"grace\"]";

/// Plays a thousand cases whose requests all go out at once, and looks that each status was the end of some.
fn any_order(quorum: &str, batches: u32, regressions: &'static str) {
    let cases = (Just(Beginning::default()), parts(), choices());
    // A few cases need not end in every way.
    let statuses = ["approved", "rejected", "returned", "expired", "cancelled", "superseded"];
    any_order_after(quorum, batches, regressions, cases, &statuses);
}

#[expect(clippy::print_stdout, reason = "the seed is what the cases can be played from again")]
fn any_order_after(
    quorum: &str,
    of_batches: u32,
    regressions: &'static str,
    cases: impl Strategy<Value = (Beginning, Vec<Part>, Vec<Choice>)>,
    statuses: &[&str],
) {
    let seed = std::env::var_os("COUNTERSIGN_SEED").and_then(|seed| seed.into_string().ok());
    let seed = seed.unwrap_or_else(|| format!("{:016x}", fastrand::u64(..)));
    println!("COUNTERSIGN_SEED={seed}");
    let batches = std::env::var_os("COUNTERSIGN_BATCHES").map_or(of_batches, |batches| {
        batches.to_str().and_then(|batches| batches.parse().ok()).expect("COUNTERSIGN_BATCHES is a number")
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = RefCell::new(BTreeMap::<&str, usize>::new());
    for batch in 0..batches {
        let stage = runtime.block_on(Stage::build(quorum));
        let config = Config {
            cases: CASES_A_BATCH,
            max_shrink_iters: 2_000,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
            ..Config::default()
        };
        let rng: [u8; 32] = Sha256::digest(format!("{seed} {batch}")).into();
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &rng));
        let result = runner.run(&cases, |(beginning, parts, choices)| {
            // A thread of the tests has less room than a function.
            runtime.block_on(Box::pin(async {
                let case = stage.raise_after(&beginning).await;
                stage.play(&case, &parts, &choices).await;
                let approvals = stage.calm_down(&case).await;
                for (number, approval) in approvals.iter().enumerate() {
                    // Nobody is killed over the request of a later try.
                    let was_killed = number == 0 && beginning.killed_after.is_some();
                    stage.check(approval, approvals.get(number + 1), was_killed).await;
                    *seen.borrow_mut().entry(approval.status().as_str()).or_default() += 1;
                }
                if let Some(impostor) = stage.impostor(&case).await {
                    checks::check_impostor(&impostor);
                }
            }));
            Ok(())
        });
        if let Err(failure) = result {
            panic!("COUNTERSIGN_SEED={seed}: {failure}\n{runner}");
        }
    }
    for status in statuses {
        assert!(batches < of_batches || seen.borrow().contains_key(status), "no case ended as {status}: {seen:?}");
    }
}

#[test]
fn any_order_with_one_approver_ends_in_one_truth() {
    any_order(&of_three(1), BATCHES, "it/interleavings/one-approver.txt");
}

#[test]
fn any_order_with_a_quorum_of_two_ends_in_one_truth() {
    any_order(&of_three(2), BATCHES, "it/interleavings/quorum-of-two.txt");
}

#[test]
fn any_order_with_seats_ends_in_one_truth() {
    any_order(SEATS, BATCHES_WITH_SEATS, "it/interleavings/seats.txt");
}

/// Ada and Grace approve, and Linus only in the place of one of them.
#[test]
fn any_order_with_people_who_are_away_ends_in_one_truth() {
    let quorum = "approvers = [\"finance\"]\nrequired = 2\nescalate_to = [\"ada\"]";
    any_order(quorum, BATCHES_WITH_SEATS, "it/interleavings/away.txt");
}

/// Whatever the platforms do with the first cards, and wherever those who send them are killed.
#[test]
fn any_order_after_a_bad_beginning_ends_in_one_truth() {
    let cases = (bad_beginning(), parts_after(), choices());
    let statuses = ["approved", "rejected", "expired", "cancelled"];
    any_order_after(&of_three(1), BATCHES, "it/interleavings/bad-beginning.txt", cases, &statuses);
}

/// A messenger that holds an older card and dies after posting it must not have the last word.
#[tokio::test]
async fn no_older_card_follows_a_newer_one() {
    let stage = Stage::build(&of_three(3)).await;
    let case = stage.raise().await;
    let approval = stage.approvals(&case).await.remove(0);
    let click = |person| Part::Click { person, verdict: Verdict::Approve, platform: Platform::Slack, skew: 0 };
    let next_in_slack = || {
        let all: Vec<_> = std::iter::from_fn(|| stage.world.deliveries.try_next()).collect();
        let slack = Subject::Approval { id: approval.id.clone(), destination: Destination::Chat(Platform::Slack) };
        all.into_iter().find(|handed_out| handed_out.received.subject == slack)
    };
    let mut director = Director::default();
    stage.part(click(0), &case).await.await;
    let slow = director.begin(stage.messenger(next_in_slack().unwrap())).await;
    // Loading the record: before and after each call is a turn.
    director.step(slow, false).await;
    stage.part(click(1), &case).await.await;
    assert!(next_in_slack().is_none(), "the channel waits for the slow one");
    director.step(slow, false).await;
    director.step(slow, true).await;
    let (channel, ts) = card_of(&approval);
    let card = || stage.world.slack.messages(&channel).into_iter().find(|message| message.ts == ts).unwrap();
    assert!(shown(&card()).contains("1 of 3 approvals"), "the slow one has posted its older card");
    stage.world.clock.advance(SignedDuration::from_mins(4));
    stage.deliver().await;
    assert!(shown(&card()).contains("2 of 3 approvals"), "{}", shown(&card()));
}
