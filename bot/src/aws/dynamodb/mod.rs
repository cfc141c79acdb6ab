//! The store in DynamoDB: one item an approval, replaced by one conditional write, and one item for each entry of its
//! audit trail, put in the same transaction. A run that was started in a chat has an item of its own, and so have each
//! version of the policy and each page that somebody has opened.
//!
//! A write that loses gets the winner's item in the same answer (`ReturnValuesOnConditionCheckFailure`), so nobody
//! reads again to learn who was first. What is due, what belongs to an execution, what waits under a policy and what a
//! person has asked for is found through indexes of their own, which hold keys only.

mod batch;
mod delegations;
mod homes;
mod item;
mod policies;
mod runs;
mod write;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use jiff::Timestamp;

use super::{code, retries, timeouts};
use crate::approval::audit::Entry;
use crate::approval::delegation::Delegation;
use crate::approval::home::Home;
use crate::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use crate::approval::place::Platform;
use crate::approval::record::Approval;
use crate::approval::run::Run;
use crate::net::deadline::Unavailable;
use crate::ports::{Kept, Raised, Saved, Store, Waiting};

pub use item::key_of_entry;
use item::{AUDIT, DUE_SHARDS, Item, Key, LIST_SHARDS, list, list_of_execution, read_entry, unacknowledged};
use write::{Condition, Put};

/// The index of what is due, by shard and time.
pub const DUE_INDEX: &str = "due";
/// The index of the approvals that an execution has raised, and beside them of those that only say so.
pub const EXECUTIONS_INDEX: &str = "executions";
/// The index of what waits for people, by policy and deadline.
pub const WAITING_INDEX: &str = "waiting";
/// The index of what a person has asked for, by time.
pub const REQUESTERS_INDEX: &str = "requesters";

const SERVICE: &str = "DynamoDB";
/// A try that takes longer than this is lost; three fit before Slack stops waiting.
const TRY_TIMEOUT: Duration = Duration::from_millis(700);

/// A table of approvals.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
    kept: Kept,
    on_end: Option<fn(&Approval)>,
}

impl DynamoDbStore {
    /// The table of this name, with the configuration of the environment.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config), table, kept: Kept::default(), on_end: None }
    }

    /// The same table, in which what is written from now on is kept for so long.
    pub fn keeping(self, kept: Kept) -> Self {
        Self { kept, ..self }
    }

    /// The same table, which hands over each approval that a write has ended, once that is made.
    pub fn telling(self, on_end: fn(&Approval)) -> Self {
        Self { on_end: Some(on_end), ..self }
    }

    /// The first keys of an index that match, in the order of its range key.
    async fn query(&self, query: Query, limit: usize) -> Result<Vec<Key>, Unavailable> {
        let call = self.client.query().table_name(&self.table).index_name(query.index);
        let call = call.key_condition_expression(query.condition).set_expression_attribute_values(Some(query.values));
        let call = call.scan_index_forward(!query.is_newest_first);
        let mut pages = call.limit(limit.try_into().unwrap_or(i32::MAX)).into_paginator().items().send();
        let mut keys = Vec::new();
        while keys.len() < limit {
            let Some(found) = pages.next().await else { break };
            keys.push(Key::read(&found.map_err(|error| unavailable(&error))?, query.range)?);
        }
        Ok(keys)
    }

    /// What an execution has asked, or what only names it, the newest first.
    async fn listed(
        &self,
        execution: &ExecutionArn,
        is_proven: bool,
        limit: usize,
    ) -> Result<Vec<ApprovalId>, Unavailable> {
        let values = [(":execution", AttributeValue::S(list_of_execution(execution, is_proven)))];
        let query = Query::new(EXECUTIONS_INDEX, "raised_at", "execution = :execution", values);
        let found = self.query(Query { is_newest_first: true, ..query }, limit).await?;
        Ok(found.into_iter().take(limit).map(|key| key.id).collect())
    }

    /// The keys that all shards have found, in the order of the range key.
    async fn query_shards(&self, queries: impl Iterator<Item = Query>, limit: usize) -> Result<Vec<Key>, Unavailable> {
        let found = try_join_all(queries.map(|query| self.query(query, limit))).await?;
        let mut found: Vec<Key> = found.into_iter().flatten().collect();
        found.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(found)
    }
}

/// What to ask an index for.
struct Query {
    index: &'static str,
    /// The attribute that the index is sorted by.
    range: &'static str,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
    is_newest_first: bool,
}

impl Query {
    fn new<const N: usize>(
        index: &'static str,
        range: &'static str,
        condition: &'static str,
        values: [(&str, AttributeValue); N],
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { index, range, condition, values, is_newest_first: false }
    }
}

fn milliseconds(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.as_millisecond().to_string())
}

#[async_trait]
impl Store for DynamoDbStore {
    async fn raise(&self, mut approval: Approval) -> Result<Raised, Unavailable> {
        match self.write(&approval, Condition::New).await? {
            Put::Done => {
                approval.journal.clear();
                Ok(Raised::New(Box::new(approval)))
            }
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
        match self.write(&approval, Condition::At(read)).await? {
            Put::Done => {
                if let Some(tell) = self.on_end.filter(|_| approval.has_just_ended()) {
                    tell(&approval);
                }
                approval.journal.clear();
                Ok(Saved::Done(Box::new(approval)))
            }
            Put::Refused(theirs) => Ok(Saved::Conflict(Box::new(theirs.approval()?))),
        }
    }

    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable> {
        let call = self.client.query().table_name(&self.table).consistent_read(true);
        let call = call.key_condition_expression("id = :id AND begins_with(#item, :audit)");
        let call = call.expression_attribute_names("#item", "item");
        let call = call.expression_attribute_values(":id", AttributeValue::S(id.to_string()));
        let call = call.expression_attribute_values(":audit", AttributeValue::S(AUDIT.to_owned()));
        let mut items = call.into_paginator().items().send();
        let mut entries = Vec::new();
        while let Some(found) = items.next().await {
            entries.push(read_entry(&found.map_err(|error| unavailable(&error))?)?);
        }
        Ok(entries)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let query = |shard: u8| {
            let values = [(":shard", AttributeValue::N(shard.to_string())), (":now", milliseconds(now))];
            Query::new(DUE_INDEX, "due_at", "due_shard = :shard AND due_at <= :now", values)
        };
        let due = self.query_shards((0..DUE_SHARDS).map(query), limit).await?;
        Ok(due.into_iter().take(limit).map(|key| key.id).collect())
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        self.listed(execution, true, usize::MAX).await
    }

    async fn unproven_of(&self, execution: &ExecutionArn, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.listed(execution, false, limit).await
    }

    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable> {
        let query = |shard: u8| {
            let values = [(":list", AttributeValue::S(list(policy, shard))), (":now", milliseconds(now))];
            Query::new(WAITING_INDEX, "deadline", "waiting = :list AND deadline > :now", values)
        };
        let waiting = self.query_shards((0..LIST_SHARDS).map(query), limit).await?;
        waiting.into_iter().take(limit).map(|key| Ok(Waiting { deadline: key.time()?, id: key.id })).collect()
    }

    async fn unacknowledged(&self, policy: &str, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let values = [(":list", AttributeValue::S(unacknowledged(policy)))];
        let query = Query::new(WAITING_INDEX, "deadline", "waiting = :list", values);
        Ok(self.query(query, limit).await?.into_iter().take(limit).map(|key| key.id).collect())
    }

    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let query = |shard: u8| {
            let values = [(":list", AttributeValue::S(list(person.as_str(), shard)))];
            let query = Query::new(REQUESTERS_INDEX, "raised_at", "requester = :list", values);
            Query { is_newest_first: true, ..query }
        };
        let raised = self.query_shards((0..LIST_SHARDS).map(query), limit).await?;
        Ok(raised.into_iter().rev().take(limit).map(|key| key.id).collect())
    }

    async fn delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable> {
        self.read_delegations(people).await
    }

    async fn delegate(&self, delegation: &Delegation) -> Result<bool, Unavailable> {
        self.write_delegation(delegation).await
    }

    async fn homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable> {
        self.read_homes(platform, people).await
    }

    async fn save_home(&self, home: Home) -> Result<Option<Home>, Unavailable> {
        self.write_home(home).await
    }

    async fn record_run(&self, run: &Run) -> Result<(), Unavailable> {
        self.write_run(run, Condition::New).await.map(|_| ())
    }

    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        self.read_run(execution).await
    }

    async fn save_run(&self, mut run: Run) -> Result<Option<Run>, Unavailable> {
        let read = run.version;
        run.version += 1;
        Ok(self.write_run(&run, Condition::At(read)).await?.then_some(run))
    }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::approval::sample::{after, approval};
    use crate::aws::wire::{Answer, Service, config_for, refusal};

    pub(super) async fn table(answers: impl IntoIterator<Item = Answer>) -> (Service, DynamoDbStore) {
        let service = Service::answering(answers).await;
        let store = DynamoDbStore::new(&service.config(), "approvals".to_owned());
        (service, store)
    }

    #[tokio::test]
    async fn a_passing_failure_is_tried_again_and_a_lasting_one_is_named_without_its_message() {
        let throttled = || refusal(400, "ProvisionedThroughputExceededException");
        let (service, store) = table([throttled(), throttled(), (200, json!({}))]).await;
        assert!(matches!(store.raise(approval("")).await, Ok(Raised::New(_))));
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

    #[tokio::test]
    async fn what_waits_is_gathered_by_deadline_and_what_was_asked_for_backwards() {
        let id = |token: &str| ApprovalId::of(&crate::approval::ids::TaskToken::parse(token).unwrap());
        let (one, other) = (id("one"), id("other"));
        let answers = |range: &str| {
            let mut answers = vec![(200, json!({ "Items": [] })); usize::from(LIST_SHARDS)];
            answers[2].1 = json!({ "Items": [{ "id": { "S": other }, range: { "N": "2000" } }] });
            answers[5].1 = json!({ "Items": [{ "id": { "S": one }, range: { "N": "1000" } }] });
            answers
        };
        let (service, store) = table(answers("deadline")).await;
        let found = store.waiting("payments", after(0), 10).await.unwrap();
        let time = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let waiting = |milliseconds, id: &ApprovalId| Waiting { deadline: time(milliseconds), id: id.clone() };
        assert_eq!(found, [waiting(1_000, &one), waiting(2_000, &other)]);
        for asked in service.asked() {
            assert_eq!((&asked["IndexName"], &asked["ScanIndexForward"]), (&json!("waiting"), &json!(true)));
            let list = asked["ExpressionAttributeValues"][":list"]["S"].as_str().unwrap();
            assert!(list.starts_with("payments#"), "{list}");
        }
        let (service, store) = table(answers("raised_at")).await;
        let ada = PersonId::parse("ada").unwrap();
        assert_eq!(store.raised_by(&ada, 1).await.unwrap(), [other]);
        let asked = &service.asked()[0];
        assert_eq!((&asked["IndexName"], &asked["ScanIndexForward"]), (&json!("requesters"), &json!(false)));
        assert_eq!(asked["Limit"], 1);
    }

    #[tokio::test]
    async fn what_only_names_an_execution_is_listed_apart_and_no_further_than_is_asked_for() {
        let mut proven = approval("");
        let mut unproven = proven.clone();
        unproven.attempt = None;
        let execution = proven.request.execution.clone();
        let key = json!({ "id": { "S": proven.id }, "raised_at": { "N": "1000" } });
        let answers =
            [(200, json!({})), (200, json!({})), (200, json!({ "Items": [key] })), (200, json!({ "Items": [] }))];
        let (service, store) = table(answers).await;
        proven.journal.clear();
        unproven.journal.clear();
        store.raise(proven.clone()).await.unwrap();
        store.raise(unproven).await.unwrap();
        assert_eq!(store.of_execution(&execution).await.unwrap(), [proven.id]);
        assert_eq!(store.unproven_of(&execution, 7).await.unwrap(), []);
        let asked = service.asked();
        let listed = |call: usize| asked[call]["Item"]["execution"]["S"].clone();
        assert_eq!((listed(0), listed(1)), (json!(execution), json!(format!("unproven#{execution}"))));
        let value = |call: usize| asked[call]["ExpressionAttributeValues"][":execution"]["S"].clone();
        assert_eq!((value(2), value(3)), (listed(0), listed(1)));
        assert_eq!((&asked[3]["Limit"], &asked[3]["ScanIndexForward"]), (&json!(7), &json!(false)));
    }

    #[tokio::test]
    async fn a_trail_is_read_page_by_page_and_never_stale() {
        let approval = approval("");
        let entry = |entry: &Entry| json!({ "entry": { "S": serde_json::to_string(entry).unwrap() } });
        let mut longer = approval.clone();
        longer.resolve(crate::approval::state::Outcome::Expired, after(600));
        let (first, second) = (entry(&longer.journal[0]), entry(&longer.journal[1]));
        let key = json!({ "id": { "S": approval.id }, "item": { "S": "audit#000001" } });
        let answers =
            [(200, json!({ "Items": [first], "LastEvaluatedKey": key })), (200, json!({ "Items": [second] }))];
        let (service, store) = table(answers).await;
        assert_eq!(store.history(&approval.id).await.unwrap(), longer.journal);
        let asked = &service.asked()[0];
        assert_eq!((&asked["ConsistentRead"], &asked["IndexName"]), (&json!(true), &json!(null)));
        assert_eq!(asked["ExpressionAttributeValues"][":audit"]["S"], "audit#");

        let (_service, store) = table([(200, json!({ "Items": [{ "entry": { "S": "AQCEsecret" } }] }))]).await;
        let error = store.history(&approval.id).await.unwrap_err().to_string();
        assert!(error.contains("the item's entry is not what") && !error.contains("AQCE"), "{error}");
    }
}
