//! The token of the Bot Framework: each case through the router, with a token of its own.

use countersign_playground::fakes::teams::{Fault, Operation, Signer, Token};
use serde_json::{Value, json};

use super::CHANNEL;
use crate::support::{Harness, RULES_WITH_TEAMS};

/// A verifier that trusted its own clock alone would refuse what was signed a moment ago; one that trusted none would
/// take tokens for ever.
const SKEW: i64 = 300;

/// Ada says `help` with this token. What is refused is refused without a word.
async fn status(harness: &Harness, authorization: Option<&str>, change: impl FnOnce(&mut Value)) -> u16 {
    let teams = &harness.world.teams;
    let mut activity = teams.message_payload(&harness.teams_user("ada"), CHANNEL, "help");
    change(&mut activity);
    let reply = teams.send(authorization, activity.to_string().into_bytes()).await.unwrap();
    if reply.status != 200 {
        assert_eq!(reply.body, "");
    }
    reply.status
}

async fn with_token(harness: &Harness, token: Token) -> u16 {
    status(harness, Some(&format!("Bearer {}", token.mint())), |_| {}).await
}

#[tokio::test]
async fn only_the_right_token_is_taken_and_no_wrong_one_makes_us_fetch_keys() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let token = || teams.token();
    assert_eq!(with_token(&harness, token()).await, 200);
    let fetches = teams.key_fetches();
    let now = harness.now().as_second();
    let cases: [(&str, Token); 20] = [
        ("alg none", token().signed_by(Signer::Nobody)),
        ("alg none in capitals", token().signed_by(Signer::Nobody).header("alg", "NONE")),
        ("HS256 with the public key as the secret", token().signed_by(Signer::PublicKeyAsSecret)),
        ("RS512", token().header("alg", "RS512")),
        ("unknown kid", token().header("kid", "who-is-this")),
        ("no kid", token().without_header("kid")),
        ("a critical extension", token().header("crit", json!(["b64"]))),
        ("wrong iss", token().claim("iss", "https://sts.windows.net/c0117e45-1671-4000-8000-0000000000a0/")),
        ("no iss", token().without_claim("iss")),
        ("wrong aud", token().claim("aud", "00000000-0000-4000-8000-000000000000")),
        ("no aud", token().without_claim("aud")),
        ("several aud", token().claim("aud", json!(["a", "b"]))),
        ("expired", token().claim("exp", now - SKEW)),
        ("no exp", token().without_claim("exp")),
        ("not yet valid", token().claim("nbf", now + SKEW + 1)),
        ("missing serviceurl", token().without_claim("serviceurl")),
        ("other serviceurl", token().claim("serviceurl", "https://smba.trafficmanager.net/teams/")),
        ("a key that endorses another channel", token().signed_by(Signer::OtherChannel)),
        ("a key without endorsement", token().signed_by(Signer::Unendorsed)),
        ("the signature of another key", token().signed_by(Signer::Foreign)),
    ];
    for (case, token) in cases {
        assert_eq!(with_token(&harness, token).await, 401, "{case}");
    }
    assert_eq!(with_token(&harness, token().claim("exp", now - SKEW + 1)).await, 200, "clocks differ");
    assert_eq!(with_token(&harness, token().claim("nbf", now + SKEW)).await, 200, "clocks differ");
    assert_eq!(teams.key_fetches(), fetches, "nobody but the clock makes us fetch");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let good = harness.world.teams.token().mint();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("a token has three parts") };
    assert_eq!(status(&harness, None, |_| {}).await, 401, "missing");
    let cases = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        good.clone(),
        format!("Basic {good}"),
        "Bearer not-a-token".to_owned(),
        format!("Bearer {header}.{claims}"),
        format!("Bearer {header}.{claims}."),
        format!("Bearer {header}.{claims}.{signature}.{signature}"),
        format!("Bearer {header}.{claims}.{signature}x"),
        format!("Bearer {header}.{header}.{signature}"),
        format!("Bearer {}", "a.".repeat(10_000)),
    ];
    for authorization in cases {
        let shown: String = authorization.chars().take(60).collect();
        assert_eq!(status(&harness, Some(&authorization), |_| {}).await, 401, "{shown}");
    }
}

/// The token vouches for the sender; the rest of the activity has to fit to it.
#[tokio::test]
async fn an_activity_that_the_token_does_not_vouch_for_is_refused() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let bearer = format!("Bearer {}", teams.token().mint());
    let tenant = "11111111-2222-4333-8444-555555555555";
    let other_tenant = |activity: &mut Value| activity["channelData"]["tenant"]["id"] = json!(tenant);
    assert_eq!(status(&harness, Some(&bearer), other_tenant).await, 401, "other tenant");
    let other_channel = |activity: &mut Value| activity["channelId"] = json!("webchat");
    assert_eq!(status(&harness, Some(&bearer), other_channel).await, 401, "other channel");
    let elsewhere = |activity: &mut Value| activity["serviceUrl"] = json!("https://evil.example/teams/");
    assert_eq!(status(&harness, Some(&bearer), elsewhere).await, 401, "the claim names another address");
    let forged = teams.token().claim("serviceurl", "https://evil.example/teams/").mint();
    let calls = teams.calls().len();
    assert_eq!(status(&harness, Some(&format!("Bearer {forged}")), elsewhere).await, 401, "not on the allow-list");
    assert_eq!(teams.calls().len(), calls, "and nobody got our token");
    let slash = |activity: &mut Value| activity["serviceUrl"] = json!(teams.service_url().trim_end_matches('/'));
    assert_eq!(status(&harness, Some(&bearer), slash).await, 200, "a slash at the end is no difference");
}

#[tokio::test]
async fn a_key_that_is_rotated_is_fetched_when_the_throttle_allows() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let old = teams.token();
    assert_eq!(with_token(&harness, old.clone()).await, 200);
    let fetches = teams.key_fetches();
    teams.rotate_key();
    for _ in 0..5 {
        assert_eq!(with_token(&harness, teams.token()).await, 401, "it was fetched a moment ago");
    }
    assert_eq!(teams.key_fetches(), fetches);
    harness.pass_time(301);
    assert_eq!(with_token(&harness, teams.token()).await, 200);
    let fetched = teams.key_fetches();
    assert!(fetched > fetches);
    assert_eq!(with_token(&harness, old).await, 401, "the old key is no longer published");
    assert_eq!(teams.key_fetches(), fetched);
}

#[tokio::test]
async fn without_any_key_nothing_can_be_verified_and_teams_may_ask_again() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    teams.fail_always(Operation::Keys, Some(Fault::Status(500)));
    assert_eq!(with_token(&harness, teams.token()).await, 503);
    teams.recover();
    harness.pass_time(60);
    assert_eq!(with_token(&harness, teams.token()).await, 200);
    teams.fail_always(Operation::Keys, Some(Fault::Status(500)));
    harness.pass_time(2 * 24 * 60 * 60);
    assert_eq!(with_token(&harness, teams.token()).await, 200, "known keys serve until there are newer ones");
}
