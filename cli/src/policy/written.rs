//! What is said of versions: to people, and to scripts.

use countersign_bot::approval::policy_changes::Change;
use countersign_bot::approval::policy_version::{PolicyVersion, Unusable};
use serde_json::{Value, json};

use super::versions::Compared;
use crate::output::counted;

/// What became of a push.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// It is in force.
    Done { version: PolicyVersion, changes: Vec<Change> },
    /// The text is that of the version in force, which has this number.
    Unchanged(u32),
    /// The functions would not use it.
    Invalid(Unusable),
    /// Whoever was asked did not want it.
    NotConfirmed { changes: Vec<Change> },
    /// Somebody else has pushed since.
    TooLate { faster: PolicyVersion },
}

impl Pushed {
    /// Whether the file is in force.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Unchanged(_))
    }

    /// The same for people.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Done { version, changes } => {
                let number = version.number;
                format!("{}\nVersion {number} is in force. The functions go by it within a minute.", lines(changes))
            }
            Self::Unchanged(number) => format!("This is version {number}, which is in force."),
            Self::Invalid(problem) => format!("The functions would not use it:\n{problem}"),
            Self::NotConfirmed { .. } => "Nothing was pushed.".to_owned(),
            Self::TooLate { faster: PolicyVersion { number, pushed_by, pushed_at, .. } } => format!(
                "Nothing was pushed: {pushed_by} was faster, with version {number} at {pushed_at}. Look at what that \
                 changes with `countersign policy diff`, and push again."
            ),
        }
    }

    pub(super) fn json(&self) -> Value {
        let (outcome, more) = match self {
            Self::Done { version, changes } => {
                ("pushed", json!({ "version": version_json(version, false), "changes": changes_json(changes) }))
            }
            Self::Unchanged(number) => ("unchanged", json!({ "version": { "number": number } })),
            Self::Invalid(problem) => {
                let problem = problem.to_string();
                ("invalid", json!({ "problems": problem.lines().collect::<Vec<_>>() }))
            }
            Self::NotConfirmed { changes } => ("notConfirmed", json!({ "changes": changes_json(changes) })),
            Self::TooLate { faster } => ("tooLate", json!({ "version": version_json(faster, false) })),
        };
        let mut json = json!({ "ok": self.is_well(), "outcome": outcome });
        if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
            json.extend(more);
        }
        json
    }
}

/// What a push would change, for whoever is asked about it.
pub(super) fn push(before: u32, changes: &[Change]) -> String {
    let before = if before == 0 { "nothing".to_owned() } else { format!("version {before}") };
    format!("This changes, against {before}:\n{}", lines(changes))
}

fn lines(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "  nothing but the words of the file".to_owned();
    }
    changes.iter().map(|change| format!("  {change}")).collect::<Vec<_>>().join("\n")
}

/// Each change with the same in words.
fn changes_json(changes: &[Change]) -> Vec<Value> {
    let json = |change: &Change| {
        let mut json = json!(change);
        json["text"] = json!(change.to_string());
        json
    };
    changes.iter().map(json).collect()
}

/// A version, with its text where that is asked for.
pub(super) fn version_json(version: &PolicyVersion, with_text: bool) -> Value {
    let PolicyVersion { number, text, hash, pushed_by, pushed_at } = version;
    let mut json = json!({ "number": number, "hash": hash, "pushedBy": pushed_by, "pushedAt": pushed_at });
    if with_text {
        json["text"] = json!(text);
    }
    json
}

/// A line for each version; a star is at the one in force.
pub(super) fn history(current: Option<u32>, versions: &[PolicyVersion]) -> String {
    let line = |version: &PolicyVersion| {
        let star = if current == Some(version.number) { '*' } else { ' ' };
        let PolicyVersion { number, hash, pushed_by, pushed_at, .. } = version;
        format!("{star} {number:>4}  {}  {}  {pushed_by}", pushed_at.strftime("%Y-%m-%d %H:%M:%SZ"), hash.short())
    };
    if versions.is_empty() {
        return "No policy has been pushed.".to_owned();
    }
    versions.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The same for scripts.
pub(super) fn history_json(current: Option<u32>, versions: &[PolicyVersion]) -> Value {
    let versions: Vec<Value> = versions.iter().map(|version| version_json(version, false)).collect();
    json!({ "inForce": current, "versions": versions })
}

/// What has changed between two.
pub(super) fn compared(Compared { before, after, changes }: &Compared) -> String {
    let count = counted(changes.len(), "change", "changes");
    format!("{count} from {before} to {after}:\n{}", lines(changes))
}

/// The same for scripts.
pub(super) fn compared_json(Compared { before, after, changes }: &Compared) -> Value {
    json!({ "before": before, "after": after, "changes": changes_json(changes) })
}
