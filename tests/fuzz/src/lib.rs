//! Targets for a fuzzer: everything that strangers can send, and what operators write. Whatever it is, nothing panics,
//! hangs or grows, no answer blames us, and what the notifier takes reaches everybody who is asked.
//!
//! `inputs/` has a folder for each target: what the fuzzer begins with, and what it found once. A test goes through all
//! of it; `cargo xtask fuzz` makes up more.

#![expect(clippy::unwrap_used, reason = "a target fails by a panic")]

mod commands;
mod operators;
mod stage;
mod strangers;
mod workflows;

/// What takes an input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folder.
pub const TARGETS: [(&str, Target); 12] = [
    ("slack-form", strangers::slack_form),
    ("slack-payload", strangers::slack_payload),
    ("teams-activity", strangers::teams_activity),
    ("teams-token", strangers::teams_token),
    ("command-words", commands::words),
    ("command-form", commands::form),
    ("mail-link", strangers::mail_link),
    ("mail-form", strangers::mail_form),
    ("task-input", workflows::task_input),
    ("policy", operators::policy),
    ("state-machine", operators::state_machine),
    ("mocks", operators::mocks),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_that_is_kept_is_taken_as_it_should_be() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs").join(name);
            let mut inputs: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
            inputs.sort();
            assert!(!inputs.is_empty(), "{name} has nothing to begin with");
            for input in inputs {
                // With `--nocapture`, or once something has failed, this says which it was.
                println!("{}", input.display());
                target(&std::fs::read(&input).unwrap());
            }
        }
    }
}
