//! Why a call of the Connector did not do what it should.

use axum::body::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;

/// Why a call did not do what it should. No variant carries a body: bodies hold what people wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Teams answered with an error status and, mostly, a code.
    #[error("Teams refused the call: {status} {code}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// The code in the answer.
        code: String,
    },
    /// The rate limit is reached, and waiting would take us past the deadline.
    #[error("Teams' rate limit is reached")]
    RateLimited,
    /// The login gave the bot no token, so nothing was sent to Teams.
    #[error("the login gave the bot no token: {0}")]
    NoToken(String),
    /// Nothing was sent.
    #[error("Teams was not reached: {0}")]
    NotSent(&'static str),
    /// No answer, or one that is not Teams'.
    #[error("Teams did not answer: {0}")]
    NoAnswer(&'static str),
}

/// The error in an answer of the Connector.
#[derive(Deserialize)]
struct Body {
    error: Code,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Error {
    /// What an answer with an error status means.
    pub(super) fn of(answer: &Response<Bytes>) -> Self {
        match answer.status() {
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            status => {
                let code = serde_json::from_slice(answer.body()).map(|body: Body| body.error.code);
                Self::Refused { status: status.as_u16(), code: printable(code.unwrap_or_default()) }
            }
        }
    }

    /// Whether the same call can never succeed: the message is not one, is too big, or has nowhere to go. None of these
    /// is to be repeated:
    /// <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis>.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 403 | 404 | 413, .. })
    }

    /// Whether Teams may have done all the same what it was asked.
    pub fn may_be_done(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Refused { status: 500 | 504, .. })
    }
}

/// A code is one word of letters; whatever else stands in its place is not for the log.
pub(super) fn printable(code: String) -> String {
    let is_code = !code.is_empty() && code.len() <= 60 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_code { code } else { "without a code".to_owned() }
}
