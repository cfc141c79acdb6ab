//! The addresses that messages point to.

use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::record::Approval;

/// The addresses that messages point to.
#[derive(Debug, Clone)]
pub struct Links {
    /// The bot's own address, without a slash at the end.
    pub public_url: String,
    /// The page of an execution, with `{arn}` in it; none for the AWS console.
    pub execution_url: Option<String>,
}

impl Links {
    /// The page of an execution: by default in the console of the execution's region.
    pub fn execution(&self, execution: &ExecutionArn) -> String {
        match &self.execution_url {
            Some(template) => template.replace("{arn}", execution.as_str()),
            None => format!(
                "https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution}",
                region = execution.region(),
            ),
        }
    }

    /// The page of the execution that waits for an approval, once it is proven to be that one.
    pub fn execution_of(&self, approval: &Approval) -> Option<String> {
        approval.attempt.map(|_| self.execution(&approval.request.execution))
    }

    /// The page behind a mail's link.
    pub fn approval(&self, id: &ApprovalId, key: &str) -> String {
        format!("{}/email/approvals/{id}?k={key}", self.public_url)
    }
}
