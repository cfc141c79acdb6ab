//! On the page behind a mail's link, the inputs are part of the form.

use countersign_bot::approval::state::Status;
use countersign_playground::browser::Answer;
use countersign_playground::markup::Markup;
use serde_json::json;

use super::{asked, assert_told, assert_undecided, inputs};
use crate::support::Harness;

async fn answer(harness: &Harness, who: &str, fields: &[(&str, &str)]) -> Answer {
    harness.browser.answer(&harness.link(who), fields).await.unwrap()
}

/// What stands in a field of the form.
fn field(page: &Answer, name: &str) -> String {
    let form = Markup::read(&page.body).forms.remove(0);
    form.fields.into_iter().find(|(field, _)| field == name).map(|(_, value)| value).unwrap()
}

const RIGHT: [(&str, &str); 5] = [
    ("verdict", "approve"),
    ("input.window", "R&D <lab>"),
    ("input.version", "1.4"),
    ("input.note", "a\r\nb"),
    ("comment", "Ship it"),
];

#[tokio::test]
async fn the_mail_says_what_is_asked_and_the_page_asks_it() {
    let (harness, approval) = asked(&inputs()).await;
    let mail = harness.mails("grace").remove(0);
    assert!(
        mail.text.contains("> The <window>\r\n> version") || mail.text.contains("> The <window>\n> version"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("Whoever approves is asked for:") && mail.html.contains("The &#60;window&#62;"));
    let page = harness.browser.get(&harness.link("grace")).await.unwrap();
    assert_eq!((field(&page, "input.window"), field(&page, "input.replicas")), (String::new(), "3".to_owned()));
    assert!(page.body.contains("The &#60;window&#62; <span class=\"dim\">(an approval needs it)"), "{}", page.body);
    let page = answer(&harness, "grace", &RIGHT).await;
    assert!(page.status == 200 && page.body.contains("You have approved this."), "{}", page.body);
    let page = answer(&harness, "ada", &RIGHT).await;
    assert_eq!(page.status, 200);
    harness.settled(&approval, Status::Approved).await;
    let told = json!({"window": "R&D <lab>", "version": "1.4", "replicas": 3, "day": null, "note": "a\nb"});
    assert_told(&harness, &approval, "grace", &told).await;
    let closing = harness.mails("grace").pop().unwrap();
    assert!(
        closing.text.contains("To “The <window>”:") && closing.text.contains("\n> “R&D <lab>”"),
        "{}",
        closing.text
    );
    assert!(
        closing.html.contains("To “The &#60;window&#62;”:") && closing.html.contains("“R&#38;D &#60;lab&#62;”"),
        "{}",
        closing.html
    );
    let page = harness.browser.get(&harness.link("grace")).await.unwrap();
    assert!(page.body.contains("To “Note”:</span> “a b”") && page.body.contains("“Ship it”"), "{}", page.body);
}

#[tokio::test]
async fn what_is_wrong_stands_under_its_input_and_what_was_typed_is_kept() {
    let (harness, approval) = asked(&inputs()).await;
    let wrong = [
        ("verdict", "approve"),
        ("input.window", "never"),
        ("input.version", "<v1>"),
        ("input.replicas", "11"),
        ("input.day", "soon"),
        ("input.note", "kept <note>"),
    ];
    let page = answer(&harness, "grace", &wrong).await;
    assert_eq!(page.status, 422);
    for said in [
        "The &#60;window&#62; must be one of tonight, Sunday, R&#38;D &#60;lab&#62;, and “never” is not.",
        "version must look like \\d+\\.\\d+, and “&#60;v1&#62;” does not.</p>",
        "replicas must be from 1 to 10.",
        "day must be a date such as 2026-11-23, and “soon” is not one.",
        "Nothing was decided.",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    for (name, value) in &wrong[2..] {
        assert_eq!(field(&page, name), *value);
    }
    assert_undecided(&harness, &approval);
    // Whatever else is wrong, nothing that was typed is lost.
    for (verdict, status) in [("", 422), ("reject", 422)] {
        let fields: Vec<_> = [("verdict", verdict)].into_iter().chain(wrong[1..].iter().copied()).collect();
        let page = answer(&harness, "grace", &fields).await;
        assert_eq!((page.status, field(&page, "input.note")), (status, "kept <note>".to_owned()), "{verdict}");
        assert!(!page.body.contains("must look like"), "a rejection is asked for nothing: {}", page.body);
    }
    let fields: Vec<_> = RIGHT.into_iter().chain([("input.other", "x")]).collect();
    let page = answer(&harness, "grace", &fields).await;
    assert!(page.status == 422 && page.body.contains("other is not asked for."), "{}", page.body);
    let fields: Vec<_> = RIGHT.into_iter().chain([("input.version", "1.5")]).collect();
    let page = answer(&harness, "grace", &fields).await;
    assert!(page.status == 400 && page.body.contains("duplicate field `input.version`"), "{}", page.body);
    assert_undecided(&harness, &approval);
    let rejected = answer(&harness, "grace", &[("verdict", "reject"), ("comment", "no")]).await;
    assert_eq!(rejected.status, 200);
    assert!(harness.settled(&approval, Status::Rejected).await.votes[0].inputs.is_empty());
}
