//! Replacing tables by those of another database file, which is attached as `old`.

use crate::error::StoreError;
use crate::store::Store;
use crate::tables;
use crate::transaction::Tx;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Sqlite};

/// A connection with another database attached as `old`. It is closed when dropped, which detaches the database.
pub struct Attached(PoolConnection<Sqlite>);

impl Store {
    /// Attaches the database in `file`.
    pub(crate) async fn attach(&self, file: &str) -> Result<Attached, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        connection.close_on_drop();
        sqlx::query("ATTACH DATABASE ? AS old").bind(file).execute(&mut *connection).await?;
        Ok(Attached(connection))
    }
}

impl Attached {
    /// Begins a transaction that checks foreign keys when it is committed.
    pub async fn begin_write(&mut self) -> Result<Tx<'_>, sqlx::Error> {
        let mut tx = self.0.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Closes the connection. A failure does not affect what was committed.
    pub async fn close(self) {
        let _ = self.0.close().await;
    }
}

/// Replaces the rows of the tables, which are ordered with referenced tables first, by those of `old`.
pub async fn replace(tx: &mut Tx<'_>, list: &[&'static str]) -> Result<(), StoreError> {
    for table in list.iter().rev() {
        tables::clear(tx, table).await?;
    }
    for table in list {
        copy(tx, table).await?;
    }
    Ok(())
}

async fn copy(tx: &mut Tx<'_>, table: &str) -> Result<(), StoreError> {
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(table).fetch_all(&mut **tx).await?;
    let columns = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
    // Only names of our own tables and columns are inserted into the text.
    let text = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}");
    sqlx::query(AssertSqlSafe(text)).execute(&mut **tx).await?;
    Ok(())
}

/// Sets the register version above both its own and that of `old`, so that every server sees a change.
pub async fn advance_version(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE main.register_version SET version =
             max(version, (SELECT version FROM old.register_version WHERE id = 1)) + 1 WHERE id = 1",
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
