//! Says on a terminal what it is that takes longer than a second.

use std::pin::pin;
use std::time::Duration;

use indicatif::ProgressBar;

const UNREMARKABLE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Waits for something. Standard error shows what for, if it is a terminal.
pub(crate) async fn waiting<T>(what: String, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(UNREMARKABLE, &mut work).await {
        return done;
    }
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(TICK);
    let done = work.await;
    spinner.finish_and_clear();
    done
}
