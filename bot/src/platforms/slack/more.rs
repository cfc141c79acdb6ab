//! What else one may do with a request that waits, in the menu beside its buttons. Everybody sees the same card, so each
//! option is offered to all there; whom it is not for is told so. A home is one person's, and offers what is for them.

use slack_morphism::SlackActionId;
use slack_morphism::blocks::{SlackBlockChoiceItem, SlackBlockOverflowElement};

use super::elements::plain;
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::approval::transitions::claim::Look;
use crate::messages::claims;
use crate::platforms::press::Shown;

/// The action of the menu. The value of an option names what to do and the approval: it is too short for the hash that
/// buttons carry, so nothing stands here that depends on what the card shows.
pub(super) const MORE: &str = "more";

/// What stands in the value of an option between what to do and the approval.
const SEPARATOR: char = '.';

/// An option of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// Says that one is looking at it, or no longer is.
    Look(Look),
    /// Opens the form that takes the request back.
    TakeBack,
}

impl More {
    /// In the order of the menu.
    const ALL: [Self; 3] = [Self::Look(Look::Begins), Self::Look(Look::Ends), Self::TakeBack];

    /// What the card offers, which is the same for everybody.
    pub(super) fn of_card() -> Vec<Self> {
        Self::ALL.into()
    }

    /// What the home of somebody offers beside a request that waits for them.
    pub(super) fn of_waiting() -> Vec<Self> {
        vec![Self::Look(Look::Begins), Self::Look(Look::Ends)]
    }

    /// What it offers beside a request that they asked for.
    pub(super) fn of_raised() -> Vec<Self> {
        vec![Self::TakeBack]
    }

    /// What its value begins with, and what it says.
    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Look(Look::Begins) => ("claim", claims::BEGIN),
            Self::Look(Look::Ends) => ("let_go", claims::END),
            Self::TakeBack => ("take_back", "Take back…"),
        }
    }

    /// What was chosen, and of which request, if the value is one of ours.
    pub(super) fn read(value: &str) -> Option<(Self, Shown)> {
        let (name, approval) = value.split_once(SEPARATOR)?;
        let more = Self::ALL.into_iter().find(|more| more.named().0 == name)?;
        Some((more, Shown { approval: ApprovalId::parse(approval).ok()?, content: None }))
    }
}

/// The menu with these options, as long as the request waits.
pub(super) fn menu(approval: &Approval, options: Vec<More>) -> Option<SlackBlockOverflowElement> {
    let option = |more: More| {
        let (name, label) = more.named();
        SlackBlockChoiceItem::new(plain(label), format!("{name}{SEPARATOR}{}", approval.id))
    };
    // There is nothing to let go of where nobody is looking.
    let is_offered = |more: &More| *more != More::Look(Look::Ends) || approval.claimed().is_some();
    let options: Vec<SlackBlockChoiceItem<_>> = options.into_iter().filter(is_offered).map(option).collect();
    if approval.state != State::Pending || options.is_empty() {
        return None;
    }
    Some(SlackBlockOverflowElement::new(options).with_action_id(SlackActionId(MORE.to_owned())))
}
