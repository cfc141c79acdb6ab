//! What people say to the bot: `start`, `start NAME …`, `pending`, `show ID`, `cancel ID`, `help`, with or without a slash or a mention.

use serde_json::{Value, json};

use super::activity::Activity;
use super::client::ReplyTo;
use super::form::{self, Submission};
use super::verified::Verified;
use super::{Teams, words};
use crate::approval::fields::Field;
use crate::approval::filling::Complete;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::run::Starter;
use crate::flow::app::App;
use crate::messages::dialect::TEAMS;
use crate::messages::{answers, commands as words_of};
use crate::platforms::approvals;
use crate::platforms::asker::Asker;
use crate::platforms::commands::ChatCommand;
use crate::platforms::starting::{self, Next, Start};

/// What the bot's menu in Teams offers.
pub const COMMANDS: [&str; 9] = [
    "start",
    "approvals",
    "approvals show",
    "approvals cancel",
    "approvals acknowledge",
    "approvals break-glass",
    "approvals away",
    "approvals back",
    "help",
];

/// What the presser of a button sees.
pub(super) enum Shown {
    /// A card in the place of the one that was pressed on.
    Card(Value),
    /// What a form has started, as a card in its place and in words.
    Started(Value, String),
    /// Words.
    Words(String),
}

/// Carries out what was typed and answers it where it was said.
pub(super) async fn carry_out(app: &App, teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let said = activity.words();
    let person = match activity.person(app, verified.tenant()) {
        Ok(person) => person,
        Err(stranger) => return answer(teams, verified, activity, &answers::stranger(stranger)).await,
    };
    let next = match ChatCommand::said(&said) {
        ChatCommand::Start { typed } => starting::next(&app.policy, person, typed, TEAMS),
        ChatCommand::Named { name, typed } => match app.policy.commands.get(&name.to_lowercase()) {
            Some(command) => starting::next_of(&app.policy, person, command, typed, TEAMS),
            None => Next::Say(format!("{}\n\n{}", answers::unknown_command(name, TEAMS), help(app, person, activity))),
        },
        command => {
            let asker = Asker { person, platform: Platform::Teams, dialect: TEAMS, deadline: verified.deadline() };
            let answer = approvals::answer(app, &asker, command).await;
            Next::Say(answer.unwrap_or_else(|| help(app, person, activity)))
        }
    };
    match next {
        Next::Say(words) => answer(teams, verified, activity, &words).await,
        Next::Ask(filling) => {
            let card = form::form(&app.policy, &filling, &person.id);
            ask(teams, verified, &activity.reply_to(verified), card, &filling.command.title).await;
        }
        Next::Start(complete) => {
            // An activity's id is one of its conversation's.
            let id = format!("teams:{}:{}", activity.conversation.id, activity.id);
            let start = start_of(&complete, person, activity, id);
            let started = starting::start(app, start, TEAMS, verified.deadline()).await;
            let said = started.map_or_else(|_| words_of::not_started(), |started| started.words(&app.policy, TEAMS));
            answer(teams, verified, activity, &said).await;
        }
    }
}

/// Starts what a form asks for, or shows it again with each mistake under its field. The message that it stands in is not
/// changed: a press names a message, and nothing proves that it is the form.
pub(super) async fn submit(app: &App, verified: &Verified, activity: &Activity, form: &Submission) -> Shown {
    let person = match activity.person(app, verified.tenant()) {
        Ok(person) => person,
        Err(stranger) => return Shown::Words(answers::stranger(stranger)),
    };
    // Whoever presses acts in their own name, and has not typed what stands in somebody else's form.
    if form.asker != person.id {
        return Shown::Words(words_of::not_their_form(TEAMS));
    }
    let written = |field: &Field| form.written(field);
    let complete = match starting::submitted(&app.policy, person, (&form.command, &form.version), written, TEAMS) {
        Next::Start(complete) => complete,
        Next::Ask(filling) => return Shown::Card(form::form(&app.policy, &filling, &person.id)),
        Next::Say(words) => return Shown::Words(words),
    };
    // One form starts the same values once, however often it is pressed.
    let message = activity.reply_to_id.as_deref().unwrap_or(&activity.id);
    let id = format!("teams-form:{}:{message}:{}", activity.conversation.id, json!(complete.values()));
    let start = start_of(&complete, person, activity, id);
    match starting::start(app, start, TEAMS, verified.deadline()).await {
        Ok(started) => {
            let card = form::spent(&app.policy, &complete, &started.url, started.conversation.is_some());
            Shown::Started(card, started.words(&app.policy, TEAMS))
        }
        Err(_) => Shown::Words(words_of::not_started()),
    }
}

/// Says hello where the bot was added, and what the policy needs to know of the place.
pub(super) async fn greet(teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let to = ReplyTo {
        service_url: verified.service_url().clone(),
        conversation: activity.home().to_owned(),
        message: None,
    };
    send(teams, verified, &to, &words::hello(activity.home())).await;
}

/// How to use the bot, and what this person may start.
fn help(app: &App, person: &Person, activity: &Activity) -> String {
    format!("{}\n\n{}", starting::list(&app.policy, person, TEAMS), words::help(activity.conversation()))
}

fn start_of<'a>(complete: &'a Complete<'a>, person: &'a Person, activity: &Activity, id: String) -> Start<'a> {
    let starter = Starter {
        platform: Platform::Teams,
        conversation: activity.conversation.id.clone(),
        user: activity.from.as_ref().map(|from| from.id.clone()).unwrap_or_default(),
    };
    let source = json!({ "source": "teams", "conversation": activity.conversation() });
    Start { complete, person, source, starter, id }
}

async fn answer(teams: Option<&Teams>, verified: &Verified, activity: &Activity, text: &str) {
    send(teams, verified, &activity.reply_to(verified), text).await;
}

/// Answers somebody with a card; if Teams does not take it, only the log has it.
pub(super) async fn ask(teams: Option<&Teams>, verified: &Verified, to: &ReplyTo, card: Value, title: &str) {
    let Some(teams) = teams else { return };
    if let Err(error) = teams.client.reply_card(to, card, title, verified.deadline()).await {
        tracing::warn!(%error, "a card could not be sent");
    }
}

/// Answers somebody; if Teams does not take it, only the log has it.
pub(super) async fn send(teams: Option<&Teams>, verified: &Verified, to: &ReplyTo, text: &str) {
    let Some(teams) = teams else { return };
    if let Err(error) = teams.client.reply(to, text, verified.deadline()).await {
        tracing::warn!(%error, "an answer could not be sent");
    }
}
