//! Who may approve alone and who may acknowledge it, by a model of its own.

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Verdict;
use countersign_bot::approval::transitions::break_glass::Acknowledging;
use countersign_bot::approval::transitions::decide::Command;
use countersign_bot::flow::{BACKGROUND, resolve};
use countersign_bot::net::deadline::Deadline;
use futures::future::BoxFuture;

use super::stage::{Stage, command};

impl Stage {
    pub(super) fn break_glass(&self, skew: i64, approval: &Approval, person: usize) -> BoxFuture<'static, ()> {
        let command = command(approval, person, Platform::Slack, Verdict::BreakGlass);
        self.click(skew, approval, Command { comment: Some("the shop is down".to_owned()), ..command })
    }

    pub(super) fn acknowledge(&self, skew: i64, approval: &Approval, person: usize) -> BoxFuture<'static, ()> {
        let person = command(approval, person, Platform::Teams, Verdict::Approve).person;
        let (app, id) = (self.app(skew), approval.id.clone());
        let by = Acknowledging { person, platform: Platform::Teams };
        Box::pin(async move {
            let _ = resolve::acknowledge(&app, &id, &by, Deadline::after(BACKGROUND)).await;
        })
    }
}

/// Of the stage's people Linus may, and Ada, but whoever asked may not; an approver who has not acknowledges it.
pub(super) fn check(record: &Approval) {
    let alone: Vec<_> = record.votes.iter().filter(|vote| vote.verdict == Verdict::BreakGlass).collect();
    assert_eq!(alone.len(), usize::from(record.broken_glass.is_some()), "{record:?}");
    let Some(glass) = &record.broken_glass else { return };
    let breaker = alone[0].person.as_str();
    let requester = record.request.requester.as_ref().map(|person| person.id.as_str());
    assert!(
        ["linus", "ada"].contains(&breaker) && requester.is_some_and(|requester| requester != breaker),
        "{record:?}"
    );
    assert!(alone[0].comment.is_some(), "it has a reason");
    if let Some(acknowledged) = &glass.acknowledged {
        let by = acknowledged.person.as_str();
        assert!(by != breaker && ["ada", "grace", "linus"].contains(&by), "{record:?}");
    }
}
