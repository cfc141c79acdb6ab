//! The messages of an approval, on whichever platform they are: sent, brought up to date, and answered with notes.

use crate::app::App;
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef};
use crate::approval::record::Approval;
use crate::deadline::Deadline;
use crate::mail;
use crate::messages;
use crate::ports::Unavailable;
use crate::slack;
use crate::teams;

/// A message that was not sent, and whether trying again is of use.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct Unsent {
    /// The platform refused this message for good.
    pub is_final: bool,
    /// What it said.
    pub problem: String,
}

impl Unsent {
    /// The rules of the approval name no such place.
    pub fn nowhere() -> Self {
        Self { is_final: true, problem: "the rules name no such place".to_owned() }
    }

    /// The platform of a recorded message is no longer configured.
    pub fn platform_is_off() -> Self {
        Self { is_final: false, problem: "the platform is not configured".to_owned() }
    }
}

impl From<slack::Error> for Unsent {
    fn from(error: slack::Error) -> Self {
        Self { is_final: error.is_final(), problem: error.to_string() }
    }
}

impl From<teams::Error> for Unsent {
    fn from(error: teams::Error) -> Self {
        Self { is_final: error.is_final(), problem: error.to_string() }
    }
}

impl From<Unavailable> for Unsent {
    fn from(error: Unavailable) -> Self {
        Self { is_final: false, problem: error.to_string() }
    }
}

/// Sends the request to one place. A platform that is off when the request is raised is not waited for.
pub(crate) async fn send(
    app: &App,
    approval: &Approval,
    destination: &Destination,
    deadline: Deadline,
) -> Result<MessageRef, Unsent> {
    let off = || Unsent { is_final: true, ..Unsent::platform_is_off() };
    match destination {
        Destination::Slack => {
            let slack = app.slack.as_ref().ok_or_else(off)?;
            let channel = approval.rules.slack_channel.as_ref().ok_or_else(Unsent::nowhere)?;
            let card = messages::slack::card(approval, &app.links);
            let posted = slack.client.post(channel, card, None, deadline).await.map_err(|error| {
                // A card whose answer was lost may be out. It is adopted with the first click on it, while a second
                // one beside it would leave it to itself.
                let is_final = error.is_final() || matches!(error, slack::Error::NoAnswer(_));
                Unsent { is_final, problem: error.to_string() }
            })?;
            Ok(MessageRef::Slack { channel: posted.channel, ts: posted.ts })
        }
        Destination::Teams => {
            let client = &app.teams.as_ref().ok_or_else(off)?.client;
            let conversation = approval.rules.teams_conversation.as_ref().ok_or_else(Unsent::nowhere)?;
            let card = messages::teams::card(approval, &app.links);
            let posted = client.post_card(conversation, card, &messages::teams::summary(approval), deadline).await;
            // For a card that may be out the same holds as in Slack.
            let posted = posted.map_err(|error| {
                let is_final = error.is_final() || error.may_be_done();
                Unsent { is_final, problem: error.to_string() }
            })?;
            Ok(MessageRef::Teams { conversation: posted.conversation, activity: posted.activity })
        }
        Destination::Email(person) => {
            app.mail.as_ref().and_then(|mail| mail.mailer.as_ref()).ok_or_else(off)?;
            let person = approval.rules.approver(person).ok_or_else(Unsent::nowhere)?;
            mail::request(app, approval, person, deadline).await
        }
    }
}

/// Makes a card show the record as it is. A mail cannot be changed.
pub(crate) async fn update(
    app: &App,
    approval: &Approval,
    message: &MessageRef,
    deadline: Deadline,
) -> Result<(), Unsent> {
    match message {
        MessageRef::Slack { channel, ts } => {
            let slack = app.slack.as_ref().ok_or_else(Unsent::platform_is_off)?;
            let card = messages::slack::card(approval, &app.links);
            Ok(slack.client.update(channel, ts, card, deadline).await?)
        }
        MessageRef::Teams { conversation, activity } => {
            let teams = app.teams.as_ref().ok_or_else(Unsent::platform_is_off)?;
            let (card, summary) = (messages::teams::card(approval, &app.links), messages::teams::summary(approval));
            Ok(teams.client.update_card(conversation, activity, card, &summary, deadline).await?)
        }
        MessageRef::Email { .. } => Ok(()),
    }
}

/// Tells something in the thread of a card, or as the answer to a mail.
pub(crate) async fn tell(
    app: &App,
    approval: &Approval,
    message: &MessageRef,
    note: &Note,
    deadline: Deadline,
) -> Result<(), Unsent> {
    match message {
        MessageRef::Slack { channel, ts } => {
            let slack = app.slack.as_ref().ok_or_else(Unsent::platform_is_off)?;
            let text = match note {
                Note::Reminder { at } => messages::slack::reminder_note(approval, *at),
                Note::Escalation => messages::slack::escalation_note(approval),
                Note::Outcome => messages::slack::outcome_note(approval),
                Note::Result(end) => messages::slack::result_note(approval, end),
            };
            slack.client.post(channel, text, Some(ts), deadline).await?;
            Ok(())
        }
        MessageRef::Teams { conversation, activity } => {
            let teams = app.teams.as_ref().ok_or_else(Unsent::platform_is_off)?;
            let text = match note {
                Note::Reminder { at } => messages::teams::reminder_note(approval, *at),
                Note::Escalation => messages::teams::escalation_note(approval),
                Note::Outcome => messages::teams::outcome_note(approval),
                Note::Result(end) => messages::teams::result_note(approval, end),
            };
            Ok(teams.client.note(conversation, activity, &text, deadline).await?)
        }
        MessageRef::Email { person } => match note {
            Note::Reminder { at } => mail::remind(app, approval, person, *at, deadline).await,
            Note::Outcome => mail::close(app, approval, person, deadline).await,
            Note::Escalation | Note::Result(_) => Ok(()),
        },
    }
}
