//! The tasks that need the bot's own code. `cargo xtask package`, `doctor`, `audit` and `explain` start it.

mod audit;
mod aws;
mod doctor;
mod explain;
mod policy;
mod stack;

use std::fmt::Display;
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
    /// Reads the audit trail of an approval, and says whether it is whole.
    Audit(audit::Audit),
    /// Says who could decide on a request, and what one person may do.
    Explain(explain::Explain),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Policy { file } => policy::check(&file).map(|()| ExitCode::SUCCESS),
        Task::Doctor(doctor) => examine(doctor).await,
        Task::Audit(audit) => read_trail(audit).await,
        Task::Explain(explain) => explain.text(now()).map(|text| {
            report_line(&text);
            ExitCode::SUCCESS
        }),
    };
    done.unwrap_or_else(|error| {
        report_error(&error);
        ExitCode::FAILURE
    })
}

async fn examine(doctor: doctor::Doctor) -> anyhow::Result<ExitCode> {
    let lines = doctor.lines(now).await?;
    for line in &lines {
        report_line(line);
    }
    let fails = lines.iter().any(doctor::Line::is_failure);
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn read_trail(audit: audit::Audit) -> anyhow::Result<ExitCode> {
    let report = audit.report().await?;
    for line in &report.lines {
        report_line(line);
    }
    report_line(&report.verdict);
    Ok(if report.is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::print_stdout, reason = "the lines are what was asked for")]
fn report_line(line: &impl Display) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a task says why it failed")]
fn report_error(error: &anyhow::Error) {
    eprintln!("{error:#}");
}
