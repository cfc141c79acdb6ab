//! `countersign completions`: what a shell needs to complete commands and options.

use clap::Command;
use clap_complete::{Shell, generate};

use crate::ending::Ending;
use crate::examples::examples;
use crate::output;

/// Prints the completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign completions bash > ~/.local/share/bash-completion/completions/countersign",
    "countersign completions zsh > ~/.zfunc/_countersign",
    "countersign completions fish > ~/.config/fish/completions/countersign.fish"))]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints them for this program.
    pub(crate) fn run(&self, mut program: Command) -> anyhow::Result<Ending> {
        let name = program.get_name().to_owned();
        let mut script = Vec::new();
        generate(self.shell, &mut program, name, &mut script);
        output::say(String::from_utf8(script)?.trim_end())?;
        Ok(Ending::Well)
    }
}
