//! The list of tables, for backups and for the demonstration city. A test checks it against the database.

use crate::error::StoreError;
use crate::transaction::Tx;
use sqlx::AssertSqlSafe;

/// The tables that a restore replaces. Referenced tables come first.
pub const RESTORED: [&str; 15] = [
    "demonstration",
    "region",
    "center",
    "facility",
    "service",
    "offer",
    "event",
    "visit",
    "suggestion",
    "scenario",
    "standard",
    "population",
    "import_log",
    "token",
    "idempotency",
];

/// Returns the tables that make up a demonstration city and are cleared with it.
pub fn register() -> impl DoubleEndedIterator<Item = &'static str> {
    RESTORED.into_iter().filter(|table| !matches!(*table, "demonstration" | "token"))
}

/// The table of jobs. Their results are not restored, and become useless when the register they refer to is removed.
pub const JOBS: &str = "job";

/// Deletes all rows of a table, and returns their number.
pub async fn clear(tx: &mut Tx<'_>, table: &str) -> Result<u64, StoreError> {
    let text = AssertSqlSafe(format!("DELETE FROM main.{table}"));
    Ok(sqlx::query(text).execute(&mut **tx).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// A new table must be assigned to one of the lists.
    #[tokio::test]
    async fn lists_contain_every_table() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let mut actual: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
        .fetch_all(&store.pool)
        .await
        .unwrap();
        let mut listed: Vec<&str> = RESTORED.to_vec();
        // The audit log is appended to, never replaced; the version and the migrations belong to the database file.
        listed.extend([JOBS, "audit", "register_version", "_sqlx_migrations"]);
        listed.sort_unstable();
        actual.sort_unstable();
        assert_eq!(actual, listed);
    }
}
