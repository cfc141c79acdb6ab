//! The figures of a function, and the table that compares them.

use std::time::Duration;

use serde_json::Value;

use crate::function::{Function, Process};

/// The aims of the project: the cold start beside that of a function that does nothing, the processor time of a click,
/// and the memory of the webhook.
const COLD_START_MAX: f64 = 3.0;
const CLICK_MAX_MS: f64 = 0.5;
const MEMORY_MAX_MIB: f64 = 16.0;

/// What a function costs.
pub(crate) struct Figures {
    name: &'static str,
    zip_bytes: u64,
    cold: Cold,
    warm: Warm,
}

/// What the starts of a function have cost.
#[derive(Default)]
pub(crate) struct Cold {
    until_poll: Vec<Duration>,
    until_answer: Vec<Duration>,
    cpu: Vec<Duration>,
}

/// What a process that is up costs.
pub(crate) struct Warm {
    latencies: Vec<Duration>,
    cpu: Duration,
    peak_bytes: u64,
    own_bytes: u64,
}

/// A process whose first events are not counted, since they fill connections and caches.
pub(crate) struct Meter {
    process: Process,
    to_warm_up: usize,
    cpu_before: Duration,
    latencies: Vec<Duration>,
}

impl Cold {
    /// Starts a process, gives it its first event, and stops it; returns the answer.
    pub(crate) async fn start(&mut self, function: &Function, event: &Value) -> anyhow::Result<Value> {
        let mut process = function.start().await?;
        let cpu = process.cpu()?;
        let first = process.invoke(event).await?;
        self.until_poll.push(process.until_poll);
        self.until_answer.push(first.since_start);
        self.cpu.push(cpu);
        process.stop().await?;
        Ok(first.answer)
    }
}

impl Meter {
    pub(crate) async fn start(function: &Function, to_warm_up: usize) -> anyhow::Result<Self> {
        let process = function.start().await?;
        Ok(Self { process, to_warm_up, cpu_before: Duration::ZERO, latencies: Vec::new() })
    }

    /// Gives the process an event and returns the answer.
    pub(crate) async fn invoke(&mut self, event: &Value) -> anyhow::Result<Value> {
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

    /// Stops the process.
    pub(crate) async fn stop(self) -> anyhow::Result<Warm> {
        let cpu = self.process.cpu()?.saturating_sub(self.cpu_before);
        let (peak_bytes, own_bytes) = (self.process.memory("VmHWM")?, self.process.memory("RssAnon")?);
        self.process.stop().await?;
        let events = u32::try_from(self.latencies.len())?.max(1);
        Ok(Warm { latencies: self.latencies, cpu: cpu / events, peak_bytes, own_bytes })
    }
}

impl Figures {
    pub(crate) fn new(function: &Function, cold: Cold, warm: Warm) -> anyhow::Result<Self> {
        Ok(Self { name: function.name, zip_bytes: function.zip_bytes()?, cold, warm })
    }

    fn until_poll(&self) -> f64 {
        milliseconds(percentile(&self.cold.until_poll, 50))
    }

    fn until_answer(&self) -> f64 {
        milliseconds(percentile(&self.cold.until_answer, 50))
    }

    fn cpu(&self) -> f64 {
        milliseconds(self.warm.cpu)
    }

    fn peak(&self) -> f64 {
        mebibytes(self.warm.peak_bytes)
    }
}

type Row = (&'static str, fn(&Figures) -> f64);

const ROWS: [Row; 9] = [
    ("cold start until the first poll (ms)", Figures::until_poll),
    ("cold start until the first answer (ms)", Figures::until_answer),
    ("CPU until the first poll (ms)", |it| milliseconds(percentile(&it.cold.cpu, 50))),
    ("warm latency, median (ms)", |it| milliseconds(percentile(&it.warm.latencies, 50))),
    ("warm latency, p99 (ms)", |it| milliseconds(percentile(&it.warm.latencies, 99))),
    ("CPU per event (ms)", Figures::cpu),
    ("peak memory, VmHWM (MiB)", Figures::peak),
    ("  of it not the program's file (MiB)", |it| mebibytes(it.warm.own_bytes)),
    ("zip (MiB)", |it| mebibytes(it.zip_bytes)),
];

/// Prints all figures with their ratio to those of the floor, and whether the aims are met.
pub(crate) fn print(floor: &Figures, webhook: &Figures, notifier: &Figures) {
    let heading = |figures: &Figures| format!("{} / {}", figures.name, floor.name);
    let names = [floor.name, webhook.name, notifier.name].map(|name| format!("{name:>9}")).concat();
    println!("{:<40}{names}{:>17}{:>18}", "", heading(webhook), heading(notifier));
    for (label, figure) in ROWS {
        let [base, web, note] = [floor, webhook, notifier].map(figure);
        println!("{label:<40}{base:>9.2}{web:>9.2}{note:>9.2}{:>17.1}{:>18.1}", web / base, note / base);
    }
    let cold_start = webhook.until_poll() / floor.until_poll();
    aim("cold start of the webhook beside the floor's", cold_start, COLD_START_MAX, "times");
    aim("warm click: verify, conditional writes, callback, event", webhook.cpu(), CLICK_MAX_MS, "ms of CPU");
    aim("peak memory of the webhook", webhook.peak(), MEMORY_MAX_MIB, "MiB");
    aim("peak memory of the notifier", notifier.peak(), MEMORY_MAX_MIB, "MiB");
}

fn aim(what: &str, figure: f64, below: f64, unit: &str) {
    let met = if figure < below { "met" } else { "NOT met" };
    println!("Aim {met}: {what} is {figure:.2} {unit}, to be under {below}.");
}

/// The smallest value that at least this many percent are not above.
fn percentile(values: &[Duration], percent: usize) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
