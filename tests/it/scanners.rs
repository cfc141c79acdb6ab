//! What mail scanners do with a mail: they follow its links, load what the pages name, and press and submit what they
//! find there. None of it decides anything, and a person who comes afterwards decides on the same page.

use std::collections::BTreeSet;

use axum::http::Request;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::browser::{Answer, Browser};
use countersign_playground::fakes::Mail;
use countersign_playground::markup::{Form, Markup};

use crate::support::{Harness, RULES};

/// It follows what it finds on pages that it has got by submitting forms, so many steps deep.
const DEPTH: usize = 3;

/// Something that goes through every mail before its recipient does.
struct Scanner {
    browser: Browser,
    /// The address of the system, since a scanner that leaves it is of no interest here.
    at: String,
    seen: BTreeSet<String>,
    submitted: usize,
}

impl Scanner {
    fn new(harness: &Harness) -> Self {
        let at = harness.world.url.clone();
        Self { browser: Browser::new(), at, seen: BTreeSet::new(), submitted: 0 }
    }

    /// Goes through a mail: its text, its HTML, and everything behind them.
    async fn scan(&mut self, mail: &Mail) {
        let words = mail.text.split_whitespace().filter(|word| word.starts_with("http")).map(str::to_owned);
        for address in words.chain(Markup::read(&mail.html).references) {
            self.open(&address).await;
        }
    }

    async fn open(&mut self, address: &str) {
        let Some(address) = self.ours(address) else { return };
        if !self.seen.insert(address.clone()) {
            return;
        }
        for method in ["HEAD", "GET", "OPTIONS", "GET"] {
            let page = self.send(method, &address, String::new()).await;
            // The page of the local run behind the link to the execution works by script, so it is only opened.
            if method == "GET" && address.contains("/email/") {
                Box::pin(self.try_out(&address, &page, DEPTH)).await;
            }
        }
        for guess in ["", "verdict=approve", "verdict=reject&comment=no", "verdict=approve&served=1&comment="] {
            let page = self.send("POST", &address, guess.to_owned()).await;
            Box::pin(self.try_out(&address, &page, DEPTH - 1)).await;
        }
    }

    /// Submits every form of a page as it stands and by each of its buttons, and goes on with what comes back.
    async fn try_out(&mut self, address: &str, page: &Answer, depth: usize) {
        let markup = Markup::read(&page.body);
        for reference in &markup.references {
            Box::pin(self.open(reference)).await;
        }
        if depth == 0 {
            return;
        }
        for form in &markup.forms {
            let target = if form.action.is_empty() { address } else { &form.action };
            for fields in submissions(form) {
                self.submitted += 1;
                let separator = if target.contains('?') { '&' } else { '?' };
                self.send("GET", &format!("{target}{separator}{fields}"), String::new()).await;
                let page = self.send(&form.method.to_uppercase(), target, fields).await;
                Box::pin(self.try_out(address, &page, depth - 1)).await;
            }
        }
    }

    fn ours(&self, address: &str) -> Option<String> {
        let absolute = if address.starts_with('/') { format!("{}{address}", self.at) } else { address.to_owned() };
        absolute.starts_with(&self.at).then_some(absolute)
    }

    async fn send(&self, method: &str, address: &str, form: String) -> Answer {
        let request = Request::builder().method(method).uri(address.split('#').next().unwrap());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.browser.send(request.body(form.into()).unwrap()).await.unwrap()
    }
}

/// What a program sends that chooses nothing: the form alone, and with each of its buttons.
fn submissions(form: &Form) -> Vec<String> {
    let buttons = form.buttons.iter().flatten().map(|button| [form.fields.clone(), vec![button.clone()]].concat());
    let all = std::iter::once(form.fields.clone()).chain(buttons);
    all.map(|fields| serde_urlencoded::to_string(fields).unwrap()).collect()
}

/// Everybody's scanner goes through every mail that is out.
async fn scan(harness: &Harness) -> Scanner {
    let mut scanner = Scanner::new(harness);
    for mail in harness.world.mailbox.mails() {
        scanner.scan(&mail).await;
    }
    scanner
}

/// An approval whose request and reminder are out by mail, after the scanners have been at both.
async fn scanned() -> (Harness, Approval) {
    let harness = Harness::with_rules(&format!("{RULES}\nremind_after = [\"5m\"]")).await;
    let approval = harness.ask().await;
    let before = harness.record(&approval.id);
    let scanner = scan(&harness).await;
    assert!(scanner.submitted > 0, "the form was found");
    assert_eq!(harness.record(&approval.id).version, before.version, "nothing was even written");
    harness.pass_time(300);
    harness.reconcile().await;
    harness.until("the reminder is out", |world| (world.mailbox.mails().len() == 2).then_some(())).await;
    let reminded = harness.settled(&approval, Status::Pending).await;
    let scanner = scan(&harness).await;
    assert!(scanner.seen.iter().any(|address| address.contains("/email/")) && scanner.submitted > 0);
    let record = harness.record(&approval.id);
    assert_eq!((record.status(), record.votes.len(), record.version), (Status::Pending, 0, reminded.version));
    (harness, approval)
}

#[tokio::test]
async fn whatever_scanners_do_with_a_mail_the_person_decides_afterwards() {
    for (verdict, expected, said) in [
        ("approve", Status::Approved, "You have approved this"),
        ("reject", Status::Rejected, "You have rejected this"),
    ] {
        let (harness, approval) = scanned().await;
        let page = harness.post(&harness.link("grace"), verdict, "seen").await;
        assert!(page.status == 200 && page.body.contains(said), "{}", page.body);
        let record = harness.settled(&approval, expected).await;
        assert_eq!((record.votes.len(), record.votes[0].comment.as_deref()), (1, Some("seen")));
        scan(&harness).await;
        assert_eq!(harness.record(&approval.id).votes.len(), 1, "the closing mail is scanned as well");
    }
}
