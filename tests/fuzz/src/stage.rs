//! A whole world, in which an approval waits that was asked for in both chats and by mail.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use countersign_bot::approval::commands::LaunchCommand;
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::startup::routes;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::Mail;
use countersign_playground::markup::Markup;
use countersign_playground::world::{Messengers, Options, Running, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tower::ServiceExt;

/// A world keeps what it was sent, so that a person can look at it; after so many inputs a new one is made.
const INPUTS: usize = 400;
/// Both chats and two mails.
const COPIES: usize = 4;
/// Asks, and waits for the answer.
const WORKFLOW: &str = include_str!("../workflow.asl.json");
/// When every world begins.
const START: &str = "2026-11-23T10:00:00Z";
/// Slack, Teams and our own spacing take the next card then.
pub(crate) const APART: SignedDuration = SignedDuration::from_secs(2);
/// What waits for its turn by the clock of the world does so for longer than this, and nothing else moves that clock.
const MOMENT: Duration = Duration::from_millis(20);

thread_local! {
    static STAGE: RefCell<Option<(Runtime, Stage)>> = const { RefCell::new(None) };
}

/// The world, and what a target needs to speak to it.
pub(crate) struct Stage {
    running: Running,
    router: Router,
    /// An `Authorization` that Teams could have sent.
    pub(crate) bearer: String,
    /// What waits for a decision.
    waiting: Waiting,
    taken: usize,
}

/// A request that its workflow waits for.
struct Waiting {
    approval: Approval,
    /// The path and the query of the link in a mail.
    link: String,
}

/// Lets a target act in the world of this thread.
pub(crate) fn act(on_stage: impl AsyncFnOnce(&mut Stage)) {
    STAGE.with_borrow_mut(|slot| {
        let (runtime, stage) = slot.get_or_insert_with(|| {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let stage = runtime.block_on(Stage::set());
            (runtime, stage)
        });
        runtime.block_on(async {
            stage.taken += 1;
            stage.world().clock.advance(APART);
            on_stage(stage).await;
            // What was decided, or has expired, takes no more decisions.
            if stage.record(&stage.waiting.approval.id).status() != Status::Pending {
                stage.waiting = asked(stage.world()).await;
            }
        });
        if stage.taken >= INPUTS {
            *slot = None;
        }
    });
}

impl Stage {
    async fn set() -> Self {
        let start: Timestamp = START.parse().unwrap();
        // The clock stands still, so a place that rested would rest for ever.
        let options = Options { messengers: Messengers::Restless, ..Options::default() };
        let running = World::start(options, Clock::manual(start)).await.unwrap();
        let router = routes::router((*running.world.bot()).clone());
        let bearer = format!("Bearer {}", running.world.teams.token().mint());
        let waiting = asked(&running.world).await;
        Self { running, router, bearer, waiting, taken: 0 }
    }

    pub(crate) fn world(&self) -> &World {
        &self.running.world
    }

    pub(crate) fn record(&self, id: &ApprovalId) -> Approval {
        self.world().store.all().into_iter().find(|approval| approval.id == *id).unwrap()
    }

    /// An input with what is another in each world in the place of its name.
    pub(crate) async fn filled(&self, input: &[u8]) -> String {
        let Waiting { approval, link } = &self.waiting;
        let mut text = String::from_utf8_lossy(input).replace("{link}", link);
        text = text.replace("{serviceUrl}", &self.world().teams.service_url());
        text = text.replace("{approval}", approval.id.as_str());
        text = text.replace("{content}", &approval.content_hash().to_string());
        let bot = self.world().bot();
        let commands = bot.app.policy.commands.values();
        let version = commands.map(LaunchCommand::version).next().unwrap_or_default();
        text = text.replace("{version}", &version);
        if text.contains("{served}") {
            let page = self.send(Method::GET, link, HeaderMap::new(), b"").await;
            let forms = Markup::read(&page).forms;
            let mut fields = forms.into_iter().flat_map(|form| form.fields);
            let served = fields.find_map(|(name, value)| (name == "served").then_some(value));
            text = text.replace("{served}", &served.unwrap_or_default());
        }
        text
    }

    /// Sends a request to the bot, which has to answer it without blaming itself.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: HeaderMap, body: &[u8]) -> String {
        let Ok(mut request) = Request::builder().method(method).uri(path).body(Body::from(body.to_vec())) else {
            return String::new();
        };
        *request.headers_mut() = headers;
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        let ours = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
        assert!(!ours, "{status}: {body}");
        body
    }
}

/// A workflow asks; gives the request once it is out.
async fn asked(world: &World) -> Waiting {
    let arn = world.engine.load("asks", WORKFLOW, &BTreeMap::new()).unwrap();
    let number = world.store.count();
    let started = world.engine.start_execution(&arn, &format!("run-{number}"), json!({})).unwrap();
    let mut changes = world.changes.subscribe();
    let approval = loop {
        let mut all = world.store.all().into_iter();
        let is_out = |approval: &Approval| approval.copies.len() == COPIES && approval.outbox.is_empty();
        let raised = all.find(|approval| approval.request.execution.as_str() == started.execution_arn);
        if let Some(approval) = raised.filter(is_out) {
            break approval;
        }
        if timeout(MOMENT, changes.changed()).await.is_err() {
            world.clock.advance(APART);
        }
    };
    let is_its_mail = |mail: &Mail| mail.text.contains(approval.id.as_str()) && mail.link().is_some();
    let mail = world.mailbox.mails().into_iter().find(is_its_mail).unwrap();
    let link = mail.link().unwrap().strip_prefix(&world.url).unwrap().to_owned();
    Waiting { approval, link }
}

/// Headers that say of what kind the body is.
pub(crate) fn of_type(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers
}
