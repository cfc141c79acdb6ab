//! Checks a policy file as the functions do when they start.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use countersign_bot::approval::policy_file;

/// Fails with every problem of the file, each with its line.
pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    policy_file::read(&text).map_err(|problems| anyhow!("{} is not right:\n{problems}", file.display()))?;
    Ok(())
}
