//! The addresses of cards in the chats, for those who are sent there, and the links of requests.

use super::dialect::{Dialect, address};
use crate::approval::place::MessageRef;
use crate::approval::record::Approval;
use crate::approval::request::Link;
use crate::links::Links;

/// The address of an approval's card, or else the page of its execution, if that is proven.
pub fn to_card(approval: &Approval, links: &Links, dialect: Dialect) -> Option<String> {
    let cards = approval.copies.iter().filter(|copy| copy.message.is_shared() && !copy.lost).map(|copy| &copy.message);
    nearest(cards, dialect).or_else(|| links.execution_of(approval))
}

/// A link of a request: what it says, and the host, behind which the address is.
pub fn of_request(link: &Link, dialect: Dialect) -> String {
    format!("{}: {}", dialect.text(&link.text), dialect.link(link.url.as_str(), link.url.host()))
}

/// The address of the card on the reader's platform if there is one, else of any.
fn nearest<'a>(cards: impl Iterator<Item = &'a MessageRef> + Clone, dialect: Dialect) -> Option<String> {
    let is_near = |message: &&MessageRef| dialect.platform() == Some(message.platform());
    cards.clone().filter(is_near).find_map(address).or_else(|| cards.clone().find_map(address))
}

/// Where the decision is asked for now, for the card of a request that was asked again.
pub fn to_successor(approval: &Approval, dialect: Dialect) -> Option<String> {
    let successor = approval.successor.as_ref()?;
    let link = of_successor(approval, dialect).map(|address| dialect.link(&address, "open the later request"));
    Some(format!("The workflow asks again: {}", link.unwrap_or_else(|| successor.id.to_string())))
}

/// The address of the card of the later request, once that is out.
pub fn of_successor(approval: &Approval, dialect: Dialect) -> Option<String> {
    nearest(approval.successor.as_ref()?.cards.iter(), dialect)
}
