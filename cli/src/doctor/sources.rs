//! Whom the doctor asks, and what it is to know something or not.

use countersign_bot::approval::policy::Policy;
use countersign_bot::startup::config::Config;
use http::Uri;

use super::line::Verdict;
use crate::aws::{Aws, Refused};
use crate::vendors::web::Web;

/// Something that is known, or what to say about it instead.
pub(crate) type Fact<T> = Result<T, Verdict>;

/// Whom to ask.
pub(crate) struct Sources {
    /// AWS.
    pub(crate) aws: Aws,
    /// Everything else.
    pub(crate) web: Web,
    /// Slack's address, when it is not Slack's own.
    pub(crate) slack_api_url: Option<String>,
    /// The address of Microsoft's login, when it is not Microsoft's own.
    pub(crate) teams_login_url: Option<String>,
    /// The address of Teams, when it is not Microsoft's own.
    pub(crate) teams_service_url: Option<String>,
}

impl Sources {
    /// The host that the bot's token may go to, when Teams is not at Microsoft's own.
    pub(crate) fn teams_host(&self) -> Option<String> {
        let address: Uri = self.teams_service_url.as_ref()?.parse().ok()?;
        address.authority().map(ToString::to_string)
    }
}

/// What a function finds when it starts.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    /// The environment and the secret.
    pub(crate) config: Config,
    /// The policy in the table.
    pub(crate) policy: Policy,
}

/// The verdict on what was not asked for because it needs something that is not there.
pub(crate) fn after(needed: &str) -> Verdict {
    Verdict::Skipped(format!("it needs {needed}"))
}

/// The verdict on what AWS does not tell.
pub(crate) fn refused(Refused(complaint): Refused) -> Verdict {
    Verdict::Fail(complaint)
}
