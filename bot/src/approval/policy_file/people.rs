//! Checks who is let in, and the people of the file: their ids can be right, and their names tell them apart.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span};

use super::problem;
use super::raw::{Access, Name, Named, RawPerson};
use crate::approval::identities::{ChatIdentity, is_address, is_guid, is_slack_team, is_slack_user};
use crate::approval::ids::PersonId;
use crate::approval::names::comparable;
use crate::approval::policy::Person;

/// A longer name does not fit on a line beside what else stands there.
const NAME_MAX: usize = 80;

/// The workspaces, organisations and tenants that are let in.
pub(super) struct LetIn {
    pub(super) slack_teams: Vec<String>,
    pub(super) teams_tenants: Vec<String>,
}

/// A chat platform, as far as its ids go.
struct Chat {
    /// The key of a person.
    key: &'static str,
    /// What it is called where somebody has it already.
    kind: &'static str,
    /// The key of `[access]` that lets people in.
    access: &'static str,
    is_id: fn(&str) -> bool,
    looks: &'static str,
    /// Whether no two people have the same id, wherever they are from.
    is_unique: bool,
}

const SLACK: Chat = Chat {
    key: "slack",
    kind: "slack identity",
    access: "slack_teams",
    is_id: is_slack_user,
    looks: "a Slack user id, which is U or W and upper-case letters and digits",
    is_unique: false,
};

const TEAMS: Chat = Chat {
    key: "teams",
    kind: "teams identity",
    access: "teams_tenants",
    is_id: is_guid,
    looks: "an Entra object id, which is a GUID",
    is_unique: true,
};

/// Checks the ids of everything that is let in.
pub(super) fn check_access(raw: Access, errors: &mut Vec<Error>) -> LetIn {
    let mut check = |key: &str, names: Vec<Name>, is_id: fn(&str) -> bool, looks: &str| -> Vec<String> {
        for name in names.iter().filter(|name| !is_id(&name.text)) {
            errors.push(problem(format!("{key}: `{}` is not {looks}", name.text), name.span));
        }
        let distinct: BTreeSet<String> = names.into_iter().map(|name| name.text).collect();
        distinct.into_iter().collect()
    };
    let team = "the id of a Slack workspace, T…, or of an organisation, E…, in upper-case letters and digits";
    let slack_teams = check("slack_teams", raw.slack_teams, is_slack_team, team);
    let tenants = check("teams_tenants", raw.teams_tenants, is_guid, "the id of an Entra tenant, which is a GUID");
    LetIn { slack_teams, teams_tenants: tenants.iter().map(|tenant| tenant.to_lowercase()).collect() }
}

/// Reads every person; what cannot be right, or would take one for another, goes on the list.
pub(super) fn check_people(
    raw: Vec<Named<RawPerson>>,
    let_in: &LetIn,
    errors: &mut Vec<Error>,
) -> BTreeMap<PersonId, Person> {
    let mut people = BTreeMap::new();
    let mut taken = Taken::default();
    for Named { name: key, span, value } in raw {
        let id = match PersonId::parse(&key) {
            Ok(id) => id,
            Err(error) => {
                errors.push(problem(format!("person `{key}`: {error}"), span));
                continue;
            }
        };
        taken.take(&key, "name", comparable(&key), span, errors);
        // A person whose entry could not be read stays known, so that the lists that name them are not blamed.
        let Some(RawPerson { name, slack, teams, email }) = value else {
            people.insert(id.clone(), Person { id, name: key, slack: None, teams: None, email: None });
            continue;
        };
        let teams = teams.map(|Name { text, span }| Name { text: text.to_lowercase(), span });
        let person = Person {
            id: id.clone(),
            name: check_name(&key, name, &mut taken, errors),
            slack: slack.and_then(|slack| SLACK.check(&key, &slack, &let_in.slack_teams, &mut taken, errors)),
            teams: teams.and_then(|teams| TEAMS.check(&key, &teams, &let_in.teams_tenants, &mut taken, errors)),
            email: email.map(|email| check_email(&key, &email, &mut taken, errors)),
        };
        people.insert(id, person);
    }
    people
}

fn check_name(key: &str, name: Name, taken: &mut Taken, errors: &mut Vec<Error>) -> String {
    let (length, seen) = (name.text.chars().count(), comparable(&name.text));
    let wrong = [
        (seen.is_empty(), "has nothing to see in it".to_owned()),
        (length > NAME_MAX, format!("has {length} characters, at most {NAME_MAX}")),
        (name.text.chars().any(char::is_control), "has a line break or another control character".to_owned()),
    ];
    let wrong = wrong.into_iter().filter(|(is_wrong, _)| *is_wrong);
    errors.extend(wrong.map(|(_, wrong)| problem(format!("person `{key}`: name {wrong}"), name.span)));
    if !seen.is_empty() {
        taken.take(key, "name", seen, name.span, errors);
    }
    name.text
}

fn check_email(key: &str, email: &Name, taken: &mut Taken, errors: &mut Vec<Error>) -> String {
    let address = email.text.to_lowercase();
    if !is_address(&address) {
        errors.push(problem(format!("person `{key}`: email is not an address"), email.span));
    }
    taken.take(key, "email identity", address.clone(), email.span, errors);
    address
}

impl Chat {
    /// Reads an identity, and binds it to the place where it counts.
    fn check(
        &self,
        person: &str,
        Name { text, span }: &Name,
        places: &[String],
        taken: &mut Taken,
        errors: &mut Vec<Error>,
    ) -> Option<ChatIdentity> {
        let Self { key, access, looks, .. } = self;
        let mut identity = ChatIdentity::read(text);
        let wrong = match (&identity.within, places) {
            _ if !(self.is_id)(&identity.id) => Some(format!("`{text}` is not {looks}")),
            (Some(within), _) if !places.contains(within) => Some(format!("{access} does not let `{within}` in")),
            (None, [_, _, ..]) if !self.is_unique => {
                Some(format!("{access} lets in several: write in which it counts, as in \"{}:{text}\"", places[0]))
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            errors.push(problem(format!("person `{person}`: {key}: {wrong}"), *span));
            return None;
        }
        if let [place] = places {
            identity.within = Some(place.clone());
        }
        let taken_id = if self.is_unique { identity.id.clone() } else { identity.to_string() };
        taken.take(person, self.kind, taken_id, *span, errors);
        Some(identity)
    }
}

/// Who has which name and identity.
#[derive(Default)]
struct Taken(BTreeMap<(&'static str, String), String>);

impl Taken {
    fn take(&mut self, key: &str, kind: &'static str, text: String, span: Span, errors: &mut Vec<Error>) {
        let owner = self.0.entry((kind, text)).or_insert_with(|| key.to_owned());
        if owner != key {
            errors.push(problem(format!("person `{key}`: `{owner}` already has this {kind}"), span));
        }
    }
}
