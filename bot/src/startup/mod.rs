//! Puts the bot together from its configuration: the platforms, the app that the flows work with, and the routes.

pub mod config;
pub mod deployed;
pub mod routes;

use std::io;
use std::sync::Arc;

use self::config::Config;
use crate::approval::policy::Policy;
use crate::flow::app::{App, Ports};
use crate::platforms::email::link::LinkKeys;
use crate::platforms::email::mailer::{MailMessenger, Mailer};
use crate::platforms::slack::usergroups::SlackUsergroups;
use crate::platforms::slack::{Slack, SlackMessenger};
use crate::platforms::teams::{Teams, TeamsMessenger};
use crate::ports::{Messenger, Usergroups};

/// The bot, put together.
#[derive(Clone)]
pub struct Bot {
    /// What the flows work with.
    pub app: App,
    /// Slack, when it is configured.
    pub slack: Option<Slack>,
    /// Teams, when it is configured.
    pub teams: Option<Teams>,
    /// The keys of the links in mails, when mail is configured.
    pub link_keys: Option<LinkKeys>,
}

impl Bot {
    /// Puts the parts together. A platform without configuration is off. A function that only takes answers has no mailer.
    pub fn new(
        config: &Config,
        policy: impl Into<Arc<Policy>>,
        ports: Ports,
        mailer: Option<Mailer>,
    ) -> io::Result<Self> {
        let slack = config.slack.as_ref().map(Slack::new).transpose()?;
        let teams = config.teams.as_ref().map(Teams::new).transpose()?;
        let link_keys = config.mail.as_ref().map(|mail| mail.keys.clone());
        let links = &config.links;
        let mut messengers: Vec<Arc<dyn Messenger>> = Vec::new();
        if let Some(slack) = &slack {
            messengers.push(Arc::new(SlackMessenger::new(slack.client.clone(), links.clone())));
        }
        if let Some(teams) = &teams {
            messengers.push(Arc::new(TeamsMessenger::new(teams.client.clone(), links.clone())));
        }
        if let Some((mailer, keys)) = mailer.zip(link_keys.clone()) {
            messengers.push(Arc::new(MailMessenger::new(mailer, keys, links.clone(), ports.clock.clone())));
        }
        let usergroups = slack.as_ref().map(|slack| {
            let usergroups: Arc<dyn Usergroups> = Arc::new(SlackUsergroups(slack.client.clone()));
            usergroups
        });
        let app = App {
            policy: policy.into(),
            ports,
            messengers: messengers.into_iter().map(|messenger| (messenger.platform(), messenger)).collect(),
            usergroups,
            links: links.clone(),
            state_machines: config.state_machines.clone(),
            origins: config.origins.clone(),
        };
        Ok(Self { app, slack, teams, link_keys })
    }

    /// Says in the log which platforms are off, for a function that speaks to people.
    pub fn warn_of_what_is_off(&self) {
        if self.slack.is_none() {
            tracing::warn!("Slack is off: no Slack secrets are configured");
        }
        if self.teams.is_none() {
            tracing::warn!("Teams is off: no Teams app is configured");
        }
        if self.link_keys.is_none() {
            tracing::warn!("E-mail is off: no sender and link key are configured");
        }
    }
}
