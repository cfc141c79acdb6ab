//! Deployments with one thing wrong each, and what the doctor says of them.

mod deployment;
mod teams;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use self::deployment::{Deployment, LINK_KEY, POLICY, SIGNING_SECRET, TOKEN, now};
use super::line::Verdict;

/// The report on a deployment in which something was changed.
async fn report(change: impl FnOnce(&mut Deployment)) -> Vec<String> {
    let mut deployment = Deployment::default();
    change(&mut deployment);
    let lines = deployment.lines().await;
    for line in &lines {
        let text = line.to_string();
        assert!(!text.contains('\n'), "one line a check: {text}");
        for secret in [TOKEN, SIGNING_SECRET, LINK_KEY, "hidden"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(line.is_failure(), matches!(line.verdict, Verdict::Fail(_)));
    }
    lines.iter().map(ToString::to_string).collect()
}

/// The lines on what would fail.
async fn failures(change: impl FnOnce(&mut Deployment)) -> Vec<String> {
    report(change).await.into_iter().filter(|line| line.starts_with("FAIL")).collect()
}

/// Expects that one check fails, with these words.
async fn expect_failure(name: &str, words: &str, change: impl FnOnce(&mut Deployment)) {
    let failures = failures(change).await;
    let [failure] = failures.as_slice() else {
        panic!("one failure was expected, {name}: {words}\n{failures:#?}");
    };
    assert!(failure["FAIL     ".len()..].starts_with(name) && failure.contains(words), "{name}: {words}\n{failure}");
}

#[tokio::test]
async fn all_is_well() {
    let report = report(|_| {}).await;
    let (last, rest) = report.split_last().unwrap();
    assert!(last.starts_with("ok       clocks                   AWS is "), "{last}");
    let api = &rest[6];
    assert!(api.starts_with("ok       API                      http://127.0.0.1:"), "{api}");
    assert!(api.ends_with(" answers, and refuses what is not signed"), "{api}");
    let home = &rest[7];
    assert!(home.starts_with("ok       Slack home               http://127.0.0.1:"), "{home}");
    assert!(home.ends_with("/slack/events answers, and refuses what is not signed"), "{home}");
    let teams_endpoint = &rest[12];
    assert!(
        teams_endpoint.starts_with("skipped  Teams endpoint           Teams is off, so http://"),
        "{teams_endpoint}"
    );
    assert_eq!(
        [&rest[..6], &rest[8..12], &rest[13..]].concat(),
        [
            concat!("ok       stack                    UPDATE_COMPLETE, version ", env!("CARGO_PKG_VERSION")),
            "ok       function                 webhook can be looked at",
            "ok       secret                   link_key, slack_bot_token, slack_signing_secret",
            "ok       secret of double         key",
            "ok       configuration            the functions start with the environment, the secret and the policy that they have",
            "ok       policy                   version 1, 2 people, 1 policy",
            "ok       Slack token              Engines (T0123), commands, chat:write",
            "ok       Slack channel C0789      cards of calculation would be taken",
            "ok       people in Slack          the workspace knows all 2",
            "skipped  Teams login              Teams is off: no policy has a teams_conversation",
            "skipped  Teams conversations      Teams is off: no policy has a teams_conversation",
            "skipped  people in Teams          Teams is off: no policy has a teams_conversation",
            "ok       mail                     SES has verified bot@example.com, and is out of the sandbox",
        ]
    );
}

#[tokio::test]
async fn without_aws_there_is_one_failure() {
    let lines = report(|deployment| deployment.aws_answers = false).await;
    assert!(lines[0].starts_with("FAIL     stack"), "{}", lines[0]);
    assert!(lines[0].contains("DescribeStacks: dispatch failure"), "{}", lines[0]);
    assert!(lines[1..].iter().all(|line| line.starts_with("skipped ")), "{lines:#?}");
}

#[tokio::test]
async fn another_version_than_that_of_the_program_is_said() {
    for (version, words) in [(Some("0.0.9"), "version 0.0.9"), (None, "version before 0.1.0")] {
        let lines = report(|deployment| {
            deployment.outputs.remove("Version");
            deployment.outputs.extend(version.map(|version| ("Version", version)));
        })
        .await;
        assert!(lines[0].starts_with("warn     stack") && lines[0].contains(words), "{}", lines[0]);
    }
}

#[tokio::test]
async fn the_stack_and_its_functions() {
    expect_failure("stack", "UPDATE_ROLLBACK_FAILED", |it| it.stack_status = "UPDATE_ROLLBACK_FAILED").await;
    expect_failure("configuration", "COUNTERSIGN_TABLE is missing", |it| {
        it.environment.remove("COUNTERSIGN_TABLE");
    })
    .await;
    let unusable = "version 1 of the policy cannot be used as it is: line ";
    expect_failure("configuration", unusable, |it| it.policy.push_str("[policies.none]\n")).await;
    expect_failure("configuration", "starts the state machine `calculation`, which is not known here", |it| {
        it.environment.remove("COUNTERSIGN_STATE_MACHINES");
    })
    .await;
    expect_failure("configuration", "no policy is in force: nobody has pushed one yet", |it| it.policy.clear()).await;
}

#[tokio::test]
async fn the_secrets() {
    expect_failure("secret of double", "it has no `key`", |it| it.double_secret = json!({})).await;
    expect_failure("secret of double", "it has no `key`", |it| it.double_secret = json!({ "key": " " })).await;
    let without_workflow = report(|it| {
        it.outputs.remove("DoubleSecretId");
    });
    assert_eq!(
        without_workflow.await[3],
        "skipped  secret of double         the stack is without the reference workflow"
    );
    expect_failure("secret", "is not a JSON object of texts", |it| it.secret = json!({ "link_key": 7 })).await;
    let empty = failures(|it| it.secret["slack_bot_token"] = json!("")).await;
    assert!(empty[0].contains("slack_bot_token is empty: fill it"), "{empty:#?}");
    assert!(empty[1].contains("COUNTERSIGN_SLACK_BOT_TOKEN is set and empty"), "{empty:#?}");
    assert_eq!(empty.len(), 2, "{empty:#?}");
    let missing = failures(|it| {
        it.environment.insert("COUNTERSIGN_SECRET_ID", "gone".to_owned());
    });
    assert!(missing.await[0].contains("(ResourceNotFoundException)"));
    expect_failure("secret", "COUNTERSIGN_SECRET_ID is missing", |it| {
        it.environment.remove("COUNTERSIGN_SECRET_ID");
    })
    .await;
}

#[tokio::test]
async fn the_api() {
    let down = (StatusCode::INTERNAL_SERVER_ERROR, "{\"message\":\"Internal Server Error\"}");
    expect_failure("API", "the function does not start", |it| it.world.api = down).await;
    let elsewhere = (StatusCode::NOT_FOUND, "{\"message\":\"Not Found\"}");
    expect_failure("API", "the address leads elsewhere", |it| it.world.api = elsewhere).await;
    expect_failure("API", "the address leads elsewhere", |it| it.world.api = (StatusCode::OK, "")).await;
    let stale = (StatusCode::NOT_FOUND, "");
    expect_failure("API", "it still runs with an older secret", |it| it.world.api = stale).await;
    let throttled = (StatusCode::TOO_MANY_REQUESTS, "{\"message\":\"Too Many Requests\"}");
    expect_failure("API", "raise ThrottlingRateLimit", |it| it.world.api = throttled).await;
    expect_failure("API", "http://127.0.0.1:1/slack/interactions: the connection failed", |it| {
        it.environment.insert("COUNTERSIGN_PUBLIC_URL", "http://127.0.0.1:1".to_owned());
    })
    .await;
}

#[tokio::test]
async fn the_address_of_slacks_events() {
    let older_stack = (StatusCode::NOT_FOUND, "{\"message\":\"Not Found\"}");
    expect_failure("Slack home", "deploy this version of the stack", |it| it.world.slack_events = older_stack).await;
    let stale = (StatusCode::NOT_FOUND, "");
    expect_failure("Slack home", "an older secret, without Slack", |it| it.world.slack_events = stale).await;
}

#[tokio::test]
async fn the_slack_token() {
    let refused = json!({ "ok": false, "error": "invalid_auth" });
    expect_failure("Slack token", "auth.test: invalid_auth", |it| it.world.identity = refused).await;
    expect_failure("Slack token", "it lacks chat:write", |it| it.world.scopes = "commands").await;
    expect_failure("Slack token", "access.slack_teams", |it| it.world.identity["team_id"] = json!("T9999")).await;
}

#[tokio::test]
async fn the_channels_and_the_people() {
    for (word, words) in [
        ("not_in_channel", "/invite @countersign"),
        ("channel_not_found", "/invite @countersign"),
        ("is_archived", "give calculation another slack_channel"),
        ("restricted_action", "restricted_action"),
    ] {
        expect_failure("Slack channel C0789", words, |it| {
            it.world.refused.insert("C0789", word);
        })
        .await;
    }
    expect_failure("people in Slack", "Grace Hopper (U0789)", |it| {
        it.world.refused.insert("U0789", "user_not_found");
    })
    .await;
    let unclear = report(|it| {
        it.world.refused.insert("U0789", "messages_tab_disabled");
    });
    let unclear = unclear.await.into_iter().find(|line| line.contains("people in Slack")).unwrap();
    assert!(unclear.starts_with("skipped") && unclear.contains("messages_tab_disabled"), "{unclear}");
}

#[tokio::test]
async fn a_probe_that_stays_is_told() {
    let left = failures(|it| it.world.deletes = false).await;
    assert_eq!(left.len(), 2, "{left:#?}");
    assert!(left.iter().all(|line| line.contains("could not be deleted (internal_error)")), "{left:#?}");
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    assert_eq!(failures(|it| it.world.rate_limited = 1).await, [""; 0]);
}

#[tokio::test]
async fn mail() {
    expect_failure("mail", "has not verified bot@example.com", |it| it.verified.clear()).await;
    assert_eq!(failures(|it| it.verified = vec!["example.com"]).await, [""; 0], "the domain is enough");
    expect_failure("mail", "SES has stopped all mail", |it| it.mail["SendingEnabled"] = json!(false)).await;
    expect_failure("mail", "in the sandbox, so no mail reaches Ada Lovelace", |it| {
        it.mail["ProductionAccessEnabled"] = json!(false);
    })
    .await;
    let everybody = report(|it| {
        it.mail["ProductionAccessEnabled"] = json!(false);
        it.verified.push("ada@example.com");
    });
    assert!(everybody.await.iter().any(|line| line.starts_with("ok       mail") && line.contains("200 mails a day")));
}

#[tokio::test]
async fn a_platform_that_nobody_asks_for_may_be_off() {
    let without_slack = |it: &mut Deployment| {
        it.secret = json!({ "link_key": LINK_KEY });
        it.world.api = (StatusCode::NOT_FOUND, "");
        it.world.slack_events = (StatusCode::NOT_FOUND, "");
    };
    expect_failure("Slack token", "the policy calculation has a slack_channel", without_slack).await;
    let lines = report(|it| {
        without_slack(it);
        it.policy = POLICY.replace("slack_channel = \"C0789\"", "");
    });
    let lines = lines.await;
    assert!(
        lines.contains(&"skipped  Slack token              Slack is off: no policy has a slack_channel".to_owned())
    );
    assert!(!lines.iter().any(|line| line.starts_with("FAIL")), "{lines:#?}");
    let lines = report(|it| {
        it.environment.remove("COUNTERSIGN_MAIL_FROM");
    });
    let lines = lines.await;
    assert!(
        lines.contains(
            &"skipped  mail                     mail is off: the parameter MailFrom is empty, so nobody is asked by mail under calculation"
                .to_owned()
        )
    );
    assert!(!lines.iter().any(|line| line.starts_with("FAIL")), "{lines:#?}");
}

#[tokio::test]
async fn a_policy_that_reaches_nobody() {
    expect_failure("policy", "requests under calculation would reach nobody", |it| {
        it.policy = POLICY.replace("slack_channel = \"C0789\"", "email = \"never\"");
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_wrong() {
    fn late() -> Timestamp {
        now() - SignedDuration::from_mins(2)
    }
    let failure = failures(|it| it.clock = late).await;
    assert!(failure[0].starts_with("FAIL     clocks") && failure[0].contains("have it set by NTP"), "{failure:#?}");
}
