//! Gathers what the checks look at. Nothing here judges: a fact is known, or there is a line that says why not.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::Client as Lambda;
use aws_sdk_secretsmanager::Client as SecretsManager;
use aws_sdk_sesv2::Client as Ses;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::{EmailUse, NoPolicy, Policy, Rules};
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::{Policies, SecretValues};
use countersign_bot::startup::config::Config;
use countersign_bot::startup::deployed::Deployed;
use http::{Request, StatusCode};
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::line::Verdict;
use super::sources::{Configuration, Fact, Sources, after, refused};
use super::teams::{self, Members};
use crate::aws::{Aws, Refused};
use crate::stack::Stack;
use crate::vendors::slack::{Identity, Posting, Slack};
use crate::vendors::teams::Settings;
use crate::vendors::web::Web;

/// Everything that is known of a deployment.
pub(crate) struct Facts {
    /// The stack.
    pub(crate) stack: Fact<Stack>,
    /// The function behind the API.
    pub(crate) function: Fact<Function>,
    /// The bot's secret.
    pub(crate) secret: Fact<SecretValues>,
    /// The secret that the reference workflow, where there is one, shares with the third party.
    pub(crate) double_secret: Fact<SecretValues>,
    /// What the function reads when it starts.
    pub(crate) configuration: Fact<Configuration>,
    /// What the API says to a request that is not signed.
    pub(crate) api: Fact<Api>,
    /// What the API says to an event that is not signed.
    pub(crate) slack_events: Fact<Api>,
    /// Whom the bot's token belongs to.
    pub(crate) slack: Fact<Identity>,
    /// Whether Slack takes messages for the channels of the policy.
    pub(crate) channels: Fact<BTreeMap<String, Posting>>,
    /// Whether Slack takes messages for the people of the policy.
    pub(crate) people: Fact<BTreeMap<String, Posting>>,
    /// The app that Microsoft gives a token.
    pub(crate) teams: Fact<Settings>,
    /// What the API says to an activity that is not signed.
    pub(crate) teams_api: Fact<Api>,
    /// Who is in the conversations of the policy.
    pub(crate) conversations: Fact<BTreeMap<String, Members>>,
    /// What SES says.
    pub(crate) mail: Fact<Mail>,
}

/// What Lambda says of a function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    environment: BTreeMap<String, String>,
}

/// What the API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Api {
    /// The status.
    pub(crate) status: StatusCode,
    /// Whether the answer is empty, as the bot's refusals are.
    pub(crate) is_empty: bool,
    /// How far AWS's clock is ahead of ours.
    pub(crate) ahead: Option<SignedDuration>,
}

/// What SES says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Whether mail may go to addresses that are not verified.
    pub(crate) is_in_production: bool,
    /// Whether the account may send at all.
    pub(crate) may_send: bool,
    /// Whether SES knows the addresses, or their domains, as verified: the sender's, and in the sandbox everybody's.
    pub(crate) verified: BTreeMap<String, bool>,
}

/// Asks everybody. What cannot be known because of something else is not asked for.
pub(crate) async fn gather(stack_name: &str, sources: &Sources) -> Facts {
    let Sources { aws, web, .. } = sources;
    let stack = Stack::describe(aws, stack_name).await.map_err(refused);
    let function = function(aws, &stack).await;
    let secret = bot_secret(aws, &function).await;
    let double_secret = double_secret(aws, &stack).await;
    let configuration = configuration(&function, &secret, sources).await;
    let slack_api = api(web, &configuration, "/slack/interactions").await;
    let (slack_events, teams_api) = match &slack_api {
        Ok(_) => (api(web, &configuration, "/slack/events").await, api(web, &configuration, "/teams/messages").await),
        Err(_) => (Err(after("an API that answers")), Err(after("an API that answers"))),
    };
    let token = secret.as_ref().ok().and_then(|secret| secret.get("slack_bot_token"));
    let token = token.filter(|token| !token.expose_secret().is_empty());
    let slack = token.map(|token| Slack::new(web, sources.slack_api_url.as_deref(), token));
    let identity = identity(slack.as_ref(), &configuration).await;
    let (channels, people) = match (&identity, &slack, &configuration) {
        (Ok(_), Some(slack), Ok(Configuration { policy, .. })) => {
            let channels: BTreeSet<String> = policy
                .rules
                .values()
                .filter_map(|rules| rules.conversation(Platform::Slack).map(str::to_owned))
                .collect();
            let people: BTreeSet<String> =
                policy.people.values().filter_map(|person| Some(person.on(Platform::Slack)?.id.clone())).collect();
            (Ok(slack.postings(channels).await), Ok(slack.postings(people).await))
        }
        (_, _, Err(_)) => (Err(after("the configuration")), Err(after("the configuration"))),
        _ => (Err(after("a Slack token that works")), Err(after("a Slack token that works"))),
    };
    let (teams, conversations) = teams::gather(&secret, &configuration, sources).await;
    let mail = mail(aws, &configuration).await;
    Facts {
        stack,
        function,
        secret,
        double_secret,
        configuration,
        api: slack_api,
        slack_events,
        slack: identity,
        channels,
        people,
        teams,
        teams_api,
        conversations,
        mail,
    }
}

fn output<'a>(stack: &'a Fact<Stack>, name: &str) -> Fact<&'a str> {
    stack.as_ref().map_err(|_| after("the stack"))?.output(name).map_err(refused)
}

async fn function(aws: &Aws, stack: &Fact<Stack>) -> Fact<Function> {
    let name = output(stack, "WebhookFunction")?;
    let answer = Lambda::new(aws.config()).get_function_configuration().function_name(name).send().await;
    let answer = answer.map_err(|error| refused(Refused::because("GetFunctionConfiguration", error)))?;
    let variables = answer.environment().and_then(|environment| environment.variables());
    let environment = variables.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
    Ok(Function { environment: environment.collect() })
}

async fn bot_secret(aws: &Aws, function: &Fact<Function>) -> Fact<SecretValues> {
    let environment = &function.as_ref().map_err(|_| after("the function's environment"))?.environment;
    match Deployed::secret_id(|name| environment.get(name).cloned()) {
        Some(id) => secret(aws, &id).await,
        None => Err(Verdict::Fail("the function is told of none: COUNTERSIGN_SECRET_ID is missing".to_owned())),
    }
}

async fn double_secret(aws: &Aws, stack: &Fact<Stack>) -> Fact<SecretValues> {
    match stack.as_ref().map_err(|_| after("the stack"))?.output("DoubleSecretId") {
        Ok(id) => secret(aws, id).await,
        Err(_) => Err(Verdict::Skipped("the stack is without the reference workflow".to_owned())),
    }
}

async fn secret(aws: &Aws, id: &str) -> Fact<SecretValues> {
    let answer = SecretsManager::new(aws.config()).get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| refused(Refused::because("GetSecretValue", error)))?;
    let values = serde_json::from_str(answer.secret_string().unwrap_or_default());
    values.map_err(|_| Verdict::Fail(format!("the secret {id} is not a JSON object of texts")))
}

/// Reads the configuration with the bot's own reader, so that the problems are those that the function would have.
async fn configuration(
    function: &Fact<Function>,
    secret: &Fact<SecretValues>,
    sources: &Sources,
) -> Fact<Configuration> {
    let function = function.as_ref().map_err(|_| after("the function"))?;
    let secret = secret.as_ref().map_err(|_| after("the secret"))?;
    let lookup = |name: &str| match name {
        "COUNTERSIGN_SLACK_API_URL" => sources.slack_api_url.clone(),
        "COUNTERSIGN_TEAMS_LOGIN_URL" => sources.teams_login_url.clone(),
        "COUNTERSIGN_TEAMS_SERVICE_URL" => sources.teams_service_url.clone(),
        "COUNTERSIGN_ALLOWED_HOSTS" => sources.teams_host(),
        _ => function.environment.get(name).cloned(),
    };
    let Deployed { config, table, .. } =
        Deployed::read(lookup, Some(secret)).map_err(|problems| Verdict::Fail(problems.0.join("; ")))?;
    let policy = policy(sources, &config, table).await.map_err(Verdict::Fail)?;
    Ok(Configuration { config, policy })
}

/// The newest version of the policy, which is in force if it can be used.
async fn policy(sources: &Sources, config: &Config, table: String) -> Result<Policy, String> {
    let store = DynamoDbStore::new(sources.aws.config(), table);
    let number = store.current().await.map_err(|error| error.to_string())?;
    let number = number.ok_or_else(|| format!("no policy is in force: {}", NoPolicy::NotPushed))?;
    let version = store.version(number).await.map_err(|error| error.to_string())?;
    let version = version.ok_or_else(|| format!("version {number} of the policy is not in the table"))?;
    let known = config.state_machines.keys().cloned().collect();
    version.policy(&known).map_err(|problem| {
        let problem = problem.to_string().replace('\n', "; ");
        format!("version {number} of the policy cannot be used as it is: {problem}")
    })
}

async fn api(web: &Web, configuration: &Fact<Configuration>, path: &str) -> Fact<Api> {
    let Configuration { config, .. } = configuration.as_ref().map_err(|_| after("the configuration"))?;
    let address = format!("{}{path}", config.links.public_url);
    let request = Request::post(&address).body(Vec::new()).map_err(|_| Verdict::Fail(address.clone()))?;
    let answer = web.send(request).await.map_err(|why| Verdict::Fail(format!("{address}: {why}")))?;
    Ok(Api { status: answer.status, is_empty: answer.body.is_empty(), ahead: answer.ahead })
}

async fn identity(slack: Option<&Slack<'_>>, configuration: &Fact<Configuration>) -> Fact<Identity> {
    let Some(slack) = slack else {
        let Configuration { policy, .. } = configuration.as_ref().map_err(|_| after("the configuration"))?;
        let wants_slack = policy.rules.values().find(|rules| rules.conversation(Platform::Slack).is_some());
        return Err(match wants_slack {
            Some(rules) => Verdict::Fail(format!(
                "the policy {} has a slack_channel, and the secret no slack_bot_token: `countersign slack` stores what the \
                 app has",
                rules.name
            )),
            None => Verdict::Skipped("Slack is off: no policy has a slack_channel".to_owned()),
        });
    };
    slack.identity().await.map_err(|why| {
        Verdict::Fail(format!(
            "auth.test: {why}; install the app and put its bot token in with `countersign slack --again`"
        ))
    })
}

async fn mail(aws: &Aws, configuration: &Fact<Configuration>) -> Fact<Mail> {
    let Configuration { config, policy } = configuration.as_ref().map_err(|_| after("the configuration"))?;
    let Some(sender) = config.mail.as_ref().map(|mail| mail.from.clone()) else {
        return Err(Verdict::Skipped(format!(
            "mail is off: the parameter MailFrom is empty{}",
            unasked_by_mail(policy)
        )));
    };
    let ses = Ses::new(aws.config());
    let account = ses.get_account().send().await.map_err(|error| refused(Refused::because("GetAccount", error)))?;
    let is_in_production = account.production_access_enabled();
    let mut addresses = BTreeSet::from([sender]);
    if !is_in_production {
        addresses.extend(policy.people.values().filter_map(|person| person.email.clone()));
    }
    let mut verified = BTreeMap::new();
    for address in addresses {
        let is_verified = is_verified(&ses, &address).await?;
        verified.insert(address, is_verified);
    }
    Ok(Mail { is_in_production, may_send: account.sending_enabled(), verified })
}

/// Whom it is of that mail is off.
fn unasked_by_mail(policy: &Policy) -> String {
    let has_address = |rules: &Rules| rules.approvers.iter().any(|person| person.email.is_some());
    let asking = policy.rules.values().filter(|rules| rules.email != EmailUse::Never && has_address(rules));
    let asking: Vec<&str> = asking.map(|rules| rules.name.as_str()).collect();
    if asking.is_empty() { String::new() } else { format!(", so nobody is asked by mail under {}", asking.join(", ")) }
}

/// Whether the address or its domain is verified.
async fn is_verified(ses: &Ses, address: &str) -> Fact<bool> {
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    for identity in [address, domain] {
        match ses.get_email_identity().email_identity(identity).send().await {
            Ok(answer) if answer.verified_for_sending_status() => return Ok(true),
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found_exception()) => {}
            Err(error) => return Err(refused(Refused::because("GetEmailIdentity", error))),
        }
    }
    Ok(false)
}
