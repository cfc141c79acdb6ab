//! Everything a request needs, made once: ports, clients, policy and addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::policy::Policy;
use crate::config::Config;
use crate::http::HttpClient;
use crate::inbound::email::link::LinkKeys;
use crate::inbound::teams::token::TokenVerifier;
use crate::mail::Mailer;
use crate::ports::{Clock, EventBus, StepFunctions, Store};
use crate::signature::Verifier;
use crate::slack;
use crate::teams::{self, service_url::AllowedHosts};

/// The parts with an implementation on AWS and one in memory.
#[derive(Clone)]
pub struct Ports {
    /// Where approvals are recorded.
    pub store: Arc<dyn Store>,
    /// Who waits for the decisions.
    pub step_functions: Arc<dyn StepFunctions>,
    /// Where outcomes are broadcast.
    pub bus: Arc<dyn EventBus>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Everything a request needs.
#[derive(Clone)]
pub struct App {
    /// Who may decide what.
    pub policy: Arc<Policy>,
    /// Store, Step Functions, bus and clock.
    pub ports: Ports,
    /// Slack, when it is configured.
    pub slack: Option<Slack>,
    /// Teams, when it is configured.
    pub teams: Option<Teams>,
    /// Mail, when it is configured.
    pub mail: Option<Mail>,
    /// The addresses that messages point to.
    pub links: Links,
    /// The state machines that chat commands may start, by name.
    pub state_machines: BTreeMap<String, String>,
}

/// The two halves of Slack: what comes in is verified, what goes out carries the bot token.
#[derive(Clone)]
pub struct Slack {
    /// Checks that a request is from Slack.
    pub verifier: Verifier,
    /// Calls the Web API.
    pub client: slack::Client,
}

/// The two halves of Teams: what comes in carries a token of the Bot Framework, what goes out one of the bot.
#[derive(Clone)]
pub struct Teams {
    /// Checks that a request is from the Bot Framework and for this bot.
    pub verifier: TokenVerifier,
    /// The hosts that an activity may name as its address.
    pub hosts: AllowedHosts,
    /// Calls the Connector.
    pub client: teams::Client,
}

/// The two halves of mail: what goes out is sent by SES, what comes back carries a signed link.
#[derive(Clone)]
pub struct Mail {
    /// Sends mail; a function that only takes answers has none.
    pub mailer: Option<Mailer>,
    /// Signs and checks the links.
    pub keys: LinkKeys,
}

/// The addresses that messages point to.
#[derive(Debug, Clone)]
pub struct Links {
    /// The bot's own address, without a slash at the end.
    pub public_url: String,
    /// The page of an execution, with `{arn}` in it; none for the AWS console.
    pub execution_url: Option<String>,
}

impl App {
    /// Puts the parts together. A platform without configuration is off, which the log says once.
    pub fn new(config: &Config, policy: Policy, ports: Ports, mailer: Option<Mailer>) -> std::io::Result<Self> {
        let slack = match &config.slack {
            Some(slack) => Some(Slack { verifier: slack.verifier(), client: slack.client()? }),
            None => {
                tracing::warn!("Slack is off: no Slack secrets are configured");
                None
            }
        };
        let teams = match &config.teams {
            Some(teams) => {
                // One for both, so that the certificates are read once.
                let http = HttpClient::default();
                let (verifier, client) = (teams.verifier(http.clone()), teams.client(http)?);
                Some(Teams { verifier, hosts: teams.hosts.clone(), client })
            }
            None => {
                tracing::warn!("Teams is off: no Teams app is configured");
                None
            }
        };
        let mail = match &config.mail {
            Some(mail) => Some(Mail { mailer, keys: mail.keys.clone() }),
            None => {
                tracing::warn!("E-mail is off: no sender and link key are configured");
                None
            }
        };
        Ok(Self {
            policy: Arc::new(policy),
            ports,
            slack,
            teams,
            mail,
            links: config.links.clone(),
            state_machines: config.state_machines.clone(),
        })
    }

    /// The present moment, to the millisecond, which is what the systems around us keep.
    pub fn now(&self) -> Timestamp {
        let now = self.ports.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl Links {
    /// The page of an execution: by default in the console of the execution's region.
    pub fn execution(&self, execution: &ExecutionArn) -> String {
        match &self.execution_url {
            Some(template) => template.replace("{arn}", execution.as_str()),
            None => format!(
                "https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution}",
                region = execution.region(),
            ),
        }
    }

    /// The page behind a mail's link.
    pub fn approval(&self, id: &ApprovalId, key: &str) -> String {
        format!("{}/email/approvals/{id}?k={key}", self.public_url)
    }
}
