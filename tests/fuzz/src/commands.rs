//! What people type after a command and write into its form. What starts is what was shown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use countersign_bot::approval::entry;
use countersign_bot::approval::filling::{Complete, Entry};
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_file;

/// A command with every kind of field.
const POLICY: &str = include_str!("../commands.toml");

static COMMANDS: LazyLock<Policy> = LazyLock::new(|| policy_file::read(POLICY).unwrap());

/// Words that follow the name of a command. What is understood of them starts the same from the form that shows it.
pub(crate) fn words(input: &[u8]) {
    let Ok(typed) = std::str::from_utf8(input) else { return };
    for command in COMMANDS.commands.values() {
        match COMMANDS.filled_in_words(command, typed).complete() {
            Ok(complete) => starts_the_same_from_its_form(&complete),
            Err(filling) => {
                let is_told = filling.problem.is_some() || filling.mistakes().next().is_some();
                assert!(is_told, "nothing starts, and nobody is told why");
            }
        }
    }
}

/// A form, as texts of `name=value` with a zero byte between.
pub(crate) fn form(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let lines: BTreeMap<&str, &str> = text.split('\0').filter_map(|line| line.split_once('=')).collect();
    for command in COMMANDS.commands.values() {
        let written = |name: &str| lines.get(name).map(|value| (*value).to_owned());
        match COMMANDS.filled_in_form(command, |field| written(&field.name)).complete() {
            Ok(complete) => starts_the_same_from_its_form(&complete),
            Err(filling) => assert!(filling.mistakes().next().is_some(), "nothing starts, and nobody is told why"),
        }
    }
}

fn starts_the_same_from_its_form(complete: &Complete<'_>) {
    let filling = complete.clone().to_be_looked_at();
    let shown: BTreeMap<&str, String> = filling
        .entries()
        .map(|(field, entry)| match entry {
            Entry::Value(value) => (field.name.as_str(), entry::typed(value)),
            Entry::Blank | Entry::Wrong { .. } => panic!("{} was understood", field.name),
        })
        .collect();
    let again = COMMANDS.filled_in_form(complete.command(), |field| shown.get(field.name.as_str()).cloned());
    assert_eq!(again.complete().unwrap().values(), complete.values());
}
