//! A command with what somebody has written into its fields, as words or in a form. What starts is what was read here: an
//! execution takes a `Complete` alone, which nothing else makes.

use serde_json::{Map, Value};

use super::commands::LaunchCommand;
use super::entry::{self, Mistake, is_quote};
use super::fields::{Field, Kind, OPTION_MAX, OPTIONS_MAX};
use super::ids::PersonId;
use super::limits;
use super::naming::Named;
use super::policy::Policy;

/// What has been written so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Filling<'a> {
    /// What is to be started.
    pub command: &'a LaunchCommand,
    /// What stands in each field, in their order.
    entries: Vec<Entry>,
    /// What is wrong with the words as a whole.
    pub problem: Option<Problem>,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Nothing, and nobody has asked for it yet.
    Blank,
    /// A value; null if the field may be empty, and is.
    Value(Value),
    /// Something that is none.
    Wrong {
        /// What was written.
        written: String,
        /// Why it is none.
        mistake: Mistake,
    },
}

/// What is wrong with words that no field is to blame for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There are more values than fields that are not named.
    #[error("there are {given} values without a name, and it takes {most}")]
    TooMany {
        /// How many there are.
        given: usize,
        /// How many there may be.
        most: usize,
    },
    /// A name is no field's.
    #[error("it has no field “{0}”")]
    NoField(String),
    /// A text begins with a quotation mark and does not end with one.
    #[error("a quotation mark is not closed")]
    OpenQuotation,
    /// It may have been changed on its way, so that somebody has to look at it.
    #[error("please look whether this is what you typed")]
    Unclear,
}

/// A command with a value for each of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Complete<'a> {
    command: &'a LaunchCommand,
    values: Map<String, Value>,
}

/// A value in words: `1.4.2`, `"two words"` or `version=1.4.2`.
#[derive(Debug, PartialEq, Eq)]
struct Word<'t> {
    name: Option<&'t str>,
    text: &'t str,
}

impl<'a> Filling<'a> {
    /// Nothing has been written yet.
    pub fn blank(command: &'a LaunchCommand) -> Self {
        let blank = |field: &Field| field.default.clone().map_or(Entry::Blank, Entry::Value);
        Self { command, entries: command.fields.iter().map(blank).collect(), problem: None }
    }

    /// Each field with what stands in it.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Field, &Entry)> {
        self.command.fields.iter().zip(&self.entries)
    }

    /// The fields that are wrong, and how.
    pub fn mistakes(&self) -> impl Iterator<Item = (&'a Field, &Mistake)> {
        self.entries().filter_map(|(field, entry)| match entry {
            Entry::Wrong { mistake, .. } => Some((field, mistake)),
            Entry::Blank | Entry::Value(_) => None,
        })
    }

    /// The command as it can be started, if nothing is missing and nothing is wrong.
    pub fn complete(self) -> Result<Complete<'a>, Self> {
        let values = self.entries().map(|(field, entry)| match entry {
            Entry::Value(value) => Some((field.name.clone(), value.clone())),
            Entry::Blank | Entry::Wrong { .. } => None,
        });
        match values.collect::<Option<Map<String, Value>>>().filter(|_| self.problem.is_none()) {
            Some(values) => Ok(Complete { command: self.command, values }),
            None => Err(self),
        }
    }
}

impl<'a> Complete<'a> {
    /// What is to be started.
    pub fn command(&self) -> &'a LaunchCommand {
        self.command
    }

    /// The same, not to be started before somebody has looked at it.
    pub fn to_be_looked_at(self) -> Filling<'a> {
        let entries = self.values.into_iter().map(|(_, value)| Entry::Value(value)).collect();
        Filling { command: self.command, entries, problem: Some(Problem::Unclear) }
    }

    /// The value of each field by its name, in their order.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }
}

impl Policy {
    /// Reads what follows the name of a command: values in the order of its fields, by their names, or in quotation marks.
    /// A field that no word is for has its default.
    pub fn filled_in_words<'a>(&self, command: &'a LaunchCommand, words: &str) -> Filling<'a> {
        let (words, mut problem) = split(words);
        let mut written: Vec<Vec<&str>> = vec![Vec::new(); command.fields.len()];
        for word in &words {
            let Some(name) = word.name else { continue };
            match command.position(name) {
                Some(position) => written[position].push(word.text),
                None => problem = problem.or_else(|| Some(Problem::NoField(Mistake::quoted(name)))),
            }
        }
        let mut free: Vec<&mut Vec<&str>> = written.iter_mut().filter(|texts| texts.is_empty()).collect();
        let most = free.len();
        let mut places = free.iter_mut();
        let mut given = 0;
        for word in words.iter().filter(|word| word.name.is_none()) {
            given += 1;
            if let Some(place) = places.next() {
                place.push(word.text);
            }
        }
        if given > most {
            problem = problem.or(Some(Problem::TooMany { given, most }));
        }
        let entry = |(field, texts): (&Field, Vec<&str>)| match (texts.as_slice(), &field.default) {
            ([], Some(default)) => Entry::Value(default.clone()),
            ([], None) => self.entry(field, ""),
            ([text], _) => self.entry(field, text),
            ([.., last], _) => Entry::Wrong { written: (*last).to_owned(), mistake: Mistake::Twice },
        };
        Filling { command, entries: command.fields.iter().zip(written).map(entry).collect(), problem }
    }

    /// Reads what stands in a form. What is empty there is meant to be: no default takes its place.
    pub fn filled_in_form<'a>(
        &self,
        command: &'a LaunchCommand,
        written: impl Fn(&Field) -> Option<String>,
    ) -> Filling<'a> {
        let entry = |field: &Field| self.entry(field, &written(field).unwrap_or_default());
        Filling { command, entries: command.fields.iter().map(entry).collect(), problem: None }
    }

    /// What one chooses from for a field, each with the text that stands for it: none where one writes.
    pub fn menu(&self, field: &Field) -> Option<Vec<(String, String)>> {
        match &field.kind {
            Kind::Person if self.people.len() <= OPTIONS_MAX => {
                let people = self.people.values();
                Some(people.map(|one| (limits::excerpt(&one.name, OPTION_MAX), one.id.to_string())).collect())
            }
            kind => kind.menu(),
        }
    }

    /// A value of a field as people read it.
    pub fn shown(&self, field: &Field, value: &Value) -> String {
        let person = value.as_str().filter(|_| field.kind == Kind::Person).and_then(|id| PersonId::parse(id).ok());
        let person = person.and_then(|id| self.people.get(&id));
        person.map_or_else(|| entry::typed(value), |person| person.name.clone())
    }

    fn entry(&self, field: &Field, written: &str) -> Entry {
        match entry::read(field, written, |text| self.meant(text)) {
            Ok(value) => Entry::Value(value),
            Err(mistake) => Entry::Wrong { written: written.to_owned(), mistake },
        }
    }

    fn meant(&self, text: &str) -> Result<PersonId, Mistake> {
        match self.named(text) {
            Named::Person(person) => Ok(person.id.clone()),
            Named::Several(_) => Err(Mistake::Several(Mistake::quoted(text))),
            Named::Almost(_) | Named::Nobody => Err(Mistake::Nobody(Mistake::quoted(text))),
        }
    }
}

/// The words of a text, as far as it can be read.
fn split(text: &str) -> (Vec<Word<'_>>, Option<Problem>) {
    let mut words = Vec::new();
    let mut left = text.trim_start();
    while !left.is_empty() {
        let (name, value) = named(left);
        let Some((text, after)) = first(value) else { return (words, Some(Problem::OpenQuotation)) };
        words.push(Word { name, text });
        left = after.trim_start();
    }
    (words, None)
}

/// A name before an equals sign, and what follows it. An address has an equals sign too, and no name before it.
fn named(text: &str) -> (Option<&str>, &str) {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let (name, rest) = text.split_at(text.find(|c| !is_in_name(c)).unwrap_or(text.len()));
    match rest.strip_prefix('=') {
        Some(value) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => (Some(name), value),
        _ => (None, text),
    }
}

/// The text up to the next white space, or in quotation marks, and what follows it; none if the marks are not closed.
fn first(text: &str) -> Option<(&str, &str)> {
    let opening = text.chars().next().filter(|c| is_quote(*c));
    let Some(opening) = opening else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Some(text.split_at(end));
    };
    let inside = &text[opening.len_utf8()..];
    inside.char_indices().filter(|(_, c)| closes(opening, *c)).find_map(|(at, c)| {
        let after = &inside[at + c.len_utf8()..];
        // People write commas between values.
        let after = after.strip_prefix([',', ';']).unwrap_or(after);
        (after.is_empty() || after.starts_with(char::is_whitespace)).then_some((&inside[..at], after))
    })
}

/// Whether one mark closes what another opens. Phones and word processors mix those of a kind.
fn closes(opening: char, mark: char) -> bool {
    const DOUBLE: [char; 6] = ['"', '“', '”', '„', '«', '»'];
    is_quote(mark) && DOUBLE.contains(&opening) == DOUBLE.contains(&mark)
}

#[cfg(test)]
mod tests;
