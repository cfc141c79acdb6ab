//! A request that follows an earlier one says what has changed since, where both are proven to be of one state machine and
//! under one policy.

use std::collections::BTreeMap;

use countersign_bot::approval::audit::What;
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_bot::platforms::teams::words::{CHANGES, RETURN};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::faults::{Call, Fault, Faults};
use crate::support::said::in_slack;
use crate::support::{Harness, RULES_WITH_TEAMS, has_buttons, is_out, policy, shown, texts};

const OTHER: &str = "[policies.other]\nrequester = \"optional\"\napprovers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\n\
     returns = true\n";

fn rules() -> String {
    policy(&format!("{RULES_WITH_TEAMS}\nreturns = true\n{OTHER}"))
}

/// A machine that asks for what its input says, and ends whatever people say.
fn machine() -> Value {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600,
        "Parameters": { "FunctionName": "notifier", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600, "approval.$": "$.approval",
        } },
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Done" }], "Next": "Done",
    });
    json!({ "StartAt": "Ask", "States": { "Ask": state, "Done": { "Type": "Pass", "End": true } } })
}

fn request(version: &str) -> Value {
    json!({
        "policy": "calculation", "title": format!("Release {version}"), "requestedBy": "ada",
        "facts": [{"name": "Version", "value": version}, {"name": "Replicas", "value": 3}],
        "links": [{"text": "The change", "url": "https://git.example/1"}],
    })
}

/// An execution of this machine asks; returns what is out then, without what was before.
async fn ask(harness: &Harness, machine_name: &str, run: &str, approval: &Value) -> Approval {
    let known: Vec<ApprovalId> = harness.world.store.all().into_iter().map(|approval| approval.id).collect();
    start(harness, machine_name, run, approval);
    harness
        .until("the request is out", |world| {
            let mut all = world.store.all().into_iter().filter(|approval| !known.contains(&approval.id));
            all.find(is_out)
        })
        .await
}

fn start(harness: &Harness, machine_name: &str, run: &str, approval: &Value) -> String {
    let engine = &harness.world.engine;
    let arn = engine.load(machine_name, &machine().to_string(), &BTreeMap::new()).unwrap();
    engine.start_execution(&arn, run, json!({ "approval": approval })).unwrap().execution_arn
}

async fn send_back(harness: &Harness, approval: &Approval) {
    harness.press_in_teams("grace", approval, RETURN, &[(CHANGES, "Another version.")]).await;
    harness.settled(approval, Status::Returned).await;
}

/// What each place shows of an approval that waits.
async fn places(harness: &Harness, approval: &Approval) -> Vec<(&'static str, String)> {
    let mail = harness.mails("grace").into_iter().rev().find(|mail| mail.text.contains(approval.id.as_str())).unwrap();
    let page = harness.browser.get(&mail.link().unwrap()).await.unwrap().body;
    let show = in_slack(harness, "grace", &format!("show {}", approval.id)).await;
    let teams = texts(&harness.teams_card(approval).card.unwrap()).concat();
    vec![
        ("Slack", texts(&harness.card(approval).blocks).concat()),
        ("Teams", teams.replace('\u{2060}', "")),
        ("the mail", mail.text.replace("\r\n", " ").replace('\n', " ")),
        ("the page", page.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"")),
        ("show", show),
    ]
}

#[tokio::test]
async fn the_next_request_that_names_it_says_everywhere_what_has_changed() {
    let harness = Harness::with_policy(&rules(), |ports| ports).await;
    let first = ask(&harness, "release", "one", &request("1.4.2")).await;
    send_back(&harness, &first).await;
    let mut next = request("1.4.3");
    next["follows"] = json!(first.id);
    next["facts"][1] = json!({"name": "Regions", "value": ["eu"]});
    next["summary"] = json!("*bold* <!channel> {{TIME(x)}} ” → “approved\u{202e}");
    let second = ask(&harness, "release", "two", &next).await;
    for (place, shown) in places(&harness, &second).await {
        for text in [
            &format!("Changed since {}:", first.id),
            "Title: “Release 1.4.2” → “Release 1.4.3”",
            "Fact “Version”: “1.4.2” → “1.4.3”",
            "Fact “Regions” is new: “• eu”",
            "Fact “Replicas” is gone: “3”",
            // No mark of ours can be typed, nothing is read into it, and nothing is hidden in it.
            "Summary is new: “*bold* <!channel> {{TIME(x)}} \" → \"approved[U+202E]”",
        ] {
            assert!(shown.contains(text), "{place}: no {text} in {shown}");
        }
        assert!(!shown.contains("Link “"), "{place}: what is the same is not told: {shown}");
    }
    let trail = harness.world.bot().app.ports.store.history(&second.id).await.unwrap();
    assert!(trail.iter().any(|entry| entry.what == What::Follows { earlier: first.id.clone() }), "{trail:?}");
    assert_eq!(second.content_hash(), Approval { since: None, ..second.clone() }.content_hash());

    let same = ask(&harness, "release", "three", &{
        let mut same = next.clone();
        same["follows"] = json!(second.id);
        same
    })
    .await;
    assert!(shown(&harness.card(&same)).contains(&format!("Nothing has changed since {}.", second.id)));
    harness.press("grace", &same, "approve", None).await;
    harness.settled(&same, Status::Approved).await;
    let closed = harness.card(&same);
    assert!(!shown(&closed).contains("has changed") && !has_buttons(&closed), "{}", shown(&closed));
}

/// What an id says is not believed, and what does not belong to the request is told like what does not exist.
#[tokio::test]
async fn an_id_of_another_machine_or_policy_or_of_nothing_is_refused_by_its_field() {
    let harness = Harness::with_policy(&rules(), |ports| ports).await;
    let first = ask(&harness, "release", "one", &request("1.4.2")).await;
    send_back(&harness, &first).await;
    let mut other_policy = request("1.4.3");
    other_policy["policy"] = json!("other");
    let cases = [
        ("payroll", request("1.4.3"), json!(first.id)),
        ("release", other_policy, json!(first.id)),
        ("release", request("1.4.3"), json!("apr_00000000000000000000000000")),
    ];
    for (number, (machine, mut approval, id)) in cases.into_iter().enumerate() {
        approval["follows"] = id;
        let execution = start(&harness, machine, &format!("refused-{number}"), &approval);
        let cause = refused(&harness, &execution).await;
        assert!(cause.contains("approval.follows: is the id of no approval that"), "{number}: {cause}");
    }
    for (number, wrong) in [json!("x"), json!(7)].into_iter().enumerate() {
        let mut approval = request("1.4.3");
        approval["follows"] = wrong;
        let execution = start(&harness, "release", &format!("wrong-{number}"), &approval);
        assert!(refused(&harness, &execution).await.contains("approval.follows: "));
    }
    assert_eq!(harness.world.store.count(), 1, "nobody was asked");
}

/// Why the notifier has refused what this execution asks.
async fn refused(harness: &Harness, execution: &str) -> String {
    harness
        .until("the notifier has refused it", |world| {
            let history = world.engine.history(execution);
            let failed = history.into_iter().find(|event| event.details["error"] == "InvalidApprovalRequest")?;
            Some(failed.details["cause"].to_string())
        })
        .await
}

/// Whoever only names an execution is shown nothing of the earlier request, and an earlier one that only names one is none.
#[tokio::test]
async fn nothing_is_told_before_both_are_proven() {
    let harness = Harness::with_policy(&rules(), |ports| ports).await;
    let first = ask(&harness, "release", "one", &request("1.4.2")).await;
    send_back(&harness, &first).await;
    let named = |token: &str, follows: &ApprovalId| {
        let mut approval = request("1.4.3");
        approval["follows"] = json!(follows);
        json!({
            "taskToken": token, "executionArn": first.request.execution, "timeoutSeconds": 600, "approval": approval,
            "stateEnteredAt": harness.now(),
        })
    };
    notify::notify(&harness.world.bot().app, named("a token of nobody", &first.id)).await.unwrap();
    harness.deliver().await;
    let impostor = harness.world.store.all().into_iter().find(|approval| approval.id != first.id).unwrap();
    assert!(impostor.attempt.is_none() && impostor.since.is_some());
    for (place, shown) in places(&harness, &impostor).await {
        assert!(!shown.contains("hanged since") && !shown.contains("1.4.2"), "{place}: {shown}");
    }
    let refused = notify::notify(&harness.world.bot().app, named("another token of nobody", &impostor.id)).await;
    assert!(refused.unwrap_err().to_string().contains("approval.follows"));
}

/// The history may not answer when the request goes out.
#[tokio::test]
async fn what_has_changed_is_told_once_the_execution_is_proven() {
    let faults = Faults::default();
    // The reconciler looks when there is something to do.
    let rules = rules().replacen("returns = true", "returns = true\nremind_after = [\"1m\"]", 1);
    let harness = Harness::with_policy(&rules, |ports| faults.in_front_of(ports)).await;
    let first = ask(&harness, "release", "one", &request("1.4.2")).await;
    send_back(&harness, &first).await;
    let mut next = request("1.4.3");
    next["follows"] = json!(first.id);
    faults.next(Call::LookUp, Fault::Refused);
    let second = ask(&harness, "release", "two", &next).await;
    let told = format!("Changed since {}:", first.id);
    assert!(second.attempt.is_none() && !shown(&harness.card(&second)).contains(&told));
    harness.pass_time(60);
    harness.reconcile().await;
    harness.settled(&second, Status::Pending).await;
    assert!(shown(&harness.card(&second)).contains(&told), "{}", shown(&harness.card(&second)));
}

/// A state asks that is tried once more after this error; returns what is out then.
async fn ask_with_retry(harness: &Harness, error: &str) -> Approval {
    let mut machine = machine();
    let state = &mut machine["States"]["Ask"];
    state["Retry"] = json!([{ "ErrorEquals": [error], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let payload = state["Parameters"]["Payload"].as_object_mut().unwrap();
    payload.remove("approval.$");
    let title = "States.Format('Release, try {}', $$.State.RetryCount)";
    payload.insert("approval".to_owned(), json!({"policy": "calculation", "title.$": title, "requestedBy": "ada"}));
    let engine = &harness.world.engine;
    let arn = engine.load("release", &machine.to_string(), &BTreeMap::new()).unwrap();
    engine.start_execution(&arn, "run", json!({})).unwrap();
    harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
}

/// The next try of the same visit, once it is out.
async fn asked_again(harness: &Harness, first: &Approval) -> Approval {
    harness
        .until("it is asked again", |world| {
            world.clock.advance(SignedDuration::from_secs(1));
            world.store.all().into_iter().find(|approval| approval.id != first.id && is_out(approval))
        })
        .await
}

#[tokio::test]
async fn the_next_try_of_the_same_visit_says_it_by_itself() {
    let harness = Harness::with_policy(&rules(), |ports| ports).await;
    let first = ask_with_retry(&harness, "ApprovalReturned").await;
    harness.press_in_teams("grace", &first, RETURN, &[(CHANGES, "Again.")]).await;
    harness.settled(&first, Status::Returned).await;
    let second = asked_again(&harness, &first).await;
    for (place, shown) in places(&harness, &second).await {
        assert!(shown.contains("Title: “Release, try 0” → “Release, try 1”"), "{place}: {shown}");
    }
    assert_eq!(harness.record(&first.id).status(), Status::Returned, "what was decided stays");
}

/// Nobody has asked for changes, so nobody looks for any.
#[tokio::test]
async fn the_next_try_of_one_that_was_not_sent_back_says_nothing_of_it() {
    let harness = Harness::with_policy(&rules(), |ports| ports).await;
    let first = ask_with_retry(&harness, "Lost").await;
    harness.world.engine.send_task_failure(first.token.expose(), "Lost", "the worker was lost").unwrap();
    let second = asked_again(&harness, &first).await;
    harness.settled(&first, Status::Superseded).await;
    let second = harness.settled(&second, Status::Pending).await;
    assert_eq!(second.since, None);
    for (place, shown) in places(&harness, &second).await {
        assert!(!shown.contains("hanged since"), "{place}: {shown}");
    }
}
