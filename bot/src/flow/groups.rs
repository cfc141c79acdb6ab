//! Asks who is in the live groups of a policy, for a request that is raised under it. Without an answer nobody is asked,
//! unless the policy names a group that takes the place of one that cannot be asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::app::App;
use crate::approval::live_groups::{AskedGroup, LiveGroup, MEMBERS_MAX, NAMED_MAX};
use crate::approval::members::tell_apart;
use crate::approval::policy::{Person, Policy};
use crate::approval::policy_file;
use crate::approval::request::InvalidInput;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{UsergroupError, Usergroups};

/// So many members are asked about at once.
const AT_ONCE: usize = 8;
/// The pause before a group is asked for again that could not be.
const PAUSE: Duration = Duration::from_millis(300);

/// The policy with who is in the groups that the rules need which this input names. Where they need none it is as it is.
pub(crate) async fn ask(
    app: &App,
    input: &Value,
    deadline: Deadline,
) -> Result<Result<Arc<Policy>, InvalidInput>, Unavailable> {
    let policy = &app.policy;
    let Some(rules) = input.pointer("/approval/policy").and_then(Value::as_str) else { return Ok(Ok(policy.clone())) };
    let (mut people, mut groups) = (BTreeMap::new(), Vec::new());
    for (name, group) in policy.live.needed_by(rules) {
        let (members, fallback) = match members(app, group, deadline).await {
            Ok(members) => (members, None),
            Err(problem) => match fallback(policy, group) {
                Some((fallback, members)) => {
                    tracing::warn!(group = name, fallback, problem = problem.to_string(), "a group was not asked");
                    (members, Some(fallback))
                }
                None => return problem.of(name).map(Err),
            },
        };
        let (count, named) = (members.len(), members.iter().take(NAMED_MAX));
        let named = named.map(|person| person.id.clone()).collect();
        groups.push(AskedGroup { name: name.clone(), people: named, count, fallback });
        people.insert(name.clone(), members);
    }
    if groups.is_empty() {
        return Ok(Ok(policy.clone()));
    }
    let asked = match policy_file::read_with(&policy.live.text, &people) {
        Ok(asked) => asked,
        Err(problems) => {
            let problem = format!("with those who are in its groups now it cannot be met: {problems}");
            return Ok(Err(InvalidInput::field("approval.policy", problem)));
        }
    };
    Ok(Ok(Arc::new(Policy { source: policy.source, ..asked }.with_groups(rules, &groups))))
}

/// Why nobody knows who is in a group.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Lasting(String),
    #[error("{0}")]
    Passing(String),
}

impl Problem {
    /// What the task fails with: what may pass is asked again by the state.
    fn of(self, group: &str) -> Result<InvalidInput, Unavailable> {
        match self {
            Self::Lasting(problem) => {
                Ok(InvalidInput::field("approval.policy", format!("its group `{group}`: {problem}")))
            }
            Self::Passing(problem) => Err(Unavailable::new("a group of the policy", format!("`{group}`: {problem}"))),
        }
    }
}

impl From<UsergroupError> for Problem {
    fn from(error: UsergroupError) -> Self {
        match error {
            UsergroupError::Refused(problem) => Self::Lasting(problem),
            UsergroupError::Unavailable(problem) => Self::Passing(problem),
        }
    }
}

fn fallback(policy: &Policy, group: &LiveGroup) -> Option<(String, Vec<Person>)> {
    let fallback = group.fallback.as_ref()?;
    let people = policy.groups.get(fallback)?.iter().filter_map(|id| policy.people.get(id).cloned());
    Some((fallback.clone(), people.collect()))
}

/// The people in a group, asked for as long as there is time and it may help.
async fn members(app: &App, group: &LiveGroup, deadline: Deadline) -> Result<Vec<Person>, Problem> {
    let not_asked =
        || Problem::Lasting("this deployment may not ask who is in it: see the parameter for user groups".to_owned());
    let usergroups = app.usergroups.as_ref().ok_or_else(not_asked)?;
    loop {
        match members_now(app, usergroups.as_ref(), &group.usergroup, deadline).await {
            Err(Problem::Passing(_)) if deadline.left() > PAUSE => tokio::time::sleep(PAUSE).await,
            members => return members,
        }
    }
}

async fn members_now(
    app: &App,
    usergroups: &dyn Usergroups,
    usergroup: &str,
    deadline: Deadline,
) -> Result<Vec<Person>, Problem> {
    let users = usergroups.users(usergroup, deadline).await?;
    if users.len() > MEMBERS_MAX {
        return Err(Problem::Lasting(format!("it has {} members, at most {MEMBERS_MAX}", users.len())));
    }
    let who = |user: String| who(app, usergroups, user, deadline);
    let found: Vec<Option<Person>> = stream::iter(users).map(who).buffered(AT_ONCE).try_collect().await?;
    let mut people: Vec<Person> = Vec::new();
    for person in found.into_iter().flatten() {
        if !people.iter().any(|known| known.id == person.id) {
            people.push(person);
        }
    }
    if people.is_empty() {
        return Err(Problem::Lasting("it has nobody in it who could decide".to_owned()));
    }
    tell_apart(&mut people, usergroups.platform());
    Ok(people)
}

/// Who a member is. Only of one without an entry the chat has to say more than the id.
async fn who(
    app: &App,
    usergroups: &dyn Usergroups,
    user: String,
    deadline: Deadline,
) -> Result<Option<Person>, Problem> {
    let chat = usergroups.platform();
    if let Some(person) = app.policy.listed(chat, &user) {
        return Ok(Some(person.clone()));
    }
    match usergroups.member(&user, deadline).await? {
        Some(member) => app.policy.member(chat, &member).map_err(Problem::Lasting),
        None => Ok(None),
    }
}
