//! A program that runs beside the tests. Its output goes to a file, and it ends together with its children.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The groups of all that runs, for the end of the run and for Ctrl-C.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A child in a process group of its own, which is killed when this is dropped.
pub struct Process {
    child: Child,
    group: Pid,
    log: PathBuf,
}

impl Process {
    /// Starts a program with nothing of this process's environment but `PATH`, so that no AWS profile of whoever runs
    /// the tests reaches an emulator. `home` is its home and its folder for temporary files.
    pub fn start(program: &Path, home: &Path, configure: impl FnOnce(&mut Command)) -> anyhow::Result<Self> {
        let name = program.file_name().context("a program has a name")?.to_string_lossy().into_owned();
        let log = home.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let mut command = Command::new(program);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", home).env("TMPDIR", home).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(home);
        configure(&mut command);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        let group = Pid::from_child(&child);
        running().push(group);
        Ok(Self { child, group, log })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| file.read_to_end(&mut text));
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("{} cannot be read: {error}", self.log.display()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut groups = running();
        if let Some(place) = groups.iter().position(|group| *group == self.group) {
            groups.swap_remove(place);
            kill(self.group);
        }
        drop(groups);
        // It has been killed: this only takes it off the list of processes.
        self.child.wait().ok();
    }
}

/// Kills everything that was started and still runs.
pub fn stop_all() {
    for group in running().drain(..) {
        kill(group);
    }
}

/// Kills every process of a Lambda function at once (`kill -9`), and says how many there were. The endpoint tells the
/// deployments of a run apart, in which functions have the same names.
pub fn kill_function(name: &str, aws_url: &str) -> anyhow::Result<usize> {
    let ours = [format!("AWS_LAMBDA_FUNCTION_NAME={name}"), format!("AWS_ENDPOINT_URL={aws_url}")];
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else { continue };
        // A process that has ended meanwhile, or is not ours, has no environment to read.
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        let has = |variable: &String| environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes());
        if ours.iter().all(has) {
            kill_process(pid, Signal::KILL)?;
            killed += 1;
        }
    }
    Ok(killed)
}

fn kill(group: Pid) {
    // It fails when the whole group has ended by itself.
    kill_process_group(group, Signal::KILL).ok();
}

fn running() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
