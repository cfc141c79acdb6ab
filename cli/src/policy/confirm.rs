//! Asks whoever sits at the terminal before something is put in force.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::bail;

/// Who says that it may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// Whoever wrote the command.
    Given,
    /// Whoever sits at the terminal.
    Asked,
}

impl Consent {
    /// Shows what would be done, and asks. Without a terminal nobody can answer.
    pub(super) fn given_to(self, what: &str) -> anyhow::Result<bool> {
        match self {
            Self::Given => Ok(true),
            Self::Asked => {
                if !io::stdin().is_terminal() {
                    bail!(
                        "nobody can be asked, as standard input is no terminal: look at the changes with \
                           `countersign policy diff`, and say --yes"
                    );
                }
                let mut screen = anstream::stderr();
                write!(screen, "{what}\nPut it in force? [y/N] ")?;
                screen.flush()?;
                let mut answer = String::new();
                io::stdin().lock().read_line(&mut answer)?;
                Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
            }
        }
    }
}
