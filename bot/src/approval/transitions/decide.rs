//! The decision: one pure function that every platform goes through.
//!
//! No I/O and no clock, so that every rule about who may decide what, and when, can be read and tested here.

use jiff::Timestamp;

use super::truth;
use crate::approval::audit::{Hash, What};
use crate::approval::event::Event;
use crate::approval::ids::PersonId;
use crate::approval::limits::COMMENT_MAX;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::sizes;
use crate::approval::state::{Ending, Intent, Outcome, State, Verdict};
use crate::visible;

/// What a verified person wants.
#[derive(Debug, Clone)]
pub struct Command {
    /// The person of the policy behind the request.
    pub person: Person,
    /// Where the request came from.
    pub platform: Platform,
    /// Approve or reject.
    pub verdict: Verdict,
    /// Their own words, trimmed. Words in which there is nothing to see are none.
    pub comment: Option<String>,
    /// The message that they pressed the button on, where the platform says so.
    pub message: Option<MessageRef>,
    /// The hash of what they were shown, where what they pressed carries it.
    pub shown: Option<Hash>,
    /// Whether they have set what confirms an approval, which nobody else sets.
    pub confirmed: bool,
}

impl Command {
    /// The comment, if there is something to see in it.
    fn said(&self) -> Option<&str> {
        self.comment.as_deref().filter(|comment| !visible::is_blank(comment))
    }
}

/// The record after a vote that counted.
#[derive(Debug, Clone)]
pub enum Counted {
    /// More people are needed.
    Open(Approval),
    /// This vote completed the decision, which Step Functions must now hear.
    Decided(Approval),
}

/// Why a vote or a cancellation has no effect. The person who wanted it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The person is not among the approvers of this request.
    NotAnApprover {
        /// The names of those who are.
        approvers: Vec<String>,
    },
    /// The person asked for it, and the policy wants somebody else.
    OwnRequest,
    /// The person has said the same before.
    AlreadyVoted {
        /// What they said.
        verdict: Verdict,
        /// When.
        at: Timestamp,
    },
    /// The decision has been made.
    AlreadyDecided {
        /// Which way.
        verdict: Verdict,
        /// Whether Step Functions has confirmed it.
        confirmed: bool,
        /// By whom.
        by: Vec<String>,
        /// When the last of them said so.
        at: Timestamp,
    },
    /// The approval has ended without a decision.
    Closed {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// The deadline has passed.
    TooLate {
        /// When it was.
        deadline: Timestamp,
    },
    /// The policy wants a reason with a rejection.
    ReasonRequired,
    /// The person wants to take back what somebody else, or nobody of the policy, has asked for.
    NotTheRequester {
        /// The name of whoever asked.
        requester: Option<String>,
    },
    /// The comment is longer than `COMMENT_MAX` characters.
    CommentTooLong,
    /// The request is marked such that an approval has to be confirmed, and this one is not.
    ConfirmationRequired,
    /// The person was shown something else than what is asked.
    OtherContent,
    /// The policy lets only some machines ask, and this one is not proven to be among them.
    Unproven,
}

/// Applies a command to an approval: the new record, or why it does not count.
pub fn decide(approval: &Approval, command: &Command, now: Timestamp) -> Result<Counted, Refusal> {
    authorise(approval, &command.person.id)?;
    check_open(approval, now)?;
    if approval.lacks_proof() {
        return Err(Refusal::Unproven);
    }
    if command.shown.is_some_and(|shown| shown != approval.content_hash()) {
        return Err(Refusal::OtherContent);
    }
    if let Some(vote) = approval.votes.iter().find(|vote| vote.person == command.person.id)
        && vote.verdict == command.verdict
    {
        return Err(Refusal::AlreadyVoted { verdict: vote.verdict, at: vote.at });
    }
    if command.verdict == Verdict::Reject && approval.rules.reason_on_reject && command.said().is_none() {
        return Err(Refusal::ReasonRequired);
    }
    if command.said().is_some_and(|comment| comment.chars().count() > COMMENT_MAX) {
        return Err(Refusal::CommentTooLong);
    }
    // The last of the rules, so that whoever lacks nothing but this may be asked for it.
    if command.verdict == Verdict::Approve && approval.request.needs_confirmation() && !command.confirmed {
        return Err(Refusal::ConfirmationRequired);
    }
    Ok(count(approval, command, now))
}

/// Whether this person's decision counts on this request; approving and rejecting are authorised alike.
pub fn authorise(approval: &Approval, person: &PersonId) -> Result<(), Refusal> {
    let requester = approval.request.requester.as_ref().map(|person| &person.id);
    if approval.rules.eligible(requester).any(|approver| approver.id == *person) {
        return Ok(());
    }
    match approval.rules.approver(person) {
        Some(_) => Err(Refusal::OwnRequest),
        None => {
            let approvers = approval.rules.eligible(requester).map(|approver| approver.name.clone()).collect();
            Err(Refusal::NotAnApprover { approvers })
        }
    }
}

/// Whether this approval still waits for people.
pub fn check_open(approval: &Approval, now: Timestamp) -> Result<(), Refusal> {
    let verdict = match &approval.state {
        State::Pending if now >= approval.request.deadline => {
            return Err(Refusal::TooLate { deadline: approval.request.deadline });
        }
        State::Pending => return Ok(()),
        State::Resolving(Ending { intent: Intent::Approve, .. }) => Verdict::Approve,
        State::Resolving(Ending { intent: Intent::Reject, .. }) => Verdict::Reject,
        State::Resolving(Ending { intent: Intent::GiveUp { reason }, at }) => {
            return Err(Refusal::Closed { outcome: Outcome::Undeliverable { reason: reason.clone() }, at: *at });
        }
        State::Resolving(Ending { intent: Intent::Cancel { name, .. }, at }) => {
            return Err(Refusal::Closed { outcome: truth::cancelled_by(name), at: *at });
        }
        State::Resolved(resolution) => match &resolution.outcome {
            Outcome::Approved => Verdict::Approve,
            Outcome::Rejected => Verdict::Reject,
            other => {
                let at = approval.ended_at().unwrap_or(resolution.at);
                return Err(Refusal::Closed { outcome: other.clone(), at });
            }
        },
    };
    let votes = approval.deciding_votes();
    let at = votes.iter().map(|vote| vote.at).max().unwrap_or(approval.request.raised_at);
    let confirmed = approval.resolution().is_some();
    Err(Refusal::AlreadyDecided {
        verdict,
        confirmed,
        by: votes.into_iter().map(|vote| vote.name.clone()).collect(),
        at,
    })
}

fn count(approval: &Approval, command: &Command, now: Timestamp) -> Counted {
    let mut next = approval.clone();
    let mut vote = Vote {
        person: command.person.id.clone(),
        name: command.person.name.clone(),
        platform: command.platform,
        verdict: command.verdict,
        comment: command.said().map(str::to_owned),
        at: now,
        content: approval.content_hash(),
    };
    // A person has one vote; who approved and then rejects has changed their mind.
    next.votes.retain(|earlier| earlier.person != vote.person);
    next.log(What::from(&vote), now);
    vote.comment = vote.comment.map(|comment| sizes::kept(comment, &next.votes));
    next.votes.push(vote.clone());
    next.discover(command.message.as_ref(), now);
    next.revision += 1;
    next.leave_to_reconciler(now);
    let voted = Event::voted(&next, &vote);
    sizes::queue(&mut next.outbox, voted);
    let intent = match command.verdict {
        Verdict::Reject => Intent::Reject,
        Verdict::Approve if next.approvals() >= next.rules.required => Intent::Approve,
        Verdict::Approve => return Counted::Open(next),
    };
    next.state = State::Resolving(Ending { intent, at: now });
    next.log(What::Decided { verdict: command.verdict }, now);
    Counted::Decided(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::request::Risk;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::state::Resolution;

    fn open(counted: Result<Counted, Refusal>) -> Approval {
        match counted {
            Ok(Counted::Open(approval)) => approval,
            other => panic!("the approval should still be open: {other:?}"),
        }
    }

    fn intent(counted: Result<Counted, Refusal>) -> Intent {
        match counted {
            Ok(Counted::Decided(Approval { state: State::Resolving(ending), .. })) => ending.intent,
            other => panic!("the approval should be decided: {other:?}"),
        }
    }

    #[test]
    fn one_approval_of_one_decides() {
        let decided = decide(&approval(""), &command("grace", Verdict::Approve, None), after(1));
        assert_eq!(intent(decided), Intent::Approve);
    }

    #[test]
    fn a_person_counts_once_whatever_groups_they_are_in() {
        let request = approval("required = 2\nself_approval = true");
        let voted = open(decide(&request, &command("ada", Verdict::Approve, None), after(1)));
        let again = decide(&voted, &command("ada", Verdict::Approve, None), after(2));
        assert_eq!(again.unwrap_err(), Refusal::AlreadyVoted { verdict: Verdict::Approve, at: after(1) });
        assert_eq!(voted.approvals(), 1);
        assert_eq!(intent(decide(&voted, &command("grace", Verdict::Approve, None), after(3))), Intent::Approve);
    }

    #[test]
    fn one_rejection_rejects_and_may_be_a_change_of_mind() {
        let request = approval("required = 2");
        let voted = open(decide(&request, &command("grace", Verdict::Approve, None), after(1)));
        assert_eq!(intent(decide(&voted, &command("linus", Verdict::Reject, None), after(2))), Intent::Reject);
        let Ok(Counted::Decided(changed)) = decide(&voted, &command("grace", Verdict::Reject, None), after(2)) else {
            panic!("a rejection decides")
        };
        assert_eq!((changed.votes.len(), changed.approvals()), (1, 0));
    }

    #[test]
    fn approving_and_rejecting_are_authorised_alike() {
        for verdict in [Verdict::Approve, Verdict::Reject] {
            let own = decide(&approval(""), &command("ada", verdict, Some("why")), after(1));
            assert_eq!(own.unwrap_err(), Refusal::OwnRequest);
            let eve = decide(&approval(""), &command("eve", verdict, Some("why")), after(1));
            let approvers = vec!["Grace".to_owned(), "Linus".to_owned()];
            assert_eq!(eve.unwrap_err(), Refusal::NotAnApprover { approvers });
        }
        let allowed = decide(&approval("self_approval = true"), &command("ada", Verdict::Approve, None), after(1));
        assert_eq!(intent(allowed), Intent::Approve);
    }

    #[test]
    fn a_rejection_needs_a_reason_if_the_policy_says_so() {
        let request = approval("reason_on_reject = true");
        for blank in [None, Some(""), Some(" \n"), Some("\u{200b}"), Some("\u{2800} \u{3164}"), Some("\u{301}")] {
            let without = decide(&request, &command("grace", Verdict::Reject, blank), after(1));
            assert_eq!(without.unwrap_err(), Refusal::ReasonRequired, "{blank:?}");
        }
        assert_eq!(intent(decide(&request, &command("grace", Verdict::Reject, Some("no")), after(1))), Intent::Reject);
        assert_eq!(intent(decide(&request, &command("grace", Verdict::Approve, None), after(1))), Intent::Approve);
    }

    #[test]
    fn a_comment_is_refused_when_too_long_and_never_cut() {
        let long = "ä".repeat(COMMENT_MAX + 1);
        let refused = decide(&approval(""), &command("grace", Verdict::Approve, Some(&long)), after(1));
        assert_eq!(refused.unwrap_err(), Refusal::CommentTooLong);
        let edge = "ä".repeat(COMMENT_MAX);
        assert!(decide(&approval(""), &command("grace", Verdict::Approve, Some(&edge)), after(1)).is_ok());
    }

    #[test]
    fn an_approval_of_high_risk_has_to_be_confirmed_and_a_rejection_has_not() {
        let ordinary = approval("");
        let mut risky = approval("");
        risky.request.risk = Some(Risk::High);
        let press = |verdict, confirmed| Command { confirmed, ..command("grace", verdict, Some("why")) };
        let unconfirmed = decide(&risky, &press(Verdict::Approve, false), after(1));
        assert_eq!(unconfirmed.unwrap_err(), Refusal::ConfirmationRequired);
        assert_eq!(intent(decide(&risky, &press(Verdict::Approve, true), after(1))), Intent::Approve);
        assert_eq!(intent(decide(&risky, &press(Verdict::Reject, false), after(1))), Intent::Reject);
        assert_eq!(intent(decide(&ordinary, &press(Verdict::Approve, false), after(1))), Intent::Approve);
        let stranger = Command { confirmed: false, ..command("eve", Verdict::Approve, None) };
        assert!(matches!(decide(&risky, &stranger, after(1)), Err(Refusal::NotAnApprover { .. })), "who may is first");
    }

    /// The reconciler may look at a request before the notifier has seen whether its machine may ask.
    #[test]
    fn nobody_is_called_and_nobody_decides_before_a_caller_is_proven() {
        let rules = "callers = [\"arn:aws:states:*:*:stateMachine:*\"]\nremind_after = [\"1m\"]\nescalate_after = \"2m\"\n\
                     escalate_to = [\"linus\"]";
        let proven = approval(rules);
        let mut unproven = proven.clone();
        unproven.attempt = None;
        let press = command("grace", Verdict::Approve, None);
        assert!(decide(&proven, &press, after(1)).is_ok() && proven.clone().call_again(after(180)));
        assert_eq!(decide(&unproven, &press, after(1)).unwrap_err(), Refusal::Unproven);
        assert!(unproven.next_call().is_none() && !unproven.call_again(after(180)));
    }

    #[test]
    fn a_vote_is_bound_to_what_was_shown() {
        let request = approval("required = 2");
        for verdict in [Verdict::Approve, Verdict::Reject] {
            let mut press = command("grace", verdict, Some("why"));
            press.shown = Some(Hash::over(&serde_json::json!({"title": "something else"})));
            assert_eq!(decide(&request, &press, after(1)).unwrap_err(), Refusal::OtherContent);
            press.shown = Some(request.content_hash());
            assert!(decide(&request, &press, after(1)).is_ok());
        }
        let voted = open(decide(&request, &command("grace", Verdict::Approve, None), after(1)));
        assert_eq!(voted.votes[0].content, request.content_hash());
        let content = Some(request.content_hash());
        assert!(
            voted.journal.iter().any(|entry| matches!(&entry.what, What::Voted { content: c, .. } if *c == content))
        );
    }

    #[test]
    fn the_deadline_itself_is_too_late() {
        let press = command("grace", Verdict::Approve, None);
        assert!(decide(&approval(""), &press, after(599)).is_ok());
        for late in [600, 601] {
            let refused = decide(&approval(""), &press, after(late)).unwrap_err();
            assert_eq!(refused, Refusal::TooLate { deadline: after(600) });
        }
    }

    #[test]
    fn after_the_decision_everybody_hears_who_made_it() {
        let Ok(Counted::Decided(mut decided)) =
            decide(&approval(""), &command("grace", Verdict::Approve, None), after(1))
        else {
            panic!("one approval decides")
        };
        let expected = |confirmed| Refusal::AlreadyDecided {
            verdict: Verdict::Approve,
            confirmed,
            by: vec!["Grace".to_owned()],
            at: after(1),
        };
        for (who, verdict) in [("linus", Verdict::Reject), ("grace", Verdict::Approve)] {
            assert_eq!(decide(&decided, &command(who, verdict, None), after(2)).unwrap_err(), expected(false));
        }
        decided.resolve(Outcome::Approved, after(3));
        assert_eq!(decide(&decided, &command("linus", Verdict::Reject, None), after(700)).unwrap_err(), expected(true));
    }

    #[test]
    fn an_end_without_a_decision_is_named() {
        let mut ended = approval("");
        ended.state = State::Resolved(Resolution { outcome: Outcome::Expired, at: after(600) });
        let refused = decide(&ended, &command("grace", Verdict::Approve, None), after(601)).unwrap_err();
        assert_eq!(refused, Refusal::Closed { outcome: Outcome::Expired, at: after(600) });
    }
}
