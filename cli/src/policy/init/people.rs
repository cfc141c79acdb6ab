//! Who is in a first policy: people by their addresses, each under a key and a name of their own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use countersign_bot::approval::identities::is_address;
use countersign_bot::approval::names::comparable;
use countersign_bot::visible;

use super::draw_up::Entry;
use crate::person::Person;

/// With a key behind it, such a name is as long as the policy takes one.
const NAME_MAX: usize = 56;
/// A key that is made of a longer address is cut, with room for a number behind it.
const KEY_MAX: usize = 16;

/// Their addresses, each once, and whether they may approve what they asked for.
pub(super) fn addresses(
    given: Vec<String>,
    mut self_approval: bool,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<(Vec<String>, bool)> {
    let mut emails: Vec<String> = Vec::new();
    for email in given {
        let email = email.to_lowercase();
        if emails.contains(&email) {
            bail!("--email names the same address twice");
        }
        emails.push(email);
    }
    if !can_ask && (emails.is_empty() || emails.len() == 1 && !self_approval) {
        bail!(
            "a policy needs two people, since nobody approves what they asked for: name each with --email, the one who may \
             approve first; or one, and say --self-approval"
        );
    }
    if can_ask && emails.is_empty() {
        emails = everybody(person)?;
    }
    while can_ask && emails.len() == 1 && !self_approval {
        self_approval = person.agrees("One person alone has nobody to ask. May they approve what they asked for?")?;
        if !self_approval {
            match person.answer("Address of somebody else:")?.to_lowercase() {
                email if !is_address(&email) || emails.contains(&email) => person.told("That is no other address.")?,
                email => emails.push(email),
            }
        }
    }
    Ok((emails, self_approval))
}

/// Asks for one after the other, until that is all.
fn everybody(person: &mut impl Person) -> anyhow::Result<Vec<String>> {
    let mut emails: Vec<String> = Vec::new();
    loop {
        let question = if emails.is_empty() {
            "Address of whoever may approve:"
        } else {
            "Address of somebody else, who may ask for it, or Enter if that is all:"
        };
        match person.answer(question)?.to_lowercase() {
            email if email.is_empty() && !emails.is_empty() => return Ok(emails),
            email if !is_address(&email) => person.told("That is no address.")?,
            email if emails.contains(&email) => person.told("That one is there.")?,
            email => emails.push(email),
        }
    }
}

/// An entry for each address, whose key and name nobody else has.
pub(super) fn entries(emails: Vec<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for email in emails {
        let (key, mut name) = (key(&email, &entries), called(&email));
        if is_taken(&name, entries.iter()) {
            name = format!("{name} ({key})");
        }
        entries.push(Entry { key, name, ids: BTreeMap::new(), email });
    }
    entries
}

/// Names them as their profiles do, where they have one. What a profile says is up to its owner: nobody gets a name that
/// the policy would take for somebody else's, by whom requests are known too.
pub(super) fn rename(entries: &mut [Entry], profiles: &BTreeMap<String, String>) {
    for number in 0..entries.len() {
        let Some(profile) = profiles.get(&entries[number].key) else { continue };
        let name: String = profile.replace("=?", "= ?").chars().take(NAME_MAX).collect();
        let name = visible::without_hidden(&name).trim_end().to_owned();
        let (before, others) = entries.split_at(number);
        if !is_taken(&name, before.iter().chain(&others[1..])) {
            entries[number].name = name;
        }
    }
}

/// Whether the policy would take a name for that of one of these.
fn is_taken<'a>(name: &str, others: impl Iterator<Item = &'a Entry>) -> bool {
    let mut taken = others.flat_map(|other| [&other.name, &other.key]);
    taken.any(|other| comparable(other) == comparable(name))
}

/// What whoever has typed an address knows its person by, whatever their profiles say.
pub(super) fn known_as(entry: &Entry) -> String {
    format!("{} ({})", called(&entry.email), entry.key)
}

/// A key for an address, such as `ada-lovelace`, that nobody has yet.
fn key(email: &str, others: &[Entry]) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let letters: String =
        local.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let base: String = words.join("-").chars().take(KEY_MAX).collect();
    let base = base.trim_end_matches('-').to_owned();
    let base = if base.is_empty() { "person".to_owned() } else { base };
    let taken: BTreeSet<&str> = others.iter().map(|other| other.key.as_str()).collect();
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|key| !taken.contains(key.as_str())).unwrap_or(base)
}

/// What somebody is called of whom only the address is known: `ada.lovelace@example.com` is Ada Lovelace.
fn called(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let words = local.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let name: String = words.map(capital).collect::<Vec<_>>().join(" ").chars().take(NAME_MAX).collect();
    if name.is_empty() { "Somebody".to_owned() } else { name }
}
