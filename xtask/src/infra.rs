//! Checks the infrastructure and the manifests offline, with the linters and schemas of those who made the formats.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::deployable;
use crate::steps::{head, root, target};
use crate::tools::Tool;

/// Some linters want to know a region although they call nothing.
pub(crate) const REGION: &str = "eu-central-1";

/// The schema of the version that the Teams manifest is written for, in the package of Microsoft's schemas.
const TEAMS_SCHEMA: &str =
    "node_modules/@microsoft/app-manifest/build/json-schemas/teams/v1.25/MicrosoftTeams.schema.json";

/// Lints every template and state machine in `infra`, and the Teams manifest. A warning counts as a failure.
pub(crate) fn lint() -> anyhow::Result<()> {
    let files = files_in(&root().join("infra"))?;
    let named = |ending: &str| files.iter().filter(|file| file.to_string_lossy().ends_with(ending)).collect::<Vec<_>>();
    let (templates, machines) = (named(".yaml"), named(".asl.json"));
    if templates.is_empty() || machines.is_empty() {
        bail!("infra must have a template (.yaml) and a state machine (.asl.json)");
    }
    for template in &templates {
        let mut sam = sam()?;
        sam.args(["validate", "--lint", "--region", REGION, "--template"]).arg(template);
        run("sam validate --lint", template, &mut sam, |line| line.ends_with("is a valid SAM Template"))?;
        cfn_lint(template)?;
    }
    cfn_lint(&deployable::template_for_linters()?)?;
    let mut policies = Tool::Infra.command("python3")?;
    // parliament warns of what it is made with.
    policies.args(["-W", "ignore"]).arg(root().join("xtask").join("src").join("policies.py")).args(templates);
    run("parliament", &root().join("infra"), &mut policies, |_| false)?;
    for machine in machines {
        let mut asl_validator = Tool::AslValidator.command("asl-validator")?;
        asl_validator.args(["--json-path"]).arg(machine);
        run("asl-validator", machine, &mut asl_validator, |line| line.ends_with("is valid"))?;
        let mut statelint = Tool::Infra.command("statelint")?;
        run("statelint", machine, statelint.arg(with_number(machine)?), |_| false)?;
    }
    let manifest = root().join("manifests").join("teams").join("manifest.json");
    let mut check_jsonschema = Tool::Infra.command("check-jsonschema")?;
    check_jsonschema.arg("--schemafile").arg(Tool::TeamsManifest.ready()?.join(TEAMS_SCHEMA)).arg(&manifest);
    run("check-jsonschema", &manifest, &mut check_jsonschema, |line| line == "ok -- validation done")
}

fn cfn_lint(template: &Path) -> anyhow::Result<()> {
    let mut cfn_lint = Tool::Infra.command("cfn-lint")?;
    // What it only mentions is left out but for resources that do not match the actions of a policy.
    cfn_lint.args(["--regions", REGION, "--include-checks", "I3510", "--"]).arg(template);
    run("cfn-lint", template, &mut cfn_lint, |_| false)
}

/// A copy with a number where a timeout is an expression, which AWS documents and `statelint` does not know.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
fn with_number(machine: &Path) -> anyhow::Result<PathBuf> {
    const TIMEOUT: &str = "\"TimeoutSeconds\":";
    let text = fs::read_to_string(machine)?;
    let is_computed = |line: &str| line.trim_start().starts_with(TIMEOUT) && line.contains("{%");
    let lines =
        text.lines().map(|line| if is_computed(line) { format!("{TIMEOUT} 60,\n") } else { format!("{line}\n") });
    let copy = target().join("tmp").join(machine.file_name().context("a state machine is a file")?);
    fs::create_dir_all(target().join("tmp"))?;
    fs::write(&copy, lines.collect::<String>())?;
    Ok(copy)
}

/// The SAM command line, told to call nobody but AWS.
pub(crate) fn sam() -> anyhow::Result<Command> {
    let mut sam = Tool::Infra.command("sam")?;
    sam.env("SAM_CLI_TELEMETRY", "0");
    Ok(sam)
}

/// Fails unless the linter succeeds and has nothing to say but that all is well.
fn run(name: &str, file: &Path, linter: &mut Command, is_praise: fn(&str) -> bool) -> anyhow::Result<()> {
    let place = file.strip_prefix(root()).unwrap_or(file).display();
    head(&format!("{name} {place}"));
    let output = linter.stderr(std::process::Stdio::inherit()).output();
    let output = output.with_context(|| format!("{name}: the command cannot be run"))?;
    let findings = String::from_utf8_lossy(&output.stdout);
    let findings: Vec<&str> = findings.lines().filter(|line| !line.trim().is_empty() && !is_praise(line)).collect();
    if !output.status.success() || !findings.is_empty() {
        bail!("{name} is not content with {place}\n{}", findings.join("\n"));
    }
    Ok(())
}

/// All files below a folder, in the order of their names.
fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(files_in(&entry)?);
        } else {
            files.push(entry);
        }
    }
    Ok(files)
}
