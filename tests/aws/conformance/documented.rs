//! What AWS documents where the emulators differ, in our words, with the page of the Step Functions developer guide
//! (or, with `API_`, of the API reference) that says it.

use super::row::Documented;

const fn on(page: &'static str, says: &'static str) -> Documented {
    Documented { page, says }
}

const ERRORS: &str = "concepts-error-handling";
const CHOICE: &str = "state-choice";
const INTRINSICS: &str = "intrinsic-functions";
const CONTEXT: &str = "input-output-contextobject";
const TASK: &str = "state-task";
const DATA: &str = "transforming-data";
const VARIABLES: &str = "workflow-variables";

pub(super) const VARIABLE: Documented = on(CHOICE, "a variable that the input does not have fails the execution");
pub(super) const PRESENT: Documented = on(CHOICE, "IsPresent asks whether the key exists");
pub(super) const NUMERIC: Documented = on(CHOICE, "values of different types do not match");
pub(super) const OR_EQUAL: Documented = on(CHOICE, "each ordering with Equals has a form with Path");
pub(super) const JAVA_ORDER: Documented = on(CHOICE, "strings are ordered as by Java's compareTo");
pub(super) const TIMESTAMPS: Documented =
    on(CHOICE, "timestamps are those of RFC 3339, so fractions and offsets count");
pub(super) const WILDCARD: Documented = on(CHOICE, "only * has a meaning in a pattern, and a backslash takes it away");
pub(super) const NO_CHOICE: Documented = on(ERRORS, "no match and no Default is States.NoChoiceMatched");

pub(super) const RUNTIME: Documented = on(ERRORS, "a path that cannot be applied is States.Runtime");
pub(super) const PARAMETERS: Documented = on(ERRORS, "a template's path that fails is States.ParameterPathFailure");
pub(super) const INTRINSIC: Documented = on(ERRORS, "an intrinsic that fails is States.IntrinsicFailure");
pub(super) const RESULT_PATH: Documented =
    on(ERRORS, "a ResultPath that does not fit is States.ResultPathMatchFailure");
pub(super) const QUOTA: Documented =
    on(ERRORS, "States.DataLimitExceeded is terminal, and States.ALL does not catch it");
pub(super) const MAX_DELAY: Documented = on(ERRORS, "MaxDelaySeconds is the longest interval between retries");
pub(super) const HEARTBEAT_NAME: Documented = on(ERRORS, "Catch and Retry know States.HeartbeatTimeout");
pub(super) const LAMBDA_ERRORS: Documented = on(ERRORS, "an exception of the Lambda API is named Lambda.* after it");

pub(super) const JSONPATH: Documented = on("amazon-states-language-paths", "paths follow the syntax of JsonPath");
pub(super) const REFERENCE: Documented =
    on("amazon-states-language-paths", "a reference path may name an item of a list");
pub(super) const TEMPLATE: Documented =
    on("input-output-inputpath-params", "a key that ends in .$ takes a path anywhere");
pub(super) const CONTEXT_TASK: Documented = on(CONTEXT, "Task is null outside of a Task state");
pub(super) const CONTEXT_SELECTOR: Documented = on(CONTEXT, "ResultSelector can read the context object");
pub(super) const CONTEXT_TIMES: Documented = on(CONTEXT, "the times are in ISO 8601, which are timestamps");
pub(super) const OUTPUT: Documented = on("API_DescribeExecution", "the output is JSON");

pub(super) const FORMAT: Documented = on(INTRINSICS, "each {} is replaced by the value, which is JSON");
pub(super) const ESCAPES: Documented = on(INTRINSICS, "a backslash takes the meaning from ', {, } and itself");
pub(super) const ARRAY: Documented = on(INTRINSICS, "an array holds the values of all arguments, null among them");
pub(super) const MATH_ADD: Documented = on(INTRINSICS, "MathAdd rounds what is no integer to the nearest one");

pub(super) const ITEMS: Documented = on("input-output-itemspath", "ItemsPath must name an array");
pub(super) const BRANCHES: Documented = on("state-parallel", "when a branch fails, all branches are stopped");
pub(super) const WAIT: Documented = on("state-wait", "the path must give an integer or a timestamp");
pub(super) const FAIL: Documented = on("state-fail", "Error is optional");

pub(super) const INVOKE: Documented = on("connect-lambda", "the result holds ExecutedVersion, Payload and StatusCode");
pub(super) const PAYLOAD: Documented = on("connect-lambda", "only Payload is what the function gets");
pub(super) const FUNCTION_ERROR: Documented = on("connect-lambda", "the task fails when the function does");
pub(super) const TIMEOUT: Documented =
    on(TASK, "TimeoutSecondsPath takes the timeout, a positive integer, from the input");
pub(super) const HEARTBEAT: Documented = on(TASK, "a task without a heartbeat in time fails with States.Timeout");
pub(super) const MACHINE_TIMEOUT: Documented =
    on("statemachine-structure", "an execution that runs too long fails with States.Timeout");
pub(super) const NEW_TOKEN: Documented = on("connect-to-resource", "a task that times out gets a new token");

pub(super) const DIGITS: Documented = on(DATA, "what an expression reads is what the state got");
pub(super) const OWN_FUNCTIONS: Documented =
    on(DATA, "$partition, $range, $hash, $random, $uuid and $parse are there besides those of JSONata");
pub(super) const PARSE: Documented = on(DATA, "$parse reads JSON, and $eval is not there");
pub(super) const QUERY_ERROR: Documented =
    on(DATA, "an expression that fails or gives the wrong type is States.QueryEvaluationError");
pub(super) const ARGUMENTS: Documented = on(DATA, "Arguments is what a Parallel state gives to its branches");
pub(super) const ENTRIES: Documented = on("input-output-itemspath", "the entries of an object are items too");
pub(super) const SNAPSHOT: Documented =
    on(VARIABLES, "Assign and Output read the values on entry, and new ones are there in the next state");
pub(super) const BOTH_LANGUAGES: Documented = on(VARIABLES, "both languages have variables");
pub(super) const ANY_TEXT: Documented = on(VARIABLES, "a variable holds any JSON");
