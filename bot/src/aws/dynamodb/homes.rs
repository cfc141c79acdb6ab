//! The pages that people have opened in a chat: one item for each, which goes by itself when nobody has opened it for long.

use std::collections::HashMap;

use super::item::{Attributes, from_json, number, string, text, to_json};
use super::write::{Condition, Try};
use super::{DynamoDbStore, SERVICE};
use crate::approval::home::Home;
use crate::approval::ids::PersonId;
use crate::approval::place::Platform;
use crate::net::deadline::Unavailable;

/// What the partition of a person begins with.
const PARTITION: &str = "home#";

impl DynamoDbStore {
    /// Reads the pages that these people have opened on this platform, never stale.
    pub(super) async fn read_homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable> {
        let found = self.batch(people.iter().map(|person| key(person, platform)).collect()).await?;
        found.iter().map(|item| from_json(item, "record")).collect()
    }

    /// Writes the record of a page if it is still at the version that was read, and counts the version up.
    pub(super) async fn write_home(&self, mut home: Home) -> Result<Option<Home>, Unavailable> {
        let condition = match home.version {
            0 => Condition::New,
            read => Condition::At(read),
        };
        home.version += 1;
        let write_id = format!("{:032x}", fastrand::u128(..));
        let mut item = key(&home.person, home.platform);
        item.insert("version".to_owned(), number(home.version));
        item.insert("write_id".to_owned(), text(&write_id));
        item.insert("record".to_owned(), text(&to_json(&home)?));
        item.insert("expires".to_owned(), number(home.until.as_second()));
        let is_ours = |item: Attributes| string(&item, "write_id").is_ok_and(|id| id == write_id);
        match self.put(self.put_of(item, condition)?).await? {
            Try::Done => Ok(Some(home)),
            // An earlier try of this very write may have taken effect, with its answer lost.
            Try::Refused(theirs) => Ok(theirs.is_some_and(is_ours).then_some(home)),
            Try::Contended(code) => Err(Unavailable::new(SERVICE, code)),
        }
    }
}

fn key(person: &PersonId, platform: Platform) -> Attributes {
    HashMap::from([("id".to_owned(), text(&format!("{PARTITION}{person}"))), ("item".to_owned(), text(platform.key()))])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;
    use super::*;
    use crate::approval::sample::after;
    use crate::aws::wire::refusal;
    use crate::ports::Store;

    fn home() -> Home {
        Home::opened(None, PersonId::parse("ada").unwrap(), (Platform::Slack, "U1"), None, after(0))
    }

    #[tokio::test]
    async fn a_page_is_an_item_of_its_own_that_goes_by_itself() {
        let (service, store) = table([(200, json!({})), (200, json!({}))]).await;
        let first = store.save_home(home()).await.unwrap().unwrap();
        assert_eq!(store.save_home(first).await.unwrap().unwrap().version, 2);
        let [first, second] = [0, 1].map(|call| service.asked()[call].clone());
        assert_eq!((&first["Item"]["id"]["S"], &first["Item"]["item"]["S"]), (&json!("home#ada"), &json!("slack")));
        assert_eq!(first["ConditionExpression"], "attribute_not_exists(#id)");
        assert_eq!(second["ExpressionAttributeValues"][":read"]["N"], "1");
        let expires: i64 = first["Item"]["expires"]["N"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires, after(7 * 24 * 3_600).as_second());
        for index in ["due_shard", "execution", "waiting", "requester"] {
            assert_eq!(first["Item"][index], Value::Null, "it is in no index of the approvals");
        }
    }

    #[tokio::test]
    async fn whoever_is_second_has_changed_nothing() {
        let (status, mut body) = refusal(400, "ConditionalCheckFailedException");
        body["Item"] = json!({ "write_id": { "S": "of another" } });
        let (_service, store) = table([(status, body)]).await;
        assert_eq!(store.save_home(home()).await.unwrap(), None);
    }
}
