//! What people say to the bot: `start 125 122`, `pending`, `show ID`, `cancel ID`, `help`, with or without a slash or a mention.

use serde_json::json;

use super::activity::Activity;
use super::client::ReplyTo;
use super::verified::Verified;
use super::{Teams, words};
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::calculation;
use crate::calculation::launch::{Asked, start};
use crate::calculation::numbers::Numbers;
use crate::flow::app::App;
use crate::messages::answers::{self, TEAMS};
use crate::platforms::approvals::{self, Asker};

/// What the bot's menu in Teams offers. `start` is the command of the policy that comes with the reference workflow.
pub const COMMANDS: [&str; 5] = ["start", "pending", "show", "cancel", "help"];

/// Carries out what was typed and answers it where it was said.
pub(super) async fn carry_out(app: &App, teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let words = activity.words();
    let (command, arguments) = words.split_once(char::is_whitespace).unwrap_or((&words, ""));
    let command = command.trim_start_matches('/').to_lowercase();
    let text = match activity.person(app, verified.tenant()) {
        Err(stranger) => answers::stranger(stranger),
        Ok(person) => match command.as_str() {
            "" | "help" => words::help(COMMANDS[0], activity.conversation()),
            "pending" => approvals::list(app, &asker(verified, person)).await,
            "show" => approvals::show(app, &asker(verified, person), arguments.trim()).await,
            "cancel" => approvals::cancel(app, &asker(verified, person), arguments.trim()).await,
            _ => launch(app, verified, activity, person, &command, arguments.trim()).await,
        },
    };
    send(teams, verified, &activity.reply_to(verified), &text).await;
}

fn asker<'a>(verified: &Verified, person: &'a Person) -> Asker<'a> {
    Asker { person, platform: Platform::Teams, dialect: TEAMS, deadline: verified.deadline() }
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

async fn launch(
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
        return calculation::answers::usage(name, TEAMS);
    }
    let numbers = match Numbers::parse(arguments) {
        Ok(numbers) => numbers,
        Err(mistake) => return calculation::answers::mistake(name, &mistake, TEAMS),
    };
    let source = json!({ "source": "teams", "conversation": activity.conversation() });
    // An activity's id is one of its conversation's.
    let id = format!("teams:{}:{}", activity.conversation.id, activity.id);
    match start(app, Asked { command, person, source, id }, numbers, verified.deadline()).await {
        Ok(execution) => {
            let rules = app.policy.rules.get(&command.policy);
            let conversation = rules.and_then(|rules| rules.conversation(Platform::Teams));
            calculation::answers::started(&app.links.execution(&execution), conversation, TEAMS)
        }
        Err(_) => calculation::answers::not_started(),
    }
}

/// Answers somebody; if Teams does not take it, only the log has it.
async fn send(teams: Option<&Teams>, verified: &Verified, to: &ReplyTo, text: &str) {
    let Some(teams) = teams else { return };
    if let Err(error) = teams.client.reply(to, text, verified.deadline()).await {
        tracing::warn!(%error, "an answer could not be sent");
    }
}
