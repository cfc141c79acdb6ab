//! The task token leaves the backend nowhere: not in a log line, a message, a mail, an event, a page or an error.

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::Fault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};

use crate::support::logs::Logs;
use crate::support::{Harness, RULES_WITH_TEAMS};

const COMMENT: &str = "as agreed with the auditors";

#[tokio::test]
async fn a_full_run_with_failures_shows_the_token_nowhere() {
    let (logs, _guard) = Logs::catch();
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let mut pages = vec![harness.browser.get(&link).await.unwrap().body];
    harness.world.slack.fail_next("chat.postEphemeral", Fault::Status(500));
    harness.press("linus", &approval, "approve", None).await;
    harness.press_in_teams("linus", &approval, "approve", &[("comment", COMMENT)]).await;
    harness.world.teams.fail_next(Operation::Update, TeamsFault::Status(500));
    let bearer = format!("Bearer {}", harness.world.teams.token().mint());
    harness.world.slack.fail_next("chat.update", Fault::NotOk("internal_error".to_owned()));
    harness.press("grace", &approval, "approve", Some(COMMENT)).await;
    harness.deliver().await;
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    let ended = harness.ended().await;
    pages.push(harness.post(&link, "reject", "late").await.body);
    let bot = harness.world.bot();
    let refused = countersign_bot::flow::notify::notify(
        &bot.app,
        serde_json::json!({
            "taskToken": approval.token.expose(), "executionArn": "x", "stateEnteredAt": "x", "timeoutSeconds": 1,
            "approval": {}
        }),
    );
    let error = refused.await.unwrap_err();

    let mails: Vec<_> = harness.world.mailbox.mails().into_iter().map(|mail| mail.raw).collect();
    let history = serde_json::to_string(&harness.world.engine.history(&ended.execution_arn)).unwrap();
    let everything = [
        ("the log", logs.text()),
        ("Slack", format!("{:?}", harness.world.slack.calls())),
        ("Teams", format!("{:?} {:?}", harness.world.teams.calls(), harness.world.teams.notices())),
        ("mail", mails.iter().map(|raw| String::from_utf8_lossy(raw)).collect()),
        ("events", format!("{:?}", harness.world.bus.carried())),
        ("pages", pages.concat()),
        ("the output", ended.output.unwrap().to_string()),
        ("the history", history),
        ("debug prints", format!("{approval:?} {:?}", harness.world.store.all())),
        ("an error", format!("{error} {error:?}")),
    ];
    let token = approval.token.expose();
    for (place, text) in everything {
        assert!(text.len() > 10, "{place} holds something");
        // A piece of the token gives it away as well as the whole, and all tokens of the engine begin alike.
        for piece in [token, &token[..8], &token[token.len() - 40..]] {
            assert!(!text.contains(piece), "the task token is in {place}");
        }
    }
    let log = logs.text();
    assert!(log.contains(approval.id.as_str()), "the log of this run has been caught");
    let k = link.split("?k=").nth(1).unwrap();
    for secret in [k, "grace@example.com", "xoxb-", "v0=", COMMENT, &bearer[..20], "entra-"] {
        let ours = log.lines().filter(|line| line.contains("countersign_bot"));
        assert!(!ours.clone().any(|line| line.contains(secret)), "our log has {secret}");
    }
}
