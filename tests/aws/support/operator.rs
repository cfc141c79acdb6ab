//! The program `countersign`, as an operator calls it on a machine without the AWS command line.

use std::process::{Output, Stdio};

use anyhow::Context;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::sdk::REGION;
use super::tools::Tools;

/// What the program printed as JSON, and its exit code.
pub(crate) async fn countersign(
    tools: &Tools,
    aws_url: &str,
    environment: &[(&'static str, String)],
    arguments: &[&str],
) -> anyhow::Result<(Value, Option<i32>)> {
    countersign_reading(tools, aws_url, environment, arguments, "").await
}

/// The same, with something to read from standard input.
pub(crate) async fn countersign_reading(
    tools: &Tools,
    aws_url: &str,
    environment: &[(&'static str, String)],
    arguments: &[&str],
    input: &str,
) -> anyhow::Result<(Value, Option<i32>)> {
    let output = run(tools, aws_url, environment, &[arguments, &["--json"]].concat(), input).await?;
    let json = serde_json::from_slice(&output.stdout);
    Ok((json.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?, output.status.code()))
}

/// The same without `--json`: what it printed, and how it ended.
pub(crate) async fn run(
    tools: &Tools,
    aws_url: &str,
    environment: &[(&'static str, String)],
    arguments: &[&str],
    input: &str,
) -> anyhow::Result<Output> {
    let mut command = Command::new(tools.program()?);
    command.args(arguments).args(["--region", REGION]);
    // Nothing is on this search path.
    command.env_clear().env("PATH", env!("CARGO_TARGET_TMPDIR")).env("AWS_ENDPOINT_URL", aws_url);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.envs(environment.iter().map(|(name, url)| (name, url)));
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = piped.kill_on_drop(true).spawn()?;
    let mut to_it = program.stdin.take().context("the program has a standard input")?;
    // One that ends without reading closes it, and says itself why it has ended.
    to_it.write_all(input.as_bytes()).await.ok();
    drop(to_it);
    Ok(program.wait_with_output().await?)
}
