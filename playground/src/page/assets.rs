//! The files of the page, which are part of the binary.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Name, kind and content of each file that the page loads.
const FILES: [(&str, &str, &str); 31] = [
    ("base.css", STYLE, include_str!("base.css")),
    ("slack.css", STYLE, include_str!("slack.css")),
    ("teams.css", STYLE, include_str!("teams.css")),
    ("panes.css", STYLE, include_str!("panes.css")),
    ("icon.svg", PICTURE, include_str!("icon.svg")),
    ("app.js", SCRIPT, include_str!("app.js")),
    ("clock.js", SCRIPT, include_str!("clock.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("mrkdwn.js", SCRIPT, include_str!("mrkdwn.js")),
    ("rich.js", SCRIPT, include_str!("rich.js")),
    ("blocks.js", SCRIPT, include_str!("blocks.js")),
    ("home.js", SCRIPT, include_str!("home.js")),
    ("slack.js", SCRIPT, include_str!("slack.js")),
    ("dialogs.js", SCRIPT, include_str!("dialogs.js")),
    ("teams.js", SCRIPT, include_str!("teams.js")),
    ("cards.js", SCRIPT, include_str!("cards.js")),
    ("inputs.js", SCRIPT, include_str!("inputs.js")),
    ("markdown.js", SCRIPT, include_str!("markdown.js")),
    ("mailbox.js", SCRIPT, include_str!("mailbox.js")),
    ("layout.js", SCRIPT, include_str!("layout.js")),
    ("graph.js", SCRIPT, include_str!("graph.js")),
    ("machine.js", SCRIPT, include_str!("machine.js")),
    ("progress.js", SCRIPT, include_str!("progress.js")),
    ("standing.js", SCRIPT, include_str!("standing.js")),
    ("starter.js", SCRIPT, include_str!("starter.js")),
    ("form.js", SCRIPT, include_str!("form.js")),
    ("begin.js", SCRIPT, include_str!("begin.js")),
    ("icons.js", SCRIPT, include_str!("icons.js")),
    ("workflow.js", SCRIPT, include_str!("workflow.js")),
    ("events.js", SCRIPT, include_str!("events.js")),
];

/// `GET /`.
pub(super) async fn index() -> Html<&'static str> {
    Html(include_str!("index.html"))
}

/// `GET /playground/assets/{name}`.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let found = FILES.iter().find(|(file, ..)| *file == name);
    match found {
        Some((_, kind, content)) => ([(header::CONTENT_TYPE, *kind)], *content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_script_imports_is_served() {
        for (script, _, content) in FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            for (_, rest) in content.lines().filter_map(|line| line.split_once(" from \"./")) {
                let name = rest.trim_end_matches("\";");
                assert!(FILES.iter().any(|(file, ..)| *file == name), "{script} imports {name}");
            }
        }
    }
}
