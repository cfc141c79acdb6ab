//! Who is who: an id counts in its own workspace, four eyes hold for every spelling of a name, and a card says when
//! nobody of the policy has asked.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_playground::fakes::SlackUser;
use serde_json::{Value, json};

use crate::support::logs::Logs;
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, START, card_of, policy, shown, texts};

const ANOTHER_COMPANY: &str = "Your workspace or organization may not use this app.";
const UNLISTED: &str = "You are not listed in the policy of this app. Its administrator can add you.";

/// A world that lets these workspaces and organisations in, with everybody in one of them.
async fn world_of(teams: &[&str], home: &str) -> Harness {
    let access = format!("slack_teams = {teams:?}");
    let policy = policy(RULES).replace("slack_teams = [\"T0LOCAL\"]", &access);
    let bound = if teams.len() > 1 { policy.replace("slack = \"U", &format!("slack = \"{home}:U")) } else { policy };
    Harness::with_policy(&bound, |ports| ports).await
}

/// The same person's id in a workspace.
fn in_team(harness: &Harness, who: &str, team: &str) -> SlackUser {
    SlackUser { team_id: team.to_owned(), ..harness.user(who) }
}

/// Presses Approve with what Slack sends changed like this.
async fn press(harness: &Harness, user: &SlackUser, approval: &Approval, change: impl FnOnce(&mut Value)) {
    let (channel, ts) = card_of(approval);
    let mut payload = harness.world.slack.press_payload(user, &channel, &ts, "approve", None).unwrap();
    change(&mut payload);
    assert_eq!(harness.world.slack.press_raw(&payload).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_same_id_in_another_workspace_that_is_let_in_is_somebody_else() {
    let harness = world_of(&["T0LOCAL", "T0OTHER"], "T0LOCAL").await;
    let approval = harness.ask().await;
    let namesake = in_team(&harness, "grace", "T0OTHER");
    for own_workspace in [false, true] {
        press(&harness, &namesake, &approval, |payload| {
            if own_workspace {
                payload["team"]["id"] = json!("T0OTHER");
            }
        })
        .await;
    }
    assert_eq!(harness.whispers("grace"), [UNLISTED, UNLISTED]);
    let channel = harness.world.channel.clone();
    let command = harness.world.slack.command(&namesake, &channel, "/start", "1 2").await;
    assert_eq!(command.text.as_deref(), Some(UNLISTED));
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    press(&harness, &harness.user("grace"), &approval, |_| ()).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_form_of_somebody_from_another_workspace_starts_nothing() {
    let harness = world_of(&["T0LOCAL", "T0OTHER"], "T0LOCAL").await;
    let slack = &harness.world.slack;
    slack.command(&harness.user("ada"), "C1", "/start", "calculation").await;
    let namesake = in_team(&harness, "ada", "T0OTHER");
    slack.submit(&namesake, &[("x", "1"), ("y", "2")]).await.unwrap();
    assert_eq!(texts(&slack.open_view(&namesake.id).unwrap().view["blocks"]), [UNLISTED]);
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn an_organisation_that_is_let_in_lets_in_each_of_its_workspaces() {
    fn organisation() -> Value {
        json!({"id": "E0ORG", "name": "Org"})
    }
    let of_team = |payload: &mut Value| {
        payload["team"] = json!({"id": "T1", "domain": "one", "enterprise_id": "E0ORG"});
        payload["enterprise"] = organisation();
    };
    let org_wide = |payload: &mut Value| {
        payload["team"] = Value::Null;
        payload["enterprise"] = organisation();
        payload["is_enterprise_install"] = json!(true);
    };
    let named_in_team = |payload: &mut Value| {
        payload["team"] = json!({"id": "T1", "domain": "one", "enterprise_id": "E0ORG"});
    };
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 5] =
        [("T1", of_team), ("T1", org_wide), ("E0ORG", of_team), ("E0ORG", org_wide), ("T1", named_in_team)];
    for (own, change) in changes {
        let harness = world_of(&["E0ORG"], "E0ORG").await;
        let approval = harness.ask().await;
        press(&harness, &in_team(&harness, "grace", own), &approval, change).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

/// In a channel that is shared with another company, the payload names the company that has the app.
#[tokio::test]
async fn an_organisation_does_not_vouch_for_guests_from_other_companies() {
    let harness = world_of(&["E0ORG"], "E0ORG").await;
    let approval = harness.ask().await;
    for guest in ["T9", "E9"] {
        press(&harness, &in_team(&harness, "grace", guest), &approval, |payload| {
            payload["team"] = json!({"id": "T1", "domain": "one", "enterprise_id": "E0ORG"});
            payload["enterprise"] = json!({"id": "E0ORG", "name": "Org"});
        })
        .await;
    }
    assert_eq!(harness.whispers("grace"), [ANOTHER_COMPANY, ANOTHER_COMPANY]);
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

#[tokio::test]
async fn a_command_comes_from_its_workspace_or_its_organisation() {
    let harness = world_of(&["E0ORG"], "E0ORG").await;
    let start = async |team: &str| {
        let body = format!("command=%2Fstart&text=1+2&user_id=U0ADA&channel_id=C1&trigger_id=1.2&{team}");
        let mut request = axum::http::Request::post(format!("{}/slack/commands", harness.world.url));
        *request.headers_mut().unwrap() = harness.world.slack.signed_headers(body.as_bytes());
        harness.browser.send(request.body(body.into()).unwrap()).await.unwrap().body
    };
    for ours in ["team_id=T1&enterprise_id=E0ORG&is_enterprise_install=true", "team_id=E0ORG"] {
        assert!(start(ours).await.contains("Started:"), "{ours}");
    }
    for other in ["team_id=T1", "team_id=T1&enterprise_id=E9", "is_enterprise_install=false"] {
        assert!(start(other).await.contains(ANOTHER_COMPANY), "{other}");
    }
}

#[tokio::test]
async fn who_is_refused_for_their_workspace_is_logged_with_its_id() {
    let (logs, _guard) = Logs::catch();
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    press(&harness, &in_team(&harness, "grace", "T0FOREIGN"), &approval, |_| ()).await;
    let logged = logs.text();
    let refusals: Vec<&str> = logged.lines().filter(|line| line.contains("a Slack user was refused")).collect();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains("WARN") && refusals[0].contains("T0FOREIGN"), "{refusals:?}");
}

fn asked_by(name: Option<&str>, token: &str) -> Value {
    json!({
        "taskToken": token, "stateEnteredAt": START, "timeoutSeconds": 600,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
        "approval": { "policy": "calculation", "title": "By hand", "requestedBy": name },
    })
}

/// A world whose policy says nothing of requesters.
async fn four_eyes(rules: &str) -> Harness {
    let policy = policy(rules).replace("requester = \"optional\"", "");
    Harness::with_policy(&policy, |ports| ports).await
}

#[tokio::test]
async fn four_eyes_hold_however_the_requester_is_written() {
    let harness = four_eyes(RULES).await;
    let names = [
        "grace",
        "Grace Hopper",
        "  GRACE\u{a0} hopper ",
        "@grace",
        "U0GRACE",
        "<@U0GRACE>",
        "<@U0GRACE|ada>",
        "grace@example.com",
        "mailto:Grace@Example.com",
        "Grace Hopper <grace@example.com>",
        "C0117E45-1671-4000-8000-000000000002",
        "<at>Grace Hopper</at>",
    ];
    for (number, name) in names.into_iter().enumerate() {
        harness.pass_time(1);
        let answer = notify::notify(&harness.world.bot().app, asked_by(Some(name), &format!("token-{number}"))).await;
        harness.deliver().await;
        let id = answer.unwrap()["approvalId"].clone();
        let approval = harness.world.store.all().into_iter().find(|approval| json!(approval.id) == id).unwrap();
        harness.press("grace", &approval, "approve", None).await;
        let whispers = harness.whispers("grace");
        let last = whispers.last().unwrap();
        assert_eq!(last, "You asked for this yourself, so somebody else has to decide.", "{name}");
        assert_eq!((whispers.len(), harness.record(&approval.id).status()), (number + 1, Status::Pending), "{name}");
    }
}

#[tokio::test]
async fn a_request_whose_requester_is_not_known_is_refused() {
    let harness = four_eyes(RULES).await;
    let names = ["", "the night shift", "hopper", "Ada Lovelace <grace@example.com>", "G\u{200b}race Hopper"];
    for name in names.map(Some).into_iter().chain([None]) {
        let refused = notify::notify(&harness.world.bot().app, asked_by(name, "token")).await.unwrap_err();
        assert!(matches!(refused, notify::Error::InvalidApprovalRequest(_)), "{name:?}: {refused}");
        assert!(refused.to_string().contains("approval.requestedBy: "), "{name:?}: {refused}");
    }
    assert!(harness.world.store.all().is_empty());
}

#[tokio::test]
async fn every_place_says_that_nobody_of_the_policy_has_asked() {
    for (name, said) in [
        (None, "nobody of the policy"),
        (Some("the night shift"), "nobody of the policy; the workflow says “the night shift”"),
    ] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        notify::notify(&harness.world.bot().app, asked_by(name, "token")).await.unwrap();
        harness.deliver().await;
        let approval = harness.world.store.all().remove(0);
        assert!(shown(&harness.card(&approval)).contains(&format!("Requested by {said}")), "{said}");
        let in_teams = format!("{:?}", harness.teams_card(&approval));
        assert!(in_teams.contains("nobody of the policy"), "{in_teams}");
        let mail = harness.mails("grace").remove(0);
        assert!(mail.text.contains(&format!("Requested by: {said}")), "{}", mail.text);
        let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
        assert!(mail.html.contains("nobody of the policy"), "{}", mail.html);
        assert!(page.contains("nobody of the policy"), "{page}");
        let channel = harness.world.channel.clone();
        let show = format!("show {}", approval.id);
        let shown = harness.world.slack.command(&harness.user("grace"), &channel, "/approvals", &show).await;
        assert!(shown.text.unwrap().contains(&format!("Requested by {said}")), "{said}");
    }
}

#[tokio::test]
async fn a_name_that_is_perhaps_an_approvers_is_refused_where_requesters_may_not_decide() {
    let harness = Harness::start().await;
    let ask =
        async |name: &str, token: &str| notify::notify(&harness.world.bot().app, asked_by(Some(name), token)).await;
    let refused = ask("Hopper, Grace", "token-1").await.unwrap_err().to_string();
    assert!(refused.contains("approval.requestedBy: is nobody's name") && refused.contains("`grace`"), "{refused}");
    assert!(ask("the night shift", "token-2").await.is_ok());
    let may_decide = Harness::with_rules(&format!("{RULES}\nself_approval = true")).await;
    let taken = notify::notify(&may_decide.world.bot().app, asked_by(Some("Hopper, Grace"), "token-1")).await;
    assert!(taken.is_ok(), "{taken:?}");
}

#[tokio::test]
async fn a_state_machine_that_is_no_caller_of_the_policy_asks_nobody() {
    let callers = format!("{RULES}\ncallers = [\"arn:aws:states:*:*:stateMachine:release-*\"]");
    let harness = Harness::with_rules(&callers).await;
    let refused = notify::notify(&harness.world.bot().app, asked_by(Some("ada"), "token")).await.unwrap_err();
    assert!(refused.to_string().contains("executionArn: its state machine is not among the callers"), "{refused}");
    assert!(harness.world.store.all().is_empty() && harness.world.slack.messages("C0FINANCE").is_empty());
}

#[tokio::test]
async fn nothing_of_the_output_is_told_or_kept_that_the_policy_does_not_name() {
    for (shows, told) in [("", [false, false]), ("show_result = [\"result\"]", [true, false])] {
        let policy = policy(RULES_WITH_TEAMS).replace("show_result = [\"status\", \"result\"]", shows);
        let harness = Harness::with_policy(&policy, |ports| ports).await;
        let approval = harness.ask().await;
        harness.press("grace", &approval, "approve", None).await;
        let ended = harness.until("the result is told", |_| {
            let record = harness.record(&approval.id);
            record.execution_end.clone().filter(|_| !record.is_unfinished())
        });
        let kept = ended.await.output.unwrap_or_default();
        for thread in [harness.thread(&approval), harness.teams_thread(&approval)] {
            let note = thread.last().unwrap();
            assert!(note.contains("The workflow has ended: ") && note.contains("SUCCEEDED"), "{note}");
            for (text, is_told) in ["494", "approved"].into_iter().zip(told) {
                assert_eq!((note.contains(text), kept.contains(text)), (is_told, is_told), "{text}: {note} {kept}");
            }
        }
        assert!(!kept.contains("approvalId"), "{kept}");
    }
}
