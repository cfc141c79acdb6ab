//! What a change set does, in words. What would lose data stands out.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Change, ChangeAction, PolicyAction, Replacement, ResourceChange};
use serde::Serialize;

use crate::output::counted;

/// Whoever replaces or removes one of these loses what is in it, or the address that others know, unless it is kept.
const HOLD_DATA: [&str; 8] = [
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::Events::EventBus",
    "AWS::Events::Archive",
    "AWS::Logs::LogGroup",
    "AWS::ApiGatewayV2::Api",
];

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Effect {
    Removed,
    Replaced,
    /// CloudFormation knows only while it is at work.
    PerhapsReplaced,
    Changed,
    Made,
}

/// A resource that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    pub(super) effect: Effect,
    name: String,
    kind: String,
    /// What of it, as far as CloudFormation says.
    properties: Vec<String>,
    /// Whether data would be lost.
    loses_data: bool,
}

impl Changed {
    /// What CloudFormation says of a resource; none if nothing happens to it.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let change = change.resource_change()?;
        let effect = match change.action()? {
            ChangeAction::Add | ChangeAction::Import => Effect::Made,
            ChangeAction::Remove => Effect::Removed,
            _ => match change.replacement() {
                Some(Replacement::True) => Effect::Replaced,
                Some(Replacement::Conditional) => Effect::PerhapsReplaced,
                _ => Effect::Changed,
            },
        };
        let kind = change.resource_type().unwrap_or_default().to_owned();
        let is_gone = matches!(effect, Effect::Removed | Effect::Replaced | Effect::PerhapsReplaced);
        Some(Self {
            effect,
            name: change.logical_resource_id().unwrap_or_default().to_owned(),
            properties: properties(change),
            loses_data: is_gone && HOLD_DATA.contains(&kind.as_str()) && !is_kept(change),
            kind,
        })
    }
}

fn is_kept(change: &ResourceChange) -> bool {
    matches!(change.policy_action(), Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain))
}

fn properties(change: &ResourceChange) -> Vec<String> {
    let targets = change.details().iter().filter_map(|detail| detail.target());
    let names = targets.filter_map(|target| target.name().or(target.attribute().map(|it| it.as_str())));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether anything would be lost.
pub(super) fn lose_data(changes: &[Changed]) -> bool {
    changes.iter().any(|change| change.loses_data)
}

/// Says it: what is lost first, then what is removed, replaced and changed one by one, and what is made by its kind.
pub(super) fn in_words(changes: &[Changed]) -> String {
    let mut lines = Vec::new();
    let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut sorted: Vec<&Changed> = changes.iter().collect();
    sorted.sort_by_key(|change| (!change.loses_data, change.effect, &change.name));
    for Changed { effect, name, kind, properties, loses_data } in sorted {
        let what = if properties.is_empty() { String::new() } else { format!(": {}", properties.join(", ")) };
        let verb = match effect {
            Effect::Made => {
                made.entry(kind).or_default().push(name);
                continue;
            }
            Effect::Removed => "removed",
            Effect::Replaced => "replaced",
            Effect::PerhapsReplaced => "changed, perhaps replaced",
            Effect::Changed => "changed",
        };
        let lost = if *loses_data { "! " } else { "  " };
        let note = if *loses_data { lost_of(kind) } else { "" };
        lines.push(format!("{lost}{verb}: {name} ({kind}){what}{note}"));
    }
    for (kind, names) in &made {
        lines.push(format!("  made: {} ({kind})", names.join(", ")));
    }
    let count = counted(changes.len(), "resource changes", "resources change");
    format!("{count}:\n{}", lines.join("\n"))
}

fn lost_of(kind: &str) -> &'static str {
    match kind {
        "AWS::ApiGatewayV2::Api" => ". ITS ADDRESS IS LOST",
        _ => ". WHAT IS IN IT IS LOST",
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceChangeDetail, ResourceTargetDefinition};

    use super::*;

    fn change(
        action: ChangeAction,
        name: &str,
        kind: &str,
        replacement: Option<Replacement>,
        policy: Option<PolicyAction>,
    ) -> Change {
        let target = ResourceTargetDefinition::builder().name("Code").build();
        let change = ResourceChange::builder().action(action).logical_resource_id(name).resource_type(kind);
        let change = change.set_replacement(replacement).set_policy_action(policy);
        let change = change.details(ResourceChangeDetail::builder().target(target).build()).build();
        Change::builder().resource_change(change).build()
    }

    fn read(changes: &[Change]) -> Vec<Changed> {
        changes.iter().filter_map(Changed::of).collect()
    }

    #[test]
    fn what_would_be_lost_comes_first_and_stands_out() {
        let changes = read(&[
            change(ChangeAction::Add, "Webhook", "AWS::Lambda::Function", None, None),
            change(ChangeAction::Add, "Notifier", "AWS::Lambda::Function", None, None),
            change(ChangeAction::Modify, "Messenger", "AWS::Lambda::Function", Some(Replacement::False), None),
            change(ChangeAction::Modify, "Bus", "AWS::Events::EventBus", Some(Replacement::Conditional), None),
            change(ChangeAction::Remove, "Role", "AWS::IAM::Role", None, Some(PolicyAction::Delete)),
        ]);
        assert!(lose_data(&changes));
        let expected = "5 resources change:\n\
            ! changed, perhaps replaced: Bus (AWS::Events::EventBus): Code. WHAT IS IN IT IS LOST\n  \
            removed: Role (AWS::IAM::Role): Code\n  \
            changed: Messenger (AWS::Lambda::Function): Code\n  \
            made: Notifier, Webhook (AWS::Lambda::Function)";
        assert_eq!(in_words(&changes), expected);
    }

    #[test]
    fn what_is_kept_is_not_lost() {
        let table = "AWS::DynamoDB::Table";
        for (policy, is_lost) in
            [(None, true), (Some(PolicyAction::ReplaceAndDelete), true), (Some(PolicyAction::ReplaceAndRetain), false)]
        {
            let changes = read(&[change(ChangeAction::Modify, "Approvals", table, Some(Replacement::True), policy)]);
            assert_eq!(lose_data(&changes), is_lost, "{changes:?}");
        }
    }
}
