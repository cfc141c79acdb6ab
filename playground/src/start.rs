//! Puts the whole system together in one process, and starts it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;
use countersign_bot::aws::ses::Ses;
use countersign_bot::flow::app::Ports;
use countersign_bot::net::caller::IamCaller;
use countersign_bot::net::signature::Verifier;
use countersign_bot::platforms::email::mailer::Mailer;
use countersign_bot::startup::Bot;
use countersign_bot::startup::config::Config;
use countersign_engine::clock::Clock;
use countersign_engine::{Engine, ORIGIN};
use countersign_workflow_lambdas::double::{self, Double};
use tokio::net::TcpListener;

use crate::changes::Changes;
use crate::deliveries::MemoryDeliveries;
use crate::fakes::teams::{FakeTeams, FakeTeamsConfig};
use crate::fakes::{FakeSlack, FakeSlackConfig, Mailbox};
use crate::memory::{LocalClock, LocalStepFunctions, MemoryBus, MemoryStore};
use crate::page;
use crate::requests::MemoryRequests;
use crate::world::secrets::{Secrets, key};
use crate::world::{Actor, LiveBot, Loaded, Options, Running, World, background, functions, machines, people, policy};

const MAIL_FROM: &str = "countersign@example.com";
/// The bot's app in Teams.
const TEAMS_APP_ID: &str = "c0117e45-1671-4000-8000-0000000000b0";
/// Where the fake Teams is served.
const TEAMS_PATH: &str = "/playground/teams";

impl World {
    /// Reads policy and state machine, takes the port, and starts everything. On an error nothing is left running.
    pub async fn start(options: Options, clock: Clock) -> anyhow::Result<Running> {
        Self::start_with(options, clock, |ports| ports).await
    }

    /// Starts a world whose bot reaches its ports through something else, such as one that fails now and then.
    pub async fn start_with(
        options: Options,
        clock: Clock,
        between: impl FnOnce(Ports) -> Ports,
    ) -> anyhow::Result<Running> {
        let (mut policy, text) = policy::first(options.policy.as_ref(), &options.state_machines)?;
        let asked_under = machines::policies(&options.state_machines);
        let changes = Changes::default();
        let engine = Engine::new(clock.clone());
        let machines = machines::load(&engine, machines::with_reference(&options, &policy), &options)?;
        let mut left_out = policy::leave_out_commands(&mut policy, &machines);
        left_out.extend(shut_out(&policy).chain(people::nobody(&policy)).chain(machines::unfilled(&machines)));
        let address = ("127.0.0.1", options.port);
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("port {} cannot be used; is it running already? --port 0 takes any that is free", options.port)
        })?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let secrets = Secrets::new();
        let [channel, teams_conversation] =
            [Platform::Slack, Platform::Teams].map(|chat| conversation_in(chat, &policy, &asked_under));
        let slack = slack(&policy, &channel, &secrets, &url, &clock, &changes);
        let people = people::of(&policy);
        let teams = teams(&policy, &secrets, &url, &clock, &changes);
        move_in(&teams, &policy, &people);
        let mailbox = Mailbox::new(clock.clone(), changes.clone());
        let bus = MemoryBus::new(clock.clone(), changes.clone());
        let store = Arc::new(MemoryStore::new(changes.clone()));
        policy.source = policy::push(&store, text, clock.now()).await?;
        let deliveries = MemoryDeliveries::new(clock.clone(), changes.clone());
        let requests = MemoryRequests::new(clock.clone(), changes.clone());
        let mut environment = environment(&url, &secrets, &policy, &machines);
        environment.extend(options.environment);
        // It goes through the same reader as the environment of a Lambda function.
        let config = Config::from_lookup(|name| environment.get(name).cloned())?;
        let step_functions = Arc::new(LocalStepFunctions(engine.clone()));
        let ports = Ports {
            store: store.clone(),
            callbacks: step_functions.clone(),
            executions: step_functions,
            bus: Arc::new(bus.clone()),
            deliveries: Arc::new(deliveries.clone()),
            clock: Arc::new(LocalClock(clock.clone())),
        };
        let mailer = Mailer::new(Ses::at(&format!("{url}/playground/ses")), MAIL_FROM.to_owned());
        let bot = Bot::new(&config, policy, between(ports.clone()), Some(mailer))?;
        let live = LiveBot::new(bot, people);
        functions::register_all(&engine, &live, &url, &secrets)?;
        functions::register_queue(&engine, &requests);
        let world = Arc::new(Self {
            clock,
            changes,
            engine,
            slack,
            teams,
            mailbox,
            bus,
            deliveries,
            requests,
            store,
            live,
            channel,
            teams_conversation,
            machines,
            left_out,
            timeout_seconds: options.timeout_seconds,
            url,
        });
        let router = world.router(&ports, &secrets)?;
        Ok(background::start(world, listener, router, options.messengers))
    }

    /// Everything behind one port: the page, the bot, the third party, and the services that the bot calls.
    fn router(self: &Arc<Self>, ports: &Ports, secrets: &Secrets) -> anyhow::Result<Router> {
        let double = Double {
            verifier: Verifier::new(key(&secrets.double)?, None),
            tasks: Arc::new(LocalStepFunctions(self.engine.clone())),
            clock: ports.clock.clone(),
        };
        let bot = self.live.router().layer(middleware::from_fn(as_authorised_caller));
        Ok(bot
            .merge(double::router(Arc::new(double)))
            .merge(page::router(self.clone()))
            .nest("/playground/slack/api", self.slack.router().layer(middleware::from_fn(not_for_pages)))
            .nest(TEAMS_PATH, self.teams.router().layer(middleware::from_fn(not_for_pages)))
            .nest("/playground/ses/", self.mailbox.router().layer(middleware::from_fn(not_for_pages))))
    }
}

/// In the place of API Gateway, which lets only callers through whom IAM has authorised: here, programs on
/// this machine. A browser names the page that sends a request, and no page is authorised.
async fn as_authorised_caller(mut request: Request, next: Next) -> axum::response::Response {
    if !request.headers().contains_key(header::ORIGIN) {
        request.extensions_mut().insert(IamCaller("local".to_owned()));
    }
    next.run(request).await
}

/// The services that the bot calls are not for a page of another site, which could put a forged mail into the box.
async fn not_for_pages(request: Request, next: Next) -> axum::response::Response {
    if request.headers().contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// The conversation of a chat for the page to show: the first of those that the machines ask in, or of any.
fn conversation_in(chat: Platform, policy: &Policy, asked_under: &[String]) -> String {
    let asked = asked_under.iter().filter_map(|name| policy.rules.get(name));
    asked.chain(policy.rules.values()).find_map(|rules| rules.conversation(chat)).unwrap_or_default().to_owned()
}

/// Slack with the workspace and the channels of the policy.
fn slack(policy: &Policy, shown: &str, secrets: &Secrets, url: &str, clock: &Clock, changes: &Changes) -> FakeSlack {
    let slack = FakeSlack::new(FakeSlackConfig {
        bot_token: secrets.slack_token.clone(),
        signing_secret: secrets.slack_signing.clone(),
        team_id: policy.let_in.on(Platform::Slack).next().unwrap_or(people::TEAM).to_owned(),
        bot_url: url.to_owned(),
        clock: clock.clone(),
        changes: changes.clone(),
    });
    for (channel, name) in named(Platform::Slack, policy, shown) {
        slack.add_channel(channel, &name);
    }
    slack
}

/// Teams with the tenant of the policy.
fn teams(policy: &Policy, secrets: &Secrets, url: &str, clock: &Clock, changes: &Changes) -> FakeTeams {
    FakeTeams::new(FakeTeamsConfig {
        app_id: TEAMS_APP_ID.to_owned(),
        app_password: secrets.teams_password.clone(),
        tenant_id: people::tenant(policy),
        url: format!("{url}{TEAMS_PATH}"),
        bot_url: url.to_owned(),
        clock: clock.clone(),
        changes: changes.clone(),
    })
}

/// The conversations of a chat with their names: that of the one which is `shown` first, and those of the policies that
/// ask in the others.
fn named<'p>(chat: Platform, policy: &'p Policy, shown: &str) -> Vec<(&'p str, String)> {
    let asking = policy.rules.values().filter_map(|rules| Some((rules.conversation(chat)?, &rules.name)));
    let name = |id: &str, policy: &String| if id == shown { "approvals".to_owned() } else { policy.clone() };
    asking.map(|(id, policy)| (id, name(id, policy))).collect()
}

/// A line about each chat that people of the policy are in and that the policy lets nobody in from.
fn shut_out(policy: &Policy) -> impl Iterator<Item = String> {
    let chats = [
        (Platform::Slack, "Slack", "slack_teams", people::TEAM),
        (Platform::Teams, "Teams", "teams_tenants", people::TENANT),
    ];
    let is_shut = |chat: Platform| {
        let is_used = policy.people.values().any(|person| person.on(chat).is_some());
        is_used && policy.let_in.on(chat).next().is_none()
    };
    chats.into_iter().filter(move |(chat, ..)| is_shut(*chat)).map(|(_, name, key, id)| {
        format!("nobody may do anything in {name}: [access] with {key} = [\"{id}\"] lets in everybody of this page")
    })
}

/// What the bot of this world is configured with.
fn environment(url: &str, secrets: &Secrets, policy: &Policy, machines: &[Loaded]) -> BTreeMap<&'static str, String> {
    let machines: Vec<String> = machines.iter().map(|machine| format!("{}={}", machine.name, machine.arn)).collect();
    let teams = format!("{url}{TEAMS_PATH}");
    let values = [
        ("COUNTERSIGN_PUBLIC_URL", url.to_owned()),
        ("COUNTERSIGN_EXECUTION_URL", format!("{url}/#{{arn}}")),
        ("COUNTERSIGN_STATE_MACHINES", machines.join(",")),
        ("COUNTERSIGN_EXECUTIONS_FROM", ORIGIN.to_owned()),
        ("COUNTERSIGN_SLACK_SIGNING_SECRET", secrets.slack_signing.clone()),
        ("COUNTERSIGN_SLACK_BOT_TOKEN", secrets.slack_token.clone()),
        ("COUNTERSIGN_SLACK_API_URL", format!("{url}/playground/slack/api")),
        ("COUNTERSIGN_TEAMS_APP_ID", TEAMS_APP_ID.to_owned()),
        ("COUNTERSIGN_TEAMS_APP_PASSWORD", secrets.teams_password.clone()),
        ("COUNTERSIGN_TEAMS_TENANT", people::tenant(policy)),
        ("COUNTERSIGN_TEAMS_OPENID_URL", format!("{teams}/v1/.well-known/openidconfiguration")),
        ("COUNTERSIGN_TEAMS_LOGIN_URL", teams.clone()),
        ("COUNTERSIGN_TEAMS_SERVICE_URL", teams),
        ("COUNTERSIGN_ALLOWED_HOSTS", url.trim_start_matches("http://").to_owned()),
        ("COUNTERSIGN_MAIL_FROM", MAIL_FROM.to_owned()),
        ("COUNTERSIGN_LINK_KEY", secrets.link.clone()),
    ];
    values.into()
}

/// The conversations of the policy are in Teams, and so are the people.
fn move_in(teams: &FakeTeams, policy: &Policy, people: &[Actor]) {
    for conversation in policy.rules.values().filter_map(|rules| rules.conversation(Platform::Teams)) {
        teams.add_conversation(conversation, "Approvals");
    }
    for user in people.iter().filter_map(|actor| actor.teams.as_ref()) {
        teams.add_person(user);
    }
}
