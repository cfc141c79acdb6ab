//! Why things stand as they do: what one person may do about an approval, and who else could still decide.

use jiff::Timestamp;

use super::ids::PersonId;
use super::policy::Person;
use super::record::Approval;
use super::state::Verdict;
use super::transitions::cancel;
use super::transitions::decide::{self, Refusal};

/// An approval in the eyes of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// Who could still decide and has said nothing; nobody once it is over.
    pub could_decide: Vec<&'a Person>,
    /// From when on which other people could decide too.
    pub called_in: Option<(Timestamp, Vec<&'a Person>)>,
    /// Whom its first card calls; nobody once it is over.
    pub called: Vec<&'a Person>,
    /// Who may decide and is not called; nobody once it is over.
    pub not_called: Vec<&'a Person>,
    /// What the person may do.
    pub standing: Standing,
    /// Whether the person may take the request back.
    pub may_cancel: bool,
    /// The approvers for whom the person stands in.
    pub stands_for: Vec<&'a Person>,
    /// Whether the person may approve alone in an emergency.
    pub may_break_glass: Result<(), Refusal>,
}

/// What a person may do about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// They may approve or reject.
    MayDecide,
    /// They have approved, and may still reject.
    HasApproved {
        /// When.
        at: Timestamp,
    },
    /// They may reject, and an approval of theirs would change nothing.
    MayReject(Refusal),
    /// They may do neither.
    MayNot(Refusal),
}

/// Explains an approval to a person, by the same rules that a decision goes by.
pub fn explain<'a>(approval: &'a Approval, person: &Person, now: Timestamp) -> Explanation<'a> {
    let person = &approval.rules.known(person);
    let open = decide::check_open(approval, now);
    let may_decide = decide::authorise(approval, person, now).and(open.clone());
    let voted = approval.votes.iter().find(|vote| vote.person == person.id && vote.verdict == Verdict::Approve);
    let escalation = approval.rules.escalation.as_ref().zip(approval.next_escalation());
    let is_new =
        |person: &&Person| approval.rules.approver(&person.id).is_none() && !approval.apart.contains_key(&person.id);
    let called_in = escalation.map(|(escalation, at)| (at, escalation.to.iter().filter(is_new).collect::<Vec<_>>()));
    let is_to_come = |(at, people): &(Timestamp, Vec<_>)| *at < approval.request.deadline && !people.is_empty();
    let calling = &approval.rules.calling;
    Explanation {
        called_in: called_in.filter(|called_in| open.is_ok() && is_to_come(called_in)),
        called: if open.is_ok() { approval.first_called() } else { Vec::new() },
        not_called: approval.eligible().filter(|person| open.is_ok() && !calling.may_call(&person.id)).collect(),
        could_decide: if open.is_ok() { approval.silent().collect() } else { Vec::new() },
        standing: match (may_decide, voted) {
            (Err(refusal), _) => Standing::MayNot(refusal),
            (Ok(()), Some(vote)) => Standing::HasApproved { at: vote.at },
            (Ok(()), None) => match decide::check_would_count(approval, &person.id, now) {
                Ok(()) => Standing::MayDecide,
                Err(refusal) => Standing::MayReject(refusal),
            },
        },
        stands_for: if open.is_ok() { stands_for(approval, person, now) } else { Vec::new() },
        may_break_glass: open.clone().and_then(|()| decide::may_break_glass(approval, person)),
        may_cancel: open.is_ok() && cancel::authorise(approval, person).is_ok(),
    }
}

fn stands_for<'a>(approval: &'a Approval, person: &Person, now: Timestamp) -> Vec<&'a Person> {
    if decide::check_meant(approval, person).is_err() {
        return Vec::new();
    }
    let ids: Vec<&PersonId> = approval.stands_for(&person.id, now).into_iter().map(|absent| &absent.id).collect();
    approval.rules.approvers.iter().filter(|approver| ids.contains(&&approver.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::transitions::decide::{Counted, decide};

    fn person(id: &str) -> Person {
        command(id, Verdict::Approve, None).person
    }

    fn names(explanation: &Explanation<'_>) -> Vec<String> {
        explanation.could_decide.iter().map(|person| person.id.to_string()).collect()
    }

    #[test]
    fn everybody_is_told_by_the_rules_that_a_decision_goes_by() {
        let approval = approval("required = 2");
        let own = explain(&approval, &person("ada"), after(1));
        assert_eq!((own.standing, own.may_cancel), (Standing::MayNot(Refusal::OwnRequest), true));
        let approver = explain(&approval, &person("grace"), after(1));
        assert_eq!((&approver.standing, approver.may_cancel), (&Standing::MayDecide, false));
        assert_eq!(names(&approver), ["grace", "linus"]);
        assert!(matches!(
            explain(&approval, &person("eve"), after(1)).standing,
            Standing::MayNot(Refusal::NotAnApprover { .. })
        ));
    }

    #[test]
    fn who_has_approved_may_still_reject() {
        let request = approval("required = 2");
        let Ok(Counted::Open(voted)) = decide(&request, &command("grace", Verdict::Approve, None), after(1)) else {
            panic!("two are needed")
        };
        let explanation = explain(&voted, &person("grace"), after(2));
        assert_eq!(
            (&explanation.standing, names(&explanation)),
            (&Standing::HasApproved { at: after(1) }, vec!["linus".to_owned()])
        );
    }

    #[test]
    fn who_is_called_in_later_is_told_with_the_time() {
        let mut approval = approval("escalate_after = \"2m\"\nescalate_to = [\"eve\", \"grace\"]");
        let called_in = |approval: &Approval, now| {
            let explanation = explain(approval, &person("grace"), after(now));
            explanation
                .called_in
                .map(|(at, people)| (at, people.iter().map(|person| person.id.to_string()).collect::<Vec<_>>()))
        };
        assert_eq!(called_in(&approval, 1), Some((after(120), vec!["eve".to_owned()])));
        assert_eq!(called_in(&approval, 600), None);
        approval.call_again(after(120));
        assert_eq!(called_in(&approval, 130), None, "they are among those who could decide now");
    }

    #[test]
    fn nothing_is_left_to_do_after_the_deadline() {
        let approval = approval("");
        let late = explain(&approval, &person("grace"), after(600));
        assert_eq!(late.standing, Standing::MayNot(Refusal::TooLate { deadline: after(600) }));
        assert!(late.could_decide.is_empty() && !explain(&approval, &person("ada"), after(600)).may_cancel);
    }
}
