//! Checks who is let in, and the people of the file: their ids can be right, and their names tell them apart.

use std::collections::BTreeMap;

use toml_span::{Error, Span};

use super::problem;
use super::raw::{Access, Name, Named, RawPerson};
use crate::approval::identities::{CHATS, Chat, ChatIdentity, IdKind, is_address};
use crate::approval::ids::PersonId;
use crate::approval::names::comparable;
use crate::approval::policy::{LetIn, Person};
use crate::visible;

/// A longer name does not fit on a line beside what else stands there.
const NAME_MAX: usize = 80;

/// Checks the ids of everything that is let in.
pub(super) fn check_access(Access(mut raw): Access, errors: &mut Vec<Error>) -> LetIn {
    let mut check = |chat: &Chat| {
        let IdKind { key, is, looks } = &chat.place;
        let names = raw.remove(&chat.platform)?;
        for name in names.iter().filter(|name| !is(&name.text)) {
            errors.push(problem(format!("{key}: `{}` is not {looks}", name.text), name.span));
        }
        Some((chat.platform, names.iter().map(|name| chat.normal(&name.text)).collect()))
    };
    LetIn(CHATS.iter().filter_map(&mut check).collect())
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
        let Some(RawPerson { name, chats, email }) = value else {
            people.insert(id.clone(), Person { id, name: key, chats: BTreeMap::new(), email: None });
            continue;
        };
        let name = check_name(&key, name, &mut taken, errors);
        let mut identities = BTreeMap::new();
        for chat in &CHATS {
            let identity = chats.get(&chat.platform).and_then(|id| {
                let places: Vec<&str> = let_in.on(chat.platform).collect();
                check_identity(chat, &key, id, &places, &mut taken, errors)
            });
            identities.extend(identity.map(|identity| (chat.platform, identity)));
        }
        let email = email.map(|email| check_email(&key, &email, &mut taken, errors));
        let person = Person { id: id.clone(), name, chats: identities, email };
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
        (
            !seen.is_empty() && visible::first_hidden(&name.text).is_some(),
            "has a character that nobody sees".to_owned(),
        ),
        (name.text.contains("=?"), "has `=?`, after which mail programs read something else".to_owned()),
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

/// Reads an identity, and binds it to the place where it counts.
fn check_identity(
    chat: &Chat,
    person: &str,
    Name { text, span }: &Name,
    places: &[&str],
    taken: &mut Taken,
    errors: &mut Vec<Error>,
) -> Option<ChatIdentity> {
    let IdKind { key, is, looks } = chat.user;
    let access = chat.place.key;
    let text = chat.normal(text);
    let mut identity = ChatIdentity::read(&text);
    let wrong = match (identity.within.as_deref(), places) {
        _ if !is(&identity.id) => Some(format!("`{text}` is not {looks}")),
        (Some(within), _) if !places.contains(&within) => Some(format!("{access} does not let `{within}` in")),
        (None, [first, _, ..]) if !chat.has_guids => {
            Some(format!("{access} lets in several: write in which it counts, as in \"{first}:{text}\""))
        }
        _ => None,
    };
    if let Some(wrong) = wrong {
        errors.push(problem(format!("person `{person}`: {key}: {wrong}"), *span));
        return None;
    }
    if let [place] = places {
        identity.within = Some((*place).to_owned());
    }
    let taken_id = if chat.is_shared(places) { identity.id.clone() } else { identity.to_string() };
    taken.take(person, &format!("{key} identity"), taken_id, *span, errors);
    Some(identity)
}

/// Who has which name and identity.
#[derive(Default)]
struct Taken(BTreeMap<(String, String), String>);

impl Taken {
    fn take(&mut self, key: &str, kind: &str, text: String, span: Span, errors: &mut Vec<Error>) {
        let owner = self.0.entry((kind.to_owned(), text)).or_insert_with(|| key.to_owned());
        if owner != key {
            errors.push(problem(format!("person `{key}`: `{owner}` already has this {kind}"), span));
        }
    }
}
