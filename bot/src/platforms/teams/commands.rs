//! What people say to the bot: `start 125 122`, `pending`, `show ID`, `cancel ID`, `help`, with or without a slash or a mention.

use serde_json::json;

use super::activity::Activity;
use super::client::ReplyTo;
use super::verified::Verified;
use super::{Teams, words};
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::run::Starter;
use crate::calculation::answers::{mistake, not_started, usage};
use crate::calculation::launch::{self, Asked};
use crate::calculation::numbers::Numbers;
use crate::flow::app::App;
use crate::messages::answers;
use crate::messages::dialect::TEAMS;
use crate::platforms::approvals::{self, Asker};
use crate::platforms::commands::ChatCommand;

/// What the bot's menu in Teams offers. `start` is the command of the policy that comes with the reference workflow.
pub const COMMANDS: [&str; 5] = ["start", "pending", "show", "cancel", "help"];

/// Carries out what was typed and answers it where it was said.
pub(super) async fn carry_out(app: &App, teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let words = activity.words();
    let text = match (activity.person(app, verified.tenant()), ChatCommand::said(&words)) {
        (Err(stranger), _) => answers::stranger(stranger),
        (Ok(person), ChatCommand::Start { name, arguments }) => {
            start(app, verified, activity, person, &name.to_lowercase(), arguments).await
        }
        (Ok(person), command) => {
            let asker = Asker { person, platform: Platform::Teams, dialect: TEAMS, deadline: verified.deadline() };
            let answer = approvals::answer(app, &asker, command).await;
            answer.unwrap_or_else(|| words::help(COMMANDS[0], activity.conversation()))
        }
    };
    send(teams, verified, &activity.reply_to(verified), &text).await;
}

/// Says hello where the bot was added, and what the policy needs to know of the place.
pub(super) async fn greet(teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let to = ReplyTo {
        service_url: verified.service_url().clone(),
        conversation: activity.home().to_owned(),
        message: None,
    };
    send(teams, verified, &to, &words::hello(COMMANDS[0], activity.home())).await;
}

async fn start(
    app: &App,
    verified: &Verified,
    activity: &Activity,
    person: &Person,
    name: &str,
    arguments: &str,
) -> String {
    let Some(command) = app.policy.commands.get(name) else {
        let unknown = answers::unknown_command(name, TEAMS);
        return format!("{unknown}\n\n{}", words::help(COMMANDS[0], activity.conversation()));
    };
    if arguments == "help" {
        return usage(name, TEAMS);
    }
    let numbers = match Numbers::parse(arguments) {
        Ok(numbers) => numbers,
        Err(wrong) => return mistake(name, &wrong, TEAMS),
    };
    let source = json!({ "source": "teams", "conversation": activity.conversation() });
    // An activity's id is one of its conversation's.
    let id = format!("teams:{}:{}", activity.conversation.id, activity.id);
    let starter = Starter {
        platform: Platform::Teams,
        conversation: activity.conversation.id.clone(),
        user: activity.from.as_ref().map(|from| from.id.clone()).unwrap_or_default(),
    };
    let asked = Asked { command, person, source, starter, id };
    launch::start(app, asked, numbers, TEAMS, verified.deadline()).await.unwrap_or_else(|_| not_started())
}

/// Answers somebody; if Teams does not take it, only the log has it.
async fn send(teams: Option<&Teams>, verified: &Verified, to: &ReplyTo, text: &str) {
    let Some(teams) = teams else { return };
    if let Err(error) = teams.client.reply(to, text, verified.deadline()).await {
        tracing::warn!(%error, "an answer could not be sent");
    }
}
