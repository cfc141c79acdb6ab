//! Sends the mails of an approval: one request to each approver, and in the same thread reminders and one
//! closing mail.

use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::BASE64;
use jiff::SignedDuration;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;

use super::link::LinkKeys;
use super::text::{self, Text as MailText};
use crate::approval::delivery::Unsent;
use crate::approval::ids::{ApprovalId, PersonId};
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::run::{Run, RunEnd};
use crate::aws::ses::{self, Ses};
use crate::links::Links;
use crate::net::deadline::Deadline;
use crate::ports::{Clock, Messenger};

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

/// So many bytes of text fit one encoded word: <https://www.rfc-editor.org/rfc/rfc2047#section-2>.
const ENCODED_WORD_BYTES: usize = 45;

/// A subject that is read as it is written. A reader takes `=?utf-8?q?abc?=` for another way to write `abc`, and the
/// library leaves that to whoever calls it, so a text that could be taken for one is encoded itself.
fn subject(text: &str) -> HeaderType<'_> {
    if !text.contains("=?") {
        return Text::new(text).into();
    }
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= ENCODED_WORD_BYTES => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())));
    Raw::new(words.collect::<Vec<_>>().join("\r\n ")).into()
}

impl From<ses::Error> for Unsent {
    fn from(error: ses::Error) -> Self {
        Self { fate: error.fate(), problem: error.to_string() }
    }
}

/// Shows approvals to those who may decide, each by a mail of their own with their own link in it. A mail cannot be
/// changed, so it is answered.
pub struct MailMessenger {
    mailer: Mailer,
    keys: LinkKeys,
    links: Links,
    clock: Arc<dyn Clock>,
}

impl MailMessenger {
    /// A messenger with this mailer, whose links are signed with these keys.
    pub fn new(mailer: Mailer, keys: LinkKeys, links: Links, clock: Arc<dyn Clock>) -> Self {
        Self { mailer, keys, links, clock }
    }

    /// The person's own way to the page. It is the same in every mail, because nothing else goes into its key.
    fn link(&self, approval: &Approval, person: &Person) -> String {
        let key = self.keys.sign(&approval.id, &person.id, approval.request.deadline);
        self.links.approval(&approval.id, &key)
    }

    fn request_id(&self, approval: &ApprovalId, person: &PersonId) -> String {
        format!("{approval}.{person}@{}", self.mailer.domain())
    }

    /// All mails refer to this, so that they stay one thread where SES puts a `Message-ID` of its own.
    fn thread_id(&self, approval: &ApprovalId) -> String {
        format!("{approval}@{}", self.mailer.domain())
    }

    /// Answers the request in its thread. After a crash it may be sent once more.
    async fn answer(
        &self,
        approval: &Approval,
        person: &Person,
        prefix: &str,
        text: MailText,
        deadline: Deadline,
    ) -> Result<(), Unsent> {
        let id = self.request_id(&approval.id, &person.id);
        let references = vec![self.thread_id(&approval.id), id.clone()];
        let message = MessageBuilder::new().message_id(format!("{prefix}.{id}")).in_reply_to(id).references(references);
        self.post(approval, person, message, text, deadline).await
    }

    async fn post(
        &self,
        approval: &Approval,
        person: &Person,
        message: MessageBuilder<'_>,
        text: MailText,
        deadline: Deadline,
    ) -> Result<(), Unsent> {
        let address = person.email.as_deref().ok_or_else(|| Unsent::refused("the person has no address"))?;
        let raw = message
            .from(Address::new_address(Some(SENDER_NAME), self.mailer.from.as_str()))
            .to(Address::new_address(Some(text.recipient.as_str()), address))
            .header("Subject", subject(&text.subject))
            .date(self.clock.now().as_second())
            // A responder must not answer this (https://www.rfc-editor.org/rfc/rfc3834), and Exchange is told in its own
            // words.
            .header("Auto-Submitted", Text::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Text::new("All"))
            .text_body(text.text)
            .html_body(text.html)
            .write_to_vec()
            .map_err(|_| Unsent::refused("the mail could not be built"))?;
        tracing::debug!(approval.id = %approval.id, bytes = raw.len(), "sending a mail");
        let call = async { self.mailer.send(address, raw).await.map_err(Unsent::from) };
        deadline.run("SES", call).await
    }
}

#[async_trait]
impl Messenger for MailMessenger {
    fn platform(&self) -> Platform {
        Platform::Email
    }

    fn spacing(&self) -> Option<SignedDuration> {
        None
    }

    async fn send(
        &self,
        approval: &Approval,
        destination: &Destination,
        deadline: Deadline,
    ) -> Result<MessageRef, Unsent> {
        let Destination::Email(person) = destination else { return Err(Unsent::nowhere()) };
        let person = approval.rules.person(person).ok_or_else(Unsent::nowhere)?;
        let text = text::request(approval, person, &self.link(approval, person), &self.links);
        let id = self.request_id(&approval.id, &person.id);
        let message = MessageBuilder::new().message_id(id).references(self.thread_id(&approval.id));
        self.post(approval, person, message, text, deadline).await?;
        Ok(MessageRef::Email { person: person.id.clone() })
    }

    async fn update(&self, _: &Approval, _: &MessageRef, _: Deadline) -> Result<(), Unsent> {
        Ok(())
    }

    async fn tell(
        &self,
        approval: &Approval,
        message: &MessageRef,
        note: &Note,
        deadline: Deadline,
    ) -> Result<(), Unsent> {
        let MessageRef::Email { person } = message else { return Err(Unsent::nowhere()) };
        let nobody = || Unsent::refused("the person is no approver");
        let person = approval.rules.person(person).ok_or_else(nobody)?;
        match note {
            Note::Reminder { at } => {
                let text = text::reminder(approval, person, &self.link(approval, person), &self.links);
                self.answer(approval, person, &format!("reminded.{}", at.as_millisecond()), text, deadline).await
            }
            Note::Outcome => {
                let text = text::closing(approval, person, &self.links);
                self.answer(approval, person, "closed", text, deadline).await
            }
            Note::GlassBroken => {
                let text = text::glass(approval, person, &self.links);
                self.answer(approval, person, "glass", text, deadline).await
            }
            Note::GlassReminder { at } => {
                let text = text::glass(approval, person, &self.links);
                self.answer(approval, person, &format!("glass.{}", at.as_millisecond()), text, deadline).await
            }
            Note::Escalation | Note::Acknowledged | Note::Result(_) => Ok(()),
        }
    }

    /// Nothing is started by mail.
    async fn tell_starter(&self, _: &Run, _: &RunEnd, _: Deadline) -> Result<(), Unsent> {
        Err(Unsent::nowhere())
    }
}
