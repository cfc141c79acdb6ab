//! What people ask about approvals in a chat: what waits, how one stands, and to take one back.

use super::asker::{Asker, not_looked_up};
use super::away;
use super::commands::ChatCommand;
use super::press::{on_record, take_back_in_words};
use crate::approval::explain::explain;
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::request::Answers;
use crate::approval::state::Verdict;
use crate::approval::transitions::break_glass::Acknowledging;
use crate::approval::transitions::cancel::Cancellation;
use crate::approval::transitions::decide::Command;
use crate::flow::app::App;
use crate::flow::resolve;
use crate::flow::{delegations, listing};
use crate::messages::answers;
use crate::messages::break_glass as words;
use crate::messages::{explanation, lists, usage};

/// Answers what somebody asks about approvals; nothing if the command is about something else.
pub(super) async fn answer(app: &App, asker: &Asker<'_>, command: ChatCommand<'_>) -> Option<String> {
    if let Some(refusal) = kept_from(app, asker, &command).await {
        return Some(refusal);
    }
    match command {
        ChatCommand::List => Some(list(app, asker).await),
        ChatCommand::Show { id } => Some(show(app, asker, id).await),
        ChatCommand::Cancel { id } => Some(cancel(app, asker, id).await),
        ChatCommand::BreakGlass { id, reason } => Some(break_glass(app, asker, id, reason).await),
        ChatCommand::Acknowledge { id } => Some(acknowledge(app, asker, id).await),
        ChatCommand::Away { typed } => Some(away::away(app, asker, typed).await),
        ChatCommand::Back => Some(away::back(app, asker).await),
        ChatCommand::Unclear { word } => Some(usage::of(word, asker.dialect)),
        ChatCommand::Start { .. } | ChatCommand::Named { .. } | ChatCommand::Help => None,
    }
}

/// What somebody without an entry in the policy hears of an approval that does not ask them: anybody of the workspace may
/// type its id.
async fn kept_from(app: &App, asker: &Asker<'_>, command: &ChatCommand<'_>) -> Option<String> {
    let person = asker.person;
    if app.policy.people.contains_key(&person.id) {
        return None;
    }
    let id = ApprovalId::parse(command.approval()?).ok()?;
    match asker.deadline.run("store", app.ports.store.load(&id)).await {
        Ok(approval) => {
            let asks = |approval: &Approval| approval.rules.asked(&approval.rules.known(person).id).is_some();
            (!approval.as_ref().is_some_and(asks)).then(answers::unknown_approval)
        }
        Err(error) => Some(not_looked_up(&error)),
    }
}

/// What waits for this person's decision, and what they have asked for.
async fn list(app: &App, asker: &Asker<'_>) -> String {
    let waiting = listing::waiting_for(app, asker.person, asker.deadline);
    let raised = listing::raised_by(app, asker.person, asker.deadline);
    let stood_in = away::standing(app, asker);
    let broken = listing::unacknowledged(app, asker.person, asker.deadline);
    match futures::try_join!(waiting, broken, raised, stood_in) {
        Ok((waiting, broken, raised, stood_in)) => {
            stood_in + &lists::of_person(&waiting, &broken, &raised, &app.links, asker.dialect)
        }
        Err(error) => not_looked_up(&error),
    }
}

/// How one approval stands, and what the person who asks may do about it.
async fn show(app: &App, asker: &Asker<'_>, id: &str) -> String {
    let Ok(id) = ApprovalId::parse(id) else { return answers::no_approval_id(id, asker.dialect) };
    let loaded = match asker.deadline.run("store", app.ports.store.load(&id)).await {
        Ok(Some(approval)) if !approval.is_withheld() => {
            delegations::as_of_now(app, approval, asker.deadline).await.map(Some)
        }
        other => other.map(|_| None),
    };
    match loaded {
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
    take_back_in_words(app, &id, &cancellation, asker.dialect, asker.deadline).await
}

/// Approves one alone in an emergency, if the policy lets the person do so. What the request asks of whoever approves is
/// answered as its form stands, and to type the id and a reason is the confirmation.
async fn break_glass(app: &App, asker: &Asker<'_>, id: &str, reason: &str) -> String {
    let Ok(id) = ApprovalId::parse(id) else { return answers::no_approval_id(id, asker.dialect) };
    let answers = match asker.deadline.run("store", app.ports.store.load(&id)).await {
        Ok(Some(approval)) => Answers { inputs: approval.request.preset(), confirmed: true },
        Ok(None) => return answers::unknown_approval(),
        Err(error) => return not_looked_up(&error),
    };
    let command = Command {
        person: asker.person.clone(),
        platform: asker.platform,
        verdict: Verdict::BreakGlass,
        comment: (!reason.is_empty()).then(|| reason.to_owned()),
        answers,
        message: None,
        shown: None,
    };
    let answer = resolve::carry_out(app, &id, &command, asker.deadline).await;
    let recorded = on_record(&id, answer, words::not_recorded, asker.dialect);
    recorded.map_or_else(
        |words| words,
        |approval| words::done(&approval, &answers::standing(&approval, asker.dialect), asker.dialect),
    )
}

/// Records that the person knows of an approval that somebody has made alone.
async fn acknowledge(app: &App, asker: &Asker<'_>, id: &str) -> String {
    let Ok(id) = ApprovalId::parse(id) else { return answers::no_approval_id(id, asker.dialect) };
    let by = Acknowledging { person: asker.person.clone(), platform: asker.platform };
    let answer = resolve::acknowledge(app, &id, &by, asker.deadline).await;
    let recorded = on_record(&id, answer, words::not_recorded, asker.dialect);
    recorded.map_or_else(|words| words, |approval| words::thanks(&approval, asker.dialect))
}
