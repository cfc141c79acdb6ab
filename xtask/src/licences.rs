//! The licences of what is linked into what is released, with their texts as their authors have written them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::package::Arch;
use crate::steps::{cargo, head};

/// What the functions run on.
pub(crate) const ARCHES: [&str; 2] = [Arch::Arm64.target(), Arch::X86.target()];

/// What the program is released for, here and by the workflow.
pub(crate) const PLATFORMS: [&str; 5] =
    [Arch::Arm64.target(), Arch::X86.target(), "aarch64-apple-darwin", "x86_64-apple-darwin", "x86_64-pc-windows-msvc"];

/// What the files of licences and notices are called.
const NAMES: [&str; 5] = ["licen", "copying", "notice", "unlicense", "copyright"];

/// One text for all of it, in the order of the names.
pub(crate) fn of_what_is_released() -> anyhow::Result<String> {
    head("Licences");
    let packages = packages()?;
    let mut text =
        "Countersign is made with the work of others. Each part is named with its licence; the texts follow.\n\n"
            .to_owned();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, (licence, folder)) in &packages {
        text.push_str(&format!("{name}: {licence}\n"));
        for licence_text in texts_in(folder)? {
            texts.entry(licence_text).or_default().insert(name.clone());
        }
    }
    for (licence, names) in &texts {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        text.push_str(&format!("\n{}\n{}\n\n{}\n", "-".repeat(80), names.join(", "), licence.trim()));
    }
    Ok(text)
}

/// Every package of others that is linked in, with its licence and its folder.
fn packages() -> anyhow::Result<BTreeMap<String, (String, PathBuf)>> {
    let metadata = output(cargo(&["metadata", "--format-version", "1", "--locked", "--all-features"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut known = BTreeMap::new();
    for package in metadata["packages"].as_array().context("there are packages")? {
        let text = |name: &str| package[name].as_str().unwrap_or_default();
        let folder = Path::new(text("manifest_path")).parent().context("a manifest is in a folder")?.to_owned();
        known.insert(format!("{} {}", text("name"), text("version")), (text("license").to_owned(), folder));
    }
    let functions = linked(&["countersign-bot", "countersign-workflow-lambdas"], "", &ARCHES)?;
    let program = linked(&["countersign-cli"], "aws", &PLATFORMS)?;
    let mut packages = BTreeMap::new();
    for name in functions.union(&program).filter(|name| !name.starts_with("countersign-")) {
        let (licence, folder) = known.get(name).with_context(|| format!("{name} is not known"))?;
        if licence.is_empty() {
            bail!("{name} does not say under which licence it is");
        }
        packages.insert(name.clone(), (licence.clone(), folder.clone()));
    }
    Ok(packages)
}

/// What is linked on any of these platforms into what these packages of ours make, each with its version, and they
/// themselves: nothing that only builds or tests it.
pub(crate) fn linked(packages: &[&str], features: &str, platforms: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut tree = cargo(&["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe"]);
    tree.args(platforms.iter().flat_map(|platform| ["--target", platform])).args(["--features", features]);
    tree.args(packages.iter().flat_map(|package| ["--package", package]));
    let mut names = BTreeSet::new();
    for line in output(tree)?.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            names.insert(format!("{name} {}", version.trim_start_matches('v')));
        }
    }
    Ok(names)
}

/// The texts of the licences in a package, in the order of the names of their files.
fn texts_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    paths.sort();
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) && !name.ends_with(".rs")
    };
    paths
        .iter()
        .filter(|path| is_licence(path))
        .map(|path| Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned()))
        .collect()
}

fn output(mut command: Command) -> anyhow::Result<String> {
    let output = command.output().context("cargo cannot be run")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_in_is_named_with_its_licence_and_what_is_not_is_left_out() {
        let packages = packages().unwrap();
        let has = |name: &str| packages.keys().any(|package| package.split(' ').next() == Some(name));
        assert!(has("tokio") && has("aws-sdk-cloudformation") && has("lambda_runtime"));
        assert!(!has("proptest") && !has("countersign-bot") && !has("libtest-mimic"));
        let text = of_what_is_released().unwrap();
        assert!(text.contains("\ntokio 1.") && text.contains("Permission is hereby granted"), "texts are in it");
    }
}
