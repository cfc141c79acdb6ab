//! The harness: a whole world on a clock that stands still, spoken to in the words of the domain.

pub(crate) mod aws;
pub(crate) mod faults;
pub(crate) mod gate;
pub(crate) mod logs;
mod looks;
pub(crate) mod said;
pub(crate) mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::app::Ports;
use countersign_bot::flow::deliver::{Delivered, deliver};
use countersign_bot::flow::reconcile::{self, Pass};
use countersign_bot::ports::Deliveries;
use countersign_playground::browser::{Answer, Browser};
use countersign_playground::clock::Clock;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus};
use countersign_playground::fakes::teams::{Shown, TeamsMessage, TeamsUser};
use countersign_playground::fakes::{Mail, SlackMessage, SlackUser};
use countersign_playground::world::{Messengers, Options, Running, Source, StateMachine, World};
use countersign_tests::asking;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) use self::looks::{card_of, has_buttons, is_out, shown, texts, unsent};

/// When every test begins.
pub(crate) const START: &str = "2026-11-23T10:00:00Z";
/// Nothing that should happen takes this long on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A world and what a test does in it.
pub(crate) struct Harness {
    pub(crate) world: Arc<World>,
    pub(crate) browser: Browser,
    /// Whether nobody makes deliveries but the test.
    is_alone: bool,
    _running: Running,
}

/// The policy of most tests: Ada asks, Ada and Grace approve, Linus only starts.
pub(crate) fn policy(rules: &str) -> String {
    format!(
        r#"
        [access]
        slack_teams = ["T0LOCAL"]
        teams_tenants = ["c0117e45-1671-4000-8000-0000000000a0"]
        [people.ada]
        name = "Ada Lovelace"
        slack = "U0ADA"
        teams = "c0117e45-1671-4000-8000-000000000001"
        email = "ada@example.com"
        [people.grace]
        name = "Grace Hopper"
        slack = "U0GRACE"
        teams = "c0117e45-1671-4000-8000-000000000002"
        email = "grace@example.com"
        [people.linus]
        name = "Linus Pauling"
        slack = "U0LINUS"
        teams = "c0117e45-1671-4000-8000-000000000003"
        email = "linus@example.com"
        [groups]
        finance = ["ada", "grace"]
        board = ["grace"]
        [policies.calculation]
        requester = "optional"
        show_result = ["status", "result"]
        {rules}
        "#
    ) + asking::CALCULATION
}

/// The clock stands still, so a place that rested would rest for ever.
pub(crate) fn options() -> Options {
    Options { messengers: Messengers::Restless, ..Options::default() }
}

/// The rules of most tests.
pub(crate) const RULES: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nreason_on_reject = true";

/// The same, with a card in Teams as well.
pub(crate) const RULES_WITH_TEAMS: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\n\
     teams_conversation = \"19:finance@thread.tacv2\"\nreason_on_reject = true";

impl Harness {
    pub(crate) async fn start() -> Self {
        Self::with_rules(RULES).await
    }

    pub(crate) async fn with_rules(rules: &str) -> Self {
        Self::with(rules, |ports| ports).await
    }

    pub(crate) async fn with(rules: &str, between: impl FnOnce(Ports) -> Ports) -> Self {
        Self::build(&policy(rules), options(), between).await
    }

    pub(crate) async fn with_policy(policy: &str, between: impl FnOnce(Ports) -> Ports) -> Self {
        Self::build(policy, options(), between).await
    }

    /// The same, for approvals that wait this long.
    pub(crate) async fn with_timeout(rules: &str, timeout_seconds: i64) -> Self {
        let options = Options { timeout_seconds, ..options() };
        Self::build(&policy(rules), options, |ports| ports).await
    }

    /// The same, with options besides the policy.
    pub(crate) async fn with_options(rules: &str, options: Options, between: impl FnOnce(Ports) -> Ports) -> Self {
        Self::build(&policy(rules), options, between).await
    }

    /// The same with these commands besides. The machine `any` takes whatever it is given, and runs for a minute.
    pub(crate) async fn with_commands(commands: &str) -> Self {
        let any = json!({ "StartAt": "End", "States": { "End": { "Type": "Wait", "Seconds": 60, "End": true } } });
        let any = StateMachine::new("any", Source::new("the machine of the test", &any.to_string()));
        let options = Options { state_machines: vec![any], ..options() };
        Self::build(&(policy(RULES_WITH_TEAMS) + commands), options, |ports| ports).await
    }

    /// A world with a policy and machines of its own.
    pub(crate) async fn in_world(options: Options) -> Self {
        Self::of(options, |ports| ports).await
    }

    async fn build(policy: &str, options: Options, between: impl FnOnce(Ports) -> Ports) -> Self {
        let policy = Some(Source::new("the policy of the test", policy));
        Self::of(Options { policy, ..options }, between).await
    }

    async fn of(options: Options, between: impl FnOnce(Ports) -> Ports) -> Self {
        let is_alone = options.messengers == Messengers::Absent;
        let clock = Clock::manual(START.parse().unwrap());
        let running = World::start_with(options, clock, between).await.unwrap();
        Self { world: running.world.clone(), browser: Browser::new(), is_alone, _running: running }
    }

    pub(crate) fn user(&self, key: &str) -> SlackUser {
        self.world.actor(key).unwrap().user.clone()
    }

    pub(crate) fn teams_user(&self, key: &str) -> TeamsUser {
        self.world.actor(key).unwrap().teams.clone().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Moves the clock.
    pub(crate) fn pass_time(&self, seconds: i64) {
        self.world.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Waits until something is there; whatever changes the world wakes it.
    #[track_caller]
    pub(crate) fn until<'a, T>(
        &'a self,
        what: &'a str,
        look: impl Fn(&World) -> Option<T> + 'a,
    ) -> impl Future<Output = T> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let mut changes = self.world.changes.subscribe();
            let waiting = async {
                loop {
                    if let Some(found) = look(&self.world) {
                        return found;
                    }
                    // A call that a fake refuses changes nothing that is noted, so it is looked for again soon.
                    let _ = tokio::time::timeout(Duration::from_millis(5), changes.changed()).await;
                }
            };
            match tokio::time::timeout(PATIENCE, waiting).await {
                Ok(found) => found,
                Err(_) => panic!("{place}: waited in vain until {what}"),
            }
        }
    }

    /// Ada types `/start 125 122`; returns the approval once its messages are out.
    pub(crate) async fn ask(&self) -> Approval {
        let answer = self.world.slack.command(&self.user("ada"), &self.world.channel, "/start", "125 122").await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.as_ref().unwrap().starts_with("Started:"), "{answer:?}");
        self.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
    }

    /// Ada starts another calculation; returns its approval once it is out.
    pub(crate) async fn ask_again(&self, numbers: &str) -> Approval {
        let known: Vec<ApprovalId> = self.world.store.all().into_iter().map(|approval| approval.id).collect();
        let answer = self.world.slack.command(&self.user("ada"), &self.world.channel, "/start", numbers).await;
        assert_eq!(answer.status, 200);
        self.until("the request is out", |world| {
            let mut all = world.store.all().into_iter().filter(|approval| !known.contains(&approval.id));
            all.find(is_out)
        })
        .await
    }

    /// A workflow asks for this; returns the approval once its messages are out.
    pub(crate) async fn ask_for(&self, approval: &Value) -> Approval {
        let machine = asking::machine(approval);
        let engine = &self.world.engine;
        let arn = engine.load("asks", &machine, &BTreeMap::new()).unwrap();
        engine.start_execution(&arn, "run", json!({})).unwrap();
        self.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
    }

    /// The record of this approval as it is now.
    pub(crate) fn record(&self, id: &ApprovalId) -> Approval {
        self.world.store.all().into_iter().find(|approval| approval.id == *id).unwrap()
    }

    /// Presses a button on the approval's card, and returns the status of the answer.
    pub(crate) async fn press(&self, who: &str, approval: &Approval, action: &str, comment: Option<&str>) -> u16 {
        let (channel, ts) = card_of(&self.record(&approval.id));
        self.world.slack.press(&self.user(who), &channel, &ts, action, comment).await.unwrap()
    }

    /// Waits until the approval has this status and every copy shows it.
    pub(crate) async fn settled(&self, approval: &Approval, status: Status) -> Approval {
        let id = approval.id.clone();
        self.until(&format!("the approval is {status:?} everywhere"), move |world| {
            let record = world.store.all().into_iter().find(|record| record.id == id)?;
            (record.status() == status && !record.is_unfinished()).then_some(record)
        })
        .await
    }

    /// Waits until the only execution has ended.
    pub(crate) async fn ended(&self) -> ExecutionDescription {
        self.until("the execution has ended", |world| {
            world.engine.executions().into_iter().find(|execution| execution.status != ExecutionStatus::Running)
        })
        .await
    }

    /// The schedule invokes the reconciler, and messengers make what there is to deliver.
    pub(crate) async fn reconcile(&self) -> Pass {
        let pass = reconcile::pass(&self.world.bot().app).await.unwrap();
        self.deliver().await;
        pass
    }

    /// Makes every delivery that can be made now, and waits for those that others make.
    pub(crate) async fn deliver(&self) {
        let queue = &self.world.deliveries;
        loop {
            while let Some(handed_out) = queue.try_next() {
                match deliver(&self.world.bot().app, &handed_out.received).await {
                    Delivered::Yes { .. } => queue.delete(&handed_out.receipt),
                    Delivered::NotYet { pause } => queue.put_off(&handed_out.receipt, pause).await.unwrap(),
                }
            }
            if self.is_alone || queue.is_idle() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The schedule invokes the reconciler once every place has refused the request for good.
    pub(crate) async fn given_up(&self) -> ExecutionDescription {
        self.until("every place has refused", |world| {
            let is_refused = |approval: &Approval| approval.missing.iter().all(|missing| !missing.is_left);
            world.store.all().into_iter().find(|approval| approval.reaches_nobody() && is_refused(approval))
        })
        .await;
        reconcile::pass(&self.world.bot().app).await.unwrap();
        self.ended().await
    }

    /// The message that is the approval's card.
    pub(crate) fn card(&self, approval: &Approval) -> SlackMessage {
        let (channel, ts) = card_of(&self.record(&approval.id));
        self.world.slack.messages(&channel).into_iter().find(|message| message.ts == ts).unwrap()
    }

    /// Everything in the thread of the approval's card.
    pub(crate) fn thread(&self, approval: &Approval) -> Vec<String> {
        let (channel, ts) = card_of(&self.record(&approval.id));
        let messages = self.world.slack.messages(&channel).into_iter();
        messages.filter(|message| message.thread_ts.as_ref() == Some(&ts)).map(|message| message.text).collect()
    }

    /// The message in Teams that is the approval's card.
    pub(crate) fn teams_card(&self, approval: &Approval) -> TeamsMessage {
        let record = self.record(&approval.id);
        let mut shared = record.copies.iter().filter(|copy| copy.message.is_shared());
        let card = shared.find_map(|copy| copy.message.on(Platform::Teams));
        let (_, activity) = card.expect("there is a card in Teams");
        self.world.teams.message(activity).unwrap()
    }

    /// Everything in the thread of the approval's card in Teams.
    pub(crate) fn teams_thread(&self, approval: &Approval) -> Vec<String> {
        let card = self.teams_card(approval);
        let messages = self.world.teams.messages(&card.conversation).into_iter();
        messages.filter(|message| message.reply_to.as_ref() == Some(&card.id)).map(|message| message.text).collect()
    }

    /// Presses a button on the approval's card in Teams, and returns what the presser is shown.
    pub(crate) async fn press_in_teams(
        &self,
        who: &str,
        approval: &Approval,
        verb: &str,
        inputs: &[(&str, &str)],
    ) -> Shown {
        let card = self.teams_card(approval);
        let pressed = self.world.teams.press(&self.teams_user(who), &card.id, verb, inputs).await.unwrap();
        assert_eq!(pressed.status, 200);
        pressed.shown
    }

    /// What only this user has been told.
    pub(crate) fn whispers(&self, who: &str) -> Vec<String> {
        let user = self.user(who).id;
        let whispers = self.world.slack.ephemerals().into_iter();
        whispers.filter(|whisper| whisper.user == user).map(|whisper| whisper.text).collect()
    }

    /// The mails to this person, the oldest first.
    pub(crate) fn mails(&self, who: &str) -> Vec<Mail> {
        let address = format!("{who}@example.com");
        self.world.mailbox.mails().into_iter().filter(|mail| mail.to.contains(&address)).collect()
    }

    /// The link in the request that was mailed to this person.
    pub(crate) fn link(&self, who: &str) -> String {
        self.mails(who).first().expect("there is a mail").link().expect("there is a link in it")
    }

    /// Opens the page behind the link, chooses there, and submits.
    pub(crate) async fn post(&self, link: &str, verdict: &str, comment: &str) -> Answer {
        self.browser.answer(link, &[("verdict", verdict), ("comment", comment)]).await.unwrap()
    }

    /// The details of the events of one kind, the oldest first.
    pub(crate) fn events(&self, detail_type: &str) -> Vec<Value> {
        let carried = self.world.bus.carried().into_iter();
        carried.filter(|event| event["detail-type"] == detail_type).map(|event| event["detail"].clone()).collect()
    }
}
