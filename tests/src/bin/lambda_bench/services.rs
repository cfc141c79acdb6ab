//! What surrounds a function: AWS, Slack and Teams as small servers on this machine, and the environment that says so.

use std::time::Duration;

use anyhow::ensure;
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Policies;
use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::teams::{FakeTeams, FakeTeamsConfig, TeamsUser};
use countersign_playground::fakes::{FakeSlack, FakeSlackConfig, SlackUser};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws::Aws;

const SIGNING_SECRET: &str = "the signing secret of the benchmark";
const BOT_TOKEN: &str = "xoxb-benchmark";
const APP_ID: &str = "c0117e45-1671-4000-8000-0000000000b0";
const APP_PASSWORD: &str = "the password of the benchmark";
/// Workspace, channel, tenant and conversation of the policy that the emulated tests use.
const TEAM: &str = "T0TESTS";
pub(crate) const CHANNEL: &str = "C0FINANCE";
const TENANT: &str = "c0117e45-1671-4000-8000-0000000000a0";
pub(crate) const CONVERSATION: &str = "19:finance@thread.tacv2";
pub(crate) const ACCOUNT: &str = "123456789012";
const TABLE: &str = "approvals";
const BUS: &str = "countersign";
const QUEUE_URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries.fifo";

/// Variables for a process, by name.
pub(crate) type Environment = Vec<(String, String)>;

/// AWS, Slack and Teams, as far as approvals need them.
pub(crate) struct Services {
    pub(crate) aws: Aws,
    /// What the functions read from Secrets Manager.
    pub(crate) secret: Value,
    pub(crate) slack: FakeSlack,
    pub(crate) slack_url: String,
    pub(crate) teams: FakeTeams,
    teams_url: String,
    pub(crate) clock: Clock,
}

impl Services {
    /// Starts all of them. AWS answers so much later than it could.
    pub(crate) async fn start(aws_delay: Duration) -> anyhow::Result<Self> {
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
        let teams = FakeTeams::new(FakeTeamsConfig {
            app_id: APP_ID.to_owned(),
            app_password: APP_PASSWORD.to_owned(),
            tenant_id: TENANT.to_owned(),
            url: String::new(),
            bot_url: String::new(),
            clock: clock.clone(),
            changes: Changes::default(),
        });
        teams.add_conversation(CONVERSATION, "finance");
        teams.add_person(&TeamsUser::new("c0117e45-1671-4000-8000-000000000002", "grace", TENANT));
        let (slack_url, teams_url) = (serve(slack.router()).await?, serve(teams.router()).await?);
        teams.set_url(&teams_url);
        let secret = json!({
            "slack_signing_secret": SIGNING_SECRET,
            "slack_bot_token": BOT_TOKEN,
            "teams_app_id": APP_ID,
            "teams_app_password": APP_PASSWORD,
            "teams_tenant": TENANT,
            "link_key": "the link key of the benchmark, long enough",
        });
        let aws = Aws::serve(&secret, aws_delay).await?;
        Ok(Self { aws, secret, slack, slack_url, teams, teams_url, clock })
    }

    /// Puts a policy in force, and returns it.
    pub(crate) async fn push_policy(&self, text: String) -> anyhow::Result<Policy> {
        let policy = policy_file::read(&text)?;
        let version = PolicyVersion::after(0, text, "the benchmark".to_owned(), self.clock.now());
        let store = DynamoDbStore::new(&self.aws.config(), TABLE.to_owned());
        ensure!(store.push(&version).await?, "the table has a policy already");
        Ok(policy)
    }

    /// The environment that the template gives to our functions, and what Lambda adds to it.
    pub(crate) fn environment(&self) -> Environment {
        // Those that the commands of the policy start.
        let machines = ["calculation", "release", "expense", "agent"]
            .map(|name| format!("{name}=arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:{name}"));
        let own = owned([
            ("COUNTERSIGN_TABLE", TABLE),
            ("COUNTERSIGN_BUS", BUS),
            ("COUNTERSIGN_DELIVERIES_URL", QUEUE_URL),
            ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com"),
            ("COUNTERSIGN_SECRET_ID", "countersign"),
            ("COUNTERSIGN_STATE_MACHINES", &machines.join(",")),
            ("COUNTERSIGN_REQUESTS_URL", QUEUE_URL),
            ("COUNTERSIGN_EXECUTIONS_FROM", &format!("arn:aws:states:eu-west-1:{ACCOUNT}")),
            ("COUNTERSIGN_MAIL_FROM", "bot@example.com"),
            ("COUNTERSIGN_SLACK_API_URL", &self.slack_url),
            ("COUNTERSIGN_TEAMS_OPENID_URL", &format!("{}/v1/.well-known/openidconfiguration", self.teams_url)),
            ("COUNTERSIGN_TEAMS_LOGIN_URL", &self.teams_url),
            ("COUNTERSIGN_TEAMS_SERVICE_URL", &self.teams_url),
            ("COUNTERSIGN_ALLOWED_HOSTS", self.teams_url.trim_start_matches("http://")),
        ]);
        [own, self.aws_environment()].concat()
    }

    /// The environment of a peer. It gets the secrets without having to ask for them.
    pub(crate) fn peer_environment(&self) -> Environment {
        let own = owned([
            ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
            ("BOT_TOKEN", BOT_TOKEN),
            ("TABLE_NAME", TABLE),
            ("EVENT_BUS_NAME", BUS),
        ]);
        [own, self.aws_environment()].concat()
    }

    fn aws_environment(&self) -> Environment {
        owned([
            ("AWS_ENDPOINT_URL", &self.aws.url),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "the key of the benchmark"),
            ("AWS_SESSION_TOKEN", "the session of the benchmark"),
        ])
    }

    /// What the Web API of Slack is called with.
    pub(crate) fn slack_authorization() -> String {
        format!("Bearer {BOT_TOKEN}")
    }

    /// Grace presses Approve on a message: the event of API Gateway for what Slack sends.
    pub(crate) fn click(&self, ts: &str) -> anyhow::Result<Value> {
        let grace = SlackUser { id: "U0GRACE".to_owned(), name: "grace".to_owned(), team_id: TEAM.to_owned() };
        let payload = self.slack.press_payload(&grace, CHANNEL, ts, "approve", None)?;
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
}

/// A token as long as those of Step Functions, and different from the beginning.
pub(crate) fn task_token(number: usize) -> String {
    format!("{number:0>16}{}", "AQCEAAAAKgAAAAMAAAAA".repeat(30))
}

fn owned<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn serve(router: axum::Router) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(url)
}
