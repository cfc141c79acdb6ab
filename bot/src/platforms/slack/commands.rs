//! The slash commands: one that starts whatever the policy has, and one about approvals.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::verified::Verified;
use super::{PATIENCE, Slack, SlackState, access, ephemeral, form};
use crate::approval::entry::{seen, seen_lines};
use crate::approval::filling::Filling;
use crate::approval::place::Platform;
use crate::approval::policy::Policy;
use crate::approval::run::Starter;
use crate::messages::dialect::SLACK;
use crate::messages::{answers, commands, usage};
use crate::net::deadline::Deadline;
use crate::platforms::approvals;
use crate::platforms::asker::Asker;
use crate::platforms::commands::{ChatCommand, without_ticks};
use crate::platforms::malformed::Malformed;
use crate::platforms::starting::{self, Next, Start};

/// Lists, shows and cancels approvals.
pub const APPROVALS: &str = "/approvals";
/// Starts what the policy lets somebody start.
pub const START: &str = "/start";

/// A slash command, as far as we read it: <https://docs.slack.dev/interactivity/implementing-slash-commands>.
#[derive(Deserialize)]
struct Form {
    command: String,
    #[serde(default)]
    text: String,
    user_id: String,
    team_id: Option<String>,
    enterprise_id: Option<String>,
    channel_id: String,
    trigger_id: String,
}

/// What a form carries from the command to its submission.
#[derive(Serialize, Deserialize)]
pub(super) struct Metadata {
    /// The command's name.
    pub(super) command: String,
    /// What the command was like.
    pub(super) version: String,
    /// Where to answer.
    pub(super) channel: String,
}

/// `POST /slack/commands`.
pub(super) async fn receive(State(state): State<SlackState>, body: Verified) -> Result<Response, Malformed> {
    let deadline = Deadline::after(PATIENCE);
    let SlackState { app, slack } = state;
    let form: Form = body.form()?;
    let teams: Vec<&str> = [&form.team_id, &form.enterprise_id].into_iter().flatten().map(String::as_str).collect();
    if form.command == APPROVALS {
        let person = match access::decider(&app, &teams, &form.user_id) {
            Ok(person) => person,
            Err(stranger) => return Ok(ephemeral(&answers::stranger(stranger))),
        };
        let asker = Asker { person: &person, platform: Platform::Slack, dialect: SLACK, deadline };
        let text = seen(&unescaped(&form.text).0);
        let answer = approvals::answer(&app, &asker, ChatCommand::about_approvals(&text)).await;
        return Ok(ephemeral(&answer.unwrap_or_else(|| usage::help(SLACK))));
    }
    let person = match access::person(&app, &teams, &form.user_id) {
        Ok(person) => person,
        Err(stranger) => return Ok(ephemeral(&answers::stranger(stranger))),
    };
    let (typed, is_unclear) = unescaped(&form.text);
    let typed = seen_lines(&typed);
    let typed = without_ticks(&typed);
    // An app may have more slash commands than ours, each with the name of what it starts.
    let next = match app.policy.commands.get(form.command.trim_start_matches('/')) {
        Some(command) => starting::next_of(&app.policy, person, command, typed, SLACK),
        None if form.command == START => starting::next(&app.policy, person, typed, SLACK),
        None => Next::Say(answers::unknown_command(&form.command, SLACK)),
    };
    Ok(match next {
        Next::Say(words) => ephemeral(&words),
        Next::Ask(filling) => ask(slack.as_ref(), &app.policy, &form, &filling, deadline).await,
        Next::Start(complete) if is_unclear => {
            ask(slack.as_ref(), &app.policy, &form, &complete.to_be_looked_at(), deadline).await
        }
        Next::Start(complete) => {
            let start = Start {
                complete: &complete,
                person,
                source: source(&form.channel_id),
                starter: starter(&form.channel_id, &form.user_id),
                id: format!("slack:{}", form.trigger_id),
            };
            let started = starting::start(&app, start, SLACK, deadline).await;
            ephemeral(&started.map_or_else(|_| commands::not_started(), |started| started.words(&app.policy, SLACK)))
        }
    })
}

/// What was typed, without the entities that Slack writes `&`, `<` and `>` as in text, and whether there were any. It does
/// not say whether it does so here, so whoever has typed one of them looks at it first:
/// <https://docs.slack.dev/messaging/formatting-message-text>.
pub(super) fn unescaped(text: &str) -> (String, bool) {
    let unescaped = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let is_unclear = unescaped != text;
    (unescaped, is_unclear)
}

/// Where a command was given, for the events of its approval.
pub(super) fn source(channel: &str) -> Value {
    json!({ "source": "slack", "channel": channel })
}

/// Who gave a command where, to tell them how it ended.
pub(super) fn starter(channel: &str, user: &str) -> Starter {
    Starter { platform: Platform::Slack, conversation: channel.to_owned(), user: user.to_owned() }
}

/// Opens the form; Slack wants an empty answer to the command then.
async fn ask(
    slack: Option<&Slack>,
    policy: &Policy,
    form: &Form,
    filling: &Filling<'_>,
    deadline: Deadline,
) -> Response {
    let Some(slack) = slack else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let command = filling.command;
    let metadata =
        Metadata { command: command.name.clone(), version: command.version(), channel: form.channel_id.clone() };
    let metadata = serde_json::to_string(&metadata).unwrap_or_default();
    match slack.client.open_view(&form.trigger_id, form::form(policy, filling, metadata), deadline).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::warn!(%error, "the form could not be opened");
            ephemeral(&commands::not_understood(filling, SLACK))
        }
    }
}
