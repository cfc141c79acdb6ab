//! What somebody answers to what a request asks of whoever approves, read as answers or with what is wrong about it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Request;
use crate::approval::entry::{self, Mistake};
use crate::approval::fields::Field;
use crate::approval::filling::Entry;

/// What stands in each input, by its name. In one that is left out stands nothing.
pub type Written = BTreeMap<String, String>;

/// What somebody answers who approves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// What stands in the inputs.
    pub inputs: Written,
    /// Whether they have set what confirms an approval, which nobody else sets.
    pub confirmed: bool,
}

/// What an approval lacks of what the request asks for; nothing counts without all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The inputs that are not answered as they have to be.
    pub inputs: Vec<WrongInput>,
    /// Whether it is not confirmed and has to be.
    pub confirmation: bool,
}

/// An input that is not answered as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongInput {
    /// Its name, which whoever answers may have made up.
    pub name: String,
    /// What people know it as.
    pub label: String,
    /// Why it is not.
    pub mistake: Mistake,
}

impl Request {
    /// Each input as it is when nobody has written anything.
    pub fn unanswered(&self) -> Vec<(&Field, Entry)> {
        let blank = |field: &Field| field.default.clone().map_or(Entry::Blank, Entry::Value);
        self.fields().map(|field| (field, blank(field))).collect()
    }

    /// What stands in the inputs when nobody has written anything, to be answered with as it is.
    pub fn preset(&self) -> Written {
        let preset = |field: &Field| Some((field.name.clone(), entry::typed(field.default.as_ref()?)));
        self.fields().filter_map(preset).collect()
    }

    /// Each input with what was written into it. What is empty is meant to be: no default takes its place.
    pub fn written(&self, written: &Written) -> Vec<(&Field, Entry)> {
        self.fields().map(|field| (field, read(field, written))).collect()
    }

    /// The answer to each input by its name, in their order; null where nothing had to be written, and was not. Else
    /// everything that is missing or wrong.
    pub fn answers(&self, answers: &Answers) -> Result<Map<String, Value>, Lacking> {
        let confirmation = self.needs_confirmation() && !answers.confirmed;
        let written = &answers.inputs;
        let (mut answers, mut wrong) = (Map::new(), Vec::new());
        for (field, entry) in self.written(written) {
            let mistake = match entry {
                Entry::Value(value) => {
                    answers.insert(field.name.clone(), value);
                    continue;
                }
                Entry::Wrong { mistake, .. } => mistake,
                Entry::Blank => Mistake::Missing,
            };
            wrong.push(WrongInput { name: field.name.clone(), label: field.label.clone(), mistake });
        }
        let unknown = written.keys().filter(|name| !self.fields().any(|field| field.name == **name));
        wrong.extend(unknown.map(|name| {
            let (name, label) = (name.clone(), Mistake::quoted(name));
            WrongInput { name, label, mistake: Mistake::Unknown }
        }));
        if wrong.is_empty() && !confirmation { Ok(answers) } else { Err(Lacking { inputs: wrong, confirmation }) }
    }

    /// What whoever approves is asked for.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.inputs.iter().map(super::Input::field)
    }
}

fn read(field: &Field, written: &Written) -> Entry {
    let written = written.get(&field.name).map(String::as_str).unwrap_or_default();
    match entry::read(field, written, |text| Err(Mistake::Nobody(Mistake::quoted(text)))) {
        Ok(value) => Entry::Value(value),
        Err(mistake) => Entry::Wrong { written: written.to_owned(), mistake },
    }
}
