//! Transactions, and the register version that each change increments.

use crate::error::StoreError;
use crate::store::Store;
use sqlx::{Sqlite, Transaction};

pub type Tx<'a> = Transaction<'a, Sqlite>;

impl Store {
    /// Begins a transaction that takes the write lock at once, so that concurrent writers queue instead of failing later.
    pub(crate) async fn begin_write(&self) -> Result<Tx<'static>, sqlx::Error> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    /// Returns the register version.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn version(&self) -> Result<u64, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(register_version(&mut connection).await?)
    }
}

/// Reads the register version.
pub async fn register_version(connection: &mut sqlx::SqliteConnection) -> Result<u64, sqlx::Error> {
    let version: i64 =
        sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(connection).await?;
    Ok(version as u64)
}

/// Increments the register version.
pub async fn increment_version(tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut **tx).await?;
    Ok(())
}
