//! What `docs/security.md` says of who may do what, and which of it the emulated run does not call.

use std::collections::{BTreeMap, BTreeSet};

/// Actions of IAM by the role, as the template names it.
pub type Rights = BTreeMap<String, BTreeSet<String>>;

const SECURITY: &str = include_str!("../../docs/security.md");
/// The heading of the table of all roles.
const GRANTED: &str = "## Who may do what";
/// The heading of the table of what is granted and not called.
const NOT_CALLED: &str = "### What the emulated run does not call";

/// What every role may do, but for what all may: write logs, and use keys that are named as parameters.
pub fn granted() -> Rights {
    rights(GRANTED)
}

/// What a role may do and does not in the emulated run; each row has the reason.
pub fn not_called() -> Rights {
    rights(NOT_CALLED)
}

/// The roles of a table are in its first column, or above, and the actions in the second.
fn rights(heading: &str) -> Rights {
    let mut rights = Rights::new();
    let mut role = String::new();
    for row in rows(SECURITY, heading) {
        role = code(&row[0]).pop_first().unwrap_or(role);
        rights.entry(role.clone()).or_default().extend(code(&row[1]));
    }
    rights
}

/// What the table of a document says that is under a heading: the cells of each row.
pub fn rows(document: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) = document.split_once(&format!("\n{heading}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The words of a cell that are set as code.
pub fn code(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
