//! What the page of a person says beside the requests on it.

use super::dialect::Dialect;

/// Over the glass that was broken.
pub const UNACKNOWLEDGED: &str = "Waits for your acknowledgement";
/// Over what the person asked for.
pub const RAISED: &str = "You asked for";

/// Over what waits.
pub fn waiting(count: usize, are_all: bool) -> String {
    match (count, are_all) {
        (0, _) => "Nothing waits for you".to_owned(),
        (1, true) => "1 request waits for you".to_owned(),
        (count, true) => format!("{count} requests wait for you"),
        (count, false) => format!("{count} requests and more wait for you"),
    }
}

/// How many there are besides, and where they can be read.
pub fn more(count: usize, are_all: bool, dialect: Dialect) -> String {
    let command = dialect.code(&format!("{} pending", dialect.approvals_command()));
    match (count, are_all) {
        (0, _) => format!("And more: {command} lists them."),
        (count, true) => format!("And {count} more: {command} lists them."),
        (count, false) => format!("And {count} more at least: {command} lists them."),
    }
}

/// Since when it is as it is, and what can be typed anywhere.
pub fn last_line(at: &str, dialect: Dialect) -> String {
    let approvals = dialect.code(dialect.approvals_command());
    format!(
        "As of {at}. {approvals} says the same in any channel, and {} lists what you may start.",
        dialect.code("/start")
    )
}

/// To somebody who may not use the app.
pub fn welcome() -> String {
    "Here people see what workflows ask them to approve, and what they asked for themselves.".to_owned()
}
