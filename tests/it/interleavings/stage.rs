//! The stage: a world in which nobody acts on their own, and every call to a port waits for its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use countersign_bot::approval::ids::{ApprovalId, ExecutionArn, TaskToken};
use countersign_bot::approval::place::{MessageRef, Platform};
use countersign_bot::approval::policy::Rules;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::request::Answers;
use countersign_bot::approval::state::Verdict;
use countersign_bot::approval::transitions::cancel::Cancellation;
use countersign_bot::approval::transitions::decide::Command;
use countersign_bot::flow::app::{App, Ports};
use countersign_bot::flow::{BACKGROUND, notify, reconcile, resolve};
use countersign_bot::net::deadline::Deadline;
use countersign_bot::ports::Store;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::{Fault, teams};
use countersign_playground::world::{Messengers, Options, Running, Source, World};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::neighbours::{Forgotten, Neighbours, impostor, machine};
use super::parts::{Choice, Part};
use crate::support::faults::Faults;
use crate::support::stage::{Accepted, Director, staged};
use crate::support::{START, policy};

const RULES: &str = "self_approval = true\nreturns = true\nslack_channel = \"C0FINANCE\"\n\
     teams_conversation = \"19:finance@thread.tacv2\"\nremind_after = [\"100s\", \"200s\"]\nescalate_after = \"150s\"\n\
     break_glass = { who = [\"linus\", \"ada\"] }\n\
     delegates = [\"linus\", \"ada\", \"grace\"]";
/// The policy of those who ask beside: only by mail, since a channel takes one card a second.
const ELSEWHERE: &str = "[policies.elsewhere]\napprovers = [\"grace\"]";
/// Nothing that the bot does takes longer, so who is in the middle of something for so long is not coming back.
const LONGEST: i64 = 60;
/// The schedule invokes the reconciler at most so often until all is quiet.
const PASSES_MAX: usize = 60;

/// What several cases share, each with an execution of its own.
pub(super) struct Stage {
    pub(super) world: Arc<World>,
    pub(super) accepted: Accepted,
    faults: Faults,
    refusing_bus: Arc<AtomicBool>,
    /// What the state has passed to the notifier, by the execution.
    asked: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    neighbours: Neighbours,
    forgotten: Forgotten,
    machine: String,
    runs: AtomicU64,
    _running: Running,
}

/// One case: the approvals of one execution.
pub(super) struct Case {
    pub(super) execution: ExecutionArn,
}

impl Stage {
    /// The stage for these rules of who must approve, and who is called in.
    pub(super) async fn build(quorum: &str) -> Self {
        let (accepted, faults, refusing_bus) =
            (Accepted::default(), Faults::default(), Arc::new(AtomicBool::new(false)));
        // One address is enough to see what becomes of a mail, and each takes its time.
        let policy = policy(&format!("{RULES}\n{quorum}\n{ELSEWHERE}")).replace("\"optional\"", "\"known\"");
        let policy = ["ada", "linus"]
            .iter()
            .fold(policy, |policy, key| policy.replace(&format!("email = \"{key}@example.com\""), ""));
        let policy = Some(Source::new("the policy of the stage", &policy));
        let options = Options { policy, messengers: Messengers::Absent, ..Options::default() };
        let forgotten = Forgotten::default();
        let between =
            |ports| faults.in_front_of(staged(forgotten.in_front_of(ports), accepted.clone(), refusing_bus.clone()));
        let running = World::start_with(options, Clock::manual(START.parse().unwrap()), between).await.unwrap();
        let world = running.world.clone();
        let asked = Arc::new(Mutex::new(BTreeMap::<String, Vec<Value>>::new()));
        let inputs = asked.clone();
        world.engine.register(
            "ask",
            Arc::new(move |input| {
                let execution = input["executionArn"].as_str().unwrap().to_owned();
                inputs.lock().unwrap().entry(execution).or_default().push(input);
                Box::pin(async { Ok(Value::Null) })
            }),
        );
        let neighbours = Neighbours::in_the_executions_of(&world.engine);
        let machine = world.engine.load("any-order", &machine(), &BTreeMap::new()).unwrap();
        let runs = AtomicU64::new(0);
        Self { world, accepted, faults, refusing_bus, asked, neighbours, forgotten, machine, runs, _running: running }
    }

    /// Starts a run of its own and sends its cards and mails.
    pub(super) async fn raise(&self) -> Case {
        let case = self.start().await;
        self.ask(&case).await;
        self.deliver().await;
        case
    }

    /// Starts a run of its own, whose state has asked.
    pub(super) async fn start(&self) -> Case {
        self.recover();
        self.world.clock.advance(SignedDuration::from_secs(5));
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let started = self.world.engine.start_execution(&self.machine, &format!("run-{run}"), json!({})).unwrap();
        let case = Case { execution: ExecutionArn::parse(&started.execution_arn).unwrap() };
        while self.asked(&case).is_empty() || self.neighbours.token(&case.execution).is_none() {
            tokio::task::yield_now().await;
        }
        case
    }

    /// All services work from now on.
    pub(super) fn recover(&self) {
        self.world.slack.recover();
        self.world.teams.recover();
        self.faults.recover();
        self.refusing_bus.store(false, Ordering::Relaxed);
    }

    /// Whether the execution can no longer be looked up.
    pub(super) fn is_forgotten(&self, execution: &ExecutionArn) -> bool {
        self.forgotten.contains(execution)
    }

    /// The approval that names the execution of a case without being of it, if one does.
    pub(super) async fn impostor(&self, case: &Case) -> Option<Approval> {
        let id = id_of(&impostor(&case.execution, self.world.clock.now()));
        self.world.store.load(&id).await.unwrap()
    }

    pub(super) fn asked(&self, case: &Case) -> Vec<Value> {
        self.asked.lock().unwrap().get(case.execution.as_str()).cloned().unwrap_or_default()
    }

    /// Invokes the notifier with every task of the state that it has not recorded.
    pub(super) async fn ask(&self, case: &Case) {
        for input in self.asked(case) {
            if self.world.store.load(&id_of(&input)).await.unwrap().is_none() {
                notify::notify(&self.app(0), input).await.unwrap();
            }
        }
    }

    /// The approvals of a case, in the order of the tries of the state.
    pub(super) async fn approvals(&self, case: &Case) -> Vec<Approval> {
        let mut approvals = Vec::new();
        for input in self.asked(case) {
            approvals.extend(self.world.store.load(&id_of(&input)).await.unwrap());
        }
        approvals
    }

    /// The newest approval of a case.
    async fn newest(&self, case: &Case) -> Approval {
        self.approvals(case).await.pop().expect("a case begins with an approval")
    }

    /// The bot on a machine whose clock is off.
    pub(super) fn app(&self, skew: i64) -> App {
        let app = self.world.bot().app.clone();
        let clock = Arc::new(Skewed(self.world.clock.clone(), SignedDuration::from_secs(skew)));
        App { ports: Ports { clock, ..app.ports }, ..app }
    }

    pub(super) async fn part(&self, part: Part, case: &Case) -> BoxFuture<'static, ()> {
        let approval = self.newest(case).await;
        match part {
            Part::Click { person, verdict, platform, skew } => {
                self.click(skew, &approval, command(&approval, person, platform, verdict))
            }
            Part::Away { absent, delegate } => self.say(absent, Some(delegate)),
            Part::Back { absent } => self.say(absent, None),
            Part::BreakGlass { person, skew } => self.break_glass(skew, &approval, person),
            Part::Acknowledge { person, skew } => self.acknowledge(skew, &approval, person),
            Part::Look { person, look, skew } => self.look(skew, &approval, person, look),
            Part::Cancel { skew } => self.cancel(skew, &approval),
            Part::Deliver { again } => {
                if again {
                    self.deliver_again(&approval).await;
                }
                match self.world.deliveries.try_next() {
                    Some(handed_out) => self.messenger(handed_out),
                    None => Box::pin(std::future::ready(())),
                }
            }
            Part::Reconcile { skew } => {
                let app = self.app(skew);
                Box::pin(async move {
                    let _ = reconcile::pass(&app).await;
                })
            }
            Part::HearOfExecution => {
                let (app, execution) = (self.app(0), case.execution.clone());
                Box::pin(async move {
                    let _ = reconcile::execution_ended(&app, &execution).await;
                })
            }
            Part::Ask => {
                let (app, input) = (self.app(0), self.asked(case).pop().expect("the state has asked"));
                Box::pin(async move {
                    let _ = notify::notify(&app, input).await;
                })
            }
            Part::ClickElsewhere { person, verdict } => {
                let message = Some(self.card_of_somebody_else(&approval));
                let command = Command { message, ..command(&approval, person, Platform::Slack, verdict) };
                self.click(0, &approval, command)
            }
            Part::Impostor => {
                let (app, input) = (self.app(0), impostor(&case.execution, self.world.clock.now()));
                Box::pin(async move {
                    let _ = notify::notify(&app, input).await;
                })
            }
            Part::Forget => {
                self.forgotten.add(&case.execution);
                Box::pin(std::future::ready(()))
            }
            Part::NeighbourPretends { .. }
            | Part::NeighbourFails
            | Part::Wait { .. }
            | Part::Abort
            | Part::Lose
            | Part::Fails { .. }
            | Part::SlackFails
            | Part::TeamsFails
            | Part::BusRefuses => {
                self.happen(part, &approval);
                Box::pin(std::future::ready(()))
            }
        }
    }

    fn cancel(&self, skew: i64, approval: &Approval) -> BoxFuture<'static, ()> {
        let person = approval.request.requester.clone().expect("somebody of the policy has asked");
        let (app, id) = (self.app(skew), approval.id.clone());
        let cancellation = Cancellation { person, platform: Platform::Slack };
        Box::pin(async move {
            let _ = resolve::cancel(&app, &id, &cancellation, Deadline::after(BACKGROUND)).await;
        })
    }

    pub(super) fn click(&self, skew: i64, approval: &Approval, command: Command) -> BoxFuture<'static, ()> {
        let (app, id) = (self.app(skew), approval.id.clone());
        Box::pin(async move {
            let _ = resolve::carry_out(&app, &id, &command, Deadline::after(BACKGROUND)).await;
        })
    }

    /// A card in the same channel that shows another approval.
    fn card_of_somebody_else(&self, approval: &Approval) -> MessageRef {
        let own = approval.copies.iter().find_map(|copy| copy.message.on(Platform::Slack));
        let (conversation, own) =
            own.map_or(("C0FINANCE".to_owned(), String::new()), |(channel, ts)| (channel.to_owned(), ts.to_owned()));
        let messages = self.world.slack.messages(&conversation).into_iter();
        let other = messages.rev().find(|message| message.thread_ts.is_none() && message.ts != own);
        let message = other.map_or_else(|| "1.000001".to_owned(), |message| message.ts);
        MessageRef::Card { platform: Platform::Slack, conversation, message }
    }

    /// What happens at one instant.
    fn happen(&self, part: Part, approval: &Approval) {
        let world = &self.world;
        match part {
            Part::Wait { seconds } => world.clock.advance(SignedDuration::from_secs(seconds)),
            Part::Abort => {
                let _ = world.engine.stop_execution(approval.request.execution.as_str(), "Stopped", "by hand");
            }
            Part::Lose => {
                let _ = world.engine.send_task_failure(approval.token.expose(), "Lost", "somebody else failed it");
            }
            Part::NeighbourPretends { verdict } => self.neighbours.pretend(&world.engine, approval, verdict),
            Part::NeighbourFails => self.neighbours.fail(&world.engine, &approval.request.execution),
            Part::Fails { call, fault } => self.faults.next(call, fault),
            Part::SlackFails => world.slack.fail_next("chat.update", Fault::NotOk("internal_error".to_owned())),
            Part::TeamsFails => world.teams.fail_next(teams::Operation::Update, teams::Fault::Status(500)),
            Part::BusRefuses => self.refusing_bus.store(true, Ordering::Relaxed),
            _ => unreachable!("{part:?} is somebody who acts"),
        }
    }

    /// Plays the parts in the order of the choices. Whoever is in the middle of something when a long time goes by is not
    /// coming back, but for those who send a request.
    pub(super) async fn play(&self, case: &Case, parts: &[Part], choices: &[Choice]) {
        let mut director = Director::default();
        let (mut parts, mut choices, mut waited) = (parts.to_vec(), choices.iter(), 0);
        let (mut notifier, mut senders) = (None, BTreeSet::new());
        loop {
            let waiting = director.waiting();
            notifier = notifier.filter(|actor| waiting.contains(actor));
            senders.retain(|actor| waiting.contains(actor));
            let candidates = waiting.len() + usize::from(!parts.is_empty());
            if candidates == 0 {
                return;
            }
            let (choice, crash) = choices.next().copied().unwrap_or((0, false));
            if let Some(actor) = waiting.get(usize::from(choice) % candidates) {
                director.step(*actor, crash && !senders.contains(actor)).await;
                continue;
            }
            let part = parts.remove(0);
            if let Part::Wait { seconds } = part {
                waited += seconds;
                if waited >= LONGEST {
                    for actor in &senders {
                        director.finish(*actor).await;
                    }
                    director.crash_all();
                    waited = 0;
                }
            }
            // One task is not handed to two notifiers at once.
            if matches!(part, Part::Ask) && notifier.is_some() {
                continue;
            }
            let sends = matches!(part, Part::Deliver { .. }) && self.sends_next().await;
            let begun = director.begin(self.part(part, case).await).await;
            match part {
                Part::Ask => notifier = Some(begun),
                Part::Deliver { .. } if sends => drop(senders.insert(begun)),
                _ => {}
            }
        }
    }

    /// The services are back and time goes on: the schedule invokes the reconciler until all is quiet.
    pub(super) async fn calm_down(&self, case: &Case) -> Vec<Approval> {
        self.recover();
        for _ in 0..PASSES_MAX {
            self.neighbours.stop(&self.world.engine, &case.execution);
            // The engine acts on the time that has gone by.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            self.ask(case).await;
            reconcile::pass(&self.app(0)).await.unwrap();
            self.deliver().await;
            let (approvals, impostor) = (self.approvals(case).await, self.impostor(case).await);
            // How a forgotten execution ended is asked for a day, in vain.
            let is_forgotten = self.is_forgotten(&case.execution);
            let is_quiet = |approval: &Approval| {
                let has_ended = approval.resolution().is_some() && !approval.is_unfinished();
                // A broken glass that nobody has acknowledged is told of again the next day.
                let is_for_later = approval.due_at() == approval.next_glass_reminder();
                is_for_later || (is_forgotten && has_ended)
            };
            if approvals.iter().chain(&impostor).all(is_quiet) {
                return approvals;
            }
            self.world.clock.advance(SignedDuration::from_secs(61));
        }
        panic!("not quiet after an hour: {:?}", self.approvals(case).await);
    }
}

/// What one of those who may decide or stand in wants, counted around them.
pub(super) fn command(approval: &Approval, person: usize, platform: Platform, verdict: Verdict) -> Command {
    let Rules { approvers, delegates, .. } = &approval.rules;
    let others = delegates.iter().filter(|delegate| approval.rules.approver(&delegate.id).is_none());
    let people: Vec<_> = approvers.iter().chain(others).collect();
    Command {
        person: people[person % people.len()].clone(),
        platform,
        verdict,
        comment: (verdict == Verdict::Return).then(|| "once more".to_owned()),
        answers: Answers::default(),
        message: None,
        shown: None,
    }
}

fn id_of(input: &Value) -> ApprovalId {
    ApprovalId::of(&TaskToken::parse(input["taskToken"].as_str().unwrap()).unwrap())
}

/// A clock that is off.
struct Skewed(Clock, SignedDuration);

impl countersign_bot::ports::Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
}
