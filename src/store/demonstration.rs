//! The mark of the demonstration city, and taking it away whole.

use super::audit::{Entry, note};
use super::{Store, StoreError};
use crate::registry::Demonstration;
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction};

/// Tables of the register, those that refer to others first.
const TABLES: [&str; 13] = [
    "suggestion",
    "scenario",
    "job",
    "visit",
    "event",
    "offer",
    "service",
    "facility",
    "center",
    "region",
    "population",
    "import_log",
    "idempotency",
];

/// The mark, if it is there.
pub async fn mark(tx: &mut Transaction<'_, Sqlite>) -> Result<Option<Demonstration>, StoreError> {
    let row =
        sqlx::query("SELECT seed, scale, is_whole FROM demonstration WHERE id = 1").fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (seed, scale, is_whole): (i64, f64, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Some(Demonstration { seed: seed as u64, scale, is_whole }))
}

impl Store {
    /// The mark of the demonstration city, if the register holds it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn demonstration(&self) -> Result<Option<Demonstration>, StoreError> {
        let mut tx = self.pool.begin().await?;
        mark(&mut tx).await
    }

    /// Is there nothing in the register?
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        for table in TABLES {
            let text = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})"));
            if sqlx::query_scalar::<_, bool>(text).fetch_one(&self.pool).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Marks the register as that of a demonstration city, whole or still to be filled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_demonstration(&self, mark: Demonstration, at: &str) -> Result<(), StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT INTO demonstration (id, seed, scale, is_whole, made_at) VALUES (1, ?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET seed = ?1, scale = ?2, is_whole = ?3, made_at = ?4",
        )
        .bind(mark.seed as i64)
        .bind(mark.scale)
        .bind(mark.is_whole)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the demonstration city away with all that has been added to it; tokens and the audit log stay. Says whether
    /// there was one.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub async fn remove_demonstration(&self, actor: &str, at: &str) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if mark(&mut tx).await?.is_none() {
            return Ok(false);
        }
        for table in TABLES.iter().chain(&["demonstration"]) {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *tx).await?;
        }
        let entry = Entry {
            at,
            actor,
            action: "delete",
            kind: "demonstration",
            object_id: None,
            key: "demonstration city",
            before: None,
            after: None,
        };
        note(&mut tx, &entry).await?;
        sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }
}
