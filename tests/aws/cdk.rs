//! The CDK's example of `docs/infrastructure-as-code.md`, as it stands there: synthesised by the CDK itself, and deployed.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_tests::cases;
use serde_json::Value;
use tokio::process::Command;

use crate::support::deployable::Deployable;
use crate::support::emulators::{Case, Emulators};

pub(crate) fn cases() -> Vec<Case> {
    cases![the_example_of_the_cdk_is_deployed]
}

const BUCKET: &str = "zips-of-the-example";
/// What the example keeps of events, which ministack cannot: it knows no archives.
const ARCHIVE: &str = "EventArchiveDays: 30";

/// The example of the page.
fn example() -> anyhow::Result<String> {
    let page = include_str!("../../docs/infrastructure-as-code.md");
    let (_, rest) = page.split_once("```js\n").context("the page has an example")?;
    let (example, _) = rest.split_once("```").context("the example ends")?;
    ensure!(example.contains(ARCHIVE), "the example names {ARCHIVE}");
    Ok(example.replace(ARCHIVE, "EventArchiveDays: 0"))
}

async fn the_example_of_the_cdk_is_deployed(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let folder = Deployable::hollow(&emulators, "cdk", 1)?;
    fs::write(folder.file("app.js"), example()?)?;
    let mut node = Command::new("node");
    node.arg("app.js").current_dir(folder.path()?).env("BUCKET", BUCKET).env("CDK_OUTDIR", "out");
    node.env("NODE_PATH", emulators.tools().node("cdk")).kill_on_drop(true);
    let output = node.output().await.context("node cannot be run")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let read = |file: &str| -> anyhow::Result<Value> { Ok(serde_json::from_slice(&fs::read(folder.file(file))?)?) };
    let (written, synthesised) = (read("template.json")?, read("out/countersign.template.json")?);
    let ids = |template: &Value| -> Option<Vec<String>> {
        let mut ids: Vec<String> = template["Resources"].as_object()?.keys().cloned().collect();
        ids.sort();
        Some(ids)
    };
    assert_eq!(ids(&written), ids(&synthesised), "a stack that was deployed otherwise can be taken over");

    let ministack = emulators.new_ministack("cdk").await?;
    let path = folder.path()?;
    ministack.run_script(include_str!("cdk.py"), [BUCKET, path].into_iter()).await?;
    let functions = ministack.client().get("lambda", "/2015-03-31/functions").await?;
    assert_eq!(functions["Functions"].as_array().map(Vec::len), Some(8), "{functions:#}");
    Ok(())
}
