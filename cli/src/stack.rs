//! What CloudFormation says of a stack: its status, and where things are in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::{Aws, Refused};

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its status.
    pub(crate) status: String,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Asks for the stack of this name.
    pub(crate) async fn describe(aws: &Aws, name: &str) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            stacks: Vec<Described>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Described {
            stack_status: String,
            #[serde(default)]
            outputs: Vec<Output>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            output_key: String,
            output_value: String,
        }
        let answer: Answer = aws.ask(&["cloudformation", "describe-stacks", "--stack-name", name]).await?;
        let described = answer.stacks.into_iter().next().ok_or_else(|| Refused("there is no such stack".to_owned()))?;
        let outputs = described.outputs.into_iter().map(|output| (output.output_key, output.output_value)).collect();
        Ok(Self { status: described.stack_status, outputs })
    }

    /// One of its outputs.
    pub(crate) fn output(&self, name: &str) -> Result<&str, Refused> {
        let value = self.outputs.get(name).map(String::as_str);
        value.ok_or_else(|| Refused(format!("the stack has no output {name}: deploy this version of it")))
    }
}
