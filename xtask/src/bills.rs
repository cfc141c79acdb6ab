//! The bills of materials of what is released, in CycloneDX: what is linked in, in which version.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::licences::{self, ARCHES, PLATFORMS};
use crate::steps::{root, step};
use crate::tools::Tool;

/// The packages of the workspace, by their folders.
const MEMBERS: [&str; 10] = [
    "bot",
    "workflow-lambdas",
    "playground",
    "playground/engine",
    "cli",
    "tests",
    "tests/documents",
    "tests/floor",
    "tests/fuzz",
    "xtask",
];

/// A package of which something is released.
struct Released {
    folder: &'static str,
    package: &'static str,
    /// With which it is built.
    features: &'static str,
    /// For which it is built.
    platforms: &'static [&'static str],
    /// What the bill is called.
    name: &'static str,
}

const RELEASED: [Released; 3] = [
    Released { folder: "bot", package: "countersign-bot", features: "", platforms: &ARCHES, name: "functions" },
    Released {
        folder: "workflow-lambdas",
        package: "countersign-workflow-lambdas",
        features: "",
        platforms: &ARCHES,
        name: "functions-of-the-example",
    },
    Released { folder: "cli", package: "countersign-cli", features: "aws", platforms: &PLATFORMS, name: "countersign" },
];

impl Released {
    fn linked(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut linked = licences::linked(&[self.package], self.features, self.platforms)?;
        // What the bill is of is no part of it.
        linked.retain(|name| !name.starts_with(&format!("{} ", self.package)));
        Ok(linked)
    }
}

/// Makes one for each package of which something is released.
pub(crate) fn of_what_is_released(output: &Path) -> anyhow::Result<()> {
    const NAME: &str = "countersign-materials";
    let mut cyclonedx = Tool::Release.command("cargo-cyclonedx")?;
    cyclonedx.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    cyclonedx.args(["--target", "all", "--features", "aws", "--override-filename", NAME]);
    // It leaves out what differs from one time to the next.
    cyclonedx.arg("--manifest-path").arg(root().join("cli").join("Cargo.toml")).env("SOURCE_DATE_EPOCH", "0");
    step("Bills of materials", &mut cyclonedx)?;
    // It leaves one in the folder of every package.
    for folder in MEMBERS {
        let made = root().join(folder).join(NAME).with_extension("json");
        if let Some(released) = RELEASED.iter().find(|it| it.folder == folder) {
            let text = fs::read_to_string(&made).with_context(|| format!("there is no {}", made.display()))?;
            let here = root().display().to_string();
            let mut bill = serde_json::from_str(&text.replace(&here, "/countersign"))?;
            keep(&mut bill, &released.linked()?)?;
            fs::write(output.join(format!("{}.cdx.json", released.name)), serde_json::to_string_pretty(&bill)?)?;
        }
        if made.exists() {
            fs::remove_file(made)?;
        }
    }
    Ok(())
}

/// Keeps what is linked in, all of which has to be there. The tool lists what the features of any package of the workspace
/// bring, and what runs at build time alone.
fn keep(bill: &mut Value, linked: &BTreeSet<String>) -> anyhow::Result<()> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let name = |it: &Value| format!("{} {}", text(it, "name"), text(it, "version"));
    let components = bill["components"].as_array_mut().context("a bill has components")?;
    components.retain(|it| linked.contains(&name(it)));
    let listed: BTreeSet<String> = components.iter().map(name).collect();
    let missing: Vec<&str> = linked.difference(&listed).map(String::as_str).collect();
    ensure!(missing.is_empty(), "a bill of materials lacks {}", missing.join(", "));
    let mut kept: BTreeSet<String> = components.iter().map(|it| text(it, "bom-ref")).collect();
    kept.insert(text(&bill["metadata"]["component"], "bom-ref"));
    let dependencies = bill["dependencies"].as_array_mut().context("a bill has dependencies")?;
    dependencies.retain(|it| kept.contains(&text(it, "ref")));
    for its in dependencies.iter_mut().filter_map(|it| it.get_mut("dependsOn")?.as_array_mut()) {
        its.retain(|other| other.as_str().is_some_and(|other| kept.contains(other)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bill_lists_what_is_linked_in_and_nothing_else() {
        let mut bill = json!({
            "metadata": { "component": { "bom-ref": "bot", "name": "countersign-bot" } },
            "components": [
                { "bom-ref": "ring", "name": "ring", "version": "0.17.0" },
                { "bom-ref": "chrono", "name": "chrono", "version": "0.4.0" },
                { "bom-ref": "ring-of-before", "name": "ring", "version": "0.16.0" },
            ],
            "dependencies": [
                { "ref": "bot", "dependsOn": ["ring", "chrono"] },
                { "ref": "chrono", "dependsOn": ["ring"] },
                { "ref": "ring" },
            ],
        });
        let linked = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let lacking = keep(&mut bill.clone(), &linked(&["ring 0.17.0", "tokio 1.0.0"])).unwrap_err().to_string();
        assert_eq!(lacking, "a bill of materials lacks tokio 1.0.0");
        keep(&mut bill, &linked(&["ring 0.17.0"])).unwrap();
        assert_eq!(bill["components"], json!([{ "bom-ref": "ring", "name": "ring", "version": "0.17.0" }]));
        assert_eq!(bill["dependencies"], json!([{ "ref": "bot", "dependsOn": ["ring"] }, { "ref": "ring" }]));
    }

    #[test]
    fn the_functions_hold_less_than_the_program() {
        let [functions, _, program] = RELEASED.each_ref().map(|released| released.linked().unwrap());
        assert!(functions.iter().any(|name| name.starts_with("ring ")), "{functions:?}");
        for only_in_the_program in ["clap ", "aws-sdk-sso ", "schannel ", "security-framework "] {
            assert!(program.iter().any(|name| name.starts_with(only_in_the_program)), "{program:?}");
            assert!(!functions.iter().any(|name| name.starts_with(only_in_the_program)), "{functions:?}");
        }
    }

    /// Their programs come from the workflow, with the bill and the licences that are made here.
    #[test]
    fn every_platform_of_the_workflow_is_known() {
        let workflow = fs::read_to_string(root().join(".github").join("workflows").join("release.yml")).unwrap();
        let platforms: Vec<&str> =
            workflow.split("platform: ").skip(1).filter_map(|text| text.split([',', ' ', '\n']).next()).collect();
        assert!(platforms.contains(&"windows-x86_64"), "{platforms:?}");
        for platform in platforms {
            let (system, processor) = platform.split_once('-').unwrap();
            let (system, processor) = (system.replace("macos", "darwin"), processor.replace("arm64", "aarch64"));
            let is_it = |known: &&str| known.starts_with(&processor) && known.contains(&system);
            assert!(PLATFORMS.iter().any(is_it), "{platform}");
        }
    }

    #[test]
    fn every_package_of_the_workspace_is_known() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
        assert_eq!(members, format!("{MEMBERS:?}"));
    }
}
