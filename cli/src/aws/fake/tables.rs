//! DynamoDB, as far as this program asks it: items by their keys, pages of a partition, and all or nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Refusal;

/// A page of a query has no more items than this, so that a trail takes several.
const PAGE: usize = 3;

/// The items of the tables, by their partition keys.
pub(crate) type Tables = BTreeMap<String, BTreeMap<String, Vec<Value>>>;

/// The item of a key.
pub(super) fn get_item(tables: &Tables, call: &Value) -> Result<Value, Refusal> {
    let items = partition(tables, &call["TableName"], &call["Key"])?;
    let found = items.iter().find(|item| item["item"] == call["Key"]["item"]);
    Ok(found.map_or_else(|| json!({}), |item| json!({ "Item": item })))
}

/// Puts all items or none.
pub(super) fn transact_write_items(tables: &mut Tables, call: &Value) -> Result<Value, Refusal> {
    let puts: Vec<&Value> = call["TransactItems"].as_array().into_iter().flatten().map(|item| &item["Put"]).collect();
    let mut reasons = Vec::new();
    for put in &puts {
        let items = partition(tables, &put["TableName"], &put["Item"])?;
        let there = items.iter().find(|item| item["item"] == put["Item"]["item"]);
        let holds = match put["ConditionExpression"].as_str() {
            Some("attribute_not_exists(#id)") => there.is_none(),
            Some("#version = :read") => {
                there.is_some_and(|there| there["version"] == put["ExpressionAttributeValues"][":read"])
            }
            other => panic!("this program has no business with {other:?}"),
        };
        reasons.push(if holds {
            json!({ "Code": "None" })
        } else {
            json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": there })
        });
    }
    if reasons.iter().any(|reason| reason["Code"] != "None") {
        let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
        let refusal = Refusal::bad("TransactionCanceledException", message);
        return Err(refusal.with("CancellationReasons", json!(reasons)));
    }
    for put in puts {
        let (table, item) = (put["TableName"].as_str().unwrap_or_default(), put["Item"].clone());
        let id = item["id"]["S"].as_str().unwrap_or_default().to_owned();
        let items = tables.entry(table.to_owned()).or_default().entry(id).or_default();
        items.retain(|other| other["item"] != item["item"]);
        items.push(item);
    }
    Ok(json!({}))
}

/// The keys of what an index has; it is read to its end at once.
fn of_index(tables: &Tables, call: &Value) -> Result<Value, Refusal> {
    assert_eq!(
        (&call["IndexName"], &call["KeyConditionExpression"]),
        (&json!("executions"), &json!("execution = :execution"))
    );
    let table = tables.get(call["TableName"].as_str().unwrap_or_default());
    let table = table.ok_or_else(|| Refusal::bad("ResourceNotFoundException", "Requested resource not found"))?;
    let execution = &call["ExpressionAttributeValues"][":execution"];
    let items: Vec<&Value> = table.values().flatten().filter(|item| item["execution"] == *execution).collect();
    Ok(json!({ "Count": items.len(), "Items": items }))
}

/// One page of a query by the partition key, in the order of the range key or backwards.
pub(super) fn query(tables: &Tables, call: &Value) -> Result<Value, Refusal> {
    if !call["IndexName"].is_null() {
        return of_index(tables, call);
    }
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let fields: Vec<&str> = text("/ProjectionExpression").split(',').map(str::trim).collect();
    if fields.contains(&"item") || (fields.contains(&"#item") && text("/ExpressionAttributeNames/#item").is_empty()) {
        return Err(Refusal::bad("ValidationException", "Invalid ProjectionExpression: item"));
    }
    let prefix = match text("/KeyConditionExpression") {
        "id = :id" => "",
        "id = :id AND begins_with(#item, :version)" => text("/ExpressionAttributeValues/:version/S"),
        "id = :id AND begins_with(#item, :said)" => text("/ExpressionAttributeValues/:said/S"),
        _ => return Err(Refusal::bad("ValidationException", "Query condition missed key schema element: id")),
    };
    let id = text("/ExpressionAttributeValues/:id/S");
    let mut items = partition(tables, &call["TableName"], &json!({ "id": { "S": id } }))?;
    let key = |item: &Value| item["item"]["S"].as_str().unwrap_or_default().to_owned();
    items.retain(|item| key(item).starts_with(prefix));
    items.sort_by_key(key);
    if call["ScanIndexForward"] == false {
        items.reverse();
    }
    let after = text("/ExclusiveStartKey/item/S");
    let seen = items.iter().position(|item| !after.is_empty() && key(item) == after).map_or(0, |at| at + 1);
    let limit = call["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let mut rest = items.into_iter().skip(seen);
    let page: Vec<Value> = rest.by_ref().take(PAGE.min(limit)).collect();
    let last =
        page.last().filter(|_| rest.next().is_some()).map(|last| json!({ "id": { "S": id }, "item": last["item"] }));
    let mut answer = json!({ "Count": page.len(), "Items": page });
    if let Some(last) = last {
        answer["LastEvaluatedKey"] = last;
    }
    Ok(answer)
}

/// One page of a table, of which a filter leaves some: as DynamoDB does, it may leave none of a page that is not the last.
pub(super) fn scan(tables: &Tables, call: &Value) -> Result<Value, Refusal> {
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let [prefix, record, audit] = match text("/FilterExpression") {
        "begins_with(id, :approval) AND (#item = :record OR begins_with(#item, :audit))" => {
            [":approval", ":record", ":audit"].map(|name| text(&format!("/ExpressionAttributeValues/{name}/S")))
        }
        other => panic!("this program has no business with {other}"),
    };
    if text("/ExpressionAttributeNames/#item") != "item" {
        return Err(Refusal::bad(
            "ValidationException",
            "An expression attribute name used in expression is not defined",
        ));
    }
    let table = tables.get(text("/TableName"));
    let table = table.ok_or_else(|| Refusal::bad("ResourceNotFoundException", "Requested resource not found"))?;
    let key = |item: &Value| item["item"]["S"].as_str().unwrap_or_default().to_owned();
    let mut items: Vec<(&str, Value)> = Vec::new();
    for (id, partition) in table {
        let mut partition = partition.clone();
        partition.sort_by_key(key);
        items.extend(partition.into_iter().map(|item| (id.as_str(), item)));
    }
    let after = (text("/ExclusiveStartKey/id/S"), text("/ExclusiveStartKey/item/S"));
    let seen = items.iter().position(|(id, item)| (*id, key(item).as_str()) == after).map_or(0, |at| at + 1);
    let page = &items[seen..items.len().min(seen + PAGE)];
    let is_asked_for = |item: &Value| key(item) == record || key(item).starts_with(audit);
    let found = page.iter().filter(|(id, item)| id.starts_with(prefix) && is_asked_for(item));
    let found: Vec<Value> = found
        .map(|(id, item)| {
            let mut item = item.clone();
            item["id"] = json!({ "S": id });
            item
        })
        .collect();
    let mut answer = json!({ "Count": found.len(), "ScannedCount": page.len(), "Items": found });
    if let Some((id, item)) = page.last().filter(|_| seen + PAGE < items.len()) {
        answer["LastEvaluatedKey"] = json!({ "id": { "S": id }, "item": item["item"] });
    }
    Ok(answer)
}

/// What a table has under a partition key.
fn partition(tables: &Tables, table: &Value, key: &Value) -> Result<Vec<Value>, Refusal> {
    let table = tables.get(table.as_str().unwrap_or_default());
    let table = table.ok_or_else(|| Refusal::bad("ResourceNotFoundException", "Requested resource not found"))?;
    Ok(table.get(key["id"]["S"].as_str().unwrap_or_default()).cloned().unwrap_or_default())
}
