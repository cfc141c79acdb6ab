//! What an account needs to ask: what the deployment and its policy say, what the deployment's own function finds when it
//! tries, and what the stack of the account was told.

use anyhow::anyhow;
use aws_sdk_lambda::Client as Lambda;
use aws_sdk_lambda::primitives::Blob;
use countersign_bot::approval::accounts::{Account, DEFAULT_ROLE};
use countersign_bot::flow::spokes::Found;
use countersign_bot::lambda::reconciler::CHECK_ACCOUNT;
use serde_json::json;

use super::Check;
use crate::aws::{Aws, Refused};
use crate::deployment::{Deployment, Login};
use crate::doctor::line::{Line, Verdict};
use crate::ending::Ending;
use crate::patience::waiting;
use crate::policy::versions::Versions;
use crate::stack::Stack;

/// What the stack of the account was told, by the names of its outputs, which are those of the deployment, with what goes
/// wrong if it was told something else.
const TOLD: [(&str, &str, &str); 4] = [
    ("trust", "HubRoleArns", "the role trusts others than this deployment"),
    ("external id", "ExternalId", "the role wants to be told another one"),
    ("requests", "RequestsArn", "its forwarder sends what is asked elsewhere"),
    ("rule", "ExecutionEndsArn", "its rule tells somebody else of the ends of executions"),
];

impl Check {
    /// Prints a line for each thing that an account needs.
    pub(crate) async fn run(self) -> anyhow::Result<Ending> {
        let Deployment { stack: name, login } = self.deployment;
        let region = login.region.clone();
        let aws = Aws::log_in(login).await?;
        let spoke = match self.spoke_profile {
            Some(profile) => Some(Aws::log_in(Login { profile: Some(profile), region }).await?),
            None => None,
        };
        let looking = lines(&aws, &name, &self.account, spoke.as_ref(), &self.spoke_stack);
        let lines = waiting(format!("Looking at {}", self.account), looking).await?;
        let is_well = !lines.iter().any(Line::is_failure);
        let text: Vec<String> = lines.iter().map(Line::coloured).collect();
        self.format.print(text.join("\n"), &json!({ "ok": is_well, "checks": lines }))?;
        Ok(Ending::well_if(is_well))
    }
}

/// A line for each thing, the deployment's first.
pub(super) async fn lines(
    aws: &Aws,
    stack: &str,
    account: &str,
    spoke: Option<&Aws>,
    spoke_stack: &str,
) -> anyhow::Result<Vec<Line>> {
    let hub = Stack::describe(aws, stack).await.map_err(|Refused(why)| anyhow!(why))?;
    let policy = Versions::at(aws.clone(), stack).await?.in_force().await?;
    let listed = policy.accounts.0.get(account);
    let mut lines = vec![
        Line::new("listed", is_listed(account, listed)),
        Line::new("queue policy", may_send(&hub, account)),
        Line::new("role name", role_name(&hub, listed)),
    ];
    if listed.is_some() {
        match tried(aws, &hub, account).await {
            Ok(found) => lines.extend(found.iter().flat_map(in_region)),
            Err(Refused(why)) => lines.push(Line::new("role", Verdict::Fail(why))),
        }
    }
    lines.extend(match spoke {
        Some(spoke) => of_stack(&hub, spoke, spoke_stack).await,
        None => {
            vec![Line::new("stack of the account", Verdict::Skipped("--spoke-profile looks at it as well".to_owned()))]
        }
    });
    Ok(lines)
}

fn is_listed(account: &str, listed: Option<&Account>) -> Verdict {
    match listed {
        Some(Account { name, regions, .. }) => {
            let regions: Vec<&str> = regions.iter().map(String::as_str).collect();
            Verdict::Ok(format!("{name} may ask from {}", regions.join(", ")))
        }
        None => Verdict::Fail(format!(
            "the policy does not list it, so what it asks is refused: add [accounts.{account}] with a name and its regions, \
             and push it with `countersign policy push`"
        )),
    }
}

fn may_send(hub: &Stack, account: &str) -> Verdict {
    match hub.output("RequestsFrom") {
        Ok(allowed) if allowed.split(',').any(|one| one == account) => {
            Verdict::Ok("it may send to the queue of requests".to_owned())
        }
        Ok(allowed) if allowed.split(',').any(|one| one.starts_with("o-")) => Verdict::Ok(format!(
            "it may send to the queue of requests if it is of the organization {}",
            allowed.split(',').find(|one| one.starts_with("o-")).unwrap_or_default()
        )),
        _ => Verdict::Fail(
            "it may not send to the queue of requests: set the parameter RequestsFromOrganization, or add it to \
             RequestsFromAccounts"
                .to_owned(),
        ),
    }
}

fn role_name(hub: &Stack, listed: Option<&Account>) -> Verdict {
    let wanted = listed.map_or(DEFAULT_ROLE, |account| &account.role);
    match hub.output("SpokeRole") {
        Ok(name) if name == wanted => Verdict::Ok(format!("the functions may assume {name}")),
        Ok(name) => Verdict::Fail(format!(
            "the functions may assume roles of the name {name}, and the policy names {wanted}: make them the same"
        )),
        Err(_) => Verdict::Fail(format!("the functions may assume no role: set the parameter SpokeRole to {wanted}")),
    }
}

/// What the deployment's function finds when it makes the calls.
async fn tried(aws: &Aws, hub: &Stack, account: &str) -> Result<Vec<Found>, Refused> {
    let function = hub.output("ReconcilerFunction")?;
    let payload = json!({ (CHECK_ACCOUNT): account }).to_string();
    let call = Lambda::new(aws.config()).invoke().function_name(function).payload(Blob::new(payload));
    let answer = call.send().await.map_err(|error| Refused::because("Invoke", error))?;
    let body = answer.payload().map(AsRef::as_ref).unwrap_or_default();
    if answer.function_error().is_some() {
        return Err(Refused(format!("{function} failed: see its log")));
    }
    let found: Option<Vec<Found>> = serde_json::from_slice(body)
        .map_err(|_| Refused(format!("{function} does not know this question: deploy this version of it")))?;
    found.ok_or_else(|| Refused("the functions do not go by this policy yet: try again in a minute".to_owned()))
}

fn in_region(found: &Found) -> [Line; 2] {
    let line = |what: &str, problem: &Option<String>, action: &str| {
        let verdict = match problem {
            None => Verdict::Ok(format!("works in {}", found.region)),
            Some(code) if code.contains("STS") => Verdict::Fail(format!(
                "{code}: the role is not there, does not trust the outputs HubRoleArns, or wants another external id than the \
                 output ExternalId: deploy infra/spoke.yaml there with these; AWS does not say which it is, --spoke-profile does"
            )),
            Some(code) => {
                Verdict::Fail(format!("{code}: the role lacks {action}: deploy infra/spoke.yaml there again"))
            }
        };
        Line::new(format!("{what} {}", found.region), verdict)
    };
    [
        line("look up", &found.look_up, "states:DescribeExecution"),
        line("complete", &found.complete, "states:SendTaskFailure"),
    ]
}

/// What the stack of the account was told, beside what this deployment says.
async fn of_stack(hub: &Stack, spoke: &Aws, name: &str) -> Vec<Line> {
    let stack = match Stack::describe(spoke, name).await {
        Ok(stack) => stack,
        Err(Refused(why)) => {
            let advice = "deploy infra/spoke.yaml there, or name its stack with --spoke-stack: one of a StackSet is called \
                          StackSet-NAME-ID";
            return vec![Line::new("stack of the account", Verdict::Fail(format!("{why}: {advice}")))];
        }
    };
    let mut lines = vec![Line::new("stack of the account", Verdict::Ok(stack.status.clone()))];
    for (name, output, wrong) in TOLD {
        let verdict = match (hub.output(output), stack.output(output)) {
            (Ok(ours), Ok(theirs)) if ours == theirs => Verdict::Ok("is that of this deployment".to_owned()),
            (Ok(_), Ok(_)) => {
                Verdict::Fail(format!("{wrong}: deploy it with the parameter {output} of this deployment"))
            }
            (Err(Refused(why)), _) | (_, Err(Refused(why))) => Verdict::Fail(why),
        };
        lines.push(Line::new(name, verdict));
    }
    lines
}

#[cfg(test)]
mod tests;
