//! `cargo xtask deploy`: packages, and hands the zips and the template to `sam deploy`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::infra::sam;
use crate::package::{Arch, Package};
use crate::steps::{root, say, step, target};

/// The parameter of the template that must agree with the zips.
const ARCHITECTURE: &str = "Architecture";

/// What to deploy, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Deploy {
    /// Asks for every parameter and saves the answers in infra/samconfig.toml, which holds no secret.
    #[arg(long)]
    guided: bool,
    /// The name of the stack; without it the one that was saved.
    #[arg(long)]
    stack: Option<String>,
    /// The processor that the functions run on; without it the one that was saved, or else arm64.
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// A parameter of the template as NAME=VALUE. What is not given stays as saved, or else as deployed.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    /// Further arguments of `sam deploy`, such as `-- --region eu-central-1 --profile work`.
    #[arg(last = true)]
    sam: Vec<String>,
}

impl Deploy {
    /// Packages and deploys.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        // This is where SAM looks for it and saves it: beside the template.
        let saved_file = root().join("infra").join("samconfig.toml");
        let is_saved = saved_file.exists();
        if self.stack.is_none() && !self.guided && !is_saved {
            bail!("no stack is named: begin with `cargo xtask deploy --guided`, or name one with --stack");
        }
        let mut parameters = if is_saved { saved_parameters(&saved_file)? } else { BTreeMap::new() };
        let arch = match (self.arch, parameters.get(ARCHITECTURE)) {
            (Some(arch), _) => arch,
            (None, Some(saved)) => Arch::named(saved)?,
            (None, None) => Arch::Arm64,
        };
        parameters.extend(self.parameters);
        parameters.insert(ARCHITECTURE.to_owned(), arch.name().to_owned());
        Package { arch, output: target().join("lambda") }.make()?;

        let mut deploy = sam()?;
        deploy.arg("deploy").arg("--template-file").arg(root().join("infra").join("template.yaml"));
        // The roles need it.
        deploy.args(["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]);
        // The template tags what it names; this tags what SAM adds.
        deploy.args(["--tags", "project=countersign"]);
        deploy.args(self.stack.iter().flat_map(|stack| ["--stack-name", stack]));
        if self.guided {
            deploy.arg("--guided");
            say(&format!("The zips are for {}: leave {ARCHITECTURE} at that when you are asked.", arch.name()));
        } else if !is_saved {
            // The answers of a guided deployment say where the zips are uploaded to; without them SAM has a bucket.
            deploy.arg("--resolve-s3");
        }
        deploy.args(&self.sam);
        deploy.arg("--parameter-overrides").args(parameters.iter().map(|(name, value)| quoted(name, value)));
        step("Deployment", &mut deploy)?;
        say(
            "Next: `cargo run --features aws -- policy push infra/policy.toml --stack NAME` says who may decide what, and \
             `cargo run --features aws -- doctor --stack NAME` what is still to do.",
        );
        Ok(())
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((ARCHITECTURE, _)) => Err("it goes with the zips: use --arch".to_owned()),
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is not NAME=VALUE".to_owned()),
    }
}

/// The parameters that `sam deploy --guided` has saved. On its command line `sam` takes all or none of them.
fn saved_parameters(file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(file)?;
    parameters_in(&text).with_context(|| format!("{} cannot be read", file.display()))
}

fn parameters_in(samconfig: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let document = toml_span::parse(samconfig)?;
    let saved = document.pointer("/default/deploy/parameters/parameter_overrides");
    let words = match saved.map(toml_span::Value::as_ref) {
        None => Vec::new(),
        Some(toml_span::value::ValueInner::String(line)) => {
            shlex::split(line).context("parameter_overrides: a quote is open")?
        }
        Some(toml_span::value::ValueInner::Array(words)) => {
            let words = words.iter().map(|word| word.as_str().map(str::to_owned));
            words.collect::<Option<_>>().context("parameter_overrides: the list must be of texts")?
        }
        Some(_) => bail!("parameter_overrides must be text or a list"),
    };
    let parameters = words.iter().map(|word| match word.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => bail!("parameter_overrides: `{word}` is not NAME=VALUE"),
    });
    parameters.collect()
}

/// In the form that `sam` reads whatever the value holds.
fn quoted(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(samconfig: &str) -> anyhow::Result<Vec<(String, String)>> {
        parameters_in(samconfig).map(|parameters| parameters.into_iter().collect())
    }

    #[test]
    fn what_a_guided_deployment_saved_is_kept() {
        let saved = r#"
            version = 0.1
            [default.deploy.parameters]
            stack_name = "approvals"
            parameter_overrides = "Architecture=\"x86_64\" MailFrom=\"\" Title=\"a \\\"b\\\" c\""
        "#;
        let expected = [("Architecture", "x86_64"), ("MailFrom", ""), ("Title", "a \"b\" c")];
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(read(saved).unwrap(), expected);
        let as_list = "[default.deploy.parameters]\nparameter_overrides = ['A=1', 'B=2']\n";
        assert_eq!(read(as_list).unwrap(), [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        assert_eq!(read("version = 0.1\n").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read_is_not_dropped() {
        for wrong in ["'A'", "'A=\"1'", "7", "[7]", "['A']"] {
            let text = format!("[default.deploy.parameters]\nparameter_overrides = {wrong}\n");
            assert!(read(&text).is_err(), "{wrong}");
        }
        assert!(read("[default").is_err());
    }

    #[test]
    fn the_processor_goes_with_the_zips() {
        assert!(name_and_value("Architecture=arm64").is_err());
        assert!(name_and_value("=1").is_err() && name_and_value("A").is_err());
        assert_eq!(name_and_value("A=b=c").unwrap(), ("A".to_owned(), "b=c".to_owned()));
    }
}
