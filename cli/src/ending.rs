//! How a command ended, as its exit code says it.

use std::process::ExitCode;

use crate::output;

/// The answer to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Well,
    /// What was asked about is not well.
    NotWell,
}

impl Ending {
    /// Well, if this holds.
    pub(crate) fn well_if(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::NotWell }
    }
}

/// The exit code of a command. An error means that it could not be carried out; clap has the same code for a command
/// that is wrong.
pub(crate) fn exit_code(ending: anyhow::Result<Ending>) -> ExitCode {
    match ending {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::NotWell) => ExitCode::from(1),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(2)
        }
    }
}
