//! What whoever approves is asked for, on the card: under Approve, so that a rejection is asked for nothing.

use serde_json::{Value, json};

use super::activity::Press;
use super::elements::{Look, ours, with};
use super::form;
use super::words::{CONFIRMED, CONFIRMED_OFF, CONFIRMED_ON};
use crate::approval::fields::Field;
use crate::approval::filling::Entry;
use crate::approval::request::Request;
use crate::messages::answers::IN_THEIR_WORDS;
use crate::messages::risk;

/// Approve itself, or what opens with it all that is asked for.
pub(super) fn open(request: &Request, approve: Value) -> Value {
    if !request.asks_approver() {
        return approve;
    }
    let asked = request.unanswered().into_iter();
    let inputs = asked.flat_map(|(field, entry)| form::input(field.kind.menu(), field, &entry));
    let inputs = their_words(request).into_iter().chain(inputs);
    json!({ "type": "Action.ShowCard", "title": "Approve…", "style": "positive", "card": {
        "type": "AdaptiveCard",
        "body": inputs.chain(confirmation(request)).collect::<Vec<_>>(),
        "actions": [approve],
    }})
}

/// The same with what was written into the inputs and what is wrong with it, and with a box that has to be ticked again.
/// The client lets them go as they are: a rejection takes them along here, and need not have them.
pub(super) fn again(request: &Request, tried: &Press) -> Vec<Value> {
    let inputs = request.written(&tried.answers.inputs).into_iter().flat_map(|(field, entry)| elements(field, &entry));
    let told = ours("Nothing was decided. To approve, fill in:", Look::Strong);
    let confirmation = confirmation(request).into_iter().flat_map(|box_to_tick| {
        let unconfirmed = ours(&risk::unconfirmed(), Look::Wrong);
        [with(box_to_tick, "isRequired", false), with(unconfirmed, "spacing", "None")]
    });
    [told].into_iter().chain(their_words(request)).chain(inputs).chain(confirmation).collect()
}

/// Before labels, which are not words of ours.
fn their_words(request: &Request) -> Option<Value> {
    request.fields().next().map(|_| ours(IN_THEIR_WORDS, Look::Quiet))
}

fn elements(field: &Field, entry: &Entry) -> Vec<Value> {
    let mut elements = form::input(field.kind.menu(), field, entry);
    if let Some(input) = elements.first_mut() {
        *input = with(input.take(), "isRequired", false);
    }
    elements
}

/// The box that confirms an approval, if that has to be: one that nobody has ticked yet, and that has to be ticked.
fn confirmation(request: &Request) -> Option<Value> {
    request.needs_confirmation().then(|| {
        json!({
            "type": "Input.Toggle", "id": CONFIRMED, "label": "Confirmation", "title": risk::CONFIRMATION,
            "valueOn": CONFIRMED_ON, "valueOff": CONFIRMED_OFF, "value": CONFIRMED_OFF, "wrap": true,
            "isRequired": true, "errorMessage": risk::unconfirmed(),
        })
    })
}
