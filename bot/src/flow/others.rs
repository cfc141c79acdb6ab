//! The other approvals of an execution, for policies that are kept apart: whoever has approved under one of them does not
//! count under the other.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::app::App;
use crate::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use crate::approval::policy::Rules;
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::net::deadline::{Deadline, Unavailable};

/// How many calls to the store are made at once.
const AT_ONCE: usize = 20;

/// The approvals of this execution, but for this one, under the policies that these rules are kept apart from. One counts
/// only if the history of the execution was seen to hold its task: nobody else can name an execution and keep its people
/// from deciding, or so many times that nobody could go through them.
pub(crate) async fn apart(
    app: &App,
    id: &ApprovalId,
    rules: &Rules,
    execution: &ExecutionArn,
    deadline: Deadline,
) -> Result<Vec<Approval>, Unavailable> {
    if rules.distinct_from.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = deadline.run("store", app.ports.store.of_execution(execution)).await?;
    ids.retain(|other| other != id);
    let load = |id: ApprovalId| async move { deadline.run("store", app.ports.store.load(&id)).await };
    let mut others: Vec<Option<Approval>> = stream::iter(ids).map(load).buffered(AT_ONCE).try_collect().await?;
    let is_apart = |other: &Approval| other.attempt.is_some() && rules.distinct_from.contains(&other.rules.name);
    others.retain(|other| other.as_ref().is_some_and(is_apart));
    Ok(others.into_iter().flatten().collect())
}

/// Who has approved, and under which policy, whatever became of it; where somebody stood in for somebody else, both.
pub(crate) fn approved(others: &[Approval]) -> BTreeMap<PersonId, String> {
    let approved = others.iter().flat_map(|other| {
        let votes = other.approvers().chain(other.glass_breaker());
        let people = votes.flat_map(move |vote| [Some(&vote.person), other.counts_for(vote).map(|absent| &absent.id)]);
        people.flatten().map(move |person| (person.clone(), other.rules.name.clone()))
    });
    approved.collect()
}

/// The policy of the one that has to be decided before this: of those that are open at once only the first takes votes, so
/// that nobody can give theirs to both at the same moment.
pub(crate) fn first(others: &[Approval], approval: &Approval) -> Option<String> {
    let place = |approval: &Approval| (approval.request.raised_at, approval.id.clone());
    let is_first = |other: &&Approval| other.state == State::Pending && place(other) < place(approval);
    others.iter().find(is_first).map(|other| other.rules.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::TaskToken;
    use crate::approval::sample::{after, approval, command};
    use crate::approval::state::Verdict;
    use crate::approval::transitions::decide::{Counted, decide};

    #[test]
    fn of_two_that_are_open_one_takes_votes() {
        let (mut one, mut other) = (approval("required = 2"), approval("required = 2"));
        other.id = ApprovalId::of(&TaskToken::parse("another token").unwrap());
        let is_first = |one: &Approval, other: &Approval| first(std::slice::from_ref(other), one).is_none();
        assert_ne!(is_first(&one, &other), is_first(&other, &one), "raised in the same moment");
        other.request.raised_at = after(1);
        assert!(is_first(&one, &other) && !is_first(&other, &one));
        let Ok(Counted::Open(voted)) = decide(&one, &command("grace", Verdict::Approve, None), after(2)) else {
            panic!("two are needed")
        };
        assert_eq!(approved(&[voted]).into_values().collect::<Vec<_>>(), ["p"]);
        one.resolve(crate::approval::state::Outcome::Approved, after(3));
        assert!(is_first(&other, &one), "what is closed takes no votes");
    }
}
