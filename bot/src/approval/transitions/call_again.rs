//! Calling again while nobody decides: reminders, and the escalation that lets more people decide.
//!
//! What has been called is recorded in the same write as what it changes, so each call is made once, whoever looks at
//! the record and however often.

use jiff::Timestamp;

use crate::approval::audit::What;
use crate::approval::event::Event;
use crate::approval::place::Destination;
use crate::approval::policy::{EmailUse, Person};
use crate::approval::record::{Approval, Call, CallKind};
use crate::approval::sizes;
use crate::approval::state::State;

impl Approval {
    /// Makes the calls that are due, and says whether the record has changed. Reminders that were missed become one,
    /// and one that falls into quiet hours waits for their end.
    pub fn call_again(&mut self, now: Timestamp) -> bool {
        if self.state != State::Pending || now >= self.request.deadline {
            return false;
        }
        // The reminder is for those who could have decided before.
        let reminded = self.remind(now);
        let escalated = self.escalate(now);
        if reminded || escalated {
            self.leave_to_reconciler(now);
        }
        reminded || escalated
    }

    fn remind(&mut self, now: Timestamp) -> bool {
        if self.next_reminder().is_none_or(|at| at > now) {
            return false;
        }
        if let Some(until) = self.rules.quiet_hours.as_ref().and_then(|hours| hours.end_after(now)) {
            self.quiet_until = Some(until);
            return true;
        }
        while self.next_reminder().is_some_and(|at| at <= now) {
            self.reminded += 1;
        }
        self.calls.push(Call { at: now, kind: CallKind::Reminder });
        let reminded = self.silent().map(|person| person.id.clone());
        let reminded = reminded.filter(|person| self.rules.calling.may_call(person));
        self.log(What::Reminded { people: reminded.collect() }, now);
        let reminded = Event::reminded(self, now);
        sizes::queue(&mut self.outbox, reminded);
        true
    }

    fn escalate(&mut self, now: Timestamp) -> bool {
        if self.next_escalation().is_none_or(|at| at > now) {
            return false;
        }
        let to = self.rules.escalation.as_ref().map(|escalation| escalation.to.clone()).unwrap_or_default();
        let is_new = |person: &Person| self.rules.approver(&person.id).is_none();
        let added: Vec<Person> = to.iter().filter(|person| is_new(person)).cloned().collect();
        for mail in self.mails_to(&added) {
            self.want(mail);
        }
        self.rules.approvers.extend(added);
        self.calls.push(Call { at: now, kind: CallKind::Escalation });
        self.revision += 1;
        self.log(What::Escalated { to: to.iter().map(Into::into).collect() }, now);
        self.outbox.push(Event::escalated(self, &to, now));
        true
    }

    /// The mails that the policy wants for people who may decide from now on.
    fn mails_to(&self, people: &[Person]) -> Vec<Destination> {
        let is_wanted = match self.rules.email {
            EmailUse::Always => true,
            EmailUse::Fallback => !self.copies.iter().any(|copy| copy.message.is_shared()),
            EmailUse::Never => false,
        };
        let requester = self.request.requester.as_ref().filter(|_| !self.rules.self_approval);
        let is_requester = |person: &Person| requester.is_some_and(|requester| requester.id == person.id);
        let may_decide = |person: &&Person| !is_requester(person) && !self.apart.contains_key(&person.id);
        let people = people.iter().filter(|person| is_wanted && person.email.is_some()).filter(may_decide);
        people.map(|person| Destination::Email(person.id.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::PersonId;
    use crate::approval::notes::Note;
    use crate::approval::place::{MessageRef, Platform};
    use crate::approval::policy::QuietHours;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::state::{Outcome, Verdict};
    use crate::approval::transitions::decide::{Counted, decide};

    const REMIND: &str = "remind_after = [\"1m\", \"2m\", \"3m\"]";

    fn ids<'a>(people: impl IntoIterator<Item = &'a Person>) -> Vec<&'a str> {
        people.into_iter().map(|person| person.id.as_str()).collect()
    }

    /// The escalation rules replace the approvers of the sample.
    fn escalating(more: &str) -> Approval {
        let mut approval = approval(&format!("escalate_after = \"2m\"\nescalate_to = [\"linus\", \"grace\"]\n{more}"));
        approval.rules.approvers.retain(|person| person.id.as_str() != "linus");
        approval.outbox.clear();
        approval
    }

    #[test]
    fn each_reminder_is_made_once_and_those_missed_become_one() {
        let mut approval = approval(REMIND);
        assert_eq!(approval.next_call(), Some(after(60)));
        assert!(!approval.call_again(after(59)));
        assert!(approval.call_again(after(60)) && !approval.call_again(after(119)));
        assert_eq!(approval.next_call(), Some(after(120)));
        assert!(approval.call_again(after(500)) && !approval.call_again(after(599)));
        assert_eq!((approval.calls.len(), approval.next_call()), (2, None));
        let ids: Vec<&str> =
            approval.outbox.iter().filter_map(|event| event.id.split_once('.')).map(|id| id.1).collect();
        assert_eq!(ids, ["requested", "reminded.1", "reminded.2"]);
    }

    #[test]
    fn nobody_is_called_at_the_deadline_or_after_the_end() {
        let request = approval(REMIND);
        let mut approval = approval("remind_after = [\"1m\", \"10m\"]");
        assert!(!approval.clone().call_again(after(600)));
        assert!(approval.call_again(after(60)));
        assert_eq!(approval.next_call(), None);
        let Ok(Counted::Decided(mut decided)) = decide(&request, &command("grace", Verdict::Approve, None), after(1))
        else {
            panic!("one approval decides")
        };
        assert!(decided.next_call().is_none() && !decided.call_again(after(60)));
        decided.resolve(Outcome::Approved, after(61));
        assert!(decided.next_call().is_none() && !decided.call_again(after(62)));
    }

    #[test]
    fn those_who_have_voted_and_the_requester_are_not_reminded() {
        let mut approval = approval(&format!("required = 2\nslack_channel = \"C1\"\n{REMIND}"));
        assert_eq!(ids(approval.silent()), ["grace", "linus"]);
        let Ok(Counted::Open(voted)) = decide(&approval, &command("grace", Verdict::Approve, None), after(1)) else {
            panic!("two are needed")
        };
        assert_eq!(ids(voted.silent()), ["linus"]);
        for person in ["ada", "grace", "linus"] {
            approval.adopt(&MessageRef::Email { person: PersonId::parse(person).unwrap() });
        }
        approval.votes = voted.votes;
        approval.call_again(after(60));
        let told = approval.copies.iter().filter(|copy| approval.next_note(copy).is_some()).map(|copy| &copy.message);
        assert_eq!(told.collect::<Vec<_>>(), [&MessageRef::Email { person: PersonId::parse("linus").unwrap() }]);
    }

    #[test]
    fn what_ended_before_a_reminder_was_told_is_told_its_end_alone() {
        let mut approval = approval(&format!("slack_channel = \"C1\"\n{REMIND}"));
        approval.adopt(&MessageRef::Card {
            platform: Platform::Slack,
            conversation: "C1".to_owned(),
            message: "1.0".to_owned(),
        });
        approval.call_again(after(60));
        approval.resolve(Outcome::Expired, after(600));
        let next = approval.next_note(&approval.copies[0]);
        assert!(matches!(next, Some((1, Note::Outcome))));
    }

    #[test]
    fn an_escalation_lets_more_people_decide_and_is_made_once() {
        let mut approval = escalating("");
        let linus = command("linus", Verdict::Approve, None);
        assert!(decide(&approval, &linus, after(119)).is_err());
        assert_eq!(approval.next_call(), Some(after(120)));
        let revision = approval.revision;
        assert!(approval.call_again(after(120)) && !approval.call_again(after(130)));
        assert_eq!(ids(&approval.rules.approvers), ["ada", "grace", "linus"]);
        assert_eq!((approval.revision, approval.next_call()), (revision + 1, None));
        assert_eq!(approval.outbox[0].id, format!("{}.escalated", approval.id));
        assert!(matches!(decide(&approval, &linus, after(130)), Ok(Counted::Decided(_))));
    }

    #[test]
    fn who_is_called_in_is_mailed_as_the_policy_says() {
        let mails = |rules: &str, card: bool| {
            let mut approval = escalating(&format!("slack_channel = \"C1\"\n{rules}"));
            approval.rules.escalation.as_mut().unwrap().to[0].email = Some("linus@example.com".to_owned());
            approval.missing.clear();
            if card {
                approval.adopt(&MessageRef::Card {
                    platform: Platform::Slack,
                    conversation: "C1".to_owned(),
                    message: "1.0".to_owned(),
                });
            }
            approval.call_again(after(120));
            approval.missing.len()
        };
        assert_eq!(
            [mails("", true), mails("email = \"fallback\"", true), mails("email = \"fallback\"", false)],
            [1, 0, 1]
        );
        assert_eq!(mails("email = \"never\"", false), 0);
    }

    #[test]
    fn a_copy_that_goes_out_later_hears_nothing_of_earlier_calls() {
        let mut approval = approval(&format!("slack_channel = \"C1\"\n{REMIND}"));
        approval.call_again(after(60));
        approval.adopt(&MessageRef::Card {
            platform: Platform::Slack,
            conversation: "C1".to_owned(),
            message: "1.0".to_owned(),
        });
        assert_eq!(approval.next_note(&approval.copies[0]), None);
        approval.call_again(after(120));
        assert!(approval.next_note(&approval.copies[0]).is_some());
    }

    #[test]
    fn a_reminder_waits_for_the_end_of_quiet_hours_and_an_escalation_does_not() {
        // 10:00 UTC is 11:00 in Berlin in winter.
        let hours = "quiet_hours = { from = \"11:00\", to = \"11:05\", time_zone = \"Europe/Berlin\" }";
        let mut approval = escalating(&format!("{REMIND}\n{hours}"));
        assert!(approval.call_again(after(60)));
        assert_eq!((approval.calls.len(), approval.next_call()), (0, Some(after(120))));
        assert!(approval.call_again(after(120)));
        assert_eq!(approval.calls, [Call { at: after(120), kind: CallKind::Escalation }]);
        assert_eq!(approval.next_call(), Some(after(300)));
        assert!(
            !approval.call_again(after(299)) && approval.call_again(after(300)) && !approval.call_again(after(301))
        );
        assert_eq!(approval.calls[1..], [Call { at: after(300), kind: CallKind::Reminder }]);
    }

    #[test]
    fn quiet_hours_end_on_the_clock_of_their_zone() {
        let berlin = |from: &str, to: &str, now: &str| {
            let time_zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
            let hours = QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap(), time_zone };
            hours.end_after(now.parse().unwrap()).map(|end| end.to_string())
        };
        let cases = [
            ("22:00", "07:00", "2026-11-23T20:59:59Z", None),
            ("22:00", "07:00", "2026-11-23T21:00:00Z", Some("2026-11-24T06:00:00Z")),
            ("22:00", "07:00", "2026-11-24T05:59:59Z", Some("2026-11-24T06:00:00Z")),
            ("22:00", "07:00", "2026-11-24T06:00:00Z", None),
            ("22:00", "07:00", "2026-07-01T21:00:00Z", Some("2026-07-02T05:00:00Z")),
            ("12:00", "13:00", "2026-11-23T11:30:00Z", Some("2026-11-23T12:00:00Z")),
            ("12:00", "13:00", "2026-11-23T10:30:00Z", None),
            // The clock goes forward at 02:00 and skips the end; in autumn it shows the end twice.
            ("22:00", "02:30", "2026-03-28T23:00:00Z", Some("2026-03-29T01:30:00Z")),
            ("22:00", "02:30", "2026-10-25T01:15:00Z", Some("2026-10-25T01:30:00Z")),
        ];
        for (from, to, now, end) in cases {
            assert_eq!(berlin(from, to, now).as_deref(), end, "{from} to {to} at {now}");
        }
    }
}
