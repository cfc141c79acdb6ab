//! `sam`, as an operator runs it, against an emulator.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use countersign_tests::harness::Shared;
use serde_json::Value;
use tokio::process::Command;

use super::emulators::Emulators;
use super::sdk::REGION;

const DEPLOYING: Duration = Duration::from_secs(300);
/// How the timeout of the state that asks people is written in the state machines.
pub(crate) const TIMEOUT: &str = "\"TimeoutSeconds\": \"{% $approvalTimeoutSeconds %}\"";
/// How long people have in what is deployed.
pub(crate) const APPROVAL_TIMEOUT_SECONDS: u32 = 600;

/// What is deployed: the folder with the template, that with the packages of all functions, and a policy that they can read.
pub(crate) struct Version {
    pub(crate) infra: PathBuf,
    pub(crate) zips: PathBuf,
    pub(crate) policy: PathBuf,
}

impl Version {
    /// What the repository holds now.
    pub(crate) fn of_now(emulators: &Emulators) -> anyhow::Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the tests are in the repository")?;
        let policy = repository.join("tests").join("aws").join("policy.toml");
        Ok(Self { infra: repository.join("infra"), zips: emulators.tools().zips()?.to_owned(), policy })
    }
}

/// The program with the folder that it works in.
pub(crate) struct Sam {
    program: PathBuf,
    home: PathBuf,
    endpoint: String,
}

impl Sam {
    /// Lays out the template beside the zips, as they are in this version but for the timeouts.
    pub(crate) fn lay_out(
        emulators: &Emulators,
        name: &str,
        endpoint: &str,
        version: &Version,
    ) -> anyhow::Result<Self> {
        let home = emulators.folder().join(format!("{name}-deployment"));
        std::fs::create_dir_all(home.join("target"))?;
        std::fs::create_dir(home.join("infra"))?;
        for file in std::fs::read_dir(&version.infra)? {
            let file = file?;
            symlink(file.path(), home.join("infra").join(file.file_name()))?;
        }
        write_timeouts(&version.infra.join("state-machines"), &home.join("infra").join("state-machines"))?;
        symlink(&version.zips, home.join("target").join("lambda"))?;
        Ok(Self { program: emulators.tools().infra("sam"), home, endpoint: endpoint.to_owned() })
    }

    /// Deploys the template under this name.
    pub(crate) async fn deploy(&self, stack: &str, tag: &str, parameters: &[String]) -> anyhow::Result<()> {
        let mut arguments = vec!["deploy", "--template-file", "infra/template.yaml", "--stack-name", stack];
        arguments.extend(["--resolve-s3", "--no-confirm-changeset", "--no-progressbar", "--tags", tag]);
        arguments.extend(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides"]);
        arguments.extend(parameters.iter().map(String::as_str));
        self.run(&arguments).await.map(|_| ())
    }

    /// The outputs of a stack by name.
    pub(crate) async fn outputs(&self, stack: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let printed = self.run(&["list", "stack-outputs", "--stack-name", stack, "--output", "json"]).await?;
        pairs(&printed, "OutputKey", "OutputValue")
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.home).stdin(Stdio::null()).kill_on_drop(true);
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_DEFAULT_REGION", REGION);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("SAM_CLI_TELEMETRY", "0").env("HOME", &self.home);
        let output = tokio::time::timeout(DEPLOYING, command.output()).await.context("sam did not end in time")??;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("sam {}: {printed}{}", arguments[0], String::from_utf8_lossy(&output.stderr));
        }
        Ok(printed)
    }
}

/// Puts copies of the state machines in the place of the link to them. ministack takes no expression as a timeout, which
/// AWS documents, so the number is written there.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
fn write_timeouts(machines: &Path, copies: &Path) -> anyhow::Result<()> {
    std::fs::remove_file(copies)?;
    std::fs::create_dir(copies)?;
    for file in std::fs::read_dir(machines)? {
        let file = file?;
        let machine = std::fs::read_to_string(file.path())?;
        let machine = machine.replace(TIMEOUT, &format!("\"TimeoutSeconds\": {APPROVAL_TIMEOUT_SECONDS}"));
        std::fs::write(copies.join(file.file_name()), machine)?;
    }
    Ok(())
}

fn pairs(printed: &str, key: &str, value: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let entries: Vec<Value> = serde_json::from_str(printed).with_context(|| format!("sam printed {printed}"))?;
    let pair = |entry: Value| {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        Some((text(key)?, text(value)?))
    };
    Ok(entries.into_iter().filter_map(pair).collect())
}
