//! What can be done with a stack in which status.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>

/// How a stack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is none, or one that holds nothing but a change set that nobody has carried out.
    Empty,
    /// It can be changed.
    Whole,
    /// CloudFormation is at work on it.
    Busy,
    /// Its creation has failed, or its removal: all that can be done with it is to remove it.
    Ruined,
    /// A change has failed, and so has taking it back.
    Stuck,
}

impl Standing {
    /// What a status means. One that is not known is taken for work that goes on, which touches nothing.
    pub(super) fn of(status: &str) -> Self {
        match status {
            "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" => Self::Empty,
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_FAILED"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE" => Self::Whole,
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => Self::Ruined,
            "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Self::Stuck,
            _ => Self::Busy,
        }
    }
}

/// Whether what was begun has ended well.
pub(super) fn is_done(status: &str) -> bool {
    matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;

    use super::*;

    #[test]
    fn every_status_of_the_sdk_is_known_or_work_that_goes_on() {
        for status in StackStatus::values() {
            let is_work = status.ends_with("_IN_PROGRESS") && *status != "REVIEW_IN_PROGRESS";
            assert_eq!(Standing::of(status) == Standing::Busy, is_work, "{status}");
        }
    }
}
