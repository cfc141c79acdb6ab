//! Runs code of the library where it can do no harm: it has panics for strange expressions, and its own limit of time
//! does not end a builtin that takes for ever.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// A little more than an expression may take, whose own clock speaks first.
const PATIENCE: Duration = Duration::from_millis(super::evaluate::MAX_MILLISECONDS + 500);

/// Deep expressions take a deep stack, which costs nothing as long as it is not used.
const STACK_BYTES: usize = 16 << 20;

/// Does the work on a thread of its own. One that does not come to an end is left behind.
pub(super) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, &'static str> {
    let (sender, receiver) = sync_channel(1);
    let thread = thread::Builder::new().name("jsonata".to_owned()).stack_size(STACK_BYTES);
    // Sending fails only when nobody waits any more.
    thread.spawn(move || sender.send(work()).ok()).map_err(|_| "There is no thread to evaluate it on")?;
    receiver.recv_timeout(PATIENCE).map_err(|error| match error {
        RecvTimeoutError::Timeout => "It takes longer than a second",
        RecvTimeoutError::Disconnected => "The library behind JSONata has panicked",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_left_behind() {
        let forever = || loop {
            thread::park();
        };
        assert_eq!(run::<()>(forever), Err("It takes longer than a second"));
    }

    #[test]
    fn a_panic_does_not_come_out() {
        assert_eq!(run::<()>(|| panic!("as the library does")), Err("The library behind JSONata has panicked"));
        assert_eq!(run(|| 5), Ok(5));
    }
}
