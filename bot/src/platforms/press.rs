//! A press of a button on a card, the same on every chat platform.

use crate::approval::audit::Hash;
use crate::approval::entry::Mistake;
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::request::Lacking;
use crate::approval::transitions::cancel::Cancellation;
use crate::approval::transitions::claim::Claiming;
use crate::approval::transitions::decide::{Command, Refusal};
use crate::flow::app::App;
use crate::flow::resolve::{self, Answer};
use crate::messages::dialect::Dialect;
use crate::messages::{answers, claims};
use crate::net::deadline::{Deadline, Unavailable};

/// What a button stands for: an approval, and the hash of what the card shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Which approval.
    pub(super) approval: ApprovalId,
    /// The hash; none where a button does not carry it.
    pub(super) content: Option<Hash>,
}

impl Shown {
    /// Reads the id of an approval and the hash beside it; nothing if they are none.
    pub(super) fn read(approval: &str, content: Option<&str>) -> Option<Self> {
        let content = match content {
            Some(hash) => Some(Hash::parse(hash)?),
            None => None,
        };
        Some(Self { approval: ApprovalId::parse(approval).ok()?, content })
    }
}

/// What the person who pressed should see.
pub(super) enum Pressed {
    /// The card as it is now, which says enough.
    Card(Box<Approval>),
    /// The form of what whoever approves is asked for, with what is missing or wrong in it.
    Lacking(Box<Approval>, Lacking),
    /// That a request is sent back with what is to be changed, and that is missing.
    Unexplained(String),
    /// Words, which the card does not say.
    Words(String),
}

impl Pressed {
    /// The words, if there are any to be said beside the card, to somebody who has no form in front of them.
    pub(super) fn words(self, dialect: Dialect) -> Option<String> {
        match self {
            Self::Card(_) => None,
            Self::Lacking(_, lacking) => Some(answers::refusal(&Refusal::Lacking(lacking), dialect)),
            Self::Unexplained(words) | Self::Words(words) => Some(words),
        }
    }
}

/// Records that somebody is looking at a request, or no longer is: the record, or why it has no effect.
pub(super) async fn look_at(
    app: &App,
    id: &ApprovalId,
    claiming: &Claiming,
    dialect: Dialect,
    deadline: Deadline,
) -> Result<Box<Approval>, String> {
    let answer = resolve::claim(app, id, claiming, deadline).await;
    on_record(id, answer, claims::not_recorded, dialect)
}

/// Takes a request back, if the person who wants it is the one who asked for it: the record then, and else why not.
pub(super) async fn take_back(
    app: &App,
    id: &ApprovalId,
    cancellation: &Cancellation,
    dialect: Dialect,
    deadline: Deadline,
) -> Result<Box<Approval>, String> {
    let answer = resolve::cancel(app, id, cancellation, deadline).await;
    on_record(id, answer, answers::not_cancelled, dialect)
}

/// The same in words, for somebody who does not look at the card.
pub(super) async fn take_back_in_words(
    app: &App,
    id: &ApprovalId,
    cancellation: &Cancellation,
    dialect: Dialect,
    deadline: Deadline,
) -> String {
    let taken_back = take_back(app, id, cancellation, dialect, deadline).await;
    taken_back.map_or_else(|words| words, |approval| answers::cancelled(&approval, dialect))
}

/// The record that somebody's word has led to, or why it has led to none; `not_known` are the words for when it is not known
/// whether it has.
pub(super) fn on_record(
    id: &ApprovalId,
    answer: Result<Answer, Unavailable>,
    not_known: impl FnOnce() -> String,
    dialect: Dialect,
) -> Result<Box<Approval>, String> {
    match answer {
        Ok(Answer::Recorded(approval)) => Ok(approval),
        Ok(Answer::Refused { refusal, .. }) => Err(answers::refusal(&refusal, dialect)),
        Ok(Answer::Unknown) => Err(answers::unknown_approval()),
        Err(error) => {
            tracing::error!(approval.id = %id, %error, "what somebody wanted could not be recorded");
            Err(not_known())
        }
    }
}

/// Carries a press out.
pub(super) async fn press(
    app: &App,
    id: &ApprovalId,
    command: &Command,
    dialect: Dialect,
    deadline: Deadline,
) -> Pressed {
    match resolve::carry_out(app, id, command, deadline).await {
        Ok(Answer::Recorded(approval)) => match answers::recorded(&approval, command.verdict) {
            Some(words) => Pressed::Words(words),
            None => Pressed::Card(approval),
        },
        Ok(Answer::Refused { refusal, approval }) => match refusal {
            // Of an input that is not there no form can say what is wrong.
            Refusal::Lacking(lacking) if lacking.inputs.iter().all(|wrong| wrong.mistake != Mistake::Unknown) => {
                Pressed::Lacking(approval, lacking)
            }
            Refusal::ReturnNeedsReason => Pressed::Unexplained(answers::refusal(&refusal, dialect)),
            refusal => Pressed::Words(answers::refusal(&refusal, dialect)),
        },
        Ok(Answer::Unknown) => Pressed::Words(answers::unknown_approval()),
        Err(error) => {
            tracing::error!(approval.id = %id, %error, "a decision could not be recorded");
            Pressed::Words(answers::try_again())
        }
    }
}
