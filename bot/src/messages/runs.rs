//! What whoever started a run in a chat hears when it ends without an approval card.

use super::dialect::Dialect;
use super::notes::execution_status;
use crate::approval::run::{Run, RunEnd};
use crate::links::Links;

/// Step Functions' limit of an error's name:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>.
const ERROR_MAX: usize = 256;

/// How it ended, with the error's name: the cause and the output may hold anything, and are in the execution's page.
pub fn ended(run: &Run, end: &RunEnd, links: &Links, dialect: Dialect) -> String {
    let status = execution_status(&end.status, dialect);
    let error = end.error.as_deref().filter(|error| !error.is_empty());
    let error = error.map(|error| format!(" with the error “{}”", dialect.excerpt(error, ERROR_MAX)));
    let link = dialect.link(&links.execution(&run.execution), "the execution");
    format!("The run that you started has ended: {status}{}. See {link}.", error.unwrap_or_default())
}
