//! Idempotency keys: a retried create returns the record that the first request created.

use super::change_set::{ChangeSet, EditError, IdempotencyKey};
use super::records::find;
use crate::error::StoreError;
use crate::table::with_record_type;
use crate::transaction::Tx;
use walkshed_register::{AnyRecord, Done, ProblemCode, RecordKind};

/// How long idempotency keys are kept, as an SQLite time modifier.
const RETENTION: &str = "-7 days";

/// Returns the result of an earlier create with the same idempotency key.
pub async fn repeated(tx: &mut Tx<'_>, change_set: &ChangeSet) -> Result<Option<Done>, EditError> {
    let Some(idempotent) = &change_set.idempotent else { return Ok(None) };
    let known: Option<(Vec<u8>, String, i64)> =
        sqlx::query_as("SELECT request, kind, object_id FROM idempotency WHERE actor = ? AND key = ?")
            .bind(&change_set.actor)
            .bind(&idempotent.key)
            .fetch_optional(&mut **tx)
            .await?;
    let Some((request, kind, id)) = known else { return Ok(None) };
    if request != idempotent.request {
        let why = "was already used for a different request: choose a new key for every create";
        return Err(EditError::field("idempotency_key", ProblemCode::KeyReused, why));
    }
    let kind: RecordKind = kind.parse().map_err(|e| StoreError::corrupt("idempotency", &idempotent.key, e))?;
    let found: Option<Box<AnyRecord>> =
        with_record_type!(kind, T => find::<T>(tx, id).await?.map(Into::into)).flatten();
    let why = "belongs to a record that has since been deleted";
    found
        .map(|record| Some(Done::Put(record)))
        .ok_or_else(|| EditError::field("idempotency_key", ProblemCode::NotFound, why))
}

/// Stores the idempotency key of a create, and deletes expired keys.
pub async fn remember(
    tx: &mut Tx<'_>,
    change_set: &ChangeSet,
    idempotent: &IdempotencyKey,
    record: &AnyRecord,
) -> Result<(), EditError> {
    sqlx::query("DELETE FROM idempotency WHERE datetime(at) < datetime(?, ?)")
        .bind(&change_set.at)
        .bind(RETENTION)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO idempotency (actor, key, request, kind, object_id, at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&change_set.actor)
        .bind(&idempotent.key)
        .bind(&idempotent.request[..])
        .bind(record.kind().key())
        .bind(record.id())
        .bind(&change_set.at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
