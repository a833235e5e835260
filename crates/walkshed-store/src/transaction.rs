//! Transactions, and the register version that each change increments.

use crate::error::StoreError;
use crate::store::Store;
use sqlx::{Sqlite, Transaction};

pub type Tx<'a> = Transaction<'a, Sqlite>;

/// A random value that the database assigns to each version of the register. Databases with equal stamps have equal
/// registers, unless another program has inserted rows without a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegisterStamp(pub [u8; 16]);

/// The version of the register and its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterState {
    /// Incremented with every change.
    pub version: u64,
    /// `None` after a change that another program has made without a new version.
    pub stamp: Option<RegisterStamp>,
}

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

    /// Returns the register version and its stamp.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn state(&self) -> Result<RegisterState, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(register_state(&mut connection).await?)
    }
}

/// Reads the register version and its stamp.
pub async fn register_state(connection: &mut sqlx::SqliteConnection) -> Result<RegisterState, sqlx::Error> {
    let (version, stamp): (i64, Option<Vec<u8>>) =
        sqlx::query_as("SELECT version, stamp FROM register_version WHERE id = 1").fetch_one(connection).await?;
    let stamp = stamp.and_then(|bytes| bytes.try_into().ok()).map(RegisterStamp);
    Ok(RegisterState { version: version as u64, stamp })
}

/// Reads the register version.
pub async fn register_version(connection: &mut sqlx::SqliteConnection) -> Result<u64, sqlx::Error> {
    let version: i64 =
        sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(connection).await?;
    Ok(version as u64)
}

/// Increments the register version. A trigger of the database renews the stamp.
pub async fn increment_version(tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut **tx).await?;
    Ok(())
}
