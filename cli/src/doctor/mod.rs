//! Looks at a deployment: gathers facts, judges them, says a line about each. It changes nothing and prints no secret.

mod checks;
mod facts;
mod line;
mod slack;
mod teams;
mod web;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub(crate) use self::line::Line;
use crate::aws::Aws;

/// Which deployment to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The region of the stack; without it the one that the AWS command line takes.
    #[arg(long)]
    region: Option<String>,
    /// The address of Slack's Web API, when it is not Slack's own.
    #[arg(long, env = "COUNTERSIGN_SLACK_API_URL")]
    slack_api_url: Option<String>,
    /// The address of Microsoft's login, when it is not Microsoft's own.
    #[arg(long, env = "COUNTERSIGN_TEAMS_LOGIN_URL")]
    teams_login_url: Option<String>,
    /// The address of Teams, when it is not Microsoft's own.
    #[arg(long, env = "COUNTERSIGN_TEAMS_SERVICE_URL")]
    teams_service_url: Option<String>,
}

impl Doctor {
    /// A line for each check.
    pub(crate) async fn lines(self, clock: fn() -> Timestamp) -> anyhow::Result<Vec<Line>> {
        let sources = facts::Sources {
            aws: Aws { program: "aws".into(), region: self.region },
            web: web::Web::new(clock)?,
            slack_api_url: self.slack_api_url,
            teams_login_url: self.teams_login_url,
            teams_service_url: self.teams_service_url,
        };
        Ok(checks::lines(&facts::gather(&self.stack, &sources).await))
    }
}
