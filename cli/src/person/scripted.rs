//! A person of the tests.

use std::collections::VecDeque;

use anyhow::Context;
use secrecy::SecretString;

use super::Person;

/// Answers as it was told to beforehand, and keeps what it heard.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: VecDeque<String>,
    pub(crate) heard: Vec<String>,
}

impl Scripted {
    /// Gives these answers, one after the other.
    pub(crate) fn answering(answers: &[&str]) -> Self {
        Self { answers: answers.iter().map(|answer| (*answer).to_owned()).collect(), heard: Vec::new() }
    }

    /// Whether something with these words was said.
    pub(crate) fn has_heard(&self, words: &str) -> bool {
        self.heard.iter().any(|text| text.contains(words))
    }

    /// Whether every answer was asked for.
    pub(crate) fn was_asked_everything(&self) -> bool {
        self.answers.is_empty()
    }
}

impl Person for Scripted {
    fn told(&mut self, text: &str) -> anyhow::Result<()> {
        self.heard.push(text.to_owned());
        Ok(())
    }

    fn answer(&mut self, question: &str) -> anyhow::Result<String> {
        self.heard.push(question.to_owned());
        self.answers.pop_front().with_context(|| format!("nobody expects: {question}"))
    }

    fn hidden(&mut self, question: &str) -> anyhow::Result<SecretString> {
        Ok(self.answer(question)?.into())
    }
}
