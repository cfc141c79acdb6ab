//! Microsoft's renderer shows every card whole, in both themes of Teams, as narrow as a phone and as wide as a desk.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use countersign_tests::cases;
use serde_json::{Value, json};

use crate::cards::{self, Shown};
use crate::support::node::node;
use crate::support::tools::{Case, Tools};

pub(crate) fn cases() -> Vec<Case> {
    cases![every_card_is_shown_whole, what_is_not_shown_whole_is_found]
}

async fn every_card_is_shown_whole(tools: Arc<Tools>) -> anyhow::Result<()> {
    // They stay for people to look at.
    let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("teams-cards");
    let problems = render(&tools, &cards::all(), &screenshots).await?;
    ensure!(problems.is_empty(), "{}\nThe cards are in {}", problems.join("\n"), screenshots.display());
    Ok(())
}

async fn what_is_not_shown_whole_is_found(tools: Arc<Tools>) -> anyhow::Result<()> {
    let text = |text: &str| json!({"type": "TextBlock", "text": text, "wrap": true});
    let wide = json!({"type": "Column", "width": "900px", "items": [text("far out")]});
    let body = json!([
        {"type": "Badge"}, text("[a link](https://evil.example)"), {"type": "ColumnSet", "columns": [wide]}
    ]);
    let long = "A title that is longer than a phone is wide, in every font that there is";
    let actions = json!([{"type": "Action.OpenUrl", "title": long, "url": "https://example.com"}]);
    let shown = Shown {
        name: "wrong",
        card: json!({"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions}),
        texts: vec!["nowhere".to_owned()],
        buttons: vec!["Approve"],
        menu: Vec::new(),
        presses: Vec::new(),
    };
    let problems = render(&tools, &[shown], &tools.home("wrong")?).await?.join("\n");
    let expected =
        ["Badge", "evil.example", "too wide: far out", "cut off: A title", "nowhere", "the buttons are A title"];
    for expected in expected {
        ensure!(problems.contains(expected), "{expected} is not found:\n{problems}");
    }
    Ok(())
}

/// Everything that is wrong with what is shown.
async fn render(tools: &Tools, cards: &[Shown], screenshots: &Path) -> anyhow::Result<Vec<String>> {
    let cards = Value::from_iter(cards.iter().map(Shown::to_json)).to_string();
    Ok(serde_json::from_str(&node(tools, "render.mjs", &[screenshots.as_ref()], &cards).await?)?)
}
