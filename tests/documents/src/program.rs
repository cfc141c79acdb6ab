//! Calls of our own programs, held against the parser of the program itself.

use std::fmt;
use std::fs;
use std::iter;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, Error};

use crate::document::{Block, Document, root};
use crate::shell::{Call, calls};

/// A program of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The program `countersign`, in a checkout also `cargo run`.
    Countersign,
    /// The tasks of the repository.
    Xtask,
}

impl Program {
    /// The program that is called, and what it is given.
    pub fn called(call: &Call) -> Option<(Self, &[String])> {
        let is_setting = |word: &&String| word.split_once('=').is_some_and(|(name, _)| is_in_capitals(name));
        let words = &call.words[call.words.iter().take_while(is_setting).count()..];
        match words {
            [program, given @ ..] if matches!(program.as_str(), "countersign" | "./countersign") => {
                Some((Self::Countersign, given))
            }
            [cargo, task, given @ ..] if cargo == "cargo" && task == "xtask" => Some((Self::Xtask, given)),
            // What stands before the two hyphens is cargo's.
            [cargo, run, given @ ..] if cargo == "cargo" && run == "run" => {
                let ours = given.iter().position(|word| word == "--").map_or(given.len(), |at| at + 1);
                Some((Self::Countersign, &given[ours..]))
            }
            _ => None,
        }
    }

    /// What the program is given, if it is called.
    fn given(self, call: &Call) -> Option<&[String]> {
        Self::called(call).filter(|(program, _)| *program == self).map(|(_, given)| given)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Countersign => "countersign",
            Self::Xtask => "cargo xtask",
        }
    }
}

/// How often a program is called in the blocks of documents.
pub fn count(documents: &[Document], program: Program) -> usize {
    let shell = documents.iter().flat_map(|document| &document.blocks).filter(|block| block.is_shell());
    let calls = shell.flat_map(|block| calls(&block.text));
    calls.filter(|call| program.given(call).is_some()).count()
}

/// What is wrong with the calls of a program in documents: what its parser does not take, and what the files do not run
/// that are named before a block.
pub fn problems(documents: &[Document], program: Program, parser: &Command) -> Vec<String> {
    let parser = Parser { program, command: parser.clone() };
    let in_document = |document: &Document| {
        let in_blocks = document.blocks.iter().filter(|block| block.is_shell());
        let in_blocks = in_blocks.flat_map(|block| parser.problems_in_a_block(block));
        let in_sentences = document.codes.iter().filter_map(|code| {
            let problem = calls(&code.text).iter().find_map(|call| parser.problem_in_a_sentence(call))?;
            Some((code.line, format!("`{}`: {problem}", code.text)))
        });
        let problems = in_blocks.chain(in_sentences);
        problems.map(|(line, problem)| format!("{}:{line}: {problem}", document.name)).collect::<Vec<_>>()
    };
    documents.iter().flat_map(in_document).collect()
}

/// What a program takes.
struct Parser {
    program: Program,
    command: Command,
}

impl Parser {
    /// What is wrong in a block, each with its line.
    fn problems_in_a_block(&self, block: &Block) -> Vec<(usize, String)> {
        let calls = calls(&block.text);
        let ours: Vec<(&Call, &[String])> =
            calls.iter().filter_map(|call| Some((call, self.program.given(call)?))).collect();
        let mut problems = Vec::new();
        let mut idle: Vec<&String> = block.run_by.iter().collect();
        for (call, given) in &ours {
            let mut tell = |problem: &str| {
                problems.push((block.line + call.line, format!("`{}`: {problem}", call.words.join(" "))));
            };
            match self.read(given) {
                Ok(Some(path)) => {
                    let is_run_by = |file: &String| self.is_run_by(file, &path, given);
                    if block.reason.is_none() && !block.run_by.iter().any(is_run_by) {
                        tell("no file that is named before the block runs it");
                    }
                    idle.retain(|file| !is_run_by(file));
                }
                Ok(None) => {}
                Err(error) => tell(&first_line(&error)),
            }
        }
        // Of a block with both programs in it the files may run the other.
        let is_of_another = |call: &Call| Program::called(call).is_some_and(|(program, _)| program != self.program);
        if !ours.is_empty() && !calls.iter().any(is_of_another) {
            problems.extend(idle.iter().map(|file| (block.line, format!("{file} runs nothing of it"))));
        }
        problems
    }

    /// A sentence may name a command without all that it takes, with an ellipsis for a value or for whatever follows.
    fn problem_in_a_sentence(&self, call: &Call) -> Option<String> {
        let given = self.program.given(call)?;
        let without: Vec<String> = given.iter().filter(|word| *word != "…").cloned().collect();
        let error = self.read(given).or_else(|_| self.read(&without)).err()?;
        let is_cut_short = matches!(
            error.kind(),
            ErrorKind::MissingRequiredArgument
                | ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
        (!is_cut_short).then(|| first_line(&error))
    }

    /// The names of the command that is meant, if the parser takes the call; none if the parser itself answers, with the
    /// help. Where a value is only said to be there, as in `apr_…`, `FILE` or `$(output Url)`, it may be any.
    fn read(&self, given: &[String]) -> Result<Option<Vec<String>>, Error> {
        let words: Vec<&str> = iter::once(self.program.name()).chain(given.iter().map(String::as_str)).collect();
        let mut taken = self.command.clone().try_get_matches_from(&words);
        if taken.as_ref().is_err_and(stands_for_a_value) {
            taken = of_any_value(self.command.clone()).try_get_matches_from(&words);
        }
        match taken {
            Ok(matches) => Ok(Some(path(&matches))),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a file has the words of the call: the command, one word after the other, and the names of its options.
    fn is_run_by(&self, file: &str, path: &[String], given: &[String]) -> bool {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Without a command it is the local run.
        let local = ["local".to_owned()];
        let path = if path.is_empty() { &local[..] } else { path };
        let command = if file.ends_with(".rs") {
            path.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
        } else {
            format!("{} {}", self.program.name(), path.join(" "))
        };
        let options = given.iter().filter(|word| word.starts_with("--") && word.len() > 2);
        let mut options = options.filter_map(|word| word.split('=').next());
        text.contains(&command) && options.all(|option| text.contains(option))
    }
}

fn first_line(error: &impl fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn path(matches: &ArgMatches) -> Vec<String> {
    let mut path = Vec::new();
    let mut matches = matches;
    while let Some((name, below)) = matches.subcommand() {
        path.push(name.to_owned());
        matches = below;
    }
    path
}

fn stands_for_a_value(error: &Error) -> bool {
    let is_of_a_value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => is_of_a_value && (value.contains(['$', '…']) || is_in_capitals(value)),
        _ => false,
    }
}

fn is_in_capitals(word: &str) -> bool {
    let is_capital = |c: char| c.is_ascii_uppercase() || c == '_';
    word.contains(is_capital) && word.chars().all(|c| is_capital(c) || c.is_ascii_digit())
}

fn of_any_value(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        if argument.get_action().takes_values() { argument.value_parser(ValueParser::string()) } else { argument }
    });
    command.mut_subcommands(of_any_value)
}
