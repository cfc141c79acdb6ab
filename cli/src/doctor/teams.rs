//! What Microsoft says of the bot: whether it gets a token, and who is in the conversations of the policy.

use std::collections::{BTreeMap, BTreeSet};

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;
use countersign_bot::ports::SecretValues;
use secrecy::SecretString;

use super::line::Verdict;
use super::sources::{Configuration, Fact, Sources, after};
use crate::vendors::teams::{KEYS, Membership, Settings, Teams};

/// What Teams says of the people who are asked in a conversation, by their object ids.
pub(crate) type Members = BTreeMap<String, Membership>;

/// The app that Microsoft gives a token, and who is in the conversations of the policy.
pub(crate) async fn gather(
    secret: &Fact<SecretValues>,
    configuration: &Fact<Configuration>,
    Sources { web, teams_login_url, teams_service_url, .. }: &Sources,
) -> (Fact<Settings>, Fact<BTreeMap<String, Members>>) {
    let needs_token = || after("an app that gets a token");
    let (settings, policy) = match settings(secret, configuration) {
        Ok(found) => found,
        Err(off @ Verdict::Skipped(_)) => return (Err(off.clone()), Err(off)),
        Err(verdict) => return (Err(verdict), Err(needs_token())),
    };
    let teams = Teams::new(web, teams_login_url.as_deref(), teams_service_url.as_deref());
    match teams.token(&settings).await {
        Ok(token) => (Ok(settings), Ok(conversations(&teams, policy, &token).await)),
        Err(why) => (Err(Verdict::Fail(why)), Err(needs_token())),
    }
}

/// What the secret says of the app, and the policy that is to be served. The reader of the configuration has refused a
/// secret with a part of it.
fn settings<'a>(secret: &Fact<SecretValues>, configuration: &'a Fact<Configuration>) -> Fact<(Settings, &'a Policy)> {
    let Configuration { policy, .. } = configuration.as_ref().map_err(|_| after("the configuration"))?;
    let secret = secret.as_ref().map_err(|_| after("the secret"))?;
    if let Some(settings) = Settings::read(secret) {
        return Ok((settings, policy));
    }
    let wants_teams = policy.rules.values().find(|rules| rules.conversation(Platform::Teams).is_some());
    Err(match wants_teams {
        Some(rules) => Verdict::Fail(format!(
            "the policy {} has a teams_conversation, and the secret nothing of the app: add {} to it with \
             `countersign teams`",
            rules.name,
            KEYS.join(", ")
        )),
        None => Verdict::Skipped("Teams is off: no policy has a teams_conversation".to_owned()),
    })
}

/// Who is in the conversations of the policy, of those who may decide there.
async fn conversations(teams: &Teams<'_>, policy: &Policy, token: &SecretString) -> BTreeMap<String, Members> {
    let mut conversations = BTreeMap::new();
    for (conversation, people) in asked(policy) {
        let mut members = Members::new();
        for person in people {
            let membership = teams.membership(&conversation, &person, token).await;
            members.insert(person, membership);
        }
        conversations.insert(conversation, members);
    }
    conversations
}

/// The people who may decide in each conversation, as far as the policy has their object ids.
fn asked(policy: &Policy) -> BTreeMap<String, BTreeSet<String>> {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rules in policy.rules.values() {
        let Some(conversation) = rules.conversation(Platform::Teams) else { continue };
        let people = rules.approvers.iter().filter_map(|person| Some(person.on(Platform::Teams)?.id.clone()));
        asked.entry(conversation.to_owned()).or_default().extend(people);
    }
    asked
}
