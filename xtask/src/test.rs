//! `cargo xtask test`: everything that has to pass.

use clap::ValueEnum;

use crate::package::{Arch, Package};
use crate::steps::{cargo, root, step, target};
use crate::tools::Tool;
use crate::{chromium, infra, tools};

/// Everything, as it is released.
const WHOLE: [&str; 2] = ["--workspace", "--all-features"];
/// The emulated tests and the program that they start, which are built together so that nothing is built twice.
const EMULATED: [&str; 6] =
    ["--package", "countersign-tests", "--package", "countersign-cli", "--features", "countersign-cli/aws"];

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Only this part, to run it again quickly.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// With `--only it`, `--only aws` or `--only teams`: arguments of the test program, such as the name of a test.
    #[arg(last = true, requires = "only")]
    arguments: Vec<String>,
}

/// The parts, in the order of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The layout of the code.
    Format,
    /// What the compiler and clippy say.
    Lints,
    /// Licences and sources of what we depend on.
    Dependencies,
    /// The template, the state machines and the Teams manifest.
    Infra,
    /// The zips of the functions, as the emulated tests take them.
    Package,
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
    /// Runs everything, or the part that was asked for.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self.only {
            None => {
                format()?;
                lints()?;
                dependencies()?;
                tools::tools()?;
                chromium::installed()?;
                infra::lint()?;
                package()?;
                program(&WHOLE)?;
                tests(&WHOLE, &[])
            }
            Some(Part::Format) => format(),
            Some(Part::Lints) => lints(),
            Some(Part::Dependencies) => dependencies(),
            Some(Part::Infra) => infra::lint(),
            Some(Part::Package) => package(),
            Some(Part::Tests) => {
                tools::tools()?;
                chromium::installed()?;
                package()?;
                program(&WHOLE)?;
                tests(&WHOLE, &self.arguments)
            }
            Some(Part::It) => tests(&["--package", "countersign-tests", "--test", "it"], &self.arguments),
            Some(Part::Teams) => {
                Tool::Teams.ready()?;
                Tool::CardSchema.ready()?;
                chromium::installed()?;
                tests(&["--package", "countersign-tests", "--test", "teams"], &self.arguments)
            }
            Some(Part::Aws) => {
                tools::tools()?;
                package()?;
                program(&EMULATED)?;
                tests(&[&EMULATED[..], &["--test", "aws"]].concat(), &self.arguments)
            }
        }
    }
}

fn format() -> anyhow::Result<()> {
    step("Formatting", &mut cargo(&["fmt", "--all", "--", "--check"]))
}

fn lints() -> anyhow::Result<()> {
    let lint = ["clippy", "--locked", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"];
    step("Lints", &mut cargo(&lint))?;
    // What `cargo run` builds leaves out the AWS clients of the program, and other lines of it take their place.
    let lint = ["clippy", "--locked", "--package", "countersign-cli", "--all-targets", "--", "--deny", "warnings"];
    step("Lints of what `cargo run` builds", &mut cargo(&lint))
}

/// Advisories are left out: their database is on a host that builds without a network cannot reach.
fn dependencies() -> anyhow::Result<()> {
    let mut deny = Tool::CargoDeny.command("cargo-deny")?;
    step("Dependencies", deny.args(["--workspace", "--locked", "check", "licenses", "bans", "sources"]))
}

/// The emulator runs the functions on this machine, with a policy of the tests.
fn package() -> anyhow::Result<()> {
    Package { arch: Arch::X86, policy: root().join("tests/aws/policy.toml"), output: target().join("test-lambda") }
        .make()
}

/// Builds the program, which the emulated tests start.
fn program(which: &[&str]) -> anyhow::Result<()> {
    step("Program", cargo(&["build", "--locked", "--bin", "countersign"]).args(which))
}

fn tests(which: &[&str], arguments: &[String]) -> anyhow::Result<()> {
    let mut test = cargo(&["test", "--locked"]);
    test.args(which);
    test.env("COUNTERSIGN_TEST_TOOLS", tools::folder());
    test.env("COUNTERSIGN_TEST_ZIPS", target().join("test-lambda"));
    // Cargo puts it where it has put this program.
    test.env("COUNTERSIGN_TEST_PROGRAM", std::env::current_exe()?.with_file_name("countersign"));
    test.envs(chromium::found().map(|program| ("COUNTERSIGN_TEST_CHROMIUM", program)));
    step("Tests", test.arg("--").args(arguments))
}
