//! `cargo xtask upgrade`: plays an upgrade from an earlier version, and the way back, on emulated AWS.

use std::path::Path;
use std::process::Command;

use crate::steps::{root, step, target, this_program};

/// Which version is upgraded.
#[derive(Debug, clap::Args)]
pub(crate) struct Upgrade {
    /// A tag or a commit of Git.
    #[arg(long)]
    from: String,
}

impl Upgrade {
    /// Checks the earlier version out beside the build, packages its functions with its own tasks, and runs the case.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let before = target().join("upgrade");
        self.check_out(&before)?;
        let mut package = Command::new("cargo");
        package.args(["xtask", "test", "--only", "package"]).current_dir(&before);
        // Cargo sets variables for what it runs, which would lead the other build here.
        package.env_remove("CARGO").env_remove("CARGO_MANIFEST_DIR");
        step("Functions of the version before", &mut package)?;
        let mut test = Command::new(this_program()?);
        test.args(["test", "--only", "aws", "--", "upgrade"]).current_dir(root());
        step("Upgrade, and back", test.env("COUNTERSIGN_TEST_BEFORE", before))
    }

    fn check_out(&self, before: &Path) -> anyhow::Result<()> {
        let mut git = Command::new("git");
        if before.exists() {
            git.args(["checkout", "--quiet", "--detach", &self.from]).current_dir(before);
        } else {
            git.args(["worktree", "add", "--quiet", "--detach"]).arg(before).arg(&self.from).current_dir(root());
        }
        step("The version before", &mut git)
    }
}
