//! A mailbox for everybody: the query protocol of SES, as `aws-sdk-ses` speaks it, and the mails it has taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use countersign_engine::clock::Clock;
use data_encoding::BASE64;
use jiff::Timestamp;
use mail_parser::{HeaderValue, MessageParser};
use serde::Serialize;

use crate::changes::Changes;
use crate::lock;

/// SES takes mails of up to 10 MB; in the form they are a third longer.
const FORM_MAX_BYTES: usize = 16 * 1024 * 1024;
const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";

/// A mail as its recipients get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Counts up from 1.
    pub number: u64,
    /// The address in the envelope it came from.
    pub from: String,
    /// The addresses in the envelope it went to, with commas between.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Every header as it was sent, unfolded.
    pub headers: Vec<(String, String)>,
    /// The `Message-ID`, without its angle brackets.
    pub message_id: Option<String>,
    /// The mail it answers.
    pub in_reply_to: Option<String>,
    /// The thread it belongs to.
    pub references: Vec<String>,
    /// The bytes that were sent.
    #[serde(skip)]
    pub raw: Vec<u8>,
    /// When it was sent.
    pub at: Timestamp,
}

impl Mail {
    /// The link to the page that decides, as it stands in the text part; the closing mail has none.
    pub fn link(&self) -> Option<String> {
        let mut words = self.text.split_whitespace();
        let link = words.find(|word| word.starts_with("http") && word.contains("/email/approvals/"))?;
        Some(link.to_owned())
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The mailbox. Clones share everything.
#[derive(Clone)]
pub struct Mailbox {
    clock: Clock,
    changes: Changes,
    state: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    mails: Vec<Mail>,
    next_faults: VecDeque<String>,
    lasting_fault: Option<String>,
    hangs: bool,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new(clock: Clock, changes: Changes) -> Self {
        Self { clock, changes, state: Arc::default() }
    }

    /// `POST /`, the only route of the query protocol.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(receive)).layer(DefaultBodyLimit::max(FORM_MAX_BYTES)).with_state(self.clone())
    }

    /// Every mail that was taken, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.state).mails.clone()
    }

    /// The next request is refused with this code of SES. The SDK repeats what it thinks may pass, such as
    /// `Throttling`, so a mail may take more than one.
    pub fn fail_next(&self, code: &str) {
        lock(&self.state).next_faults.push_back(code.to_owned());
    }

    /// Every request is refused with this code from now on, or with `None` no longer is.
    pub fn fail_always(&self, code: Option<&str>) {
        lock(&self.state).lasting_fault = code.map(str::to_owned);
    }

    /// No request is answered from now on.
    pub fn hang(&self) {
        lock(&self.state).hangs = true;
    }

    /// Everything works from now on.
    pub fn recover(&self) {
        let mut state = lock(&self.state);
        state.hangs = false;
        state.lasting_fault = None;
        state.next_faults.clear();
    }

    fn fault(&self) -> Fault {
        let mut state = lock(&self.state);
        if state.hangs {
            return Fault::Hang;
        }
        let code = state.next_faults.pop_front().or_else(|| state.lasting_fault.clone());
        code.map_or(Fault::None, Fault::Code)
    }

    /// Takes a mail and returns the id that SES gives it.
    fn take(&self, form: &[(String, String)]) -> Result<String, Refusal> {
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match field("Action") {
            Some("SendRawEmail") => {}
            Some(action) => {
                return Err(Refusal::new("InvalidAction", &format!("{action} is not supported here")));
            }
            None => return Err(Refusal::new("MissingAction", "the form has no Action")),
        }
        let encoded = field("RawMessage.Data").unwrap_or_default();
        let raw = BASE64.decode(encoded.as_bytes()).ok().filter(|raw| !raw.is_empty());
        let raw = raw.ok_or_else(|| Refusal::new("InvalidParameterValue", "RawMessage.Data is not base64"))?;
        let to: Vec<&str> = form
            .iter()
            .filter(|(key, _)| key.starts_with("Destinations.member."))
            .map(|(_, value)| value.as_str())
            .collect();
        if to.is_empty() || !to.iter().all(|address| address.contains('@')) {
            return Err(Refusal::new("InvalidParameterValue", "Missing or invalid destination"));
        }
        let at = self.clock.now();
        let mut state = lock(&self.state);
        let number = state.mails.len() as u64 + 1;
        let from = field("Source").unwrap_or_default().to_owned();
        let mail = Mail {
            number,
            from,
            to: to.join(", "),
            at,
            ..read(raw).ok_or_else(|| Refusal::new("InvalidParameterValue", "the message cannot be read"))?
        };
        state.mails.push(mail);
        drop(state);
        self.changes.note();
        Ok(format!("{number:016x}-playground"))
    }
}

enum Fault {
    None,
    Code(String),
    Hang,
}

struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }
}

async fn receive(State(mailbox): State<Mailbox>, body: Bytes) -> Response {
    match mailbox.fault() {
        Fault::None => {}
        Fault::Code(code) => return refused(&Refusal::new(&code, "a fault of the playground")),
        Fault::Hang => return std::future::pending().await,
    }
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    match mailbox.take(&form) {
        Ok(id) => xml(
            StatusCode::OK,
            format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult><MessageId>{id}</MessageId>\
                 </SendRawEmailResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>\
                 </SendRawEmailResponse>"
            ),
        ),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let (status, side) = match refusal.code.as_str() {
        "ServiceUnavailable" => (StatusCode::SERVICE_UNAVAILABLE, "Receiver"),
        "InternalFailure" => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
        "AccessDenied" | "SignatureDoesNotMatch" => (StatusCode::FORBIDDEN, "Sender"),
        _ => (StatusCode::BAD_REQUEST, "Sender"),
    };
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>playground</RequestId></ErrorResponse>"
    );
    xml(status, body)
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Reads what the recipients' mail program would; number, envelope and time are not in it.
fn read(raw: Vec<u8>) -> Option<Mail> {
    let message = MessageParser::new().parse(&raw[..])?;
    let list = |values: &HeaderValue<'_>| -> Vec<String> {
        let texts = values.as_text_list().unwrap_or_default();
        texts.iter().map(|text| text.clone().into_owned()).collect()
    };
    let headers = message
        .headers_raw()
        .map(|(name, value)| (name.to_owned(), value.split_whitespace().collect::<Vec<_>>().join(" ")));
    let mail = Mail {
        number: 0,
        from: String::new(),
        to: String::new(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
        headers: headers.collect(),
        message_id: message.message_id().map(str::to_owned),
        in_reply_to: list(message.in_reply_to()).into_iter().next(),
        references: list(message.references()),
        raw: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    Some(Mail { raw, ..mail })
}

#[cfg(test)]
mod tests {
    use countersign_bot::aws::ses::{Error, Ses};
    use tokio::net::TcpListener;

    use super::*;

    const RAW: &str = "From: Countersign <bot@example.com>\r\nTo: Ada <ada@example.com>\r\n\
        Message-ID: <apr_1.ada@example.com>\r\nIn-Reply-To: <apr_0.ada@example.com>\r\nReferences: <a@x> <b@x>\r\n\
        Subject: =?utf-8?B?RMO2Y2lkZQ==?=\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
        \r\nOpen this:\r\nhttp://localhost:1/email/approvals/apr_1?k=abc\r\n\r\n--b\r\nContent-Type: text/html; \
        charset=utf-8\r\n\r\n<p>Open this</p>\r\n--b--\r\n";

    async fn mailbox() -> (Mailbox, Ses) {
        let mailbox = Mailbox::new(Clock::manual(Timestamp::UNIX_EPOCH), Changes::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = mailbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (mailbox, Ses::at(&url))
    }

    #[tokio::test]
    async fn the_real_client_delivers_a_mail() {
        let (mailbox, ses) = mailbox().await;
        ses.send("bot@example.com", "ada@example.com", RAW.into()).await.unwrap();
        let mails = mailbox.mails();
        let mail = &mails[0];
        assert_eq!((mail.number, mail.from.as_str(), mail.to.as_str()), (1, "bot@example.com", "ada@example.com"));
        assert_eq!(mail.subject, "Döcide");
        assert_eq!(mail.link().as_deref(), Some("http://localhost:1/email/approvals/apr_1?k=abc"));
        assert_eq!(mail.html.trim(), "<p>Open this</p>");
        assert_eq!(mail.message_id.as_deref(), Some("apr_1.ada@example.com"));
        assert_eq!(mail.in_reply_to.as_deref(), Some("apr_0.ada@example.com"));
        assert_eq!(mail.references, ["a@x", "b@x"]);
        assert_eq!(mail.header("auto-submitted"), Some("auto-generated"));
        assert_eq!(mail.raw, RAW.as_bytes());
    }

    #[tokio::test]
    async fn a_fault_reaches_the_real_client_by_its_code() {
        let (mailbox, ses) = mailbox().await;
        mailbox.fail_next("MessageRejected");
        let error = ses.send("bot@example.com", "ada@example.com", RAW.into()).await.unwrap_err();
        assert_eq!(error, Error::Refused("MessageRejected".to_owned()));
        mailbox.fail_always(Some("Throttling"));
        let error = ses.send("bot@example.com", "ada@example.com", RAW.into()).await.unwrap_err();
        assert_eq!(error, Error::Refused("Throttling".to_owned()));
        mailbox.recover();
        ses.send("bot@example.com", "ada@example.com", RAW.into()).await.unwrap();
        assert_eq!(mailbox.mails().len(), 1);
    }
}
