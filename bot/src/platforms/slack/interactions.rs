//! What people press on the card and in their home, and what they submit in forms.
//!
//! The wire structs are lenient: what Slack leaves out in one kind of installation is optional, and kinds
//! that we do not know are answered 200 and ignored.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::commands::{self, Metadata};
use super::interaction::{Actor, Chosen, Id, InputState, View, as_sent, comment};
use super::more::{MORE, More};
use super::verified::Verified;
use super::{
    PATIENCE, Slack, SlackState, approving, card, details, elements, form, home, rejecting, returning, taking_back,
};
use crate::approval::fields::Field;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::{Person, Stranger};
use crate::approval::request::Answers;
use crate::approval::state::Verdict;
use crate::approval::transitions::claim::Claiming;
use crate::approval::transitions::decide::Command;
use crate::messages::dialect::SLACK;
use crate::messages::{answers, commands as words};
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Shown, look_at, press};
use crate::platforms::starting::{self, Next, Start};

#[derive(Deserialize)]
struct Form {
    payload: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct BlockActions {
    #[serde(flatten)]
    actor: Actor,
    channel: Option<Id>,
    container: Option<Container>,
    #[serde(default)]
    trigger_id: String,
    #[serde(default)]
    actions: Vec<Action>,
    state: Option<InputState>,
}

#[derive(Deserialize)]
struct Container {
    message_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    value: Option<String>,
    /// Of a menu.
    selected_option: Option<Chosen>,
}

#[derive(Deserialize)]
struct ViewSubmission {
    #[serde(flatten)]
    actor: Actor,
    view: View,
}

/// A button of the card, or an option of its menu.
#[derive(Clone, Copy)]
enum Button {
    /// Decides.
    Decide(Verdict),
    /// Opens the form that approves.
    ApproveInForm,
    /// Opens the form that sends back.
    ReturnInForm,
    /// Opens the form that rejects.
    RejectInForm,
    /// Shows the details.
    Details,
    /// Does something else with the request.
    More(More),
}

impl Button {
    /// What was pressed, and what it was shown on; nothing of the latter if its value is none of ours.
    fn of(action: &Action) -> Option<(Self, Option<Shown>)> {
        let button = match action.action_id.as_str() {
            card::APPROVE => Self::Decide(Verdict::Approve),
            card::REJECT => Self::Decide(Verdict::Reject),
            card::APPROVE_IN_FORM => Self::ApproveInForm,
            card::RETURN_IN_FORM => Self::ReturnInForm,
            card::REJECT_IN_FORM => Self::RejectInForm,
            details::DETAILS => Self::Details,
            MORE => {
                let (more, shown) = More::read(&action.selected_option.as_ref()?.value)?;
                return Some((Self::More(more), Some(shown)));
            }
            _ => return None,
        };
        Some((button, elements::read(action.value.as_deref().unwrap_or_default())))
    }
}

impl BlockActions {
    /// What a press on a button that decides wants.
    fn command(&self, person: Person, verdict: Verdict, shown: &Shown) -> Command {
        let channel = self.channel.as_ref().map(|channel| channel.id.clone());
        let ts = self.container.as_ref().and_then(|container| container.message_ts.clone());
        Command {
            person,
            platform: Platform::Slack,
            verdict,
            comment: self.state.as_ref().and_then(comment),
            message: channel.zip(ts).map(|(conversation, message)| MessageRef::Card {
                platform: Platform::Slack,
                conversation,
                message,
            }),
            answers: Answers::default(),
            shown: shown.content,
        }
    }
}

/// `POST /slack/interactions`.
pub(super) async fn receive(State(state): State<SlackState>, body: Verified) -> Result<Response, Malformed> {
    let deadline = Deadline::after(PATIENCE);
    let form: Form = body.form()?;
    match read::<Kind>(&form.payload)?.kind.as_str() {
        "block_actions" => Ok(pressed(&state, read(&form.payload)?, deadline).await),
        "view_submission" => submit(&state, read(&form.payload)?, deadline).await,
        _ => Ok(StatusCode::OK.into_response()),
    }
}

fn read<T: for<'de> Deserialize<'de>>(payload: &str) -> Result<T, Malformed> {
    let mut json = serde_json::Deserializer::from_str(payload);
    serde_path_to_error::deserialize(&mut json).map_err(|error| Malformed::new(format!("payload.{error}")))
}

/// Carries out the press of a button, and tells the person what the card will not.
async fn pressed(state: &SlackState, actions: BlockActions, deadline: Deadline) -> Response {
    let SlackState { app, slack } = state;
    let Some((button, shown)) = actions.actions.iter().find_map(Button::of) else {
        return StatusCode::OK.into_response();
    };
    let (slack, trigger) = (slack.as_ref(), actions.trigger_id.as_str());
    let person = actions.actor.decider(app);
    let answer = match (shown, person, button) {
        (None, ..) => Some(answers::unknown_approval()),
        // Whoever sees a card may read all that is asked, whether or not the policy lists them.
        (Some(shown), Ok(_) | Err(Stranger::Unlisted), Button::Details) => {
            details::open(app, slack, &shown, trigger, deadline).await
        }
        (Some(_), Err(stranger), _) => Some(answers::stranger(stranger)),
        (Some(shown), Ok(person), Button::ApproveInForm) => {
            let command = actions.command(person, Verdict::Approve, &shown);
            approving::open(app, slack, &shown, &command, trigger, deadline).await
        }
        (Some(shown), Ok(person), Button::ReturnInForm) => {
            let command = actions.command(person, Verdict::Return, &shown);
            returning::open(app, slack, &shown, command, trigger, deadline).await
        }
        (Some(shown), Ok(person), Button::RejectInForm) => {
            let command = actions.command(person, Verdict::Reject, &shown);
            rejecting::open(app, slack, &shown, &command, trigger, deadline).await
        }
        (Some(shown), Ok(person), Button::Decide(verdict)) => {
            let command = actions.command(person, verdict, &shown);
            press(app, &shown.approval, &command, SLACK, deadline).await.words(SLACK)
        }
        (Some(shown), Ok(person), Button::More(More::Look(look))) => {
            let claiming = Claiming { person, platform: Platform::Slack, look };
            look_at(app, &shown.approval, &claiming, SLACK, deadline).await.err()
        }
        (Some(shown), Ok(person), Button::More(More::TakeBack)) => {
            taking_back::open(app, slack, &shown.approval, person, trigger, deadline).await
        }
    };
    if let Some(text) = answer {
        let user = &actions.actor.user.id;
        match &actions.channel {
            Some(channel) => whisper(slack, &channel.id, user, &text, deadline).await,
            None => say_in_front(slack, trigger, user, &text, deadline).await,
        }
    }
    StatusCode::OK.into_response()
}

/// Tells one person something; if Slack does not take it, only the log has it.
async fn whisper(slack: Option<&Slack>, channel: &str, user: &str, text: &str, deadline: Deadline) {
    let Some(slack) = slack else { return };
    if let Err(error) = slack.client.tell(channel, user, text, deadline).await {
        tracing::warn!(%error, "a private answer could not be sent");
    }
}

/// Tells one person something in front of their home, which is no channel, or in their own chat with the app.
async fn say_in_front(slack: Option<&Slack>, trigger: &str, user: &str, text: &str, deadline: Deadline) {
    let Some(slack) = slack else { return };
    let Err(error) = slack.client.open_view(trigger, home::saying(text), deadline).await else { return };
    tracing::info!(%error, "Slack opens nothing in front of a home");
    if let Err(error) = slack.client.direct(user, text, deadline).await {
        tracing::warn!(%error, "a private answer could not be sent");
    }
}

/// Starts what the form asks for, or shows under each field what is wrong with it.
async fn submit(state: &SlackState, submission: ViewSubmission, deadline: Deadline) -> Result<Response, Malformed> {
    let SlackState { app, slack } = state;
    let ViewSubmission { actor, view } = submission;
    if view.callback_id == approving::CALLBACK_ID {
        return approving::submit(app, &actor, &view, deadline).await;
    }
    if view.callback_id == returning::CALLBACK_ID {
        return returning::submit(app, &actor, &view, deadline).await;
    }
    if view.callback_id == rejecting::CALLBACK_ID {
        return rejecting::submit(app, &actor, &view, deadline).await;
    }
    if view.callback_id == taking_back::CALLBACK_ID {
        return taking_back::submit(app, &actor, &view, deadline).await;
    }
    if view.callback_id != form::CALLBACK_ID {
        return Ok(StatusCode::OK.into_response());
    }
    let metadata: Metadata = view.opened_with()?;
    let person = match actor.person(app) {
        Ok(person) => person,
        Err(stranger) => return Ok(Json(form::says(&answers::stranger(stranger))).into_response()),
    };
    let form = (metadata.command.as_str(), metadata.version.as_str());
    let written = |field: &Field| {
        let written = view.state.as_ref()?.written(&field.name, form::ACTION_ID)?;
        Some(as_sent(&app.policy.menu(field).unwrap_or_default(), written))
    };
    let complete = match starting::submitted(&app.policy, person, form, written, SLACK) {
        Next::Start(complete) => complete,
        Next::Ask(filling) => return Ok(Json(form::mistakes(&filling)).into_response()),
        Next::Say(words) => return Ok(Json(form::says(&words)).into_response()),
    };
    let start = Start {
        complete: &complete,
        person,
        source: commands::source(&metadata.channel),
        starter: commands::starter(&metadata.channel, &actor.user.id),
        // The values are in the id: a form that is corrected and submitted again asks for something else.
        id: format!("slack-view:{}:{}", view.id, json!(complete.values())),
    };
    match starting::start(app, start, SLACK, deadline).await {
        Ok(begun) => {
            let text = begun.words(&app.policy, SLACK);
            Ok(started(slack.as_ref(), &metadata.channel, &actor.user.id, &text, deadline).await)
        }
        Err(_) => Ok(Json(form::says(&words::not_started())).into_response()),
    }
}

/// Says that it was started where the command was given. Where the bot is not, as `/start` can be typed anywhere, the
/// form itself says so.
async fn started(slack: Option<&Slack>, channel: &str, user: &str, text: &str, deadline: Deadline) -> Response {
    let Some(slack) = slack else { return StatusCode::OK.into_response() };
    match slack.client.ephemeral(channel, user, text, deadline).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::info!(%error, "the form says that something was started, since the channel cannot");
            Json(form::says(text)).into_response()
        }
    }
}
