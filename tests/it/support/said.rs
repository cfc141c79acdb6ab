//! What people type and press, and what they are told, in both chats.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::card::{APPROVE, REJECT, RETURN_IN_FORM};
use countersign_bot::platforms::teams::words;

use super::{Harness, texts};

const CHANNEL: &str = "19:finance@thread.tacv2";

/// What somebody is told who types this after `/approvals` in Slack.
pub(crate) async fn in_slack(harness: &Harness, who: &str, words: &str) -> String {
    let answer = harness.world.slack.command(&harness.user(who), &harness.world.channel, "/approvals", words).await;
    texts(&answer.blocks).concat()
}

/// The same in Teams.
pub(crate) async fn in_teams(harness: &Harness, who: &str, words: &str) -> String {
    let teams = &harness.world.teams;
    assert_eq!(teams.say(&harness.teams_user(who), CHANNEL, &format!("approvals {words}")).await, Ok(200));
    teams.latest_message(CHANNEL).unwrap().text
}

/// Presses each button in both chats, none of which may count.
pub(crate) async fn assert_may_not_decide(harness: &Harness, who: &str, approval: &Approval, why: &str) {
    let returns = harness.record(&approval.id).rules.returns.then_some((words::RETURN, RETURN_IN_FORM, "changes"));
    let decide = [(words::APPROVE, APPROVE, "comment"), (words::REJECT, REJECT, "reason")];
    for (verdict, action, input) in decide.into_iter().chain(returns) {
        harness.press(who, approval, action, Some("why")).await;
        let told = harness.whispers(who).pop().unwrap();
        assert!(told.contains(why), "{who}: {told}");
        let in_teams = format!("{:?}", harness.press_in_teams(who, approval, verdict, &[(input, "why")]).await);
        assert!(in_teams.contains(why), "{who}: {in_teams}");
        let record = harness.record(&approval.id);
        assert!(record.status() == Status::Pending && record.votes.is_empty(), "{who}: {record:?}");
    }
}
