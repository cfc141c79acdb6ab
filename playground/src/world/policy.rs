//! The policy of a world, which is another one when its file has changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{bail, ensure};
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::{Policy, PolicySource};
use countersign_bot::approval::policy_file;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::flow::app::App;
use countersign_bot::ports::Policies;
use countersign_bot::startup::{Bot, routes};
use jiff::Timestamp;
use tower::ServiceExt;

use super::{Actor, Loaded, Source, World, machines, people};
use crate::lock;
use crate::memory::MemoryStore;

/// The policy that is used when none is named.
const POLICY: &str = include_str!("../../policy.toml");
/// How often a file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Who pushes here.
const PUSHED_BY: &str = "this machine";

/// The bot with the policy that is in force; clones share it.
#[derive(Clone)]
pub struct LiveBot(Arc<Mutex<Current>>);

struct Current {
    bot: Arc<Bot>,
    router: Router,
    people: Arc<Vec<Actor>>,
    /// What is wrong with the file, where it has changed and is not used.
    problem: Option<String>,
}

impl LiveBot {
    /// A bot, and those who can be acted as.
    pub(crate) fn new(bot: Bot, people: Vec<Actor>) -> Self {
        let (router, bot) = (routes::router(bot.clone()), Arc::new(bot));
        Self(Arc::new(Mutex::new(Current { bot, router, people: Arc::new(people), problem: None })))
    }

    /// The bot as it is now.
    pub fn now(&self) -> Arc<Bot> {
        lock(&self.0).bot.clone()
    }

    /// Those who can be acted as now.
    pub(crate) fn people(&self) -> Arc<Vec<Actor>> {
        lock(&self.0).people.clone()
    }

    /// Why a file that has changed is not used.
    pub fn problem(&self) -> Option<String> {
        lock(&self.0).problem.clone()
    }

    /// The bot's routes, with the policy of the moment for each request.
    pub(crate) fn router(&self) -> Router {
        let live = self.clone();
        // As routes of their own they would be matched twice, and so would what they hold.
        Router::new().fallback(async move |request: Request| live.answer(request).await)
    }

    async fn answer(&self, request: Request) -> Response {
        let router = lock(&self.0).router.clone();
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn follow(&self, policy: Policy) {
        let mut current = lock(&self.0);
        let bot = Bot { app: App { policy: Arc::new(policy), ..current.bot.app.clone() }, ..(*current.bot).clone() };
        current.people = Arc::new(people::of(&bot.app.policy));
        (current.router, current.bot) = (routes::router(bot.clone()), Arc::new(bot));
        current.problem = None;
    }

    fn complain(&self, problem: String) {
        lock(&self.0).problem = Some(problem);
    }
}

/// The policy that a file has, or the one that comes along, with the text that is pushed.
pub(crate) fn first(source: Option<&Source>, own: &[super::StateMachine]) -> anyhow::Result<(Policy, String)> {
    if let Some(source) = source {
        return Ok((read(source)?, source.text.clone()));
    }
    let mut policy = read(&Source::new("the policy that comes along", POLICY))?;
    machines::adapt(&mut policy, own);
    Ok((policy, POLICY.to_owned()))
}

fn read(source: &Source) -> anyhow::Result<Policy> {
    match policy_file::read(&source.text) {
        Ok(policy) => Ok(policy),
        Err(problems) => bail!("{} has something wrong with it:\n{problems}", source.name),
    }
}

/// Takes out the commands whose state machines are not there, and gives a line about each.
pub(crate) fn leave_out_commands(policy: &mut Policy, machines: &[Loaded]) -> Vec<String> {
    let is_there = |name: &str| machines.iter().any(|machine| machine.name == name);
    let absent = policy.commands.iter().filter(|(_, command)| !is_there(&command.state_machine));
    let lines = absent.map(|(name, command)| {
        let machine = &command.state_machine;
        format!("commands.{name} is left out: --state-machine {machine}=FILE loads what it starts")
    });
    let lines = lines.collect();
    policy.commands.retain(|_, command| is_there(&command.state_machine));
    lines
}

/// Keeps a text as the next version.
pub(crate) async fn push(store: &MemoryStore, text: String, now: Timestamp) -> anyhow::Result<PolicySource> {
    let number = store.current().await?.unwrap_or_default();
    let version = PolicyVersion::after(number, text, PUSHED_BY.to_owned(), now);
    ensure!(store.push(&version).await?, "somebody else has pushed a policy");
    Ok(PolicySource::Version(version.number))
}

impl World {
    /// Puts another policy in force, if it is right. What has been asked already keeps the rules that it has.
    pub async fn push_policy(&self, source: &Source) -> anyhow::Result<()> {
        let mut policy = read(source)?;
        leave_out_commands(&mut policy, &self.machines);
        policy.source = push(&self.store, source.text.clone(), self.clock.now()).await?;
        self.make_room_for(&policy);
        self.live.follow(policy);
        self.changes.note();
        Ok(())
    }

    /// Slack and Teams have the channels of the policy, and its people.
    fn make_room_for(&self, policy: &Policy) {
        for rules in policy.rules.values() {
            if let Some(channel) = rules.conversation(Platform::Slack).filter(|channel| *channel != self.channel) {
                self.slack.add_channel(channel, &rules.name);
            }
            if let Some(conversation) = rules.conversation(Platform::Teams) {
                self.teams.add_conversation(conversation, "Approvals");
            }
        }
        for user in people::of(policy).iter().filter_map(|actor| actor.teams.as_ref()) {
            self.teams.add_person(user);
        }
    }
}

/// Puts a file in force whenever it has changed. One that is wrong leaves the policy before it in force, which the page and
/// the log say once.
pub(crate) async fn follow(world: Arc<World>, file: PathBuf) {
    // What the world has begun with is in force.
    let first = world.store.version(1).await.ok().flatten().map(|version| version.text);
    let mut seen = Ok(first.unwrap_or_default());
    let mut last_look = seen.clone();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let source = Source::file(&file).map_err(|error| format!("{error:#}"));
        let text = source.as_ref().map(|source| source.text.clone()).map_err(Clone::clone);
        // Whoever saves a file may empty it first, so it is only taken when it has stayed as it is for a look.
        let is_still = last_look == text;
        last_look.clone_from(&text);
        if !is_still || seen == text {
            continue;
        }
        seen = text;
        let pushed = match source {
            Ok(source) => world.push_policy(&source).await.map_err(|error| format!("{error:#}")),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = pushed {
            let problem = format!("the policy before it stays in force: {problem}");
            tracing::error!("{} has changed, and {problem}", file.display());
            world.live.complain(problem);
            world.changes.note();
        }
    }
}
