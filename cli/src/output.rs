//! What the program writes: results to standard output, everything else to standard error, colour only to a terminal.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use countersign_bot::messages::escape::lines;
use serde::Serialize;

/// The style of an error's first word, as clap has it.
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Whether a result is for people or for a script.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Format {
    /// Print JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Prints a result in the form that was asked for.
    pub(crate) fn print(self, text: impl Display, json: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            say(serde_json::to_string_pretty(json)?)?;
        } else {
            say(text)?;
        }
        Ok(())
    }

    /// Prints what people can read before the rest of a result is there; a script is given all of it at the end.
    #[cfg(feature = "aws")]
    pub(crate) fn begin(self, text: impl Display) -> anyhow::Result<()> {
        if !self.json {
            say(text)?;
        }
        Ok(())
    }
}

/// Prints a result. Colours are left out where they are not wanted.
pub(crate) fn say(text: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "{text}")
}

/// How many there are: `1 policy`, `2 policies`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Says something beside the result.
pub(crate) fn note(text: impl Display) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says why a command could not be carried out.
pub(crate) fn complain(error: &anyhow::Error) {
    // Whoever closes the pipe, as `head` does, wants to read no more.
    if !is_closed_pipe(error) {
        // There is nowhere left to say that standard error is closed.
        let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {}", told(error));
    }
}

/// What went wrong. It may name what somebody else has named, such as a file, so that no terminal obeys it.
fn told(error: &anyhow::Error) -> String {
    lines(&format!("{error:#}"))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_obeys_what_an_error_quotes() {
        let error = anyhow::anyhow!("no entry\u{1b}[2J").context("trail/000001\u{9b}1m.json\rwell");
        assert_eq!(told(&error), "trail/000001[U+009B]1m.json\nwell: no entry[U+001B][2J");
    }
}
