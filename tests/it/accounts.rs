//! Executions of another account: their tasks are completed with the credentials of that account alone, and nothing is
//! shown of them before they are proven. The router and the clients are the real ones; STS and Step Functions are fakes
//! that check whoever calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_bot::approval::ids::Origin;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::aws::step_functions::AwsStepFunctions;
use countersign_bot::aws::step_functions::accounts::{Spokes, StepFunctionsOfAccounts};
use countersign_bot::flow::app::Ports;
use countersign_bot::flow::spokes::Found;
use countersign_bot::flow::{hear, notify};
use countersign_bot::lambda::reconciler::{self, Woken};
use countersign_playground::engine::{ExecutionStatus, ORIGIN};
use countersign_playground::world::Options;
use serde_json::json;

use crate::requests::{approval, machine, start, taken};
use crate::support::aws::FakeAws;
use crate::support::logs::Logs;
use crate::support::{Harness, RULES, START, has_buttons, is_out, options, policy, shown};

/// The deployment's own account; the engine's is another.
const HUB: &str = "arn:aws:states:local:999999999999";
const LISTED: &str = "\n[accounts.000000000000]\nname = \"payments\"\nregions = [\"local\"]\n";
const ROLE: &str = "arn:aws:iam::000000000000:role/countersign-spoke";
const EXTERNAL_ID: &str = "3f1c";

/// A deployment in one account, and workflows in another.
struct Company {
    harness: Harness,
    aws: FakeAws,
    /// How often a role could not be assumed.
    alarms: Arc<AtomicUsize>,
}

impl Company {
    async fn start() -> Self {
        Self::with(LISTED).await
    }

    async fn with(listed: &str) -> Self {
        let aws = FakeAws::start().await;
        let rules = format!("{RULES}{listed}");
        let accounts = policy_file::read(&policy(&rules)).unwrap().accounts;
        let alarms = Arc::new(AtomicUsize::new(0));
        let (config, counted) = (aws.config(), alarms.clone());
        let between = move |ports: Ports| {
            let alarm = move || {
                counted.fetch_add(1, Ordering::Relaxed);
            };
            let spokes = Spokes::new(&config, ports.clock.clone(), alarm).telling(Some(EXTERNAL_ID.to_owned()));
            let (own, here) = (AwsStepFunctions::new(&config), vec![Origin::parse(HUB).unwrap()]);
            let everywhere = Arc::new(StepFunctionsOfAccounts::new(own, here, accounts, spokes));
            Ports { callbacks: everywhere.clone(), executions: everywhere, ..ports }
        };
        let environment = [("COUNTERSIGN_EXECUTIONS_FROM", HUB.to_owned())].into();
        let harness = Harness::with_options(&rules, Options { environment, ..options() }, between).await;
        aws.runs(&harness.world);
        aws.set_role(Some((ROLE, EXTERNAL_ID)));
        Self { harness, aws, alarms }
    }

    /// A workflow of the other account asks; gives the request once it is out.
    async fn ask(&self) -> Approval {
        start(&self.harness, &machine(&approval()));
        self.harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
    }

    /// The same where nothing can be shown of it.
    async fn ask_in_vain(&self) -> Approval {
        start(&self.harness, &machine(&approval()));
        let approval = self.harness.until("it is on record", |world| world.store.all().pop()).await;
        taken(&self.harness).await;
        assert!(approval.is_withheld() && approval.status() == Status::Pending);
        assert!(self.harness.world.slack.messages("C0FINANCE").is_empty());
        approval
    }

    fn alarms(&self) -> usize {
        self.alarms.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_workflow_of_another_account_asks_and_is_answered_with_its_own_credentials() {
    for (verdict, status) in [("approve", Status::Approved), ("reject", Status::Rejected)] {
        let company = Company::start().await;
        let approval = company.ask().await;
        let card = shown(&company.harness.card(&approval));
        assert!(card.contains("Ship it") && card.contains(ORIGIN), "{card}");
        assert_eq!(company.harness.press("grace", &approval, verdict, Some("Because.")).await, 200);
        company.harness.settled(&approval, status).await;
        let ended = company.harness.ended().await;
        assert_eq!(ended.status == ExecutionStatus::Succeeded, status == Status::Approved);
        let calls = company.aws.take_calls();
        assert_eq!(calls.iter().filter(|call| call.ends_with("AssumeRole")).count(), 1, "{calls:?}");
        let others = calls.iter().filter(|call| !call.starts_with("SPOKE1 ") && !call.ends_with("AssumeRole"));
        assert_eq!(others.count(), 0, "{calls:?}");
        assert_eq!(company.alarms(), 0);
    }
}

/// Somebody forgot to deploy the role, or gave it another external id. The request goes out once that is mended.
#[tokio::test]
async fn without_its_role_nothing_of_a_request_is_shown_until_it_is_there() {
    for role in [None, Some((ROLE, "another")), Some(("arn:aws:iam::000000000000:role/other", EXTERNAL_ID))] {
        let company = Company::start().await;
        company.aws.set_role(role);
        let approval = company.ask_in_vain().await;
        assert!(company.alarms() > 0, "somebody is told");
        company.harness.pass_time(60);
        company.harness.reconcile().await;
        assert!(company.harness.world.slack.messages("C0FINANCE").is_empty());
        assert!(company.harness.events("Approval Requested").is_empty());
        company.aws.set_role(Some((ROLE, EXTERNAL_ID)));
        company.harness.pass_time(120);
        company.harness.reconcile().await;
        let out = company.harness.until("it is out", |world| world.store.all().into_iter().find(is_out)).await;
        assert_eq!(out.id, approval.id);
        assert_eq!(company.harness.press("grace", &approval, "approve", None).await, 200);
        company.harness.settled(&approval, Status::Approved).await;
    }
}

/// A refusal that passes once somebody has mended it: the decision stands meanwhile.
#[tokio::test]
async fn a_decision_is_recorded_without_the_role_and_called_back_when_it_is_there() {
    let company = Company::start().await;
    let approval = company.ask().await;
    company.aws.set_role(None);
    company.aws.expire_keys();
    assert_eq!(company.harness.press("grace", &approval, "approve", None).await, 200);
    assert_eq!(company.harness.record(&approval.id).status(), Status::Resolving);
    assert!(company.alarms() > 0);
    company.harness.pass_time(60);
    company.harness.reconcile().await;
    assert_eq!(company.harness.record(&approval.id).status(), Status::Resolving, "it waits for as long as it takes");
    company.aws.set_role(Some((ROLE, EXTERNAL_ID)));
    company.harness.pass_time(120);
    company.harness.reconcile().await;
    company.harness.settled(&approval, Status::Approved).await;
    assert_eq!(company.harness.ended().await.status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn credentials_that_expire_in_the_middle_of_a_press_are_renewed_within_it() {
    let company = Company::start().await;
    let approval = company.ask().await;
    company.aws.take_calls();
    company.aws.expire_keys();
    assert_eq!(company.harness.press("grace", &approval, "approve", None).await, 200);
    assert_eq!(company.harness.record(&approval.id).status(), Status::Approved, "the press itself has done it");
    let calls = company.aws.take_calls();
    assert_eq!(calls[..3], ["SPOKE1 SendTaskSuccess", "HUB AssumeRole", "SPOKE2 SendTaskSuccess"], "{calls:?}");
    company.harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn an_account_or_a_region_that_is_not_listed_is_refused_by_the_name_of_the_field() {
    let elsewhere = [
        "",
        "\n[accounts.000000000000]\nname = \"payments\"\nregions = [\"eu-west-1\"]\n",
        "\n[accounts.111122223333]\nname = \"payments\"\nregions = [\"local\"]\n",
    ];
    for listed in elsewhere {
        let company = Company::with(listed).await;
        let (logs, _guard) = Logs::catch();
        let execution = start(&company.harness, &machine(&approval()));
        let refused = || logs.text().contains("a request is refused whose task has ended, or is of elsewhere");
        company.harness.until("it is refused", |_| refused().then_some(())).await;
        taken(&company.harness).await;
        assert!(company.harness.world.store.all().is_empty());
        // Nobody can fail the task from here: its state waits for its timeout.
        let status = company.harness.world.engine.describe_execution(&execution).unwrap().status;
        assert_eq!(status, ExecutionStatus::Running);
        assert_eq!(company.aws.take_calls(), ["HUB SendTaskFailure"], "no role is assumed that the list has not");
    }
}

/// The account and the region are on the list, and those of another partition are other ones.
#[tokio::test]
async fn an_execution_of_another_partition_is_none_of_an_account_that_is_listed() {
    let company = Company::start().await;
    let input = json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval(),
        "executionArn": "arn:aws-cn:states:local:000000000000:execution:calculation:by-hand",
    });
    let refused = notify::notify(&company.harness.world.bot().app, input).await.unwrap_err();
    assert_eq!(refused.to_string(), "executionArn: is of an account or a region that may not ask here");
    assert!(company.harness.world.store.all().is_empty() && company.aws.take_calls().is_empty());
}

#[tokio::test]
async fn the_role_is_called_and_told_what_the_policy_says() {
    let company = Company::with(&format!("{LISTED}role = \"approvals\"\nexternal_id = \"own\"\n")).await;
    company.aws.set_role(Some(("arn:aws:iam::000000000000:role/approvals", "own")));
    let approval = company.ask().await;
    company.harness.press("grace", &approval, "approve", None).await;
    company.harness.settled(&approval, Status::Approved).await;
    assert_eq!(company.alarms.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_request_that_is_wrong_fails_its_task_in_its_own_account() {
    let company = Company::start().await;
    start(&company.harness, &machine(&json!({ "policy": "gone", "title": "Ship it" })));
    let ended = company.harness.ended().await;
    assert_eq!(ended.error.as_deref(), Some("InvalidApprovalRequest"));
    taken(&company.harness).await;
    assert_eq!(company.aws.take_calls(), ["HUB AssumeRole", "SPOKE1 SendTaskFailure"]);
}

/// Rules of the other account hand on which execution has ended, and nothing is believed of it.
#[tokio::test]
async fn the_end_of_an_execution_elsewhere_is_only_a_reason_to_ask() {
    let company = Company::start().await;
    let approval = company.ask().await;
    let app = &company.harness.world.bot().app;
    let told = |account: &str, execution: &str| {
        json!({
            "source": "aws.states", "account": account, "detail": { "executionArn": execution, "status": "ABORTED" }
        })
        .to_string()
    };
    let execution = approval.request.execution.as_str();
    company.aws.take_calls();
    for others in [
        told("111122223333", execution),
        told("111122223333", &execution.replace("000000000000", "111122223333")),
        "no JSON".to_owned(),
        json!({ "source": "mine", "account": "000000000000", "detail": { "executionArn": execution, "status": "FAILED" } })
            .to_string(),
    ] {
        hear::hear_elsewhere(app, &others).await.unwrap();
    }
    assert_eq!(company.aws.take_calls(), [""; 0]);
    hear::hear_elsewhere(app, &told("000000000000", execution)).await.unwrap_err();
    assert!(has_buttons(&company.harness.card(&approval)), "it has not ended");
    company.harness.world.engine.stop_execution(execution, "Stopped", "by hand").unwrap();
    hear::hear_elsewhere(app, &told("000000000000", execution)).await.unwrap();
    company.harness.settled(&approval, Status::Cancelled).await;
}

/// The calls that approvals need are made with a task and an execution that nobody has.
#[tokio::test]
async fn whether_an_account_can_be_served_is_found_out_by_the_calls_themselves() {
    let company = Company::start().await;
    let app = &company.harness.world.bot().app;
    let check = async |account: &str| {
        let woken = reconciler::handle(app, json!({ (reconciler::CHECK_ACCOUNT): account })).await.unwrap();
        let Woken::Checked(found) = woken else { panic!("{woken:?}") };
        found
    };
    let found = |look_up: Option<&str>, complete: Option<&str>| {
        let [look_up, complete] = [look_up, complete].map(|problem| problem.map(str::to_owned));
        Some(vec![Found { region: "local".to_owned(), look_up, complete }])
    };
    assert_eq!(check("000000000000").await, found(None, None));
    company.aws.set_role(Some((ROLE, "another")));
    company.aws.expire_keys();
    assert_eq!(check("000000000000").await, found(Some("STS: AccessDenied"), Some("STS: AccessDenied")));
    assert_eq!(check("111122223333").await, None);
}
