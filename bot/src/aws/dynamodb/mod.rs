//! The store in DynamoDB: one item an approval, replaced by one conditional write.
//!
//! A write that loses gets the winner's item in the same answer (`ReturnValuesOnConditionCheckFailure`), so nobody
//! reads again to learn who was first. What is due is found through a sparse index, and what belongs to an
//! execution through another; both hold keys only.

mod item;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use futures::future::try_join_all;
use jiff::Timestamp;

use super::{code, retries, timeouts};
use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::record::Approval;
use crate::ports::{Raised, Saved, Store, Unavailable};
use item::{DUE_SHARDS, Item, Key};

/// The index of what is due, by shard and time.
pub const DUE_INDEX: &str = "due";
/// The index of the approvals that an execution has raised.
pub const EXECUTIONS_INDEX: &str = "executions";

const SERVICE: &str = "DynamoDB";
/// A try that takes longer than this is lost; three fit before Slack stops waiting.
const TRY_TIMEOUT: Duration = Duration::from_millis(700);

/// A table of approvals.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
}

impl DynamoDbStore {
    /// The table of this name, with the configuration of the environment.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config), table }
    }

    /// Puts the item if the condition holds; otherwise the item that is there.
    async fn put(&self, item: Item, condition: Condition) -> Result<Put, Unavailable> {
        let mut call = self.client.put_item().table_name(&self.table).set_item(Some(item.into_attributes()));
        call = call.return_values_on_condition_check_failure(OnFailure::AllOld);
        call = match condition {
            Condition::IsNew => {
                call.condition_expression("attribute_not_exists(#id)").expression_attribute_names("#id", "id")
            }
            Condition::IsAt(version) => call
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", AttributeValue::N(version.to_string())),
        };
        match call.send().await {
            Ok(_) => Ok(Put::Done),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(refused) = refused.into_err() else {
                    return Err(Unavailable::new(SERVICE, "a conditional write was refused without a reason"));
                };
                let theirs = refused.item.ok_or_else(|| Unavailable::new(SERVICE, "the approval is not on record"))?;
                Ok(Put::Refused(Item::read(theirs)?))
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// The keys on one page of an index: as many as are wanted, in the order of its range key.
    async fn query(
        &self,
        index: &str,
        condition: &str,
        values: HashMap<String, AttributeValue>,
        limit: usize,
    ) -> Result<Vec<Key>, Unavailable> {
        let call = self.client.query().table_name(&self.table).index_name(index);
        let call = call.key_condition_expression(condition).set_expression_attribute_values(Some(values));
        let mut pages = call.limit(limit.try_into().unwrap_or(i32::MAX)).into_paginator().items().send();
        let mut keys = Vec::new();
        while keys.len() < limit {
            let Some(found) = pages.next().await else { break };
            keys.push(Key::read(&found.map_err(|error| unavailable(&error))?)?);
        }
        Ok(keys)
    }

    async fn due_in_shard(&self, shard: u8, now: Timestamp, limit: usize) -> Result<Vec<Key>, Unavailable> {
        let values = HashMap::from([
            (":shard".to_owned(), AttributeValue::N(shard.to_string())),
            (":now".to_owned(), AttributeValue::N(now.as_millisecond().to_string())),
        ]);
        self.query(DUE_INDEX, "due_shard = :shard AND due_at <= :now", values, limit).await
    }
}

enum Condition {
    IsNew,
    IsAt(u64),
}

enum Put {
    Done,
    Refused(Item),
}

#[async_trait]
impl Store for DynamoDbStore {
    async fn raise(&self, approval: &Approval) -> Result<Raised, Unavailable> {
        match self.put(Item::new(approval)?, Condition::IsNew).await? {
            Put::Done => Ok(Raised::New),
            Put::Refused(theirs) => Ok(Raised::Existing(Box::new(theirs.approval()?))),
        }
    }

    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(Item::key(id)));
        let found = call.consistent_read(true).send().await.map_err(|error| unavailable(&error))?;
        found.item.map(|attributes| Item::read(attributes)?.approval()).transpose()
    }

    async fn save(&self, mut approval: Approval) -> Result<Saved, Unavailable> {
        let read = approval.version;
        approval.version += 1;
        let item = Item::new(&approval)?;
        let write_id = item.write_id.clone();
        match self.put(item, Condition::IsAt(read)).await? {
            Put::Done => Ok(Saved::Done(Box::new(approval))),
            // An earlier try of this very write took effect, and its answer was lost.
            Put::Refused(theirs) if theirs.write_id == write_id => Ok(Saved::Done(Box::new(approval))),
            Put::Refused(theirs) => Ok(Saved::Conflict(Box::new(theirs.approval()?))),
        }
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let shards = (0..DUE_SHARDS).map(|shard| self.due_in_shard(shard, now, limit));
        let mut due: Vec<Key> = try_join_all(shards).await?.into_iter().flatten().collect();
        due.sort_by_key(|key| key.due_at);
        Ok(due.into_iter().take(limit).map(|key| key.id).collect())
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        let values = HashMap::from([(":execution".to_owned(), AttributeValue::S(execution.to_string()))]);
        let keys = self.query(EXECUTIONS_INDEX, "execution = :execution", values, usize::MAX).await?;
        Ok(keys.into_iter().map(|key| key.id).collect())
    }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::approval::record::Outcome;
    use crate::approval::sample::{after, approval};
    use crate::aws::wire::{Answer, Service, config_for, refusal};

    async fn table(answers: impl IntoIterator<Item = Answer>) -> (Service, DynamoDbStore) {
        let service = Service::answering(answers).await;
        let store = DynamoDbStore::new(&service.config(), "approvals".to_owned());
        (service, store)
    }

    /// The item of this approval, in the JSON that DynamoDB speaks.
    fn wire_item(approval: &Approval) -> Value {
        let item = Item::new(approval).unwrap().into_attributes();
        fn value(attribute: &AttributeValue) -> Value {
            match attribute {
                AttributeValue::S(text) => json!({ "S": text }),
                AttributeValue::N(number) => json!({ "N": number }),
                AttributeValue::M(map) => {
                    let map: serde_json::Map<_, _> = map.iter().map(|(key, it)| (key.clone(), value(it))).collect();
                    json!({ "M": map })
                }
                other => panic!("{other:?} is not written"),
            }
        }
        item.iter().map(|(name, attribute)| (name.clone(), value(attribute))).collect::<serde_json::Map<_, _>>().into()
    }

    #[tokio::test]
    async fn a_change_is_one_write_on_the_version_that_was_read() {
        let (service, store) = table([(200, json!({}))]).await;
        let mut approval = approval("slack_channel = \"C1\"");
        approval.version = 6;
        let Saved::Done(saved) = store.save(approval).await.unwrap() else { panic!("nobody else was there") };
        assert_eq!(saved.version, 7);
        let asked = &service.asked()[0];
        assert_eq!(asked["TableName"], "approvals");
        assert_eq!(asked["ConditionExpression"], "#version = :read");
        assert_eq!(asked["ExpressionAttributeValues"][":read"]["N"], "6");
        assert_eq!(asked["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
        assert_eq!(asked["Item"]["version"]["N"], "7");
        assert_eq!(asked["Item"]["due_at"]["N"], after(15).as_millisecond().to_string());
    }

    #[tokio::test]
    async fn whoever_is_second_gets_the_record_of_the_first() {
        let ours = approval("");
        let mut theirs = ours.clone();
        theirs.version = 1;
        theirs.resolve(Outcome::Expired, after(600));
        let refused = |item: Value| {
            let (status, mut body) = refusal(400, "ConditionalCheckFailedException");
            body["Item"] = item;
            (status, body)
        };
        let (_service, store) = table([refused(wire_item(&theirs)), refused(wire_item(&theirs))]).await;
        let Saved::Conflict(record) = store.save(ours.clone()).await.unwrap() else { panic!("they were first") };
        assert_eq!((record.state, record.version), (theirs.state.clone(), 1));
        let Raised::Existing(record) = store.raise(&ours).await.unwrap() else { panic!("it was there") };
        assert_eq!(record.state, theirs.state);
    }

    #[tokio::test]
    async fn a_passing_failure_is_tried_again_and_a_lasting_one_is_named_without_its_message() {
        let throttled = || refusal(400, "ProvisionedThroughputExceededException");
        let (service, store) = table([throttled(), throttled(), (200, json!({}))]).await;
        assert!(matches!(store.raise(&approval("")).await, Ok(Raised::New)));
        assert_eq!(service.asked().len(), 3);

        let (service, store) = table([refusal(400, "AccessDeniedException")]).await;
        let error = store.load(&approval("").id).await.unwrap_err();
        assert_eq!(error.to_string(), "DynamoDB is unavailable: AccessDeniedException");
        assert_eq!(service.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_table_that_cannot_be_reached_is_unavailable() {
        let config = config_for("http://127.0.0.1:9");
        let error = DynamoDbStore::new(&config, "t".to_owned()).load(&approval("").id).await.unwrap_err();
        assert_eq!(error.to_string(), "DynamoDB is unavailable: no connection");
    }

    #[tokio::test]
    async fn what_is_due_is_gathered_from_all_shards_the_longest_due_first() {
        let id = |token: &str| ApprovalId::of(&crate::approval::ids::TaskToken::parse(token).unwrap());
        let (late, early) = (id("late"), id("early"));
        let mut answers = vec![(200, json!({ "Items": [] })); usize::from(DUE_SHARDS)];
        answers[3].1 = json!({ "Items": [{ "id": { "S": late }, "due_at": { "N": "2000" } }] });
        answers[9].1 = json!({ "Items": [{ "id": { "S": early }, "due_at": { "N": "1000" } }] });
        let (service, store) = table(answers).await;
        assert_eq!(store.due(after(0), 10).await.unwrap(), [early, late]);
        let shards: std::collections::BTreeSet<String> = service
            .asked()
            .iter()
            .map(|asked| asked["ExpressionAttributeValues"][":shard"]["N"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(shards.len(), usize::from(DUE_SHARDS));
    }
}
