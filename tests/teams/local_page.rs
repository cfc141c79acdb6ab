//! The page of the local run in a real browser: an example is started with the form of its command, by somebody who has a
//! keyboard alone.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use countersign_playground::clock::Clock;
use countersign_playground::world::{Options, Source, StateMachine, World};
use countersign_tests::cases;
use serde_json::{Value, json};

use crate::support::node::node;
use crate::support::tools::{Case, Tools};

pub(crate) fn cases() -> Vec<Case> {
    cases![an_example_is_started_with_the_form_of_its_command]
}

async fn an_example_is_started_with_the_form_of_its_command(tools: Arc<Tools>) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/examples/release");
    let options = Options {
        policy: Some(Source::file(&folder.join("policy.toml"))?),
        state_machines: vec![StateMachine::file(None, &folder.join("release.asl.json"))?],
        mocks: Some(Source::file(&folder.join("release.mocks.json"))?),
        ..Options::default()
    };
    let running = World::start(options, Clock::system()).await?;
    let world = &running.world;
    // They stay for people to look at.
    let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("local-page");
    let seen = node(&tools, "start.mjs", &[OsStr::new(&world.url), screenshots.as_os_str()], "").await?;
    let seen: Value = serde_json::from_str(&seen)?;

    ensure!(seen["labels"] == json!(["version", "environment", "notes (optional)", "plan (optional)"]), "{seen:#}");
    let version = r"text like \d+\.\d+\.\d+ It must look like \d+\.\d+\.\d+, and “v1” does not.";
    let wrong = json!({ "mistakes": [["version", version], ["environment", "It is missing."]], "focus": "version" });
    ensure!(seen["wrong"] == wrong, "the first mistake has the keyboard: {seen:#}");
    ensure!(seen["typing"] == json!([["environment", "It is missing."]]), "{seen:#}");
    ensure!(seen["right"]["focus"] == "Start an execution", "the keyboard is where the form was: {seen:#}");
    ensure!(seen["kept"] == "1.4.2" && seen["toggled"] == "JSON", "{seen:#}");
    let said = seen["json"]["mistakes"][0][1].as_str().unwrap_or_default();
    ensure!(said.starts_with("The input is not JSON") && seen["json"]["focus"] == "Input (JSON)", "{seen:#}");
    ensure!(seen["stranger"] == "You are not in the policy, so you may start nothing.", "{seen:#}");
    let mentioned = seen["mentioned"].as_array().is_some_and(|names| !names.is_empty());
    ensure!(mentioned && seen["markup"] == false, "the card in Teams mentions people by their names: {seen:#}");
    ensure!(seen["problems"] == json!([]) && seen["width"] == 1366, "{seen:#}");

    let inputs: Vec<Value> = world.engine.executions().into_iter().map(|execution| execution.input).collect();
    let by_form = json!({
        "version": "1.4.2", "environment": "production", "notes": "All customers\nget it.", "plan": null,
        "requestedBy": "linus", "correlation": { "source": "page" },
    });
    let by_json = json!({ "version": "2.0.0", "environment": "staging", "requestedBy": "linus" });
    ensure!(inputs == [by_json, by_form], "{inputs:#?}");
    Ok(())
}
