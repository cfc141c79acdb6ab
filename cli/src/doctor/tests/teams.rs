//! Deployments with one thing wrong about Teams each.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::deployment::{ADA_IN_TEAMS, Deployment, GRACE_IN_TEAMS, TENANT};
use super::{expect_failure, failures, report};

/// Expects that one check fails of a deployment that has Teams.
async fn expect_with_teams(name: &str, words: &str, change: impl FnOnce(&mut Deployment)) {
    expect_failure(name, words, |it| {
        it.add_teams();
        change(it);
    })
    .await;
}

/// The line of a check on a deployment that has Teams.
async fn line(name: &str, change: impl FnOnce(&mut Deployment)) -> String {
    let lines = report(|it| {
        it.add_teams();
        change(it);
    });
    lines.await.into_iter().find(|line| line["skipped  ".len()..].starts_with(name)).unwrap()
}

fn refused(code: u64) -> (StatusCode, Value) {
    let description = format!("AADSTS{code}: hidden. Trace ID: hidden");
    let answer = json!({ "error": "invalid_client", "error_description": description, "error_codes": [code] });
    (StatusCode::UNAUTHORIZED, answer)
}

#[tokio::test]
async fn all_is_well() {
    let report = report(Deployment::add_teams).await;
    assert!(report.iter().all(|line| line.starts_with("ok ")), "{report:#?}");
    let about = |name: &str| report.iter().find(|line| line["ok       ".len()..].starts_with(name)).unwrap();
    assert!(about("Teams login").ends_with("gives the app 3f2504e0-4f89-41d3-9a0c-0305e82c3301 a token"));
    assert!(about("Teams endpoint").ends_with("/teams/messages answers, and refuses what is not signed"));
    let conversation = about("Teams conversation 19:finance@thread.tacv2");
    assert!(conversation.ends_with("the bot is in it, and would post the cards of calculation"), "{conversation}");
    assert!(about("people in Teams").ends_with("all approvers are in the conversations of their policies"));
}

#[tokio::test]
async fn the_login() {
    for (code, words) in [
        (7_000_215, "AADSTS7000215: teams_app_password is no secret of the app"),
        (7_000_222, "AADSTS7000222: teams_app_password has expired"),
        (700_016, "has no app 3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        (90_002, "AADSTS90002: there is no tenant 5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a"),
        (7_000_112, "https://login.microsoftonline.com/error?code=7000112"),
    ] {
        expect_with_teams("Teams login", words, |it| it.world.login = refused(code)).await;
    }
    let silent = (StatusCode::BAD_GATEWAY, json!("hidden"));
    expect_with_teams("Teams login", "answers 502 Bad Gateway and does not say why", |it| it.world.login = silent)
        .await;
    let odd = (StatusCode::OK, json!({}));
    expect_with_teams("Teams login", "the login gave no token", |it| it.world.login = odd).await;
}

#[tokio::test]
async fn the_ids_of_the_secret() {
    expect_with_teams("Teams login", "teams_app_id of the secret is no GUID", |it| {
        it.secret["teams_app_id"] = json!("countersign");
    })
    .await;
    expect_with_teams("Teams login", "teams_tenant of the secret is no GUID", |it| {
        it.secret["teams_tenant"] = json!("contoso.onmicrosoft.com");
    })
    .await;
    expect_with_teams("Teams login", "access.teams_tenants of the policy does not list", |it| {
        it.policy = it.policy.replace(TENANT, "00000000-0000-0000-0000-000000000001");
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_wants_teams_needs_its_secrets() {
    expect_with_teams("Teams login", "add teams_app_id, teams_app_password, teams_tenant to it", |it| {
        it.world.teams_api = (StatusCode::NOT_FOUND, "");
        let values = it.secret.as_object_mut().unwrap();
        values.retain(|key, _| !key.starts_with("teams_"));
    })
    .await;
    expect_with_teams("configuration", "COUNTERSIGN_TEAMS_TENANT is missing", |it| {
        it.secret.as_object_mut().unwrap().remove("teams_tenant");
    })
    .await;
}

#[tokio::test]
async fn the_endpoint() {
    let stale = (StatusCode::NOT_FOUND, "");
    expect_with_teams("Teams endpoint", "an older secret, without Teams", |it| it.world.teams_api = stale).await;
    let older_stack = (StatusCode::NOT_FOUND, "{\"message\":\"Not Found\"}");
    expect_with_teams("Teams endpoint", "deploy this version of the stack", |it| it.world.teams_api = older_stack)
        .await;
    let down = (StatusCode::INTERNAL_SERVER_ERROR, "");
    expect_with_teams("Teams endpoint", "the function does not start", |it| it.world.teams_api = down).await;
    expect_failure("Teams endpoint", "an older secret, with Teams", |it| {
        it.world.teams_api = (StatusCode::UNAUTHORIZED, "");
    })
    .await;
}

#[tokio::test]
async fn the_conversation() {
    for (word, words) in [
        ("BotNotInConversationRoster", "add Countersign to the team or the chat"),
        ("BotDisabledByAdmin", "allow it in the Teams admin center"),
        ("BotNotRegistered", "switch on the channel Microsoft Teams"),
    ] {
        expect_with_teams("Teams conversation 19:finance@thread.tacv2", words, |it| {
            it.world.not_members = [ADA_IN_TEAMS, GRACE_IN_TEAMS].map(|id| (id, (StatusCode::FORBIDDEN, word))).into();
        })
        .await;
    }
    let unclear = line("Teams conversation", |it| {
        it.world.not_members.insert(ADA_IN_TEAMS, (StatusCode::BAD_GATEWAY, "ServiceError"));
    });
    let unclear = unclear.await;
    assert!(unclear.starts_with("skipped") && unclear.ends_with("whether the bot is in it: ServiceError"), "{unclear}");
}

#[tokio::test]
async fn people_who_cannot_decide_in_teams_are_named() {
    let stranger = line("people in Teams", |it| {
        it.world.not_members.insert(GRACE_IN_TEAMS, (StatusCode::NOT_FOUND, "MemberNotFoundInConversation"));
    });
    let stranger = stranger.await;
    assert!(stranger.starts_with("warn "), "{stranger}");
    assert!(stranger.ends_with("Grace Hopper (calculation) is not in it, or has another id"), "{stranger}");
    let without = line("people in Teams", |it| {
        it.policy = it.policy.replace(&format!("teams = \"{ADA_IN_TEAMS}\""), "");
    });
    let without = without.await;
    assert!(without.starts_with("warn "), "{without}");
    assert!(without.ends_with("Ada Lovelace (calculation) has no `teams` in the policy"), "{without}");
}

#[tokio::test]
async fn a_conversation_without_approvers_is_told() {
    expect_with_teams(
        "Teams conversation 19:finance@thread.tacv2",
        "no approver of calculation has an object id",
        |it| {
            for id in [ADA_IN_TEAMS, GRACE_IN_TEAMS] {
                it.policy = it.policy.replace(&format!("teams = \"{id}\""), "");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn teams_alone_reaches_somebody() {
    let failures = failures(|it| {
        it.add_teams();
        it.policy = it.policy.replace("slack_channel = \"C0789\"", "email = \"never\"");
    });
    assert_eq!(failures.await, [""; 0]);
}
