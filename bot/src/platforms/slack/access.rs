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

/// The person behind a user, or else whoever may be in a group that the policy takes from Slack. Whether they are is known
/// to each approval.
pub(super) fn decider(app: &App, teams: &[&str], user: &str) -> Result<Person, Stranger> {
    person(app, teams, user).cloned().or_else(|stranger| {
        let member = app.policy.possible_member(Platform::Slack, teams, user);
        member.filter(|_| stranger == Stranger::Unlisted).ok_or(stranger)
    })
}
