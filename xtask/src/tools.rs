//! Installs the tools that the tasks need, pinned, under `target/tools`: nothing is installed on the machine itself, but
//! for the browser in `chromium`.
//!
//! The pins of each tool are a file in `xtask/tools`. A copy beside the installed tool says which pins it was made
//! from, and is written last: a tool that was interrupted or whose pins have changed is installed again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::steps::{root, say, step, target};

/// The copy of the pins, in the folder of the tool.
const MADE_FROM: &str = ".pins";

/// A folder of tools that come from one package manager.
#[derive(Clone, Copy)]
pub(crate) enum Tool {
    /// `moto_server` and `ministack`, which play AWS in the tests, and the `aws` command line.
    Emulators,
    /// `sam`, `cfn-lint`, `statelint`, `check-jsonschema`, and `parliament`, which lints IAM policies.
    Infra,
    /// `cargo-lambda`, `cargo-zigbuild` and the Zig compiler that they link with.
    Build,
    /// `cargo-cyclonedx`, which is compiled here.
    Release,
    /// `cargo-deny`, as those who make `uv` build it from its tag: compiling it takes minutes.
    CargoDeny,
    /// `cargo-fuzz`, which is compiled here: nobody publishes it built.
    CargoFuzz,
    /// `asl-validator`.
    AslValidator,
    /// `jsonata`, in the version that AWS documents.
    Jsonata,
    /// The schemas of Teams manifests, which Microsoft publishes as part of a package.
    TeamsManifest,
    /// Microsoft's renderer of cards, its local client of Teams, and what drives a browser.
    Teams,
    /// `aws-cdk-lib`, for the example of the CDK.
    Cdk,
    /// Microsoft's JSON schema of cards, which comes with a package of somebody else.
    CardSchema,
}

impl Tool {
    /// Every tool.
    const ALL: [Self; 12] = [
        Self::Emulators,
        Self::Infra,
        Self::Build,
        Self::Release,
        Self::CargoDeny,
        Self::CargoFuzz,
        Self::AslValidator,
        Self::Jsonata,
        Self::TeamsManifest,
        Self::Teams,
        Self::Cdk,
        Self::CardSchema,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Emulators => "emulators",
            Self::Infra => "infra",
            Self::Build => "build",
            Self::Release => "release",
            Self::CargoDeny => "cargo-deny",
            Self::CargoFuzz => "cargo-fuzz",
            Self::AslValidator => "asl-validator",
            Self::Jsonata => "jsonata",
            Self::TeamsManifest => "teams-manifest",
            Self::Teams => "teams",
            Self::Cdk => "cdk",
            Self::CardSchema => "card-schema",
        }
    }

    /// The folder, with the tool in it as its pins say.
    pub(crate) fn ready(self) -> anyhow::Result<PathBuf> {
        let pins = root().join("xtask").join("tools").join(self.name()).with_extension("txt");
        let folder = folder().join(self.name());
        match self {
            Self::AslValidator | Self::Jsonata | Self::TeamsManifest | Self::Teams | Self::Cdk => {
                ready(&folder, &pins, npm)
            }
            Self::Emulators | Self::Infra | Self::Build | Self::CargoDeny => ready(&folder, &pins, virtual_environment),
            Self::CardSchema => ready(&folder, &pins, files_of_packages),
            Self::CargoFuzz | Self::Release => ready(&folder, &pins, crates),
        }
        .with_context(|| format!("the tools of {} cannot be installed", pins.display()))?;
        Ok(folder)
    }

    /// A command of the tool, which is installed if need be.
    pub(crate) fn command(self, program: &str) -> anyhow::Result<Command> {
        let bin = match self {
            Self::AslValidator | Self::Jsonata | Self::TeamsManifest | Self::Teams | Self::Cdk => {
                Path::new("node_modules").join(".bin")
            }
            Self::Emulators
            | Self::Infra
            | Self::Build
            | Self::Release
            | Self::CargoDeny
            | Self::CargoFuzz
            | Self::CardSchema => PathBuf::from("bin"),
        };
        let mut command = Command::new(self.ready()?.join(bin).join(program));
        command.current_dir(root());
        Ok(command)
    }
}

/// The folder that the tools are installed in.
pub(crate) fn folder() -> PathBuf {
    target().join("tools")
}

/// Installs whatever is not there yet.
pub(crate) fn tools() -> anyhow::Result<()> {
    installed(&Tool::ALL)
}

/// Installs whatever the whole check needs and is not there yet: it takes the functions as the compiler makes them for
/// this machine.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    installed(
        &Tool::ALL
            .into_iter()
            .filter(|tool| !matches!(tool, Tool::Build | Tool::Release | Tool::CargoFuzz))
            .collect::<Vec<_>>(),
    )
}

fn installed(tools: &[Tool]) -> anyhow::Result<()> {
    for tool in tools {
        let folder = tool.ready()?;
        say(&format!("{}: {}", tool.name(), folder.display()));
    }
    Ok(())
}

fn ready(folder: &Path, pins: &Path, install: fn(&Path, &Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    // Two tasks that start together must not install into the same folder.
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    let wanted = fs::read(pins)?;
    let made_from = folder.join(MADE_FROM);
    if fs::read(&made_from).is_ok_and(|pins| pins == wanted) {
        return Ok(());
    }
    install(folder, pins)?;
    Ok(fs::write(made_from, wanted)?)
}

fn virtual_environment(folder: &Path, pins: &Path) -> anyhow::Result<()> {
    python_packages(folder, pins, &[])
}

/// The packages are not going to run, so what they depend on is left out.
fn files_of_packages(folder: &Path, pins: &Path) -> anyhow::Result<()> {
    python_packages(folder, pins, &["--no-deps"])
}

fn python_packages(folder: &Path, pins: &Path, options: &[&str]) -> anyhow::Result<()> {
    require(
        "python3",
        &["-c", "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))"],
        "Python 3.10 or newer with its venv module is needed as `python3`: install it from https://www.python.org, or \
         with `apt install python3-venv` on Debian and Ubuntu",
    )?;
    clear(folder)?;
    let name = folder.file_name().unwrap_or_default().display();
    let make = &mut Command::new("python3");
    step(&format!("Installing {name}, once: environment"), make.args(["-m", "venv"]).arg(folder))?;
    let install = &mut Command::new(folder.join("bin").join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check"]).args(options).arg("--requirement").arg(pins);
    step(&format!("Installing {name}, once: packages"), install)
}

fn crates(folder: &Path, pins: &Path) -> anyhow::Result<()> {
    clear(folder)?;
    let packages = fs::read_to_string(pins)?;
    let install = &mut Command::new(env!("CARGO"));
    install.args(["install", "--quiet", "--locked", "--root"]).arg(folder).args(packages.lines());
    step(&format!("Installing {}, once", folder.file_name().unwrap_or_default().display()), install)
}

fn npm(folder: &Path, pins: &Path) -> anyhow::Result<()> {
    require("npm", &["--version"], "npm is needed: install Node.js 20 or newer from https://nodejs.org")?;
    clear(folder)?;
    let packages = fs::read_to_string(pins)?;
    let install = &mut Command::new("npm");
    // `--ignore-scripts`: what is installed runs only when it is called.
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"]);
    install.arg(folder).args(packages.lines());
    step(&format!("Installing {}, once", folder.file_name().unwrap_or_default().display()), install)
}

/// Nothing of an installation from other pins, or of one that was interrupted, is left to be found.
fn clear(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Fails with one sentence that says what to install unless the program runs.
fn require(program: &str, arguments: &[&str], otherwise: &'static str) -> anyhow::Result<()> {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        bail!(otherwise);
    }
    Ok(())
}

/// A search path on which the programs of a folder come first.
pub(crate) fn search_path_with(folder: &Path) -> anyhow::Result<impl AsRef<OsStr>> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&inherited));
    Ok(std::env::join_paths(folders)?)
}
