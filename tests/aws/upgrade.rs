//! An upgrade from an earlier version, and the way back, while approvals are open: nothing is lost, and what one version
//! has asked the other decides.
//!
//! It needs that version built, which takes minutes, so that only `cargo xtask upgrade` plays it.

use std::sync::Arc;

use countersign_bot::approval::state::Status;
use countersign_tests::cases;

use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};
use crate::support::sam::Version;
use crate::support::stack::Stack;
use crate::support::tools;

pub(crate) fn cases() -> Vec<Case> {
    match tools::before() {
        Some(_) => cases![what_is_open_is_decided_by_the_other_version],
        None => Vec::new(),
    }
}

async fn what_is_open_is_decided_by_the_other_version(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let before = tools::before().expect("there is no such case without it");
    // Its policy is read by both: what is new in this version, an earlier one refuses.
    let before = Version {
        infra: before.join("infra"),
        zips: before.join("target").join("test-lambda"),
        policy: before.join("tests").join("aws").join("policy.toml"),
    };
    let now = Version::of_now(&emulators)?;
    let mut stack = Stack::deploy_other(&emulators, "upgrade", &before).await?;
    let asked_before = [asked(&stack, 1, 10).await?, asked(&stack, 1, 20).await?, asked(&stack, 1, 30).await?];

    stack.replace_by(&emulators, "upgraded", &now).await?;
    let [in_slack, by_mail, twice] = asked_before;
    decided_in_slack(&stack, &in_slack).await?;
    decided_by_mail(&stack, &by_mail).await?;
    let asked_now = asked(&stack, 2, 10).await?;
    let whole = asked(&stack, 2, 20).await?;
    decided_in_slack(&stack, &whole).await?;

    stack.replace_by(&emulators, "back", &before).await?;
    decided_in_slack(&stack, &asked_now).await?;
    decided_by_mail(&stack, &twice).await?;
    let last = asked(&stack, 3, 10).await?;
    decided_in_slack(&stack, &last).await
}

/// A calculation that waits, by its numbers and its execution: whoever holds it does not hold the deployment.
struct Asked {
    x: i64,
    y: i64,
    execution: String,
}

impl Asked {
    async fn on<'a>(&self, stack: &'a Stack) -> anyhow::Result<Calculation<'a>> {
        Calculation::of(stack, self.x, self.y, self.execution.clone()).await
    }
}

async fn asked(stack: &Stack, x: i64, y: i64) -> anyhow::Result<Asked> {
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), x, y).await?;
    calculation.asked_everywhere().await?;
    Ok(Asked { x, y, execution: calculation.execution })
}

async fn decided_in_slack(stack: &Stack, asked: &Asked) -> anyhow::Result<()> {
    let calculation = asked.on(stack).await?;
    calculation.decide("grace", "approve", None).await?;
    ended(&calculation, asked).await
}

async fn decided_by_mail(stack: &Stack, asked: &Asked) -> anyhow::Result<()> {
    let calculation = asked.on(stack).await?;
    let mail = stack.mail_to("grace@example.com", &calculation.title).await?;
    let page = stack.answer_mail(&mail.link().expect("there is a link in the mail"), "approve", "").await?;
    assert_eq!(page.status(), 200, "{}", String::from_utf8_lossy(page.body()));
    ended(&calculation, asked).await
}

/// The workflow has gone on, every copy is closed, and nothing is left to do.
async fn ended(calculation: &Calculation<'_>, asked: &Asked) -> anyhow::Result<()> {
    let output = calculation.ended().await?.output.unwrap_or_default();
    assert_eq!(output["result"], (asked.x + asked.y) * 2, "{output}");
    calculation.finished(Status::Approved).await?;
    calculation.closed_card().await?;
    calculation.closed_teams_card().await?;
    Ok(())
}
