//! Turns in the lanes of chats.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_bot::ports::Store;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{after, unique};

const SPACING: SignedDuration = SignedDuration::from_secs(1);

/// A turn of this lane at this second, however far ahead it is.
async fn take(store: &Arc<dyn Store>, lane: &str, now: i64) -> Option<Timestamp> {
    store.take_turn(lane, after(now), SPACING, after(1_000_000)).await.unwrap()
}

pub(super) async fn spaced(store: Arc<dyn Store>) {
    let (lane, other) = (unique(), unique());
    for turn in 0..4 {
        assert_eq!(take(&store, &lane, 0).await, Some(after(turn)));
    }
    assert_eq!(take(&store, &other, 0).await, Some(after(0)), "lanes know nothing of each other");
    assert_eq!(take(&store, &lane, 2).await, Some(after(4)), "two seconds later the lane is still busy");
    assert_eq!(take(&store, &lane, 5).await, Some(after(5)), "its next turn is the present moment");
    assert_eq!(take(&store, &lane, 100).await, Some(after(100)), "an idle lane gives the present moment");
    assert_eq!(take(&store, &lane, 90).await, Some(after(101)), "whoever is late gets no turn of before");
    let half = SignedDuration::from_millis(500);
    let turns = [(half, after(102)), (SPACING, after(102) + half), (SPACING, after(103) + half)];
    for (spacing, expected) in turns {
        let turn = store.take_turn(&lane, after(100), spacing, after(1_000_000)).await.unwrap();
        assert_eq!(turn, Some(expected), "the spacing is that of the turn before");
    }
}

pub(super) async fn many_takers(store: Arc<dyn Store>) {
    let lane = unique();
    let turns = join_all((0..30).map(|_| take(&store, &lane, 0))).await;
    let turns: BTreeSet<Timestamp> = turns.into_iter().flatten().collect();
    assert_eq!(turns, (0..30).map(after).collect());
}

pub(super) async fn too_late(store: Arc<dyn Store>) {
    let lane = unique();
    let take_by = |latest: i64| {
        let (store, lane) = (store.clone(), lane.clone());
        async move { store.take_turn(&lane, after(0), SPACING, after(latest)).await.unwrap() }
    };
    assert_eq!(take_by(-1).await, None);
    let turns = join_all((0..10).map(|_| take_by(3))).await;
    let turns: BTreeSet<Timestamp> = turns.into_iter().flatten().collect();
    assert_eq!(turns, (0..4).map(after).collect());
    assert_eq!(take_by(4).await, Some(after(4)), "what came too late took no turn");
}
