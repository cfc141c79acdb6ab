//! Catches every log line of one test, at the finest level.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

thread_local! {
    static CATCHING: RefCell<Option<Logs>> = const { RefCell::new(None) };
}

/// One subscriber serves all threads: with one for each, a line that another test logs first may be taken for one that
/// nobody wants.
static INSTALLED: Once = Once::new();

/// What has been logged; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

/// Catches for as long as it is kept.
pub(crate) struct Catching;

impl Logs {
    /// Catches what this thread logs until the guard is dropped; a test with one thread does all its work on it.
    pub(crate) fn catch() -> (Self, Catching) {
        INSTALLED.call_once(|| {
            let caught = dynamic_filter_fn(|_, _| CATCHING.with_borrow(Option::is_some));
            let lines = tracing_subscriber::fmt::layer().json().with_writer(ToThread).with_filter(caught);
            tracing_subscriber::registry().with(lines).init();
        });
        let logs = Self::default();
        CATCHING.set(Some(logs.clone()));
        (logs, Catching)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Catching {
    fn drop(&mut self) {
        CATCHING.set(None);
    }
}

/// Writes to whatever catches what this thread logs.
struct ToThread;

impl MakeWriter<'_> for ToThread {
    type Writer = Logs;

    fn make_writer(&self) -> Logs {
        CATCHING.with_borrow(Clone::clone).unwrap_or_default()
    }
}
