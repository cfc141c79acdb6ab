//! Who stands in for approvers who are away, taken into the record as it is now.

use jiff::Timestamp;

use crate::approval::audit::What;
use crate::approval::delegation::{Delegation, StandIn};
use crate::approval::record::Approval;
use crate::approval::state::State;

impl Approval {
    /// Takes in what these people have said of who stands in for them, as far as the rules let it, and says whether the
    /// record has changed. Who has come to stand in is asked by mail where the others are.
    pub fn take_stand_ins(&mut self, delegations: &[Delegation], now: Timestamp) -> bool {
        if self.state != State::Pending {
            return false;
        }
        let mut stand_ins: Vec<StandIn> =
            delegations.iter().filter_map(|delegation| self.means_here(delegation, now)).collect();
        stand_ins.sort_by(|one, other| one.absent.cmp(&other.absent));
        if stand_ins == self.stand_ins {
            return false;
        }
        self.stand_ins = stand_ins;
        self.call_stand_ins();
        let stand_ins = self.stand_ins.iter().map(|stand_in| (stand_in.absent.clone(), stand_in.delegate.clone()));
        self.log_stand_ins(What::StandIns { of: stand_ins.collect() }, now);
        self.revision += 1;
        self.leave_to_reconciler(now);
        true
    }

    /// What a delegation means here: it is of an approver, and to somebody whom the policy lets stand in.
    fn means_here(&self, delegation: &Delegation, now: Timestamp) -> Option<StandIn> {
        let delegate = delegation.delegate_at(now)?;
        let may_stand_in = self.rules.delegates.iter().any(|person| person.id == *delegate);
        let is_of_approver = self.rules.approver(&delegation.absent).is_some();
        (may_stand_in && is_of_approver && delegation.absent != *delegate).then(|| StandIn {
            absent: delegation.absent.clone(),
            delegate: delegate.clone(),
            until: delegation.until,
        })
    }
}
