//! What a platform does with a request, in four words: a refusal that can pass is none, an answer that is lost is neither
//! yes nor no, and only what every place refuses for good, or for too long, has reached nobody.

mod changes;
mod given_up;
mod killed;

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::ExecutionStatus;
use countersign_playground::fakes::Fault as SlackFault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};
use countersign_playground::world::Options;

use crate::support::gate::Gate;
use crate::support::{Harness, has_buttons, options, unsent};

const SLACK_ALONE: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nemail = \"never\"";
const TEAMS_ALONE: &str =
    "approvers = [\"finance\"]\nteams_conversation = \"19:finance@thread.tacv2\"\nemail = \"never\"";
const MAIL_ALONE: &str = "approvers = [\"finance\"]\nemail = \"always\"";
const SLACK_AND_MAIL: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"";
const TEAMS_AND_MAIL: &str = "approvers = [\"finance\"]\nteams_conversation = \"19:finance@thread.tacv2\"";
const CHANNEL: &str = "C0FINANCE";
const CONVERSATION: &str = "19:finance@thread.tacv2";

impl Harness {
    /// Ada starts a calculation, whose request may not get anywhere; returns it once a platform has said something.
    async fn ask_in_vain(&self) -> Approval {
        self.world.slack.command(&self.user("ada"), CHANNEL, "/start", "125 122").await;
        self.until("a platform has said something", |world| {
            let mut all = world.store.all().into_iter();
            all.find(|approval| approval.missing.iter().any(|missing| missing.problem.is_some()))
        })
        .await
    }

    /// The schedule invokes the reconciler for so many seconds.
    async fn reconcile_for(&self, seconds: i64) {
        for _ in 0..seconds / 10 {
            self.pass_time(10);
            self.deliver().await;
            self.reconcile().await;
        }
    }

    /// Reconciles until the request is out, for five minutes at the longest.
    async fn sent_at_last(&self, approval: &Approval) -> Approval {
        for _ in 0..30 {
            self.reconcile_for(10).await;
            let record = self.record(&approval.id);
            assert_eq!(record.status(), Status::Pending, "{record:?}");
            if !record.copies.is_empty() {
                return record;
            }
        }
        panic!("it is not out: {:?}", self.record(&approval.id));
    }

    fn status(&self) -> ExecutionStatus {
        self.world.engine.executions().remove(0).status
    }

    fn slack_cards(&self) -> Vec<String> {
        let cards = self.world.slack.messages(CHANNEL).into_iter().filter(|message| message.thread_ts.is_none());
        cards.map(|message| message.ts).collect()
    }

    fn is_open_in_slack(&self, ts: &str) -> bool {
        has_buttons(self.world.slack.messages(CHANNEL).iter().find(|message| message.ts == ts).unwrap())
    }

    fn teams_cards(&self) -> Vec<String> {
        let cards = self.world.teams.messages(CONVERSATION).into_iter().filter(|message| message.card.is_some());
        cards.map(|message| message.id).collect()
    }

    fn is_open_in_teams(&self, id: &str) -> bool {
        self.world.teams.message(id).unwrap().card.unwrap().to_string().contains("Action.Execute")
    }
}

fn not_ok(code: &str) -> SlackFault {
    SlackFault::NotOk(code.to_owned())
}

fn refused(status: u16, code: &str) -> TeamsFault {
    TeamsFault::Refused { status, code: code.to_owned() }
}

#[tokio::test]
async fn one_passing_refusal_of_slack_fails_no_workflow() {
    let faults = [
        SlackFault::Status(503),
        SlackFault::RateLimited { retry_after: 30 },
        not_ok("service_unavailable"),
        not_ok("channel_not_found"),
    ];
    for fault in faults {
        let harness = Harness::with_rules(SLACK_ALONE).await;
        harness.world.slack.fail_next("chat.postMessage", fault);
        let approval = harness.ask_in_vain().await;
        harness.sent_at_last(&approval).await;
        assert_eq!(harness.slack_cards().len(), 1);
        harness.press("grace", &approval, "approve", None).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

#[tokio::test]
async fn one_passing_refusal_of_teams_fails_no_workflow() {
    for fault in [TeamsFault::RateLimited { retry_after: 30 }, refused(403, "BotNotInConversationRoster")] {
        let harness = Harness::with_rules(TEAMS_ALONE).await;
        harness.world.teams.fail_next(Operation::Create, fault);
        let approval = harness.ask_in_vain().await;
        harness.sent_at_last(&approval).await;
        assert_eq!(harness.teams_cards().len(), 1);
        harness.press_in_teams("grace", &approval, "approve", &[]).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

#[tokio::test]
async fn a_passing_refusal_of_ses_fails_no_workflow() {
    // SES says `MessageRejected` of an address that is not verified.
    for code in ["Throttling", "AccountSendingPausedException", "MessageRejected"] {
        let harness = Harness::with_rules(MAIL_ALONE).await;
        harness.world.mailbox.fail_always(Some(code));
        let approval = harness.ask_in_vain().await;
        harness.world.mailbox.recover();
        harness.sent_at_last(&approval).await;
        assert_eq!(harness.post(&harness.link("grace"), "approve", "").await.status, 200);
        harness.settled(&approval, Status::Approved).await;
    }
}

/// The door to Slack, or to Teams, is shut at first.
#[tokio::test]
async fn a_connection_that_is_refused_fails_no_workflow() {
    for (rules, variable, path) in [
        (SLACK_ALONE, "COUNTERSIGN_SLACK_API_URL", "/playground/slack/api"),
        (TEAMS_ALONE, "COUNTERSIGN_TEAMS_SERVICE_URL", "/playground/teams"),
    ] {
        let gate = Gate::shut().await;
        let mut environment = BTreeMap::from([(variable, format!("http://{}{path}", gate.host()))]);
        if rules == TEAMS_ALONE {
            environment.insert("COUNTERSIGN_ALLOWED_HOSTS", gate.host());
        }
        let options = Options { environment, ..options() };
        let harness = Harness::with_options(rules, options, |ports| ports).await;
        let approval = harness.ask_in_vain().await;
        assert!(approval.missing.iter().all(|missing| !missing.maybe), "nothing was sent: {:?}", approval.missing);
        let _open = gate.open_onto(&harness.world.url).await;
        let record = harness.sent_at_last(&approval).await;
        assert!(record.copies.iter().all(|copy| copy.message.is_card()));
        assert_eq!(harness.status(), ExecutionStatus::Running);
    }
}

/// Nobody knows what became of a request whose connection broke off.
#[tokio::test]
async fn a_connection_that_is_reset_fails_no_workflow() {
    let gate = Gate::shut().await;
    let url = ("COUNTERSIGN_SLACK_API_URL", format!("http://{}/playground/slack/api", gate.host()));
    let options = Options { environment: BTreeMap::from([url]), ..options() };
    let _broken = gate.break_off().await;
    let harness = Harness::with_options(SLACK_ALONE, options, |ports| ports).await;
    let approval = harness.ask_in_vain().await;
    assert!(approval.missing[0].maybe);
    harness.reconcile_for(400).await;
    assert_eq!((harness.record(&approval.id).status(), harness.status()), (Status::Pending, ExecutionStatus::Running));
}

#[tokio::test]
async fn a_card_in_slack_whose_answer_was_lost_is_not_given_up_and_is_found_with_the_first_press() {
    let harness = Harness::with_rules(SLACK_ALONE).await;
    harness.world.slack.fail_next("chat.postMessage", SlackFault::Drop);
    let approval = harness.ask_in_vain().await;
    harness.reconcile_for(400).await;
    let record = harness.record(&approval.id);
    assert_eq!((record.status(), record.copies.len(), unsent(&record).len()), (Status::Pending, 0, 0));
    let [card] = &harness.slack_cards()[..] else { panic!("it is not posted again") };
    harness.world.slack.press(&harness.user("grace"), CHANNEL, card, "approve", None).await.unwrap();
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.ended().await.output.unwrap()["status"], "approved");
    assert!(!harness.is_open_in_slack(card));
}

#[tokio::test]
async fn a_card_in_teams_whose_answer_was_lost_is_not_given_up_and_is_found_with_the_first_press() {
    for fault in [TeamsFault::Drop, refused(500, "ServiceError")] {
        let is_out = fault == TeamsFault::Drop;
        let harness = Harness::with_rules(TEAMS_ALONE).await;
        harness.world.teams.fail_next(Operation::Create, fault);
        let approval = harness.ask_in_vain().await;
        harness.reconcile_for(400).await;
        assert_eq!(harness.record(&approval.id).status(), Status::Pending);
        assert_eq!(harness.teams_cards().len(), usize::from(is_out), "it is not posted again");
        if is_out {
            let card = harness.teams_cards().remove(0);
            harness.world.teams.press(&harness.teams_user("grace"), &card, "approve", &[]).await.unwrap();
            harness.settled(&approval, Status::Approved).await;
            assert!(!harness.is_open_in_teams(&card));
        }
    }
}

/// A mail that may be out is sent again, since it is the same mail.
#[tokio::test]
async fn a_mail_that_may_be_out_is_not_given_up_and_is_sent_again() {
    let harness = Harness::with_rules(MAIL_ALONE).await;
    harness.world.mailbox.fail_always(Some("InternalFailure"));
    let approval = harness.ask_in_vain().await;
    harness.reconcile_for(310).await;
    assert_eq!((harness.record(&approval.id).status(), harness.status()), (Status::Pending, ExecutionStatus::Running));
    harness.world.mailbox.recover();
    harness.reconcile_for(270).await;
    assert_eq!(harness.mails("grace").len(), 1);
}
