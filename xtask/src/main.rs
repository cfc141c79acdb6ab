//! The tasks of this repository: `cargo xtask --help`.
//!
//! They are for those who work on the project, call the tools of others and compile in seconds. Whoever uses Countersign
//! has the program `countersign`.

mod bench;
mod bills;
mod chromium;
mod deployable;
#[cfg(test)]
mod documented;
mod fuzz;
mod infra;
mod licences;
mod package;
mod release;
mod steps;
mod test;
mod tools;
mod upgrade;

use std::process::ExitCode;

use clap::Parser;

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Checks everything: formatting, lints, dependencies, infrastructure, all tests.
    Test(test::Test),
    /// Prints what approvals cost at 100, 1,000 and 10,000 at once, what a tick costs with more and more open, and what the
    /// functions cost beside an empty one.
    Bench(bench::Bench),
    /// Throws made-up input at everything that strangers can send and operators write.
    Fuzz(fuzz::Fuzz),
    /// Plays an upgrade from an earlier version on emulated AWS, and the way back, while approvals are open.
    Upgrade(upgrade::Upgrade),
    /// Makes the zips of all functions, and the folder that `countersign deploy` takes.
    Package(package::Package),
    /// Makes everything that is released: programs, zips, template, checksums, bills of materials, licences.
    Release(release::Release),
    /// Installs the pinned tools that the other tasks need, under `target/tools`.
    Tools,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test(test) => test.run(),
        Task::Bench(bench) => bench.run(),
        Task::Fuzz(fuzz) => fuzz.run(),
        Task::Upgrade(upgrade) => upgrade.run(),
        Task::Package(package) => package.make(),
        Task::Release(release) => release.make(),
        Task::Tools => tools::tools(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            steps::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
