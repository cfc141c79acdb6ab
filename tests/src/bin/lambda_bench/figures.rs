//! The figures of a function, and the table that compares them.

use std::time::Duration;

/// The aims of the project: the cold start beside that of a function that does nothing, the processor time of a click,
/// and the memory of the webhook.
const COLD_START_MAX: f64 = 3.0;
const CLICK_MAX_MS: f64 = 0.5;
const MEMORY_MAX_MIB: f64 = 16.0;

/// What a function costs.
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) zip_bytes: [u64; 2],
    pub(crate) cold: Cold,
    pub(crate) warm: Warm,
}

/// What the starts of a function have cost.
#[derive(Default)]
pub(crate) struct Cold {
    pub(crate) until_poll: Vec<Duration>,
    pub(crate) until_answer: Vec<Duration>,
    /// Until the first poll.
    pub(crate) cpu: Vec<Duration>,
}

/// What a process that is up costs.
pub(crate) struct Warm {
    pub(crate) latencies: Vec<Duration>,
    /// For each event.
    pub(crate) cpu: Duration,
    pub(crate) peak_bytes: u64,
    /// Of these, what is not the program's file.
    pub(crate) own_bytes: u64,
}

impl Figures {
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

const ROWS: [Row; 10] = [
    ("cold start until the first poll (ms)", Figures::until_poll),
    ("cold start until the first answer (ms)", Figures::until_answer),
    ("CPU until the first poll (ms)", |it| milliseconds(percentile(&it.cold.cpu, 50))),
    ("warm latency, median (ms)", |it| milliseconds(percentile(&it.warm.latencies, 50))),
    ("warm latency, p99 (ms)", |it| milliseconds(percentile(&it.warm.latencies, 99))),
    ("CPU per event (ms)", Figures::cpu),
    ("peak memory, VmHWM (MiB)", Figures::peak),
    ("  of it not the program's file (MiB)", |it| mebibytes(it.warm.own_bytes)),
    ("zip (MiB)", |it| mebibytes(it.zip_bytes[0])),
    ("  with what Lambda's runtime brings (MiB)", |it| mebibytes(it.zip_bytes[1])),
];

/// Prints all figures, and how many times those of the first the others are.
pub(crate) fn compare(first: &Figures, others: &[&Figures]) {
    let name = |figures: &&Figures| format!("{:>14}", figures.name);
    let ratio = |figures: &&Figures| format!("{:>26}", format!("{} / {}", figures.name, first.name));
    let names: String = std::iter::once(&first).chain(others).map(name).collect();
    let ratios: String = others.iter().map(ratio).collect();
    println!("{:<40}{names}{ratios}", "");
    for (label, figure) in ROWS {
        let base = figure(first);
        let values: String = others.iter().map(|other| format!("{:>14.2}", figure(other))).collect();
        let ratios: String = others.iter().map(|other| format!("{:>26.1}", figure(other) / base)).collect();
        println!("{label:<40}{base:>14.2}{values}{ratios}");
    }
}

/// Prints whether the aims of the project are met.
pub(crate) fn aims(floor: &Figures, webhook: &Figures, notifier: &Figures) {
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
