//! What Teams sends: presses of buttons on cards, what people say to the bot, and that it was added somewhere.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::activity::{Activity, Press, Pressed};
use super::commands::Shown;
use super::verified::Verified;
use super::{Teams, TeamsState, card, commands};
use crate::approval::place::Platform;
use crate::approval::record::Approval;
use crate::approval::transitions::cancel::Cancellation;
use crate::approval::transitions::claim::{Claiming, Look};
use crate::approval::transitions::decide::Command;
use crate::flow::app::App;
use crate::messages::answers;
use crate::messages::dialect::TEAMS;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Pressed as Outcome, Shown as CardShown, look_at, press, take_back};

/// The invoke of `Action.Execute`.
const CARD_ACTION: &str = "adaptiveCard/action";

/// `POST /teams/messages`. Kinds of activity that are nothing to us are answered 200 and ignored.
pub(super) async fn receive(State(state): State<TeamsState>, verified: Verified) -> Result<Response, Malformed> {
    let TeamsState { app, teams } = &state;
    let activity: Activity = verified.activity()?;
    match activity.kind.as_str() {
        "invoke" if activity.name.as_deref() == Some(CARD_ACTION) => {
            Ok(invoke(app, teams.as_ref(), &verified, &activity).await)
        }
        // What the Bot Framework wants to hear about an invoke that a bot does not know.
        "invoke" => Ok(StatusCode::NOT_IMPLEMENTED.into_response()),
        "message" => {
            message(app, teams.as_ref(), &verified, &activity).await;
            Ok(StatusCode::OK.into_response())
        }
        "conversationUpdate" if activity.adds_bot() => {
            commands::greet(teams.as_ref(), &verified, &activity).await;
            Ok(StatusCode::OK.into_response())
        }
        _ => Ok(StatusCode::OK.into_response()),
    }
}

/// Answers a press with the card as it is now, or with words; either is seen by the presser alone. Everybody else sees
/// the update that the messenger makes.
async fn invoke(app: &App, teams: Option<&Teams>, verified: &Verified, activity: &Activity) -> Response {
    let shown = match Pressed::invoked(activity.value.as_ref()) {
        Err(problem) => {
            let problem = json!({
                "statusCode": 400,
                "type": "application/vnd.microsoft.error",
                "value": { "code": "BadRequest", "message": problem },
            });
            return Json(problem).into_response();
        }
        Ok(Pressed::Decision(press)) => match decide(app, verified, activity, &press).await {
            Outcome::Card(approval) => Shown::Card(card::card(&approval, &app.links)),
            Outcome::Lacking(approval, _) => Shown::Card(card::again(&approval, &app.links, &press)),
            Outcome::Unexplained(words) | Outcome::Words(words) => Shown::Words(words),
        },
        Ok(Pressed::Form(form)) => commands::submit(app, verified, activity, &form).await,
        Ok(Pressed::Look(look, shown)) => match looked_at(app, verified, activity, look, shown.as_ref()).await {
            Ok(approval) => Shown::Card(card::card(&approval, &app.links)),
            Err(words) => Shown::Words(words),
        },
        Ok(Pressed::TakeBack(shown)) => match taken_back(app, verified, activity, shown.as_ref()).await {
            Ok(approval) => Shown::Card(card::card(&approval, &app.links)),
            Err(words) => Shown::Words(words),
        },
    };
    if let Shown::Started(_, words) = &shown {
        commands::send(teams, verified, &activity.pressed_on(verified), words).await;
    }
    Json(match shown {
        Shown::Card(card) | Shown::Started(card, _) => answer("application/vnd.microsoft.card.adaptive", card),
        Shown::Words(words) => answer("application/vnd.microsoft.activity.message", words.into()),
    })
    .into_response()
}

fn answer(kind: &str, value: Value) -> Value {
    json!({ "statusCode": 200, "type": kind, "value": value })
}

/// A message is a press by a client that does not know `Action.Execute`, or something that was typed. The press has no
/// answer of its own: the card changes for everybody, and words go to the presser's chat with the bot.
async fn message(app: &App, teams: Option<&Teams>, verified: &Verified, activity: &Activity) {
    let Some(value) = activity.value.as_ref().filter(|value| value.is_object()) else {
        return commands::carry_out(app, teams, verified, activity).await;
    };
    let words = match Pressed::submitted(value) {
        Err(problem) => {
            tracing::warn!(%problem, "a press could not be read");
            return;
        }
        Ok(Pressed::Decision(press)) => match decide(app, verified, activity, &press).await.words(TEAMS) {
            None => return,
            Some(words) => words,
        },
        Ok(Pressed::Form(form)) => match commands::submit(app, verified, activity, &form).await {
            Shown::Card(card) | Shown::Started(card, _) => {
                let summary = card["fallbackText"].as_str().unwrap_or_default().to_owned();
                return commands::ask(teams, verified, &activity.pressed_on(verified), card, &summary).await;
            }
            Shown::Words(words) => words,
        },
        Ok(Pressed::Look(look, shown)) => match looked_at(app, verified, activity, look, shown.as_ref()).await {
            Ok(_) => return,
            Err(words) => words,
        },
        Ok(Pressed::TakeBack(shown)) => match taken_back(app, verified, activity, shown.as_ref()).await {
            Ok(_) => return,
            Err(words) => words,
        },
    };
    let (Some(teams), Some(from)) = (teams, &activity.from) else { return };
    if let Err(error) = teams.client.tell(&activity.reply_to(verified), &from.id, &words, verified.deadline()).await {
        tracing::warn!(%error, "a private answer could not be sent");
    }
}

async fn looked_at(
    app: &App,
    verified: &Verified,
    activity: &Activity,
    look: Look,
    shown: Option<&CardShown>,
) -> Result<Box<Approval>, String> {
    let shown = shown.ok_or_else(answers::unknown_approval)?;
    let person = activity.person(app, verified.tenant()).map_err(answers::stranger)?;
    let claiming = Claiming { person: person.clone(), platform: Platform::Teams, look };
    look_at(app, &shown.approval, &claiming, TEAMS, verified.deadline()).await
}

async fn taken_back(
    app: &App,
    verified: &Verified,
    activity: &Activity,
    shown: Option<&CardShown>,
) -> Result<Box<Approval>, String> {
    let Some(shown) = shown else { return Err(answers::unknown_approval()) };
    match activity.person(app, verified.tenant()) {
        Ok(person) => {
            let cancellation = Cancellation { person: person.clone(), platform: Platform::Teams };
            take_back(app, &shown.approval, &cancellation, TEAMS, verified.deadline()).await
        }
        Err(stranger) => Err(answers::stranger(stranger)),
    }
}

async fn decide(app: &App, verified: &Verified, activity: &Activity, pressed: &Press) -> Outcome {
    let Some(shown) = &pressed.shown else { return Outcome::Words(answers::unknown_approval()) };
    let person = match activity.person(app, verified.tenant()) {
        Ok(person) => person.clone(),
        Err(stranger) => return Outcome::Words(answers::stranger(stranger)),
    };
    let command = Command {
        person,
        platform: Platform::Teams,
        verdict: pressed.verdict,
        comment: pressed.comment.clone(),
        answers: pressed.answers.clone(),
        message: activity.card(),
        shown: shown.content,
    };
    press(app, &shown.approval, &command, TEAMS, verified.deadline()).await
}
