//! Which approvals a self-test asks for: judged as the notifier and a decision will judge them, so that nobody is called for
//! what could not be decided. No rule is bent for it; where one stands in the way, it is said what to choose instead.

use countersign_bot::approval::explain::{Standing, explain};
use countersign_bot::approval::ids::ExecutionArn;
use countersign_bot::approval::look_up::Attempt;
use countersign_bot::approval::naming::Named;
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::policy::{Person, Policy, RequesterUse, Rules};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::request;
use countersign_bot::messages::answers;
use countersign_bot::messages::dialect::PLAIN;
use countersign_bot::startup::config::Config;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::deployment::Choice;
use crate::doctor::line::Verdict;
use crate::doctor::sources::Configuration;

/// The timeout of the state, which is longer than anybody waits for it.
pub(super) const TIMEOUT_SECONDS: u32 = 1800;
/// What every one of them says.
pub(super) const SUMMARY: &str =
    "The doctor asks, to see that this arrives, can be decided on and closes. Nothing depends on the answer.";

/// One approval for each platform on which it can be decided.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) policy: String,
    pub(super) decider: Person,
    pub(super) rounds: Vec<Round>,
    /// Why there is none for the others.
    pub(super) left_out: Vec<(Platform, Verdict)>,
}

/// One approval.
#[derive(Debug, PartialEq)]
pub(super) struct Round {
    /// Where it is to be decided.
    pub(super) platform: Platform,
    /// What the machine is started with.
    pub(super) input: Value,
}

/// Where it is to be decided, as its title says it.
pub(super) fn title(platform: Platform) -> String {
    format!("Self-test of Countersign: decide {}", platform.as_place())
}

/// Plans it, or says what stands in the way and what to choose.
pub(super) fn plan(
    Configuration { config, policy }: &Configuration,
    choice: &Choice,
    machine: &str,
    now: Timestamp,
) -> Result<Plan, String> {
    let rules = rules(policy, choice.under.as_deref())?;
    let name = &rules.name;
    let execution = ExecutionArn::named(machine, "self-test").map_err(|problem| format!("{machine}: {problem}"))?;
    if !rules.allow_caller(&execution) {
        return Err(format!(
            "the `callers` of policy `{name}` do not let the self-test ask: choose another with --under, or add {machine} to \
             them"
        ));
    }
    if rules.required > 1 || !rules.seats.is_empty() {
        return Err(format!(
            "policy `{name}` needs {}, and a self-test has one who decides: choose a policy that needs one approval with \
             --under",
            rules.needs()
        ));
    }
    if let Some((group, _)) = policy.live.needed_by(name).next() {
        return Err(format!(
            "who is in the group `{group}` of policy `{name}` is asked when a request is raised: choose a policy without it \
             with --under"
        ));
    }
    let decider = decider(policy, rules, choice.decided_by.as_deref())?;
    let requester = requester(policy, rules, decider, choice.requested_by.as_deref())?;
    let asked = |platform: Platform| {
        let approval = json!({
            "policy": name, "title": title(platform), "summary": SUMMARY, "approvers": [decider.id],
            "requestedBy": requester.map(|person| &person.id),
        });
        let input = json!({
            "taskToken": "none yet", "executionArn": execution, "stateEnteredAt": now, "timeoutSeconds": TIMEOUT_SECONDS,
            "approval": approval,
        });
        request::read(input, policy, now)
            .map(Approval::raise)
            .map_err(|problem| format!("the notifier would refuse it: {problem}"))
    };
    // They differ in one word of their titles.
    let mut approval = asked(Platform::Slack)?;
    // Where the history has to prove who asks, it will.
    approval.attempt = Some(Attempt { entered: 1, scheduled: 2 });
    if let Standing::MayNot(refusal) | Standing::MayReject(refusal) = explain(&approval, decider, now).standing {
        let why = answers::refusal(&refusal, PLAIN);
        return Err(format!(
            "{} could not decide it under policy `{name}`: {why} Choose who decides with --decided-by, and in whose name it \
             is asked with --requested-by",
            decider.name
        ));
    }
    let mut rounds = Vec::new();
    let mut left_out = Vec::new();
    for platform in [Platform::Slack, Platform::Teams, Platform::Email] {
        match why_not(platform, config, &approval, decider) {
            None => rounds.push(Round {
                platform,
                input: json!({
                    "policy": name, "platform": platform.key(), "approver": decider.id,
                    "requestedBy": requester.map(|person| &person.id),
                }),
            }),
            Some(why) => left_out.push((platform, Verdict::Skipped(why))),
        }
    }
    if rounds.is_empty() {
        return Err(format!(
            "{} could decide it nowhere under policy `{name}`: choose another with --under",
            decider.name
        ));
    }
    Ok(Plan { policy: name.clone(), decider: decider.clone(), rounds, left_out })
}

fn rules<'a>(policy: &'a Policy, named: Option<&str>) -> Result<&'a Rules, String> {
    let names = || policy.rules.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match named {
        Some(named) => {
            let rules = policy.rules.get(named);
            rules.ok_or_else(|| format!("there is no policy `{named}`, but {}: choose one with --under", names()))
        }
        None if policy.rules.len() == 1 => policy.rules.values().next().ok_or_else(|| "there is no policy".to_owned()),
        None => Err(format!("choose a policy with --under: {}", names())),
    }
}

fn named<'a>(policy: &'a Policy, name: &str, option: &str) -> Result<&'a Person, String> {
    match policy.named(name) {
        Named::Person(person) => Ok(person),
        Named::Several(_) => {
            Err(format!("the policy has more than one who may be called `{name}`: name one with {option}"))
        }
        Named::Almost(_) | Named::Nobody => {
            Err(format!("the policy has nobody who is called `{name}`: choose with {option}"))
        }
    }
}

fn decider<'a>(policy: &'a Policy, rules: &'a Rules, chosen: Option<&str>) -> Result<&'a Person, String> {
    match (chosen, rules.approvers.as_slice()) {
        (Some(chosen), _) => named(policy, chosen, "--decided-by"),
        (None, [only]) => named(policy, only.id.as_str(), "--decided-by"),
        (None, several) => {
            let keys: Vec<&str> = several.iter().map(|person| person.id.as_str()).collect();
            Err(format!("say with --decided-by who decides: {}", keys.join(", ")))
        }
    }
}

fn requester<'a>(
    policy: &'a Policy,
    rules: &Rules,
    decider: &'a Person,
    chosen: Option<&str>,
) -> Result<Option<&'a Person>, String> {
    match chosen {
        Some(chosen) => named(policy, chosen, "--requested-by").map(Some),
        None if rules.self_approval => Ok(Some(decider)),
        None if rules.requester == RequesterUse::Optional => Ok(None),
        None => {
            let others = policy.people.values().filter(|person| person.id != decider.id);
            let others: Vec<&str> = others.map(|person| person.id.as_str()).collect();
            Err(format!(
                "policy `{}` wants to know who asks, and nobody decides on what they asked for: say with --requested-by in \
                 whose name, such as {}",
                rules.name,
                others.first().unwrap_or(&"that of somebody whom you add to the policy")
            ))
        }
    }
}

/// Why it cannot be decided on a platform, if so.
fn why_not(platform: Platform, config: &Config, approval: &Approval, decider: &Person) -> Option<String> {
    let (rules, who) = (&approval.rules, &decider.name);
    let has_place =
        |destination: &Destination| approval.missing.iter().any(|missing| missing.destination == *destination);
    let is_on = match platform {
        Platform::Slack => config.slack.is_some(),
        Platform::Teams => config.teams.is_some(),
        Platform::Email => config.mail.is_some(),
    };
    match platform {
        _ if !is_on => Some(format!("{} is off", platform.name())),
        Platform::Email if !has_place(&Destination::Email(decider.id.clone())) => {
            Some(format!("policy `{}` would send no mail to {who}", rules.name))
        }
        Platform::Email => None,
        chat if !has_place(&Destination::Chat(chat)) => {
            Some(format!("policy `{}` has no conversation in {}", rules.name, chat.name()))
        }
        chat if decider.on(chat).is_none() => Some(format!("{who} has no id for {} in the policy", chat.name())),
        _ => None,
    }
}
