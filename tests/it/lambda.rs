//! The webhook as Lambda calls it: what API Gateway vouches for, and secrets that are replaced while it runs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use countersign_bot::lambda::live::Live;
use countersign_bot::lambda::policy::LivePolicy;
use countersign_bot::lambda::webhook;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::net::signature::SigningKey;
use countersign_bot::ports::{SecretValues, Secrets};
use countersign_bot::reader::Problems;
use countersign_bot::startup::config::Config;
use countersign_bot::startup::{Bot, routes};
use countersign_playground::clock::Clock;
use countersign_playground::memory::{LocalClock, MemoryStore};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Harness;

/// Stands for a secret without this key.
const NOT_THERE: &str = "not there";

/// A place for secrets that can be written to, or be out of reach.
#[derive(Default)]
struct Vault {
    signing_secret: Mutex<Option<String>>,
    read: AtomicUsize,
}

#[async_trait]
impl Secrets for Vault {
    async fn fetch(&self) -> Result<SecretValues, Unavailable> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let secret = self.signing_secret.lock().unwrap().clone();
        match secret.ok_or_else(|| Unavailable::new("vault", "closed"))? {
            secret if secret == NOT_THERE => Ok(SecretValues::new()),
            secret => Ok([("slack_signing_secret".to_owned(), secret.into())].into()),
        }
    }
}

/// The webhook of a world, with its secrets in a vault.
struct Webhook {
    _harness: Harness,
    live: Live<Router>,
    vault: Arc<Vault>,
    clock: Clock,
}

impl Webhook {
    async fn start(signing_secret: &str) -> Self {
        let harness = Harness::start().await;
        let vault = Arc::new(Vault { signing_secret: Mutex::new(Some(signing_secret.to_owned())), ..Vault::default() });
        let clock = harness.world.clock.clone();
        let bot = harness.world.bot();
        let make = move |secrets: Option<&SecretValues>, _: &Arc<_>| remade(&bot, secrets);
        let time = Arc::new(LocalClock(clock.clone()));
        let policy = LivePolicy::new(harness.world.store.clone(), time.clone(), BTreeSet::new(), || {});
        let live = Live::start(Some(vault.clone() as _), policy, time, make).await.unwrap();
        Self { _harness: harness, live, vault, clock }
    }

    fn replace_secret(&self, secret: Option<&str>) {
        *self.vault.signing_secret.lock().unwrap() = secret.map(str::to_owned);
    }

    fn pass_time(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The status of the answer to an event of API Gateway.
    async fn answer(&self, event: Value) -> u16 {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        webhook::answer(&self.live, request).await.unwrap().status().as_u16()
    }

    /// Ada's `/start 125 122`, signed with this secret.
    async fn command(&self, secret: &str) -> u16 {
        let body = "command=%2Fstart&text=125+122&team_id=T0LOCAL&user_id=U0ADA&channel_id=C0FINANCE&trigger_id=1.2";
        let timestamp = self.clock.now().as_second();
        let signature = SigningKey::new(secret.into()).unwrap().sign(timestamp, body.as_bytes());
        let headers = json!({
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": timestamp.to_string(),
            "x-slack-signature": signature,
        });
        self.answer(event("/slack/commands", headers, body, Value::Null)).await
    }

    fn times_read(&self) -> usize {
        self.vault.read.load(Ordering::Relaxed)
    }
}

/// The same bot with the secrets of the moment.
fn remade(bot: &Bot, secrets: Option<&SecretValues>) -> Result<Router, Problems> {
    use countersign_bot::net::signature::Verifier;
    use secrecy::ExposeSecret;
    let secret = secrets.and_then(|secrets| secrets.get("slack_signing_secret")).map(ExposeSecret::expose_secret);
    let mut bot = bot.clone();
    let Some(secret) = secret else {
        bot.slack = None;
        return Ok(routes::router(bot));
    };
    let key = SigningKey::new(secret.into());
    let key = key.ok_or_else(|| Problems(vec!["COUNTERSIGN_SLACK_SIGNING_SECRET is set and empty".to_owned()]))?;
    bot.slack.as_mut().unwrap().verifier = Verifier::new(key, None);
    Ok(routes::router(bot))
}

fn event(path: &str, headers: Value, body: &str, authorizer: Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "api", "domainName": "api.example.com", "domainPrefix": "api",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
            "requestId": "id", "routeKey": "$default", "stage": "$default", "time": "23/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_428_000_000_i64, "authorizer": authorizer,
        },
        "body": body, "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn a_calculation_is_started_only_for_whom_the_gateway_has_authorised() {
    let webhook = Webhook::start("first").await;
    let body = r#"{"x": 125, "y": 122}"#;
    let iam = json!({"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}});
    assert_eq!(webhook.answer(event("/calculations", json!({}), body, iam)).await, 202);
    for nobody in [Value::Null, json!({}), json!({"iam": {"userArn": ""}}), json!({"iam": null})] {
        let status = webhook.answer(event("/calculations", json!({}), body, nobody.clone())).await;
        assert_eq!(status, 401, "{nobody}");
    }
    let forged = json!({"x-amzn-iam-user-arn": "arn:aws:iam::123456789012:user/ada"});
    assert_eq!(webhook.answer(event("/calculations", forged, body, Value::Null)).await, 401);
}

#[tokio::test]
async fn a_replaced_secret_is_found_by_the_first_request_that_needs_it() {
    let webhook = Webhook::start("first").await;
    assert_eq!(webhook.command("first").await, 200);
    webhook.replace_secret(Some("second"));
    webhook.pass_time(30);
    assert_eq!(webhook.command("second").await, 401, "a secret that is half a minute old is not doubted");
    webhook.pass_time(31);
    assert_eq!(webhook.command("second").await, 200);
    assert_eq!(webhook.command("first").await, 401);
    assert_eq!(webhook.times_read(), 2);
}

#[tokio::test]
async fn a_platform_that_is_put_into_the_secret_later_is_on_with_the_next_request() {
    let webhook = Webhook::start(NOT_THERE).await;
    assert_eq!(webhook.command("first").await, 404);
    webhook.replace_secret(Some("first"));
    webhook.pass_time(61);
    assert_eq!(webhook.command("first").await, 200);
}

#[tokio::test]
async fn strangers_make_us_read_the_secret_once_a_minute_at_most() {
    let webhook = Webhook::start("first").await;
    for _ in 0..120 {
        webhook.pass_time(1);
        assert_eq!(webhook.command("a guess").await, 401);
    }
    assert_eq!(webhook.times_read(), 3);
}

#[tokio::test]
async fn an_old_secret_is_read_again_and_kept_when_that_fails() {
    let webhook = Webhook::start("first").await;
    webhook.pass_time(15 * 60);
    webhook.replace_secret(None);
    assert_eq!(webhook.command("first").await, 200);
    webhook.replace_secret(Some(""));
    webhook.pass_time(15 * 60);
    assert_eq!(webhook.command("first").await, 200, "an empty secret is refused, not used");
    webhook.replace_secret(Some("second"));
    webhook.pass_time(15 * 60);
    assert_eq!(webhook.command("second").await, 200);
    assert_eq!(webhook.times_read(), 4);
}

/// A leaked secret is taken out, and whoever has it goes on using it.
#[tokio::test]
async fn a_secret_that_was_taken_out_is_valid_for_a_minute_at_most() {
    let webhook = Webhook::start("leaked").await;
    assert_eq!(webhook.command("leaked").await, 200);
    webhook.replace_secret(Some("second"));
    webhook.pass_time(59);
    assert_eq!(webhook.command("leaked").await, 200);
    webhook.pass_time(1);
    assert_eq!(webhook.command("leaked").await, 401);
    webhook.replace_secret(Some(NOT_THERE));
    webhook.pass_time(60);
    assert_eq!(webhook.command("second").await, 404, "so does a platform that was taken out");
    assert_eq!(webhook.times_read(), 3);
}

#[tokio::test]
async fn while_the_secret_cannot_be_read_clicks_count_for_an_hour() {
    let webhook = Webhook::start("first").await;
    webhook.replace_secret(None);
    for _ in 0..59 {
        webhook.pass_time(60);
        assert_eq!(webhook.command("first").await, 200);
    }
    webhook.pass_time(60);
    assert_eq!(webhook.command("first").await, 503, "it may have been taken out since");
    webhook.replace_secret(Some("first"));
    webhook.pass_time(60);
    assert_eq!(webhook.command("first").await, 200);
    assert_eq!(webhook.times_read(), 62);
}

#[tokio::test]
async fn a_start_without_the_secret_fails_and_names_the_variable() {
    let vault: Arc<dyn Secrets> = Arc::new(Vault::default());
    let clock = Arc::new(LocalClock(Clock::manual("2026-11-23T10:00:00Z".parse().unwrap())));
    let policy = LivePolicy::new(Arc::new(MemoryStore::default()), clock.clone(), BTreeSet::new(), || {});
    let started = Live::start(Some(vault), policy, clock, |_, _| Config::from_lookup(|_| None)).await;
    let problems = started.err().unwrap();
    assert_eq!(
        format!("{problems}"),
        "the secret that COUNTERSIGN_SECRET_ID names cannot be read: vault is unavailable: closed"
    );
}
