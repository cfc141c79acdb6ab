//! Whoever sits before the program: is told what goes on, and asked before anything is changed.

#[cfg(test)]
pub(crate) mod scripted;

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{bail, ensure};
use console::Term;
use secrecy::SecretString;

/// No answer is longer than this: nobody types it, and a secret holds no more.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// Is told, asked, and agrees or not.
pub(crate) trait Person {
    /// Is told something.
    fn told(&mut self, text: &str) -> anyhow::Result<()>;

    /// Answers a question with a line, which may be empty.
    fn answer(&mut self, question: &str) -> anyhow::Result<String>;

    /// Answers a question with something that nobody else may read. It is not empty.
    fn hidden(&mut self, question: &str) -> anyhow::Result<SecretString>;

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
    /// Whether somebody is there to type an answer.
    pub(crate) fn is_there() -> bool {
        io::stdin().is_terminal()
    }

    /// Fails before anything is done where nobody could agree to it.
    pub(crate) fn can_be_asked(&self, otherwise: &str) -> anyhow::Result<()> {
        if !self.agrees && !Self::is_there() {
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
        ask(question)?;
        Ok(line(question)?.trim().to_owned())
    }

    /// Typed without an echo, or a line of what is piped in.
    fn hidden(&mut self, question: &str) -> anyhow::Result<SecretString> {
        let answer = if Self::is_there() {
            let screen = Term::stderr();
            ensure!(screen.is_term(), "it cannot be typed unseen while standard error is no terminal: pipe it in");
            ask(question)?;
            screen.read_secure_line()?
        } else {
            line(question)?
        };
        let answer = answer.trim();
        ensure!(!answer.is_empty(), "there is no answer to: {question}");
        Ok(SecretString::from(answer))
    }

    fn agrees(&mut self, question: &str) -> anyhow::Result<bool> {
        Ok(self.agrees || is_yes(&self.answer(&format!("{question} [y/N]"))?))
    }
}

fn ask(question: &str) -> io::Result<()> {
    let mut screen = anstream::stderr();
    write!(screen, "{question} ")?;
    screen.flush()
}

/// The next line of standard input.
fn line(question: &str) -> anyhow::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().take(ANSWER_MAX_BYTES).read_line(&mut line)? == 0 {
        bail!("there is no answer to: {question}");
    }
    Ok(line)
}
