//! What the names of a policy may stand for, and whom it reaches.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::Error;

use super::problem;
use super::raw::{Name, RawRules};
use crate::approval::ids::PersonId;
use crate::approval::live_groups::LiveGroup;
use crate::approval::policy::{LetIn, Person};

/// Each of them gets a mail and is part of every record, which has to fit an item of the store.
pub(super) const APPROVERS_MAX: usize = 100;
/// Why somebody could never decide.
pub(super) const UNREACHABLE: &str = "no identity is let in by [access], and no mail goes there";

/// The names that lists may hold.
pub(super) struct Known<'a> {
    pub(super) people: &'a BTreeMap<PersonId, Person>,
    /// A group without a list could not be read, which has been reported.
    pub(super) groups: &'a BTreeMap<String, Option<Vec<PersonId>>>,
    /// The groups whose members are known only when a request is raised.
    pub(super) live: &'a BTreeMap<String, LiveGroup>,
    /// Who is let in, if that and the people are right.
    pub(super) let_in: Option<&'a LetIn>,
}

/// How a policy reaches the people who decide.
pub(super) struct Reach<'a> {
    let_in: &'a LetIn,
    by_mail: bool,
}

impl<'a> Reach<'a> {
    /// Nothing where people or access are wrong, which is said already.
    pub(super) fn of(raw: &RawRules, known: &Known<'a>) -> Option<Self> {
        let by_mail = raw.email.is_sure(!raw.conversations.is_empty());
        Some(Self { let_in: known.let_in?, by_mail })
    }

    /// The keys of those who could never decide, since no identity of theirs is let in and no mail goes to them.
    pub(super) fn misses<'p>(&self, people: &'p [Person]) -> Vec<&'p str> {
        let missed = people.iter().filter(|person| !person.could_decide(self.let_in, self.by_mail));
        missed.map(|person| person.id.as_str()).collect()
    }
}

impl Known<'_> {
    /// The distinct people behind a list of people and groups, in the order they are first named.
    ///
    /// Nothing comes back if a name could not be followed, so that the caller does not count half a list.
    pub(super) fn resolve(&self, of: &str, key: &str, names: &[Name], errors: &mut Vec<Error>) -> Option<Vec<Person>> {
        let mut ids: Vec<&PersonId> = Vec::new();
        let mut complete = true;
        for name in names {
            let person = PersonId::parse(&name.text).ok().and_then(|id| self.people.get_key_value(&id));
            match (person, self.groups.get(&name.text)) {
                (Some((id, _)), _) => ids.push(id),
                (None, Some(Some(members))) => ids.extend(members),
                (None, Some(None)) => complete = false,
                (None, None) => {
                    complete = false;
                    let nobody = format!("{key} names `{}`, which is neither a person nor a group", name.text);
                    errors.push(problem(format!("{of}: {nobody}"), name.span));
                }
            }
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        complete.then(|| ids.into_iter().filter_map(|id| self.people.get(id).cloned()).collect())
    }
}
