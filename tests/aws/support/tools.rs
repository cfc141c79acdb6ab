//! Where `cargo xtask test` has put the emulators, the zips and the program.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Another number of requests for the case of a burst.
const BURST: &str = "COUNTERSIGN_BURST";

/// A checkout of an earlier version in which its functions are packaged for tests.
const BEFORE: &str = "COUNTERSIGN_TEST_BEFORE";

/// What the cases need from outside the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    tools: PathBuf,
    zips: PathBuf,
    program: PathBuf,
    burst: Option<usize>,
}

impl Tools {
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        let names = ["COUNTERSIGN_TEST_TOOLS", "COUNTERSIGN_TEST_ZIPS", "COUNTERSIGN_TEST_PROGRAM"];
        let [Some(tools), Some(zips), Some(program)] = names.map(std::env::var_os) else {
            bail!(
                "These tests need the emulators, the packaged functions and the program `countersign`, which {} point \
                 to. `cargo xtask test` installs, packages, builds and sets all of it.",
                names.join(", ")
            );
        };
        let burst = std::env::var_os(BURST).map(|number| number.to_string_lossy().parse());
        let burst = burst.transpose().with_context(|| format!("{BURST} is not a number"))?;
        let found = Self { tools: tools.into(), zips: zips.into(), program: program.into(), burst };
        for program in ["ministack", "python3"] {
            let path = found.emulator(program);
            if !path.exists() {
                bail!("{} is missing. `cargo xtask test` installs it.", path.display());
            }
        }
        Ok(found)
    }

    /// How many requests come at one moment, if whoever runs the cases wants another number than we.
    pub(crate) fn burst(&self) -> Option<usize> {
        self.burst
    }

    /// A program of the environment that holds the emulators.
    pub(crate) fn emulator(&self, program: &str) -> PathBuf {
        self.tools.join("emulators").join("bin").join(program)
    }

    /// The packages of Node.js of this name.
    pub(crate) fn node(&self, name: &str) -> PathBuf {
        self.tools.join(name).join("node_modules")
    }

    /// A program of the environment that deploys.
    pub(crate) fn infra(&self, program: &str) -> PathBuf {
        self.tools.join("infra").join("bin").join(program)
    }

    /// The program `countersign`, with its AWS clients.
    pub(crate) fn program(&self) -> anyhow::Result<&Path> {
        if !self.program.exists() {
            bail!("{} is missing. `cargo xtask test` builds it.", self.program.display());
        }
        Ok(&self.program)
    }

    /// The folder with the packages of all functions, as they would be uploaded.
    pub(crate) fn zips(&self) -> anyhow::Result<&Path> {
        let path = self.zips.join("webhook").join("bootstrap.zip");
        if !path.exists() {
            bail!("{} is missing. `cargo xtask test` packages it.", path.display());
        }
        Ok(&self.zips)
    }

    /// The folder that is deployed from, with the same packages and the template.
    pub(crate) fn deployable(&self) -> anyhow::Result<PathBuf> {
        Ok(self.zips()?.join("deployable"))
    }
}

/// The checkout of an earlier version, where `cargo xtask upgrade` has made one.
pub(crate) fn before() -> Option<PathBuf> {
    std::env::var_os(BEFORE).map(PathBuf::from)
}
