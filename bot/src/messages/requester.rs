//! Who asked, and what stands before what they have written.

use crate::approval::record::Approval;

/// Stands before what whoever asked has written, since it could read like a line of ours.
pub const IN_THEIR_WORDS: &str = "In the words of whoever asked:";

/// Who asked.
pub enum Requester<'a> {
    /// Somebody of the policy, by the name there.
    Person(&'a str),
    /// Nobody of the policy; the workflow says this, which nobody has verified.
    Unverified(&'a str),
    /// Nobody of the policy, and the workflow says nothing.
    Nobody,
}

impl<'a> Requester<'a> {
    /// Who asked for this approval.
    pub fn of(approval: &'a Approval) -> Self {
        let request = &approval.request;
        match (&request.requester, &request.requested_by) {
            (Some(person), _) => Self::Person(&person.name),
            (None, Some(said)) => Self::Unverified(said),
            (None, None) => Self::Nobody,
        }
    }

    /// Who that is, on one line; `typed` makes a name safe for its place. Our words come first, since a name can end with
    /// whatever it likes.
    pub fn line(&self, typed: impl Fn(&str) -> String) -> String {
        match self {
            Self::Person(name) => typed(name),
            Self::Unverified(name) => format!("nobody of the policy; the workflow says “{}”", typed(name)),
            Self::Nobody => "nobody of the policy".to_owned(),
        }
    }
}
