//! A function that is not told what it needs does not start, and says everything that is missing at once.

use std::process::Stdio;
use std::sync::Arc;

use countersign_tests::cases;
use tokio::process::Command;

use crate::support::emulators::{Case, Emulators};

pub(crate) fn cases() -> Vec<Case> {
    cases![without_configuration, half_configured]
}

/// What a function prints when it is started with this environment only. It must end by itself, with an error.
async fn started_with(emulators: &Emulators, function: &str, environment: &[(&str, &str)]) -> anyhow::Result<String> {
    let bootstrap = emulators.tools().zips()?.join(function).join("bootstrap");
    let mut command = Command::new(bootstrap);
    command.env_clear().envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), command.output()).await??;
    assert!(!output.status.success(), "{function} started");
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

async fn without_configuration(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    for function in ["webhook", "notifier", "messenger", "reconciler"] {
        let printed = started_with(&emulators, function, &[]).await?;
        for variable in ["COUNTERSIGN_TABLE", "COUNTERSIGN_BUS", "COUNTERSIGN_DELIVERIES_URL", "COUNTERSIGN_PUBLIC_URL"]
        {
            assert!(printed.contains(&format!("{variable} is missing")), "{function} printed {printed}");
        }
    }
    let printed = started_with(&emulators, "calculate", &[]).await?;
    assert!(printed.contains("COUNTERSIGN_DOUBLE_URL") && printed.contains("COUNTERSIGN_DOUBLE_KEY"), "{printed}");
    Ok(())
}

async fn half_configured(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let environment = [
        ("COUNTERSIGN_TABLE", "approvals"),
        ("COUNTERSIGN_BUS", "countersign"),
        ("COUNTERSIGN_DELIVERIES_URL", "https://sqs.eu-west-1.amazonaws.com/1/deliveries.fifo"),
        ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com"),
        ("COUNTERSIGN_SLACK_BOT_TOKEN", "xoxb-very-secret"),
    ];
    let printed = started_with(&emulators, "webhook", &environment).await?;
    assert!(printed.contains("COUNTERSIGN_SLACK_SIGNING_SECRET is missing"), "{printed}");
    assert!(!printed.contains("very-secret"), "{printed}");
    Ok(())
}
