//! Seats of a quorum, as everybody sees them: who fills which, what is open, and who can fill none that is.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use serde_json::{Value, json};

use crate::support::{Harness, START, shown, texts};

/// Linus on one seat, Ada or Grace on the other.
const SEATS: &str = "seats = [{ from = [\"linus\"] }, { from = [\"finance\"] }]\nslack_channel = \"C0FINANCE\"\n\
     teams_conversation = \"19:finance@thread.tacv2\"\nself_approval = true";

fn request(requested_by: &str) -> Value {
    json!({"policy": "calculation", "title": "Deploy", "requestedBy": requested_by})
}

async fn show(harness: &Harness, who: &str, approval: &Approval) -> String {
    let show = format!("show {}", approval.id);
    let answer = harness.world.slack.command(&harness.user(who), &harness.world.channel, "/approvals", &show).await;
    texts(&answer.blocks).concat()
}

#[tokio::test]
async fn everybody_sees_who_fills_which_seat_and_what_is_open() {
    let harness = Harness::with_rules(SEATS).await;
    let approval = harness.ask_for(&request("ada")).await;
    let open = "0 of 2 approvals (Linus Pauling: 0 of 1; finance: 0 of 1)";
    assert!(
        harness.mails("grace")[0].text.replace("\r\n", " ").contains("finance: 0 of 1"),
        "{}",
        harness.mails("grace")[0].text
    );
    assert!(shown(&harness.card(&approval)).contains(open), "{}", shown(&harness.card(&approval)));
    harness.pass_time(5);
    harness.press("ada", &approval, "approve", None).await;
    harness
        .until("the vote is shown", |_| shown(&harness.card(&approval)).contains("finance: Ada").then_some(()))
        .await;
    let some = "1 of 2 approvals (Linus Pauling: 0 of 1; finance: Ada Lovelace)";
    let list = harness.world.slack.command(&harness.user("linus"), &harness.world.channel, "/approvals", "").await;
    let page = harness.browser.get(&harness.link("linus")).await.unwrap().body;
    for (place, shown) in [
        ("Slack", shown(&harness.card(&approval))),
        ("Teams", texts(&harness.teams_card(&approval).card.unwrap()).concat()),
        ("page", page),
        ("list", texts(&list.blocks).concat()),
        ("show", show(&harness, "grace", &approval).await),
    ] {
        assert!(shown.contains(some), "{place}: {shown}");
    }
    let list = texts(&list.blocks).concat();
    assert!(list.contains("waits for Linus Pauling"), "{list}");
    harness.press("linus", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(record.is_filled());
    let output = json!(harness.ended().await.output);
    let decided = &output["decidedBy"];
    assert_eq!((&decided[0]["seat"], &decided[1]["seat"]), (&json!(["finance"]), &json!(["linus"])), "{decided}");
}

/// In both chats and by mail; a rejection counts all the same.
#[tokio::test]
async fn who_can_fill_no_open_seat_is_told_on_every_platform_and_may_reject() {
    let harness = Harness::with_rules(SEATS).await;
    let approval = harness.ask_for(&request("ada")).await;
    harness.pass_time(5);
    harness.press("ada", &approval, "approve", None).await;
    let taken = "The seats that you could fill are taken";
    harness.press("grace", &approval, "approve", None).await;
    assert!(harness.whispers("grace").pop().unwrap().contains(taken));
    let in_teams = format!("{:?}", harness.press_in_teams("grace", &approval, "approve", &[]).await);
    assert!(in_teams.contains(taken), "{in_teams}");
    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert!(page.status == 409 && page.body.contains(taken), "{}: {}", page.status, page.body);
    let shown = show(&harness, "grace", &approval).await;
    assert!(shown.contains(taken) && shown.contains("It waits for Linus Pauling. You may still reject it."), "{shown}");
    assert!(shown.contains("Could still decide: Linus Pauling"), "{shown}");
    assert_eq!(harness.record(&approval.id).votes.len(), 1);
    let list = harness.world.slack.command(&harness.user("grace"), &harness.world.channel, "/approvals", "").await;
    assert!(!texts(&list.blocks).concat().contains("Deploy"), "nothing waits for her");
    harness.post(&harness.link("grace"), "reject", "no").await;
    harness.settled(&approval, Status::Rejected).await;
}

#[tokio::test]
async fn seats_that_cannot_be_filled_for_a_request_are_refused_by_its_field() {
    let strict = SEATS.replace("self_approval = true", "");
    let by_linus = "approval.requestedBy: policy `calculation` needs 1 approval of `linus` and 1 of `finance`, each of \
                    somebody else, and those who may decide if `linus` asks could give only 1 of these";
    let narrowed = "approval.approvers: policy `calculation` needs 1 approval of `linus` and 1 of `finance`, each of \
                    somebody else, and these people could give only 1 of these";
    for (rules, by, approvers, expected) in [
        (&*strict, "linus", Value::Null, by_linus),
        (&*strict, "ada", json!(["linus", "ada"]), narrowed),
        (SEATS, "ada", json!(["ada", "grace"]), narrowed),
    ] {
        let harness = Harness::with_rules(rules).await;
        let mut request = request(by);
        request["approvers"] = approvers;
        let input = json!({
            "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": request,
            "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
        });
        let refused = notify::notify(&harness.world.bot().app, input).await.unwrap_err();
        assert_eq!((refused.name(), refused.to_string().as_str()), ("InvalidApprovalRequest", expected));
        assert!(harness.world.store.all().is_empty());
    }
    let harness = Harness::with_rules(SEATS).await;
    let mut request = request("ada");
    request["approvers"] = json!(["linus", "grace"]);
    let approval = harness.ask_for(&request).await;
    assert!(shown(&harness.card(&approval)).contains("Only Linus Pauling and Grace Hopper may decide"));
}
