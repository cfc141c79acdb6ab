//! The store in memory behaves as every store does.

use std::sync::Arc;

use countersign_playground::memory::MemoryStore;
use countersign_tests::store_suite;

#[tokio::test]
async fn the_store_in_memory_behaves_as_every_store() {
    for (name, case) in store_suite::CASES {
        eprintln!("{name}");
        case(Arc::new(MemoryStore::default())).await;
    }
    for (name, case) in store_suite::POLICY_CASES {
        eprintln!("{name}");
        case(Arc::new(MemoryStore::default())).await;
    }
}
