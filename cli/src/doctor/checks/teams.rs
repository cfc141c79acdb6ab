//! Judges what Microsoft said of the bot and its conversations.

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Rules;

use super::with_configuration;
use crate::doctor::facts::Facts;
use crate::doctor::line::{Line, Verdict};
use crate::doctor::sources::Configuration;
use crate::doctor::teams::Members;
use crate::vendors::teams::{Membership, Settings};

/// Teams' word for somebody who is not in a conversation that the bot is in.
const NOT_A_MEMBER: &str = "MemberNotFoundInConversation";

/// The lines on Teams.
pub(super) fn lines(facts: &Facts) -> Vec<Line> {
    let mut lines = vec![
        Line::new("Teams login", with_configuration(facts, &facts.teams, login)),
        Line::new("Teams endpoint", with_configuration(facts, &facts.teams_api, super::teams_endpoint)),
    ];
    match (&facts.conversations, &facts.configuration) {
        (Ok(conversations), Ok(configuration)) => {
            lines.extend(conversations.iter().map(|(id, members)| {
                let users = users(configuration, id);
                Line::new(format!("Teams conversation {id}"), conversation(members, &users))
            }));
            lines.push(Line::new("people in Teams", people(conversations.iter(), configuration)));
        }
        (Err(verdict), _) | (_, Err(verdict)) => {
            lines.push(Line::new("Teams conversations", verdict.clone()));
            lines.push(Line::new("people in Teams", verdict.clone()));
        }
    }
    lines
}

fn login(settings: &Settings, Configuration { policy, .. }: &Configuration) -> Verdict {
    let Settings { app_id, tenant, .. } = settings;
    if !policy.let_in.has(Platform::Teams, &tenant.to_lowercase()) {
        return Verdict::Fail(format!(
            "the app is of the tenant {tenant}, which access.teams_tenants of the policy does not list"
        ));
    }
    Verdict::Ok(format!("the tenant {tenant} gives the app {app_id} a token"))
}

fn conversation(members: &Members, users: &str) -> Verdict {
    let refusals = members.values().filter_map(|membership| match membership {
        Membership::Refused(word) if word != NOT_A_MEMBER => Some(word.as_str()),
        Membership::Refused(_) | Membership::Member => None,
    });
    match refusals.min() {
        None if members.is_empty() => {
            Verdict::Fail(format!("nobody could decide there: no approver of {users} has an object id as `teams`"))
        }
        None => Verdict::Ok(format!("the bot is in it, and would post the cards of {users}")),
        Some("BotNotInConversationRoster") => {
            Verdict::Fail("the app is not in it: add Countersign to the team or the chat".to_owned())
        }
        Some("BotDisabledByAdmin") => {
            Verdict::Fail("the app is blocked: allow it in the Teams admin center, under Manage apps".to_owned())
        }
        Some("BotNotRegistered") => Verdict::Fail(
            "Microsoft knows no bot of this app: make an Azure Bot with its id, and switch on the channel Microsoft Teams"
                .to_owned(),
        ),
        Some(word) => Verdict::Skipped(format!("Teams does not say whether the bot is in it: {word}")),
    }
}

/// Who is asked in a conversation and cannot press a button there. They may decide elsewhere, so nothing is broken.
fn people<'a>(
    conversations: impl Iterator<Item = (&'a String, &'a Members)>,
    configuration: &Configuration,
) -> Verdict {
    let mut remarks = Vec::new();
    let mut is_clear = true;
    for (id, members) in conversations {
        for rules in rules_of(configuration, id) {
            for person in &rules.approvers {
                let remark = match person.on(Platform::Teams) {
                    None => "has no `teams` in the policy",
                    Some(teams) => match members.get(&teams.id) {
                        Some(Membership::Refused(word)) if word == NOT_A_MEMBER => "is not in it, or has another id",
                        Some(Membership::Member) => continue,
                        Some(Membership::Refused(_)) | None => {
                            is_clear = false;
                            continue;
                        }
                    },
                };
                remarks.push(format!("{} ({}) {remark}", person.name, rules.name));
            }
        }
    }
    if !remarks.is_empty() {
        return Verdict::Warn(format!("they cannot decide in the conversation of the policy: {}", remarks.join(", ")));
    }
    if !is_clear {
        return Verdict::Skipped("Teams does not say who is in the conversations".to_owned());
    }
    Verdict::Ok("all approvers are in the conversations of their policies".to_owned())
}

fn users(configuration: &Configuration, conversation: &str) -> String {
    rules_of(configuration, conversation).map(|rules| rules.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn rules_of<'a>(configuration: &'a Configuration, conversation: &str) -> impl Iterator<Item = &'a Rules> {
    let rules = configuration.policy.rules.values();
    rules.filter(move |rules| rules.conversation(Platform::Teams) == Some(conversation))
}
