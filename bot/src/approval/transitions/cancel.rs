//! Ends that nobody decides: whoever asked takes the request back, as long as nobody has decided, or it reached nobody.

use jiff::Timestamp;

use super::decide::{Refusal, check_open};
use crate::approval::audit::{What, Who};
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::state::{Ending, Intent, State};

/// What a verified person wants to take back.
#[derive(Debug, Clone)]
pub struct Cancellation {
    /// The person of the policy behind the request.
    pub person: Person,
    /// Where the request came from.
    pub platform: Platform,
}

/// Applies a cancellation: the new record, which Step Functions must now hear of, or why it has no effect.
pub fn cancel(approval: &Approval, cancellation: &Cancellation, now: Timestamp) -> Result<Approval, Refusal> {
    let Cancellation { person, platform } = cancellation;
    authorise(approval, person)?;
    check_open(approval, now)?;
    let mut next = approval.clone();
    next.log(What::Cancelled { who: Who::from(person), platform: *platform }, now);
    next.state = State::Resolving(Ending {
        intent: Intent::Cancel { person: person.id.clone(), name: person.name.clone() },
        at: now,
    });
    next.revision += 1;
    next.leave_to_reconciler(now);
    Ok(next)
}

impl Approval {
    /// Gives a request up that reached nobody; its task is to be failed.
    pub(crate) fn give_up(&mut self, reason: String, now: Timestamp) {
        self.log(What::GivenUp { reason: reason.clone() }, now);
        self.state = State::Resolving(Ending { intent: Intent::GiveUp { reason }, at: now });
    }
}

/// Whether this person may take the request back.
pub fn authorise(approval: &Approval, person: &Person) -> Result<(), Refusal> {
    match &approval.request.requester {
        Some(requester) if person.is_still(requester) => Ok(()),
        Some(requester) if requester.id == person.id => Err(Refusal::SomebodyElse),
        requester => Err(Refusal::NotTheRequester { requester: requester.as_ref().map(|person| person.name.clone()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::state::{Outcome, Verdict};
    use crate::approval::transitions::decide::{Counted, decide};

    fn by(person: &str) -> Cancellation {
        Cancellation { person: command(person, Verdict::Approve, None).person, platform: Platform::Slack }
    }

    #[test]
    fn who_asked_may_take_it_back_and_nobody_else() {
        let cancelled = cancel(&approval(""), &by("ada"), after(1)).unwrap();
        assert!(matches!(&cancelled.state, State::Resolving(Ending { intent: Intent::Cancel { .. }, .. })));
        let refused = cancel(&approval(""), &by("grace"), after(1)).unwrap_err();
        assert_eq!(refused, Refusal::NotTheRequester { requester: Some("Ada".to_owned()) });
        let mut nobodys = approval("");
        nobodys.request.requester = None;
        let refused = cancel(&nobodys, &by("ada"), after(1)).unwrap_err();
        assert_eq!(refused, Refusal::NotTheRequester { requester: None });
    }

    #[test]
    fn what_is_decided_or_over_cannot_be_taken_back() {
        let Ok(Counted::Decided(decided)) = decide(&approval(""), &command("grace", Verdict::Approve, None), after(1))
        else {
            panic!("one approval decides")
        };
        assert!(matches!(cancel(&decided, &by("ada"), after(2)), Err(Refusal::AlreadyDecided { .. })));
        assert!(matches!(cancel(&approval(""), &by("ada"), after(600)), Err(Refusal::TooLate { .. })));
    }

    #[test]
    fn nobody_decides_on_what_was_taken_back() {
        let cancelled = cancel(&approval(""), &by("ada"), after(1)).unwrap();
        let refused = decide(&cancelled, &command("grace", Verdict::Approve, None), after(2)).unwrap_err();
        let reason = "It was cancelled by Ada, who had asked for it.".to_owned();
        assert_eq!(refused, Refusal::Closed { outcome: Outcome::Cancelled { reason }, at: after(1) });
    }
}
