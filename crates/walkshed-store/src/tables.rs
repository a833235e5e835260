//! The list of tables, for backups and for the demonstration city. A test checks it against the database.

use super::StoreError;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// The tables that a restore replaces. Referenced tables come first.
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

/// Returns the tables that make up a demonstration city and are cleared with it.
pub fn register() -> impl DoubleEndedIterator<Item = &'static str> {
    KEPT.into_iter().filter(|table| !matches!(*table, "demonstration" | "token"))
}

/// The table of jobs. Their results are not restored, and become useless when the register they refer to is removed.
pub const JOBS: &str = "job";

/// Copies a table from the attached database `old`.
pub async fn copy(connection: &mut SqliteConnection, table: &str) -> Result<(), StoreError> {
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(table).fetch_all(&mut *connection).await?;
    let columns = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
    // Only names of our own tables and columns are inserted into the text.
    let text = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}");
    sqlx::query(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// Deletes all rows of a table.
pub async fn clear(connection: &mut SqliteConnection, table: &str) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(format!("DELETE FROM main.{table}"))).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

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
        let mut listed: Vec<&str> = KEPT.to_vec();
        // The audit log is appended to, never replaced; the version and the migrations belong to the database file.
        listed.extend([JOBS, "audit", "register_version", "_sqlx_migrations"]);
        listed.sort_unstable();
        actual.sort_unstable();
        assert_eq!(actual, listed);
    }
}
