//! Why a call of the Connector did not do what it should.

use std::time::Duration;

use axum::body::Bytes;
use http::{Response, StatusCode, header};
use serde::Deserialize;

use crate::approval::delivery::{Fate, Unsent};

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
    RateLimited {
        /// How long Teams wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
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
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after: retry_after(answer) },
            status => {
                let code = serde_json::from_slice(answer.body()).map(|body: Body| body.error.code);
                Self::Refused { status: status.as_u16(), code: printable(code.unwrap_or_default()) }
            }
        }
    }

    /// What became of a message, by the table in
    /// <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis>.
    /// Whatever is not in the table was not sent and may pass: the bot can be let into a conversation, or back into one,
    /// and its secret can be replaced.
    #[expect(clippy::match_same_arms, reason = "each row of the table has a source of its own")]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused { status, code } => match (status, code.as_str()) {
                // The message is not one, or is too big.
                (400 | 413, _) => Fate::Refused,
                // The message that is to be changed is gone.
                (404, "ActivityNotFoundInConversation") => Fate::Refused,
                // The service asks to be asked again.
                (412 | 502 | 503, _) => Fate::NOT_SENT,
                // The service failed, or its gateway had no answer in time. Microsoft says of the second to try again, and of
                // neither that nothing was sent.
                (500.., _) => Fate::MaybeSent,
                _ => Fate::NOT_SENT,
            },
            // https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
            Self::RateLimited { retry_after } => Fate::limited(*retry_after),
            Self::NoToken(_) | Self::NotSent(_) => Fate::NOT_SENT,
            Self::NoAnswer(_) => Fate::MaybeSent,
        }
    }
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self { fate: error.fate(), problem: error.to_string() }
    }
}

/// How long an answer wants us to wait, if it says so in seconds.
pub(super) fn retry_after(answer: &Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// A code is one word of letters; whatever else stands in its place is not for the log.
pub(super) fn printable(code: String) -> String {
    let is_code = !code.is_empty() && code.len() <= 60 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_code { code } else { "without a code".to_owned() }
}
