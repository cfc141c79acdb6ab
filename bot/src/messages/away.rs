//! What is said of who stands in for whom.

use jiff::Timestamp;

use super::dialect::{Dialect, utc};
use super::names::{named, names};
use crate::approval::delegation::{AWAY_MAX, SAID_MAX, StandIn};
use crate::approval::limits;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::approval::until::NotUntil;

/// More of those who stand in are counted, not named.
const SHOWN_MAX: usize = 2;
/// A name is not longer than this where it is told with another.
const SHOWN_NAME_MAX: usize = 30;
/// What somebody has typed is told no longer than this.
const TYPED_MAX: usize = 80;

/// Who stands in for whom while an approval waits, on one line of plain text; nothing where nobody does.
pub fn line(approval: &Approval) -> Option<String> {
    let stand_ins: Vec<&StandIn> = approval.stand_ins.iter().filter(|_| approval.state == State::Pending).collect();
    let name = |id| {
        approval
            .rules
            .person(id)
            .map_or_else(|| id.to_string(), |person| limits::excerpt(&named(&person.name), SHOWN_NAME_MAX))
    };
    let told = stand_ins.iter().take(SHOWN_MAX).map(|stand_in| {
        format!("{} stands in for {} until {}", name(&stand_in.delegate), name(&stand_in.absent), utc(stand_in.until))
    });
    let mut told = told.collect::<Vec<_>>().join("; ");
    let more = stand_ins.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        told += &format!("; and {more} more");
    }
    (!told.is_empty()).then_some(told)
}

/// For whom somebody may decide an approval beside themself.
pub fn for_whom(people: &[&Person], dialect: Dialect) -> Option<String> {
    let people: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    (!people.is_empty()).then(|| format!("You stand in for {}", dialect.text(&names(&people, "and"))))
}

/// That somebody stands in from now on, and where.
pub fn away(delegate: &Person, until: Timestamp, policies: &[&str], dialect: Dialect) -> String {
    let policies: Vec<String> = policies.iter().map(|policy| (*policy).to_owned()).collect();
    let (name, policies) = (dialect.text(&named(&delegate.name)), dialect.text(&names(&policies, "and")));
    let back = dialect.code(&format!("{} back", dialect.approvals_command()));
    format!(
        "{name} stands in for you until {}, under {policies}. Not for what you ask for yourself, unless its policy lets you \
         approve that. {back} ends it.",
        dialect.when(until)
    )
}

/// That somebody has said too often who stands in for them.
pub fn too_often(again: Timestamp, dialect: Dialect) -> String {
    let back = dialect.code(&format!("{} back", dialect.approvals_command()));
    format!(
        "You have said {SAID_MAX} times within an hour who stands in for you, so nothing was changed. {back} ends what holds, \
         and you may say it again {}.",
        dialect.when(again)
    )
}

/// That nobody stands in any more.
pub fn back(delegate: &str, dialect: Dialect) -> String {
    format!("Welcome back. {} no longer stands in for you.", dialect.text(&named(delegate)))
}

/// Who stands in for whoever asks, in a paragraph.
pub fn own(delegate: &str, until: Timestamp, dialect: Dialect) -> String {
    let name = dialect.text(&named(delegate));
    format!("{name} stands in for you until {}.{}", dialect.when(until), dialect.paragraph())
}

/// That what whoever asks has said does not hold any more, in a paragraph.
pub fn no_longer(delegate: &str, dialect: Dialect) -> String {
    let name = dialect.text(&named(delegate));
    format!(
        "What you said of {name} no longer holds, and nobody stands in for you: since then the policy has changed who one of \
         you is, or this app what it keeps of it. Say it again if it is to hold.{}",
        dialect.paragraph()
    )
}

/// For whom whoever asks stands in, in a paragraph.
pub fn other(absent: &str, until: Timestamp, dialect: Dialect) -> String {
    let name = dialect.text(&named(absent));
    format!("You stand in for {name} until {}.{}", dialect.when(until), dialect.paragraph())
}

/// For how many others whoever asks stands in, in a paragraph.
pub fn more(count: usize, dialect: Dialect) -> String {
    format!("You stand in for {count} more.{}", dialect.paragraph())
}

/// That nobody stands in for whoever asks, and how that is said.
pub fn nobody(dialect: Dialect) -> String {
    format!("Nobody stands in for you. {}", usage(dialect))
}

/// How to say that one is away.
pub fn usage(dialect: Dialect) -> String {
    let approvals = dialect.approvals_command();
    format!(
        "`{approvals} away until DATE for NAME` has somebody stand in for you where the policy lets them, until the end of \
         `today`, `tomorrow`, `friday` or `2026-12-05`, or until a time of it in UTC as in `friday 14:00`. `{approvals} back` \
         ends it."
    )
}

/// That it was not said until when one is away, or who stands in.
pub fn incomplete(dialect: Dialect) -> String {
    format!("Nothing was changed: say until when, and who stands in for you. {}", usage(dialect))
}

/// Why words are not until when somebody can be away.
pub fn not_until(day: &str, why: NotUntil, dialect: Dialect) -> String {
    let typed = dialect.excerpt(day, TYPED_MAX);
    match why {
        NotUntil::NoDate => format!("“{typed}” is no date that I understand. {}", usage(dialect)),
        NotUntil::Past => format!("“{typed}” has passed, so nothing was changed."),
        NotUntil::TooFar => {
            format!("“{typed}” is more than {} days ahead, so nothing was changed.", AWAY_MAX.as_hours() / 24)
        }
    }
}

/// That a name means nobody.
pub fn unknown(name: &str, dialect: Dialect) -> String {
    format!("The policy has nobody who is called “{}”, so nothing was changed.", dialect.excerpt(name, TYPED_MAX))
}

/// That a name could mean several people.
pub fn several(name: &str, dialect: Dialect) -> String {
    let typed = dialect.excerpt(name, TYPED_MAX);
    format!("The policy has more than one who may be called “{typed}”: write the key of one, or their address.")
}

/// That nobody stands in for themself.
pub fn yourself() -> String {
    "You cannot stand in for yourself, so nothing was changed.".to_owned()
}

/// That no policy lets somebody stand in.
pub fn not_let(delegate: &Person, dialect: Dialect) -> String {
    let name = dialect.text(&named(&delegate.name));
    format!("No policy under which you decide lets {name} stand in for anybody, so nothing was changed.")
}

/// That it is not known whether anything was recorded.
pub fn not_recorded() -> String {
    "That could not be confirmed just now. Please try again in a moment.".to_owned()
}
