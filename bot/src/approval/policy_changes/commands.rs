//! What another policy changes of what people may start.

use super::{Change, NONE, called, listed, who};
use crate::approval::commands::LaunchCommand;
use crate::approval::policy::Policy;

pub(super) fn command_of(
    before: (&Policy, &LaunchCommand),
    after: (&Policy, &LaunchCommand),
    changes: &mut Vec<Change>,
) {
    let name = &after.1.name;
    match (&before.1.allowed, &after.1.allowed) {
        (Some(earlier), Some(later)) => {
            for id in later.difference(earlier) {
                let person = who(after.0, id);
                changes.push(Change::MayStart { command: name.clone(), person });
            }
            for id in earlier.difference(later) {
                let person = who(before.0, id);
                changes.push(Change::MayNoLongerStart { command: name.clone(), person });
            }
        }
        (None, None) => {}
        _ => changes.push(Change::CommandChanged {
            command: name.clone(),
            what: "allowed",
            before: starters(before.0, before.1),
            after: starters(after.0, after.1),
        }),
    }
    command_says(before.1, after.1, changes);
}

pub(super) fn command_says(before: &LaunchCommand, after: &LaunchCommand, changes: &mut Vec<Change>) {
    let command = &after.name;
    for ((what, before), (_, after)) in told(before).into_iter().zip(told(after)) {
        if before != after {
            changes.push(Change::CommandChanged { command: command.clone(), what, before, after });
        }
    }
}

/// A command of this name that says nothing.
pub(super) fn unsaid_command(command: &LaunchCommand) -> LaunchCommand {
    LaunchCommand {
        title: command.name.clone(),
        state_machine: NONE.to_owned(),
        policy: NONE.to_owned(),
        is_default: false,
        fields: Vec::new(),
        ..command.clone()
    }
}

/// What a command says beside who may start it.
fn told(command: &LaunchCommand) -> [(&'static str, String); 5] {
    let LaunchCommand { name: _, title, state_machine, policy, allowed: _, is_default, fields } = command;
    let fields = fields.iter().map(|field| serde_json::to_string(field).unwrap_or_default());
    [
        ("title", title.clone()),
        ("state_machine", state_machine.clone()),
        ("policy", policy.clone()),
        ("default", is_default.to_string()),
        ("fields", listed(fields, NONE)),
    ]
}

pub(super) fn starters(policy: &Policy, command: &LaunchCommand) -> String {
    match &command.allowed {
        Some(allowed) => listed(allowed.iter().map(|id| called(&who(policy, id))), "nobody"),
        None => "everybody of the policy".to_owned(),
    }
}
