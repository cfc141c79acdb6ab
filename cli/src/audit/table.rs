//! The items of one approval, asked for without the task token.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use countersign_bot::approval::audit::{Entry, Hash, Head, verify};
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::messages::escape::one_line;

use crate::aws::Refused;

/// The range key of the record.
pub(super) const RECORD: &str = "approval";
/// What the range keys of the entries begin with.
pub(super) const AUDIT: &str = "audit#";
/// The range key of the first entry, which says what was asked.
pub(super) const FIRST: &str = "audit#000001";

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
pub(super) struct Item(pub(super) HashMap<String, AttributeValue>);

impl Item {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(super) fn number<N: FromStr>(&self, name: &str) -> Option<N> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    /// The entry of the trail that this is, if it is one.
    pub(super) fn entry(&self) -> Option<Entry> {
        serde_json::from_str(self.text("entry")?).ok()
    }

    /// Its range key.
    pub(super) fn key(&self) -> &str {
        self.text("item").unwrap_or_default()
    }
}

impl Trail {
    /// Asks for the record, as far as it tells of the trail, and for the entries. There is none if the table knows
    /// nothing of the approval.
    pub(crate) async fn read(client: &Client, table: &str, id: &ApprovalId) -> Result<Option<Self>, Refused> {
        let query = client
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

    /// The end of the entries that are there.
    pub(super) fn end(&self, id: &ApprovalId) -> Head {
        self.entries.last().map_or_else(|| Head::genesis(id), Entry::head)
    }

    /// What is wrong with it, measured by this end.
    pub(super) fn broken(&self, id: &ApprovalId, head: &Head) -> Option<String> {
        match &self.unreadable {
            // Whoever may write to the table names its items.
            Some(item) => Some(format!("the item {} is not what this version writes", one_line(item))),
            None => verify(id, &self.entries, head).err().map(|broken| broken.to_string()),
        }
    }

    /// Takes an item in, and says whether it could be read.
    fn take(&mut self, id: &ApprovalId, item: &Item) -> bool {
        if item.key() != RECORD {
            let entry = item.entry();
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
