//! Sends the mails of an approval: one request to each approver, and in the same thread reminders and one
//! closing mail.

use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::text::Text;

use crate::app::App;
use crate::approval::ids::PersonId;
use crate::approval::place::MessageRef;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::aws::ses::{self, Ses};
use crate::copies::Unsent;
use crate::deadline::Deadline;
use crate::inbound::email::link::LinkKeys;
use crate::messages::mail::{self, Text as MailText};

/// The name that mail clients show beside the address.
const SENDER_NAME: &str = "Countersign";

/// Builds mails and hands them to SES.
#[derive(Debug, Clone)]
pub struct Mailer {
    ses: Ses,
    from: String,
}

impl Mailer {
    /// A mailer with this sender, which SES must have verified.
    pub fn new(ses: Ses, from: String) -> Self {
        Self { ses, from }
    }

    async fn send(&self, to: &str, message: Vec<u8>) -> Result<(), ses::Error> {
        self.ses.send(&self.from, to, message).await
    }

    /// The part after the `@`, for message ids.
    fn domain(&self) -> &str {
        self.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl From<ses::Error> for Unsent {
    fn from(error: ses::Error) -> Self {
        Self { is_final: error.is_final, problem: error.to_string() }
    }
}

/// What sending needs.
struct Mail<'a> {
    mailer: &'a Mailer,
    keys: &'a LinkKeys,
}

fn mail_of(app: &App) -> Result<Mail<'_>, Unsent> {
    let mail = app.mail.as_ref().ok_or_else(Unsent::platform_is_off)?;
    let mailer = mail.mailer.as_ref().ok_or_else(Unsent::platform_is_off)?;
    Ok(Mail { mailer, keys: &mail.keys })
}

/// Sends the request to one approver, with their own link in it.
pub async fn request(
    app: &App,
    approval: &Approval,
    person: &Person,
    deadline: Deadline,
) -> Result<MessageRef, Unsent> {
    let mail = mail_of(app)?;
    let link = link(app, approval, person, &mail);
    let text = mail::request(approval, person, &link, &app.links);
    let id = request_id(approval, &person.id, &mail);
    let message = MessageBuilder::new().message_id(id).references(thread_id(approval, &mail));
    send(app, &mail, approval, person, message, text, deadline).await?;
    Ok(MessageRef::Email { person: person.id.clone() })
}

/// Reminds a person who had the request and has said nothing. After a crash it may be sent once more.
pub async fn remind(
    app: &App,
    approval: &Approval,
    person: &PersonId,
    at: Timestamp,
    deadline: Deadline,
) -> Result<(), Unsent> {
    let mail = mail_of(app)?;
    let person = approver(approval, person)?;
    let text = mail::reminder(approval, person, &link(app, approval, person, &mail), &app.links);
    let own_id = |id: &str| format!("reminded.{}.{id}", at.as_millisecond());
    answer(app, &mail, approval, person, own_id, text, deadline).await
}

/// Sends the closing mail to a person who had the request. After a crash it may be sent once more.
pub async fn close(app: &App, approval: &Approval, person: &PersonId, deadline: Deadline) -> Result<(), Unsent> {
    let mail = mail_of(app)?;
    let person = approver(approval, person)?;
    let text = mail::closing(approval, person, &app.links);
    answer(app, &mail, approval, person, |id| format!("closed.{id}"), text, deadline).await
}

/// Answers the request in its thread. `own_id` makes the answer's id of that of the request.
async fn answer(
    app: &App,
    mail: &Mail<'_>,
    approval: &Approval,
    person: &Person,
    own_id: impl Fn(&str) -> String,
    text: MailText,
    deadline: Deadline,
) -> Result<(), Unsent> {
    let id = request_id(approval, &person.id, mail);
    let references = vec![thread_id(approval, mail), id.clone()];
    let message = MessageBuilder::new().message_id(own_id(&id)).in_reply_to(id).references(references);
    send(app, mail, approval, person, message, text, deadline).await
}

fn approver<'a>(approval: &'a Approval, person: &PersonId) -> Result<&'a Person, Unsent> {
    let nobody = || Unsent { is_final: true, problem: "the person is no approver".to_owned() };
    approval.rules.approver(person).ok_or_else(nobody)
}

/// The person's own way to the page. It is the same in every mail, because nothing else goes into its key.
fn link(app: &App, approval: &Approval, person: &Person, mail: &Mail<'_>) -> String {
    let key = mail.keys.sign(&approval.id, &person.id, approval.request.deadline);
    app.links.approval(&approval.id, &key)
}

fn request_id(approval: &Approval, person: &PersonId, mail: &Mail<'_>) -> String {
    format!("{}.{person}@{}", approval.id, mail.mailer.domain())
}

/// All mails refer to this, so that they stay one thread where SES puts a `Message-ID` of its own.
fn thread_id(approval: &Approval, mail: &Mail<'_>) -> String {
    format!("{}@{}", approval.id, mail.mailer.domain())
}

async fn send(
    app: &App,
    mail: &Mail<'_>,
    approval: &Approval,
    person: &Person,
    message: MessageBuilder<'_>,
    text: MailText,
    deadline: Deadline,
) -> Result<(), Unsent> {
    let Some(address) = person.email.as_deref() else {
        return Err(Unsent { is_final: true, problem: "the person has no address".to_owned() });
    };
    let from = mail.mailer.from.as_str();
    let raw = message
        .from(Address::new_address(Some(SENDER_NAME), from))
        .to(Address::new_address(Some(text.recipient.as_str()), address))
        .subject(text.subject.as_str())
        .date(app.now().as_second())
        // RFC 3834: a responder must not answer this, and Exchange is told in its own words.
        .header("Auto-Submitted", Text::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Text::new("All"))
        .text_body(text.text)
        .html_body(text.html)
        .write_to_vec()
        .map_err(|_| Unsent { is_final: true, problem: "the mail could not be built".to_owned() })?;
    tracing::debug!(approval.id = %approval.id, bytes = raw.len(), "sending a mail");
    let call = async { mail.mailer.send(address, raw).await.map_err(Unsent::from) };
    deadline.run("SES", call).await
}
