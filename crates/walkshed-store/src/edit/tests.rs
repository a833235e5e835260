//! Writing to a full disk.

use crate::edit::{ChangeSet, EditError};
use crate::error::StoreError;
use crate::store::Store;
use walkshed_register::{Category, Demonstration, Edit, Service};

/// Simulates a full disk with `PRAGMA max_page_count`.
#[tokio::test]
async fn reports_a_full_disk_and_writes_again_after_space_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_file(&folder.path().join("w.db")).await.unwrap();
    let change_set = |n: usize| {
        let mut service = Service::new(format!("k{n}"), "x".into(), Category::Employment);
        service.description = Some("much to store ".repeat(200));
        ChangeSet { edits: vec![Edit::Put(service.into())], actor: "test".into(), ..ChangeSet::default() }
    };
    store.edit(&change_set(0)).await.unwrap();
    let limit = async |pages: u32| {
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(store.pool.acquire().await.unwrap());
        }
        for connection in &mut all {
            let text = format!("PRAGMA max_page_count = {pages}");
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut **connection).await.unwrap();
        }
    };
    // SQLite raises the limit to the current page count, so that no further page fits.
    limit(1).await;
    let version = store.version().await.unwrap();
    let mut stored = 0;
    let error = loop {
        stored += 1;
        if let Err(error) = store.edit(&change_set(stored)).await {
            break error;
        }
    };
    assert!(matches!(error, EditError::Store(StoreError::Full(_))), "{error}");
    assert!(error.to_string().contains("no room") && error.to_string().contains("full"), "{error}");
    assert_eq!(store.version().await.unwrap(), version + stored as u64 - 1, "the failed change is not stored");
    // Other writers get the same error every time, never an error about open transactions.
    let long = "x".repeat(20_000);
    for _ in 0..12 {
        limit(1).await;
        let mark = Demonstration { seed: 1, scale: 1.0, is_whole: false };
        assert!(matches!(store.mark_demonstration(mark, &long).await, Err(StoreError::Full(_))));
    }
    limit(1_000_000).await;
    for n in 0..8 {
        store.edit(&change_set(1000 + n)).await.unwrap();
    }
}
