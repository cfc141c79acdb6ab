//! Sends the mails of an approval: one request to each approver, one closing mail in the same thread.

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::text::Text;

use crate::app::App;
use crate::approval::ids::PersonId;
use crate::approval::policy::Person;
use crate::approval::record::{Approval, MessageRef};
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
    let key = mail.keys.sign(&approval.id, &person.id, approval.request.deadline);
    let link = app.links.approval(&approval.id, &key);
    let text = mail::request(approval, person, &link, &app.links);
    let id = request_id(approval, &person.id, &mail);
    let message = MessageBuilder::new().message_id(id).references(thread_id(approval, &mail));
    send(app, &mail, approval, person, message, text, deadline).await?;
    Ok(MessageRef::Email { person: person.id.clone() })
}

/// Sends the closing mail to a person who had the request. After a crash it may be sent once more.
pub async fn close(app: &App, approval: &Approval, person: &PersonId, deadline: Deadline) -> Result<(), Unsent> {
    let mail = mail_of(app)?;
    let Some(person) = approval.rules.approver(person) else {
        return Err(Unsent { is_final: true, problem: "the person is no approver".to_owned() });
    };
    let text = mail::closing(approval, person, &app.links);
    let id = request_id(approval, &person.id, &mail);
    let own_id = format!("closed.{id}");
    let references = vec![thread_id(approval, &mail), id.clone()];
    let message = MessageBuilder::new().message_id(own_id).in_reply_to(id).references(references);
    send(app, &mail, approval, person, message, text, deadline).await
}

fn request_id(approval: &Approval, person: &PersonId, mail: &Mail<'_>) -> String {
    format!("{}.{person}@{}", approval.id, mail.mailer.domain())
}

/// Both mails refer to this, so that they stay one thread where SES puts a `Message-ID` of its own.
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
