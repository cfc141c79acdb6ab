//! `cargo xtask fuzz`: throws made-up input at everything that others write, as long as one wants.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::steps::{head, root, say, step, target};
use crate::tools::Tool;

/// The program in `tests/fuzz` that has every target.
const PROGRAM: &str = "target";
/// An input that takes longer is a finding: the slowest that is known takes a hundredth of it.
const HANG_SECONDS: u32 = 20;
/// A program that needs more is a finding.
const MEMORY_MB: u32 = 2048;
/// What the released profile does to be small takes minutes and finds nothing.
const PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// How much is shown of what libFuzzer said last: the panic, the way to it, and the input.
const SAID_LAST: usize = 60;

/// What to throw at what.
#[derive(Debug, clap::Args)]
pub(crate) struct Fuzz {
    /// How long each target has.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// The targets, which are the folders of `tests/fuzz/inputs`; all of them if none is named.
    targets: Vec<String>,
}

impl Fuzz {
    /// Prints how many inputs each target took. What one did not take is kept, and where is said at the end.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let inputs = root().join("tests").join("fuzz").join("inputs");
        let targets = self.chosen(&inputs)?;
        let program = built()?;
        let mut failed = Vec::new();
        for name in &targets {
            head(&format!("{name}, {} min", self.minutes));
            match self.throw(&program, name, &inputs.join(name)) {
                Ok(figures) => say(&figures),
                Err(error) => failed.push(format!("{name}: {error:#}")),
            }
        }
        if !failed.is_empty() {
            bail!(failed.join("\n"));
        }
        Ok(())
    }

    fn chosen(&self, inputs: &Path) -> anyhow::Result<Vec<String>> {
        let mut known = Vec::new();
        for entry in fs::read_dir(inputs)? {
            known.push(entry?.file_name().to_string_lossy().into_owned());
        }
        known.sort();
        if let Some(unknown) = self.targets.iter().find(|name| !known.contains(name)) {
            bail!("there is no target {unknown}; there are {}", known.join(", "));
        }
        Ok(if self.targets.is_empty() { known } else { self.targets.clone() })
    }

    /// Gives the last figures of libFuzzer, or says where the input lies that was not taken.
    fn throw(&self, program: &Path, name: &str, inputs: &Path) -> anyhow::Result<String> {
        let folder = target().join("fuzz").join(name);
        // What is new is kept in the first folder, so that the next run begins with it.
        let (corpus, found) = (folder.join("corpus"), folder.join("found"));
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let log = folder.join("log.txt");
        let mut run = Command::new(program);
        run.env("COUNTERSIGN_FUZZ_TARGET", name).arg(&corpus).arg(inputs);
        run.arg(format!("-max_total_time={}", self.minutes * 60)).arg("-print_final_stats=1");
        run.arg(format!("-timeout={HANG_SECONDS}")).arg(format!("-rss_limit_mb={MEMORY_MB}"));
        run.arg(format!("-artifact_prefix={}/", found.display()));
        run.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        let status = run.status().context("the targets cannot be run")?;
        let said = fs::read_to_string(&log).unwrap_or_default();
        if !status.success() {
            let lines: Vec<&str> = said.lines().collect();
            say(&lines[lines.len().saturating_sub(SAID_LAST)..].join("\n"));
            bail!("an input was not taken; it is in {}", found.display());
        }
        let figures = said.lines().filter_map(|line| line.strip_prefix("stat::"));
        Ok(figures.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n"))
    }
}

/// Builds the program of the targets, and says where it is. Coverage comes without a sanitizer, so that the pinned
/// compiler will do: safe code has nothing for one to find.
fn built() -> anyhow::Result<PathBuf> {
    let folder = target().join("fuzz").join("build");
    let mut build = Tool::CargoFuzz.command("cargo-fuzz")?;
    build.envs(PROFILE).args(["build", "--sanitizer", "none", "--fuzz-dir"]).arg(Path::new("tests").join("fuzz"));
    step("Targets", build.arg("--target-dir").arg(&folder).arg(PROGRAM))?;
    // It is in the folder of the machine's own platform, which goes by a name of the compiler's.
    for platform in fs::read_dir(&folder)? {
        let program = platform?.path().join("release").join(PROGRAM);
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("{} has no program of the targets", folder.display())
}
