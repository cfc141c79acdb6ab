//! `countersign mocks`: writes the file of what stands in for what does not run on this machine.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use countersign_playground::world::machines::unmocked;
use serde_json::{Map, Value, json};

use crate::ending::Ending;
use crate::examples::examples;
use crate::machines::{Named, Placeholders};
use crate::output;

/// Writes what stands in for what does not run on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign mocks init release.asl.json",
    "countersign mocks init release=statemachine/definition.json --output mocks.json"))]
pub(crate) struct Mocks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(Init),
}

/// Writes a file with every mock that a state machine needs, to be filled in.
///
/// It has the format of AWS's Step Functions Local: each state names a response, which has a reply for each attempt,
/// `Return` or `Throw`. A file that is there is not overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("countersign mocks init release.asl.json"))]
struct Init {
    /// The state machine.
    #[arg(value_name = "[NAME=]FILE")]
    state_machine: Named,
    /// The file to write; otherwise one beside the state machine.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The name of the test case.
    #[arg(long, value_name = "NAME", default_value = "Happy")]
    test_case: String,
    #[command(flatten)]
    placeholders: Placeholders,
}

impl Mocks {
    /// Writes the file and says what is in it.
    pub(crate) fn run(self) -> anyhow::Result<Ending> {
        let Command::Init(init) = self.command;
        let machine = init.state_machine.state_machine()?;
        let unmocked = unmocked(&machine, &init.placeholders.values())?;
        if unmocked.is_empty() {
            output::say(format_args!("{} needs no mocks.", machine.name))?;
            return Ok(Ending::Well);
        }
        let path = init.output.unwrap_or_else(|| init.state_machine.beside(&machine.name, "mocks.json"));
        let mut text = serde_json::to_string_pretty(&file(&machine.name, &init.test_case, &unmocked))?;
        text.push('\n');
        let created = OpenOptions::new().write(true).create_new(true).open(&path);
        match created.and_then(|mut file| file.write_all(text.as_bytes())) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!(
                    "{} is there, and what may be filled in is not overwritten: --output FILE names another",
                    path.display()
                )
            }
            written => written.with_context(|| format!("{} cannot be written", path.display()))?,
        }
        let states: Vec<&str> = unmocked.iter().map(|(state, _)| state.as_str()).collect();
        output::say(format_args!("{} has what these return, to be filled in: {}", path.display(), states.join(", ")))?;
        Ok(Ending::Well)
    }
}

/// One test case in which every state has a response of its own name.
fn file(machine: &str, test_case: &str, unmocked: &[(String, Value)]) -> Value {
    let states: Map<String, Value> = unmocked.iter().map(|(state, _)| (state.clone(), json!(state))).collect();
    let response = |result: &Value| json!({ "0": { "Return": result } });
    let responses: Map<String, Value> =
        unmocked.iter().map(|(state, result)| (state.clone(), response(result))).collect();
    json!({
        "StateMachines": { machine: { "TestCases": { test_case: states } } },
        "MockedResponses": responses,
    })
}
