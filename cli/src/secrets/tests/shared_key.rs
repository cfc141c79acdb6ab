//! The key of the reference workflow, in three steps and interrupted between them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::LONGEST;
use super::stage::{Stage, start};
use crate::secrets::Rotated;
use crate::secrets::report::Outcome;
use crate::secrets::rotate::Order;
use crate::secrets::status::status;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

impl Stage {
    fn shared(&self) -> Value {
        self.secrets.lock().unwrap().values("double")
    }

    /// When a function was made to start anew last.
    fn restarted(&self, name: &str) -> Option<Timestamp> {
        self.restarts.lock().unwrap().get(&format!("countersign-{name}")).copied()
    }

    async fn step(&self, now: Timestamp, answers: &[&str]) -> Outcome {
        self.rotate(Rotated::Key, now, answers).await.unwrap().outcome
    }

    async fn said(&self) -> String {
        status(&self.kept, LONGEST).await.unwrap()[1].text(start())
    }
}

/// The keys were made before the functions started.
async fn stage() -> Stage {
    let stage = Stage::of(json!({ "link_key": "hidden" })).await;
    stage
        .restarts
        .lock()
        .unwrap()
        .extend(["Double", "Calculate"].map(|name| (format!("countersign-{name}"), start() - MINUTE)));
    stage
}

#[tokio::test]
async fn a_key_is_made_known_then_used_then_the_old_one_is_forgotten() {
    let stage = stage().await;
    let (first, second, third) = (start() + MINUTE, start() + MINUTE * 2, start() + MINUTE * 3);
    assert_eq!(stage.step(first, &["y"]).await, Outcome::Begun);
    let new = stage.shared()["key_previous"].clone();
    assert_eq!(stage.shared(), json!({ "key": "hidden-0", "key_previous": new }));
    assert_eq!((stage.restarted("Double"), stage.restarted("Calculate")), (Some(first), Some(start() - MINUTE)));
    assert!(stage.said().await.contains("known to those who check"));

    assert_eq!(stage.step(second - SignedDuration::from_secs(1), &[]).await, Outcome::TooEarly);
    assert_eq!(stage.step(second, &["y"]).await, Outcome::InUse);
    assert_eq!(stage.shared(), json!({ "key": new, "key_previous": "hidden-0" }));
    assert_eq!((stage.restarted("Double"), stage.restarted("Calculate")), (Some(first), Some(second)));
    assert!(stage.said().await.contains("the old one still valid"));

    assert_eq!(stage.step(second, &[]).await, Outcome::TooEarly);
    assert_eq!(stage.step(third, &["y"]).await, Outcome::Ended);
    assert_eq!((stage.shared(), stage.restarted("Double")), (json!({ "key": new }), Some(third)));
    assert_eq!(stage.step(third + MINUTE, &["y"]).await, Outcome::Begun, "and the next rotation begins");
}

/// The secret was changed, and whoever called was interrupted before the functions started anew.
#[tokio::test]
async fn a_step_that_was_interrupted_is_done_to_its_end() {
    let stage = stage().await;
    let moments: Vec<Timestamp> = (1..=6).map(|minute| start() + MINUTE * minute).collect();
    let back = |name: &str, to: Timestamp| {
        stage.restarts.lock().unwrap().insert(format!("countersign-{name}"), to);
    };
    for (at, restarted, outcome) in
        [(0, "Double", Outcome::Begun), (2, "Calculate", Outcome::InUse), (4, "Double", Outcome::Ended)]
    {
        assert_eq!(stage.step(moments[at], &["y"]).await, outcome);
        let values = stage.shared();
        back(restarted, start() - MINUTE);
        assert_eq!(stage.step(moments[at + 1], &["y"]).await, outcome, "{restarted}");
        assert_eq!(stage.restarted(restarted), Some(moments[at + 1]));
        assert_eq!(stage.shared(), values, "nothing but the functions was left to do");
    }
}

#[tokio::test]
async fn a_key_that_has_leaked_is_replaced_at_once() {
    let stage = stage().await;
    let order = Order { name: Rotated::Key, at_once: true, longest: LONGEST, now: start() + MINUTE };
    assert_eq!(stage.rotate_as(order, &["y"]).await.unwrap().outcome, Outcome::Ended);
    let values = stage.shared();
    assert!(values.get("key_previous").is_none() && values["key"] != "hidden-0", "{values}");
    assert_eq!((stage.restarted("Double"), stage.restarted("Calculate")), (Some(order.now), Some(order.now)));
}

/// Before the functions have started anew, and when the next step is long due: either key may be what has leaked.
#[tokio::test]
async fn both_keys_are_replaced_if_one_has_leaked_while_there_are_two() {
    for (steps, now) in [(1, 1), (1, 9), (2, 2), (2, 9)] {
        let stage = stage().await;
        for step in 1..=steps {
            stage.step(start() + MINUTE * step, &["y"]).await;
        }
        let half_done = stage.shared();
        let order = Order { name: Rotated::Key, at_once: true, longest: LONGEST, now: start() + MINUTE * now };
        let ended = stage.rotate_as(order, &["y"]).await.unwrap();
        assert_eq!((ended.outcome, ended.next), (Outcome::Ended, None));
        let values = stage.shared();
        assert!(values.get("key_previous").is_none(), "{steps}");
        assert!(values["key"] != half_done["key"] && values["key"] != half_done["key_previous"], "{steps}");
        assert_eq!((stage.restarted("Double"), stage.restarted("Calculate")), (Some(order.now), Some(order.now)));
    }
}

#[tokio::test]
async fn two_keys_of_which_nobody_knows_the_new_one_are_left_alone() {
    let stage = stage().await;
    for _ in 0..2 {
        let theirs = json!({ "key": "hidden-1", "key_previous": "hidden-2", "more": "x" });
        stage.secrets.lock().unwrap().put_by_others("double", &theirs);
        stage
            .secrets
            .lock()
            .unwrap()
            .put_by_others("double", &json!({ "key": "hidden-3", "key_previous": "hidden-4" }));
    }
    let refusal = stage.rotate(Rotated::Key, start(), &[]).await.unwrap_err().to_string();
    assert!(refusal.contains("--now"), "{refusal}");
    let order = Order { name: Rotated::Key, at_once: true, longest: LONGEST, now: start() + MINUTE };
    assert_eq!(stage.rotate_as(order, &["y"]).await.unwrap().outcome, Outcome::Ended);
    assert!(stage.shared().get("key_previous").is_none());
}
