//! Rotates the key that two functions share. Each reads it when it starts and never again, so the new key is first made
//! known to the one that checks, then used by the one that signs, and then the old one is forgotten.

use anyhow::{Context, bail};
use countersign_bot::ports::SecretValues;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::functions::Function;
use super::kept::Kept;
use super::plan::{self, Shared, TAKEN_UP_WITHIN};
use super::report::{Outcome, Report};
use super::rotate::{Order, made};
use crate::aws::secret::{Replaced, Secret, Version};
use crate::person::Person;

/// The function that checks what is signed.
const CHECKS: &str = "Double";
/// The function that signs.
const SIGNS: &str = "Calculate";
/// What it is called in the secret.
const NAME: &str = "key";

/// What a step does: which values it leaves, which functions start anew then, and what is said of it.
struct Step {
    values: SecretValues,
    restarts: &'static [&'static str],
    outcome: Outcome,
    question: &'static str,
    said: &'static str,
}

/// Does the step that is due.
pub(super) async fn rotate(kept: &Kept, order: Order, person: &mut impl Person) -> anyhow::Result<Report> {
    let secret = kept.double().context("the stack is without the reference workflow, whose key it is")?;
    let (read, before) = (secret.current().await?, secret.previous().await?);
    let old = before.as_ref().map(|before| &before.values);
    let standing = plan::shared(&read.values, old);
    if standing == Shared::Unclear && !order.at_once {
        bail!(
            "somebody else has changed the secret, and it cannot be told which of its two keys is the new one: --now puts a \
             new one in the place of both, with which calculations that are under way may fail"
        );
    }
    // Whatever has started before the secret became what it is has not read it.
    let concerned = concerned(standing, &read.values, old);
    let (changed, behind) = looked(kept, concerned, read.since).await?;
    if !behind.is_empty() && !order.at_once {
        return catch_up(kept, order, standing, behind, person).await;
    }
    let due = plan::after(changed.max(read.since), TAKEN_UP_WITHIN);
    if matches!(standing, Shared::Known | Shared::InUse) && !order.at_once && order.now < due {
        let said = "It is too early: the functions may still work with what they have read before. If one of the two keys \
                    has leaked, --now puts a new one in the place of both: calculations that are under way may fail.";
        return Ok(Report::new(NAME, Outcome::TooEarly, said).then(order.command(kept), due));
    }
    carry_out(kept, &secret, &read, step(standing, &read.values, order.at_once)?, order, person).await
}

/// The functions that have to have read the secret as it is before the next step.
fn concerned(standing: Shared, values: &SecretValues, before: Option<&SecretValues>) -> &'static [&'static str] {
    let key = |values: &SecretValues| values.get(NAME).map(|key| key.expose_secret().to_owned());
    match standing {
        Shared::Unclear => &[],
        Shared::InUse => &[SIGNS],
        // With another key than before both have to know it; with the same one only the old one is to be forgotten.
        Shared::Whole if before.is_some_and(|before| key(before) != key(values)) => &[CHECKS, SIGNS],
        Shared::Whole | Shared::Known => &[CHECKS],
    }
}

/// When the last of these functions was changed, and which of them have started before this moment.
async fn looked(
    kept: &Kept,
    names: &'static [&'static str],
    since: Timestamp,
) -> anyhow::Result<(Timestamp, Vec<Function>)> {
    let (mut last, mut behind) = (Timestamp::MIN, Vec::new());
    for name in names {
        let function = Function::of(kept, name).await?;
        last = last.max(function.changed);
        if function.changed < since {
            behind.push(function);
        }
    }
    Ok((last, behind))
}

/// Goes on where a call before this one was interrupted, between the secret and the functions.
async fn catch_up(
    kept: &Kept,
    order: Order,
    standing: Shared,
    behind: Vec<Function>,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    person.told("The secret was changed, and not every function has read it since.")?;
    if !person.agrees("Have them start anew?")? {
        return Ok(Report::declined(NAME));
    }
    for mut function in behind {
        function.restart(order.now).await?;
    }
    let (outcome, said) = match standing {
        Shared::Known => (Outcome::Begun, "The new key is known to those who check."),
        Shared::InUse => (Outcome::InUse, "The new key is in use."),
        Shared::Whole | Shared::Unclear => (Outcome::Ended, "The functions know the one key that there is."),
    };
    Ok(reported(kept, order, outcome, said))
}

/// The step that is due. What has leaked may be either key, so a new one takes the place of both.
fn step(standing: Shared, values: &SecretValues, has_leaked: bool) -> anyhow::Result<Step> {
    let key = |name: &str| values.get(name).cloned().with_context(|| format!("the secret has no {name}"));
    let mut next = values.clone();
    Ok(match standing {
        _ if has_leaked => Step {
            values: plan::replaced(values, NAME, made()?, false),
            restarts: &[CHECKS, SIGNS],
            outcome: Outcome::Ended,
            question: "Put a new key in, with no other kept beside it?",
            said: "The new key alone counts.",
        },
        Shared::Whole | Shared::Unclear => {
            next.insert("key_previous".to_owned(), made()?);
            Step {
                values: next,
                restarts: &[CHECKS],
                outcome: Outcome::Begun,
                question: "Make a new key known to those who check?",
                said: "The new key is known to those who check.",
            }
        }
        Shared::Known => {
            next.insert(NAME.to_owned(), key("key_previous")?);
            next.insert("key_previous".to_owned(), key(NAME)?);
            Step {
                values: next,
                restarts: &[SIGNS],
                outcome: Outcome::InUse,
                question: "Have the new key used?",
                said: "The new key is in use, and the old one still valid.",
            }
        }
        Shared::InUse => Step {
            values: plan::ended(values, NAME),
            restarts: &[CHECKS],
            outcome: Outcome::Ended,
            question: "Have the old key forgotten?",
            said: "The old key is forgotten.",
        },
    })
}

/// Does a step: the secret first, and then whoever reads it.
async fn carry_out(
    kept: &Kept,
    secret: &Secret,
    read: &Version,
    step: Step,
    order: Order,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    if order.at_once {
        person.told("Nothing is waited for: calculations that are under way may fail.")?;
    }
    if !person.agrees(step.question)? {
        return Ok(Report::declined(NAME));
    }
    if secret.replace(read, &step.values).await? == Replaced::TooLate {
        return Ok(Report::too_late(NAME));
    }
    for name in step.restarts {
        Function::of(kept, name).await?.restart(order.now).await?;
    }
    Ok(reported(kept, order, step.outcome, step.said))
}

fn reported(kept: &Kept, order: Order, outcome: Outcome, said: &str) -> Report {
    let report = Report::new(NAME, outcome, said);
    match outcome {
        Outcome::Begun | Outcome::InUse => report.then(order.command(kept), plan::after(order.now, TAKEN_UP_WITHIN)),
        _ => report,
    }
}
