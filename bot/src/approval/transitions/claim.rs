//! Somebody says that they are looking at a request, or that they no longer are.

use jiff::Timestamp;

use super::decide::{self, Refusal};
use crate::approval::audit::{What, Who};
use crate::approval::claim::{Claim, LASTS};
use crate::approval::event::Event;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::sizes;
use crate::approval::state::State;

/// What a verified person says of a request.
#[derive(Debug, Clone)]
pub struct Claiming {
    /// The person of the policy behind it.
    pub person: Person,
    /// Where they said it.
    pub platform: Platform,
    /// What they said.
    pub look: Look,
}

/// Whether somebody begins to look at a request or ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// They are looking at it.
    Begins,
    /// They are not any more.
    Ends,
}

/// Applies it: the new record, or why it has no effect. Whoever may decide may say it, also while somebody else is looking,
/// whose place they take; only whoever is looking can say that they no longer are.
pub fn claim(approval: &Approval, by: &Claiming, now: Timestamp) -> Result<Approval, Refusal> {
    let Claiming { person, platform, look } = by;
    if *look == Look::Begins {
        decide::authorise(approval, person, now)?;
    }
    decide::check_open(approval, now)?;
    if approval.lacks_proof() {
        return Err(Refusal::Unproven);
    }
    let held = approval.claim.as_ref().filter(|claim| claim.person == person.id && claim.holds(now));
    let who = Who::from(person);
    let mut next = approval.clone();
    match (look, held) {
        (Look::Begins, Some(claim)) => return Err(Refusal::Looking { until: claim.until }),
        (Look::Ends, None) => return Err(Refusal::NotLooking),
        (Look::Begins, None) => {
            let until = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX).min(approval.request.deadline);
            next.log(What::Claimed { who, platform: *platform, until }, now);
            let (person, name) = (person.id.clone(), person.name.clone());
            next.claim = Some(Claim { person, name, since: now, until });
        }
        (Look::Ends, Some(_)) => {
            next.log(What::LetGo { who, platform: *platform }, now);
            next.claim = None;
        }
    }
    next.revision += 1;
    next.leave_to_reconciler(now);
    let claimed = Event::claimed(&next, by, now);
    sizes::queue(&mut next.outbox, claimed);
    Ok(next)
}

impl Approval {
    /// Ends what has lasted for its time, and says whether the record has changed.
    pub fn end_claim(&mut self, now: Timestamp) -> bool {
        let ended = if self.state == State::Pending { self.claim.take_if(|claim| !claim.holds(now)) } else { None };
        let Some(Claim { person, name, .. }) = ended else { return false };
        self.log(What::ClaimEnded { who: Who { person, name } }, now);
        self.revision += 1;
        self.leave_to_reconciler(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::state::Verdict;
    use crate::approval::transitions::decide::{Counted, decide};

    fn by(person: &str, look: Look) -> Claiming {
        let person = command(person, Verdict::Approve, None).person;
        Claiming { person, platform: Platform::Slack, look }
    }

    fn holder(approval: &Approval) -> Option<&str> {
        approval.claim.as_ref().map(|claim| claim.person.as_str())
    }

    #[test]
    fn whoever_may_decide_may_claim_and_nobody_else() {
        let request = approval("");
        for person in ["ada", "eve"] {
            let refused = claim(&request, &by(person, Look::Begins), after(1)).unwrap_err();
            let expected = decide::authorise(&request, &by(person, Look::Begins).person, after(1)).unwrap_err();
            assert_eq!(refused, expected, "by the rules of a decision");
        }
        let claimed = claim(&request, &by("grace", Look::Begins), after(1)).unwrap();
        assert_eq!(
            (holder(&claimed), claimed.claim.as_ref().unwrap().until),
            (Some("grace"), after(600)),
            "the deadline"
        );
        let late = claim(&request, &by("grace", Look::Begins), after(600)).unwrap_err();
        assert!(matches!(late, Refusal::TooLate { .. }));
        let decided = decide(&claimed, &command("linus", Verdict::Approve, None), after(2));
        assert!(matches!(decided, Ok(Counted::Decided(_))), "others decide as before");
    }

    #[test]
    fn it_is_said_once_taken_over_and_let_go_by_whoever_holds_it() {
        let claimed = claim(&approval(""), &by("grace", Look::Begins), after(1)).unwrap();
        let again = claim(&claimed, &by("grace", Look::Begins), after(2)).unwrap_err();
        assert_eq!(again, Refusal::Looking { until: after(600) });
        assert_eq!(claim(&claimed, &by("linus", Look::Ends), after(2)).unwrap_err(), Refusal::NotLooking);
        let taken_over = claim(&claimed, &by("linus", Look::Begins), after(3)).unwrap();
        assert_eq!(holder(&taken_over), Some("linus"));
        assert_eq!(claim(&taken_over, &by("grace", Look::Ends), after(4)).unwrap_err(), Refusal::NotLooking);
        let let_go = claim(&taken_over, &by("linus", Look::Ends), after(4)).unwrap();
        assert_eq!(holder(&let_go), None);
        assert_eq!(claim(&let_go, &by("linus", Look::Ends), after(5)).unwrap_err(), Refusal::NotLooking);
        let ids: Vec<&str> = let_go.outbox.iter().map(|event| event.detail["action"].as_str().unwrap_or("")).collect();
        assert_eq!(ids, ["", "claimed", "claimed", "let_go"]);
    }

    #[test]
    fn it_ends_by_itself_and_with_the_word_of_whoever_holds_it() {
        let mut request = approval("required = 2");
        request.request.deadline = after(10_000);
        let mut claimed = claim(&request, &by("grace", Look::Begins), after(1)).unwrap();
        assert!(
            !claimed.end_claim(after(1_800)) && claimed.end_claim(after(1_801)) && !claimed.end_claim(after(1_802))
        );
        assert_eq!(holder(&claimed), None);
        let claimed = claim(&request, &by("grace", Look::Begins), after(1)).unwrap();
        for (voter, left) in [("grace", None), ("linus", Some("grace"))] {
            let Ok(Counted::Open(voted)) = decide(&claimed, &command(voter, Verdict::Approve, None), after(2)) else {
                panic!("two are needed")
            };
            assert_eq!(holder(&voted), left, "{voter}");
        }
    }

    #[test]
    fn reminders_wait_for_its_end_and_the_escalation_does_not() {
        let rules = "remind_after = [\"1m\"]\nescalate_after = \"2m\"\nescalate_to = [\"eve\"]";
        let mut request = approval(rules);
        request.request.deadline = after(10_000);
        let mut claimed = claim(&request, &by("grace", Look::Begins), after(10)).unwrap();
        assert!(!claimed.call_again(after(60)), "nobody is reminded");
        assert!(claimed.call_again(after(120)) && claimed.escalated().is_some());
        assert_eq!(claimed.calls.len(), 1, "but the escalation goes on");
        assert_eq!(claimed.next_call(), Some(after(1_810)), "it is looked at when the claim ends");
        assert!(claimed.end_claim(after(1_810)) && claimed.call_again(after(1_810)));
        assert_eq!(claimed.calls.len(), 2, "and then they are reminded");
        let let_go = claim(
            &claim(&request, &by("grace", Look::Begins), after(10)).unwrap(),
            &by("grace", Look::Ends),
            after(20),
        );
        assert!(let_go.unwrap().call_again(after(60)), "or when it is let go");
    }
}
