//! `countersign deploy` and `remove`, by the program that is released and with nothing on its search path: the first
//! time, again, with other code, after a failure, and killed at each step.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::actions::Actions;
use crate::support::deployable::Deployable;
use crate::support::emulators::{Case, Emulators};
use crate::support::ministack::Ministack;
use crate::support::operator;
use crate::support::proxy::{Held, Proxy};
use crate::support::sdk::REGION;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        the_first_time_again_and_with_other_code,
        killed_at_each_step_it_goes_on,
        a_creation_that_failed_is_made_again,
        a_removal_says_what_stays
    ]
}

const BUCKET: &str = "countersign-code-000000000000-eu-west-1";

/// An account with nothing in it.
struct Account {
    emulators: Arc<Emulators>,
    ministack: Ministack,
    proxy: Proxy,
}

impl Account {
    async fn empty(emulators: &Arc<Emulators>, name: &str) -> anyhow::Result<Self> {
        let ministack = emulators.new_ministack(name).await?;
        let proxy = Proxy::start(Actions::default()).await?;
        proxy.lead_to(ministack.url());
        Ok(Self { emulators: emulators.clone(), ministack, proxy })
    }

    /// What a person would type, but for the consent. ministack knows no archives.
    fn arguments<'a>(folder: &'a Deployable, stack: &'a str) -> anyhow::Result<Vec<&'a str>> {
        let answers = "nothing-is-kept.toml";
        let mut arguments =
            vec!["deploy", "--from", folder.path()?, "--stack", stack, "--policy", folder.policy(), "--yes"];
        arguments.extend(["--answers", answers, "--parameter", "EventArchiveDays=0"]);
        Ok(arguments)
    }

    async fn deploy(&self, folder: &Deployable, stack: &str) -> anyhow::Result<(Value, Option<i32>)> {
        self.run(&Self::arguments(folder, stack)?).await
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<(Value, Option<i32>)> {
        operator::countersign(self.emulators.tools(), self.proxy.url(), &[], arguments).await
    }

    /// Deploys, and is killed as soon as a call is held. What was sent arrives.
    async fn deploy_and_kill(&self, folder: &Deployable, stack: &str, held: Held) -> anyhow::Result<()> {
        let mut command = Command::new(self.emulators.tools().program()?);
        command.args(Self::arguments(folder, stack)?).args(["--region", REGION]).env_clear();
        command.env("AWS_ENDPOINT_URL", self.proxy.url()).env("AWS_ACCESS_KEY_ID", "test");
        command.env("AWS_SECRET_ACCESS_KEY", "test");
        let mut program =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        held.arrived().await?;
        program.kill().await?;
        held.release();
        Ok(())
    }

    /// The functions of the account by name.
    async fn functions(&self) -> anyhow::Result<usize> {
        let functions = self.ministack.client().get("lambda", "/2015-03-31/functions").await?;
        Ok(functions["Functions"].as_array().map_or(0, Vec::len))
    }
}

async fn the_first_time_again_and_with_other_code(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let account = Account::empty(&emulators, "deploying").await?;
    let first = Deployable::hollow(&emulators, "deploying-1", 1)?;
    let (report, code) = account.deploy(&first, "fresh").await?;
    assert_eq!(
        (&report["outcome"], &report["policy"], code),
        (&json!("created"), &json!("inForce"), Some(0)),
        "{report:#}"
    );
    let made = report["changes"].as_array().context("changes are listed")?;
    assert!(made.len() > 60 && made.iter().all(|change| change["effect"] == "made"), "{report:#}");
    assert!(report["outputs"]["TableName"].is_string() && report["outputs"]["PublicUrl"].is_string(), "{report:#}");
    // The bucket is closed, and whoever looks finds what it is encrypted with.
    let closed = account.ministack.client().text("s3", &format!("/{BUCKET}?publicAccessBlock")).await?;
    assert_eq!(closed.matches("true").count(), 4, "{closed}");
    let encrypted = account.ministack.client().text("s3", &format!("/{BUCKET}?encryption")).await?;
    assert!(encrypted.contains("AES256"), "{encrypted}");

    let uploads = account.proxy.count("s3", "PUT");
    let (report, code) = account.deploy(&first, "fresh").await?;
    assert_eq!((&report["outcome"], code), (&json!("unchanged"), Some(0)), "{report:#}");
    assert_eq!(account.proxy.count("s3", "PUT"), uploads, "nothing is uploaded that is there");

    let second = Deployable::hollow(&emulators, "deploying-2", 2)?;
    let (report, code) = account.deploy(&second, "fresh").await?;
    assert_eq!((&report["outcome"], code), (&json!("updated"), Some(0)), "{report:#}");
    let changed = report["changes"].as_array().context("changes are listed")?;
    // A change set of ministack names what a condition leaves out as well, as the copy of the trails is here.
    let is_code = |change: &&Value| {
        change["kind"] == "AWS::Lambda::Function" && change["effect"] == "changed" && change["name"] != "Archivist"
    };
    assert_eq!(changed.iter().filter(is_code).count(), 8, "{report:#}");
    assert!(changed.iter().all(|change| change["losesData"] == false), "{report:#}");
    Ok(())
}

/// Each time it is killed at another call, before the call has an effect or after it, and what the next run makes of it is
/// a whole deployment.
async fn killed_at_each_step_it_goes_on(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let account = Account::empty(&emulators, "killed").await?;
    let folder = Deployable::hollow(&emulators, "killed", 1)?;
    // All are held at once, so that each run comes one step further than the one before.
    let before = [
        "sts:GetCallerIdentity",
        "s3:PUT",
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:ExecuteChangeSet",
        "dynamodb:TransactWriteItems",
    ];
    for (action, held) in before.map(|action| (action, account.proxy.hold(action))) {
        account.deploy_and_kill(&folder, "killed", held).await.context(action)?;
    }
    let (report, code) = account.deploy(&folder, "killed").await?;
    assert_eq!((&report["ok"], &report["policy"], code), (&json!(true), &json!("inForce"), Some(0)), "{report:#}");

    // What is uploaded is there for every stack, so another version is brought.
    let folder = Deployable::hollow(&emulators, "killed-after", 2)?;
    let after = [
        "s3:PUT",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DescribeStackEvents",
        "dynamodb:TransactWriteItems",
    ];
    for action in after {
        let stack = action.replace(':', "-");
        account.deploy_and_kill(&folder, &stack, account.proxy.hold_answer(action)).await.context(action)?;
        let (report, _) = account.deploy(&folder, &stack).await?;
        assert_eq!((&report["ok"], &report["policy"]), (&json!(true), &json!("inForce")), "{action}: {report:#}");
    }
    Ok(())
}

async fn a_creation_that_failed_is_made_again(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let account = Account::empty(&emulators, "ruined").await?;
    let folder = Deployable::hollow(&emulators, "ruined", 1)?;
    // Somebody has a bus of the name that the stack wants.
    let bus = json!({ "Name": "ruined" });
    account.ministack.operate("events", "AWSEvents.CreateEventBus", &bus).await?;
    let (report, code) = account.deploy(&folder, "ruined").await?;
    assert_eq!((&report["outcome"], &report["status"], code), (&json!("failed"), &json!("ROLLBACK_COMPLETE"), Some(1)));
    let failure = &report["failures"][0];
    assert_eq!(failure["resource"], "Bus", "{report:#}");
    assert!(failure["reason"].as_str().is_some_and(|reason| reason.contains("already exists")), "{report:#}");
    assert_eq!(account.functions().await?, 0, "nothing is left of it");
    account.ministack.operate("events", "AWSEvents.DeleteEventBus", &bus).await?;
    let (report, code) = account.deploy(&folder, "ruined").await?;
    assert_eq!((&report["outcome"], code), (&json!("created"), Some(0)), "{report:#}");
    Ok(())
}

async fn a_removal_says_what_stays(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let account = Account::empty(&emulators, "removed").await?;
    let folder = Deployable::hollow(&emulators, "removed", 1)?;
    let (report, _) = account.deploy(&folder, "removed").await?;
    let table = report["outputs"]["TableName"].clone();
    let (refused, code) = account.run(&["remove", "--stack", "removed", "--confirm", "another"]).await?;
    assert_eq!((&refused["outcome"], code), (&json!("declined"), Some(1)), "{refused:#}");
    let (removed, code) = account.run(&["remove", "--stack", "removed", "--confirm", "removed"]).await?;
    assert_eq!((&removed["outcome"], code), (&json!("removed"), Some(0)), "{removed:#}");
    let kept = json!([{ "resource": "Approvals", "kind": "AWS::DynamoDB::Table", "id": table }]);
    assert_eq!(removed["kept"], kept, "{removed:#}");
    until("the table is still there", async || {
        let described = json!({ "TableName": table });
        let table = account.ministack.operate("dynamodb", "DynamoDB_20120810.DescribeTable", &described).await?;
        ensure!(table["Table"]["TableStatus"] == "ACTIVE", "{table:#}");
        Ok(Some(()))
    })
    .await?;
    assert_eq!(account.functions().await?, 0);
    let (absent, code) = account.run(&["remove", "--stack", "removed", "--confirm", "removed"]).await?;
    assert_eq!((&absent["outcome"], code), (&json!("absent"), Some(0)));
    Ok(())
}
