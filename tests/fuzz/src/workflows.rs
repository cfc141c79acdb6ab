//! What a workflow can hand to the notifier.

use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify::notify;
use serde_json::{Value, json};

use crate::stage::{APART, Stage, act};

/// The whole input, and the same as what is asked for in an input that is right. Whatever is taken goes out whole to
/// everybody who is asked.
pub(crate) fn task_input(input: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(input) else { return };
    act(async |stage: &mut Stage| {
        let whole = json!({
            "taskToken": format!("token-{}", stage.world().store.count()),
            "executionArn": "arn:aws:states:local:000000000000:execution:release:1",
            "stateEnteredAt": stage.world().clock.now(),
            "timeoutSeconds": 600,
            "approval": input,
        });
        if let Ok(raised) = notify(&stage.world().bot().app, whole).await {
            let approval = stage.record(&ApprovalId::parse(raised["approvalId"].as_str().unwrap()).unwrap());
            let is_out = approval.status() == Status::Pending && approval.outbox.is_empty();
            assert!(is_out, "{:?}: {:?}", approval.status(), approval.outbox);
        }
        stage.world().clock.advance(APART);
        // It is refused or taken; either is an answer.
        let _answer = notify(&stage.world().bot().app, input).await;
    });
}
