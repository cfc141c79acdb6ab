//! Who says that they are looking at it, by a model of its own: the trail of a case is gone through.

use countersign_bot::approval::audit::{Entry, What};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Verdict;
use countersign_bot::approval::transitions::claim::{Claiming, Look};
use countersign_bot::flow::{BACKGROUND, resolve};
use countersign_bot::net::deadline::Deadline;
use futures::future::BoxFuture;

use super::stage::{Stage, command};

impl Stage {
    pub(super) fn look(&self, skew: i64, approval: &Approval, person: usize, look: Look) -> BoxFuture<'static, ()> {
        let person = command(approval, person, Platform::Teams, Verdict::Approve).person;
        let (app, id) = (self.app(skew), approval.id.clone());
        let claiming = Claiming { person, platform: Platform::Teams, look };
        Box::pin(async move {
            let _ = resolve::claim(&app, &id, &claiming, Deadline::after(BACKGROUND)).await;
        })
    }
}

/// While somebody is looking nobody is reminded; only whoever is looking lets go; and nothing is said after the end.
pub(super) fn check(entries: &[Entry]) {
    let (mut held, mut is_over) = (None, false);
    for entry in entries {
        match &entry.what {
            What::Claimed { who, until, .. } => {
                assert!(!is_over && *until > entry.at, "{entries:?}");
                held = Some((&who.person, *until));
            }
            What::LetGo { who, .. } => {
                let is_own = held.is_some_and(|(person, until)| *person == who.person && entry.at < until);
                assert!(!is_over && is_own, "{entries:?}");
                held = None;
            }
            What::ClaimEnded { who } => {
                assert!(held.is_some_and(|(person, until)| *person == who.person && entry.at >= until), "{entries:?}");
                held = None;
            }
            What::Voted { who, .. } => held = held.filter(|(person, _)| **person != who.person),
            What::Reminded { .. } => {
                assert!(held.is_none_or(|(_, until)| entry.at >= until), "nobody is reminded meanwhile: {entries:?}");
            }
            What::Decided { .. } | What::Cancelled { .. } | What::Resolved { .. } => is_over = true,
            _ => {}
        }
    }
}
