//! The emulators of one run, each started when the first case asks for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use countersign_tests::case;
use countersign_tests::harness::Shared;
use tokio::sync::OnceCell;

use super::actions::Actions;
use super::ministack::{Deployment, Ministack};
use super::moto::Moto;
use super::stack::Stack;
use super::tools::Tools;
use super::turns::Turns;

/// A case that is given the emulators.
pub(crate) type Case = case::Case<Emulators>;

/// What the cases share.
pub(crate) struct Emulators {
    tools: Tools,
    folder: PathBuf,
    ministack: OnceCell<Result<Ministack, String>>,
    moto: OnceCell<Result<Moto, String>>,
    stack: OnceCell<Result<Stack, String>>,
    /// For the cases that break something.
    pub(crate) turns: Turns,
    /// What the functions of all deployments call.
    pub(crate) actions: Actions,
}

impl Shared for Emulators {
    /// Makes the folder of this run; nothing is started yet.
    fn prepare() -> anyhow::Result<Self> {
        let tools = Tools::from_environment()?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("aws-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self {
            tools,
            folder,
            ministack: OnceCell::new(),
            moto: OnceCell::new(),
            stack: OnceCell::new(),
            turns: Turns::new(),
            actions: Actions::default(),
        })
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn conclude(&self, is_whole: bool) -> anyhow::Result<()> {
        self.actions.compare(is_whole)
    }
}

impl Emulators {
    /// Where the programs and the zips are.
    pub(crate) fn tools(&self) -> &Tools {
        &self.tools
    }

    /// The ministack that all cases share which deploy nothing.
    pub(crate) async fn ministack(&self) -> anyhow::Result<&Ministack> {
        let started = self.ministack.get_or_init(|| async { self.new_ministack("ministack").await.map_err(told) });
        started.await.as_ref().map_err(|error| anyhow!(error.clone()))
    }

    /// A ministack of its own for whoever asks; it ends when it is dropped.
    pub(crate) async fn new_ministack(&self, name: &str) -> anyhow::Result<Ministack> {
        Ministack::start(&self.tools, &self.home(name)?, None).await
    }

    /// A ministack of its own whose functions find what they call at these addresses.
    pub(crate) async fn new_ministack_for(&self, name: &str, deployment: Deployment) -> anyhow::Result<Ministack> {
        Ministack::start(&self.tools, &self.home(name)?, Some(deployment)).await
    }

    /// The moto that all cases share.
    pub(crate) async fn moto(&self) -> anyhow::Result<&Moto> {
        let start = || async { Moto::start(&self.tools, &self.home("moto")?).await };
        let started = self.moto.get_or_init(|| async { start().await.map_err(told) });
        started.await.as_ref().map_err(|error| anyhow!(error.clone()))
    }

    /// The deployed system that all cases share which break nothing; each runs calculations of its own.
    pub(crate) async fn stack(&self) -> anyhow::Result<&Stack> {
        let deployed = self.stack.get_or_init(|| async { Stack::deploy(self, "stack").await.map_err(told) });
        deployed.await.as_ref().map_err(|error| anyhow!(error.clone()))
    }

    fn home(&self, name: &str) -> anyhow::Result<PathBuf> {
        let home = self.folder.join(name);
        std::fs::create_dir(&home).with_context(|| format!("{} is taken", home.display()))?;
        Ok(home)
    }
}

/// Every case that needs an emulator which did not start fails with the same words.
fn told(error: anyhow::Error) -> String {
    format!("{error:#}")
}
