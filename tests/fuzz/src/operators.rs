//! What those write who run it.

use std::collections::BTreeMap;
use std::sync::{Arc, Once};
use std::{panic, thread};

use countersign_bot::approval::policy_file;
use countersign_engine::clock::Clock;
use countersign_engine::{Engine, ExecutionStatus, MockFile};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::runtime::Builder;

/// A run that waits is given this many times its time.
const WAITS: usize = 20;
/// And as many turns of the runtime for each.
const TURNS: usize = 200;
/// More than any wait that is likely to be made up.
const STEP: SignedDuration = SignedDuration::from_hours(1);

/// A policy file. What is wrong with it has a line of its own in the message.
pub(crate) fn policy(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match policy_file::read(text) {
        Ok(policy) => {
            for word in text.split(['"', '\n']) {
                let _whom = policy.named(word);
            }
        }
        Err(problems) => assert!(!problems.0.is_empty() && !problems.to_string().is_empty()),
    }
}

/// A file of mocks. What is wrong with it is said.
pub(crate) fn mocks(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match MockFile::read(text) {
        Ok(file) => {
            for (machine, word) in file.machines().flat_map(|machine| text.split('"').map(move |word| (machine, word)))
            {
                for case in [None, Some(word)] {
                    assert!(file.test_case(machine, case).map_or_else(|said| !said.is_empty(), |_| true));
                }
            }
        }
        Err(problems) => assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.is_empty())),
    }
}

/// The library of JSONata panics now and then, on a thread of its own where the engine takes it for a failure; the fuzzer
/// would take it for a finding.
fn leave_jsonata_to_the_engine() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some("jsonata") {
                hook(panic);
            }
        }));
    });
}

/// A state machine, which runs for a while if it is one.
pub(crate) fn state_machine(input: &[u8]) {
    leave_jsonata_to_the_engine();
    let Ok(definition) = std::str::from_utf8(input) else { return };
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let engine = Engine::new(clock.clone());
    engine.register("echo", Arc::new(|payload| Box::pin(async move { Ok(payload) })));
    let machine = match engine.load("machine", definition, &BTreeMap::new()) {
        Ok(machine) => machine,
        Err(problems) => {
            assert!(!problems.is_empty());
            return;
        }
    };
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let input = json!({ "x": 1, "y": [2, "three", null], "name": "echo" });
        let Ok(started) = engine.start_execution(&machine, "run", input) else { return };
        for _ in 0..WAITS {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let run = engine.describe_execution(&started.execution_arn);
            if run.is_none_or(|run| run.status != ExecutionStatus::Running) {
                return;
            }
            clock.advance(STEP);
        }
    });
}
