//! What runs on emulated AWS: the emulators are started once, when the first case needs them, and stopped at the end,
//! also after a failure.
//!
//! The cases are listed by their modules, since an async function that borrows the emulators is no `#[test]`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by a panic")]

mod conformance;
mod crashes;
mod deployed;
mod machine_on_moto;
mod outages;
mod starting;
mod store;
mod support;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use support::case::Case;
use support::emulators::Emulators;
use support::process;
use support::tools::Tools;

/// The cases wait far more than they compute, so more of them run at once than there are cores.
const CASES_AT_ONCE: usize = 16;

fn cases() -> Vec<Case> {
    [
        deployed::cases(),
        crashes::cases(),
        outages::cases(),
        starting::cases(),
        store::cases(),
        conformance::cases(),
        machine_on_moto::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(CASES_AT_ONCE);
    let cases = cases();
    if arguments.list || !cases.iter().any(|case| is_selected(&arguments, &case.name)) {
        let trials = cases.into_iter().map(|case| Trial::test(case.name, || Ok(()))).collect();
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let tools = match Tools::from_environment() {
        Ok(tools) => tools,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    run(&arguments, cases, tools)
}

fn run(arguments: &Arguments, cases: Vec<Case>, tools: Tools) -> ExitCode {
    let runtime = Arc::new(Runtime::new().expect("the runtime starts"));
    let emulators = Arc::new(Emulators::new(tools).expect("there is a folder for this run"));
    runtime.spawn(stop_when_interrupted());
    let trials = cases.into_iter().map(|case| {
        let (runtime, emulators) = (runtime.clone(), emulators.clone());
        Trial::test(case.name, move || {
            runtime.block_on((case.run)(emulators)).map_err(|error| Failed::from(format!("{error:#}")))
        })
    });
    let conclusion = libtest_mimic::run(arguments, trials.collect());
    process::stop_all();
    if conclusion.has_failed() {
        eprintln!("What the emulators wrote is in {}", emulators.folder().display());
    } else {
        emulators.remove_folder();
    }
    conclusion.exit_code()
}

/// The same selection as libtest's, which decides whether anything is needed at all.
fn is_selected(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// The emulators are in process groups of their own, so Ctrl-C does not reach them by itself.
async fn stop_when_interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    process::stop_all();
    std::process::exit(130);
}
