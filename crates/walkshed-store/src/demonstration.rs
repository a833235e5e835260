//! Installing, marking and removing the demonstration city.
//!
//! A row in the table `demonstration` marks a register that contains the demonstration city.

use crate::audit::{self, Entry};
use crate::error::StoreError;
use crate::store::Store;
use crate::transaction::{Tx, increment_version};
use crate::{attached, tables};
use sqlx::{AssertSqlSafe, Row};
use std::collections::BTreeMap;
use std::path::Path;
use walkshed_register::Demonstration;

/// The actor of the installation in the audit log.
pub const DEMONSTRATION_ACTOR: &str = "demonstration city";
/// Maximum number of user-added keys listed per kind.
const MAX_LISTED_KEYS: usize = 20;

/// What was removed with the demonstration city.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemovedDemonstration {
    /// Number of rows removed, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Keys of records that users had added or changed since the installation, by kind, at most 20 each. From the audit log.
    pub added_by_users: BTreeMap<String, Vec<String>>,
}

/// Reads the mark of the demonstration city.
pub async fn mark(tx: &mut Tx<'_>) -> Result<Option<Demonstration>, StoreError> {
    let row =
        sqlx::query("SELECT seed, scale, is_whole FROM demonstration WHERE id = 1").fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (seed, scale, is_whole): (i64, f64, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Some(Demonstration { seed: seed as u64, scale, is_whole }))
}

impl Store {
    /// Returns the mark of the demonstration city, or `None` if the register does not contain it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn demonstration(&self) -> Result<Option<Demonstration>, StoreError> {
        let mut tx = self.pool.begin().await?;
        mark(&mut tx).await
    }

    /// Returns whether the register has no rows and no jobs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        for table in tables::register().chain([tables::JOBS]) {
            let text = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})"));
            if sqlx::query_scalar::<_, bool>(text).fetch_one(&self.pool).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Marks the register as containing the demonstration city, complete or still being installed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_demonstration(&self, mark: Demonstration, at: &str) -> Result<(), StoreError> {
        let mut tx = self.begin_write().await?;
        set_mark(&mut tx, mark, at).await?;
        increment_version(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Removes the demonstration city and everything users have added to it. Tokens and the audit log stay. Returns `None` if
    /// the register does not contain it.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing changes.
    pub async fn remove_demonstration(
        &self,
        actor: &str,
        at: &str,
    ) -> Result<Option<RemovedDemonstration>, StoreError> {
        let mut tx = self.begin_write().await?;
        if mark(&mut tx).await?.is_none() {
            return Ok(None);
        }
        let added_by_users = added_by_users(&mut tx).await?;
        let mut rows = BTreeMap::new();
        for table in tables::register().rev().chain([tables::JOBS, "demonstration"]) {
            let removed = tables::clear(&mut tx, table).await?;
            if removed > 0 {
                rows.insert(table, removed);
            }
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
        audit::record(&mut tx, &entry).await?;
        increment_version(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(RemovedDemonstration { rows, added_by_users }))
    }

    /// Prepares a staging database so that it never assigns an id that this database has already assigned. Ids of deleted
    /// records count as assigned.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reserve_ids(&self, staged: &Self) -> Result<(), StoreError> {
        let given: Vec<(String, i64)> = sqlx::query_as(
            "SELECT kind, max(object_id) FROM audit WHERE object_id IS NOT NULL AND kind <> 'visits' GROUP BY kind",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut tx = staged.begin_write().await?;
        for (kind, id) in given {
            let entry = Entry {
                at: "",
                actor: RESERVED_ID_ACTOR,
                action: "delete",
                kind: &kind,
                object_id: Some(id),
                key: "",
                before: None,
                after: None,
            };
            audit::record(&mut tx, &entry).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Copies the city from its staging database in one transaction, and marks it as complete.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing changes.
    pub async fn install_demonstration(&self, staged: &Path, made: Demonstration, at: &str) -> Result<(), StoreError> {
        let mut connection = self.attach(&staged.to_string_lossy()).await?;
        let mut tx = connection.begin_write().await?;
        let register: Vec<&'static str> = tables::register().collect();
        attached::replace(&mut tx, &register).await?;
        sqlx::query(
            "INSERT INTO main.audit (at, actor, action, kind, object_id, key, before, after)
             SELECT at, actor, action, kind, object_id, key, before, after FROM old.audit WHERE actor <> ? ORDER BY id",
        )
        .bind(RESERVED_ID_ACTOR)
        .execute(&mut *tx)
        .await?;
        set_mark(&mut tx, Demonstration { is_whole: true, ..made }, at).await?;
        attached::advance_version(&mut tx).await?;
        tx.commit().await?;
        connection.close().await;
        Ok(())
    }
}

/// The actor of the audit rows that [`Store::reserve_ids`] writes to the staging database. They are not copied back.
const RESERVED_ID_ACTOR: &str = "(reserved ids)";

async fn set_mark(tx: &mut Tx<'_>, mark: Demonstration, at: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO main.demonstration (id, seed, scale, is_whole, made_at) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET seed = ?1, scale = ?2, is_whole = ?3, made_at = ?4",
    )
    .bind(mark.seed as i64)
    .bind(mark.scale)
    .bind(mark.is_whole)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Returns the keys of existing records that someone other than the installation has added or changed since it began.
async fn added_by_users(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT kind, key FROM audit AS a
         WHERE actor <> ?1 AND action IN ('create', 'update', 'import') AND kind NOT IN ('token', 'demonstration')
           AND id > coalesce((SELECT max(id) FROM audit WHERE kind = 'demonstration'), 0)
           AND NOT EXISTS (SELECT 1 FROM audit AS b
               WHERE b.kind = a.kind AND b.object_id = a.object_id AND b.action = 'delete' AND b.id > a.id)
         GROUP BY kind, key ORDER BY min(id)",
    )
    .bind(DEMONSTRATION_ACTOR)
    .fetch_all(&mut **tx)
    .await?;
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, key) in rows {
        let keys = all.entry(kind).or_default();
        if keys.len() < MAX_LISTED_KEYS {
            keys.push(key);
        } else if keys.len() == MAX_LISTED_KEYS {
            keys.push("...".to_owned());
        }
    }
    Ok(all)
}
