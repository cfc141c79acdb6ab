//! The versions of the policy: one item for each, which is never changed, and one that says which of them is in force.
//! All are in one partition, so that a role may be kept from writing to it by its key alone. Which version the functions
//! have gone by last is noted by themselves, in another.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, broken, integer, number, string, text};
use super::write::{Condition, Try};
use super::{DynamoDbStore, SERVICE, unavailable};
use crate::approval::audit::Hash;
use crate::approval::policy_version::PolicyVersion;
use crate::net::deadline::Unavailable;
use crate::ports::Policies;

/// The partition of the policy.
const POLICY: &str = "policy";
/// The partition of what the functions note.
const TAKEN_UP: &str = "policy-taken-up";
/// The range key of the item that says which version is in force, or was taken up last.
const CURRENT: &str = "current";
/// What the range keys of the versions begin with, before their numbers.
const VERSION: &str = "version#";

#[async_trait]
impl Policies for DynamoDbStore {
    async fn current(&self) -> Result<Option<u32>, Unavailable> {
        let found = self.get(key(CURRENT)).await?;
        found.map(|item| integer(&item, "version")).transpose()
    }

    async fn version(&self, number: u32) -> Result<Option<PolicyVersion>, Unavailable> {
        let found = self.get(key(&range(number))).await?;
        found.map(|item| read(&item)).transpose()
    }

    async fn versions(&self, limit: usize) -> Result<Vec<PolicyVersion>, Unavailable> {
        let call = self.client.query().table_name(&self.table).consistent_read(true).scan_index_forward(false);
        let call = call.key_condition_expression("id = :id AND begins_with(#item, :version)");
        let call = call.expression_attribute_names("#item", "item");
        let call = call.expression_attribute_values(":id", text(POLICY));
        let call = call.expression_attribute_values(":version", text(VERSION));
        let mut items = call.limit(limit.try_into().unwrap_or(i32::MAX)).into_paginator().items().send();
        let mut versions = Vec::new();
        while versions.len() < limit {
            let Some(found) = items.next().await else { break };
            versions.push(read(&found.map_err(|error| unavailable(&error))?)?);
        }
        Ok(versions)
    }

    async fn push(&self, version: &PolicyVersion) -> Result<bool, Unavailable> {
        let write_id = format!("{:032x}", fastrand::u128(..));
        let mut current = key(CURRENT);
        current.insert("version".to_owned(), number(version.number));
        current.insert("write_id".to_owned(), text(&write_id));
        let condition = match version.number.saturating_sub(1) {
            0 => Condition::New,
            before => Condition::At(u64::from(before)),
        };
        let (current, version) = (self.put_of(current, condition)?, self.put_of(write(version), Condition::New)?);
        match self.transact(current, &[version], write_id.clone()).await? {
            Try::Done => Ok(true),
            // An earlier try of this very write may have taken effect, with its answer lost.
            Try::Refused(theirs) => {
                Ok(theirs.is_some_and(|item| string(&item, "write_id").is_ok_and(|id| id == write_id)))
            }
            Try::Contended(code) => Err(Unavailable::new(SERVICE, code)),
        }
    }

    async fn take_up(&self, version: u32) -> Result<(), Unavailable> {
        let mut item = key_in(TAKEN_UP, CURRENT);
        item.insert("version".to_owned(), number(version));
        match self.put(self.put_of(item, Condition::Below(version.into()))?).await? {
            Try::Done | Try::Refused(_) => Ok(()),
            Try::Contended(code) => Err(Unavailable::new(SERVICE, code)),
        }
    }

    async fn last_taken_up(&self) -> Result<Option<u32>, Unavailable> {
        let found = self.get(key_in(TAKEN_UP, CURRENT)).await?;
        found.map(|item| integer(&item, "version")).transpose()
    }
}

impl DynamoDbStore {
    async fn get(&self, key: Attributes) -> Result<Option<Attributes>, Unavailable> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        Ok(call.send().await.map_err(|error| unavailable(&error))?.item)
    }
}

fn key(item: &str) -> Attributes {
    key_in(POLICY, item)
}

fn key_in(partition: &str, item: &str) -> Attributes {
    HashMap::from([("id".to_owned(), text(partition)), ("item".to_owned(), text(item))])
}

/// With as many digits as the largest number has, so that they sort as numbers do.
fn range(number: u32) -> String {
    format!("{VERSION}{number:010}")
}

fn write(version: &PolicyVersion) -> Attributes {
    let PolicyVersion { number: its, text: policy, hash, pushed_by, pushed_at } = version;
    let mut item = key(&range(*its));
    item.insert("version".to_owned(), number(its));
    item.insert("text".to_owned(), text(policy));
    item.insert("hash".to_owned(), text(&hash.to_string()));
    item.insert("pushed_by".to_owned(), text(pushed_by));
    item.insert("pushed_at".to_owned(), AttributeValue::S(pushed_at.to_string()));
    item
}

fn read(item: &Attributes) -> Result<PolicyVersion, Unavailable> {
    Ok(PolicyVersion {
        number: integer(item, "version")?,
        text: string(item, "text")?.to_owned(),
        hash: Hash::parse(string(item, "hash")?).ok_or_else(|| broken("hash"))?,
        pushed_by: string(item, "pushed_by")?.to_owned(),
        pushed_at: string(item, "pushed_at")?.parse().map_err(|_| broken("pushed_at"))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;
    use super::*;
    use crate::approval::sample::after;
    use crate::aws::wire::refusal;

    fn version(number: u32) -> PolicyVersion {
        PolicyVersion::after(number - 1, "# nobody\n".to_owned(), "arn:aws:iam::1:user/ada".to_owned(), after(0))
    }

    #[tokio::test]
    async fn a_version_and_what_names_it_are_written_together_and_expire_never() {
        let (service, store) = table([(200, json!({})), (200, json!({}))]).await;
        assert!(store.push(&version(1)).await.unwrap());
        assert!(store.push(&version(2)).await.unwrap());
        let [first, second] = [0, 1].map(|call| service.asked()[call]["TransactItems"].clone());
        assert_eq!(first[0]["Put"]["ConditionExpression"], "attribute_not_exists(#id)");
        assert_eq!(second[0]["Put"]["ConditionExpression"], "#version = :read");
        assert_eq!(second[0]["Put"]["ExpressionAttributeValues"][":read"]["N"], "1");
        for put in [&second[0]["Put"], &second[1]["Put"]] {
            assert_eq!(put["Item"]["id"]["S"], "policy", "no other partition is written to");
            assert_eq!(put["Item"]["expires"], json!(null));
        }
        assert_eq!(second[1]["Put"]["Item"]["item"]["S"], "version#0000000002");
        assert_eq!(second[1]["Put"]["ConditionExpression"], "attribute_not_exists(#id)", "none is replaced");
    }

    #[tokio::test]
    async fn whoever_is_second_is_told() {
        let reason =
            |write_id: &str| json!({ "Code": "ConditionalCheckFailed", "Item": { "write_id": { "S": write_id } } });
        let (status, mut body) = refusal(400, "TransactionCanceledException");
        body["CancellationReasons"] = json!([reason("of another"), { "Code": "ConditionalCheckFailed" }]);
        let (_service, store) = table([(status, body)]).await;
        assert!(!store.push(&version(2)).await.unwrap());
    }

    /// The first try took effect, and its answer did not arrive.
    #[tokio::test]
    async fn whoever_meets_their_own_push_has_pushed() {
        fastrand::seed(7);
        let own = format!("{:032x}", fastrand::u128(..));
        let (status, mut body) = refusal(400, "TransactionCanceledException");
        let reason = json!({ "Code": "ConditionalCheckFailed", "Item": { "write_id": { "S": own } } });
        body["CancellationReasons"] = json!([reason, { "Code": "ConditionalCheckFailed" }]);
        let (service, store) = table([(status, body)]).await;
        fastrand::seed(7);
        assert!(store.push(&version(2)).await.unwrap());
        assert_eq!(service.asked()[0]["ClientRequestToken"], own);
    }

    #[tokio::test]
    async fn what_was_taken_up_is_noted_outside_of_the_partition_that_no_function_writes_and_never_goes_back() {
        let answers = [(200, json!({})), refusal(400, "ConditionalCheckFailedException")];
        let (service, store) = table(answers).await;
        store.take_up(7).await.unwrap();
        store.take_up(6).await.unwrap();
        let asked = service.asked();
        assert_ne!(asked[0]["Item"]["id"]["S"], "policy");
        assert_eq!(asked[1]["ConditionExpression"], "attribute_not_exists(#id) OR #version < :its");
        assert_eq!(asked[1]["ExpressionAttributeValues"][":its"]["N"], "6");
    }

    #[tokio::test]
    async fn what_is_in_force_is_never_read_stale() {
        let (service, store) = table([(200, json!({ "Item": { "version": { "N": "7" } } })), (200, json!({}))]).await;
        assert_eq!(store.current().await.unwrap(), Some(7));
        assert_eq!(store.version(7).await.unwrap(), None);
        assert!(service.asked().iter().all(|asked| asked["ConsistentRead"] == true));
    }
}
