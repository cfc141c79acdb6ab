//! Where `cargo xtask test` has put Microsoft's programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use countersign_tests::case;
use countersign_tests::harness::Shared;
use serde_json::Value;

/// A case that is given the tools.
pub(crate) type Case = case::Case<Tools>;

/// What the cases need from outside the workspace.
pub(crate) struct Tools {
    tools: PathBuf,
    chromium: PathBuf,
    folder: PathBuf,
}

impl Shared for Tools {
    fn prepare() -> anyhow::Result<Self> {
        let [tools, chromium] = ["COUNTERSIGN_TEST_TOOLS", "COUNTERSIGN_TEST_CHROMIUM"].map(std::env::var_os);
        let (Some(tools), Some(chromium)) = (tools, chromium) else {
            bail!(
                "These tests need Microsoft's programs and Chromium, which COUNTERSIGN_TEST_TOOLS and \
                 COUNTERSIGN_TEST_CHROMIUM point to. `cargo xtask test` installs and sets all of it."
            );
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("teams-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let found = Self { tools: tools.into(), chromium: chromium.into(), folder };
        let renderer = found.node_modules().join("adaptivecards");
        if !renderer.exists() {
            bail!("{} is missing. `cargo xtask test` installs it.", renderer.display());
        }
        Ok(found)
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Tools {
    /// The browser.
    pub(crate) fn chromium(&self) -> &Path {
        &self.chromium
    }

    /// A new folder in that of this run.
    pub(crate) fn home(&self, name: &str) -> anyhow::Result<PathBuf> {
        let home = self.folder.join(name);
        std::fs::create_dir(&home).with_context(|| format!("{} is taken", home.display()))?;
        Ok(home)
    }

    /// The packages of Node.js.
    pub(crate) fn node_modules(&self) -> PathBuf {
        self.tools.join("teams").join("node_modules")
    }

    /// Microsoft's schema of the version of Adaptive Cards that Teams takes from bots.
    pub(crate) fn card_schema(&self) -> anyhow::Result<Value> {
        let versions = self.tools.join("card-schema").join("lib");
        let python = std::fs::read_dir(&versions).with_context(|| format!("{} is missing", versions.display()))?;
        let python = python.filter_map(Result::ok).map(|entry| entry.path()).next();
        let python = python.with_context(|| format!("{} is empty", versions.display()))?;
        let file = python.join("site-packages/adaptive_cards/schemas/schema-1.5.json");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }
}
