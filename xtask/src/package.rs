//! `cargo xtask package`: builds every function once and makes the zips that Lambda takes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, bail};
use clap::ValueEnum;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::deployable::{self, Zips};
use crate::release::reproducible_flags;
use crate::steps::{head, programs, programs_of_tests, root, say, step, target};
use crate::tools::{Tool, search_path_with};

/// The functions of the bot, and those of the reference workflow.
pub(crate) const FUNCTIONS: [&str; 9] = [
    "webhook",
    "notifier",
    "messenger",
    "reconciler",
    "archivist",
    "is-input-valid",
    "calculate",
    "double",
    "finalize",
];

/// The packages that they are in.
const FUNCTION_PACKAGES: [&str; 2] = ["countersign-bot", "countersign-workflow-lambdas"];

/// The function that does nothing, which the benchmark holds the others against and which is never deployed.
const FLOOR: &str = "floor";

/// A zip beyond this makes cold starts slow and is a sign of a dependency that does too much.
const ZIP_MAX_BYTES: u64 = 5_500_000;

/// The processors that Lambda has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// Graviton, which costs less.
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[value(name = "x86_64")]
    X86,
}

impl Arch {
    /// Lambda's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }

    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// What goes into the zips and where they go.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Package {
    /// The processor that the functions run on.
    #[arg(long, value_enum, default_value_t = Arch::Arm64)]
    pub(crate) arch: Arch,
    /// The folder that gets a folder for each function, with `bootstrap.zip` in it.
    #[arg(long, default_value_os_t = target().join("lambda"))]
    pub(crate) output: PathBuf,
}

impl Package {
    /// Makes the zips so that whoever builds the same sources makes the same.
    pub(crate) fn build_reproducibly(&self, build: &Path) -> anyhow::Result<()> {
        let environment = [
            ("CARGO_TARGET_DIR", build.join("target").into_os_string()),
            ("CARGO_ENCODED_RUSTFLAGS", reproducible_flags()?.into()),
        ];
        self.build(&FUNCTION_PACKAGES, &absolute(&self.output)?, &environment)?;
        self.zips(&self.output)
    }

    /// Makes the zips, and lays them out with the template. They are the same for everybody.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let output = absolute(&self.output)?;
        self.build(&FUNCTION_PACKAGES, &output, &[])?;
        self.zips(&output)?;
        self.lay_out(&output)
    }

    fn zips(&self, output: &Path) -> anyhow::Result<()> {
        head("Zips");
        let mut too_big = Vec::new();
        for name in FUNCTIONS {
            let size = zip(&output.join(name), CompressionMethod::Deflated)?;
            say(&format!("{name:<16}{size:>9} bytes"));
            if size > ZIP_MAX_BYTES {
                too_big.push(name);
            }
        }
        if !too_big.is_empty() {
            bail!("a zip must not be over {ZIP_MAX_BYTES} bytes: {}", too_big.join(", "));
        }
        Ok(())
    }

    /// Makes the zips for tests on this machine, and that of the floor: from the build of the tests itself, so that
    /// nothing is compiled twice, and as fast as can be rather than small.
    pub(crate) fn quick(&self) -> anyhow::Result<()> {
        step("Functions for this machine", &mut programs_of_tests())?;
        let programs = programs()?;
        for name in FUNCTIONS.into_iter().chain([FLOOR]) {
            let folder = self.output.join(name);
            fs::create_dir_all(&folder)?;
            fs::copy(programs.join(name), folder.join("bootstrap"))
                .with_context(|| format!("the build did not make {name}"))?;
            zip(&folder, CompressionMethod::Stored)?;
        }
        self.lay_out(&self.output)
    }

    fn lay_out(&self, zips: &Path) -> anyhow::Result<()> {
        deployable::lay_out(&[Zips { arch: self.arch, folder: zips }], &deployable::beside(zips))
    }

    /// Makes the zip of a function in a package of its own, which is measured and never deployed.
    pub(crate) fn make_only(&self, package: &str, name: &str) -> anyhow::Result<()> {
        let output = absolute(&self.output)?;
        self.build(&[package], &output, &[])?;
        zip(&output.join(name), CompressionMethod::Deflated)?;
        Ok(())
    }

    /// One build for all functions. Only their packages are named: the features that the local run and the tests
    /// switch on do not get in.
    fn build(&self, packages: &[&str], output: &Path, environment: &[(&str, OsString)]) -> anyhow::Result<()> {
        require_target(self.arch)?;
        let tools = Tool::Build.ready()?.join("bin");
        let mut build = Command::new(env!("CARGO"));
        // By itself cargo lambda builds for one processor of its choice, which costs a click a quarter more.
        build.args(["lambda", "build", "--profile", "function", "--disable-optimizations", "--locked"]);
        build.args(["--skip-target-check", "--target", self.arch.target()]);
        build.args(packages.iter().flat_map(|package| ["--package", package]));
        build.arg("--lambda-dir").arg(output).current_dir(root());
        // `cargo lambda` and the Zig compiler that it links with are found there.
        build.env("PATH", search_path_with(&tools)?).envs(environment.iter().map(|(name, value)| (name, value)));
        step(&format!("Functions for {}", self.arch.name()), &mut build)
    }
}

/// The policy of the emulated tests, which the benchmarks go by too.
pub(crate) fn policy_of_tests() -> PathBuf {
    root().join("tests").join("aws").join("policy.toml")
}

/// Where the functions are for the emulated tests.
pub(crate) fn zips_of_tests() -> PathBuf {
    target().join("test-lambda")
}

fn require_target(arch: Arch) -> anyhow::Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", arch.target()]).current_dir(root());
    let libraries = rustc.output().context("rustc cannot be run")?.stdout;
    let libraries = String::from_utf8_lossy(&libraries);
    if libraries.trim().is_empty() || !Path::new(libraries.trim()).is_dir() {
        bail!("Rust cannot build for {} yet: run `rustup target add {}`", arch.name(), arch.target());
    }
    Ok(())
}

/// Makes the zip beside the function's binary. The same content makes the same zip, so that a deployment without a
/// change is one.
fn zip(folder: &Path, method: CompressionMethod) -> anyhow::Result<u64> {
    let binary = folder.join("bootstrap");
    let binary = fs::read(&binary).with_context(|| format!("the build did not make {}", binary.display()))?;
    let path = folder.join("bootstrap.zip");
    // The default time is the first that a zip can name.
    let level = (method == CompressionMethod::Deflated).then_some(9);
    let options = SimpleFileOptions::default().compression_method(method).compression_level(level);
    let mut zip = ZipWriter::new(File::create(&path)?);
    zip.start_file("bootstrap", options.unix_permissions(0o755))?;
    zip.write_all(&binary)?;
    zip.finish()?;
    Ok(fs::metadata(&path)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_packaged() {
        let mut packaged = FUNCTIONS.map(str::to_owned);
        let folders = ["bot", "workflow-lambdas"].map(|package| root().join(package).join("src").join("bin"));
        let sources = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let mut written: Vec<String> =
            sources.map(|source| source.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        packaged.sort();
        written.sort();
        assert_eq!(packaged[..], written);
    }

    #[test]
    fn the_same_content_makes_the_same_zip() {
        let made = ["the function", "the function", "another"].map(|function| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("bootstrap"), function).unwrap();
            let size = zip(folder.path(), CompressionMethod::Deflated).unwrap();
            let zip = fs::read(folder.path().join("bootstrap.zip")).unwrap();
            assert_eq!(size, u64::try_from(zip.len()).unwrap());
            zip
        });
        assert_eq!(made[0], made[1]);
        assert_ne!(made[0], made[2]);
    }

    #[test]
    fn a_zip_holds_what_lambda_looks_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bootstrap"), "the function").unwrap();
        let names = |method| {
            zip(folder.path(), method).unwrap();
            let mut zip = zip::ZipArchive::new(File::open(folder.path().join("bootstrap.zip")).unwrap()).unwrap();
            assert_eq!(zip.by_name("bootstrap").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o755));
            zip.file_names().map(|name| name.unwrap().into_owned()).collect::<Vec<_>>()
        };
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            assert_eq!(names(method), ["bootstrap"]);
        }
    }
}
