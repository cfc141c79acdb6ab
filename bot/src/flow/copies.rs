//! The messages of an approval, on whichever platform they are: sent, brought up to date, and answered with notes.

use super::app::App;
use crate::approval::delivery::{Fate, Unsent};
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::record::Approval;
use crate::net::deadline::Deadline;
use crate::ports::Messenger;

/// Sends the request to one place. A platform that is off when the request is raised is not waited for.
pub(crate) async fn send(
    app: &App,
    approval: &Approval,
    destination: &Destination,
    deadline: Deadline,
) -> Result<MessageRef, Unsent> {
    let messenger = messenger(app, destination.platform()).map_err(|off| Unsent { fate: Fate::Refused, ..off })?;
    messenger.send(approval, destination, deadline).await
}

/// Makes a card show the record as it is. A mail cannot be changed.
pub(crate) async fn update(
    app: &App,
    approval: &Approval,
    message: &MessageRef,
    deadline: Deadline,
) -> Result<(), Unsent> {
    messenger(app, message.platform())?.update(approval, message, deadline).await
}

/// Tells something in the thread of a card, or as the answer to a mail.
pub(crate) async fn tell(
    app: &App,
    approval: &Approval,
    message: &MessageRef,
    note: &Note,
    deadline: Deadline,
) -> Result<(), Unsent> {
    messenger(app, message.platform())?.tell(approval, message, note, deadline).await
}

fn messenger(app: &App, platform: Platform) -> Result<&dyn Messenger, Unsent> {
    app.messengers.get(&platform).map(AsRef::as_ref).ok_or_else(Unsent::platform_is_off)
}
