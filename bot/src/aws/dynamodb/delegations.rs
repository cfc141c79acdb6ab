//! Who stands in for whom: the newest delegation of each person, and beside it every one that they have made.

use std::collections::HashMap;

use jiff::Timestamp;

use super::item::{Attributes, from_json, number, string, text, to_json};
use super::write::{Condition, Try};
use super::{DynamoDbStore, SERVICE};
use crate::approval::delegation::Delegation;
use crate::approval::ids::PersonId;
use crate::net::deadline::Unavailable;

/// What the partition of a person begins with.
const PARTITION: &str = "delegation#";
/// The range key of the newest.
const CURRENT: &str = "current";
/// What the range keys of all of them begin with, before the time at which each was made.
const SAID: &str = "said#";

impl DynamoDbStore {
    /// Reads the newest delegations of these people, never stale.
    pub(super) async fn read_delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable> {
        let found = self.batch(people.iter().map(|person| key(person, CURRENT)).collect()).await?;
        found.iter().map(|item| from_json(item, "record")).collect()
    }

    /// Writes a delegation and makes it the newest, or neither.
    pub(super) async fn write_delegation(&self, delegation: &Delegation) -> Result<bool, Unavailable> {
        let write_id = format!("{:032x}", fastrand::u128(..));
        let kept = self.kept.records.checked_add(self.kept.trails);
        let expires = kept.and_then(|kept| delegation.until.saturating_add(kept).ok()).unwrap_or(Timestamp::MAX);
        let item = |range: &str| -> Result<Attributes, Unavailable> {
            let mut item = key(&delegation.absent, range);
            item.insert("version".to_owned(), number(delegation.number));
            item.insert("write_id".to_owned(), text(&write_id));
            item.insert("record".to_owned(), text(&to_json(delegation)?));
            item.insert("expires".to_owned(), number(expires.as_second()));
            Ok(item)
        };
        let condition = match delegation.number.saturating_sub(1) {
            0 => Condition::New,
            before => Condition::At(u64::from(before)),
        };
        let current = self.put_of(item(CURRENT)?, condition)?;
        let said = self.put_of(item(&format!("{SAID}{}", delegation.said_at))?, Condition::New)?;
        match self.transact(current, &[said], write_id.clone()).await? {
            Try::Done => Ok(true),
            // An earlier try of this very write may have taken effect, with its answer lost.
            Try::Refused(theirs) => {
                Ok(theirs.is_some_and(|item| string(&item, "write_id").is_ok_and(|id| id == write_id)))
            }
            Try::Contended(code) => Err(Unavailable::new(SERVICE, code)),
        }
    }
}

fn key(person: &PersonId, range: &str) -> Attributes {
    HashMap::from([("id".to_owned(), text(&format!("{PARTITION}{person}"))), ("item".to_owned(), text(range))])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;
    use super::*;
    use crate::approval::place::Platform;
    use crate::approval::sample::after;
    use crate::ports::Store;

    fn person(key: &str) -> PersonId {
        PersonId::parse(key).unwrap()
    }

    fn delegation(number: u32) -> Delegation {
        let (absent, delegate) = (person("ada"), Some(person("grace")));
        let (platform, terms, pace) = (Platform::Slack, None, None);
        Delegation { absent, delegate, until: after(600), said_at: after(0), platform, number, terms, pace }
    }

    #[tokio::test]
    async fn a_delegation_is_kept_beside_the_newest_in_one_write() {
        let (service, store) = table([(200, json!({})), (200, json!({}))]).await;
        assert!(store.delegate(&delegation(1)).await.unwrap());
        assert!(store.delegate(&delegation(2)).await.unwrap());
        let [first, second] = [0, 1].map(|call| service.asked()[call]["TransactItems"].clone());
        assert_eq!(first[0]["Put"]["ConditionExpression"], "attribute_not_exists(#id)");
        assert_eq!(second[0]["Put"]["ExpressionAttributeValues"][":read"]["N"], "1");
        assert_eq!(second[1]["Put"]["ConditionExpression"], "attribute_not_exists(#id)", "none is replaced");
        let item = &second[1]["Put"]["Item"];
        assert_eq!(
            (&item["id"]["S"], &item["item"]["S"]),
            (&json!("delegation#ada"), &json!(format!("said#{}", after(0))))
        );
        let expires: i64 = item["expires"]["N"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires, after(600 + 180 * 24 * 3_600).as_second());
        for index in ["due_shard", "execution", "waiting", "requester"] {
            assert_eq!(item[index], Value::Null, "it is in no index of the approvals");
        }
    }

    #[tokio::test]
    async fn a_batch_that_is_read_in_parts_is_read_whole_and_never_stale() {
        let item = |delegation: &Delegation| json!({ "record": { "S": serde_json::to_string(delegation).unwrap() } });
        let rest = json!({ "id": { "S": "delegation#grace" }, "item": { "S": "current" } });
        let part = json!({
            "Responses": { "approvals": [item(&delegation(3))] },
            "UnprocessedKeys": { "approvals": { "Keys": [rest] } },
        });
        let (service, store) = table([(200, part), (200, json!({ "Responses": {} }))]).await;
        assert_eq!(store.delegations(&[person("ada"), person("grace")]).await.unwrap(), [delegation(3)]);
        let asked = service.asked();
        let keys = |call: usize| &asked[call]["RequestItems"]["approvals"];
        assert_eq!((&keys(0)["ConsistentRead"], keys(0)["Keys"].as_array().unwrap().len()), (&json!(true), 2));
        assert_eq!(keys(1)["Keys"], json!([rest]));
    }
}
