//! The row of buttons of a request: on its card, and in somebody's home.

use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle,
    SlackBlockConfirmItem, SlackBlockOverflowElement,
};

use super::details;
use super::elements::{APPROVE, APPROVE_IN_FORM, REJECT, REJECT_IN_FORM, RETURN_IN_FORM, plain, typed, value};
use super::more::{self, More};
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::messages::{answers, returning};

/// Those that decide as long as it waits, the one that shows what else there is to read, and the menu of what else to do.
pub(super) fn of_card(approval: &Approval) -> Option<SlackBlock> {
    let confirm = SlackBlockConfirmItem::new(
        plain("Reject this request?"),
        typed(answers::REJECTING),
        plain("Reject"),
        plain("Keep waiting"),
    );
    let confirm = confirm.with_style("danger".to_owned());
    let reject = button(approval, REJECT, "Reject").with_style(SlackBlockButtonStyle::Danger).with_confirm(confirm);
    row(approval, "decision".to_owned(), reject, more::menu(approval, More::of_card()))
}

/// The same in somebody's home. What may need a comment opens a form for it, since there is no field beside them.
pub(super) fn of_home(approval: &Approval) -> Option<SlackBlock> {
    let reject = button(approval, REJECT_IN_FORM, "Reject…").with_style(SlackBlockButtonStyle::Danger);
    row(approval, format!("decision.{}", approval.id), reject, more::menu(approval, More::of_waiting()))
}

fn row(
    approval: &Approval,
    block_id: String,
    reject: SlackBlockButtonElement,
    menu: Option<SlackBlockOverflowElement>,
) -> Option<SlackBlock> {
    let approve = match approval.request.asks_approver() {
        true => button(approval, APPROVE_IN_FORM, "Approve…"),
        false => button(approval, APPROVE, "Approve"),
    };
    let approve = approve.with_style(SlackBlockButtonStyle::Primary);
    let send_back = approval.rules.returns.then(|| button(approval, RETURN_IN_FORM, returning::OPEN));
    let deciding = [approve, reject].into_iter().chain(send_back).filter(|_| approval.state == State::Pending);
    let buttons = deciding.chain(details::button(approval)).map(Into::into);
    let buttons: Vec<SlackActionBlockElement> = buttons.chain(menu.map(Into::into)).collect();
    (!buttons.is_empty()).then(|| SlackActionsBlock::new(buttons).with_block_id(block_id.into()).into())
}

fn button(approval: &Approval, action: &str, label: &str) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(label))
        .with_action_id(SlackActionId(action.to_owned()))
        .with_value(value(approval))
}
