//! Whoever sits before the program: is told what goes on, and asked before anything is changed.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::bail;

/// Is told, asked, and agrees or not.
pub(crate) trait Person {
    /// Is told something.
    fn told(&mut self, text: &str) -> anyhow::Result<()>;

    /// Answers a question with a line, which may be empty.
    fn answer(&mut self, question: &str) -> anyhow::Result<String>;

    /// Whether it may be done.
    fn agrees(&mut self, question: &str) -> anyhow::Result<bool> {
        Ok(is_yes(&self.answer(&format!("{question} [y/N]"))?))
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.to_lowercase().as_str(), "y" | "yes")
}

/// At a terminal, or the writer of the command that runs without one.
pub(crate) struct AtTerminal {
    /// Whether the command itself agrees to everything.
    pub(crate) agrees: bool,
}

impl AtTerminal {
    /// Fails before anything is done where nobody could agree to it.
    pub(crate) fn can_be_asked(&self, otherwise: &str) -> anyhow::Result<()> {
        if !self.agrees && !io::stdin().is_terminal() {
            bail!("nobody can be asked, as standard input is no terminal: {otherwise}");
        }
        Ok(())
    }
}

impl Person for AtTerminal {
    fn told(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(anstream::stderr(), "{text}")?)
    }

    fn answer(&mut self, question: &str) -> anyhow::Result<String> {
        self.can_be_asked("say it on the command line, or call it at a terminal")?;
        let mut screen = anstream::stderr();
        write!(screen, "{question} ")?;
        screen.flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            bail!("there is no answer to: {question}");
        }
        Ok(answer.trim().to_owned())
    }

    fn agrees(&mut self, question: &str) -> anyhow::Result<bool> {
        Ok(self.agrees || is_yes(&self.answer(&format!("{question} [y/N]"))?))
    }
}
