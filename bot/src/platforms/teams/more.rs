//! What else one may do with a request that waits, in the menu of the card that Teams makes of secondary actions. Everybody
//! sees the same card, so each is offered to all; whom it is not for is told so.

use serde_json::{Value, json};

use super::elements::{Look, execute, ours, with};
use super::words::{CLAIM, LET_GO, TAKE_BACK};
use crate::approval::record::Approval;
use crate::messages::{answers, claims};

/// The actions of the menu, in its order.
pub(super) fn actions(approval: &Approval) -> Vec<Value> {
    let let_go = approval.claimed().map(|_| look(approval, LET_GO, claims::END));
    let actions = [Some(look(approval, CLAIM, claims::BEGIN)), let_go, Some(take_back(approval))];
    actions.into_iter().flatten().map(|action| with(action, "mode", "secondary")).collect()
}

/// Says something of looking at it, whatever the card shows, and takes nothing along.
fn look(approval: &Approval, verb: &str, title: &str) -> Value {
    let data = json!({ "approval": approval.id, "verb": verb });
    let submit = json!({ "type": "Action.Submit", "title": title, "data": data, "associatedInputs": "none" });
    json!({
        "type": "Action.Execute", "verb": verb, "title": title, "data": data, "associatedInputs": "none",
        "fallback": submit,
    })
}

/// Asks first. What stands in the inputs of the card is none of its business.
fn take_back(approval: &Approval) -> Value {
    let confirmed = execute(approval, TAKE_BACK, "Take back", "destructive");
    json!({ "type": "Action.ShowCard", "title": "Take back…", "card": {
        "type": "AdaptiveCard",
        "body": [ours(answers::TAKING_BACK, Look::Normal)],
        "actions": [with(confirmed, "associatedInputs", "none")],
    }})
}
