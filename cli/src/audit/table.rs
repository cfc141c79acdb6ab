//! The items of one approval, asked for without the task token.

use countersign_bot::approval::audit::{Entry, Hash, Head};
use countersign_bot::approval::ids::ApprovalId;
use serde::Deserialize;
use serde_json::json;

use crate::aws::{Aws, Refused};

/// The range key of the record.
const RECORD: &str = "approval";

/// What the table has of an audit trail.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The entries in the order of their keys, up to one that cannot be read.
    pub(crate) entries: Vec<Entry>,
    /// The range key of the first item that cannot be read.
    pub(crate) unreadable: Option<String>,
    /// What the record knows of the end of the trail; none without a record.
    pub(crate) head: Option<Head>,
    /// How many attempts did not count.
    pub(crate) refused: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    items: Vec<Item>,
}

/// An item in the JSON of DynamoDB.
#[derive(Deserialize)]
struct Item {
    item: Text,
    entry: Option<Text>,
    audit_count: Option<Number>,
    audit_hash: Option<Text>,
    refused: Option<Number>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    value: String,
}

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "N")]
    value: String,
}

impl Trail {
    /// Asks for the record, as far as it tells of the trail, and for the entries.
    pub(crate) async fn read(aws: &Aws, table: &str, id: &ApprovalId) -> Result<Self, Refused> {
        let names = json!({ "#item": "item" }).to_string();
        let values = json!({ ":id": { "S": id } }).to_string();
        // The command line asks for all pages.
        let call = [
            "dynamodb",
            "query",
            "--table-name",
            table,
            "--consistent-read",
            "--key-condition-expression",
            "id = :id",
            "--projection-expression",
            "#item, entry, audit_count, audit_hash, refused",
            "--expression-attribute-names",
            &names,
            "--expression-attribute-values",
            &values,
        ];
        let Answer { mut items } = aws.ask(&call).await?;
        if items.is_empty() {
            return Err(Refused(format!("the table {table} knows nothing of {id}")));
        }
        items.sort_by(|a, b| a.item.value.cmp(&b.item.value));
        let mut trail = Self { entries: Vec::new(), unreadable: None, head: None, refused: 0 };
        for item in items {
            if !trail.take(id, &item) {
                trail.unreadable = Some(item.item.value);
                break;
            }
        }
        Ok(trail)
    }

    /// Takes an item in, and says whether it could be read.
    fn take(&mut self, id: &ApprovalId, item: &Item) -> bool {
        if item.item.value != RECORD {
            let entry = item.entry.as_ref().and_then(|entry| serde_json::from_str(&entry.value).ok());
            let is_read = entry.is_some();
            self.entries.extend(entry);
            return is_read;
        }
        let number = |number: &Option<Number>| number.as_ref().and_then(|number| number.value.parse().ok());
        self.refused = number(&item.refused).unwrap_or_default();
        self.head = match &item.audit_hash {
            // A record that was written before there were trails.
            None => Some(Head::genesis(id)),
            Some(hash) => {
                Hash::parse(&hash.value).zip(number(&item.audit_count)).map(|(hash, count)| Head { count, hash })
            }
        };
        self.head.is_some()
    }
}
