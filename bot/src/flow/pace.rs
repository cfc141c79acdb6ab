//! The pace of a chat: however many workflows ask at one moment, their cards go into a channel one after the other, as
//! fast as its platform takes them.
//!
//! Each channel has a lane in the store, and each card takes a turn in it, so that functions which know nothing of each
//! other keep the pace together. A card whose turn comes later waits for it here. The pace is a courtesy: a card for
//! which no turn can be had goes out at once, and the platform may refuse it.

use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::app::App;
use crate::approval::place::Destination;
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::net::deadline::Deadline;

/// A turn is waited for this long, as a Lambda function ends after 15 minutes at the latest and has the rest to do as
/// well: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const TURN_AWAITED: Duration = Duration::from_secs(600);
/// A card that was left behind waits for a turn this long: a pass of the reconciler looks at eight approvals at once, so
/// that all of them may be sent to one Slack channel.
const SOON: Duration = Duration::from_secs(8);
/// The store has this long to give a turn, or the record once it has come.
const STORE_AWAITED: Duration = Duration::from_secs(2);
/// How long it takes at the longest until a card's turn has come.
pub(crate) const LONGEST: Duration = TURN_AWAITED.saturating_add(STORE_AWAITED.saturating_mul(2));

/// When a card may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// At once.
    Now,
    /// At this time, which is worth waiting for.
    At(Timestamp),
    /// Too late for whoever sends it: the reconciler sends it when it can.
    TooLate,
}

/// Takes a turn that is worth waiting for, for the card of an approval in each of these places.
pub(crate) async fn take_turns(
    app: &App,
    approval: &Approval,
    destinations: Vec<Destination>,
) -> Vec<(Destination, Turn)> {
    let take = async |destination: Destination| {
        let turn = take_turn(app, approval, &destination, TURN_AWAITED).await;
        (destination, turn)
    };
    join_all(destinations.into_iter().map(take)).await
}

async fn take_turn(app: &App, approval: &Approval, destination: &Destination, awaited: Duration) -> Turn {
    let Some((lane, spacing)) = lane(app, approval, destination) else { return Turn::Now };
    let now = app.now();
    let awaited = SignedDuration::try_from(awaited).unwrap_or(SignedDuration::MAX);
    let latest = now.saturating_add(awaited).unwrap_or(Timestamp::MAX).min(approval.request.deadline);
    let call = app.ports.store.take_turn(&lane, now, spacing, latest);
    match Deadline::after(STORE_AWAITED).run("store", call).await {
        Ok(Some(turn)) if turn > now => Turn::At(turn),
        Ok(Some(_)) => Turn::Now,
        Ok(None) => Turn::TooLate,
        Err(error) => {
            tracing::warn!(approval.id = %approval.id, %error, "a card goes out of turn");
            Turn::Now
        }
    }
}

/// The lane of the conversation that a card goes to, and its spacing. A mail has none, nor has a platform that is off.
fn lane(app: &App, approval: &Approval, destination: &Destination) -> Option<(String, SignedDuration)> {
    let platform = destination.platform();
    let spacing = app.messengers.get(&platform)?.spacing()?;
    let conversation = approval.rules.conversation(platform)?;
    Some((format!("{}:{conversation}", platform.key()), spacing))
}

/// Waits until the turn has come, and returns the record as it is then; none if the card is not to go out any more,
/// because the approval was decided or has ended meanwhile, or because its card is out already.
pub(crate) async fn wait(
    app: &App,
    approval: &Approval,
    destination: &Destination,
    turn: Timestamp,
) -> Option<Approval> {
    app.ports.clock.sleep_until(turn).await;
    match Deadline::after(STORE_AWAITED).run("store", app.ports.store.load(&approval.id)).await {
        Ok(Some(current)) => {
            let is_out = current.copies.iter().any(|copy| copy.message.is_at(destination));
            (current.state == State::Pending && !is_out).then_some(current)
        }
        Ok(None) => None,
        Err(error) => {
            // A card that turns out to be too much is closed like any other, and one too few is a request lost.
            tracing::warn!(approval.id = %approval.id, %error, "a card goes out as it was before it waited");
            Some(approval.clone())
        }
    }
}

/// Waits for a turn for a card that was left behind, and says whether there was one soon.
pub(crate) async fn soon(app: &App, approval: &Approval, destination: &Destination) -> bool {
    match take_turn(app, approval, destination, SOON).await {
        Turn::Now => true,
        Turn::At(turn) => {
            app.ports.clock.sleep_until(turn).await;
            true
        }
        Turn::TooLate => false,
    }
}
