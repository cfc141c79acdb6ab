//! A deployment in one account, asked by workflows in another: both templates, the queue with its policy, the role with its
//! trust, and the credentials of the right account. ministack enforces all of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use countersign_bot::approval::ids::ExecutionArn;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use countersign_tests::cases;
use countersign_tests::patience::{until, within};
use serde_json::{Value, json};

use crate::requests::{card, definition};
use crate::support::chats::{CHANNEL, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::{NAME, Stack};
use crate::support::step_functions::{self, ended};

/// The reconciler looks at what it could not prove more and more seldom.
const LOOKED_AT_AGAIN: Duration = Duration::from_secs(300);
/// The account that asks, as the policy of the cases lists it.
const SPOKE: &str = "111122223333";
/// The role of its state machines, which may send to the queue.
const MACHINES: &str = "
import json, sys, boto3
iam = boto3.client('iam')
trust = {'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'states.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
iam.create_role(RoleName='machines', AssumeRolePolicyDocument=json.dumps(trust))
rights = {'Statement': [{'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': sys.argv[1]}]}
iam.put_role_policy(RoleName='machines', PolicyName='ask', PolicyDocument=json.dumps(rights))
";

pub(crate) fn cases() -> Vec<Case> {
    cases![another_account_asks_and_only_its_own_credentials_complete_its_task]
}

/// Deploys what the account needs, with the outputs of the deployment as its parameters.
async fn deploy_spoke(stack: &Stack, external_id: &str) -> anyhow::Result<()> {
    let said = ["HubRoleArns", "RequestsArn", "ExecutionEndsArn"].map(|name| format!("{name}={}", stack.output(name)));
    let parameters = [&said[..], &[format!("ExternalId={external_id}")]].concat();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/spoke.yaml");
    let arguments = ["countersign-spoke", template].into_iter().chain(parameters.iter().map(String::as_str));
    stack.ministack.run_script_in(SPOKE, include_str!("support/stack.py"), arguments).await
}

/// What `countersign spoke check` says of the account, by the names of its lines.
async fn checked(emulators: &Emulators, stack: &Stack) -> anyhow::Result<(Vec<(String, String)>, Option<i32>)> {
    let (said, code) = stack.countersign(emulators, &["spoke", "check", SPOKE, "--stack", NAME]).await?;
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let lines = said["checks"].as_array().cloned().unwrap_or_default();
    Ok((lines.iter().map(|line| (text(line, "name"), text(line, "verdict"))).collect(), code))
}

async fn another_account_asks_and_only_its_own_credentials_complete_its_task(
    emulators: Arc<Emulators>,
) -> anyhow::Result<()> {
    let parameters = [format!("RequestsFromAccounts={SPOKE}"), "SpokeRole=countersign-spoke".to_owned()];
    let stack = Stack::deploy_with(&emulators, "company", &parameters).await?;
    let script = stack.ministack.run_script_in(SPOKE, MACHINES, [stack.output("RequestsArn")].into_iter());
    script.await?;
    let theirs = step_functions::client(&stack.ministack.sdk_config_of(SPOKE));
    let create = theirs.create_state_machine().name("asks").definition(definition(stack.output("RequestsUrl"), 3_600));
    let machine = create.role_arn(format!("arn:aws:iam::{SPOKE}:role/machines")).send().await?.state_machine_arn;

    // Without the role, and with one that wants another external id, the program says what is missing.
    let (lines, code) = checked(&emulators, &stack).await?;
    ensure!(code == Some(1) && lines.contains(&("look up eu-west-1".to_owned(), "fail".to_owned())), "{lines:?}");
    deploy_spoke(&stack, "another-one").await?;
    let (lines, code) = checked(&emulators, &stack).await?;
    ensure!(code == Some(1) && lines.contains(&("complete eu-west-1".to_owned(), "fail".to_owned())), "{lines:?}");
    // Nothing of a request is shown then.
    let asked = json!({ "policy": "calculation", "title": "Asked from elsewhere", "requestedBy": "ada" });
    let execution = step_functions::start(&theirs, &machine, &asked).await?;
    let (store, arn) = (stack.store(), ExecutionArn::parse(&execution)?);
    let id = until("it is on record", async || Ok(store.unproven_of(&arn, 1).await?.into_iter().next())).await?;
    ensure!(store.load(&id).await?.is_some_and(|approval| approval.is_withheld()), "it is not proven yet");
    ensure!(
        !stack.slack.messages(CHANNEL).iter().any(|it| it.blocks.to_string().contains("Asked from elsewhere")),
        "shown"
    );
    deploy_spoke(&stack, stack.output("ExternalId")).await?;
    let (lines, code) = checked(&emulators, &stack).await?;
    ensure!(code == Some(0), "{lines:?}");

    // The reconciler proves it now, and it goes out.
    let ts = within(LOOKED_AT_AGAIN, "the request is out", async || {
        stack.tick().await?;
        let out = stack.slack.messages(CHANNEL).into_iter();
        let mut out = out.filter(|message| message.blocks.to_string().contains("Asked from elsewhere"));
        Ok(out.next().map(|message| message.ts))
    })
    .await?;
    // A token is taken from nobody of the deployment's own account.
    let approval = store.load(&id).await?.expect("it is on record");
    let ours = step_functions::client(&stack.ministack.sdk_config());
    let refused = ours.send_task_success().task_token(approval.token.expose()).output("{}").send().await;
    let code = refused.err().and_then(|error| error.code().map(str::to_owned));
    ensure!(matches!(code.as_deref(), Some("TaskDoesNotExist" | "InvalidToken")), "{code:?}");
    ensure!(
        theirs.describe_execution().execution_arn(&execution).send().await?.status == ExecutionStatus::Running,
        "ended"
    );

    let grace = Chats::slack_user("grace");
    assert_eq!(stack.slack.press(&grace, CHANNEL, &ts, "approve", None).await?, 200);
    let end = ended(&theirs, &execution).await?;
    let output = end.output.unwrap_or_default();
    ensure!(end.status == ExecutionStatus::Succeeded && output["decidedBy"][0]["person"] == "grace", "{output}");
    until("it is approved", async || {
        Ok(store.load(&id).await?.filter(|approval| approval.status() == Status::Approved).map(|_| ()))
    })
    .await?;

    // The next is shown without anybody's help.
    let asked = json!({ "policy": "calculation", "title": "Asked once more", "requestedBy": "ada" });
    let execution = step_functions::start(&theirs, &machine, &asked).await?;
    let ts = card(&stack, "Asked once more").await?;
    assert_eq!(stack.slack.press(&grace, CHANNEL, &ts, "reject", Some("Not now.")).await?, 200);
    let end = ended(&theirs, &execution).await?;
    ensure!(end.error.as_deref() == Some("ApprovalRejected"), "{end:?}");
    Ok(())
}
