//! What people ask about approvals in a chat: what waits, how one stands, and to take one back.

use super::commands::ChatCommand;
use crate::approval::explain::explain;
use crate::approval::ids::ApprovalId;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::transitions::cancel::Cancellation;
use crate::flow::app::App;
use crate::flow::listing;
use crate::flow::resolve::{self, Answer};
use crate::messages::answers;
use crate::messages::dialect::Dialect;
use crate::messages::{explanation, lists};
use crate::net::deadline::{Deadline, Unavailable};

/// Who asks, where, and until when they want an answer.
pub(super) struct Asker<'a> {
    /// A person of the policy.
    pub(super) person: &'a Person,
    /// The chat they ask in.
    pub(super) platform: Platform,
    /// How that chat shows text.
    pub(super) dialect: Dialect,
    /// When the answer has to be there.
    pub(super) deadline: Deadline,
}

/// Answers what somebody asks about approvals; nothing if the command is about something else.
pub(super) async fn answer(app: &App, asker: &Asker<'_>, command: ChatCommand<'_>) -> Option<String> {
    match command {
        ChatCommand::List => Some(list(app, asker).await),
        ChatCommand::Show { id } => Some(show(app, asker, id).await),
        ChatCommand::Cancel { id } => Some(cancel(app, asker, id).await),
        ChatCommand::Start { .. } | ChatCommand::Named { .. } | ChatCommand::Help => None,
    }
}

/// What waits for this person's decision, and what they have asked for.
async fn list(app: &App, asker: &Asker<'_>) -> String {
    let waiting = listing::waiting_for(app, &asker.person.id, asker.deadline);
    let raised = listing::raised_by(app, &asker.person.id, asker.deadline);
    match futures::try_join!(waiting, raised) {
        Ok((waiting, raised)) => lists::of_person(&waiting, &raised, &app.links, asker.dialect),
        Err(error) => not_looked_up(&error),
    }
}

/// How one approval stands, and what the person who asks may do about it.
async fn show(app: &App, asker: &Asker<'_>, id: &str) -> String {
    let Ok(id) = ApprovalId::parse(id) else { return answers::no_approval_id(id, asker.dialect) };
    match asker.deadline.run("store", app.ports.store.load(&id)).await {
        Ok(Some(approval)) => {
            let explained = explain(&approval, asker.person, app.now());
            explanation::text(&approval, &explained, Some(&app.links), asker.dialect)
        }
        Ok(None) => answers::unknown_approval(),
        Err(error) => not_looked_up(&error),
    }
}

/// Takes one approval back, if the person who asks is the one who asked for it.
async fn cancel(app: &App, asker: &Asker<'_>, id: &str) -> String {
    let Ok(id) = ApprovalId::parse(id) else { return answers::no_approval_id(id, asker.dialect) };
    let cancellation = Cancellation { person: asker.person.clone(), platform: asker.platform };
    match resolve::cancel(app, &id, &cancellation, asker.deadline).await {
        Ok(Answer::Recorded(approval)) => answers::cancelled(&approval, asker.dialect),
        Ok(Answer::Refused { refusal, .. }) => answers::refusal(&refusal, asker.dialect),
        Ok(Answer::Unknown) => answers::unknown_approval(),
        Err(error) => {
            tracing::error!(approval.id = %id, %error, "a cancellation could not be recorded");
            answers::not_cancelled()
        }
    }
}

fn not_looked_up(error: &Unavailable) -> String {
    tracing::error!(%error, "what somebody asked about could not be looked up");
    answers::not_looked_up()
}
