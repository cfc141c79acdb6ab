//! A request that follows an earlier one: what it says otherwise is told beside it.

use jiff::Timestamp;

use crate::approval::audit::What;
use crate::approval::ids::ExecutionArn;
use crate::approval::record::Approval;
use crate::approval::since::Since;
use crate::approval::state::{Ending, Intent, Outcome, State};

impl Approval {
    /// Whether people have sent it back, whether or not Step Functions has confirmed that.
    pub fn is_sent_back(&self) -> bool {
        match &self.state {
            State::Pending => false,
            State::Resolving(Ending { intent, .. }) => *intent == Intent::Return,
            State::Resolved(resolution) => resolution.outcome == Outcome::Returned,
        }
    }

    /// Whether a request of this execution under this policy may follow this one: it was asked under the same policy, by an
    /// execution of the same state machine, whose history was seen to hold its task. Anything else could be of people who
    /// are none of those who decide here.
    pub fn may_be_followed_by(&self, execution: &ExecutionArn, policy: &str) -> bool {
        let same_machine = self.request.execution.state_machine() == execution.state_machine();
        self.attempt.is_some() && same_machine && self.rules.name == policy
    }

    /// Notes what this request says otherwise than the one that it follows.
    pub fn follow(&mut self, earlier: &Self, now: Timestamp) {
        self.since = Some(Since::between((&earlier.id, &earlier.request), &self.request));
        self.log(What::Follows { earlier: earlier.id.clone() }, now);
        self.revision += 1;
    }

    /// What it says otherwise than the one that it follows. Until its own execution is proven, nothing of another request is
    /// shown beside it.
    pub fn shown_since(&self) -> Option<&Since> {
        self.since.as_ref().filter(|_| self.attempt.is_some())
    }
}
