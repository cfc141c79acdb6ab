//! What the flow needs from the outside and has two working implementations of: AWS, and one in memory.
//!
//! A messenger has one implementation for each platform; its client is concrete, and a test gives it another address.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;

use crate::approval::audit::Entry;
use crate::approval::delegation::Delegation;
use crate::approval::delivery::{Delivery, Fate, Unsent};
use crate::approval::event::Event;
use crate::approval::home::{Home, Page};
use crate::approval::ids::{ApprovalId, ExecutionArn, Origin, PersonId, TaskToken};
use crate::approval::look_up::LookUp;
use crate::approval::members::Member;
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::policy_version::PolicyVersion;
use crate::approval::record::Approval;
use crate::approval::run::{Run, RunEnd};
use crate::net::deadline::{Deadline, Unavailable};

/// Where approvals are recorded. Every write is conditional, and a refused one returns who was first.
///
/// A record is written together with what is in its journal, or not at all, and comes back with an empty journal.
#[async_trait]
pub trait Store: Send + Sync {
    /// Records a new approval, unless its id is there already.
    async fn raise(&self, approval: Approval) -> Result<Raised, Unavailable>;

    /// The record of this id.
    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable>;

    /// Replaces the record if it is still at `approval.version`, and counts the version up.
    async fn save(&self, approval: Approval) -> Result<Saved, Unavailable>;

    /// The audit trail of this approval, in its order; empty if there is no such approval.
    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable>;

    /// Up to `limit` approvals that are due at this time, the longest due first.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable>;

    /// The approvals whose tasks the history of this execution was seen to hold.
    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable>;

    /// Up to `limit` approvals that name this execution without being seen in its history, the newest first. Anybody who
    /// may ask can name it, so that there may be any number of them.
    async fn unproven_of(&self, execution: &ExecutionArn, limit: usize) -> Result<Vec<ApprovalId>, Unavailable>;

    /// Up to `limit` pending approvals that were raised under this policy and whose deadline comes after this time,
    /// the soonest deadline first.
    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable>;

    /// Up to `limit` approvals under this policy whose glass was broken and that nobody has acknowledged, the longest
    /// broken first.
    async fn unacknowledged(&self, policy: &str, limit: usize) -> Result<Vec<ApprovalId>, Unavailable>;

    /// Up to `limit` approvals that were raised on behalf of this person, the newest first.
    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable>;

    /// The newest delegation of each of these people, at most `DELEGATIONS_READ_MAX` of them, as it is now; nothing of those
    /// who have made none.
    async fn delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable>;

    /// Keeps a delegation for good and as the newest of its person, if the one with the number before it still is. Says
    /// whether it did: if not, the same person was faster somewhere else.
    async fn delegate(&self, delegation: &Delegation) -> Result<bool, Unavailable>;

    /// The pages that these people, at most `HOMES_READ_MAX` of them, have opened on this platform, as they are now.
    async fn homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable>;

    /// Records a page if its record is still at `home.version`, which is 0 if there is none, and counts the version up; none
    /// if somebody else was first.
    async fn save_home(&self, home: Home) -> Result<Option<Home>, Unavailable>;

    /// Records a run that is about to be started, unless it is on record already.
    async fn record_run(&self, run: &Run) -> Result<(), Unavailable>;

    /// The run of this execution, if somebody started it in a chat.
    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable>;

    /// Replaces the record of a run if it is still at `run.version`, and counts the version up; none if somebody else
    /// was first.
    async fn save_run(&self, run: Run) -> Result<Option<Run>, Unavailable>;
}

/// So many people are asked about at once: `BatchGetItem` of DynamoDB takes no more
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
pub const DELEGATIONS_READ_MAX: usize = 100;
/// The same of pages.
pub const HOMES_READ_MAX: usize = 100;

/// Where the versions of the policy are. One of them is in force; a push puts the next one in its place.
#[async_trait]
pub trait Policies: Send + Sync {
    /// The number of the version that is in force, as it is now; none if nobody has pushed any.
    async fn current(&self) -> Result<Option<u32>, Unavailable>;

    /// The version of this number.
    async fn version(&self, number: u32) -> Result<Option<PolicyVersion>, Unavailable>;

    /// Up to `limit` versions, the newest first.
    async fn versions(&self, limit: usize) -> Result<Vec<PolicyVersion>, Unavailable>;

    /// Keeps a version and puts it in force, if the one before its number still is. Says whether it did: if not, somebody
    /// was faster.
    async fn push(&self, version: &PolicyVersion) -> Result<bool, Unavailable>;

    /// Notes that a function goes by the version of this number. One before the last that was noted changes nothing.
    async fn take_up(&self, number: u32) -> Result<(), Unavailable>;

    /// The last version that a function has gone by.
    async fn last_taken_up(&self) -> Result<Option<u32>, Unavailable>;
}

/// How long what is recorded is kept, where the store forgets by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// An approval after its deadline or its end, whichever is later.
    pub records: SignedDuration,
    /// So much longer than the record of that moment an entry of the audit trail, since the end of an approval that comes
    /// late also keeps its record for longer: no entry may go before the record that counts it.
    pub trails: SignedDuration,
}

impl Default for Kept {
    fn default() -> Self {
        let ninety_days = SignedDuration::from_hours(90 * 24);
        Self { records: ninety_days, trails: ninety_days }
    }
}

/// A pending approval, found without its record. They sort by deadline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// Until when it waits.
    pub deadline: Timestamp,
    /// Which it is.
    pub id: ApprovalId,
}

/// What became of a new approval.
#[derive(Debug)]
pub enum Raised {
    /// It is recorded; this is the record.
    New(Box<Approval>),
    /// It was there: the same task token has been delivered before.
    Existing(Box<Approval>),
}

/// What became of a change.
#[derive(Debug)]
pub enum Saved {
    /// It is recorded; this is the record with its new version.
    Done(Box<Approval>),
    /// Somebody else was first; this is their record.
    Conflict(Box<Approval>),
}

/// The tasks of Step Functions that wait for a callback.
#[async_trait]
pub trait TaskCallbacks: Send + Sync {
    /// `SendTaskSuccess`, in the account and the region where the execution runs.
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError>;

    /// `SendTaskFailure`, in the account and the region where the execution runs.
    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError>;

    /// What Step Functions says about the task of one token in an execution.
    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable>;
}

/// The tasks of the account and the region that a function runs in, where a token alone says which.
#[async_trait]
pub trait OwnTasks: Send + Sync {
    /// `SendTaskSuccess`.
    async fn succeed(&self, token: &TaskToken, output: &Value) -> Result<(), CallbackError>;

    /// `SendTaskFailure`.
    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Result<(), CallbackError>;
}

/// The executions of Step Functions.
#[async_trait]
pub trait Executions: Send + Sync {
    /// `StartExecution` of a Standard state machine. The same name and input start one execution, however often they
    /// come, also when it has ended since.
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<ExecutionArn, StartError>;

    /// Whether this execution has not ended, which is asked without its data.
    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable>;

    /// How this execution ended; none while it runs.
    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable>;
}

/// Why a callback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// `TaskTimedOut`, `TaskDoesNotExist` or `InvalidToken`: the token can no longer be used.
    #[error("the task token is closed")]
    Closed,
    /// Step Functions refuses the call with this code until somebody mends a permission or a key.
    #[error("the callback is denied: {0}")]
    Denied(String),
    /// Step Functions refuses the call as it is, with this code, and always will.
    #[error("the callback is refused: {0}")]
    Refused(String),
    /// The call may succeed later.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why an execution was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Step Functions refuses the call as it is.
    #[error("the execution cannot be started: {0}")]
    Refused(String),
    /// The name has started an execution with another input.
    #[error("the same name has started an execution with another input")]
    OtherInput,
    /// The call may succeed later.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The bus that outcomes are broadcast on.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Puts events on the bus. `Ok` holds the ids that the bus accepted, which may not be all of them:
    /// EventBridge answers 200 and refuses single entries.
    async fn put(&self, events: &[Event]) -> Result<Vec<String>, Unavailable>;
}

/// The queue of what messengers have to bring up to date: in order in each place, and none of them waits for another.
///
/// What is received comes again if it is not finished. After as many times as the queue has for it, it is left to the
/// reconciler.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Has a messenger make each of these. The same one for the same version of its record is made once in a few minutes,
    /// however often it is asked for. After an error some may be in the queue.
    async fn enqueue(&self, deliveries: &[Delivery]) -> Result<(), Unavailable>;

    /// Has a delivery that was received come again after this long. Its place waits meanwhile.
    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable>;
}

/// The queue of what workflows ask that do not invoke the notifier.
///
/// What is received comes again if it is not finished, and is set aside after as many times as the queue has for it.
#[async_trait]
pub trait Requests: Send + Sync {
    /// Has a message that was received come again after this long.
    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable>;
}

/// The values of a secret by their keys.
pub type SecretValues = BTreeMap<String, SecretString>;

/// Where the secrets are kept when they are not in the environment.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secrets as they are now.
    async fn fetch(&self) -> Result<SecretValues, Unavailable>;
}

/// The user groups of a chat, whose members the policy may take for its own. Each platform that has such groups has one
/// implementation, the real one, as with messengers.
#[async_trait]
pub trait Usergroups: Send + Sync {
    /// Whose groups they are.
    fn platform(&self) -> Platform;

    /// Who is in a group, by the ids of the chat.
    async fn users(&self, usergroup: &str, deadline: Deadline) -> Result<Vec<String>, UsergroupError>;

    /// Who a user is; nobody, if they can decide nothing: they are no human being, or have left.
    async fn member(&self, user: &str, deadline: Deadline) -> Result<Option<Member>, UsergroupError>;
}

/// Why it is not known who is in a group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsergroupError {
    /// It will not be known until somebody mends something.
    #[error("{0}")]
    Refused(String),
    /// It may be known later.
    #[error("{0}")]
    Unavailable(String),
}

/// The time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A platform that approvals are shown on, as far as the flow needs it. Each has one implementation, the real one: what
/// tests replace is the service that its client speaks to.
///
/// What a platform did with a message is one of four words: `Ok` is sent, and `Unsent` has the others.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Which platform.
    fn platform(&self) -> Platform;

    /// How far apart messages go into one conversation; none if they may go out as they come.
    fn spacing(&self) -> Option<SignedDuration>;

    /// Sends the request to one place.
    async fn send(
        &self,
        approval: &Approval,
        destination: &Destination,
        deadline: Deadline,
    ) -> Result<MessageRef, Unsent>;

    /// Makes a message show the record as it is, where the platform can change messages.
    async fn update(&self, approval: &Approval, message: &MessageRef, deadline: Deadline) -> Result<(), Unsent>;

    /// Tells something beside a message: in the thread of a card, or as the answer to a mail.
    async fn tell(
        &self,
        approval: &Approval,
        message: &MessageRef,
        note: &Note,
        deadline: Deadline,
    ) -> Result<(), Unsent>;

    /// Tells whoever started a run how it ended, in the conversation where they started it.
    async fn tell_starter(&self, run: &Run, end: &RunEnd, deadline: Deadline) -> Result<(), Unsent>;

    /// The pages that the platform has for each person; none if it has no such pages.
    fn homes(&self) -> Option<&dyn Homes> {
        None
    }
}

/// The pages that a platform has for each person alone.
#[async_trait]
pub trait Homes: Send + Sync {
    /// How far apart pages are shown, whosever they are.
    fn spacing(&self) -> SignedDuration;

    /// Shows this as the page of a user, over what is shown there by this name, if one is named. Returns the name of what is
    /// shown now; none if something else was shown there meanwhile, which stays then.
    async fn show(
        &self,
        user: &str,
        page: &Page,
        over: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Unsent>;
}

/// A call that was not answered before its deadline may have done what it was asked.
impl From<Unavailable> for Unsent {
    fn from(error: Unavailable) -> Self {
        Self { fate: Fate::MaybeSent, problem: error.to_string() }
    }
}
