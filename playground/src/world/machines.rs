//! The state machines of a world: the reference workflow, or those of somebody's own with what stands in for what does
//! not run here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use countersign_bot::approval::policy::{Policy, Rules};
use countersign_engine::clock::Clock;
use countersign_engine::{Engine, MockFile, Problem, Setup, TestCase};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Options, Source, asking, functions};

/// The name of the reference workflow.
pub const CALCULATION: &str = "calculation";
/// The one that is deployed.
const DEFINITION: &str = include_str!("../../../infra/state-machines/calculation.asl.json");

/// The placeholder of how long an approval waits.
const TIMEOUT: &str = "ApprovalTimeoutSeconds";

/// A state machine to load.
#[derive(Debug, Clone)]
pub struct StateMachine {
    /// Its name, by which commands of the policy start it.
    pub name: String,
    /// Its definition.
    pub definition: Source,
    /// The input to begin with.
    pub input: Option<Value>,
}

/// A state machine that is loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The input to begin with.
    pub input: Option<Value>,
    /// The states that a mock stands in for.
    pub mocked: Vec<String>,
    /// Those of them whose mock has nothing in it.
    pub unfilled: Vec<String>,
    /// The policies that it asks under, as far as they are written down in it.
    pub asks_under: Vec<String>,
}

impl StateMachine {
    /// The reference workflow.
    pub fn calculation() -> Self {
        let definition = Source::new("the state machine that comes along", DEFINITION);
        Self { input: Some(json!({ "x": 125, "y": 122 })), ..Self::new(CALCULATION, definition) }
    }

    /// A machine without an input to begin with.
    pub fn new(name: &str, definition: Source) -> Self {
        Self { name: name.to_owned(), definition, input: None }
    }

    /// A file; without a name, the machine has that of the file up to its first dot.
    pub fn file(name: Option<&str>, path: &Path) -> anyhow::Result<Self> {
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
        let name = name.or(stem).unwrap_or_default();
        Ok(Self::new(name, Source::file(path)?))
    }

    /// Whether an approval in it waits for as long as whoever starts the world says.
    pub fn takes_timeout(&self) -> bool {
        self.definition.text.contains(&format!("${{{TIMEOUT}}}"))
    }

    /// The policies that it asks under, as far as they are written down in it.
    fn policies(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let definition = serde_json::from_str(&self.definition.text).unwrap_or_default();
        collect_policies(&definition, &mut found);
        found
    }
}

fn collect_policies(value: &Value, found: &mut BTreeSet<String>) {
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for value in inner {
        collect_policies(value, found);
    }
    found.extend(value["approval"]["policy"].as_str().filter(|name| !name.starts_with("{%")).map(str::to_owned));
}

/// The policies that these machines ask under, those of the first machine first.
pub(crate) fn policies(machines: &[StateMachine]) -> Vec<String> {
    machines.iter().flat_map(StateMachine::policies).collect()
}

/// The machines of a world under this policy. A command of the policy may start the reference workflow, which then is
/// there too.
pub(crate) fn with_reference(options: &Options, policy: &Policy) -> Vec<StateMachine> {
    let mut machines = options.state_machines.clone();
    let is_there = machines.iter().any(|machine| machine.name == CALCULATION);
    let is_started = policy.commands.values().any(|command| command.state_machine == CALCULATION);
    if machines.is_empty() || (is_started && !is_there) {
        machines.push(StateMachine::calculation());
    }
    machines
}

/// Makes the policy that comes along one for these machines: whatever they ask under has the rules of the reference
/// workflow, and no command starts what is not there.
pub(crate) fn adapt(policy: &mut Policy, machines: &[StateMachine]) {
    policy.commands.retain(|_, command| {
        let is_own = machines.iter().any(|machine| machine.name == command.state_machine);
        is_own || (machines.is_empty() && command.state_machine == CALCULATION)
    });
    let Some(rules) = policy.rules.get(CALCULATION).cloned() else { return };
    for name in policies(machines) {
        let rules = Rules { name: name.clone(), ..rules.clone() };
        policy.rules.entry(name).or_insert(rules);
    }
}

/// Loads machines with their mocks.
pub(crate) fn load(engine: &Engine, machines: Vec<StateMachine>, options: &Options) -> anyhow::Result<Vec<Loaded>> {
    let mut mocks = mocks(&machines, options)?;
    let mut loaded: Vec<Loaded> = Vec::with_capacity(machines.len());
    for machine in machines {
        let asks_under = machine.policies().into_iter().collect();
        let StateMachine { name, definition, input } = machine;
        if loaded.iter().any(|other| other.name == name) {
            bail!("two state machines are called {name}; NAME=FILE gives one another name");
        }
        let mocks = mocks.remove(&name).unwrap_or_default();
        let mocked = mocks.states().map(str::to_owned).collect();
        let unfilled = mocks.unfilled().map(str::to_owned).collect();
        let setup = setup(&options.substitutions, options.timeout_seconds, mocks);
        let text = asking::asking_here(&definition.text, &setup.substitutions);
        let arn = match engine.load_with(&name, &text, &setup) {
            Ok(arn) => arn,
            Err(problems) => bail!("{} cannot be run here:\n{}", definition.name, told(&problems)),
        };
        loaded.push(Loaded { name, arn, input, mocked, unfilled, asks_under });
    }
    Ok(loaded)
}

/// A line about each mock that has nothing in it, as `mocks init` writes it: what reads it finds nothing there.
pub(crate) fn unfilled(machines: &[Loaded]) -> impl Iterator<Item = String> {
    let line = |machine: &Loaded, state: &String| {
        format!("the mock of state {state} in {} is empty: what the state returns belongs into it", machine.name)
    };
    machines.iter().flat_map(move |machine| machine.unfilled.iter().map(move |state| line(machine, state)))
}

/// What each state of this machine that needs a mock could return.
pub fn unmocked(
    machine: &StateMachine,
    substitutions: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<(String, Value)>> {
    let setup = setup(substitutions, 600, TestCase::default());
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let text = asking::asking_here(&machine.definition.text, &setup.substitutions);
    let problems = engine.load_with(&machine.name, &text, &setup).err().unwrap_or_default();
    let (unmocked, others): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(|problem| problem.unmocked.is_some());
    if !others.is_empty() {
        bail!("{} cannot be run here:\n{}", machine.definition.name, told(&others));
    }
    Ok(unmocked.into_iter().filter_map(|problem| Some((problem.state?, problem.unmocked?))).collect())
}

fn setup(substitutions: &BTreeMap<String, String>, timeout_seconds: i64, mocks: TestCase) -> Setup {
    let mut values: BTreeMap<String, String> = functions::ALL
        .into_iter()
        .map(|(placeholder, function)| (placeholder.to_owned(), functions::arn(function)))
        .collect();
    let (placeholder, queue) = functions::QUEUE;
    values.insert(placeholder.to_owned(), functions::queue_url(queue));
    values.insert(TIMEOUT.to_owned(), timeout_seconds.to_string());
    values.extend(substitutions.clone());
    let functions = functions::ALL.into_iter().map(|(_, function)| function).chain([queue]);
    let functions = functions.map(str::to_owned).collect();
    Setup { substitutions: values, mocks, functions: Some(functions) }
}

/// The test case of each machine that the file of mocks knows.
fn mocks(machines: &[StateMachine], options: &Options) -> anyhow::Result<BTreeMap<String, TestCase>> {
    let Some(Source { name, text }) = &options.mocks else { return Ok(BTreeMap::new()) };
    let file = match MockFile::read(text) {
        Ok(file) => file,
        Err(problems) => bail!("{name} has something wrong with it:\n{}", problems.join("\n")),
    };
    let known: Vec<&str> = machines.iter().map(|machine| machine.name.as_str()).collect();
    if !file.machines().any(|machine| known.contains(&machine)) {
        let theirs = file.machines().collect::<Vec<_>>().join(", ");
        bail!("{name} has mocks for {theirs}, and none for {}", known.join(", "));
    }
    let case = |machine: &str| file.test_case(machine, options.test_case.as_deref()).map_err(anyhow::Error::msg);
    let cases = known.into_iter().map(|machine| Ok((machine.to_owned(), case(machine)?)));
    cases.collect::<anyhow::Result<_>>().with_context(|| format!("{name} cannot be used"))
}

fn told(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if problems.iter().any(|problem| problem.unmocked.is_some()) {
        lines.push("`countersign mocks init` writes a file with all mocks that a machine needs.".to_owned());
    }
    lines.join("\n")
}
