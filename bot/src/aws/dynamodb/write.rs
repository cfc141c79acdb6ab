//! Writing: a record by itself, or with entries of its audit trail in one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put as PutOperation, ReturnValuesOnConditionCheckFailure as OnFailure,
    TransactWriteItem,
};

use super::item::{Attributes, Item};
use super::{DynamoDbStore, SERVICE, unavailable};
use crate::approval::audit::JOURNAL_MAX;
use crate::approval::record::Approval;
use crate::net::deadline::Unavailable;

/// While a transaction writes an item, DynamoDB turns others away at once. They are through within milliseconds.
const CONTENDED_TRIES: u32 = 4;
const CONTENDED_PAUSE_MS: u64 = 25;

/// What a write needs to find.
#[derive(Clone, Copy)]
pub(super) enum Condition {
    /// That there is no record yet.
    New,
    /// That the record is at this version.
    At(u64),
    /// That there is none yet, or one below this version.
    Below(u64),
}

/// What became of a write.
pub(super) enum Put {
    /// The record is as it was to be.
    Done,
    /// The condition does not hold; this is the record.
    Refused(Item),
}

/// What became of one try.
pub(super) enum Try {
    Done,
    Refused(Option<Attributes>),
    /// Nothing was written, because another write of this item was under way or there were too many.
    Contended(String),
}

impl DynamoDbStore {
    /// Writes the record and what is in its journal if the condition holds. Without entries it is a plain put, which
    /// costs half as much.
    pub(super) async fn write(&self, approval: &Approval, condition: Condition) -> Result<Put, Unavailable> {
        if approval.journal.len() > JOURNAL_MAX {
            return Err(Unavailable::new(SERVICE, "there are too many entries of the audit trail in one change"));
        }
        let item = Item::new(approval, self.kept)?;
        let write_id = item.write_id.clone();
        let record = self.put_of(item.into_attributes(), condition)?;
        let entries = Item::journal(approval, self.kept)?;
        let entries = entries.into_iter().map(|entry| self.put_of(entry, Condition::New));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let mut contention = String::new();
        for tries in 0..CONTENDED_TRIES {
            if tries > 0 {
                let pause = fastrand::u64(CONTENDED_PAUSE_MS..2 * CONTENDED_PAUSE_MS) << tries;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            let tried = match entries.as_slice() {
                [] => self.put(record.clone()).await?,
                entries => self.transact(record.clone(), entries, format!("{write_id}-{tries}")).await?,
            };
            match tried {
                Try::Done => return Ok(Put::Done),
                Try::Refused(None) => return Err(Unavailable::new(SERVICE, "the approval is not on record")),
                Try::Refused(Some(theirs)) => {
                    let theirs = Item::read(theirs)?;
                    // An earlier try of this very write took effect, and its answer was lost.
                    return Ok(if theirs.write_id == write_id { Put::Done } else { Put::Refused(theirs) });
                }
                Try::Contended(code) => contention = code,
            }
        }
        Err(Unavailable::new(SERVICE, contention))
    }

    pub(super) fn put_of(&self, item: Attributes, condition: Condition) -> Result<PutOperation, Unavailable> {
        let put = PutOperation::builder().table_name(&self.table).set_item(Some(item));
        let put = put.return_values_on_condition_check_failure(OnFailure::AllOld);
        let put = match condition {
            Condition::New => {
                put.condition_expression("attribute_not_exists(#id)").expression_attribute_names("#id", "id")
            }
            Condition::At(version) => put
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", AttributeValue::N(version.to_string())),
            Condition::Below(version) => put
                .condition_expression("attribute_not_exists(#id) OR #version < :its")
                .expression_attribute_names("#id", "id")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":its", AttributeValue::N(version.to_string())),
        };
        put.build().map_err(|error| Unavailable::new(SERVICE, error))
    }

    pub(super) async fn put(&self, put: PutOperation) -> Result<Try, Unavailable> {
        let call = self.client.put_item().table_name(put.table_name).set_item(Some(put.item));
        let call = call.set_condition_expression(put.condition_expression);
        let call = call.set_expression_attribute_names(put.expression_attribute_names);
        let call = call.set_expression_attribute_values(put.expression_attribute_values);
        let call = call.set_return_values_on_condition_check_failure(put.return_values_on_condition_check_failure);
        match call.send().await {
            Ok(_) => Ok(Try::Done),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(refused) = refused.into_err() else {
                    return Err(Unavailable::new(SERVICE, "a conditional write was refused without a reason"));
                };
                Ok(Try::Refused(refused.item))
            }
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_transaction_conflict_exception) => {
                Ok(Try::Contended("TransactionConflictException".to_owned()))
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Puts all or nothing. With the token a try whose answer was lost is not made twice, however often the SDK sends
    /// it; a transaction that was cancelled needs another one, since its own stands for the cancellation.
    pub(super) async fn transact(
        &self,
        record: PutOperation,
        entries: &[PutOperation],
        token: String,
    ) -> Result<Try, Unavailable> {
        let puts = std::iter::once(record).chain(entries.iter().cloned());
        let items = puts.map(|put| TransactWriteItem::builder().put(put).build()).collect();
        let call = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        match call.send().await {
            Ok(_) => Ok(Try::Done),
            Err(SdkError::ServiceError(refused)) if refused.err().is_transaction_canceled_exception() => {
                let TransactWriteItemsError::TransactionCanceledException(cancelled) = refused.into_err() else {
                    return Err(Unavailable::new(SERVICE, "a transaction was cancelled without a reason"));
                };
                cancelled_for(cancelled.cancellation_reasons.unwrap_or_default())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// Reads the reasons of a cancellation, one for each item, the record first (DynamoDB API reference,
/// `TransactWriteItems`).
fn cancelled_for(reasons: Vec<CancellationReason>) -> Result<Try, Unavailable> {
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    let codes: Vec<String> = reasons.iter().map(code).collect();
    if codes.first().is_some_and(|code| code == "ConditionalCheckFailed") {
        let record = reasons.into_iter().next();
        return Ok(Try::Refused(record.and_then(|reason| reason.item)));
    }
    let passing = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    match codes.into_iter().find(|code| code != "None") {
        Some(code) if passing.contains(&code.as_str()) => Ok(Try::Contended(code)),
        Some(code) if code == "ConditionalCheckFailed" => {
            Err(Unavailable::new(SERVICE, "the audit trail has entries that the record does not know of"))
        }
        code => Err(Unavailable::new(SERVICE, code.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::super::tests::table;
    use super::*;
    use crate::approval::audit::What;
    use crate::approval::sample::{after, approval};
    use crate::approval::state::{Outcome, Status};
    use crate::aws::wire::{Answer, refusal};
    use crate::ports::{Kept, Raised, Saved, Store};

    /// A record with nothing left to write of its trail.
    fn recorded(version: u64) -> Approval {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.journal.clear();
        approval.version = version;
        approval
    }

    /// A change that has something to tell.
    fn told(version: u64) -> Approval {
        let mut approval = recorded(version);
        approval.log(What::GivenUp { reason: "nobody".to_owned() }, after(1));
        approval.log(What::Broadcast { events: Vec::new() }, after(2));
        approval
    }

    /// The item of this approval, in the JSON that DynamoDB speaks.
    fn wire_item(approval: &Approval) -> Value {
        let item = Item::new(approval, Kept::default()).unwrap().into_attributes();
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

    /// A transaction that was cancelled for these reasons; the record is the first item.
    fn cancelled(reasons: &[&str], record: Option<&Approval>) -> Answer {
        let (status, mut body) = refusal(400, "TransactionCanceledException");
        let reason = |(index, code): (usize, &&str)| match record.filter(|_| index == 0) {
            Some(record) => json!({ "Code": code, "Item": wire_item(record) }),
            None => json!({ "Code": code }),
        };
        body["CancellationReasons"] = reasons.iter().enumerate().map(reason).collect();
        (status, body)
    }

    #[tokio::test]
    async fn a_change_with_nothing_to_tell_is_one_put_on_the_version_that_was_read() {
        let (service, store) = table([(200, json!({}))]).await;
        let Saved::Done(saved) = store.save(recorded(6)).await.unwrap() else { panic!("nobody else was there") };
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
    async fn a_change_and_what_it_tells_are_one_transaction() {
        let (service, store) = table([(200, json!({}))]).await;
        let change = told(6);
        let Saved::Done(saved) = store.save(change.clone()).await.unwrap() else { panic!("nobody else was there") };
        assert!(saved.journal.is_empty() && saved.audit == change.audit);
        let asked = &service.asked()[0];
        let puts: Vec<&Value> = asked["TransactItems"].as_array().unwrap().iter().map(|item| &item["Put"]).collect();
        assert_eq!(puts.len(), 3);
        assert_eq!(puts[0]["ConditionExpression"], "#version = :read");
        assert_eq!(puts[0]["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
        assert_eq!(puts[0]["Item"]["audit_count"]["N"], "3");
        assert_eq!(puts[0]["Item"]["audit_hash"]["S"], change.audit.hash.to_string());
        let keys: Vec<&Value> = puts[1..].iter().map(|put| &put["Item"]["item"]["S"]).collect();
        assert_eq!(keys, ["audit#000002", "audit#000003"]);
        for (put, entry) in puts[1..].iter().zip(&change.journal) {
            assert_eq!(put["ConditionExpression"], "attribute_not_exists(#id)");
            assert_eq!(put["Item"]["id"]["S"], change.id.as_str());
            let text = put["Item"]["entry"]["S"].as_str().unwrap();
            assert_eq!(serde_json::from_str::<crate::approval::audit::Entry>(text).unwrap(), *entry);
            let expires = |put: &Value| put["Item"]["expires"]["N"].as_str().unwrap().parse::<i64>().unwrap();
            assert!(expires(put) > expires(puts[0]), "no entry goes before the record that counts it");
        }
        assert!((1..=36).contains(&asked["ClientRequestToken"].as_str().unwrap().len()));
    }

    #[tokio::test]
    async fn whoever_is_second_gets_the_record_of_the_first() {
        let mut theirs = recorded(1);
        theirs.resolve(Outcome::Expired, after(600));
        let refused = |item: Value| {
            let (status, mut body) = refusal(400, "ConditionalCheckFailedException");
            body["Item"] = item;
            (status, body)
        };
        let failed = ["ConditionalCheckFailed", "ConditionalCheckFailed", "None"];
        let answers =
            [refused(wire_item(&theirs)), cancelled(&failed, Some(&theirs)), cancelled(&failed[..2], Some(&theirs))];
        let (_service, store) = table(answers).await;
        for ours in [recorded(0), told(0)] {
            let Saved::Conflict(record) = store.save(ours).await.unwrap() else { panic!("they were first") };
            assert_eq!((record.state, record.version, record.audit), (theirs.state.clone(), 1, theirs.audit));
        }
        let Raised::Existing(record) = store.raise(approval("")).await.unwrap() else { panic!("it was there") };
        assert_eq!(record.state, theirs.state);
    }

    #[tokio::test]
    async fn a_transaction_that_met_another_is_made_again_as_another() {
        let (service, store) = table([
            cancelled(&["TransactionConflict", "None", "None"], None),
            cancelled(&["None", "ThrottlingError", "None"], None),
            (200, json!({})),
        ])
        .await;
        assert!(matches!(store.save(told(3)).await, Ok(Saved::Done(_))));
        let asked = service.asked();
        let tokens: std::collections::BTreeSet<_> =
            asked.iter().map(|asked| asked["ClientRequestToken"].to_string()).collect();
        assert_eq!(tokens.len(), 3, "a token that was cancelled stands for that");
        assert!(asked.iter().all(|it| it["TransactItems"] == asked[0]["TransactItems"]), "and the change is the same");

        let (service, store) = table([refusal(400, "TransactionConflictException"), (200, json!({}))]).await;
        assert!(matches!(store.save(recorded(3)).await, Ok(Saved::Done(_))));
        assert_eq!(service.asked().len(), 2, "a plain put meets transactions as well");
    }

    #[tokio::test]
    async fn a_transaction_whose_answer_was_lost_is_sent_again_as_the_same() {
        let (service, store) = table([(500, json!({})), (200, json!({}))]).await;
        assert!(matches!(store.save(told(3)).await, Ok(Saved::Done(_))));
        let asked = service.asked();
        assert_eq!(asked[0], asked[1], "DynamoDB knows it by its token");
    }

    #[tokio::test]
    async fn the_write_that_ends_an_approval_is_told_once_and_no_other_is() {
        static ENDS: Mutex<Vec<Status>> = Mutex::new(Vec::new());
        let mut ending = recorded(0);
        ending.resolve(Outcome::Expired, after(600));
        let conflict = cancelled(&["ConditionalCheckFailed", "None"], Some(&recorded(1)));
        let (_service, store) = table([conflict, (500, json!({})), (200, json!({})), (200, json!({}))]).await;
        let store = store.telling(|approval| ENDS.lock().unwrap().push(approval.status()));
        assert!(matches!(store.save(ending.clone()).await, Ok(Saved::Conflict(_))));
        assert_eq!(*ENDS.lock().unwrap(), [], "somebody else was first");
        let Ok(Saved::Done(mut ended)) = store.save(ending).await else { panic!("nobody else was there") };
        ended.log(What::Broadcast { events: Vec::new() }, after(601));
        assert!(matches!(store.save(*ended).await, Ok(Saved::Done(_))));
        assert_eq!(*ENDS.lock().unwrap(), [Status::Expired], "though its first answer was lost");
    }

    #[tokio::test]
    async fn a_transaction_that_cannot_be_made_is_unavailable_and_says_why() {
        let busy = || cancelled(&["TransactionConflict", "None", "None"], None);
        let cases = [
            (vec![busy(), busy(), busy(), busy()], "DynamoDB is unavailable: TransactionConflict"),
            (vec![cancelled(&["None", "ValidationError", "None"], None)], "DynamoDB is unavailable: ValidationError"),
            (
                vec![cancelled(&["None", "ConditionalCheckFailed", "None"], None)],
                "DynamoDB is unavailable: the audit trail has entries that the record does not know of",
            ),
            (
                vec![cancelled(&["ConditionalCheckFailed", "None", "None"], None)],
                "DynamoDB is unavailable: the approval is not on record",
            ),
            (vec![refusal(400, "AccessDeniedException")], "DynamoDB is unavailable: AccessDeniedException"),
        ];
        for (answers, expected) in cases {
            let count = answers.len();
            let (service, store) = table(answers).await;
            assert_eq!(store.save(told(3)).await.unwrap_err().to_string(), expected);
            assert_eq!(service.asked().len(), count);
        }
    }
}
