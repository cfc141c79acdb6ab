//! Why something that somebody wanted had no effect.

use serde::{Deserialize, Serialize};

/// Why a word did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The person is not among the approvers.
    NotAnApprover,
    /// Somebody else was meant by the key of the person when it was asked.
    SomebodyElse,
    /// The person asked for it, and the policy wants somebody else.
    OwnRequest,
    /// The person has said the same before.
    AlreadyVoted,
    /// The decision had been made.
    AlreadyDecided,
    /// The approval had ended without a decision.
    Closed,
    /// The deadline had passed.
    TooLate,
    /// The policy wants a reason with a rejection, and whoever sends back says what is to be changed.
    ReasonMissing,
    /// The policy does not let people send a request back.
    NoReturns,
    /// The person had said already that they are looking at it.
    Looking,
    /// The person was not looking at it.
    NotLooking,
    /// The comment was too long.
    CommentTooLong,
    /// The request wants an approval to be confirmed, and it was not.
    Unconfirmed,
    /// What an approval is asked for was missing or wrong.
    InputsWrong,
    /// They were shown something else than what was asked.
    OtherContent,
    /// It was not proven that the workflow may ask.
    Unproven,
    /// The person had not asked for it.
    NotTheRequester,
    /// Others had filled all the seats that the person could fill.
    SeatsTaken,
    /// The person had approved in the same execution under a policy that this one is kept apart from.
    ApprovedElsewhere,
    /// Under such a policy another request of the execution came first, and was still open.
    OtherFirst,
    /// Somebody had approved already in each place that the person could approve in.
    PlaceTaken,
    /// The policy did not let the person approve alone.
    MayNotBreakGlass,
    /// Nobody could have acknowledged it.
    NobodyToAcknowledge,
    /// Nobody had approved alone.
    GlassNotBroken,
    /// The person had approved alone themself.
    OwnGlass,
    /// The person is none of those who may acknowledge it.
    MayNotAcknowledge,
    /// It was acknowledged.
    AlreadyAcknowledged,
}
