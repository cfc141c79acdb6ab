//! The services that the bot calls, as servers on this machine: the bot's real clients talk to them over HTTP,
//! because the wire format is the thing to get right.

mod mailbox;
mod slack;
pub mod teams;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};

pub use self::mailbox::{Mail, Mailbox};
pub use self::slack::{
    CommandAnswer, Ephemeral, Error, FakeSlack, FakeSlackConfig, Fault, OpenView, Profile, Reply, SlackMessage,
    SlackUser, SubmitAnswer,
};

/// An answer that breaks off before its body: hyper closes the connection, and the client gets no answer.
fn broken_off() -> Response {
    let broken = async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) };
    Body::from_stream(futures::stream::once(broken)).into_response()
}
