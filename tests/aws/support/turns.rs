//! Deployments that cases have to themselves, one case after the other, because each breaks something for all: deploying
//! costs more than most of them.

use std::ops::Deref;

use anyhow::{Context, anyhow};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, Semaphore, SemaphorePermit};

use super::emulators::Emulators;
use super::stack::Stack;

/// So many cases break something at the same time.
const DEPLOYMENTS: usize = 4;

/// Each is deployed when a case asks and all before it are taken.
pub(crate) struct Turns {
    free: Semaphore,
    deployments: [Mutex<Option<Result<Stack, String>>>; DEPLOYMENTS],
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { free: Semaphore::new(DEPLOYMENTS), deployments: Default::default() }
    }

    /// Waits for a deployment that nobody else uses. Whatever the case before has left broken works again.
    pub(crate) async fn take(&self, emulators: &Emulators) -> anyhow::Result<Turn<'_>> {
        let permit = self.free.acquire().await?;
        let mut deployments = self.deployments.iter().enumerate();
        let free = deployments.find_map(|(number, it)| Some((number, it.try_lock().ok()?)));
        let (number, mut deployment) = free.context("who has a permit finds a deployment that is free")?;
        if deployment.is_none() {
            let deployed = Stack::deploy(emulators, &format!("turns-{number}")).await;
            *deployment = Some(deployed.map_err(|error| format!("{error:#}")));
        }
        if let Some(Err(error)) = &*deployment {
            return Err(anyhow!(error.clone()));
        }
        let stack = MutexGuard::try_map(deployment, |it| it.as_mut()?.as_mut().ok());
        let stack = stack.ok().context("what did not fail is deployed")?;
        stack.proxy.recover();
        stack.slack.recover();
        stack.teams.recover();
        Ok(Turn { stack, _permit: permit })
    }
}

/// The deployment of a case, until this is dropped.
pub(crate) struct Turn<'a> {
    stack: MappedMutexGuard<'a, Stack>,
    /// It goes after the stack, so that whoever gets it next finds the stack free.
    _permit: SemaphorePermit<'a>,
}

impl Deref for Turn<'_> {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}
