//! People and channels, looked up in a Slack and a Teams that refuse what the real ones refuse.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::fakes::teams::{self, FakeTeams, FakeTeamsConfig, Operation, TeamsUser};
use countersign_playground::fakes::{FakeSlack, FakeSlackConfig, Fault, Profile};
use jiff::Timestamp;
use serde_json::json;

use super::slack::{self, Channel};
use super::teams::Roster;
use super::{Account, Directory};
use crate::aws::fake::{self, Account as AwsAccount};
use crate::deployment::{Addresses, TeamsService};
use crate::person::scripted::Scripted;

pub(crate) const TENANT: &str = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";
pub(crate) const CONVERSATION: &str = "19:finance@thread.tacv2";
const APP_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

/// The two chats, and what asks them.
pub(crate) struct Chats {
    pub(crate) slack: FakeSlack,
    pub(crate) teams: FakeTeams,
    pub(crate) secret: serde_json::Value,
    addresses: Addresses,
    service: TeamsService,
}

#[expect(clippy::disallowed_methods, reason = "the tokens of the fake Teams are of this moment")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

impl Chats {
    pub(crate) async fn start() -> Self {
        Self::of("T0123", TENANT).await
    }

    /// Those of this workspace and this tenant.
    pub(crate) async fn of(team: &str, tenant: &str) -> Self {
        let slack = FakeSlack::new(FakeSlackConfig {
            bot_token: "xoxb-hidden".to_owned(),
            signing_secret: "hidden".to_owned(),
            team_id: team.to_owned(),
            bot_url: String::new(),
            clock: Clock::system(),
            changes: Changes::default(),
        });
        let teams = FakeTeams::new(FakeTeamsConfig {
            app_id: APP_ID.to_owned(),
            app_password: "hidden".to_owned(),
            tenant_id: tenant.to_owned(),
            url: String::new(),
            bot_url: String::new(),
            clock: Clock::system(),
            changes: Changes::default(),
        });
        teams.add_conversation(CONVERSATION, "finance");
        let (slack_url, teams_url) = (serve(slack.router()).await, serve(teams.router()).await);
        teams.set_url(&teams_url);
        let secret = json!({
            "slack_bot_token": "xoxb-hidden", "slack_signing_secret": "hidden", "teams_app_id": APP_ID,
            "teams_app_password": "hidden", "teams_tenant": tenant,
        });
        let addresses = Addresses { slack_api_url: Some(slack_url), teams_login_url: Some(teams_url.clone()) };
        Self { slack, teams, secret, addresses, service: TeamsService { teams_service_url: Some(teams_url) } }
    }

    /// Somebody of the workspace.
    pub(crate) fn slack_user(&self, id: &str, email: &str, change: impl FnOnce(&mut Profile)) {
        let mut profile = Profile { real_name: "Somebody".to_owned(), email: email.to_owned(), ..Profile::default() };
        change(&mut profile);
        self.slack.set_profile(id, profile);
    }

    /// Somebody of the conversation, by the last digit of their object id.
    pub(crate) fn teams_user(&self, number: u32, email: &str, tenant: &str) -> TeamsUser {
        let user = TeamsUser::new(&format!("7c1b2d3e-4f50-4a6b-8c7d-{number:012}"), "Somebody", tenant);
        self.teams.add_person(&user);
        self.teams.set_email(&user, email);
        user
    }

    /// With the bot's secret as it is now.
    pub(crate) async fn directory(&self) -> anyhow::Result<Directory> {
        let secrets = [("bot-secret".to_owned(), self.secret.clone())];
        let secrets = Arc::new(Mutex::new(secrets.into_iter().collect()));
        let aws = fake::serve(AwsAccount { secrets, ..AwsAccount::default() }).await;
        Directory::of(&aws, "bot-secret", (self.addresses.clone(), self.service.clone()), now).await
    }

    async fn in_slack(&self, email: &str, let_in: &[&str]) -> Result<Account, String> {
        let directory = self.directory().await.unwrap();
        let let_in: Vec<String> = let_in.iter().map(|place| (*place).to_owned()).collect();
        slack::look_up(&directory.needed_slack().unwrap(), email, &let_in).await
    }

    async fn roster(&self) -> anyhow::Result<Roster> {
        self.directory().await?.roster(&BTreeSet::from([CONVERSATION.to_owned()])).await
    }

    /// What Slack says of a channel, and what whoever names it is told.
    async fn channel(&self, name: &str) -> (Channel, String) {
        let (directory, mut person) = (self.directory().await.unwrap(), Scripted::default());
        let channel = slack::channel(&directory.needed_slack().unwrap(), name, &mut person).await.unwrap();
        (channel, person.heard.join("\n"))
    }
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

fn found(id: &str) -> Account {
    Account::Found { id: id.to_owned(), name: Some("Somebody".to_owned()) }
}

#[track_caller]
fn refused(account: &Account, words: &str) {
    assert!(matches!(account, Account::Refused(why) if why.contains(words)), "{words}: {account:?}");
}

#[tokio::test]
async fn slack_says_who_has_an_address_in_the_workspace_that_is_let_in() {
    let chats = Chats::start().await;
    chats.slack_user("U1", "Ada@example.com", |_| {});
    assert_eq!(chats.in_slack("ada@example.com", &["T0123"]).await, Ok(found("U1")));
    assert_eq!(chats.in_slack("ada@example.com", &["T0123", "T9"]).await, Ok(found("T0123:U1")), "of several");
    assert_eq!(chats.in_slack("grace@example.com", &["T0123"]).await, Ok(Account::Nobody));
    chats.slack_user("W2", "grace@example.com", |profile| profile.enterprise_id = Some("E1".to_owned()));
    assert_eq!(
        chats.in_slack("grace@example.com", &["T0123", "E1"]).await,
        Ok(found("E1:W2")),
        "an organisation knows"
    );
}

#[tokio::test]
async fn whoever_could_be_taken_for_somebody_else_in_slack_is_refused() {
    let chats = Chats::start().await;
    chats.slack_user("U1", "ada@example.com", |_| {});
    for let_in in [&[][..], &["T9"]] {
        refused(&chats.in_slack("ada@example.com", let_in).await.unwrap(), "a guest's of T0123");
    }
    chats.slack_user("U2", "guest@example.com", |profile| profile.team_id = "T7".to_owned());
    refused(&chats.in_slack("guest@example.com", &["T0123"]).await.unwrap(), "access.slack_teams does not let in");
    chats.slack_user("U3", "bot@example.com", |profile| profile.is_bot = true);
    refused(&chats.in_slack("bot@example.com", &["T0123"]).await.unwrap(), "a bot's");
    chats.slack_user("U4", "eve@example.com", |profile| profile.is_stranger = true);
    refused(&chats.in_slack("eve@example.com", &["T0123"]).await.unwrap(), "another company");
    chats.slack_user("U5", "mallory@example.com", |profile| profile.is_unconfirmed = true);
    refused(&chats.in_slack("mallory@example.com", &["T0123"]).await.unwrap(), "has not confirmed its address");
    chats.slack_user("U6", "trent@example.com", |profile| profile.is_restricted = true);
    refused(&chats.in_slack("trent@example.com", &["T0123"]).await.unwrap(), "a guest's");
    chats.slack.deactivate("U1");
    assert_eq!(chats.in_slack("ada@example.com", &["T0123"]).await, Ok(Account::Nobody));
}

#[tokio::test]
async fn slacks_refusals_say_what_to_do_and_its_rate_limit_is_waited_for() {
    let chats = Chats::start().await;
    chats.slack_user("U1", "ada@example.com", |_| {});
    for _ in 0..3 {
        chats.slack.fail_next("users.lookupByEmail", Fault::RateLimited { retry_after: 0 });
    }
    assert_eq!(chats.in_slack("ada@example.com", &["T0123"]).await, Ok(found("U1")));
    for _ in 0..4 {
        chats.slack.fail_next("users.lookupByEmail", Fault::RateLimited { retry_after: 0 });
    }
    let limited = chats.in_slack("ada@example.com", &["T0123"]).await.unwrap_err();
    assert_eq!(limited, "users.lookupByEmail: ratelimited");
    chats.slack.withhold("users:read.email");
    let missing = chats.in_slack("ada@example.com", &["T0123"]).await.unwrap_err();
    assert!(missing.contains("lacks users:read.email: update its manifest"), "{missing}");
    let mut without = Chats::start().await;
    without.secret = json!({ "slack_bot_token": " " });
    let directory = without.directory().await.unwrap();
    assert!(directory.needed_slack().err().unwrap().to_string().contains("has no slack_bot_token"));
    let teams = without.roster().await.unwrap_err().to_string();
    assert!(teams.contains("lacks teams_app_id, teams_app_password, teams_tenant"), "{teams}");
}

#[tokio::test]
async fn the_roster_of_a_conversation_is_read_to_its_end() {
    let chats = Chats::start().await;
    for number in 1..=450 {
        chats.teams_user(number, &format!("person-{number}@example.com"), TENANT);
    }
    chats.teams.fail_next(Operation::Member, teams::Fault::RateLimited { retry_after: 0 });
    let roster = chats.roster().await.unwrap();
    let let_in = [TENANT.to_owned()];
    for number in [1, 201, 450] {
        let account = roster.look_up(&format!("Person-{number}@example.com"), &let_in);
        assert_eq!(account, found(&format!("7c1b2d3e-4f50-4a6b-8c7d-{number:012}")));
    }
    assert_eq!(roster.look_up("ada@example.com", &let_in), Account::Nobody);
    let several = [TENANT.to_owned(), "0".to_owned()];
    let bound = roster.look_up("person-1@example.com", &several);
    assert_eq!(bound, found(&format!("{TENANT}:7c1b2d3e-4f50-4a6b-8c7d-000000000001")));
    chats.teams.fail_always(Operation::Member, Some(teams::Fault::Refused { status: 403, code: "Blocked".to_owned() }));
    let unread = chats.roster().await.unwrap_err().to_string();
    assert_eq!(unread, format!("the people of the conversation {CONVERSATION} cannot be read: Blocked"));
}

#[tokio::test]
async fn whoever_could_be_taken_for_somebody_else_in_teams_is_refused() {
    let chats = Chats::start().await;
    let let_in = [TENANT.to_owned()];
    chats.teams_user(1, "two@example.com", TENANT);
    chats.teams_user(2, "TWO@example.com", TENANT);
    let guest = chats.teams_user(3, "guest@example.com", TENANT);
    chats.teams.make_guest(&guest);
    chats.teams_user(4, "eve@example.com", "0e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a");
    let roster = chats.roster().await.unwrap();
    refused(&roster.look_up("two@example.com", &let_in), "two accounts");
    refused(&roster.look_up("guest@example.com", &let_in), "role in the conversation is guest");
    refused(&roster.look_up("eve@example.com", &let_in), "access.teams_tenants does not let in");
}

#[tokio::test]
async fn a_channel_is_found_by_its_name_or_its_id_where_the_bot_may_post() {
    let chats = Chats::start().await;
    for (id, name) in [("C1", "finance"), ("G2", "secret"), ("C3", "sales")] {
        chats.slack.add_channel(id, name);
    }
    chats.slack.remove_bot("C3");
    for (named, id) in [("finance", "C1"), ("#finance", "C1"), ("C1", "C1"), ("secret", "G2")] {
        assert_eq!(chats.channel(named).await, (Channel::Found(id.to_owned()), String::new()), "{named}");
    }
    for (named, word) in [("sales", "not_in_channel"), ("C3", "not_in_channel"), ("C9", "channel_not_found")] {
        assert_eq!(chats.channel(named).await.0, Channel::Refused(word.to_owned()), "{named}");
        assert!(slack::refusal(word).contains("the bot is not in that channel, so /invite it"), "{word}");
    }
    assert_eq!(slack::refusal("is_archived"), "Slack says is_archived.");
}

#[tokio::test]
async fn a_message_that_stays_scheduled_is_told() {
    let chats = Chats::start().await;
    chats.slack.fail_next("chat.deleteScheduledMessage", Fault::NotOk("internal_error".to_owned()));
    let (channel, heard) = chats.channel("C1").await;
    assert_eq!(channel, Channel::Found("C1".to_owned()));
    assert!(heard.contains("could not be deleted again (internal_error)"), "{heard}");
}
