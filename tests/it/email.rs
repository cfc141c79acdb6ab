//! The mail and the page behind its link, over real HTTP.

use countersign_bot::approval::state::Status;

use crate::support::{Harness, has_buttons, shown};

#[tokio::test]
async fn each_approver_gets_one_mail_with_a_link_of_their_own() {
    let harness = Harness::with_rules("approvers = [\"finance\", \"linus\"]\nslack_channel = \"C0FINANCE\"").await;
    harness.ask().await;
    assert!(harness.mails("ada").is_empty(), "the requester cannot decide and is not asked");
    let (grace, linus) = (harness.mails("grace"), harness.mails("linus"));
    assert_eq!((grace.len(), linus.len()), (1, 1));
    assert_ne!(harness.link("grace"), harness.link("linus"));
    let mail = &grace[0];
    assert_eq!(mail.subject, "Approval needed: Calculation 125 + 122");
    let header = |name: &str| mail.header(name).unwrap_or_else(|| panic!("{name} is missing"));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert!(header("Message-ID").contains("apr_") && header("Message-ID").contains("grace@"));
    assert!(mail.text.contains("Result: 494") && mail.text.contains(&harness.link("grace")), "{}", mail.text);
    assert_eq!(mail.html.matches("ses:no-track").count(), mail.html.matches("<a ").count(), "no click is tracked");
    for loaded in ["<img", "<script", "url(", "<link"] {
        assert!(!mail.html.contains(loaded), "{loaded}");
    }
    assert!(mail.html.contains("role=\"presentation\"") && mail.html.contains("lang=\"en\""));
}

#[tokio::test]
async fn opening_the_link_a_hundred_times_changes_nothing() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    for round in 0..100 {
        let method = if round % 2 == 0 { "GET" } else { "HEAD" };
        let request = axum::http::Request::builder().method(method).uri(format!("{link}&choice=approve"));
        let answer = harness.browser.send(request.body(Default::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let record = harness.record(&approval.id);
    assert_eq!((record.status(), record.votes.len(), record.version), (Status::Pending, 0, approval.version));
}

#[tokio::test]
async fn the_page_asks_without_script_and_is_kept_nowhere() {
    let harness = Harness::start().await;
    harness.ask().await;
    let page = harness.browser.get(&harness.link("grace")).await.unwrap();
    let header = |name: &str| page.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("x-robots-tag"), "noindex");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let style = page.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = data_encoding::BASE64.encode(&<sha2::Sha256 as sha2::Digest>::digest(style.as_bytes()));
    assert!(policy.contains(&hash), "the style on the page is the one that the policy allows");
    assert!(!page.body.contains("<script") && page.body.contains("<form method=\"post\">"));
    assert!(page.body.contains("<label for=\"comment\">"), "{}", page.body);
    let reject_first = harness.browser.get(&format!("{}&choice=reject", harness.link("grace"))).await.unwrap();
    assert!(reject_first.body.find("value=\"reject\"") < reject_first.body.find("value=\"approve\""));
}

#[tokio::test]
async fn deciding_by_mail_closes_the_card_and_answers_the_thread_once() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let page = harness.post(&harness.link("grace"), "approve", "From the train").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You have approved this. Thank you.") && !page.body.contains("<form"), "{}", page.body);
    assert_eq!(harness.ended().await.output.unwrap()["approvedBy"][0]["platform"], "email");
    harness.settled(&approval, Status::Approved).await;
    let card = harness.card(&approval);
    assert!(!has_buttons(&card) && shown(&card).contains("approved by e-mail"), "{}", shown(&card));
    let mails = harness.mails("grace");
    assert_eq!(mails.len(), 2, "one request and one closing mail");
    let closing = &mails[1];
    assert_eq!(closing.subject, "Re: Approval needed: Calculation 125 + 122");
    assert_eq!(closing.in_reply_to, mails[0].message_id);
    let thread = mails[0].references[0].clone();
    assert_eq!(closing.references, [thread, mails[0].message_id.clone().unwrap()]);
    assert!(closing.text.contains("Approved by Grace Hopper") && closing.text.contains("“From the train”"));
    assert_eq!(closing.link(), None, "nothing is left to decide");
}

#[tokio::test]
async fn a_link_replayed_shows_who_decided() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let page = harness.browser.get(&link).await.unwrap();
    assert!(page.body.contains("Approved by Grace Hopper") && !page.body.contains("<form"), "{}", page.body);
    for verdict in ["approve", "reject"] {
        let replayed = harness.post(&link, verdict, "again").await;
        assert_eq!(replayed.status, 409);
        assert!(replayed.body.contains("This was approved by Grace Hopper"), "{}", replayed.body);
    }
    assert_eq!(harness.events("Approval Resolved").len(), 1);
}

#[tokio::test]
async fn a_link_that_is_not_this_approvals_is_refused_before_anything_is_read() {
    let harness = Harness::start().await;
    let first = harness.ask().await;
    let link = harness.link("grace");
    harness.press("grace", &first, "approve", None).await;
    harness.settled(&first, Status::Approved).await;
    let k = link.split("?k=").nth(1).unwrap();
    let other = format!("apr_{}", "0".repeat(26));
    let url = &harness.world.url;
    let refused = [
        format!("{url}/email/approvals/{other}?k={k}"),
        format!("{url}/email/approvals/{}?k={}", first.id, k.replace("grace", "ada")),
        format!("{url}/email/approvals/{}?k={}x", first.id, k),
        format!("{url}/email/approvals/{}?k=", first.id),
        format!("{url}/email/approvals/{}", first.id),
    ];
    for address in refused {
        for answer in [harness.browser.get(&address).await.unwrap(), harness.post(&address, "approve", "").await] {
            assert_eq!(answer.status, 401, "{address}");
            assert!(answer.body.contains("This link is not valid") && !answer.body.contains("Calculation"));
        }
    }
    let nonsense = harness.browser.get(&format!("{url}/email/approvals/nonsense?k={k}")).await.unwrap();
    assert_eq!(nonsense.status, 404);
}

#[tokio::test]
async fn the_link_of_one_approval_opens_no_other() {
    let harness = Harness::start().await;
    harness.ask().await;
    harness.world.slack.command(&harness.user("ada"), "C0FINANCE", "/start", "1 2").await;
    harness.until("both are out", |world| (world.mailbox.mails().len() == 2).then_some(())).await;
    let links: Vec<String> = harness.mails("grace").iter().filter_map(|mail| mail.link()).collect();
    let split = |link: &str| link.split_once("?k=").map(|(path, k)| (path.to_owned(), k.to_owned())).unwrap();
    let ((first, key_of_first), (second, key_of_second)) = (split(&links[0]), split(&links[1]));
    for (path, key) in [(first, key_of_second), (second, key_of_first)] {
        assert_eq!(harness.post(&format!("{path}?k={key}"), "approve", "").await.status, 401);
    }
    assert!(harness.world.store.all().iter().all(|approval| approval.votes.is_empty()));
}

#[tokio::test]
async fn a_form_that_is_wrong_says_what_is_and_keeps_what_was_typed() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let without_reason = harness.post(&link, "reject", "").await;
    assert_eq!(without_reason.status, 422);
    assert!(without_reason.body.contains("A rejection needs a reason"));
    let too_long = harness.post(&link, "approve", &"é<b>".repeat(501)).await;
    assert_eq!(too_long.status, 422);
    assert!(too_long.body.contains("at most 2000 characters") && too_long.body.contains("é&#60;b&#62;é"));
    let odd = harness.post(&link, "maybe", "").await;
    assert!(odd.status == 400 && odd.body.contains("verdict must be approve or reject"), "{}", odd.body);
    let empty = harness.browser.post_form(&link, &[("comment", "x")]).await.unwrap();
    assert!(empty.status == 400 && empty.body.contains("missing field `verdict`"), "{}", empty.body);
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

#[tokio::test]
async fn an_expired_link_decides_nothing() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    harness.pass_time(600);
    let late = harness.post(&link, "approve", "").await;
    assert_eq!(late.status, 409);
    assert!(!late.body.contains("<form"), "{}", late.body);
    harness.settled(&approval, Status::Expired).await;
}

#[tokio::test]
async fn the_use_of_mail_is_as_the_policy_says() {
    let card = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"";
    let never = Harness::with_rules(&format!("{card}\nemail = \"never\"")).await;
    never.ask().await;
    assert!(never.world.mailbox.mails().is_empty());
    let fallback = Harness::with_rules(&format!("{card}\nemail = \"fallback\"")).await;
    fallback.ask().await;
    assert!(fallback.world.mailbox.mails().is_empty(), "Slack took the card");
    let unreachable = Harness::with_rules(&format!("{card}\nemail = \"fallback\"")).await;
    let refusal = countersign_playground::fakes::Fault::NotOk("channel_not_found".to_owned());
    unreachable.world.slack.fail_always("chat.postMessage", Some(refusal));
    unreachable.ask().await;
    assert_eq!(unreachable.mails("grace").len(), 1);
}
