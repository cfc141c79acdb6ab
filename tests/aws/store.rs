//! The store in DynamoDB behaves as every store does, on a table with the keys and indexes of the template.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, GlobalSecondaryIndex};
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_tests::store_suite;

use crate::support::emulators::{Case, Emulators};

pub(crate) fn cases() -> Vec<Case> {
    let case = |(name, case): store_suite::Case| {
        Case::new(format!("store::{name}"), move |emulators: Arc<Emulators>| async move {
            case(Arc::new(table(&emulators, name).await?)).await;
            Ok(())
        })
    };
    let policy_case = |(name, case): store_suite::PolicyCase| {
        Case::new(format!("store::{name}"), move |emulators: Arc<Emulators>| async move {
            case(Arc::new(table(&emulators, name).await?)).await;
            Ok(())
        })
    };
    let cases = store_suite::CASES.into_iter().map(case);
    cases.chain(store_suite::POLICY_CASES.into_iter().map(policy_case)).collect()
}

/// A table of its own for each case, since the reconciler of the deployed system looks at what is due in its table.
async fn table(emulators: &Emulators, name: &str) -> anyhow::Result<DynamoDbStore> {
    let stack = emulators.stack().await?;
    let config = stack.ministack.sdk_config();
    let client = Client::new(&config);
    let deployed = client.describe_table().table_name(stack.output("TableName")).send().await?;
    let deployed = deployed.table.context("the table is deployed")?;
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create = create.set_key_schema(deployed.key_schema).set_attribute_definitions(deployed.attribute_definitions);
    for index in deployed.global_secondary_indexes.unwrap_or_default() {
        let index = GlobalSecondaryIndex::builder()
            .set_index_name(index.index_name)
            .set_key_schema(index.key_schema)
            .set_projection(index.projection);
        create = create.global_secondary_indexes(index.build()?);
    }
    create.send().await?;
    Ok(DynamoDbStore::new(&config, name.to_owned()))
}
