//! Asks Microsoft with the bot's own credentials: for a token, and who is in the conversations of the policy.

use std::collections::{BTreeMap, BTreeSet};

use countersign_bot::approval::identities::is_guid;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;
use countersign_bot::ports::SecretValues;
use http::{Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::line::Verdict;
use super::sources::{Configuration, Fact, Sources, after};
use super::web::Web;

/// The keys of the secret that Teams needs, all of them or none.
const KEYS: [&str; 3] = ["teams_app_id", "teams_app_password", "teams_tenant"];
/// Where apps get their tokens.
const LOGIN_URL: &str = "https://login.microsoftonline.com";
/// Where the bot posts its cards.
const SERVICE_URL: &str = "https://smba.trafficmanager.net/teams";
/// What a token of a bot is for.
/// <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication>
const SCOPE: &str = "https://api.botframework.com/.default";

/// What the secret says of the app.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The app's id, which is the bot's.
    pub(crate) app_id: String,
    /// The tenant that the app is registered in.
    pub(crate) tenant: String,
    password: SecretString,
}

/// Microsoft's services for bots, by their addresses without a slash at their end.
struct Teams<'a> {
    web: &'a Web,
    login_url: &'a str,
    service_url: &'a str,
}

/// Whether a conversation has somebody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Membership {
    /// The person is in it, and so is the bot.
    Member,
    /// Teams does not say that the person is: one of its words, or what became of the call.
    Refused(String),
}

/// What Teams says of the people who are asked in a conversation, by their object ids.
pub(crate) type Members = BTreeMap<String, Membership>;

/// The app that Microsoft gives a token, and who is in the conversations of the policy.
pub(crate) async fn gather(
    secret: &Fact<SecretValues>,
    configuration: &Fact<Configuration>,
    Sources { web, teams_login_url, teams_service_url, .. }: &Sources,
) -> (Fact<Settings>, Fact<BTreeMap<String, Members>>) {
    let needs_token = || after("an app that gets a token");
    let (settings, policy) = match settings(secret, configuration) {
        Ok(found) => found,
        Err(off @ Verdict::Skipped(_)) => return (Err(off.clone()), Err(off)),
        Err(verdict) => return (Err(verdict), Err(needs_token())),
    };
    let teams = Teams {
        web,
        login_url: teams_login_url.as_deref().unwrap_or(LOGIN_URL).trim_end_matches('/'),
        service_url: teams_service_url.as_deref().unwrap_or(SERVICE_URL).trim_end_matches('/'),
    };
    match teams.token(&settings).await {
        Ok(token) => (Ok(settings), Ok(teams.conversations(policy, &token).await)),
        Err(why) => (Err(Verdict::Fail(why)), Err(needs_token())),
    }
}

/// What the secret says of the app, and the policy that is to be served.
fn settings<'a>(secret: &Fact<SecretValues>, configuration: &'a Fact<Configuration>) -> Fact<(Settings, &'a Policy)> {
    let Configuration { policy, .. } = configuration.as_ref().map_err(|_| after("the configuration"))?;
    let secret = secret.as_ref().map_err(|_| after("the secret"))?;
    if let Some(settings) = Settings::read(secret) {
        return Ok((settings, policy));
    }
    let wants_teams = policy.rules.values().find(|rules| rules.conversation(Platform::Teams).is_some());
    Err(match wants_teams {
        Some(rules) => Verdict::Fail(format!(
            "the policy {} has a teams_conversation, and the secret nothing of the app: add {} to it with \
             `aws secretsmanager put-secret-value`, as docs/teams.md says",
            rules.name,
            KEYS.join(", ")
        )),
        None => Verdict::Skipped("Teams is off: no policy has a teams_conversation".to_owned()),
    })
}

impl Settings {
    /// What is in the secret. The reader of the configuration has refused a secret with a part of it.
    fn read(secret: &SecretValues) -> Option<Self> {
        let [app_id, password, tenant] = KEYS.map(|key| secret.get(key));
        Some(Self {
            app_id: app_id?.expose_secret().to_owned(),
            tenant: tenant?.expose_secret().to_owned(),
            password: password?.clone(),
        })
    }
}

impl Teams<'_> {
    /// A token for the bot. The error says what to do.
    async fn token(&self, settings: &Settings) -> Result<SecretString, String> {
        #[derive(Deserialize)]
        struct Token {
            access_token: SecretString,
        }
        for (key, id) in [("teams_app_id", &settings.app_id), ("teams_tenant", &settings.tenant)] {
            if !is_guid(id) {
                return Err(format!("{key} of the secret is no GUID: the overview of the app registration has it"));
            }
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &settings.app_id),
            ("client_secret", settings.password.expose_secret()),
            ("scope", SCOPE),
        ];
        let form = serde_urlencoded::to_string(form).map_err(|_| "the request cannot be made")?;
        let request = Request::post(format!("{}/{}/oauth2/v2.0/token", self.login_url, settings.tenant))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|_| "the request cannot be made")?;
        let answer = self.web.send(request).await.map_err(|why| format!("{}: {why}", self.login_url))?;
        if answer.status.is_success() {
            let token: Option<Token> = read(&answer.body);
            return token.map(|token| token.access_token).ok_or_else(|| "the login gave no token".to_owned());
        }
        Err(refusal(&answer.body, settings)
            .unwrap_or_else(|| format!("{} answers {} and does not say why", self.login_url, answer.status)))
    }

    /// Who is in the conversations of the policy, of those who may decide there.
    ///
    /// To look at one member posts nothing, needs no permission but the app's being there, and tells both.
    async fn conversations(&self, policy: &Policy, token: &SecretString) -> BTreeMap<String, Members> {
        let mut conversations = BTreeMap::new();
        for (conversation, people) in asked(policy) {
            let mut members = Members::new();
            for person in people {
                let membership = self.membership(&conversation, &person, token).await;
                members.insert(person, membership);
            }
            conversations.insert(conversation, members);
        }
        conversations
    }

    async fn membership(&self, conversation: &str, person: &str, token: &SecretString) -> Membership {
        let address = format!("{}/v3/conversations/{conversation}/members/{person}", self.service_url);
        let request = Request::get(address)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .body(Vec::new());
        let Ok(request) = request else {
            return Membership::Refused("the request cannot be made".to_owned());
        };
        match self.web.send(request).await {
            Ok(answer) if answer.status.is_success() => Membership::Member,
            Ok(answer) => Membership::Refused(word(&answer.body).unwrap_or_else(|| answer.status.to_string())),
            Err(why) => Membership::Refused(why),
        }
    }
}

/// The people who may decide in each conversation, as far as the policy has their object ids.
fn asked(policy: &Policy) -> BTreeMap<String, BTreeSet<String>> {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rules in policy.rules.values() {
        let Some(conversation) = rules.conversation(Platform::Teams) else { continue };
        let people = rules.approvers.iter().filter_map(|person| Some(person.on(Platform::Teams)?.id.clone()));
        asked.entry(conversation.to_owned()).or_default().extend(people);
    }
    asked
}

/// What the login's refusal means. The texts that it sends along name the app and the moment; the number says enough.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
fn refusal(body: &[u8], settings: &Settings) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error_codes: Vec<u64>,
    }
    let Settings { app_id, tenant, .. } = settings;
    let code = *read::<Refusal>(body)?.error_codes.first()?;
    let meaning = match code {
        7_000_215 => {
            "teams_app_password is no secret of the app: put in the value of a client secret, not its ID".into()
        }
        7_000_222 => "teams_app_password has expired: make a new client secret and put its value in".into(),
        700_016 => format!("the tenant {tenant} has no app {app_id}: compare both with the app registration"),
        90_002 | 900_023 => format!("there is no tenant {tenant}: compare teams_tenant with the app registration"),
        _ => format!("https://login.microsoftonline.com/error?code={code} says what it means"),
    };
    Some(format!("AADSTS{code}: {meaning}"))
}

/// The word with which Teams refuses, such as `BotNotInConversationRoster`.
fn word(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Problem,
    }
    #[derive(Deserialize)]
    struct Problem {
        code: String,
    }
    read::<Refusal>(body).map(|refusal| refusal.error.code)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
