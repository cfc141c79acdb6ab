//! Judges what was gathered: pure functions from facts to lines.

mod teams;

use std::collections::BTreeMap;

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::{EmailUse, Policy, Rules};
use countersign_bot::ports::SecretValues;
use countersign_bot::startup::config::Config;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::facts::{Api, Facts, Mail};
use super::line::{Line, Verdict};
use super::sources::{Configuration, Fact, after};
use crate::output::counted;
use crate::stack::Stack;
use crate::vendors::slack::{Identity, NEEDED_SCOPES, Posting};

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Slack's signatures are taken for 300 seconds, and AWS's for about as long: this much is a sign of worse.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(60);
/// Slack's words for an id that it does not know, or no longer.
const UNKNOWN_PERSON: [&str; 4] = ["channel_not_found", "user_not_found", "users_not_found", "user_disabled"];

/// One line for everything that can be wrong with a deployment.
pub(crate) fn lines(facts: &Facts) -> Vec<Line> {
    let mut lines = vec![
        Line::new("stack", known(&facts.stack, stack)),
        Line::new("function", known(&facts.function, |_| Verdict::Ok("webhook can be looked at".to_owned()))),
        Line::new("secret", known(&facts.secret, secret)),
        Line::new("secret of double", known(&facts.double_secret, double_secret)),
        Line::new(
            "configuration",
            known(&facts.configuration, |_| {
                Verdict::Ok(
                    "the functions start with the environment, the secret and the policy that they have".to_owned(),
                )
            }),
        ),
        Line::new("policy", facts.configuration.as_ref().map_or_else(|_| after("the configuration"), policy)),
        Line::new("API", with_configuration(facts, &facts.api, api)),
        Line::new("Slack home", with_configuration(facts, &facts.slack_events, slack_events)),
        Line::new("Slack token", with_configuration(facts, &facts.slack, slack)),
    ];
    lines.extend(channels(facts));
    lines.push(Line::new("people in Slack", with_configuration(facts, &facts.people, people)));
    lines.extend(teams::lines(facts));
    lines.push(Line::new("mail", with_configuration(facts, &facts.mail, mail)));
    lines.push(Line::new("clocks", clocks(&facts.api, &facts.slack)));
    lines
}

/// The verdict on a fact, or the reason why it is not known.
fn known<T>(fact: &Fact<T>, judge: impl FnOnce(&T) -> Verdict) -> Verdict {
    fact.as_ref().map_or_else(Clone::clone, judge)
}

/// The verdict on a fact that means something only beside the configuration.
fn with_configuration<T>(facts: &Facts, fact: &Fact<T>, judge: fn(&T, &Configuration) -> Verdict) -> Verdict {
    let judge = |fact: &T| match &facts.configuration {
        Ok(configuration) => judge(fact, configuration),
        Err(_) => after("the configuration"),
    };
    known(fact, judge)
}

fn stack(stack: &Stack) -> Verdict {
    let status = &stack.status;
    if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") {
        return Verdict::Fail(format!(
            "{status}: wait until it is done; if it went wrong, `countersign deploy` says why and goes on"
        ));
    }
    match stack.output("Version").unwrap_or("before 0.1.0") {
        VERSION => Verdict::Ok(format!("{status}, version {VERSION}")),
        other => Verdict::Warn(format!(
            "{status}, version {other}, and this program is {VERSION}: deploy this one, or use the program of the other"
        )),
    }
}

/// Only the names of the values: the reader of the configuration judges what they hold.
fn secret(values: &SecretValues) -> Verdict {
    let empty: Vec<&str> = empty(values).collect();
    if values.is_empty() || !empty.is_empty() {
        let what = if values.is_empty() { "everything".to_owned() } else { empty.join(", ") };
        return Verdict::Fail(format!("{what} is empty: fill it with `countersign secrets set`"));
    }
    Verdict::Ok(values.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn double_secret(values: &SecretValues) -> Verdict {
    match values.get("key") {
        Some(key) if !key.expose_secret().trim().is_empty() => secret(values),
        _ => Verdict::Fail("it has no `key`: without it every calculation fails".to_owned()),
    }
}

fn empty(values: &SecretValues) -> impl Iterator<Item = &str> {
    let empty = values.iter().filter(|(_, value)| value.expose_secret().trim().is_empty());
    empty.map(|(name, _)| name.as_str())
}

/// The policy was read with the configuration; what is left to see is whether its requests reach anybody.
fn policy(Configuration { config, policy }: &Configuration) -> Verdict {
    let silent = policy.rules.values().filter(|rules| !reaches_somebody(rules, config));
    let silent: Vec<&str> = silent.map(|rules| rules.name.as_str()).collect();
    if silent.is_empty() {
        let version = policy.version().map(|number| format!("version {number}, ")).unwrap_or_default();
        return Verdict::Ok(format!(
            "{version}{}, {}",
            counted(policy.people.len(), "person", "people"),
            counted(policy.rules.len(), "policy", "policies"),
        ));
    }
    Verdict::Fail(format!(
        "requests under {} would reach nobody: give Slack a slack_channel and its secrets, Teams a teams_conversation and its secrets, or mail the parameter MailFrom and an approver's address",
        silent.join(", ")
    ))
}

fn reaches_somebody(rules: &Rules, config: &Config) -> bool {
    let by_slack = config.slack.is_some() && rules.conversation(Platform::Slack).is_some();
    let by_teams = config.teams.is_some() && rules.conversation(Platform::Teams).is_some();
    let by_mail = config.mail.is_some()
        && rules.email != EmailUse::Never
        && rules.approvers.iter().any(|person| person.email.is_some());
    by_slack || by_teams || by_mail
}

/// A request without a signature must reach the bot and be refused by it.
fn api(api: &Api, Configuration { config, .. }: &Configuration) -> Verdict {
    let refusal = if config.slack.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::NOT_FOUND };
    refused_by_the_bot(api, &config.links.public_url, refusal, "Slack")
}

/// The same where Slack says that somebody has opened the home of the app.
fn slack_events(api: &Api, Configuration { config, .. }: &Configuration) -> Verdict {
    endpoint(api, &format!("{}/slack/events", config.links.public_url), config.slack.is_some(), "Slack")
}

/// The same where Teams sends its activities.
fn teams_endpoint(api: &Api, Configuration { config, .. }: &Configuration) -> Verdict {
    endpoint(api, &format!("{}/teams/messages", config.links.public_url), config.teams.is_some(), "Teams")
}

/// An address of a platform, which an older stack may not have.
fn endpoint(api: &Api, url: &str, is_on: bool, platform: &str) -> Verdict {
    if api.status == StatusCode::NOT_FOUND && !is_on {
        return Verdict::Skipped(format!("{platform} is off, so {url} is closed"));
    }
    if api.status == StatusCode::NOT_FOUND && !api.is_empty {
        return Verdict::Fail(format!("the API has no {url}: deploy this version of the stack"));
    }
    let refusal = if is_on { StatusCode::UNAUTHORIZED } else { StatusCode::NOT_FOUND };
    refused_by_the_bot(api, url, refusal, platform)
}

fn refused_by_the_bot(api: &Api, url: &str, refusal: StatusCode, platform: &str) -> Verdict {
    if api.status == refusal && api.is_empty {
        return Verdict::Ok(format!("{url} answers, and refuses what is not signed"));
    }
    let cause = match api.status.as_u16() {
        500.. => "the function does not start or does not answer: its log group says why".to_owned(),
        401 | 404 if api.is_empty => format!(
            "it still runs with an older secret, {} {platform}: it reads it again within 15 minutes",
            if refusal == StatusCode::UNAUTHORIZED { "without" } else { "with" }
        ),
        429 => "it is throttled: raise ThrottlingRateLimit, or find out who calls it".to_owned(),
        _ => "the address leads elsewhere: compare the parameter PublicUrl with the stack's HttpApiEndpoint".to_owned(),
    };
    Verdict::Fail(format!("{url} answers a request that is not signed with {}, not {refusal}: {cause}", api.status))
}

fn slack(identity: &Identity, Configuration { policy, .. }: &Configuration) -> Verdict {
    let Identity { team, team_name, scopes, .. } = identity;
    let sends_copies = policy.rules.values().any(|rules| rules.calling.direct).then_some("im:write");
    let reads_groups = (!policy.live.groups.is_empty()).then_some(["usergroups:read", "users:read"]);
    let needed = NEEDED_SCOPES.into_iter().chain(sends_copies).chain(reads_groups.into_iter().flatten());
    let missing: Vec<&str> = needed.filter(|scope| !scopes.iter().any(|has| has == scope)).collect();
    if !missing.is_empty() {
        return Verdict::Fail(format!(
            "it lacks {}: update the app's manifest and install it again",
            missing.join(", ")
        ));
    }
    if !policy.let_in.has(Platform::Slack, team) {
        return Verdict::Fail(format!(
            "it is for {team_name} ({team}), which access.slack_teams of the policy does not list"
        ));
    }
    Verdict::Ok(format!("{team_name} ({team}), {}", scopes.join(", ")))
}

/// A line for each channel of the policy.
fn channels(facts: &Facts) -> Vec<Line> {
    match (&facts.channels, &facts.slack, &facts.configuration) {
        (Ok(postings), Ok(identity), Ok(Configuration { policy, .. })) => {
            let line = |(channel, posting): (&String, &Posting)| {
                Line::new(format!("Slack channel {channel}"), channel_verdict(channel, posting, identity, policy))
            };
            postings.iter().map(line).collect()
        }
        (Err(verdict), ..) | (_, Err(verdict), _) | (.., Err(verdict)) => {
            vec![Line::new("Slack channels", verdict.clone())]
        }
    }
}

fn channel_verdict(channel: &str, posting: &Posting, identity: &Identity, policy: &Policy) -> Verdict {
    let users = policy.rules.values().filter(|rules| rules.conversation(Platform::Slack) == Some(channel));
    let users = users.map(|rules| rules.name.as_str()).collect::<Vec<_>>().join(", ");
    let bot = &identity.bot_name;
    match posting {
        Posting::Taken => Verdict::Ok(format!("cards of {users} would be taken")),
        Posting::Left { at, why } => left(*at, why),
        Posting::Refused(why) => Verdict::Fail(match why.as_str() {
            "not_in_channel" => format!("the bot is not in it: say `/invite @{bot}` there"),
            "channel_not_found" => {
                format!(
                    "there is no such channel, or it is private and the bot is not in it: say `/invite @{bot}` there"
                )
            }
            "is_archived" => format!("it is archived: restore it, or give {users} another slack_channel"),
            why => format!("Slack would not take cards of {users}: {why}"),
        }),
    }
}

fn people(postings: &BTreeMap<String, Posting>, Configuration { policy, .. }: &Configuration) -> Verdict {
    let name = |id: &str| {
        let person =
            policy.people.values().find(|person| person.on(Platform::Slack).is_some_and(|slack| slack.id == id));
        person.map_or_else(|| id.to_owned(), |person| format!("{} ({id})", person.name))
    };
    let mut unknown = Vec::new();
    let mut unclear = Vec::new();
    for (id, posting) in postings {
        match posting {
            Posting::Taken => {}
            Posting::Left { at, why } => return left(*at, why),
            Posting::Refused(why) if UNKNOWN_PERSON.contains(&why.as_str()) => unknown.push(name(id)),
            Posting::Refused(why) => unclear.push(format!("{}: {why}", name(id))),
        }
    }
    if !unknown.is_empty() {
        return Verdict::Fail(format!(
            "the workspace does not know {}: correct their ids in the policy",
            unknown.join(", ")
        ));
    }
    if !unclear.is_empty() {
        return Verdict::Skipped(format!("Slack does not say whether it knows {}", unclear.join(", ")));
    }
    Verdict::Ok(format!("the workspace knows all {}", postings.len()))
}

fn left(at: Timestamp, why: &str) -> Verdict {
    Verdict::Fail(format!("a message that says to ignore it will be posted at {at}: it could not be deleted ({why})"))
}

fn mail(mail: &Mail, Configuration { config, policy }: &Configuration) -> Verdict {
    if !mail.may_send {
        return Verdict::Fail("SES has stopped all mail of this account: its console says why".to_owned());
    }
    let sender = config.mail.as_ref().map(|mail| mail.from.as_str()).unwrap_or_default();
    if mail.verified.get(sender) != Some(&true) {
        return Verdict::Fail(format!(
            "SES has not verified {sender}: follow the link that it has sent there, or add the records of the outputs to the domain's DNS"
        ));
    }
    if mail.is_in_production {
        return Verdict::Ok(format!("SES has verified {sender}, and is out of the sandbox"));
    }
    let unreached = policy
        .people
        .values()
        .filter(|person| person.email.as_ref().is_some_and(|address| mail.verified.get(address) != Some(&true)));
    let unreached: Vec<&str> = unreached.map(|person| person.name.as_str()).collect();
    if unreached.is_empty() {
        return Verdict::Ok(format!(
            "SES has verified {sender} and is in the sandbox, where everybody's address is verified; it sends 200 mails a day at most"
        ));
    }
    Verdict::Fail(format!(
        "SES is in the sandbox, so no mail reaches {}: ask for production access (`aws sesv2 put-account-details`), or verify their addresses",
        unreached.join(", ")
    ))
}

/// Signatures have a time, so the clocks must agree: Slack's and Lambda's for clicks, ours and AWS's for this machine.
fn clocks(api: &Fact<Api>, slack: &Fact<Identity>) -> Verdict {
    let aws = api.as_ref().ok().and_then(|api| api.ahead);
    let slack = slack.as_ref().ok().and_then(|identity| identity.ahead);
    let Some(aws) = aws else {
        return Verdict::Skipped("it needs an answer of the API".to_owned());
    };
    if aws.abs() > SKEW_MAX {
        return Verdict::Fail(format!("this machine's clock is {} s off: have it set by NTP", aws.as_secs()));
    }
    match slack {
        Some(slack) if (aws - slack).abs() > SKEW_MAX => Verdict::Fail(format!(
            "the clocks of AWS and Slack are {} s apart, and at 300 s clicks are refused: see status.slack.com and health.aws.amazon.com",
            (aws - slack).as_secs()
        )),
        Some(slack) => {
            Verdict::Ok(format!("AWS is {} s ahead of this machine, Slack {} s", aws.as_secs(), slack.as_secs()))
        }
        None => Verdict::Ok(format!("AWS is {} s ahead of this machine", aws.as_secs())),
    }
}
