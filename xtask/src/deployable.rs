//! Lays out what `countersign deploy` and every other way to deploy takes: the zips, and the template as plain
//! CloudFormation.

use std::fs;
use std::path::{Path, PathBuf};

use crate::infra::REGION;
use crate::package::{Arch, FUNCTIONS};
use crate::steps::{root, step, target};
use crate::tools::Tool;

/// The zips of one processor: a folder for each function, with `bootstrap.zip` in it.
pub(crate) struct Zips<'a> {
    pub(crate) arch: Arch,
    pub(crate) folder: &'a Path,
}

/// Where it is, beside the zips that it was made of.
pub(crate) fn beside(zips: &Path) -> PathBuf {
    zips.join("deployable")
}

/// Makes the folder, in the place of what was there. The same zips make the same folder.
pub(crate) fn lay_out(zips: &[Zips<'_>], folder: &Path) -> anyhow::Result<()> {
    let mut plain = Tool::Infra.command("python3")?;
    plain.arg(root().join("xtask").join("src").join("plain.py"));
    plain.arg(root().join("infra").join("template.yaml")).arg(folder);
    plain.args(zips.iter().map(|Zips { arch, folder }| format!("{}={}", arch.name(), folder.display())));
    // The translator wants to know one, and puts it nowhere.
    step("Plain CloudFormation", plain.env("AWS_DEFAULT_REGION", REGION))
}

/// The plain template for the linters, of both processors and without any zips that work.
pub(crate) fn template_for_linters() -> anyhow::Result<PathBuf> {
    let folder = target().join("tmp").join("plain");
    for function in FUNCTIONS {
        fs::create_dir_all(folder.join(function))?;
        fs::write(folder.join(function).join("bootstrap.zip"), function)?;
    }
    let zips = [Arch::Arm64, Arch::X86].map(|arch| Zips { arch, folder: &folder });
    lay_out(&zips, &beside(&folder))?;
    Ok(beside(&folder).join("template.json"))
}
