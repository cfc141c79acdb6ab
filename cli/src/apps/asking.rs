//! Asks for a value until it looks like one.

use anyhow::bail;
use secrecy::SecretString;

use crate::person::Person;
use crate::secrets::Typed;

/// Somebody who has the wrong page open sees it after this many attempts.
const ATTEMPTS: usize = 3;

/// A value that nobody else may read.
pub(super) fn hidden<P: Person>(person: &mut P, typed: Typed) -> anyhow::Result<SecretString> {
    asked(person, typed, P::hidden)
}

/// A value that anybody may read.
pub(super) fn visible<P: Person>(person: &mut P, typed: Typed) -> anyhow::Result<SecretString> {
    asked(person, typed, |person, question| Ok(person.answer(question)?.into()))
}

fn asked<P: Person>(
    person: &mut P,
    typed: Typed,
    ask: impl Fn(&mut P, &str) -> anyhow::Result<SecretString>,
) -> anyhow::Result<SecretString> {
    for _ in 0..ATTEMPTS {
        let value = ask(person, &format!("{}:", typed.title()))?;
        match typed.check(&value) {
            Ok(()) => return Ok(value),
            Err(problem) => person.told(&format!("{problem}."))?,
        }
    }
    bail!("nothing was stored")
}
