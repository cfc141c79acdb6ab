//! What is said of who is looking at a request.

use super::dialect::Dialect;
use super::names::{SHORT_NAME_MAX, named};
use crate::approval::limits;
use crate::approval::record::Approval;
use crate::approval::transitions::decide::Refusal;

/// What one chooses who begins to look at it.
pub const BEGIN: &str = "I'm looking at it";
/// What one chooses who no longer is.
pub const END: &str = "Not any more";

/// The name of whoever is looking at it, as it is told beside other things.
pub fn who(approval: &Approval) -> Option<String> {
    Some(limits::excerpt(&named(&approval.claimed()?.name), SHORT_NAME_MAX))
}

/// Who is looking at it, and until when.
pub fn line(approval: &Approval, dialect: Dialect) -> Option<String> {
    let until = dialect.when(approval.claimed()?.until);
    Some(format!("{} is looking at it until {until}", dialect.text(&who(approval)?)))
}

/// Why what somebody said of looking at it has no effect.
pub(super) fn refusal(refusal: &Refusal, dialect: Dialect) -> String {
    match refusal {
        Refusal::Looking { until } => {
            format!("The others see that you are looking at it, until {}.", dialect.when(*until))
        }
        _ => "You are not looking at it, as far as the others see.".to_owned(),
    }
}

/// That it is not known whether it was recorded.
pub fn not_recorded() -> String {
    "That could not be confirmed just now. Please try again in a moment.".to_owned()
}
