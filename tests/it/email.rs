//! The mail and the page behind its link, over real HTTP.

use countersign_bot::approval::state::Status;
use countersign_playground::browser::Answer;
use countersign_playground::markup::{Form, Markup};

use crate::support::{Harness, RULES, has_buttons, shown};

/// The only form of a page.
fn form(page: &Answer) -> Form {
    let forms = Markup::read(&page.body).forms;
    assert_eq!(forms.len(), 1, "{}", page.body);
    forms[0].clone()
}

/// The proof in a page that it was served.
fn proof(page: &Answer) -> String {
    let fields = form(page).fields;
    fields.into_iter().find(|(name, _)| name == "served").map(|(_, value)| value).unwrap()
}

/// What is chosen in a page, before anybody touches it.
fn chosen(page: &Answer) -> Vec<String> {
    form(page).fields.into_iter().filter(|(name, _)| name == "verdict").map(|(_, value)| value).collect()
}

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
    let form = form(&page);
    let offered: Vec<&str> = form.choices.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!((offered, chosen(&page)), (vec!["approve", "reject"], vec![]), "nothing is chosen from the beginning");
    assert_eq!(form.buttons, [None], "the button submits and says nothing by itself");
    assert_eq!(page.body.matches("type=\"radio\"").count(), page.body.matches(" required").count());
    assert!(page.body.contains("<fieldset>") && page.body.contains("<legend>Your decision</legend>"), "{}", page.body);
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
    let opened = harness.browser.get(&link).await.unwrap();
    let without_reason = harness.post(&link, "reject", "").await;
    assert_eq!(without_reason.status, 422);
    assert!(without_reason.body.contains("A rejection needs a reason"));
    assert_eq!(chosen(&without_reason), ["reject"]);
    let too_long = harness.post(&link, "approve", &"é<b>".repeat(501)).await;
    assert_eq!(too_long.status, 422);
    assert!(too_long.body.contains("at most 2000 characters") && too_long.body.contains("é&#60;b&#62;é"));
    assert_eq!(chosen(&too_long), ["approve"]);
    for nothing in ["", "maybe", "Approve"] {
        let page = harness.post(&link, nothing, "as <agreed>").await;
        assert!(page.status == 422 && page.body.contains("choose Approve or Reject, then submit"), "{}", page.body);
        assert!(page.body.contains("as &#60;agreed&#62;</textarea>") && chosen(&page).is_empty(), "{}", page.body);
    }
    let served = proof(&opened);
    let both = [("served", served.as_str()), ("verdict", "reject"), ("verdict", "approve"), ("comment", "both")];
    let both = harness.browser.post_form(&link, &both).await.unwrap();
    assert!(both.status == 400 && both.body.contains("duplicate field `verdict`"), "{}", both.body);
    for page in [&without_reason, &too_long, &both] {
        let at = |value: &str| page.body.find(&format!("value=\"{value}\"")).unwrap();
        assert!(at("approve") < at("reject"), "the choices keep their places");
    }
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    let page = harness.post(&link, "reject", "too much").await;
    assert!(page.status == 200 && page.body.contains("You have rejected this"), "{}", page.body);
}

#[tokio::test]
async fn a_form_decides_only_with_the_proof_of_its_own_page() {
    let harness =
        Harness::with_rules("approvers = [\"board\", \"linus\"]\nrequired = 2\nslack_channel = \"C0FINANCE\"").await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let another = harness.ask_again("1 2").await;
    harness.until("both are out", |world| (world.mailbox.mails().len() == 4).then_some(())).await;
    let another =
        harness.mails("grace").iter().filter_map(|mail| mail.link()).find(|link| link.contains(another.id.as_str()));
    let of_another = proof(&harness.browser.get(&another.unwrap()).await.unwrap());
    let of_linus = proof(&harness.browser.get(&harness.link("linus")).await.unwrap());
    let k = link.split("?k=").nth(1).unwrap();
    let own = proof(&harness.browser.get(&link).await.unwrap());
    assert!(!k.contains(&own) && !own.contains(k));
    let cut = own[..own.len() - 1].to_owned();
    for served in [None, Some(""), Some("x"), Some(k), Some(&of_another), Some(&of_linus), Some(&cut)] {
        for verdict in ["approve", "reject"] {
            let fields: Vec<_> =
                served.map(|served| ("served", served)).into_iter().chain([("verdict", verdict)]).collect();
            let page = harness.browser.post_form(&link, &fields).await.unwrap();
            assert!(page.status == 403 && page.body.contains("so nothing was decided"), "{served:?}: {}", page.body);
            assert_eq!(chosen(&page), Vec::<String>::new(), "what comes back decides nothing as it stands either");
        }
    }
    assert_eq!(harness.record(&approval.id).version, approval.version);
    let decided = [("served", own.as_str()), ("verdict", "approve")];
    let page = harness.browser.post_form(&link, &decided).await.unwrap();
    assert!(page.status == 200 && page.body.contains("1 of 2 approvals"), "{}", page.body);
    for again in [decided, [("served", own.as_str()), ("verdict", "approve")]] {
        let page = harness.browser.post_form(&link, &again).await.unwrap();
        assert!(page.status == 409 && !page.body.contains("<form"), "{}", page.body);
        assert!(page.body.contains("You approved this already"), "a second press says how it stands: {}", page.body);
    }
    assert_eq!(harness.record(&approval.id).votes.len(), 1);
}

#[tokio::test]
async fn a_page_that_was_open_for_too_long_decides_nothing_and_keeps_what_was_typed() {
    let harness = Harness::with_timeout(RULES, 3 * 3_600).await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let open = form(&harness.browser.get(&link).await.unwrap());
    harness.pass_time(3_600);
    let late = open.answered(&[("verdict", "approve"), ("comment", "from the train")]);
    let page = harness.browser.post_form(&link, &late).await.unwrap();
    assert!(page.status == 403 && page.body.contains("open for too long, so nothing was decided"), "{}", page.body);
    assert!(page.body.contains("from the train</textarea>") && chosen(&page).is_empty(), "{}", page.body);
    assert_eq!(harness.record(&approval.id).votes.len(), 0);
    let again = form(&page).answered(&[("verdict", "approve")]);
    let page = harness.browser.post_form(&link, &again).await.unwrap();
    assert!(page.status == 200 && page.body.contains("You have approved this"), "{}", page.body);
    let vote = &harness.settled(&approval, Status::Approved).await.votes[0];
    assert_eq!(vote.comment.as_deref(), Some("from the train"));
}

#[tokio::test]
async fn a_page_that_was_open_while_it_was_decided_says_how_it_stands() {
    for verdict in ["approve", "reject"] {
        let harness = Harness::start().await;
        let approval = harness.ask().await;
        let link = harness.link("grace");
        let open = form(&harness.browser.get(&link).await.unwrap());
        harness.press("grace", &approval, "approve", None).await;
        harness.settled(&approval, Status::Approved).await;
        for fields in [open.answered(&[("verdict", verdict), ("comment", "x")]), open.fields.clone()] {
            let page = harness.browser.post_form(&link, &fields).await.unwrap();
            assert!(page.status == 409 || page.status == 422, "{}", page.status);
            assert!(page.body.contains("approved by Grace Hopper") || page.body.contains("Approved by Grace Hopper"));
            assert!(!page.body.contains("<form"), "{}", page.body);
        }
        assert_eq!(harness.events("Approval Resolved").len(), 1);
    }
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
