//! Who of the policy a Slack user is.

use crate::approval::place::Platform;
use crate::approval::policy::{Person, Stranger};
use crate::flow::app::App;

/// The person behind a user from these workspaces and organisations. Whoever lets people in needs the ids of those that
/// are not let in, and they are no secrets, so the log has them.
pub(super) fn person<'a>(app: &'a App, teams: &[&str], user: &str) -> Result<&'a Person, Stranger> {
    let person = app.policy.person(Platform::Slack, teams, user);
    if person == Err(Stranger::ForeignTeam) {
        tracing::warn!(?teams, "a Slack user was refused: slack_teams lets in no workspace or organisation of theirs");
    }
    person
}
