//! The items of one approval, asked for without the task token.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use countersign_bot::approval::audit::{Entry, Hash, Head};
use countersign_bot::approval::ids::ApprovalId;

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

/// An item as far as it was asked for.
struct Item(HashMap<String, AttributeValue>);

impl Item {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    fn key(&self) -> &str {
        self.text("item").unwrap_or_default()
    }
}

impl Trail {
    /// Asks for the record, as far as it tells of the trail, and for the entries. There is none if the table knows
    /// nothing of the approval.
    pub(crate) async fn read(aws: &Aws, table: &str, id: &ApprovalId) -> Result<Option<Self>, Refused> {
        let query = Client::new(aws.config())
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("id = :id")
            .projection_expression("#item, entry, audit_count, audit_hash, refused")
            .expression_attribute_names("#item", "item")
            .expression_attribute_values(":id", AttributeValue::S(id.to_string()));
        let items: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
        let items = items.map_err(|error| Refused::because("Query", error))?;
        if items.is_empty() {
            return Ok(None);
        }
        let mut items: Vec<Item> = items.into_iter().map(Item).collect();
        items.sort_by(|a, b| a.key().cmp(b.key()));
        let mut trail = Self { entries: Vec::new(), unreadable: None, head: None, refused: 0 };
        for item in items {
            if !trail.take(id, &item) {
                trail.unreadable = Some(item.key().to_owned());
                break;
            }
        }
        Ok(Some(trail))
    }

    /// Takes an item in, and says whether it could be read.
    fn take(&mut self, id: &ApprovalId, item: &Item) -> bool {
        if item.key() != RECORD {
            let entry = item.text("entry").and_then(|entry| serde_json::from_str(entry).ok());
            let is_read = entry.is_some();
            self.entries.extend(entry);
            return is_read;
        }
        self.refused = item.number("refused").unwrap_or_default();
        self.head = match item.text("audit_hash") {
            // A record that was written before there were trails.
            None => Some(Head::genesis(id)),
            Some(hash) => Hash::parse(hash).zip(item.number("audit_count")).map(|(hash, count)| Head { count, hash }),
        };
        self.head.is_some()
    }
}
