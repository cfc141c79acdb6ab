//! The functions that state machines call, as the engine's user gives them.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

/// A Lambda function, as far as a state machine can see it.
pub type Function = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync>;

/// How a function failed. A `Retry` or `Catch` sees the type as the name of the error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// The `errorType` that the Lambda runtime reports.
    pub error_type: String,
    /// The `errorMessage`.
    pub message: String,
}

/// The name in a function's ARN, without version or alias; a plain name stays as it is.
pub(crate) fn plain_function_name(function: &str) -> &str {
    let name = function.rsplit_once("function:").map_or(function, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

/// The name in a queue's address; a plain name stays as it is.
pub(crate) fn queue_name(url: &str) -> &str {
    url.rsplit_once('/').map_or(url, |(_, name)| name)
}
