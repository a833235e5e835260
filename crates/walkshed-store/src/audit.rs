//! The audit log: who changed what, and when. Each change is recorded in its own transaction; admins can read the log.

use crate::error::StoreError;
use crate::store::Store;
use crate::transaction::Tx;
use serde_json::Value;
use sqlx::Row;

/// A change to record in the audit log.
pub struct Entry<'a> {
    pub at: &'a str,
    pub actor: &'a str,
    pub action: &'static str,
    pub kind: &'a str,
    pub object_id: Option<i64>,
    pub key: &'a str,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// A recorded change.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub id: i64,
    /// RFC 3339, UTC.
    pub at: String,
    pub actor: String,
    /// create, update, delete, import or restore.
    pub action: String,
    pub kind: String,
    pub object_id: Option<i64>,
    pub key: String,
    /// JSON.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Selects rows of the audit log. `None` matches everything.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub kind: Option<String>,
    pub object_id: Option<i64>,
    pub actor: Option<String>,
    /// Only rows with a smaller id; used to fetch the next page.
    pub before: Option<i64>,
}

/// Records a change, as part of the transaction that makes it.
pub async fn record(tx: &mut Tx<'_>, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (at, actor, action, kind, object_id, key, before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(entry.at)
    .bind(entry.actor)
    .bind(entry.action)
    .bind(entry.kind)
    .bind(entry.object_id)
    .bind(entry.key)
    .bind(entry.before.as_ref().map(Value::to_string))
    .bind(entry.after.as_ref().map(Value::to_string))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// Returns at most `first` matching rows, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn audit(&self, filter: &AuditFilter, first: usize) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, at, actor, action, kind, object_id, key, before, after FROM audit
             WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR object_id = ?2) AND (?3 IS NULL OR actor = ?3)
               AND (?4 IS NULL OR id < ?4)
             ORDER BY id DESC LIMIT ?5",
        )
        .bind(&filter.kind)
        .bind(filter.object_id)
        .bind(&filter.actor)
        .bind(filter.before)
        .bind(first as i64)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(AuditRow {
                    id: row.try_get(0)?,
                    at: row.try_get(1)?,
                    actor: row.try_get(2)?,
                    action: row.try_get(3)?,
                    kind: row.try_get(4)?,
                    object_id: row.try_get(5)?,
                    key: row.try_get(6)?,
                    before: row.try_get(7)?,
                    after: row.try_get(8)?,
                })
            })
            .collect()
    }
}
