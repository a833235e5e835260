//! Which tables there are, for what takes them all: backups, and the demonstration city. A test holds the lists to the
//! database.

use super::StoreError;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Tables whose rows a backup brings back, those that others refer to first.
pub const KEPT: [&str; 15] = [
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

/// Of these, what a demonstration city consists of, and is taken away with it.
pub fn register() -> impl DoubleEndedIterator<Item = &'static str> {
    KEPT.into_iter().filter(|table| !matches!(*table, "demonstration" | "token"))
}

/// Answers to queries: not in backups, and of no use without the register they are about.
pub const JOBS: &str = "job";

/// Copies a table from the attached database `old`.
pub async fn copy(connection: &mut SqliteConnection, table: &str) -> Result<(), StoreError> {
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(table).fetch_all(&mut *connection).await?;
    let columns = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
    // Only names of our own tables and columns go into the text.
    let text = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}");
    sqlx::query(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// Empties a table.
pub async fn clear(connection: &mut SqliteConnection, table: &str) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(format!("DELETE FROM main.{table}"))).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// A new table must say whether backups and the demonstration city hold it.
    #[tokio::test]
    async fn every_table_is_in_its_list() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let mut there: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
        .fetch_all(&store.pool)
        .await
        .unwrap();
        let mut known: Vec<&str> = KEPT.to_vec();
        // The log is added to, never replaced; versions and migrations are the database's own.
        known.extend([JOBS, "audit", "register_version", "_sqlx_migrations"]);
        known.sort_unstable();
        there.sort_unstable();
        assert_eq!(there, known);
    }
}
