//! The slash commands: one that starts a calculation, with arguments or through a form, and one about approvals.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::verified::Verified;
use super::{PATIENCE, Slack, SlackState, access, ephemeral, form};
use crate::approval::place::Platform;
use crate::approval::run::Starter;
use crate::calculation::answers::{mistake, not_started, usage};
use crate::calculation::launch::{self, Asked};
use crate::calculation::numbers::Numbers;
use crate::messages::answers;
use crate::messages::dialect::SLACK;
use crate::messages::typed::seen;
use crate::net::deadline::Deadline;
use crate::platforms::approvals::{self, Asker};
use crate::platforms::commands::ChatCommand;
use crate::platforms::malformed::Malformed;

/// Lists, shows and cancels approvals, unless the policy gives the command another meaning.
pub const APPROVALS: &str = "/approvals";

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

/// What the form carries from the command to its submission.
#[derive(Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) command: String,
    pub(super) channel: String,
}

/// `POST /slack/commands`.
pub(super) async fn receive(State(state): State<SlackState>, body: Verified) -> Result<Response, Malformed> {
    let deadline = Deadline::after(PATIENCE);
    let SlackState { app, slack } = state;
    let form: Form = body.form()?;
    let teams: Vec<&str> = [&form.team_id, &form.enterprise_id].into_iter().flatten().map(String::as_str).collect();
    let person = match access::person(&app, &teams, &form.user_id) {
        Ok(person) => person,
        Err(stranger) => return Ok(ephemeral(&answers::stranger(stranger))),
    };
    let Some(command) = app.policy.commands.get(form.command.trim_start_matches('/')) else {
        if form.command == APPROVALS {
            let asker = Asker { person, platform: Platform::Slack, dialect: SLACK, deadline };
            let text = seen(&form.text);
            let answer = approvals::answer(&app, &asker, ChatCommand::about_approvals(&text)).await;
            return Ok(ephemeral(&answer.unwrap_or_else(|| answers::approvals_usage(SLACK))));
        }
        return Ok(ephemeral(&answers::unknown_command(&form.command, SLACK)));
    };
    Ok(match seen(&form.text).as_str() {
        text if text.eq_ignore_ascii_case("help") => ephemeral(&usage(&form.command, SLACK)),
        "" => ask(slack.as_ref(), &form, deadline).await,
        text => match Numbers::parse(text) {
            Ok(numbers) => {
                let id = format!("slack:{}", form.trigger_id);
                let starter = starter(&form.channel_id, &form.user_id);
                let asked = Asked { command, person, source: source(&form.channel_id), starter, id };
                let started = launch::start(&app, asked, numbers, SLACK, deadline).await;
                ephemeral(&started.unwrap_or_else(|_| not_started()))
            }
            Err(wrong) => ephemeral(&mistake(&form.command, &wrong, SLACK)),
        },
    })
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
async fn ask(slack: Option<&Slack>, form: &Form, deadline: Deadline) -> Response {
    let Some(slack) = slack else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let metadata = Metadata { command: form.command.clone(), channel: form.channel_id.clone() };
    let metadata = serde_json::to_string(&metadata).unwrap_or_default();
    match slack.client.open_view(&form.trigger_id, form::form(metadata), deadline).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::warn!(%error, "the form could not be opened");
            ephemeral(&format!("The form could not be opened. {}", usage(&form.command, SLACK)))
        }
    }
}
