//! Whether everything says the same about an approval: Step Functions, the record, both cards and what is said beside
//! them, the mails, the events and the audit trail.

use std::collections::BTreeMap;

use countersign_bot::approval::audit::{What, verify};
use countersign_bot::approval::event::DetailType;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;

use super::calculation::Calculation;
use super::chats::CONVERSATION;
use super::listener::Listener;

/// What people read of each end; the cards and the notes do not have the same words.
const WORDS: [(Status, &[&str]); 4] = [
    (Status::Approved, &["Approved by", "This was approved"]),
    (Status::Rejected, &["Rejected by", "This was rejected"]),
    (Status::Expired, &["This expired"]),
    (Status::Cancelled, &["This was cancelled"]),
];

/// Ticks until nothing is left to do, and then looks at everything: it says that the approval has ended in this way.
pub(crate) async fn reached(
    calculation: &Calculation<'_>,
    listener: &Listener<'_>,
    status: Status,
) -> anyhow::Result<()> {
    let record = calculation.finished(status).await?;
    in_step_functions(calculation, &record, status).await?;
    for (place, said) in told(calculation).await? {
        assert_eq!(said, [status], "{place} tells the end, once");
    }
    assert!(!calculation.has_buttons(), "the card in Slack is closed");
    assert!(!calculation.teams_card_now().contains("Action.Execute"), "the card in Teams is closed");
    let events = listener.heard(DetailType::Resolved, &record.id).await?;
    let event_id = format!("{}.resolved", record.id);
    assert!(!events.is_empty(), "the end is on the bus");
    for event in &events {
        assert_eq!((&event["eventId"], &event["status"]), (&event_id.as_str().into(), &status.as_str().into()));
    }
    in_the_trail(calculation, &record, &event_id).await
}

/// While something is out of order nobody may be told of an end that is not the one that it will be.
pub(crate) async fn nobody_is_told_otherwise(calculation: &Calculation<'_>, status: Status) -> anyhow::Result<()> {
    for (place, said) in told(calculation).await? {
        assert!(said.iter().all(|said| *said == status), "{place} says {said:?}, and it will be {status:?}");
    }
    Ok(())
}

/// The ends that are told, place by place.
pub(crate) async fn told(calculation: &Calculation<'_>) -> anyhow::Result<BTreeMap<&'static str, Vec<Status>>> {
    let card = calculation.teams_card().await?;
    let replies = calculation.stack.teams.messages(CONVERSATION).into_iter();
    let replies = replies.filter(|message| message.reply_to.as_ref() == Some(&card)).map(|message| message.text);
    let subject = format!("Re: Approval needed: {}", calculation.title);
    let mails = calculation.stack.ministack.mails().await?.into_iter().filter(|mail| mail.subject == subject);
    Ok(BTreeMap::from([
        ("the card in Slack", ends_in([calculation.card_now()])),
        ("the card in Teams", ends_in([calculation.teams_card_now()])),
        ("the thread in Slack", ends_in(calculation.thread())),
        ("the thread in Teams", ends_in(replies)),
        ("the closing mail", ends_in(mails.map(|mail| mail.text))),
    ]))
}

/// The ends that these texts tell, text by text.
fn ends_in(texts: impl IntoIterator<Item = String>) -> Vec<Status> {
    let ends = |text: String| {
        let is_told = move |words: &[&str]| words.iter().any(|words| text.contains(words));
        WORDS.into_iter().filter(move |(_, words)| is_told(words)).map(|(status, _)| status)
    };
    texts.into_iter().flat_map(ends).collect()
}

/// The execution has ended with what was decided, and the task was completed with it once, or not at all.
async fn in_step_functions(calculation: &Calculation<'_>, record: &Approval, status: Status) -> anyhow::Result<()> {
    let end = calculation.ended().await?;
    let output = end.output.unwrap_or_default();
    match status {
        Status::Cancelled => assert_eq!(end.status.as_str(), "ABORTED"),
        _ => assert_eq!((end.status.as_str(), &output["status"]), ("SUCCEEDED", &status.as_str().into()), "{output}"),
    }
    let client = calculation.stack.step_functions();
    let history = client.get_execution_history().execution_arn(&calculation.execution).max_results(1_000);
    let events = history.send().await?.events;
    let ends = events.iter().filter_map(|event| {
        let output = event.task_succeeded_event_details().and_then(|details| details.output());
        let cause = event.task_failed_event_details().and_then(|details| details.cause());
        output.or(cause)
    });
    // The answer of the state after it names the approval as well, and calls those who decided otherwise.
    let callbacks = ends.filter(|text| text.contains(record.id.as_str()) && text.contains("decidedBy")).count();
    let is_decided = matches!(status, Status::Approved | Status::Rejected);
    assert_eq!(callbacks, usize::from(is_decided), "callbacks that took effect");
    Ok(())
}

/// The audit trail is whole, and tells the same end once.
async fn in_the_trail(calculation: &Calculation<'_>, record: &Approval, event_id: &str) -> anyhow::Result<()> {
    let entries = calculation.history(&record.id).await?;
    assert_eq!(verify(&record.id, &entries, &record.audit), Ok(()));
    let told = || entries.iter().map(|entry| &entry.what);
    let ends: Vec<_> = told().filter(|what| matches!(what, What::Resolved { .. })).collect();
    assert!(matches!(ends[..], [What::Resolved { status, .. }] if *status == record.status()), "{ends:?}");
    let accepted = told().filter(|what| matches!(what, What::CallbackAccepted { .. })).count();
    let is_decided = matches!(record.status(), Status::Approved | Status::Rejected);
    assert!(accepted <= usize::from(is_decided), "a callback counts once, and only a decision is one: {entries:?}");
    let is_on_the_bus =
        |what: &What| matches!(what, What::Broadcast { events } if events.iter().any(|id| id == event_id));
    assert!(told().any(is_on_the_bus), "the trail has the broadcast: {entries:?}");
    Ok(())
}
