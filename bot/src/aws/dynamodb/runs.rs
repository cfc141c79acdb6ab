//! The runs that were started in chats: one item for each, beside the approvals.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::item::{Attributes, from_json, number, string, text, to_json};
use super::write::{Condition, Try};
use super::{DynamoDbStore, SERVICE, unavailable};
use crate::approval::ids::ExecutionArn;
use crate::approval::run::Run;
use crate::net::deadline::Unavailable;

/// A run is kept this long after its start, since it may wait for people for weeks before its starter hears how it ended.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The range key of a run.
const RUN: &str = "run";

impl DynamoDbStore {
    /// Writes a run if the condition holds, and says whether it did.
    pub(super) async fn write_run(&self, run: &Run, condition: Condition) -> Result<bool, Unavailable> {
        let write_id = format!("{:032x}", fastrand::u128(..));
        let mut item = key(&run.execution);
        let expires = run.started_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        item.insert("version".to_owned(), number(run.version));
        item.insert("write_id".to_owned(), text(&write_id));
        item.insert("record".to_owned(), text(&to_json(run)?));
        item.insert("expires".to_owned(), number(expires.as_second()));
        match self.put(self.put_of(item, condition)?).await? {
            Try::Done => Ok(true),
            // An earlier try of this very write may have taken effect, with its answer lost.
            Try::Refused(theirs) => {
                Ok(theirs.is_some_and(|item| string(&item, "write_id").is_ok_and(|id| id == write_id)))
            }
            Try::Contended(code) => Err(Unavailable::new(SERVICE, code)),
        }
    }

    /// Reads a run.
    pub(super) async fn read_run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(key(execution)));
        let found = call.consistent_read(true).send().await.map_err(|error| unavailable(&error))?;
        found.item.map(|item| from_json(&item, "record")).transpose()
    }
}

fn key(execution: &ExecutionArn) -> Attributes {
    HashMap::from([
        ("id".to_owned(), AttributeValue::S(format!("run#{execution}"))),
        ("item".to_owned(), AttributeValue::S(RUN.to_owned())),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;
    use super::*;
    use crate::approval::place::Platform;
    use crate::approval::run::Starter;
    use crate::approval::sample::after;
    use crate::aws::wire::{Answer, refusal};
    use crate::ports::Store;

    const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1";

    fn run() -> Run {
        let starter = Starter { platform: Platform::Slack, conversation: "C1".to_owned(), user: "U1".to_owned() };
        Run::new(ExecutionArn::parse(EXECUTION).unwrap(), starter, after(0))
    }

    fn refused(write_id: &str) -> Answer {
        let (status, mut body) = refusal(400, "ConditionalCheckFailedException");
        body["Item"] = json!({ "write_id": { "S": write_id } });
        (status, body)
    }

    #[tokio::test]
    async fn a_run_is_an_item_of_its_own_that_goes_by_itself() {
        let (service, store) = table([(200, json!({})), refused("of another")]).await;
        store.record_run(&run()).await.unwrap();
        store.record_run(&run()).await.unwrap();
        let put = &service.asked()[0];
        assert_eq!(put["Item"]["id"]["S"], format!("run#{EXECUTION}"));
        assert_eq!(put["ConditionExpression"], "attribute_not_exists(#id)");
        let expires: i64 = put["Item"]["expires"]["N"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires, after(90 * 24 * 3_600).as_second());
        for index in ["due_shard", "execution", "waiting", "requester"] {
            assert_eq!(put["Item"][index], Value::Null, "it is in no index of the approvals");
        }
    }

    #[tokio::test]
    async fn a_change_counts_up_and_loses_against_another() {
        let (service, store) = table([(200, json!({})), refused("of another")]).await;
        assert_eq!(store.save_run(run()).await.unwrap().unwrap().version, 1);
        assert_eq!(store.save_run(run()).await.unwrap(), None);
        let put = &service.asked()[0];
        assert_eq!(
            (&put["ConditionExpression"], &put["Item"]["version"]["N"]),
            (&json!("#version = :read"), &json!("1"))
        );
        assert_eq!(put["ExpressionAttributeValues"][":read"]["N"], "0");
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_read_is_named_and_not_quoted() {
        let (_service, store) =
            table([(200, json!({})), (200, json!({ "Item": { "record": { "S": "C0SECRET" } } }))]).await;
        let execution = run().execution;
        assert_eq!(store.run(&execution).await.unwrap(), None);
        let error = store.run(&execution).await.unwrap_err().to_string();
        assert!(error.contains("the item's record is not what") && !error.contains("SECRET"), "{error}");
    }
}
