//! The scripts beside the cases, which drive a browser.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::tools::Tools;

/// No script takes this long on any machine.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Runs a script with where the packages and the browser are, and what it wants to know besides. Gives back what it
/// says.
pub(crate) async fn node(tools: &Tools, script: &str, arguments: &[&OsStr], input: &str) -> anyhow::Result<String> {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("teams").join(script));
    command.arg(tools.node_modules()).arg(tools.chromium()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = async {
        let mut node = command.spawn().context("node does not start")?;
        // It reads all of it before it says anything.
        node.stdin.take().context("it has an input")?.write_all(input.as_bytes()).await?;
        anyhow::Ok(node.wait_with_output().await?)
    };
    let output = tokio::time::timeout(TIMEOUT, run).await.with_context(|| format!("{script} does not end"))??;
    ensure!(output.status.success(), "{script} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
