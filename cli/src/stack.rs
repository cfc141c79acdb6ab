//! What CloudFormation says of a stack: its status, and where things are in it.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

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
        let answer = Client::new(aws.config()).describe_stacks().stack_name(name).send().await;
        let answer = answer.map_err(|error| Refused::because("DescribeStacks", error))?;
        let described = answer.stacks().first().ok_or_else(|| Refused("there is no such stack".to_owned()))?;
        let status = described.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default();
        let outputs = described.outputs().iter().filter_map(|output| {
            let (name, value) = output.output_key().zip(output.output_value())?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(Self { status, outputs: outputs.collect() })
    }

    /// One of its outputs.
    pub(crate) fn output(&self, name: &str) -> Result<&str, Refused> {
        let value = self.outputs.get(name).map(String::as_str);
        value.ok_or_else(|| Refused(format!("the stack has no output {name}: deploy this version of it")))
    }
}
