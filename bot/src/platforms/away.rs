//! Being away, in both chats: somebody says until when, and who stands in for them.

use super::asker::{Asker, not_looked_up};
use crate::approval::delegation::Delegation;
use crate::approval::ids::PersonId;
use crate::approval::naming::Named;
use crate::approval::until;
use crate::flow::app::App;
use crate::flow::delegations::{self, Said};
use crate::messages::away as words;
use crate::net::deadline::Unavailable;

/// Those for whom somebody stands in beside these are counted.
const TOLD_MAX: usize = 4;

/// Records `until DATE for NAME`, or says who stands in now.
pub(super) async fn away(app: &App, asker: &Asker<'_>, typed: &str) -> String {
    if typed.is_empty() {
        return match standing(app, asker).await {
            Ok(standing) if standing.is_empty() => words::nobody(asker.dialect),
            Ok(standing) => standing + &words::usage(asker.dialect),
            Err(error) => not_looked_up(&error),
        };
    }
    let Some((day, name)) = read(typed) else { return words::incomplete(asker.dialect) };
    let until = match until::read(day, app.now()) {
        Ok(until) => until,
        Err(why) => return words::not_until(day, why, asker.dialect),
    };
    let delegate = match app.policy.named(name) {
        Named::Person(person) if person.id == asker.person.id => return words::yourself(),
        Named::Person(person) => person,
        Named::Several(_) => return words::several(name, asker.dialect),
        Named::Almost(_) | Named::Nobody => return words::unknown(name, asker.dialect),
    };
    let policies = delegations::policies(app, &asker.person.id, &delegate.id);
    if policies.is_empty() {
        return words::not_let(delegate, asker.dialect);
    }
    let delegate_under = Some((delegate, policies.as_slice()));
    let said = delegations::say(app, (asker.person, asker.platform), delegate_under, until, asker.deadline).await;
    match said {
        Ok(Said::TooOften { again }) => words::too_often(again, asker.dialect),
        Ok(Said::Recorded(_)) => words::away(delegate, until, &policies, asker.dialect),
        Err(error) => not_recorded(&error),
    }
}

/// Ends what the person has said.
pub(super) async fn back(app: &App, asker: &Asker<'_>) -> String {
    match delegations::say(app, (asker.person, asker.platform), None, app.now(), asker.deadline).await {
        Ok(Said::Recorded(Some(held))) => words::back(&called(app, held.delegate.as_ref()), asker.dialect),
        Ok(Said::Recorded(None)) => words::nobody(asker.dialect),
        Ok(Said::TooOften { again }) => words::too_often(again, asker.dialect),
        Err(error) => not_recorded(&error),
    }
}

/// Who stands in for the person, and for whom they do, each in a paragraph; nothing where nobody does.
pub(super) async fn standing(app: &App, asker: &Asker<'_>) -> Result<String, Unavailable> {
    let own = delegations::current(app, asker.person, asker.deadline);
    let others = delegations::to(app, &asker.person.id, asker.deadline);
    let (own, others) = futures::try_join!(own, others)?;
    let own = own.map(|own| {
        let name = called(app, own.delegate.as_ref());
        let holds = app.policy.honours(&own, app.now());
        if holds { words::own(&name, own.until, asker.dialect) } else { words::no_longer(&name, asker.dialect) }
    });
    let other = |other: &Delegation| words::other(&called(app, Some(&other.absent)), other.until, asker.dialect);
    let more = others.len().saturating_sub(TOLD_MAX);
    let more = (more > 0).then(|| words::more(more, asker.dialect));
    Ok(own.into_iter().chain(others.iter().take(TOLD_MAX).map(other)).chain(more).collect())
}

/// `until` may be left out. A name may hold anything but the word that stands before it.
fn read(typed: &str) -> Option<(&str, &str)> {
    let (word, rest) = typed.split_once(char::is_whitespace)?;
    let typed = if word.eq_ignore_ascii_case("until") { rest } else { typed };
    let at = typed.to_ascii_lowercase().find(" for ")?;
    let (day, name) = (typed[..at].trim(), typed[at + " for ".len()..].trim());
    (!day.is_empty() && !name.is_empty()).then_some((day, name))
}

fn called(app: &App, person: Option<&PersonId>) -> String {
    let name = |person: &PersonId| {
        app.policy.people.get(person).map_or_else(|| person.to_string(), |known| known.name.clone())
    };
    person.map(name).unwrap_or_default()
}

fn not_recorded(error: &Unavailable) -> String {
    tracing::error!(%error, "who stands in for somebody could not be recorded");
    words::not_recorded()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_day_and_a_name_are_told_apart() {
        for (typed, expected) in [
            ("until friday for Grace Hopper", Some(("friday", "Grace Hopper"))),
            ("Until 2026-12-05 14:00  FOR  <@U1|for>", Some(("2026-12-05 14:00", "<@U1|for>"))),
            ("friday for grace", Some(("friday", "grace"))),
            ("until friday", None),
            ("until friday for ", None),
            ("for grace", None),
            ("friday", None),
        ] {
            assert_eq!(read(typed), expected, "{typed}");
        }
    }
}
