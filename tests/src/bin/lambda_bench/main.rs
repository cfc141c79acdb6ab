//! What the functions cost on Lambda: the released binaries of `webhook` and `notifier`, run as Lambda runs them,
//! beside a function that does nothing.
//!
//! Every approval is raised by the notifier and decided by one click through the webhook. AWS and Slack are small
//! servers in this process, so that only the functions' own work is counted. The aims are printed beside the figures
//! and fail nothing, since machines differ; a wrong answer does.

#![expect(clippy::print_stdout, reason = "the figures are what the command is run for")]

mod approvals;
mod aws;
mod figures;
mod function;
mod runtime_api;

use std::path::Path;

use anyhow::Context;
use serde_json::json;

use crate::approvals::{Approvals, Pending};
use crate::figures::{Cold, Figures, Meter, Warm};
use crate::function::Function;

/// How often each function is started.
const STARTS: usize = 25;
/// Events that fill connections and caches, and are not counted.
const WARM_UP: usize = 20;
/// Events that are counted.
const COUNTED: usize = 500;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (folder, policy) = arguments.next().zip(arguments.next()).context("usage: lambda_bench FOLDER POLICY")?;
    let mut approvals = Approvals::start().await?;
    let environment = approvals.environment(Path::new(&policy))?;
    let function = |name| Function::packaged(Path::new(&folder), name, environment.clone());
    let (floor, webhook, notifier) = (function("floor")?, function("webhook")?, function("notifier")?);

    println!(
        "The median of {STARTS} starts, and {COUNTED} events in one process after {WARM_UP} that are not counted.\n\
         AWS and Slack are servers on this machine and answer at once, over plain HTTP: no TLS handshake is in these \
         figures.\nCPU time is the scheduler's, in nanoseconds (/proc/PID/task/*/schedstat)."
    );
    let idle = idle(&floor).await?;
    let (raising, pending) = raise(&notifier, &mut approvals).await?;
    let clicking = click(&webhook, &approvals, &pending).await?;
    let [floor_starts, webhook_starts, notifier_starts] = starts([&floor, &webhook, &notifier], &mut approvals).await?;
    figures::print(
        &Figures::new(&floor, floor_starts, idle)?,
        &Figures::new(&webhook, webhook_starts, clicking)?,
        &Figures::new(&notifier, notifier_starts, raising)?,
    );
    Ok(())
}

async fn idle(floor: &Function) -> anyhow::Result<Warm> {
    let mut meter = Meter::start(floor, WARM_UP).await?;
    for _ in 0..WARM_UP + COUNTED {
        meter.invoke(&json!({})).await?;
    }
    meter.stop().await
}

async fn raise(notifier: &Function, approvals: &mut Approvals) -> anyhow::Result<(Warm, Vec<Pending>)> {
    let mut meter = Meter::start(notifier, WARM_UP).await?;
    let mut pending = Vec::new();
    for _ in 0..WARM_UP + COUNTED {
        let (token, event) = approvals.request();
        let answer = meter.invoke(&event).await?;
        pending.push(approvals.raised(token, &answer)?);
    }
    Ok((meter.stop().await?, pending))
}

async fn click(webhook: &Function, approvals: &Approvals, pending: &[Pending]) -> anyhow::Result<Warm> {
    let mut meter = Meter::start(webhook, WARM_UP).await?;
    for approval in pending {
        let answer = meter.invoke(&approvals.click(approval)?).await?;
        approvals.check_click(approval, &answer)?;
    }
    meter.stop().await
}

/// The functions take turns, so that a busy moment of the machine falls on all alike.
async fn starts(functions: [&Function; 3], approvals: &mut Approvals) -> anyhow::Result<[Cold; 3]> {
    let [floor, webhook, notifier] = functions;
    let [mut floors, mut webhooks, mut notifiers] = [Cold::default(), Cold::default(), Cold::default()];
    for _ in 0..STARTS {
        floors.start(floor, &json!({})).await?;
        let (token, event) = approvals.request();
        let answer = notifiers.start(notifier, &event).await?;
        let pending = approvals.raised(token, &answer)?;
        let answer = webhooks.start(webhook, &approvals.click(&pending)?).await?;
        approvals.check_click(&pending, &answer)?;
    }
    Ok([floors, webhooks, notifiers])
}
