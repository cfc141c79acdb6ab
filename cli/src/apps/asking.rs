//! Asks for a value until it looks like one.

use anyhow::bail;
use secrecy::SecretString;

use crate::person::Person;
use crate::secrets::Typed;

/// Somebody who has the wrong page open sees it after this many attempts.
const ATTEMPTS: usize = 3;

/// A value that nobody else may read.
pub(super) fn hidden(person: &mut impl Person, typed: Typed) -> anyhow::Result<SecretString> {
    for _ in 0..ATTEMPTS {
        let value = person.hidden(&format!("{}:", typed.title()))?;
        match typed.check(&value) {
            Ok(()) => return Ok(value),
            Err(problem) => person.told(&format!("{problem}."))?,
        }
    }
    bail!("nothing was stored")
}
