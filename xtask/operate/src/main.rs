//! The tasks that need the bot's own code. `cargo xtask package` and `cargo xtask doctor` start it.

mod doctor;
mod policy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use jiff::Timestamp;

/// The tasks that need the bot's own code.
#[derive(Parser)]
#[command(name = "xtask-operate")]
enum Task {
    /// Says everything that is wrong with a policy file.
    Policy {
        /// The file.
        file: PathBuf,
    },
    /// Looks at a deployment and says what would fail.
    Doctor(doctor::Doctor),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Policy { file } => policy::check(&file).map(|()| ExitCode::SUCCESS),
        Task::Doctor(doctor) => examine(doctor).await,
    };
    done.unwrap_or_else(|error| {
        report_error(&error);
        ExitCode::FAILURE
    })
}

async fn examine(doctor: doctor::Doctor) -> anyhow::Result<ExitCode> {
    let lines = doctor.lines(now).await?;
    for line in &lines {
        report(line);
    }
    let fails = lines.iter().any(doctor::Line::is_failure);
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::print_stdout, reason = "the lines are what was asked for")]
fn report(line: &doctor::Line) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a task says why it failed")]
fn report_error(error: &anyhow::Error) {
    eprintln!("{error:#}");
}
