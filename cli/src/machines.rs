//! State machines of somebody's own: which files, under which names, with what beside them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use countersign_playground::world::{Options, Source, StateMachine};
use serde_json::Value;

use crate::policy;

/// The state machines to run and what they need.
#[derive(Debug, clap::Args)]
pub(crate) struct Machines {
    /// A state machine (Amazon States Language) to run.
    ///
    /// Without a name, it has that of its file up to the first dot. The page takes several, and a demonstration one. The
    /// reference workflow is there too if a command of the policy starts it.
    #[arg(id = "state_machines", long = "state-machine", value_name = "[NAME=]FILE")]
    files: Vec<Named>,
    /// What stands in for what does not run here: a file in the format of Step Functions Local.
    ///
    /// `countersign mocks init` writes one with all that a machine needs.
    #[arg(long, value_name = "FILE", requires = "state_machines")]
    mocks: Option<PathBuf>,
    /// Which test case of the mocks, where there are several.
    #[arg(long, value_name = "NAME", requires = "mocks")]
    test_case: Option<String>,
    /// The input (JSON) that a machine is started with; on the page it can be changed first.
    #[arg(long = "input", value_name = "[NAME=]FILE", requires = "state_machines")]
    inputs: Vec<Named>,
    #[command(flatten)]
    placeholders: Placeholders,
}

/// What placeholders of a definition stand for.
#[derive(Debug, clap::Args)]
pub(crate) struct Placeholders {
    /// What `${NAME}` in a definition stands for; `notifier` is the function that asks people.
    #[arg(long = "substitute", value_name = "NAME=VALUE", value_parser = pair)]
    substitutions: Vec<(String, String)>,
}

/// A file that may have a name.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    name: Option<String>,
    file: PathBuf,
}

impl From<&str> for Named {
    /// A name has no slash, so that a path with an equals sign is still one.
    fn from(text: &str) -> Self {
        match text.split_once('=').filter(|(name, _)| !name.is_empty() && !name.contains(['/', '\\', '.'])) {
            Some((name, file)) => Self { name: Some(name.to_owned()), file: file.into() },
            None => Self { name: None, file: text.into() },
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Named {
    /// The state machine in the file.
    pub(crate) fn state_machine(&self) -> anyhow::Result<StateMachine> {
        StateMachine::file(self.name.as_deref(), &self.file)
    }

    /// The file beside this one for what belongs to a machine, such as `release.mocks.json`.
    pub(crate) fn beside(&self, machine: &str, ending: &str) -> PathBuf {
        self.file.with_file_name(format!("{machine}.{ending}"))
    }
}

impl Placeholders {
    /// By name.
    pub(crate) fn values(&self) -> BTreeMap<String, String> {
        self.substitutions.iter().cloned().collect()
    }
}

impl Machines {
    /// Whether there is one; a demonstration takes no more than that.
    pub(crate) fn are_named(&self) -> anyhow::Result<bool> {
        match self.files.len() {
            0 => Ok(false),
            1 => Ok(true),
            _ => bail!("a demonstration plays one state machine"),
        }
    }

    /// Reads all files.
    pub(crate) fn add_to(&self, options: &mut Options) -> anyhow::Result<()> {
        options.state_machines = self.files.iter().map(Named::state_machine).collect::<anyhow::Result<_>>()?;
        options.mocks = self.mocks.as_deref().map(Source::file).transpose()?;
        options.test_case.clone_from(&self.test_case);
        options.substitutions = self.placeholders.values();
        for Named { name, file } in &self.inputs {
            let input: Value = serde_json::from_str(&policy::read(file)?)
                .with_context(|| format!("{} is not JSON", file.display()))?;
            let is_meant = |machine: &&mut StateMachine| name.as_ref().is_none_or(|name| machine.name == *name);
            let meant = options.state_machines.iter_mut().find(is_meant);
            let machine =
                meant.with_context(|| format!("no state machine is called {}", name.as_deref().unwrap_or("")))?;
            machine.input = Some(input);
        }
        Ok(())
    }
}
