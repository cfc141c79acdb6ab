//! Looks at a deployment: gathers facts, judges them, says a line about each. It changes nothing and prints no secret.

mod checks;
mod facts;
pub(crate) mod line;
mod sources;
mod teams;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::json;

use self::line::Line;
use crate::aws::Aws;
use crate::deployment::{Deployment, Doctor};
use crate::ending::Ending;
use crate::patience::waiting;
use crate::vendors::web::Web;

impl Doctor {
    /// Prints a line for each check.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let Deployment { stack, login } = self.deployment;
        let sources = sources::Sources {
            aws: Aws::log_in(login).await?,
            web: Web::new(clock)?,
            slack_api_url: self.addresses.slack_api_url,
            teams_login_url: self.addresses.teams_login_url,
            teams_service_url: self.service.teams_service_url,
        };
        let facts = waiting(format!("Looking at {stack}"), facts::gather(&stack, &sources)).await;
        let lines = checks::lines(&facts);
        let is_well = !lines.iter().any(Line::is_failure);
        let text: Vec<String> = lines.iter().map(Line::coloured).collect();
        self.format.print(text.join("\n"), &json!({ "ok": is_well, "checks": lines }))?;
        Ok(Ending::well_if(is_well))
    }
}
