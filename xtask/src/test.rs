//! `cargo xtask test`: everything that has to pass.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use clap::ValueEnum;

use crate::package::{Arch, Package, zips_of_tests};
use crate::steps::{Beside, EVERYTHING, cargo, linting, programs, root, step, this_program};
use crate::tools::Tool;
use crate::{bench, chromium, infra, tools};

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Only what needs neither an emulator nor a browser: the layout, the lints and the offline tests, with a fortieth of the
    /// orders of events.
    #[arg(long, conflicts_with_all = ["only", "released"])]
    quick: bool,
    /// Only this part, to run it again quickly.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Takes the functions to the emulator as `cargo xtask package` makes them, which takes minutes more.
    #[arg(long)]
    released: bool,
    /// With `--only it`, `--only aws` or `--only teams`: arguments of the test program, such as the name of a test.
    #[arg(last = true, requires = "only")]
    arguments: Vec<String>,
}

/// The parts of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The layout of the code.
    Format,
    /// Compiles everything, and says what the compiler and clippy find.
    Lints,
    /// The programs of others that the rest needs.
    Tools,
    /// Licences and sources of what we depend on.
    Dependencies,
    /// The template, the state machines and the Teams manifest.
    Infra,
    /// The engine's table of expressions, beside the program that AWS documents.
    Jsonata,
    /// The zips of the functions, as the emulated tests take them.
    Package,
    /// The benchmarks in short, which shows that they work.
    Bench,
    /// All tests.
    Tests,
    /// The offline integration tests.
    It,
    /// The tests of the deployed system on emulated AWS.
    Aws,
    /// The tests with Microsoft's renderer of cards and its local client of Teams.
    Teams,
}

impl Test {
    /// Runs everything, or what was asked for.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self.only {
            Some(part) => self.part(part),
            None if self.quick => {
                self.part(Part::Format)?;
                self.part(Part::Lints)?;
                let mut tests = tests(&["--lib", "--bins", "--test", "cli", "--test", "it"], &[])?;
                tests.env("COUNTERSIGN_BATCHES", QUICK_BATCHES).env("RUST_TEST_THREADS", QUICK_THREADS);
                step("Tests", &mut tests)
            }
            None => self.whole(),
        }
    }

    /// What waits for the network, and what needs nothing that we compile, goes on while the compiler works.
    fn whole(&self) -> anyhow::Result<()> {
        self.part(Part::Format)?;
        let mut beside = Beside::default();
        beside.start("Tools", this_part(Part::Tools)?);
        beside.start("Dependencies", this_part(Part::Dependencies)?);
        beside.start("Infrastructure", this_part(Part::Infra)?);
        beside.start("Expressions", this_part(Part::Jsonata)?);
        let compiled = self.part(Part::Lints).and_then(|()| self.part(Part::Package));
        let others = beside.ended();
        compiled.and(others)?;
        self.part(Part::Bench)?;
        step("Tests", &mut tests(&[], &[])?)
    }

    fn part(&self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Format => step("Formatting", &mut cargo(&["fmt", "--all", "--", "--check"])),
            Part::Lints => {
                // What `cargo run` builds leaves out the AWS clients of the program, and other lines of it take their place.
                // The test and the feature that are named switch on what the whole workspace does in what is shared, so that
                // it is compiled once.
                let local = ["--bin", "countersign", "--test", "aws", "--features", "countersign-tests/shared"];
                step("Compiler and lints", linting(&["test", "--no-run"]).args(EVERYTHING))?;
                let mut build = linting(&["build", "--locked", "--workspace"]);
                step("Compiler and lints of what `cargo run` builds", build.args(local))
            }
            Part::Tools => {
                tools::for_tests()?;
                chromium::installed()
            }
            Part::Dependencies => dependencies(),
            Part::Infra => infra::lint(),
            Part::Jsonata => expressions(),
            Part::Package => self.package(),
            Part::Bench => bench::short(&zips_of_tests()),
            Part::Tests => {
                self.part(Part::Tools)?;
                self.package()?;
                step("Tests", &mut tests(&[], &self.arguments)?)
            }
            Part::It => step("Tests", &mut tests(&["--test", "it"], &self.arguments)?),
            Part::Teams => {
                Tool::Teams.ready()?;
                Tool::CardSchema.ready()?;
                chromium::installed()?;
                step("Tests", &mut tests(&["--test", "teams"], &self.arguments)?)
            }
            Part::Aws => {
                Tool::Emulators.ready()?;
                Tool::Cdk.ready()?;
                self.package()?;
                step("Tests", &mut tests(&["--test", "aws"], &self.arguments)?)
            }
        }
    }

    /// The emulator runs the functions on this machine.
    fn package(&self) -> anyhow::Result<()> {
        let package = Package { arch: Arch::X86, output: zips_of_tests() };
        if self.released { package.make() } else { package.quick() }
    }
}

/// A part in a process of its own.
fn this_part(part: Part) -> anyhow::Result<Command> {
    let mut command = Command::new(this_program()?);
    let name = part.to_possible_value().context("every part has a name")?;
    command.args(["test", "--only", name.get_name()]).current_dir(root());
    Ok(command)
}

/// Advisories are left out: their database is on a host that builds without a network cannot reach.
fn dependencies() -> anyhow::Result<()> {
    let mut deny = Tool::CargoDeny.command("cargo-deny")?;
    step("Dependencies", deny.args(["--workspace", "--locked", "check", "licenses", "bans", "sources"]))
}

/// What a row of the table says is held to the engine by a test of the engine.
fn expressions() -> anyhow::Result<()> {
    let table = Path::new("playground/engine/src/tests/jsonata/expressions.json");
    let mut node = Command::new("node");
    node.arg(root().join("xtask/src/expressions.mjs")).arg(root().join(table)).arg(Tool::Jsonata.ready()?);
    step("Expressions", &mut node)
}

/// A fortieth of the orders that the whole check plays takes seconds instead of minutes.
const QUICK_BATCHES: &str = "1";
/// Many tests wait for each other's servers and not for a processor.
const QUICK_THREADS: &str = "8";

/// All tests of the workspace or, if targets are named, theirs.
fn tests(which: &[&str], arguments: &[String]) -> anyhow::Result<Command> {
    let mut test = linting(&["test"]);
    test.args(EVERYTHING).args(which);
    test.env("COUNTERSIGN_TEST_TOOLS", tools::folder());
    test.env("COUNTERSIGN_TEST_ZIPS", zips_of_tests());
    test.env("COUNTERSIGN_TEST_PROGRAM", programs()?.join("countersign"));
    test.envs(chromium::found().map(|program| ("COUNTERSIGN_TEST_CHROMIUM", program)));
    test.arg("--").args(arguments);
    Ok(test)
}
