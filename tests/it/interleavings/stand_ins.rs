//! Who may decide for whom, by a model of its own: the trail of a case is gone through with who stands in at each moment.

use std::collections::BTreeMap;

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Verdict;
use countersign_bot::flow::{BACKGROUND, delegations};
use countersign_bot::net::deadline::Deadline;
use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::stage::Stage;

/// Those who may decide, be away and stand in.
const PEOPLE: [&str; 3] = ["ada", "grace", "linus"];

impl Stage {
    /// Somebody says who stands in for them; those who share the stage hold to it as well.
    pub(super) fn say(&self, absent: usize, delegate: Option<usize>) -> BoxFuture<'static, ()> {
        let app = self.app(0);
        let person = |number: usize| app.policy.people[&PersonId::parse(PEOPLE[number]).unwrap()].clone();
        let (absent, delegate) = (person(absent), delegate.filter(|delegate| *delegate != absent).map(person));
        Box::pin(async move {
            let until = app.now() + SignedDuration::from_secs(if delegate.is_some() { 300 } else { 0 });
            let (absent, deadline) = ((&absent, Platform::Teams), Deadline::after(BACKGROUND));
            let policies = delegate
                .as_ref()
                .map(|delegate| delegations::policies(&app, &absent.0.id, &delegate.id))
                .unwrap_or_default();
            let delegate = delegate.as_ref().map(|delegate| (delegate, policies.as_slice()));
            let _ = delegations::say(&app, absent, delegate, until, deadline).await;
        })
    }
}

/// A vote names those for whom the voter stood in at that moment and nobody else; whoever decides in no right of their own
/// stands in for somebody; and each approval counts in a place of its own.
pub(super) fn check(record: &Approval, entries: &[Entry]) {
    let mut stand_ins = BTreeMap::new();
    for Entry { what, .. } in entries {
        match what {
            What::StandIns { of } => stand_ins = of.clone(),
            What::Voted { who, stands_for, verdict: Verdict::Approve | Verdict::Reject | Verdict::Return, .. } => {
                let stood_in_for: Vec<&PersonId> = absent(&stand_ins, &who.person);
                assert!(stands_for.iter().all(|person| stood_in_for.contains(&person)), "{what:?} of {stand_ins:?}");
                assert_eq!(stands_for.len(), stood_in_for.len(), "{what:?} of {stand_ins:?}");
                assert!(record.rules.approver(&who.person).is_some() || !stands_for.is_empty(), "{what:?}");
            }
            What::Refused { who, reason: Reason::NotAnApprover, .. } => {
                assert!(absent(&stand_ins, &who.person).is_empty(), "{what:?} of {stand_ins:?}");
            }
            _ => {}
        }
    }
    let place = |person: &PersonId| record.rules.approver(person).is_some();
    let approved = record.approvers().map(|vote| {
        let places = [&vote.person].into_iter().filter(|person| place(person));
        places.chain(&vote.stands_for).collect::<Vec<_>>()
    });
    assert!(all_have_places(&approved.collect::<Vec<_>>(), &[]), "a place counts once: {record:?}");
}

fn absent<'a>(stand_ins: &'a BTreeMap<PersonId, PersonId>, person: &PersonId) -> Vec<&'a PersonId> {
    stand_ins.iter().filter(|(_, delegate)| *delegate == person).map(|(absent, _)| absent).collect()
}

fn all_have_places(people: &[Vec<&PersonId>], gone: &[&PersonId]) -> bool {
    let Some((first, others)) = people.split_first() else { return true };
    first.iter().filter(|place| !gone.contains(place)).any(|place| {
        let gone: Vec<&PersonId> = gone.iter().copied().chain([*place]).collect();
        all_have_places(others, &gone)
    })
}
