//! The reference workflow, through all its endings.

use super::*;

const MACHINE: &str = include_str!("../../../../../infra/state-machines/calculation.asl.json");

/// Starts the workflow with functions that validate, are asked and finish.
fn start(bench: &Bench, input: Value) -> String {
    let validate = |payload: Value| {
        let valid = payload["x"].is_i64() && payload["y"].is_i64();
        let checked = if valid {
            json!({ "valid": true, "requestedBy": "ada", "correlation": "c" })
        } else {
            json!({ "valid": false, "reason": "x is no number" })
        };
        Ok(with(payload, checked))
    };
    bench.engine.register("validate", function(validate));
    let asked = Arc::clone(&bench.asked);
    let ask = move |payload: Value| {
        let token = payload["taskToken"].clone();
        asked.lock().unwrap().push(json!({ "token": token, "payload": payload }));
        Ok(json!({}))
    };
    bench.engine.register("ask", function(ask));
    let finalize = |payload: Value| {
        Ok(json!({ "status": "approved", "number": payload["number"], "decision": payload["decision"] }))
    };
    bench.engine.register("finalize", function(finalize));
    let substitutions = [
        ("IsInputValidArn", "validate"),
        ("CalculateArn", "ask"),
        ("NotifierArn", "ask"),
        ("FinalizeArn", "finalize"),
        ("ApprovalTimeoutSeconds", "3600"),
    ];
    let substitutions = substitutions.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let machine = bench.engine.load("m", MACHINE, &substitutions).unwrap();
    bench.engine.start_execution(&machine, "e", input).unwrap().execution_arn
}

/// A run that waits for people; gives the token that they have.
async fn asked(bench: &Bench) -> (String, String) {
    let arn = start(bench, json!({ "x": 125, "y": 122 }));
    let calculate = bench.token(&arn, 0).await;
    bench.engine.send_task_success(&calculate, json!({ "number": 494 })).unwrap();
    let approval = bench.token(&arn, 1).await;
    (arn, approval)
}

#[tokio::test]
async fn what_people_are_asked() {
    let bench = Bench::new();
    let (arn, token) = asked(&bench).await;
    let payload = bench.asked.lock().unwrap()[1]["payload"].clone();
    let expected = json!({
        "taskToken": token,
        "executionArn": arn,
        "stateEnteredAt": "2030-01-01T00:00:00.000Z",
        "timeoutSeconds": 3600,
        "approval": {
            "policy": "calculation",
            "title": "Calculation 125 + 122",
            "summary": "The sum of 125 and 122, doubled by the third party, is 494.",
            "facts": [{ "name": "x", "value": "125" }, { "name": "y", "value": "122" }, { "name": "Result", "value": "494" }],
            "requestedBy": "ada",
            "correlation": "c"
        }
    });
    assert_eq!(payload, expected);
}

#[tokio::test]
async fn approved() {
    let bench = Bench::new();
    let (arn, token) = asked(&bench).await;
    bench.engine.send_task_success(&token, json!({ "by": "grace" })).unwrap();
    let expected = json!({ "status": "approved", "number": 494, "decision": { "by": "grace" } });
    assert_eq!(bench.ended(&arn).await.output, Some(expected));
}

#[tokio::test]
async fn invalid_input() {
    let bench = Bench::new();
    let arn = start(&bench, json!({ "x": "one", "y": 2 }));
    let expected = json!({ "status": "invalid_input", "reason": "x is no number" });
    assert_eq!(bench.ended(&arn).await.output, Some(expected));
}

/// How the run ends when the task of the approval fails like this.
async fn failing(error: &str, cause: &str) -> ExecutionDescription {
    let bench = Bench::new();
    let (arn, token) = asked(&bench).await;
    bench.engine.send_task_failure(&token, error, cause).unwrap();
    bench.ended(&arn).await
}

#[tokio::test]
async fn rejected_with_a_decision_or_by_somebody_else() {
    let decision = json!({ "approvalId": "a", "by": "grace" });
    let (known, unknown) = ("The calculation was rejected.", "The calculation was rejected, and by whom was not said.");
    let table = [
        (decision.to_string(), known, decision),
        ("no".to_owned(), unknown, json!(null)),
        (String::new(), unknown, json!(null)),
    ];
    for (cause, reason, decision) in table {
        let expected = json!({ "status": "rejected", "reason": reason, "decision": decision });
        assert_eq!(failing("ApprovalRejected", &cause).await.output, Some(expected));
    }
}

#[tokio::test]
async fn expired_at_the_deadline_or_by_the_bot() {
    let expected = json!({ "status": "expired", "reason": "There was no decision within 3600 seconds." });
    assert_eq!(failing("ApprovalExpired", "").await.output, Some(expected.clone()));
    let bench = Bench::new();
    let (arn, _) = asked(&bench).await;
    bench.advance(3600);
    assert_eq!(bench.ended(&arn).await.output, Some(expected));
}

#[tokio::test]
async fn cancelled() {
    let reason = "Whoever asked for the calculation took the request back.";
    let expected = json!({ "status": "cancelled", "reason": reason });
    assert_eq!(failing("ApprovalCancelled", "").await.output, Some(expected));
}

#[tokio::test]
async fn what_kept_the_question_from_being_answered_fails_the_run() {
    let table = [
        ("ApprovalUndeliverable", "", "Nobody could be asked."),
        ("ApprovalUndeliverable", "the channel is archived", "Nobody could be asked: the channel is archived"),
        ("Odd", "", "The workflow failed with Odd."),
        ("Odd", "why \"this\"", "The workflow failed with Odd."),
        ("NumberTooBig", "it is 2^63", "The result does not fit a 64-bit integer."),
        ("ThirdPartyRefused", "403", "The third party did not double the sum: ThirdPartyRefused."),
    ];
    for (error, cause, reason) in table {
        let execution = failing(error, cause).await;
        assert_eq!(execution.status, ExecutionStatus::Failed);
        assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (Some(error), Some(reason)));
    }
}

#[tokio::test]
async fn a_third_party_that_does_not_answer_fails_the_run() {
    let bench = Bench::new();
    let arn = start(&bench, json!({ "x": 1, "y": 2 }));
    bench.token(&arn, 0).await;
    bench.advance(60);
    let execution = bench.ended(&arn).await;
    assert_eq!(execution.error.as_deref(), Some("ThirdPartyUnavailable"));
    let cause = "The third party did not double the sum: ThirdPartyUnavailable.";
    assert_eq!(execution.cause.as_deref(), Some(cause));
}

#[tokio::test]
async fn a_busy_notifier_is_asked_again_and_one_that_refuses_is_not() {
    for (error, attempts) in [("Lambda.TooManyRequestsException", 13), ("InvalidApprovalRequest", 1)] {
        let bench = Bench::new();
        let arn = start(&bench, json!({ "x": 1, "y": 2 }));
        let calculate = bench.token(&arn, 0).await;
        let calls = Arc::clone(&bench.asked);
        let refuse = move |payload: Value| {
            calls.lock().unwrap().push(payload);
            Err(error_of(&json!({ "error": error })))
        };
        bench.engine.register("ask", function(refuse));
        bench.engine.send_task_success(&calculate, json!({ "number": 6 })).unwrap();
        // Longer than all tries together wait.
        for _ in 0..260 {
            bench.settle().await;
            bench.advance(1);
        }
        assert_eq!(bench.ended(&arn).await.error.as_deref(), Some(error));
        assert_eq!(bench.asked.lock().unwrap().len(), 1 + attempts);
    }
}
