//! Who may start a command: whom the policy lets, and whose request could be approved.

use super::commands::LaunchCommand;
use super::policy::{Person, Policy, Rules};

/// Why somebody may not start a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayNotStart<'a> {
    /// The policy does not name them.
    NotAllowed,
    /// Whoever asks does not decide, and without them these rules cannot be fulfilled.
    Unfilled {
        /// The rules of the approval inside it.
        rules: &'a Rules,
        /// How many of the approvals could be given.
        could: usize,
    },
}

impl Policy {
    /// Whether this person may start a command, and could have what it asks for approved.
    pub fn may_start(&self, command: &LaunchCommand, person: &Person) -> Result<(), MayNotStart<'_>> {
        if command.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&person.id)) {
            return Err(MayNotStart::NotAllowed);
        }
        // Who is in a group of a chat is asked when the request is raised.
        if self.live.needed_by(&command.policy).next().is_some() {
            return Ok(());
        }
        match self.rules.get(&command.policy).map(|rules| (rules, self.could_give(rules, Some(person)))) {
            Some((rules, could)) if could < rules.required => Err(MayNotStart::Unfilled { rules, could }),
            _ => Ok(()),
        }
    }
}
