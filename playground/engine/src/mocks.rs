//! What stands in for the integrations that do not run here, in the format of AWS's Step Functions Local.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html>

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::errors::Failure;
use crate::tokens::Outcome;

/// A file of mocks: for each machine its test cases, which name the responses of states.
#[derive(Debug, Clone)]
pub struct MockFile {
    machines: BTreeMap<String, Machine>,
    responses: BTreeMap<String, Arc<MockedResponse>>,
}

/// The mocks of one machine: what each state of the test case answers.
#[derive(Debug, Clone, Default)]
pub struct TestCase {
    responses: BTreeMap<String, Arc<MockedResponse>>,
}

/// What a state answers, by the number of the attempt.
#[derive(Debug)]
pub(crate) struct MockedResponse {
    replies: Vec<(RangeInclusive<u32>, Reply)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Raw {
    state_machines: BTreeMap<String, Machine>,
    mocked_responses: BTreeMap<String, BTreeMap<String, Reply>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Machine {
    /// Each names the responses by the states that give them.
    test_cases: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
enum Reply {
    Return(Value),
    Throw(Throw),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Throw {
    error: String,
    cause: Option<String>,
}

impl MockFile {
    /// Reads a file, or says everything that is wrong with it.
    pub fn read(text: &str) -> Result<MockFile, Vec<String>> {
        let value: Value = serde_json::from_str(text).map_err(|error| vec![format!("is not JSON: {error}")])?;
        let raw: Raw = serde_path_to_error::deserialize(value).map_err(|error| vec![error.to_string()])?;
        let mut problems = Vec::new();
        let mut responses = BTreeMap::new();
        for (name, replies) in raw.mocked_responses {
            match MockedResponse::read(replies) {
                Ok(response) => drop(responses.insert(name, Arc::new(response))),
                Err(wrong) => problems.push(format!("MockedResponses.{name}: {wrong}")),
            }
        }
        if problems.is_empty() {
            problems.extend(raw.state_machines.iter().flat_map(|(name, machine)| machine.dangling(name, &responses)));
        }
        if problems.is_empty() { Ok(MockFile { machines: raw.state_machines, responses }) } else { Err(problems) }
    }

    /// A test case of a machine; the only one, if none is named. A machine that the file does not know has no mocks.
    pub fn test_case(&self, machine: &str, name: Option<&str>) -> Result<TestCase, String> {
        let Some(Machine { test_cases }) = self.machines.get(machine) else { return Ok(TestCase::default()) };
        let case = match (name, test_cases.len()) {
            (Some(name), _) => test_cases.get(name),
            (None, 1) => test_cases.values().next(),
            (None, _) => None,
        };
        let Some(case) = case else {
            let known = test_cases.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(match name {
                Some(name) => format!("StateMachines.{machine}.TestCases has no {name}; there is {known}"),
                None => format!("StateMachines.{machine}.TestCases has several of which one must be named: {known}"),
            });
        };
        let responses =
            case.iter().filter_map(|(state, response)| Some((state.clone(), self.responses.get(response)?)));
        Ok(TestCase { responses: responses.map(|(state, response)| (state, Arc::clone(response))).collect() })
    }

    /// The machines that have mocks.
    pub fn machines(&self) -> impl Iterator<Item = &str> {
        self.machines.keys().map(String::as_str)
    }
}

impl Machine {
    /// What is named and not there.
    fn dangling(&self, machine: &str, responses: &BTreeMap<String, Arc<MockedResponse>>) -> Vec<String> {
        let cases = self.test_cases.iter();
        let named =
            cases.flat_map(|(case, states)| states.iter().map(move |(state, response)| (case, state, response)));
        named
            .filter(|(_, _, response)| !responses.contains_key(*response))
            .map(|(case, state, response)| {
                format!(
                    "StateMachines.{machine}.TestCases.{case}.{state} names {response}, which MockedResponses has not"
                )
            })
            .collect()
    }
}

impl TestCase {
    /// The states that have a mock.
    pub fn states(&self) -> impl Iterator<Item = &str> {
        self.responses.keys().map(String::as_str)
    }

    /// The states whose mock returns nothing at first: `{}`, or such a `Payload` of a function.
    pub fn unfilled(&self) -> impl Iterator<Item = &str> {
        let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
        let is_unfilled = move |response: &MockedResponse| match response.replies.first() {
            Some((_, Reply::Return(result))) => is_empty(result.get("Payload").unwrap_or(result)),
            Some((_, Reply::Throw(_))) | None => false,
        };
        self.responses.iter().filter(move |(_, response)| is_unfilled(response)).map(|(state, _)| state.as_str())
    }

    pub(crate) fn of(&self, state: &str) -> Option<Arc<MockedResponse>> {
        self.responses.get(state).cloned()
    }
}

impl MockedResponse {
    fn read(replies: BTreeMap<String, Reply>) -> Result<Self, String> {
        let mut read: Vec<(RangeInclusive<u32>, Reply)> = Vec::with_capacity(replies.len());
        for (key, reply) in replies {
            let attempts =
                attempts(&key).ok_or_else(|| format!("{key} is no attempt; write 0 for the first, or 1-3"))?;
            if read.iter().any(|(other, _)| other.start() <= attempts.end() && attempts.start() <= other.end()) {
                return Err(format!("{key} has an attempt that another key has too"));
            }
            read.push((attempts, reply));
        }
        if read.is_empty() {
            return Err("has no attempt; write 0 for the first".to_owned());
        }
        Ok(Self { replies: read })
    }

    /// What the state gets at this attempt, which counts from 0.
    pub(crate) fn reply(&self, state: &str, attempt: u32) -> Outcome {
        let found = self.replies.iter().find(|(attempts, _)| attempts.contains(&attempt));
        match found {
            Some((_, Reply::Return(result))) => Ok(result.clone()),
            Some((_, Reply::Throw(Throw { error, cause }))) => Err(Failure::stated(error.clone(), cause.clone())),
            None => Err(Failure::runtime(format!("The mock of the state '{state}' has no reply to attempt {attempt}"))),
        }
    }
}

/// `2`, or `0-1` with both ends.
fn attempts(key: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}
