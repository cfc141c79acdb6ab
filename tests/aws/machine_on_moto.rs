//! The deployed state machine on moto, which enforces what ministack ignores, with the bot around it: the real
//! functions and the real notifier, a fake Slack, and a store in memory.

use std::sync::Arc;

use aws_sdk_sfn::types::ExecutionStatus;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::aws::step_functions::AwsStepFunctions;
use countersign_bot::flow::{notify, reconcile};
use countersign_bot::net::http::HttpClient;
use countersign_bot::net::signature::{SigningKey, Verifier};
use countersign_bot::ports::{OwnTasks, SystemClock};
use countersign_playground::clock::Clock;
use countersign_playground::engine::{Function, FunctionError};
use countersign_playground::fakes::Fault;
use countersign_playground::world::{Options, Running, Source, World};
use countersign_tests::cases;
use countersign_tests::patience::until;
use countersign_workflow_lambdas::calculate::Calculate;
use countersign_workflow_lambdas::double::{self, Double};
use countersign_workflow_lambdas::{finalize, is_input_valid};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::emulators::{Case, Emulators};
use crate::support::router::function;
use crate::support::sdk::REGION;
use crate::support::step_functions::{self, Ended};

const MACHINE: &str = include_str!("../../infra/state-machines/calculation.asl.json");
const POLICY: &str = r#"
    [access]
    slack_teams = ["T0LOCAL"]
    [people.ada]
    name = "Ada Lovelace"
    slack = "U0ADA"
    [people.grace]
    name = "Grace Hopper"
    slack = "U0GRACE"
    [groups]
    finance = ["ada", "grace"]
    [policies.calculation]
    approvers = ["finance"]
    requester = "optional"
    slack_channel = "C0FINANCE"
    "#;
/// Longer than any case takes, so that an end before it was not caused by it.
const NEVER: u32 = 600;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        an_approved_calculation_succeeds,
        a_rejected_calculation_is_answered,
        an_invalid_input_is_answered,
        a_sum_that_does_not_fit_fails_the_execution,
        a_request_that_nobody_answers_expires,
        a_request_that_reaches_nobody_fails,
        a_notifier_that_fails_fails_its_task_at_once,
    ]
}

/// The machine on moto with the bot around it.
struct Stage {
    running: Running,
    client: aws_sdk_sfn::Client,
    machine_arn: String,
}

impl Stage {
    /// `name` tells the machine and the functions of one case from those of the others.
    async fn set(emulators: &Emulators, name: &str, timeout_seconds: u32) -> anyhow::Result<Self> {
        let moto = emulators.moto().await?;
        let client = step_functions::client(&moto.sdk_config());
        let port = Arc::new(AwsStepFunctions::new(&moto.sdk_config()));
        // Its executions are those of moto's account.
        let from = format!("arn:aws:states:{REGION}:123456789012");
        let options = Options {
            policy: Some(Source::new("the policy of the case", POLICY)),
            environment: [("COUNTERSIGN_EXECUTIONS_FROM", from)].into(),
            ..Options::default()
        };
        let on_moto = port.clone();
        let between = move |ports| countersign_bot::flow::app::Ports { callbacks: on_moto, ..ports };
        let running = World::start_with(options, Clock::system(), between).await?;
        let functions = functions(&running.world, port).await?;
        let named: Vec<(String, Function)> =
            functions.into_iter().map(|(function, body)| (format!("{function}-{name}"), body)).collect();
        moto.create_functions(named);
        let definition = substituted(name, timeout_seconds);
        let machine_arn = step_functions::create(&client, name, &definition).await?;
        Ok(Self { running, client, machine_arn })
    }

    fn world(&self) -> &World {
        &self.running.world
    }

    async fn start(&self, input: Value) -> anyhow::Result<String> {
        step_functions::start(&self.client, &self.machine_arn, &input).await
    }

    async fn ended(&self, execution: &str) -> anyhow::Result<Ended> {
        step_functions::ended(&self.client, execution).await
    }

    /// Waits until the request is out.
    async fn asked(&self) -> anyhow::Result<Approval> {
        until("the request is out", async || {
            let mut all = self.world().store.all().into_iter();
            Ok(all.find(|approval| !approval.copies.is_empty() && approval.outbox.is_empty()))
        })
        .await
    }

    /// Waits until the approval has this status and every copy shows it.
    async fn settled(&self, status: Status) -> anyhow::Result<()> {
        until("the approval is settled", async || {
            let approval = self.world().store.all().remove(0);
            Ok((approval.status() == status && !approval.is_unfinished()).then_some(()))
        })
        .await
    }

    async fn press(&self, approval: &Approval, action: &str) -> anyhow::Result<()> {
        let card = approval.copies.iter().find_map(|copy| copy.message.on(Platform::Slack));
        let (channel, ts) = card.expect("the card is out");
        let grace = &self.world().actor("grace").expect("the policy has her").user;
        let status = self.world().slack.press(grace, channel, ts, action, None).await?;
        assert_eq!(status, 200);
        Ok(())
    }
}

/// The functions of the workflow, each as its Lambda binary runs it, with a third party that completes on moto.
async fn functions(world: &World, tasks: Arc<dyn OwnTasks>) -> anyhow::Result<Vec<(&'static str, Function)>> {
    let key = || SigningKey::new("the key that both have".into()).expect("it is not empty");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let double_url = format!("http://{}/double", listener.local_addr()?).parse()?;
    let clock = Arc::new(SystemClock);
    let double = Double { verifier: Verifier::new(key(), None), tasks, clock: clock.clone() };
    tokio::spawn(async move { axum::serve(listener, double::router(Arc::new(double))).await });
    let calculate = Arc::new(Calculate { http: HttpClient::default(), double_url, key: key() });
    let app = world.bot().app.clone();
    Ok(vec![
        ("is-input-valid", function(|input| async move { Ok(json!(is_input_valid::check(&input))) })),
        (
            "calculate",
            function(move |input| {
                let (calculate, now) = (calculate.clone(), countersign_bot::ports::Clock::now(&*clock));
                async move { calculate.run(input, now).await.map_err(|error| failed(error.as_str(), &error)) }
            }),
        ),
        (
            "notifier",
            function(move |input| {
                let app = app.clone();
                async move { notify::notify(&app, input).await.map_err(|error| failed(error.name(), &error)) }
            }),
        ),
        (
            "finalize",
            function(|input| async move { finalize::run(input).map_err(|error| failed(error.as_str(), &error)) }),
        ),
    ])
}

fn failed(name: &str, message: &dyn std::fmt::Display) -> FunctionError {
    FunctionError { error_type: name.to_owned(), message: message.to_string() }
}

/// The definition as the deployment makes it.
fn substituted(name: &str, timeout_seconds: u32) -> String {
    let arn = |function: &str| format!("arn:aws:lambda:{REGION}:123456789012:function:{function}-{name}");
    MACHINE
        .replace("${IsInputValidArn}", &arn("is-input-valid"))
        .replace("${CalculateArn}", &arn("calculate"))
        .replace("${NotifierArn}", &arn("notifier"))
        .replace("${FinalizeArn}", &arn("finalize"))
        .replace("${ApprovalTimeoutSeconds}", &timeout_seconds.to_string())
}

async fn an_approved_calculation_succeeds(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "approve", NEVER).await?;
    let execution = stage.start(json!({ "x": 125, "y": 122 })).await?;
    let approval = stage.asked().await?;
    stage.press(&approval, "approve").await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    let output = ended.output.expect("a success has an output");
    assert_eq!(output["result"], 494, "{output}");
    assert_eq!(output["approvedBy"][0]["person"], "grace", "{output}");
    stage.settled(Status::Approved).await
}

async fn a_rejected_calculation_is_answered(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "reject", NEVER).await?;
    let execution = stage.start(json!({ "x": 125, "y": 122 })).await?;
    let approval = stage.asked().await?;
    stage.press(&approval, "reject").await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    let output = ended.output.expect("a success has an output");
    // moto loses the cause of a failed task, so the machine takes the way for a rejection without one.
    assert_eq!((&output["status"], &output["decision"]), (&json!("rejected"), &Value::Null), "{output}");
    stage.settled(Status::Rejected).await
}

async fn an_invalid_input_is_answered(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "invalid", NEVER).await?;
    let execution = stage.start(json!({ "x": 125, "y": "many" })).await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    let output = ended.output.expect("a success has an output");
    assert_eq!(output, json!({ "status": "invalid_input", "reason": "y is a string, not an integer" }));
    assert_eq!(stage.world().store.count(), 0);
    Ok(())
}

async fn a_sum_that_does_not_fit_fails_the_execution(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "too-big", NEVER).await?;
    // The sum fits and its double does not, so the failure comes with the task token. moto takes numbers for floats, which
    // hold this one.
    let execution = stage.start(json!({ "x": 1_i64 << 62, "y": 0 })).await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("NumberTooBig")));
    Ok(())
}

async fn a_request_that_nobody_answers_expires(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "expire", 3).await?;
    let execution = stage.start(json!({ "x": 125, "y": 122 })).await?;
    stage.asked().await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    let expected = json!({ "status": "expired", "reason": "There was no decision within 3 seconds." });
    assert_eq!(ended.output, Some(expected));
    // Nobody tells the bot: the reconciler finds it in the history of the execution, some time after the deadline.
    stage.world().clock.advance(SignedDuration::from_mins(1));
    reconcile::pass(&stage.world().bot().app).await?;
    stage.settled(Status::Expired).await
}

async fn a_request_that_reaches_nobody_fails(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "undeliverable", NEVER).await?;
    stage.world().slack.fail_always("chat.postMessage", Some(Fault::NotOk("msg_too_long".to_owned())));
    let execution = stage.start(json!({ "x": 125, "y": 122 })).await?;
    let is_refused = |approval: &Approval| approval.reaches_nobody() && !approval.missing.iter().any(|it| it.is_left);
    until("every place has refused", async || Ok((stage.world().store.count_where(is_refused) == 1).then_some(())))
        .await?;
    reconcile::pass(&stage.world().bot().app).await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));
    stage.settled(Status::Undeliverable).await
}

async fn a_notifier_that_fails_fails_its_task_at_once(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stage = Stage::set(&emulators, "notifier-fails", NEVER).await?;
    let broken = function(|_| async { Err(failed("InvalidApprovalRequest", &"the policy is not known")) });
    emulators.moto().await?.create_functions(vec![("notifier-notifier-fails", broken)]);
    let start = Instant::now();
    let execution = stage.start(json!({ "x": 125, "y": 122 })).await?;
    let ended = stage.ended(&execution).await?;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("InvalidApprovalRequest")));
    assert!(start.elapsed().as_secs() < u64::from(NEVER), "the timeout is not waited for");
    Ok(())
}
