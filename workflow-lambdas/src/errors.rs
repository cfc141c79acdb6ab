//! The names that the workflow's errors have in Step Functions: what `ErrorEquals` matches, so they are an API.

use countersign_bot::approval::transitions::truth::{
    APPROVAL_CANCELLED, APPROVAL_REJECTED, APPROVAL_RETURNED, APPROVAL_UNDELIVERABLE,
};
use countersign_bot::flow::notify::{APPROVAL_STORE_UNAVAILABLE, INVALID_APPROVAL_REQUEST};
use http::StatusCode;
use lambda_runtime::Diagnostic;

/// A result that does not fit a 64-bit integer.
pub const NUMBER_TOO_BIG: &str = "NumberTooBig";
/// The third party did not answer, or had a problem of its own, each time it was asked.
pub const THIRD_PARTY_UNAVAILABLE: &str = "ThirdPartyUnavailable";
/// The third party does not take the request as it is.
pub const THIRD_PARTY_REFUSED: &str = "ThirdPartyRefused";
/// Something else than an approval reached `finalize`.
pub const NOT_APPROVED: &str = "NotApproved";
/// A state passes its function something else than the function reads.
pub const INVALID_TASK_INPUT: &str = "InvalidTaskInput";

/// Every name that a state machine may list in `ErrorEquals`, besides those of AWS.
pub const ERROR_NAMES: [&str; 11] = [
    NUMBER_TOO_BIG,
    THIRD_PARTY_UNAVAILABLE,
    THIRD_PARTY_REFUSED,
    NOT_APPROVED,
    INVALID_TASK_INPUT,
    INVALID_APPROVAL_REQUEST,
    APPROVAL_STORE_UNAVAILABLE,
    APPROVAL_REJECTED,
    APPROVAL_RETURNED,
    APPROVAL_CANCELLED,
    APPROVAL_UNDELIVERABLE,
];

/// Why a function of the workflow failed. The text is the cause in Step Functions, so it holds no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The sum does not fit.
    #[error("the sum of x and y does not fit a 64-bit integer")]
    NumberTooBig,
    /// The last thing that kept the third party from answering.
    #[error("the third party did not take the number: {0}")]
    ThirdPartyUnavailable(String),
    /// What the third party answered.
    #[error("the third party refused the number: {0}")]
    ThirdPartyRefused(StatusCode),
    /// What the decision is instead.
    #[error("{0}")]
    NotApproved(String),
    /// The field and what is wrong with it.
    #[error("{0}")]
    InvalidTaskInput(String),
}

impl Error {
    /// The name in Step Functions.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NumberTooBig => NUMBER_TOO_BIG,
            Self::ThirdPartyUnavailable(_) => THIRD_PARTY_UNAVAILABLE,
            Self::ThirdPartyRefused(_) => THIRD_PARTY_REFUSED,
            Self::NotApproved(_) => NOT_APPROVED,
            Self::InvalidTaskInput(_) => INVALID_TASK_INPUT,
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self { error_type: error.as_str().to_owned(), error_message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_reports_each_error_by_its_name() {
        let errors = [
            (Error::NumberTooBig, "NumberTooBig"),
            (Error::ThirdPartyUnavailable("503".to_owned()), "ThirdPartyUnavailable"),
            (Error::ThirdPartyRefused(StatusCode::FORBIDDEN), "ThirdPartyRefused"),
            (Error::NotApproved("rejected".to_owned()), "NotApproved"),
            (Error::InvalidTaskInput("x".to_owned()), "InvalidTaskInput"),
        ];
        for (error, name) in errors {
            assert!(ERROR_NAMES.contains(&name));
            assert_eq!(Diagnostic::from(error).error_type, name);
        }
    }
}
