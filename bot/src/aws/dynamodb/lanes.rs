//! The lanes of chats: one item for each, which holds the earliest turn that nobody has taken.
//!
//! A turn is taken by moving that time on, under the condition that it is what the turn is made from: of many takers at
//! one instant each moves it once, in the order in which DynamoDB takes their writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use jiff::{SignedDuration, Timestamp};

use super::item::{Attributes, integer};
use super::{DynamoDbStore, SERVICE, milliseconds, unavailable};
use crate::net::deadline::Unavailable;

/// The range key of a lane.
const LANE: &str = "lane";
/// The attribute with the earliest turn that nobody has taken, in milliseconds since 1970.
const NEXT_TURN: &str = "next_turn";
const IS_IDLE: &str = "attribute_not_exists(next_turn) OR next_turn < :now";
const IS_BUSY: &str = "next_turn BETWEEN :now AND :latest";
/// A lane is kept this long after its last turn was taken; a turn further ahead than this is not waited for.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Each round fails only if the lane has changed from idle to busy, or back, in between.
const ROUNDS_MAX: usize = 3;

/// What became of a change of a lane.
enum Moved {
    /// It is made; this is the lane as it was.
    Yes(Attributes),
    /// The condition does not hold; this is the lane, empty if there is none yet.
    No(Attributes),
}

impl DynamoDbStore {
    /// Takes the next turn of a lane: at once if it is idle, otherwise after all that are taken.
    pub(super) async fn next_turn(
        &self,
        lane: &str,
        now: Timestamp,
        spacing: SignedDuration,
        latest: Timestamp,
    ) -> Result<Option<Timestamp>, Unavailable> {
        // DynamoDB takes no condition with a range that is upside down.
        if now > latest {
            return Ok(None);
        }
        let is_too_late = |lane: &Attributes| match lane.get(NEXT_TURN) {
            Some(_) => Ok::<_, Unavailable>(turn(lane)? > latest),
            None => Ok(false),
        };
        let following = now.saturating_add(spacing).unwrap_or(Timestamp::MAX);
        let idle = [(":now", milliseconds(now)), (":following", milliseconds(following))];
        let spacing = AttributeValue::N(spacing.as_millis().to_string());
        let busy = [(":now", milliseconds(now)), (":latest", milliseconds(latest)), (":spacing", spacing)];
        for _ in 0..ROUNDS_MAX {
            match self.move_on(lane, now, "next_turn = :following", IS_IDLE, &idle).await? {
                Moved::Yes(_) => return Ok(Some(now)),
                Moved::No(lane) if is_too_late(&lane)? => return Ok(None),
                Moved::No(_) => {}
            }
            match self.move_on(lane, now, "next_turn = next_turn + :spacing", IS_BUSY, &busy).await? {
                Moved::Yes(before) => return turn(&before).map(Some),
                Moved::No(lane) if is_too_late(&lane)? => return Ok(None),
                Moved::No(_) => {}
            }
        }
        Err(Unavailable::new(SERVICE, "other takers were always first"))
    }

    async fn move_on(
        &self,
        lane: &str,
        now: Timestamp,
        change: &str,
        condition: &str,
        values: &[(&str, AttributeValue)],
    ) -> Result<Moved, Unavailable> {
        let expires = AttributeValue::N(now.saturating_add(KEPT).unwrap_or(Timestamp::MAX).as_second().to_string());
        let values = values.iter().cloned().chain([(":expires", expires)]);
        let values: HashMap<_, _> = values.map(|(name, value)| (name.to_owned(), value)).collect();
        let call = self.client.update_item().table_name(&self.table).set_key(Some(key(lane)));
        let call = call.update_expression(format!("SET {change}, #expires = :expires"));
        let call = call.condition_expression(condition).expression_attribute_names("#expires", "expires");
        let call = call.set_expression_attribute_values(Some(values)).return_values(ReturnValue::UpdatedOld);
        match call.return_values_on_condition_check_failure(OnFailure::AllOld).send().await {
            Ok(moved) => Ok(Moved::Yes(moved.attributes.unwrap_or_default())),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(refused) = refused.into_err() else {
                    return Err(Unavailable::new(SERVICE, "a conditional write was refused without a reason"));
                };
                Ok(Moved::No(refused.item.unwrap_or_default()))
            }
            Err(error) => Err(unavailable(&error)),
        }
    }
}

fn key(lane: &str) -> Attributes {
    let text = |value: String| AttributeValue::S(value);
    HashMap::from([("id".to_owned(), text(format!("lane#{lane}"))), ("item".to_owned(), text(LANE.to_owned()))])
}

fn turn(lane: &Attributes) -> Result<Timestamp, Unavailable> {
    Timestamp::from_millisecond(integer(lane, NEXT_TURN)?).map_err(|error| Unavailable::new(SERVICE, error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;
    use super::*;
    use crate::approval::sample::after;
    use crate::aws::wire::{Answer, refusal};
    use crate::ports::Store;

    const SPACING: SignedDuration = SignedDuration::from_secs(1);

    fn lane(next: Timestamp) -> Value {
        json!({ "next_turn": { "N": next.as_millisecond().to_string() } })
    }

    fn refused(lane: Option<Value>) -> Answer {
        let (status, mut body) = refusal(400, "ConditionalCheckFailedException");
        if let Some(lane) = lane {
            body["Item"] = lane;
        }
        (status, body)
    }

    async fn take(store: &DynamoDbStore) -> Result<Option<Timestamp>, Unavailable> {
        store.take_turn("slack:C1", after(10), SPACING, after(60)).await
    }

    #[tokio::test]
    async fn an_idle_lane_gives_the_present_moment_in_one_write() {
        let (service, store) = table([(200, json!({}))]).await;
        assert_eq!(take(&store).await, Ok(Some(after(10))));
        let asked = &service.asked()[0];
        assert_eq!(asked["Key"], json!({ "id": { "S": "lane#slack:C1" }, "item": { "S": "lane" } }));
        assert_eq!(asked["ConditionExpression"], IS_IDLE);
        assert_eq!(asked["UpdateExpression"], "SET next_turn = :following, #expires = :expires");
        let values = &asked["ExpressionAttributeValues"];
        assert_eq!(values[":following"]["N"], after(11).as_millisecond().to_string());
        assert_eq!(values[":expires"]["N"], (after(10).as_second() + 86_400).to_string());
    }

    #[tokio::test]
    async fn a_busy_lane_gives_the_turn_that_it_had_next() {
        let before = (200, json!({ "Attributes": lane(after(14)) }));
        let (service, store) = table([refused(Some(lane(after(13)))), before]).await;
        assert_eq!(take(&store).await, Ok(Some(after(14))), "somebody took a turn in between");
        let asked = &service.asked()[1];
        assert_eq!((&asked["ConditionExpression"], &asked["ReturnValues"]), (&json!(IS_BUSY), &json!("UPDATED_OLD")));
        assert_eq!(asked["UpdateExpression"], "SET next_turn = next_turn + :spacing, #expires = :expires");
        assert_eq!(asked["ExpressionAttributeValues"][":spacing"]["N"], "1000");
    }

    #[tokio::test]
    async fn a_turn_that_comes_too_late_is_not_taken() {
        let (service, store) = table([refused(Some(lane(after(61))))]).await;
        assert_eq!(take(&store).await, Ok(None));
        assert_eq!(service.asked().len(), 1);
        let (_service, store) = table([refused(Some(lane(after(60)))), refused(Some(lane(after(61))))]).await;
        assert_eq!(take(&store).await, Ok(None), "somebody took the last one in between");
        let (service, store) = table([]).await;
        assert_eq!(store.take_turn("slack:C1", after(10), SPACING, after(9)).await, Ok(None));
        assert!(service.asked().is_empty());
    }

    #[tokio::test]
    async fn a_lane_that_cannot_be_had_is_unavailable() {
        let (_service, store) = table([refusal(400, "AccessDeniedException")]).await;
        assert_eq!(take(&store).await.unwrap_err().to_string(), "DynamoDB is unavailable: AccessDeniedException");
        // Time to live takes the item away between any two writes, which happens once a day at most.
        let vanishing = (0..2 * ROUNDS_MAX).map(|_| refused(None));
        let (_service, store) = table(vanishing).await;
        assert!(take(&store).await.unwrap_err().to_string().contains("other takers were always first"));
        let (_service, store) = table([refused(Some(json!({ "next_turn": { "S": "AQCEsecret" } })))]).await;
        let error = take(&store).await.unwrap_err().to_string();
        assert!(error.contains("the item's next_turn is not what") && !error.contains("AQCE"), "{error}");
    }
}
