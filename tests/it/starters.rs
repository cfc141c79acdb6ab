//! Whoever started a run in a chat hears how it ended, also when no approval card came.

use countersign_bot::approval::state::Status;
use countersign_bot::flow::{hear, notify};
use countersign_playground::engine::ExecutionDescription;
use countersign_playground::fakes::Fault as SlackFault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};
use countersign_playground::world::{Messengers, Options};
use serde_json::json;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, RULES_WITH_TEAMS};

/// A sum that is too large, so that the calculation fails before anybody is asked.
const TOO_LARGE: &str = "9223372036854775807 1";
const CHANNEL: &str = "19:finance@thread.tacv2";

/// Ada starts a run that fails before anybody is asked.
async fn failing(harness: &Harness) -> ExecutionDescription {
    let answer = harness.world.slack.command(&harness.user("ada"), &harness.world.channel, "/start", TOO_LARGE).await;
    assert!(answer.text.unwrap().starts_with("Started: "));
    let ended = harness.ended().await;
    assert!(harness.world.store.all().is_empty(), "nobody is asked");
    ended
}

/// A world in which nobody hears what is on the bus but by `heard`.
async fn unheard(rules: &str, faults: &Faults) -> Harness {
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    Harness::with_options(rules, options, |ports| faults.in_front_of(ports)).await
}

/// What Step Functions says on the bus when an execution has ended, and what messengers make of it; whether it need not
/// come again.
async fn heard(harness: &Harness, execution: &str) -> bool {
    let detail = json!({"executionArn": execution, "status": "FAILED", "error": "Forged", "cause": "forged"});
    let event = json!({"source": "aws.states", "detail": detail});
    let is_heard = hear::wake(&harness.world.bot().app, event).await.is_ok();
    harness.deliver().await;
    is_heard
}

/// What Ada has been told about the end of her run, wherever in Slack.
fn told(harness: &Harness) -> Vec<String> {
    let direct = harness.world.slack.direct_messages(&harness.user("ada").id).into_iter().map(|message| message.text);
    let all = harness.whispers("ada").into_iter().chain(direct);
    all.filter(|text| text.contains("The run that you started has ended")).collect()
}

async fn is_told(harness: &Harness) -> String {
    harness.until("Ada is told", |_| told(harness).pop()).await
}

#[tokio::test]
async fn who_started_a_run_that_fails_is_told_the_name_of_the_error_once_and_nothing_else() {
    let harness = unheard(RULES, &Faults::default()).await;
    let ended = failing(&harness).await;
    assert!(heard(&harness, &ended.execution_arn).await);
    let text = is_told(&harness).await;
    let (error, cause) = (ended.error.clone().unwrap(), ended.cause.clone().unwrap());
    assert!(text.contains("*FAILED*") && text.contains(&error), "{error}: {text}");
    assert!(text.contains(&ended.execution_arn), "it leads to the execution: {text}");
    assert!(!text.contains(&cause) && !text.contains("9223372036854775807") && !text.contains("Forged"), "{text}");
    for _ in 0..3 {
        harness.pass_time(120);
        assert!(heard(&harness, &ended.execution_arn).await);
    }
    assert_eq!(told(&harness).len(), 1);
    assert_eq!(harness.whispers("ada").last().unwrap(), &text, "in the channel where it was started");
}

/// A request that only names the run is none of it, and its card tells nothing of the run.
#[tokio::test]
async fn a_request_that_names_somebody_elses_run_keeps_nobody_from_hearing_of_it() {
    let harness = unheard(RULES, &Faults::default()).await;
    let ended = failing(&harness).await;
    let input = json!({
        "taskToken": "of another execution", "executionArn": ended.execution_arn, "stateEnteredAt": harness.now(),
        "timeoutSeconds": 600, "approval": { "policy": "calculation", "title": "Mine", "requestedBy": "linus" }
    });
    notify::notify(&harness.world.bot().app, input).await.unwrap();
    harness.deliver().await;
    assert!(harness.world.store.all()[0].copies.iter().any(|copy| copy.message.is_card()));
    assert!(heard(&harness, &ended.execution_arn).await);
    assert!(is_told(&harness).await.contains("*FAILED*"));
}

#[tokio::test]
async fn who_started_it_in_teams_is_told_in_the_same_thread() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let (teams, ada) = (&harness.world.teams, harness.teams_user("ada"));
    assert_eq!(teams.say(&ada, CHANNEL, &format!("start {TOO_LARGE}")).await, Ok(200));
    let ended = harness.ended().await;
    let is_told = |text: &str| text.contains("The run that you started has ended: **FAILED**");
    let told = || teams.messages(CHANNEL).into_iter().filter(|message| is_told(&message.text)).collect::<Vec<_>>();
    let message = harness.until("Ada is told", |_| told().pop()).await;
    let said = teams.messages(CHANNEL)[0].id.clone();
    assert_eq!(message.reply_to, Some(said), "in the thread in which it was started");
    assert!(message.text.contains(&ended.error.unwrap()), "{}", message.text);
    let chat = teams.chat_with(&ada);
    assert_eq!(teams.say(&ada, &chat, &format!("start {TOO_LARGE}")).await, Ok(200));
    harness
        .until("Ada is told in the personal chat", |_| {
            teams.chat_messages(&ada).into_iter().find(|message| is_told(&message.text))
        })
        .await;
    assert!(heard(&harness, &ended.execution_arn).await);
    assert_eq!(told().len(), 1);
}

#[tokio::test]
async fn who_started_it_by_the_form_or_where_the_bot_is_not_is_told_too() {
    let harness = Harness::start().await;
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    slack.command(&ada, "C1", "/start", "calculation").await;
    slack.submit(&ada, &[("x", "9223372036854775807"), ("y", "1")]).await.unwrap();
    harness.ended().await;
    is_told(&harness).await;
    assert_eq!(slack.direct_messages(&ada.id).len(), 1, "in their own chat with the app");
}

#[tokio::test]
async fn what_the_thread_of_a_card_tells_is_not_told_twice() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    let ended = harness.ended().await;
    harness.settled(&approval, Status::Approved).await;
    harness
        .until("the thread tells it", |_| {
            harness.thread(&approval).into_iter().find(|note| note.contains("The workflow has ended"))
        })
        .await;
    assert!(heard(&harness, &ended.execution_arn).await);
    assert_eq!(told(&harness), Vec::<String>::new());
}

/// After ten minutes somebody may have gone, and would never see what is shown in passing.
#[tokio::test]
async fn who_may_have_gone_is_told_in_their_own_chat() {
    let harness = Harness::with_timeout("approvers = [\"board\"]", 3_600).await;
    harness.world.slack.command(&harness.user("ada"), &harness.world.channel, "/start", "125 122").await;
    harness.until("the mail is out", |_| harness.mails("grace").pop()).await;
    harness.pass_time(600);
    assert_eq!(harness.post(&harness.link("grace"), "approve", "").await.status, 200);
    harness.ended().await;
    let text = is_told(&harness).await;
    assert!(text.contains("has ended: SUCCEEDED. "), "a run whose card never was in a chat: {text}");
    // The address of the execution may hold any digits.
    let (said, _) = text.split_once(". See <").unwrap();
    assert!(!said.contains("494"), "{text}");
    assert_eq!(harness.world.slack.direct_messages(&harness.user("ada").id).len(), 1);
}

#[tokio::test]
async fn a_platform_that_is_down_is_tried_again() {
    let harness = unheard(RULES, &Faults::default()).await;
    harness.world.slack.fail_always("chat.postEphemeral", Some(SlackFault::Status(503)));
    let ended = failing(&harness).await;
    assert!(heard(&harness, &ended.execution_arn).await, "the queue has it");
    assert_eq!(told(&harness), Vec::<String>::new());
    harness.world.slack.recover();
    harness.pass_time(60);
    harness.deliver().await;
    assert!(heard(&harness, &ended.execution_arn).await);
    assert_eq!(told(&harness).len(), 1);
}

#[tokio::test]
async fn teams_that_is_down_is_tried_again_too() {
    let harness = unheard(RULES_WITH_TEAMS, &Faults::default()).await;
    let teams = &harness.world.teams;
    teams.say(&harness.teams_user("ada"), CHANNEL, &format!("start {TOO_LARGE}")).await.unwrap();
    teams.fail_always(Operation::Send, Some(TeamsFault::Status(503)));
    let ended = harness.ended().await;
    assert!(heard(&harness, &ended.execution_arn).await);
    teams.recover();
    harness.pass_time(60);
    harness.deliver().await;
    let messages = teams.messages(CHANNEL).into_iter();
    assert_eq!(messages.filter(|message| message.text.contains("The run that you started")).count(), 1);
}

#[tokio::test]
async fn an_end_that_is_not_known_or_not_on_record_is_heard_of_again_and_told_once() {
    let faults = Faults::default();
    let harness = unheard(RULES, &faults).await;
    faults.always(Call::LookUp, Some(Fault::Refused));
    let ended = failing(&harness).await;
    assert!(!heard(&harness, &ended.execution_arn).await, "how it ended is not known");
    faults.recover();
    for (call, fault) in [(Call::SaveRun, Fault::AnswerLost), (Call::Enqueue, Fault::Refused)] {
        faults.next(call, fault);
        assert!(!heard(&harness, &ended.execution_arn).await, "{call:?}");
        assert_eq!(told(&harness), Vec::<String>::new());
    }
    let both = futures::join!(heard(&harness, &ended.execution_arn), heard(&harness, &ended.execution_arn));
    assert_eq!((both, told(&harness).len()), ((true, true), 1));
}

#[tokio::test]
async fn a_run_that_cannot_be_recorded_is_not_started_and_others_are_nobodys_business() {
    let faults = Faults::default();
    let harness = unheard(RULES_WITH_TEAMS, &faults).await;
    faults.always(Call::RecordRun, Some(Fault::Refused));
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    let answer = slack.command(&ada, &harness.world.channel, "/start", TOO_LARGE).await;
    assert!(answer.text.unwrap().contains("not certain"));
    assert!(harness.world.engine.executions().is_empty());
    faults.recover();
    // What the API starts has nobody in a chat who waits for it.
    let url = format!("{}/calculations", harness.world.url);
    harness.browser.post_json(&url, &json!({"x": i64::MAX, "y": 1})).await.unwrap();
    let ended = harness.ended().await;
    let (calls, in_teams) = (slack.calls().len(), harness.world.teams.calls().len());
    assert!(heard(&harness, &ended.execution_arn).await);
    assert!(heard(&harness, "arn:aws:states:eu-west-1:999999999999:execution:other:run").await);
    assert_eq!((slack.calls().len(), harness.world.teams.calls().len()), (calls, in_teams));
}

#[tokio::test]
async fn what_a_chat_refuses_for_good_is_not_tried_for_ever() {
    let harness = unheard(RULES, &Faults::default()).await;
    let refused = Some(SlackFault::NotOk("msg_too_long".to_owned()));
    harness.world.slack.fail_always("chat.postEphemeral", refused.clone());
    harness.world.slack.fail_always("chat.postMessage", refused);
    let ended = failing(&harness).await;
    assert!(heard(&harness, &ended.execution_arn).await);
    harness.world.slack.recover();
    harness.pass_time(60);
    assert!(heard(&harness, &ended.execution_arn).await);
    assert_eq!(told(&harness), Vec::<String>::new());
}
