//! Why a call of the Web API did not do what it should, and what that means for a message.

use std::time::Duration;

use hyper_util::client::legacy;
use slack_morphism::errors::{SlackClientError, SlackClientHttpProtocolError};

use crate::approval::delivery::{Fate, Unsent};

/// No code of Slack is longer.
const CODE_MAX: usize = 60;

/// Why a call did not do what it should. No variant carries a body: bodies hold what people wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Slack answered `ok: false` with this code.
    #[error("Slack refused the call: {0}")]
    Refused(String),
    /// Slack's rate limit is reached, and waiting would take us past the deadline.
    #[error("Slack's rate limit is reached")]
    RateLimited {
        /// How long Slack wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// Slack answered with an HTTP error status.
    #[error("Slack answered with status {0}")]
    Status(u16),
    /// Nothing was sent.
    #[error("Slack was not reached: {0}")]
    NotSent(&'static str),
    /// No answer, or one that is not Slack's.
    #[error("Slack did not answer: {0}")]
    NoAnswer(&'static str),
}

impl Error {
    /// What became of a message. Whatever is not in the table was not sent and may pass: what is wrong with the channel,
    /// the app or its token can be mended, and a private channel that the bot is not in is not found until it is invited.
    #[expect(clippy::match_same_arms, reason = "each row of the table has a source of its own")]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused(code) => match code.as_str() {
                // The message that is to be changed is gone, or can never be changed:
                // https://docs.slack.dev/reference/methods/chat.update#errors
                "message_not_found" | "cant_update_message" | "edit_window_closed" => Fate::Refused,
                // The message that is to be answered is gone. Slack documents the code where a thread is read:
                // https://docs.slack.dev/reference/methods/conversations.replies#errors
                "thread_not_found" => Fate::Refused,
                // No message like this is ever taken:
                // https://docs.slack.dev/reference/methods/chat.postMessage#errors
                "invalid_blocks" | "invalid_blocks_format" | "msg_blocks_too_long" | "msg_too_long" | "no_text" => {
                    Fate::Refused
                }
                // Nobody can be written to there, or not by an app:
                // https://docs.slack.dev/reference/methods/conversations.open#errors,
                // https://docs.slack.dev/reference/methods/chat.postMessage#errors
                "user_not_found" | "user_not_visible" | "user_disabled" | "cannot_dm_bot" | "messages_tab_disabled" => {
                    Fate::Refused
                }
                // The app has no home, or no home is ever as large:
                // https://docs.slack.dev/reference/methods/views.publish#errors
                "not_enabled" | "view_too_large" => Fate::Refused,
                // Slack says that some of it may have been done:
                // https://docs.slack.dev/reference/methods/chat.postMessage#errors
                "internal_error" | "fatal_error" => Fate::MaybeSent,
                _ => Fate::NOT_SENT,
            },
            // https://docs.slack.dev/apis/web-api/rate-limits
            Self::RateLimited { retry_after } => Fate::limited(*retry_after),
            // The server cannot handle the request now: https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4
            Self::Status(503) => Fate::NOT_SENT,
            // A server that failed, or did not hear from the one behind it, may have done it:
            // https://www.rfc-editor.org/rfc/rfc9110#section-15.6
            Self::Status(500..) => Fate::MaybeSent,
            Self::Status(_) | Self::NotSent(_) => Fate::NOT_SENT,
            Self::NoAnswer(_) => Fate::MaybeSent,
        }
    }
}

impl From<SlackClientError> for Error {
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) => Self::Refused(printable(error.code)),
            SlackClientError::RateLimitError(limited) => Self::RateLimited { retry_after: limited.retry_after },
            SlackClientError::HttpError(error) => Self::Status(error.status_code.as_u16()),
            SlackClientError::ProtocolError(_) => Self::NoAnswer("the answer is not what Slack documents"),
            SlackClientError::HttpProtocolError(error) if is_of_connecting(&error) => {
                Self::NotSent("there is no connection")
            }
            _ => Self::NoAnswer("the connection failed"),
        }
    }
}

fn is_of_connecting(error: &SlackClientHttpProtocolError) -> bool {
    let cause = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<legacy::Error>());
    cause.is_some_and(legacy::Error::is_connect)
}

/// A code is one word; whatever else stands in its place is not for the log.
fn printable(code: String) -> String {
    let is_code = code.len() <= CODE_MAX && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_code { code } else { "without a code".to_owned() }
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self { fate: error.fate(), problem: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn every_answer_has_its_word() {
        let refused = |code: &str| Error::Refused(code.to_owned());
        let limited = |retry_after| Error::RateLimited { retry_after };
        let pause = Fate::NotSent { retry_after: Some(SignedDuration::from_secs(30)) };
        let table = [
            (refused("message_not_found"), Fate::Refused),
            (refused("thread_not_found"), Fate::Refused),
            (refused("cant_update_message"), Fate::Refused),
            (refused("edit_window_closed"), Fate::Refused),
            (refused("invalid_blocks"), Fate::Refused),
            (refused("invalid_blocks_format"), Fate::Refused),
            (refused("msg_blocks_too_long"), Fate::Refused),
            (refused("msg_too_long"), Fate::Refused),
            (refused("no_text"), Fate::Refused),
            (refused("user_not_found"), Fate::Refused),
            (refused("user_not_visible"), Fate::Refused),
            (refused("user_disabled"), Fate::Refused),
            (refused("cannot_dm_bot"), Fate::Refused),
            (refused("messages_tab_disabled"), Fate::Refused),
            (refused("internal_error"), Fate::MaybeSent),
            (refused("fatal_error"), Fate::MaybeSent),
            (refused("channel_not_found"), Fate::NOT_SENT),
            (refused("not_in_channel"), Fate::NOT_SENT),
            (refused("is_archived"), Fate::NOT_SENT),
            (refused("invalid_auth"), Fate::NOT_SENT),
            (refused("token_revoked"), Fate::NOT_SENT),
            (refused("missing_scope"), Fate::NOT_SENT),
            (refused("ratelimited"), Fate::NOT_SENT),
            (refused("service_unavailable"), Fate::NOT_SENT),
            (refused("a_code_of_tomorrow"), Fate::NOT_SENT),
            (limited(None), Fate::NOT_SENT),
            (limited(Some(Duration::from_secs(30))), pause),
            (Error::Status(403), Fate::NOT_SENT),
            (Error::Status(500), Fate::MaybeSent),
            (Error::Status(502), Fate::MaybeSent),
            (Error::Status(503), Fate::NOT_SENT),
            (Error::Status(504), Fate::MaybeSent),
            (Error::NotSent("there is no connection"), Fate::NOT_SENT),
            (Error::NoAnswer("no answer in time"), Fate::MaybeSent),
        ];
        for (error, fate) in table {
            assert_eq!(error.fate(), fate, "{error}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_quoted() {
        assert_eq!(printable("channel_not_found".to_owned()), "channel_not_found");
        assert_eq!(printable("what people <wrote>".to_owned()), "without a code");
    }
}
