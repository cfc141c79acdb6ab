//! The beginning: the record of what a workflow asks.

use crate::approval::audit::{Head, What};
use crate::approval::delivery::Missing;
use crate::approval::event::Event;
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::request::Asked;
use crate::approval::state::State;

impl Approval {
    /// A new record for what a workflow asks, pending, with nothing sent yet and every place to send it to.
    pub fn raise(asked: Asked) -> Self {
        let Asked { token, request, rules, policy_version, apart, proven_first } = asked;
        let id = ApprovalId::of(&token);
        let mut approval = Self {
            audit: Head::genesis(&id),
            id,
            token,
            request,
            rules,
            policy_version,
            apart,
            since: None,
            state: State::Pending,
            votes: Vec::new(),
            stand_ins_changed: 0,
            stand_ins: Vec::new(),
            claim: None,
            broken_glass: None,
            calls: Vec::new(),
            reminded: 0,
            quiet_until: None,
            copies: Vec::new(),
            missing: Vec::new(),
            outbox: Vec::new(),
            execution_end: None,
            attempt: None,
            proven_first,
            successor: None,
            revision: 0,
            retry: None,
            journal: Vec::new(),
            refused: 0,
            version: 0,
        };
        approval.log(What::raised(&approval), approval.request.raised_at);
        approval.outbox.push(Event::requested(&approval));
        approval.missing = approval.first_places().into_iter().map(Missing::new).collect();
        approval.leave_to_reconciler(approval.request.raised_at);
        approval
    }
}
