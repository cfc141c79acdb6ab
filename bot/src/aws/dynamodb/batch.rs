//! Several items at once, by their keys.

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::item::Attributes;
use super::{DynamoDbStore, SERVICE, unavailable};
use crate::net::deadline::Unavailable;

/// DynamoDB may answer a part of a batch, and is asked for the rest.
const READ_TRIES: usize = 3;

impl DynamoDbStore {
    /// The items that are there of these keys, never stale.
    pub(super) async fn batch(&self, keys: Vec<Attributes>) -> Result<Vec<Attributes>, Unavailable> {
        let mut left = keys;
        let mut found = Vec::new();
        for _ in 0..READ_TRIES {
            if left.is_empty() {
                return Ok(found);
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let keys = keys.map_err(|error| Unavailable::new(SERVICE, error))?;
            let call = self.client.batch_get_item().request_items(&self.table, keys);
            let answer = call.send().await.map_err(|error| unavailable(&error))?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten());
            let unprocessed = answer.unprocessed_keys.unwrap_or_default().into_values();
            left = unprocessed.flat_map(|keys| keys.keys).collect();
        }
        if left.is_empty() { Ok(found) } else { Err(Unavailable::new(SERVICE, "a batch was not read whole")) }
    }
}
