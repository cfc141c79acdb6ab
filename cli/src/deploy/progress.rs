//! Watches CloudFormation at work, and says what becomes of each resource.

use std::collections::HashSet;

use anyhow::bail;
use aws_sdk_cloudformation::types::StackEvent;
use serde::Serialize;

use super::cloud::{Cloud, Found, told};
use super::standing::Standing;
use crate::person::Person;

/// What an operation begins with. That a failed one is taken back is a part of it.
const BEGINNINGS: [&str; 3] = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"];

/// So often CloudFormation is asked whether it has begun.
const BEGINS_WITHIN: u32 = 60;

/// What is only a consequence of another failure.
const CONSEQUENCES: [&str; 2] = ["cancelled", "The following resource(s) failed"];

/// How it ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) status: String,
    pub(super) failures: Vec<Failure>,
}

/// A resource that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    pub(super) resource: String,
    pub(super) kind: String,
    pub(super) reason: String,
}

/// Watches until the work ends. It is known by a token, or it is whatever goes on; where the program was interrupted,
/// what has happened meanwhile is said too.
pub(super) async fn watch(
    cloud: &Cloud,
    stack_id: &str,
    token: Option<&str>,
    person: &mut impl Person,
) -> anyhow::Result<Ended> {
    let mut said = HashSet::new();
    let mut failures = Vec::new();
    for looks in 1.. {
        // Asked before the events, so that the last of them are there when it has ended.
        let found = cloud.find(stack_id).await?;
        let Some(Found { status, .. }) = found.filter(|found| found.status != "DELETE_COMPLETE") else { break };
        for event in events(cloud, stack_id, token).await? {
            if said.insert(event.event_id().unwrap_or_default().to_owned()) {
                if let Some(line) = line(&event) {
                    person.told(&line)?;
                }
                failures.extend(failure(&event));
            }
        }
        // What has just been asked for may not show yet.
        let has_begun = token.is_none() || !said.is_empty();
        if has_begun && Standing::of(&status) != Standing::Busy {
            return Ok(Ended { status, failures });
        }
        if !has_begun && looks > BEGINS_WITHIN {
            bail!("CloudFormation has not begun: call the command again");
        }
        tokio::time::sleep(cloud.pace).await;
    }
    Ok(Ended { status: "DELETE_COMPLETE".to_owned(), failures })
}

/// Why the last operation failed, for whoever comes after it.
pub(super) async fn failures(cloud: &Cloud, stack_id: &str) -> anyhow::Result<Vec<Failure>> {
    Ok(events(cloud, stack_id, None).await?.iter().filter_map(failure).collect())
}

/// The events of the operation, the oldest first.
async fn events(cloud: &Cloud, stack_id: &str, token: Option<&str>) -> anyhow::Result<Vec<StackEvent>> {
    let mut events = Vec::new();
    let mut next = None;
    loop {
        let describe = cloud.cloudformation.describe_stack_events().stack_name(stack_id).set_next_token(next);
        let page = describe.send().await.map_err(|error| told("DescribeStackEvents", error))?;
        for event in page.stack_events() {
            let is_ours = token.is_none_or(|token| event.client_request_token() == Some(token));
            if is_ours {
                events.push(event.clone());
            }
            if is_of_stack(event) && is_ours && BEGINNINGS.contains(&status(event)) {
                events.reverse();
                return Ok(events);
            }
        }
        next = page.next_token;
        if next.is_none() {
            events.reverse();
            return Ok(events);
        }
    }
}

fn status(event: &StackEvent) -> &str {
    event.resource_status().map(|status| status.as_str()).unwrap_or_default()
}

fn is_of_stack(event: &StackEvent) -> bool {
    event.physical_resource_id() == event.stack_id()
}

/// What is said of an event; nothing of work that has only begun.
fn line(event: &StackEvent) -> Option<String> {
    let (status, name) = (status(event), event.logical_resource_id().unwrap_or_default());
    let reason = event.resource_status_reason().filter(|reason| !reason.is_empty());
    if is_of_stack(event) {
        let is_rolling_back = status.ends_with("ROLLBACK_IN_PROGRESS");
        return is_rolling_back.then(|| format!("Taking it back: {}", reason.unwrap_or("it has failed")));
    }
    let kind = event.resource_type().unwrap_or_default();
    let verb = match status {
        "CREATE_COMPLETE" | "IMPORT_COMPLETE" => "made",
        "UPDATE_COMPLETE" => "changed",
        "DELETE_COMPLETE" => "removed",
        "DELETE_SKIPPED" => "kept",
        "CREATE_FAILED" | "UPDATE_FAILED" | "DELETE_FAILED" => {
            return Some(format!("  FAILED {name} ({kind}): {}", reason.unwrap_or("CloudFormation does not say why")));
        }
        _ => return None,
    };
    Some(format!("  {verb} {name} ({kind})"))
}

/// What has failed by itself.
fn failure(event: &StackEvent) -> Option<Failure> {
    let reason = event.resource_status_reason().unwrap_or("CloudFormation does not say why");
    let is_consequence = CONSEQUENCES.iter().any(|words| reason.contains(words));
    let has_failed = status(event).ends_with("_FAILED") && !is_of_stack(event) && !is_consequence;
    has_failed.then(|| Failure {
        resource: event.logical_resource_id().unwrap_or_default().to_owned(),
        kind: event.resource_type().unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
    })
}

/// The failures, a line each.
pub(super) fn in_words(failures: &[Failure]) -> String {
    let line = |Failure { resource, kind, reason }: &Failure| format!("  {resource} ({kind}): {reason}");
    failures.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceStatus;

    use super::*;

    fn event(resource: &str, status: ResourceStatus, reason: &str) -> StackEvent {
        let stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/countersign/1";
        let physical = if resource == "countersign" { stack } else { "something" };
        let event = StackEvent::builder().stack_id(stack).physical_resource_id(physical).logical_resource_id(resource);
        event.resource_type("AWS::X::Y").resource_status(status).resource_status_reason(reason).build()
    }

    #[test]
    fn a_failure_is_told_from_what_follows_of_it() {
        let failed = event("Webhook", ResourceStatus::CreateFailed, "The bucket is not there");
        let cancelled = event("Notifier", ResourceStatus::CreateFailed, "Resource creation cancelled");
        let of_stack = event("countersign", ResourceStatus::RollbackFailed, "The following resource(s) failed");
        let found: Vec<_> = [&failed, &cancelled, &of_stack].into_iter().filter_map(failure).collect();
        assert_eq!(in_words(&found), "  Webhook (AWS::X::Y): The bucket is not there");
        assert_eq!(line(&failed).unwrap(), "  FAILED Webhook (AWS::X::Y): The bucket is not there");
    }

    #[test]
    fn what_has_come_to_an_end_is_said_once() {
        assert_eq!(line(&event("Bus", ResourceStatus::CreateInProgress, "")), None);
        assert_eq!(line(&event("Bus", ResourceStatus::CreateComplete, "")).unwrap(), "  made Bus (AWS::X::Y)");
        assert_eq!(
            line(&event("Approvals", ResourceStatus::DeleteSkipped, "")).unwrap(),
            "  kept Approvals (AWS::X::Y)"
        );
        let back = event("countersign", ResourceStatus::UpdateRollbackInProgress, "Webhook has failed");
        assert_eq!(line(&back).unwrap(), "Taking it back: Webhook has failed");
    }
}
