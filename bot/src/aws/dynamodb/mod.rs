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
