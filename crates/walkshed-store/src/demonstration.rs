//! The mark of the demonstration city, and taking it away whole.

use super::audit::{Entry, note};
use super::{Store, StoreError, backup, tables};
use sqlx::{AssertSqlSafe, Connection, Row, Sqlite, Transaction};
use std::collections::BTreeMap;
use std::path::Path;
use walkshed_register::Demonstration;

/// Who brings it in, as the audit log says.
pub const ACTOR: &str = "demonstration city";
/// Keys of each kind that are named at most.
const NAMED: usize = 20;

/// What went with a demonstration city.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rows, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// By kind, the keys of what users had added or changed since it was brought in, as the audit log has them; some of each.
    pub of_users: BTreeMap<String, Vec<String>>,
}

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
        for table in tables::register().chain([tables::JOBS]) {
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
        set_mark(&mut tx, mark, at).await?;
        sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the demonstration city away with all that has been added to it; tokens and the audit log stay. Says what went with
    /// it; `None` when there was none.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub async fn remove_demonstration(&self, actor: &str, at: &str) -> Result<Option<Removed>, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if mark(&mut tx).await?.is_none() {
            return Ok(None);
        }
        let of_users = of_users(&mut tx).await?;
        let mut rows = BTreeMap::new();
        for table in tables::register().rev().chain([tables::JOBS, "demonstration"]) {
            let text = AssertSqlSafe(format!("DELETE FROM main.{table}"));
            let gone = sqlx::query(text).execute(&mut *tx).await?.rows_affected();
            if gone > 0 {
                rows.insert(table, gone);
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
        note(&mut tx, &entry).await?;
        sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Some(Removed { rows, of_users }))
    }

    /// Readies a database in which a city is put together, so that it gives no number that this one has given to something
    /// else before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lend_numbers(&self, staged: &Self) -> Result<(), StoreError> {
        let given: Vec<(String, i64)> = sqlx::query_as(
            "SELECT kind, max(object_id) FROM audit WHERE object_id IS NOT NULL AND kind <> 'visits' GROUP BY kind",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut tx = staged.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (kind, id) in given {
            let entry = Entry {
                at: "",
                actor: LENT,
                action: "delete",
                kind: &kind,
                object_id: Some(id),
                key: "",
                before: None,
                after: None,
            };
            note(&mut tx, &entry).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes over a city from the database in which it was put together, whole or not at all, and marks it as whole.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub async fn take_demonstration(&self, staged: &Path, made: Demonstration, at: &str) -> Result<(), StoreError> {
        let name = staged.to_string_lossy();
        let mut connection = self.pool.acquire().await?;
        // It is closed afterwards, and with it what is attached.
        connection.close_on_drop();
        sqlx::query("ATTACH DATABASE ? AS old").bind(&*name).execute(&mut *connection).await?;
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
        for table in tables::register().rev() {
            tables::clear(&mut tx, table).await?;
        }
        for table in tables::register() {
            tables::copy(&mut tx, table).await?;
        }
        sqlx::query(
            "INSERT INTO main.audit (at, actor, action, kind, object_id, key, before, after)
             SELECT at, actor, action, kind, object_id, key, before, after FROM old.audit WHERE actor <> ? ORDER BY id",
        )
        .bind(LENT)
        .execute(&mut *tx)
        .await?;
        set_mark(&mut tx, Demonstration { is_whole: true, ..made }, at).await?;
        backup::raise_past(&mut tx).await?;
        tx.commit().await?;
        // It is done; what goes wrong from here on changes nothing of that.
        let _ = connection.close().await;
        Ok(())
    }
}

/// Who has given the numbers that [`Store::lend_numbers`] notes.
const LENT: &str = "(numbers given before)";

async fn set_mark(tx: &mut Transaction<'_, Sqlite>, mark: Demonstration, at: &str) -> Result<(), StoreError> {
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

/// What others than the installation have added or changed since it began, and is there still.
async fn of_users(tx: &mut Transaction<'_, Sqlite>) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT kind, key FROM audit AS a
         WHERE actor <> ?1 AND action IN ('create', 'update', 'import') AND kind NOT IN ('token', 'demonstration')
           AND id > coalesce((SELECT max(id) FROM audit WHERE kind = 'demonstration'), 0)
           AND NOT EXISTS (SELECT 1 FROM audit AS b
               WHERE b.kind = a.kind AND b.object_id = a.object_id AND b.action = 'delete' AND b.id > a.id)
         GROUP BY kind, key ORDER BY min(id)",
    )
    .bind(ACTOR)
    .fetch_all(&mut **tx)
    .await?;
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, key) in rows {
        let keys = all.entry(kind).or_default();
        if keys.len() < NAMED {
            keys.push(key);
        } else if keys.len() == NAMED {
            keys.push("...".to_owned());
        }
    }
    Ok(all)
}
