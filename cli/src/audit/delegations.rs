//! Who has let whom stand in for them: each item that somebody's word has left in the table, also those that have ended.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use countersign_bot::approval::delegation::Delegation;
use countersign_bot::approval::ids::PersonId;
use serde::Serialize;

use super::line;
use crate::aws::{Aws, Refused};
use crate::stack::Stack;

/// What people have said, in the order in which they did.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Delegations {
    delegations: Vec<Delegation>,
}

impl Delegations {
    /// Reads what these people have said of who stands in for them.
    pub(super) async fn read(aws: &Aws, stack: &str, people: &[PersonId]) -> Result<Self, Refused> {
        let stack = Stack::describe(aws, stack).await?;
        let (table, client) = (stack.output("TableName")?, Client::new(aws.config()));
        let mut delegations = Vec::new();
        for person in people {
            delegations.extend(said_by(&client, table, person).await?);
        }
        delegations.sort_by(|a, b| (a.said_at, &a.absent, a.number).cmp(&(b.said_at, &b.absent, b.number)));
        delegations.dedup();
        Ok(Self { delegations })
    }

    /// A line for each.
    pub(super) fn text(&self) -> String {
        if self.delegations.is_empty() {
            return "nobody of them has said that somebody stands in for them".to_owned();
        }
        self.delegations.iter().map(said).collect::<Vec<_>>().join("\n")
    }
}

async fn said_by(client: &Client, table: &str, person: &PersonId) -> Result<Vec<Delegation>, Refused> {
    let query = client
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("id = :id AND begins_with(#item, :said)")
        .projection_expression("#item, #record")
        .expression_attribute_names("#item", "item")
        .expression_attribute_names("#record", "record")
        .expression_attribute_values(":id", AttributeValue::S(format!("delegation#{person}")))
        .expression_attribute_values(":said", AttributeValue::S("said#".to_owned()));
    let items: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
    let items = items.map_err(|error| Refused::because("Query", error))?;
    let read = |item: &std::collections::HashMap<String, AttributeValue>| {
        let record = item.get("record").and_then(|record| record.as_s().ok());
        record.and_then(|record| serde_json::from_str(record).ok()).ok_or_else(|| {
            let key = item.get("item").and_then(|key| key.as_s().ok()).map_or("", String::as_str);
            Refused(format!("the item {key} of {person} is not what this version writes"))
        })
    };
    items.iter().map(read).collect()
}

/// What somebody said, when and where.
fn said(delegation: &Delegation) -> String {
    let Delegation { absent, delegate, until, said_at, platform, number: _, terms, pace: _ } = delegation;
    let what = match delegate {
        Some(delegate) => {
            let policies = terms.iter().flat_map(|terms| &terms.policies).map(String::as_str).collect::<Vec<_>>();
            let under = if policies.is_empty() { String::new() } else { format!(" under {}", policies.join(", ")) };
            format!("let {delegate} stand in until {until}{under}")
        }
        None => "came back, and nobody stands in any more".to_owned(),
    };
    line::columns(*said_at, absent.as_str(), &format!("{what} {}", platform.as_place()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use countersign_bot::approval::place::Platform;
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::fake::{self, Account};

    fn delegation(absent: &str, number: u32, delegate: Option<&str>) -> Delegation {
        let id = |key: &str| PersonId::parse(key).unwrap();
        Delegation {
            absent: id(absent),
            delegate: delegate.map(id),
            until: "2026-12-05T00:00:00Z".parse().unwrap(),
            said_at: format!("2026-11-23T10:00:0{number}Z").parse().unwrap(),
            platform: Platform::Slack,
            number,
            terms: None,
            pace: None,
        }
    }

    /// The items of a person in the JSON of DynamoDB: all of them, and the newest once more.
    fn items(delegations: &[Delegation]) -> (String, Vec<Value>) {
        let item = |key: String, delegation: &Delegation| {
            let record = serde_json::to_string(delegation).unwrap();
            json!({ "item": { "S": key }, "record": { "S": record } })
        };
        let said = delegations.iter().map(|delegation| item(format!("said#{}", delegation.said_at), delegation));
        let newest = delegations.last().map(|newest| item("current".to_owned(), newest));
        (format!("delegation#{}", delegations[0].absent), said.chain(newest).collect())
    }

    async fn read(partitions: Vec<(String, Vec<Value>)>, people: &[&str]) -> Result<Delegations, Refused> {
        let outputs = vec![("TableName".to_owned(), "approvals-table".to_owned())];
        let aws = fake::serve(Account {
            stacks: [("approvals".to_owned(), ("UPDATE_COMPLETE".to_owned(), outputs))].into(),
            tables: Mutex::new([("approvals-table".to_owned(), partitions.into_iter().collect())].into()),
            ..Account::default()
        });
        let people: Vec<PersonId> = people.iter().map(|key| PersonId::parse(key).unwrap()).collect();
        Delegations::read(&aws.await, "approvals", &people).await
    }

    #[tokio::test]
    async fn who_stood_in_for_whom_is_told_in_the_order_in_which_it_was_said() {
        let adas = [delegation("ada", 1, Some("grace")), delegation("ada", 3, None)];
        let graces = [delegation("grace", 2, Some("linus"))];
        let found = read(vec![items(&adas), items(&graces)], &["grace", "ada", "eve"]).await.unwrap();
        assert_eq!(
            found.text().lines().collect::<Vec<_>>(),
            [
                "2026-11-23T10:00:01Z     ada                          let grace stand in until 2026-12-05T00:00:00Z in \
                 Slack",
                "2026-11-23T10:00:02Z     grace                        let linus stand in until 2026-12-05T00:00:00Z in \
                 Slack",
                "2026-11-23T10:00:03Z     ada                          came back, and nobody stands in any more in Slack",
            ]
        );
        let all = json!({ "delegations": [adas[0], graces[0], adas[1]] });
        assert_eq!(serde_json::to_value(&found).unwrap(), all);
    }

    #[tokio::test]
    async fn who_has_said_nothing_has_nothing_to_be_told_of() {
        let found = read(Vec::new(), &["ada"]).await.unwrap();
        assert_eq!(found.text(), "nobody of them has said that somebody stands in for them");
    }

    #[tokio::test]
    async fn an_item_that_cannot_be_read_is_named() {
        let (id, mut adas) = items(&[delegation("ada", 1, Some("grace"))]);
        adas[0]["record"]["S"] = json!("{}");
        let Refused(why) = read(vec![(id, adas)], &["ada"]).await.unwrap_err();
        assert_eq!(why, "the item said#2026-11-23T10:00:01Z of ada is not what this version writes");
    }
}
