//! Who can be acted as: the people of the policy, with every identity that they act with, and an outsider.

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;

use crate::fakes::SlackUser;
use crate::fakes::teams::TeamsUser;

/// The workspace of a policy that allows none.
pub(crate) const TEAM: &str = "T0LOCAL";
/// The tenant of a policy that allows none.
pub(crate) const TENANT: &str = "c0117e45-1671-4000-8000-0000000000a0";
const OUTSIDER: &str = "c0117e45-1671-4000-8000-0000000000f0";

/// Somebody who can be acted as.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The key in the policy, or another for the outsider.
    pub key: String,
    /// The name.
    pub name: String,
    /// The Slack user.
    pub user: SlackUser,
    /// The user of Teams, if there is one.
    pub teams: Option<TeamsUser>,
    /// The address, if there is one.
    pub email: Option<String>,
    /// What the policy lets this person do, in a few words.
    pub role: String,
}

/// The Entra tenant that everybody is in.
pub(crate) fn tenant(policy: &Policy) -> String {
    policy.let_in.on(Platform::Teams).next().unwrap_or(TENANT).to_owned()
}

/// A line about a policy of whose people none can be acted as.
pub(crate) fn nobody(policy: &Policy) -> Option<String> {
    let first = policy.people.keys().next()?;
    let is_there = policy.people.values().any(|person| person.on(Platform::Slack).is_some());
    (!is_there).then(|| {
        format!(
            "the page acts as those who have an id in Slack, and nobody of the policy has: any will do here, such as \
             `slack = \"U1\"` under [people.{first}]"
        )
    })
}

/// The people of the policy who use Slack, and somebody whom the policy does not know.
pub(crate) fn of(policy: &Policy) -> Vec<Actor> {
    let (team, tenant) = (policy.let_in.on(Platform::Slack).next().unwrap_or_default().to_owned(), tenant(policy));
    let approves = |key: &str| {
        let mut rules = policy.rules.values();
        rules.any(|rules| rules.approvers.iter().any(|person| person.id.as_str() == key))
    };
    let listed = policy.people.values().filter_map(|person| {
        let slack = person.on(Platform::Slack)?.clone();
        let team_id = slack.within.unwrap_or_else(|| team.clone());
        let user = SlackUser { id: slack.id, name: person.name.clone(), team_id };
        let role = if approves(person.id.as_str()) { "may approve" } else { "may start, not approve" };
        Some(Actor {
            key: person.id.to_string(),
            name: person.name.clone(),
            user,
            teams: person
                .on(Platform::Teams)
                .map(|teams| TeamsUser::new(&teams.id, &person.name, teams.within.as_deref().unwrap_or(&tenant))),
            email: person.email.clone(),
            role: role.to_owned(),
        })
    });
    let name = "Mallory";
    let outsider = Actor {
        key: "outsider".to_owned(),
        name: name.to_owned(),
        user: SlackUser { id: "U0OUTSIDE".to_owned(), name: name.to_owned(), team_id: team.clone() },
        teams: Some(TeamsUser::new(OUTSIDER, name, &tenant)),
        email: None,
        role: "not in the policy".to_owned(),
    };
    listed.chain([outsider]).collect()
}
