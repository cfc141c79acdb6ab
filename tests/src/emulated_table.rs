//! A table of DynamoDB in memory, as far as the store of the bot speaks to it, for the benchmarks: the emulators that the
//! tests use look at every item to answer a query, and so would their cost be measured and not ours.
//!
//! It has the conditions that the store knows, the indexes that a tick looks at, in their order, and the versions of the
//! policy. What it does not know it answers with an error, which fails the benchmark.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The items, and what the indexes make of them.
#[derive(Debug, Default)]
pub struct EmulatedTable {
    /// By hash key and range key.
    items: BTreeMap<(String, String), Value>,
    /// Shard, time and hash key of what is to be looked at.
    due: BTreeSet<(i64, i64, String)>,
    /// Execution and hash key.
    executions: BTreeSet<(String, String)>,
    /// How many keys queries have returned.
    keys_read: usize,
}

impl EmulatedTable {
    /// Answers an operation, or refuses it with the code of DynamoDB.
    pub fn answer(&mut self, operation: &str, asked: &Value) -> Result<Value, &'static str> {
        match operation {
            "GetItem" => Ok(self.get_item(asked)),
            "BatchGetItem" => Ok(self.batch_get_item(asked)),
            "PutItem" => self.put_all(&[asked], "ConditionalCheckFailedException"),
            "TransactWriteItems" => {
                let items = asked["TransactItems"].as_array().ok_or("ValidationException")?;
                let puts: Vec<&Value> = items.iter().map(|item| &item["Put"]).collect();
                self.put_all(&puts, "TransactionCanceledException")
            }
            "Query" => self.query(asked),
            _ => Err("UnknownOperationException"),
        }
    }

    /// The approval of this id, as an item.
    pub fn approval(&self, id: &str) -> Option<&Value> {
        self.items.get(&(id.to_owned(), "approval".to_owned()))
    }

    /// How many keys queries have returned so far.
    pub fn keys_read(&self) -> usize {
        self.keys_read
    }

    /// Puts an item without a condition.
    pub fn put(&mut self, item: Value) {
        let Some(key) = key(&item) else { return };
        if let Some(before) = self.items.insert(key.clone(), item.clone()) {
            self.index(&key.0, &before, false);
        }
        self.index(&key.0, &item, true);
    }

    fn get_item(&self, asked: &Value) -> Value {
        let item = key(&asked["Key"]).and_then(|key| self.items.get(&key));
        item.map_or_else(|| json!({}), |item| json!({ "Item": item }))
    }

    /// The items of one table that are there.
    fn batch_get_item(&self, asked: &Value) -> Value {
        let tables = asked["RequestItems"].as_object().into_iter().flatten();
        let found = tables.map(|(table, wanted)| {
            let keys = wanted["Keys"].as_array().into_iter().flatten().filter_map(key);
            (table.clone(), keys.filter_map(|key| self.items.get(&key)).cloned().collect())
        });
        json!({ "Responses": found.collect::<serde_json::Map<String, Value>>() })
    }

    /// All or nothing, with the code for a condition that does not hold.
    fn put_all(&mut self, puts: &[&Value], refused: &'static str) -> Result<Value, &'static str> {
        for put in puts {
            if !self.holds(put)? {
                return Err(refused);
            }
        }
        for put in puts {
            self.put(put["Item"].clone());
        }
        Ok(json!({}))
    }

    /// The conditions that the store knows: the item is new, it has the version that was read, or one below.
    fn holds(&self, put: &Value) -> Result<bool, &'static str> {
        let there = key(&put["Item"]).and_then(|key| self.items.get(&key));
        let values = &put["ExpressionAttributeValues"];
        match put["ConditionExpression"].as_str() {
            Some("attribute_not_exists(#id)") => Ok(there.is_none()),
            Some("#version = :read") => Ok(there.is_some_and(|there| there["version"] == values[":read"])),
            Some("attribute_not_exists(#id) OR #version < :its") => {
                let its = integer(&values[":its"]).ok_or("ValidationException")?;
                Ok(there.is_none_or(|there| integer(&there["version"]).is_some_and(|version| version < its)))
            }
            _ => Err("ValidationException"),
        }
    }

    fn query(&mut self, asked: &Value) -> Result<Value, &'static str> {
        let values = &asked["ExpressionAttributeValues"];
        let limit = asked["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let keys: Vec<Value> = match asked["IndexName"].as_str() {
            Some("due") => {
                let shard = integer(&values[":shard"]).ok_or("ValidationException")?;
                let now = integer(&values[":now"]).ok_or("ValidationException")?;
                let from = (shard, i64::MIN, String::new());
                let found = self.due.range(from..).take_while(|(its, at, _)| *its == shard && *at <= now).take(limit);
                found.map(|(shard, at, id)| due_key(*shard, *at, id)).collect()
            }
            Some("executions") => {
                let execution = values[":execution"]["S"].as_str().ok_or("ValidationException")?;
                let from = (execution.to_owned(), String::new());
                let found = self.executions.range(from..).take_while(|(its, _)| its == execution);
                let items = found.filter_map(|(_, id)| self.approval(id));
                items
                    .map(|item| json!({ "id": item["id"], "item": item["item"], "raised_at": item["raised_at"] }))
                    .collect()
            }
            // The versions of the policy, the newest first, of which whoever starts reads one.
            None if asked["ScanIndexForward"] == false => {
                let [id, version] = [":id", ":version"].map(|name| values[name]["S"].as_str().map(str::to_owned));
                let (id, version) = id.zip(version).ok_or("ValidationException")?;
                // Behind every number.
                let end = (id.clone(), format!("{version}~"));
                self.items.range((id, version)..end).rev().take(limit).map(|(_, item)| item.clone()).collect()
            }
            _ => return Err("ValidationException"),
        };
        self.keys_read += keys.len();
        Ok(json!({ "Count": keys.len(), "Items": keys }))
    }

    /// Takes an item into the indexes, or out of them. An index has only the items with both of its keys.
    fn index(&mut self, id: &str, item: &Value, is_in: bool) {
        if let Some((shard, at)) = integer(&item["due_shard"]).zip(integer(&item["due_at"])) {
            let entry = (shard, at, id.to_owned());
            let _ = if is_in { self.due.insert(entry) } else { self.due.remove(&entry) };
        }
        if let Some(execution) = item["execution"]["S"].as_str() {
            let entry = (execution.to_owned(), id.to_owned());
            let _ = if is_in { self.executions.insert(entry) } else { self.executions.remove(&entry) };
        }
    }
}

fn due_key(shard: i64, at: i64, id: &str) -> Value {
    let number = |number: i64| json!({ "N": number.to_string() });
    json!({ "id": { "S": id }, "item": { "S": "approval" }, "due_shard": number(shard), "due_at": number(at) })
}

fn key(item: &Value) -> Option<(String, String)> {
    let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
    text("id").zip(text("item"))
}

fn integer(value: &Value) -> Option<i64> {
    value["N"].as_str()?.parse().ok()
}
