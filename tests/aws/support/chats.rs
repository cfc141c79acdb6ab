//! Slack and Teams beside a deployment: servers of their own on this machine, which the functions find through the
//! environment that they inherit.

use std::collections::BTreeMap;

use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::teams::{FakeTeams, FakeTeamsConfig, TeamsUser};
use countersign_playground::fakes::{FakeSlack, FakeSlackConfig, SlackUser};
use tokio::net::TcpListener;

const BOT_TOKEN: &str = "xoxb-tests";
const SIGNING_SECRET: &str = "0123456789abcdef0123456789abcdef";
const TEAM: &str = "T0TESTS";
const APP_ID: &str = "c0117e45-1671-4000-8000-0000000000b0";
const APP_PASSWORD: &str = "the-password-of-the-tests";
const TENANT: &str = "c0117e45-1671-4000-8000-0000000000a0";
/// The channel that the policy of the tests names.
pub(crate) const CHANNEL: &str = "C0FINANCE";
/// The Teams conversation that the policy of the tests names.
pub(crate) const CONVERSATION: &str = "19:finance@thread.tacv2";
/// The channels and conversations of the examples, by their names.
const OF_EXAMPLES: [&str; 3] = ["releases", "expenses", "support"];
/// Everybody, in the order of their numbers in Teams.
const PEOPLE: [&str; 4] = ["ada", "grace", "linus", "katherine"];

/// Where people are asked and answer.
pub(crate) struct Chats {
    pub(crate) slack: FakeSlack,
    pub(crate) teams: FakeTeams,
    /// What the functions are told of the two.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Chats {
    /// Starts both. `meet` says where the bot is, once that is known.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let slack = Self::slack_signing_with(SIGNING_SECRET);
        let teams = FakeTeams::new(FakeTeamsConfig {
            app_id: APP_ID.to_owned(),
            app_password: APP_PASSWORD.to_owned(),
            tenant_id: TENANT.to_owned(),
            url: String::new(),
            bot_url: String::new(),
            clock: Clock::system(),
            changes: Changes::default(),
        });
        teams.add_conversation(CONVERSATION, "finance");
        for name in OF_EXAMPLES {
            slack.add_channel(&format!("C0{}", name.to_ascii_uppercase()), name);
            teams.add_conversation(&format!("19:{name}@thread.tacv2"), name);
        }
        for key in PEOPLE {
            teams.add_person(&Self::teams_user(key));
        }
        let slack_url = serve(slack.router()).await?;
        let teams_url = serve(teams.router()).await?;
        teams.set_url(&teams_url);
        let environment = vec![
            ("COUNTERSIGN_SLACK_API_URL", slack_url),
            ("COUNTERSIGN_TEAMS_OPENID_URL", format!("{teams_url}/v1/.well-known/openidconfiguration")),
            ("COUNTERSIGN_TEAMS_LOGIN_URL", teams_url.clone()),
            ("COUNTERSIGN_ALLOWED_HOSTS", teams_url.trim_start_matches("http://").to_owned()),
            ("COUNTERSIGN_TEAMS_SERVICE_URL", teams_url),
        ];
        Ok(Self { slack, teams, environment })
    }

    /// The same workspace, where the app has this signing secret.
    pub(crate) fn slack_signing_with(signing_secret: &str) -> FakeSlack {
        let slack = FakeSlack::new(FakeSlackConfig {
            bot_token: BOT_TOKEN.to_owned(),
            signing_secret: signing_secret.to_owned(),
            team_id: TEAM.to_owned(),
            bot_url: String::new(),
            clock: Clock::system(),
            changes: Changes::default(),
        });
        slack.add_channel(CHANNEL, "finance");
        slack
    }

    /// Tells both where the bot is.
    pub(crate) fn meet(&self, bot_url: &str) {
        self.slack.set_bot_url(bot_url);
        self.teams.set_bot_url(bot_url);
    }

    /// What an operator adds to the secret of the stack.
    pub(crate) fn add_to(secret: &mut BTreeMap<String, String>) {
        for (key, value) in [
            ("slack_signing_secret", SIGNING_SECRET),
            ("slack_bot_token", BOT_TOKEN),
            ("teams_app_id", APP_ID),
            ("teams_app_password", APP_PASSWORD),
            ("teams_tenant", TENANT),
        ] {
            secret.insert(key.to_owned(), value.to_owned());
        }
    }

    /// The signing secret and the bot token, as they are typed.
    pub(crate) fn slack_secrets() -> String {
        format!("{SIGNING_SECRET}\n{BOT_TOKEN}\n")
    }

    /// The app's id, its tenant and its password.
    pub(crate) const fn teams_secrets() -> [&'static str; 3] {
        [APP_ID, TENANT, APP_PASSWORD]
    }

    /// A member of the workspace.
    pub(crate) fn slack_user(key: &str) -> SlackUser {
        let id = format!("U0{}", key.to_ascii_uppercase());
        SlackUser { id, name: key.to_owned(), team_id: TEAM.to_owned() }
    }

    /// The same person in Teams.
    pub(crate) fn teams_user(key: &str) -> TeamsUser {
        let number = PEOPLE.iter().position(|person| *person == key).map_or(9, |index| index + 1);
        TeamsUser::new(&format!("c0117e45-1671-4000-8000-00000000000{number}"), key, TENANT)
    }
}

async fn serve(router: axum::Router) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(url)
}
