//! Asking through the queue, from a state machine of somebody's own: SQS, the mapping of the template and the notifier.

use std::sync::Arc;

use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::{Value, json};

use crate::support::chats::{CHANNEL, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::Stack;
use crate::support::step_functions::{self, ended};

pub(crate) fn cases() -> Vec<Case> {
    cases![approved_through_the_queue, refused_through_the_queue]
}

/// A machine that asks for what it is given, and waits for so long.
pub(crate) fn definition(queue_url: &str, seconds: u32) -> String {
    let asking = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": seconds,
        "Parameters": {
            "QueueUrl": queue_url,
            "MessageBody": {
                "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
                "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": seconds, "approval.$": "$"
            }
        },
        "End": true
    });
    json!({ "StartAt": "Ask", "States": { "Ask": asking } }).to_string()
}

async fn start(stack: &Stack, name: &str, approval: &Value) -> anyhow::Result<String> {
    let machine = stack.create_machine(name, &definition(stack.output("RequestsUrl"), 300)).await?;
    step_functions::start(&stack.step_functions(), &machine, approval).await
}

/// Waits for the card in Slack with this title, and gives its timestamp.
pub(crate) async fn card(stack: &Stack, title: &str) -> anyhow::Result<String> {
    until(&format!("there is a card for {title}"), async || {
        let messages = stack.slack.messages(CHANNEL).into_iter();
        Ok(messages.rev().find(|message| message.blocks.to_string().contains(title)).map(|message| message.ts))
    })
    .await
}

async fn approved_through_the_queue(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let asked = json!({ "policy": "calculation", "title": "Asked by a message", "requestedBy": "ada" });
    let execution = start(stack, "asks-by-message", &asked).await?;
    let ts = card(stack, "Asked by a message").await?;
    let grace = Chats::slack_user("grace");
    assert_eq!(stack.slack.press(&grace, CHANNEL, &ts, "approve", None).await?, 200);
    let end = ended(&stack.step_functions(), &execution).await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["decidedBy"][0]["person"]), ("SUCCEEDED", &json!("grace")), "{output}");
    Ok(())
}

async fn refused_through_the_queue(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let execution = start(stack, "asks-wrongly", &json!({ "policy": "gone", "title": "Asked wrongly" })).await?;
    let end = ended(&stack.step_functions(), &execution).await?;
    assert_eq!((end.status.as_str(), end.error.as_deref()), ("FAILED", Some("InvalidApprovalRequest")), "{end:?}");
    Ok(())
}
