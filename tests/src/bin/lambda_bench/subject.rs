//! A function while it is measured: one process that stays up, and others that are started for one event each.

use std::time::Duration;

use serde_json::Value;

use crate::figures::{Cold, Figures, Warm};
use crate::function::{Function, Process};

/// Who gets an event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum To {
    /// The process that is up.
    Warm,
    /// One that is started for it, and stopped.
    Cold,
}

/// A function and what it has cost so far.
pub(crate) struct Subject<'a> {
    function: &'a Function,
    cold: Cold,
    process: Process,
    /// So many events are not counted yet, since they fill connections and caches.
    to_warm_up: usize,
    cpu_before: Duration,
    latencies: Vec<Duration>,
}

impl<'a> Subject<'a> {
    /// Starts the process that stays up.
    pub(crate) async fn start(function: &'a Function, to_warm_up: usize) -> anyhow::Result<Self> {
        let process = function.start().await?;
        let (cpu_before, latencies) = (Duration::ZERO, Vec::new());
        Ok(Self { function, cold: Cold::default(), process, to_warm_up, cpu_before, latencies })
    }

    /// Gives the function an event and returns the answer.
    pub(crate) async fn give(&mut self, to: To, event: &Value) -> anyhow::Result<Value> {
        match to {
            To::Warm => self.give_to_warm(event).await,
            To::Cold => self.give_to_cold(event).await,
        }
    }

    async fn give_to_warm(&mut self, event: &Value) -> anyhow::Result<Value> {
        let invocation = self.process.invoke(event).await?;
        match self.to_warm_up.checked_sub(1) {
            None => self.latencies.push(invocation.latency),
            Some(left) => {
                self.to_warm_up = left;
                self.cpu_before = self.process.cpu()?;
            }
        }
        Ok(invocation.answer)
    }

    async fn give_to_cold(&mut self, event: &Value) -> anyhow::Result<Value> {
        let mut process = self.function.start().await?;
        let cpu = process.cpu()?;
        let first = process.invoke(event).await?;
        self.cold.until_poll.push(process.until_poll);
        self.cold.until_answer.push(first.since_start);
        self.cold.cpu.push(cpu);
        process.stop().await?;
        Ok(first.answer)
    }

    /// Stops the process, and fails if it has complained.
    pub(crate) async fn figures(self) -> anyhow::Result<Figures> {
        let cpu = self.process.cpu()?.saturating_sub(self.cpu_before);
        let (peak_bytes, own_bytes) = (self.process.memory("VmHWM")?, self.process.memory("RssAnon")?);
        self.process.stop().await?;
        let events = u32::try_from(self.latencies.len())?.max(1);
        let warm = Warm { latencies: self.latencies, cpu: cpu / events, peak_bytes, own_bytes };
        let (name, zip_bytes) = (self.function.name.clone(), self.function.zip_bytes()?);
        Ok(Figures { name, zip_bytes, cold: self.cold, warm })
    }
}
