//! What the functions are given: requests of a workflow to raise, clicks of a person to carry out, and whether the
//! right thing came of it.

use std::path::Path;

use anyhow::{Context, ensure};
use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::{FakeSlack, FakeSlackConfig, SlackUser};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws::{Aws, Outcome};

const SIGNING_SECRET: &str = "the signing secret of the benchmark";
const BOT_TOKEN: &str = "xoxb-benchmark";
/// Workspace and channel of the policy that the emulated tests use.
const TEAM: &str = "T0TESTS";
const CHANNEL: &str = "C0FINANCE";
const ACCOUNT: &str = "123456789012";

/// Where operating systems keep the certificates that they trust. Amazon Linux has one file; the folder of single
/// files that others have beside it would be read as well, if the functions had to search.
const TRUSTED: [&str; 2] = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"];

/// AWS and Slack, as far as approvals need them.
pub(crate) struct Approvals {
    aws: Aws,
    slack: FakeSlack,
    slack_url: String,
    clock: Clock,
    raised: usize,
}

/// An approval that waits for a click.
pub(crate) struct Pending {
    id: String,
    token: String,
    ts: String,
}

impl Approvals {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let clock = Clock::system();
        let slack = FakeSlack::new(FakeSlackConfig {
            bot_token: BOT_TOKEN.to_owned(),
            signing_secret: SIGNING_SECRET.to_owned(),
            team_id: TEAM.to_owned(),
            bot_url: String::new(),
            clock: clock.clone(),
            changes: Changes::default(),
        });
        slack.add_channel(CHANNEL, "finance");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let slack_url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, slack.router()).into_future());
        let secret = json!({
            "slack_signing_secret": SIGNING_SECRET,
            "slack_bot_token": BOT_TOKEN,
            "link_key": "the link key of the benchmark, long enough",
        });
        Ok(Self { aws: Aws::serve(&secret).await?, slack, slack_url, clock, raised: 0 })
    }

    /// The environment that the template gives to the functions, and what Lambda adds to it.
    pub(crate) fn environment(&self, policy: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
        let trusted = TRUSTED.into_iter().find(|file| Path::new(file).exists());
        let machine = format!("arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:calculation");
        Ok(vec![
            ("COUNTERSIGN_TABLE", "approvals".to_owned()),
            ("COUNTERSIGN_BUS", "countersign".to_owned()),
            ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com".to_owned()),
            ("COUNTERSIGN_SECRET_ID", "countersign".to_owned()),
            ("COUNTERSIGN_STATE_MACHINES", format!("calculation={machine}")),
            ("COUNTERSIGN_MAIL_FROM", "bot@example.com".to_owned()),
            ("COUNTERSIGN_POLICY", policy.display().to_string()),
            ("COUNTERSIGN_SLACK_API_URL", self.slack_url.clone()),
            ("SSL_CERT_FILE", trusted.context("this machine has no file of trusted certificates")?.to_owned()),
            ("AWS_ENDPOINT_URL", self.aws.url.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "the key of the benchmark".to_owned()),
            ("AWS_SESSION_TOKEN", "the session of the benchmark".to_owned()),
        ])
    }

    /// The next request of a workflow, with the token that it waits on.
    pub(crate) fn request(&mut self) -> (String, Value) {
        self.raised += 1;
        // As long as those of Step Functions, and different from the beginning.
        let token = format!("{:0>16}{}", self.raised, "AQCEAAAAKgAAAAMAAAAA".repeat(30));
        let event = json!({
            "taskToken": token,
            "executionArn": format!("arn:aws:states:eu-west-1:{ACCOUNT}:execution:calculation:run-{}", self.raised),
            "stateEnteredAt": self.clock.now().to_string(),
            "timeoutSeconds": 86_400,
            "approval": {
                "policy": "calculation",
                "title": "Calculation 125 + 122",
                "summary": "The sum was doubled by a third party.",
                "facts": [{ "name": "x", "value": "125" }, { "name": "y", "value": "122" }],
                "requestedBy": "ada",
                "correlation": { "run": self.raised },
            },
        });
        (token, event)
    }

    /// The approval that the notifier has raised, once it is found on record, in the channel and in the mail.
    pub(crate) fn raised(&self, token: String, answer: &Value) -> anyhow::Result<Pending> {
        let id = answer["approvalId"].as_str().with_context(|| format!("the notifier answered {answer}"))?.to_owned();
        let expected = Outcome { status: Some("pending".to_owned()), output: None, broadcasts: 0 };
        let found = self.aws.outcome(&id, &token);
        ensure!(found == expected, "an approval was raised, and AWS says {found:?}");
        ensure!(self.aws.mails() == self.raised, "{} requests, {} mails", self.raised, self.aws.mails());
        let card = self.slack.messages(CHANNEL).pop().context("there is no card in the channel")?;
        ensure!(card.blocks.to_string().contains(&id), "the latest card is not the one of this approval");
        Ok(Pending { id, token, ts: card.ts })
    }

    /// Grace presses Approve: the event of API Gateway for what Slack sends.
    pub(crate) fn click(&self, pending: &Pending) -> anyhow::Result<Value> {
        let grace = SlackUser { id: "U0GRACE".to_owned(), name: "grace".to_owned(), team_id: TEAM.to_owned() };
        let payload = self.slack.press_payload(&grace, CHANNEL, &pending.ts, "approve", None)?;
        let body = serde_urlencoded::to_string([("payload", payload.to_string())])?;
        let mut headers = json!({
            "content-type": "application/x-www-form-urlencoded",
            "host": "bot.example.com",
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        });
        for (name, value) in &self.slack.signed_headers(body.as_bytes()) {
            headers[name.as_str()] = json!(value.to_str()?);
        }
        let path = "/slack/interactions";
        let route = format!("POST {path}");
        let now = self.clock.now();
        Ok(json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "", "headers": headers,
            "requestContext": {
                "accountId": ACCOUNT, "apiId": "api", "domainName": "bot.example.com", "domainPrefix": "bot",
                "http": {
                    "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                    "userAgent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                },
                "requestId": "JKJaXmPLvHcESHA=", "routeKey": route, "stage": "$default",
                "time": now.strftime("%d/%b/%Y:%H:%M:%S %z").to_string(), "timeEpoch": now.as_millisecond(),
            },
            // API Gateway encodes what is neither text nor JSON.
            "body": BASE64.encode(body.as_bytes()), "isBase64Encoded": true,
        }))
    }

    /// Fails unless the click was answered as Slack expects, and record, task and bus all say so.
    pub(crate) fn check_click(&self, pending: &Pending, answer: &Value) -> anyhow::Result<()> {
        ensure!(answer["statusCode"] == 200, "a click was answered {answer}");
        let approved = Some("approved".to_owned());
        let expected = Outcome { status: approved.clone(), output: approved, broadcasts: 1 };
        let found = self.aws.outcome(&pending.id, &pending.token);
        ensure!(found == expected, "a click was answered, and AWS says {found:?}");
        let whispers = self.slack.ephemerals();
        ensure!(whispers.is_empty(), "a click that counts needs no note: {whispers:?}");
        Ok(())
    }
}
