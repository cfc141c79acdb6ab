//! Runs the cases of a test binary: what they share is made once, and whatever was started is stopped at the end,
//! also after a failure and when the run is interrupted.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::case::Case;
use crate::process;

/// What the cases of a binary share.
pub trait Shared: Send + Sync + Sized + 'static {
    /// Finds what the cases need, before the first of them runs.
    fn prepare() -> anyhow::Result<Self>;

    /// Where everything goes that is written in this run. It is kept when something has failed.
    fn folder(&self) -> &Path;

    /// What is to be said of a run in which no case has failed, of all cases or of some.
    fn conclude(&self, _is_whole: bool) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The whole of `main`: runs what the arguments ask for, so many cases at once unless they say otherwise.
#[expect(clippy::print_stderr, reason = "it says to whoever started it why nothing runs and where to look")]
pub fn run<S: Shared>(cases: Vec<Case<S>>, cases_at_once: usize) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(cases_at_once);
    if arguments.list || !cases.iter().any(|case| is_selected(&arguments, &case.name)) {
        let trials = cases.into_iter().map(|case| Trial::test(case.name, || Ok(()))).collect();
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let prepared = S::prepare().and_then(|shared| Ok((Arc::new(Runtime::new()?), Arc::new(shared))));
    let (runtime, shared) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    runtime.spawn(stop_when_interrupted());
    let trials = cases.into_iter().map(|case| {
        let (runtime, shared) = (runtime.clone(), shared.clone());
        Trial::test(case.name, move || {
            runtime.block_on((case.run)(shared)).map_err(|error| Failed::from(format!("{error:#}")))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    process::stop_all();
    if conclusion.has_failed() {
        eprintln!("What was written in this run is in {}", shared.folder().display());
        return conclusion.exit_code();
    }
    if let Err(error) = shared.conclude(conclusion.num_filtered_out == 0) {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    // What was written is of no interest when nothing failed.
    std::fs::remove_dir_all(shared.folder()).ok();
    conclusion.exit_code()
}

/// The same selection as libtest's, which decides whether anything is needed at all.
fn is_selected(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// The programs are in process groups of their own, so Ctrl-C does not reach them by itself.
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
