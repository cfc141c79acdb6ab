//! Looks at a deployment: gathers facts, judges them, says a line about each. It changes nothing and prints no secret;
//! only a self-test asks for approvals, when that is wanted.

mod checks;
mod facts;
pub(crate) mod line;
mod self_test;
mod sources;
mod teams;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use self::line::Line;
use self::self_test::{Patience, Report};
use self::sources::after;
use crate::aws::Aws;
use crate::deployment::{Deployment, Doctor};
use crate::ending::Ending;
use crate::patience::waiting;
use crate::vendors::web::Web;

/// What is decided is shown everywhere by then, or the repair of a minute has had its turn.
const CLOSING: Duration = Duration::from_secs(150);
/// From one look at a record to the next.
const PAUSE: Duration = Duration::from_secs(1);

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
        let mut json = json!({ "ok": is_well, "checks": lines });
        if !self.self_test {
            self.format.print(text(&lines), &json)?;
            return Ok(Ending::well_if(is_well));
        }
        self.format.begin(text(&lines))?;
        let report = if is_well {
            let patience = Patience { decision: self.choice.wait, closing: CLOSING, pause: PAUSE };
            self_test::run(&facts, &sources, &self.choice, patience, clock).await
        } else {
            Report::without_any(Line::new("self-test", after("checks that are all well")))
        };
        let lines = report.lines();
        let is_well = is_well && !lines.iter().any(Line::is_failure);
        (json["ok"], json["selfTest"]) = (is_well.into(), report.json());
        self.format.print(text(&lines), &json)?;
        Ok(Ending::well_if(is_well))
    }
}

fn text(lines: &[Line]) -> String {
    lines.iter().map(Line::coloured).collect::<Vec<_>>().join("\n")
}
