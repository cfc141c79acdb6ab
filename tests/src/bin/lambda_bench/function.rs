//! One process of a function: started as Lambda starts it, given events, and measured from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::body::Bytes;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

use crate::runtime_api::{Report, RuntimeApi};
use crate::services::Environment;

/// Nothing takes this long on a machine that works.
const PATIENCE: Duration = Duration::from_secs(30);

/// A function as it is deployed.
pub(crate) struct Function {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// What is uploaded, and the same with what Lambda's runtime adds to it.
    zips: [PathBuf; 2],
    environment: Environment,
}

/// A process that waits for an event.
pub(crate) struct Process {
    api: RuntimeApi,
    child: Child,
    pid: u32,
    log: NamedTempFile,
    /// From its start until it asked for its first event.
    pub(crate) until_poll: Duration,
    started: Instant,
}

/// What one event took.
pub(crate) struct Invocation {
    pub(crate) answer: Value,
    /// From handing over the event until the answer was there.
    pub(crate) latency: Duration,
    /// From the start of the process until the answer was there.
    pub(crate) since_start: Duration,
}

impl Function {
    /// The function of this name in a folder of packaged functions.
    pub(crate) fn packaged(folder: &Path, name: &str, environment: Environment) -> anyhow::Result<Self> {
        let [program, zip] = ["bootstrap", "bootstrap.zip"].map(|file| folder.join(name).join(file));
        let zips = [zip.clone(), zip];
        Self::found(Self { name: name.to_owned(), program, arguments: Vec::new(), zips, environment })
    }

    /// A function that was built beside this program. It is not packaged: its file is all there is.
    pub(crate) fn built(name: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(name);
        let zips = [program.clone(), program.clone()];
        Self::found(Self { name: name.to_owned(), program, arguments: Vec::new(), zips, environment: Vec::new() })
    }

    /// A function that a program and its arguments run.
    pub(crate) fn command(
        name: String,
        command: &[String],
        zips: [PathBuf; 2],
        environment: Environment,
    ) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        Self::found(Self { name, program: program.into(), arguments: arguments.to_vec(), zips, environment })
    }

    fn found(self) -> anyhow::Result<Self> {
        if !self.program.exists() {
            bail!("{} is missing. `cargo xtask bench` makes it.", self.program.display());
        }
        Ok(self)
    }

    /// The size of what is uploaded, and of the same with what Lambda's runtime adds to it.
    pub(crate) fn zip_bytes(&self) -> anyhow::Result<[u64; 2]> {
        let [zip, with_runtime] = &self.zips;
        let size = |file: &Path| Ok::<_, std::io::Error>(fs::metadata(file)?.len());
        size(zip).and_then(|bytes| Ok([bytes, size(with_runtime)?])).with_context(|| format!("a zip of {}", self.name))
    }

    /// Starts a process and waits until it asks for an event. It gets nothing of our own environment.
    pub(crate) async fn start(&self) -> anyhow::Result<Process> {
        let api = RuntimeApi::serve().await?;
        let log = NamedTempFile::new()?;
        let output = log.reopen()?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("AWS_LAMBDA_RUNTIME_API", &api.address);
        command.env("AWS_LAMBDA_FUNCTION_NAME", &self.name);
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
        command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("{} does not start", self.program.display()))?;
        let pid = child.id().context("a process that has just been started has a number")?;
        let mut process = Process { api, child, pid, log, until_poll: Duration::ZERO, started };
        process.until_poll = process.polled().await?.duration_since(started);
        Ok(process)
    }
}

impl Process {
    /// Gives the process an event, and waits for the answer and for the process to be idle again.
    pub(crate) async fn invoke(&mut self, event: &Value) -> anyhow::Result<Invocation> {
        let event = Bytes::from(event.to_string());
        let handed_over = Instant::now();
        self.api.send(event)?;
        let Report::Answered(answered, body) = self.report().await? else {
            bail!("the function asked for another event before it had answered");
        };
        self.polled().await?;
        Ok(Invocation {
            answer: serde_json::from_slice(&body).context("an answer is JSON")?,
            latency: answered.duration_since(handed_over),
            since_start: answered.duration_since(self.started),
        })
    }

    /// The time that all its threads have spent on a processor, which the scheduler counts in nanoseconds.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let path = thread?.path().join("schedstat");
            let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let on_processor = text.split(' ').next().and_then(|field| field.parse::<u64>().ok());
            nanoseconds += on_processor.with_context(|| format!("{} is not what Linux documents", path.display()))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// A line of `/proc/PID/status` that counts memory, in bytes.
    pub(crate) fn memory(&self, line: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kib = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kib.with_context(|| format!("{line} is missing"))? * 1024)
    }

    /// Ends the process, and fails if it has complained.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        // How long a decision took is told as a metric, and is no complaint either.
        let is_complaint = |line: &&str| !line.contains(r#""level":"INFO""#) && !line.contains(r#""TimeToDecision""#);
        let complaint = self.log()?.lines().find(is_complaint).map(str::to_owned);
        match complaint {
            Some(line) => bail!("the function complained: {line}"),
            None => Ok(()),
        }
    }

    /// Ends the process, whatever it has said.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    async fn polled(&mut self) -> anyhow::Result<Instant> {
        match self.report().await? {
            Report::Polled(at) => Ok(at),
            other => bail!("the function should have asked for an event: {other:?}"),
        }
    }

    async fn report(&mut self) -> anyhow::Result<Report> {
        let report = tokio::select! {
            report = tokio::time::timeout(PATIENCE, self.api.report()) => report.context("the function is silent")?,
            ended = self.child.wait() => bail!("the function ended with {}: {}", ended?, self.log()?),
        };
        match report? {
            Report::Failed(error) => bail!("the function failed: {error}\n{}", self.log()?),
            report => Ok(report),
        }
    }

    fn log(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.log.path()).context("what the function has said cannot be read")
    }
}
