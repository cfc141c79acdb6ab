//! What the approvers of the demonstration do: they decide, or let the time run out.

use anyhow::bail;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::State;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

use super::answers::answers;
use super::saying::{Said, answer_mail, press, press_in_teams};
use super::{Decision, Demo, Printer, Start, Via};
use crate::world::World;

const COMMENT: &str = "Checked against the ledger.";
const CHANGES: &str = "Add the number of the invoice.";
const REASON: &str = "The numbers do not match the invoice.";

/// Lets approvers decide, one after the other, until the approval no longer waits.
pub(super) async fn decide(world: &World, demo: &Demo, approval: &Approval, printer: &Printer) -> anyhow::Result<()> {
    let (action, comment) = match demo.decision {
        Decision::Approve => ("approve", COMMENT),
        Decision::Reject => ("reject", REASON),
        Decision::Return => ("return", CHANGES),
        Decision::Ignore => return ignore(world, demo, approval, printer),
    };
    if demo.decision == Decision::Return && !approval.rules.returns {
        bail!("the policy `{}` does not let requests be sent back: give it `returns = true`", approval.rules.name);
    }
    // Only whoever approves is asked for something.
    let today = world.clock.now().to_zoned(TimeZone::UTC).date();
    let answers = if action == "approve" { answers(&approval.request, today)? } else { Vec::new() };
    for (name, answer) in &answers {
        printer.print(
            "input",
            &format!("To {name} the answer is {answer}"),
            json!({ "input": name, "answer": answer }),
        )?;
    }
    let said = Said { action, comment, answers };
    let is_out = |chat| approval.copies.iter().any(|copy| copy.message.platform() == chat);
    if let Some(chat) = demo.via.chat().filter(|chat| !is_out(*chat)) {
        bail!("the policy `{}` asks nobody in {}: --via says where else", approval.rules.name, chat.name());
    }
    let mut heard = Vec::new();
    for person in approval.eligible() {
        let Some(open) = open(world, approval) else { return Ok(()) };
        // Where others have filled the seats of this one, it waits for those who come after.
        if !open.would_count(&person.id, &[]) {
            continue;
        }
        let actor = world.actor(person.id.as_str());
        let fields = json!({ "person": person.id, "verdict": action });
        match (demo.via, actor.filter(|actor| demo.via != Via::Teams || actor.teams.is_some())) {
            (Via::Slack, Some(actor)) => {
                printer.print("press", &format!("{} presses {action} in Slack", actor.name), fields)?;
                heard.push((person.name.as_str(), press(world, approval, &actor, &said).await?));
            }
            (Via::Teams, Some(actor)) => {
                printer.print("press", &format!("{} presses {action} in Teams", actor.name), fields)?;
                heard.push((person.name.as_str(), press_in_teams(world, approval, &actor, &said).await?));
            }
            (Via::Slack | Via::Teams, None) => {}
            (Via::Email, _) => {
                let Some(to) = &person.email else { continue };
                printer.print(
                    "mail",
                    &format!("{} opens the mail's link, chooses {action} and submits", person.name),
                    fields,
                )?;
                answer_mail(world, approval, to, &said, printer).await?;
                heard.push((person.name.as_str(), None));
            }
        }
    }
    if open(world, approval).is_some() {
        bail!(undecided(demo.via, approval, &heard));
    }
    Ok(())
}

/// The approval as it is now, as long as it waits.
fn open(world: &World, approval: &Approval) -> Option<Approval> {
    let is_open = |now: &Approval| now.id == approval.id && now.state == State::Pending;
    world.store.all().into_iter().find(is_open)
}

/// Why it waits for ever, although these have decided, of whom some were told something that nobody else sees.
fn undecided(via: Via, approval: &Approval, heard: &[(&str, Option<String>)]) -> String {
    let policy = &approval.rules.name;
    if heard.is_empty() {
        let needed = via.needed();
        return format!("nobody who may decide under `{policy}` has {needed} in the policy: --via says where else");
    }
    let heard = heard.iter().map(|(name, told)| match told {
        Some(told) => format!("{name}, who was told “{told}”"),
        None => (*name).to_owned(),
    });
    let heard = heard.collect::<Vec<_>>().join(", ");
    format!("it still waits after {heard}, and nobody else who may decide under `{policy}` can do so there")
}

/// Nobody decides. What a machine of somebody's own waits for may take days, so the time is moved there.
fn ignore(world: &World, demo: &Demo, approval: &Approval, printer: &Printer) -> anyhow::Result<()> {
    let deadline = approval.request.deadline;
    let text = match demo.start {
        Start::Calculation(_) => format!("Nobody decides; the approval waits until {deadline}"),
        Start::Machine(_) => format!("Nobody decides; the time is moved to {deadline}"),
    };
    printer.print("ignore", &text, json!({ "deadline": deadline }))?;
    if matches!(demo.start, Start::Machine(_)) {
        world.clock.advance(deadline.duration_since(world.clock.now()).max(SignedDuration::ZERO));
        world.changes.note();
    }
    Ok(())
}
