//! Inserting, updating and deleting records.

use super::change_set::EditError;
use super::session::Session;
use crate::error::StoreError;
use crate::table::{Source, TableRecord, Values, comma_separated, placeholders, read_record, select};
use crate::transaction::Tx;
use sqlx::AssertSqlSafe;
use walkshed_register::{AnyRecord, Done, ProblemCode, Record, RecordKind};

impl Session<'_, '_> {
    /// Inserts or updates a record.
    pub async fn put<T: TableRecord + Into<Box<AnyRecord>>>(&mut self, record: &T) -> Result<Done, EditError> {
        let mut stored = record.clone();
        if record.id() == 0 {
            stored.set_id_and_version(self.next_id::<T>().await?, 1);
            self.insert(std::slice::from_ref(&stored)).await?;
            if !self.is_import() {
                self.audit("create", None, Some(&stored)).await?;
            }
            self.count_inserted(&stored.key());
            return Ok(Done::Put(stored.into()));
        }
        let old: T = self.at_version(record.id(), record.version()).await?;
        if old == *record {
            self.applied.unchanged += 1;
            return Ok(Done::Unchanged);
        }
        stored.set_id_and_version(record.id(), record.version() + 1);
        self.update(&stored).await?;
        self.audit("update", Some(&old), Some(&stored)).await?;
        self.applied.updated += 1;
        Ok(Done::Put(stored.into()))
    }

    /// Deletes a record if it has this version and is not referenced.
    pub async fn delete<T: TableRecord>(&mut self, id: i64, version: i64) -> Result<Done, EditError> {
        let old: T = self.at_version(id, version).await?;
        self.check_unused(&old).await?;
        let text = AssertSqlSafe(format!("DELETE FROM {} WHERE id = ?", T::TABLE));
        match sqlx::query(text).bind(id).execute(&mut *self.tx).await {
            Err(sqlx::Error::Database(e)) if e.is_foreign_key_violation() => return Err(in_use()),
            Err(e) => return Err(e.into()),
            Ok(_) => {}
        }
        self.audit("delete", Some(&old), None).await?;
        self.applied.deleted += 1;
        Ok(Done::Deleted { kind: T::KIND, id })
    }

    /// Inserts records with one statement.
    pub async fn insert<T: TableRecord>(&mut self, records: &[T]) -> Result<(), EditError> {
        let Some(first) = records.first() else { return Ok(()) };
        let text = format!(
            "INSERT INTO {} (id, version, {}, created_at, updated_at) VALUES {}",
            T::TABLE,
            comma_separated(T::column_names()),
            placeholders(records.len(), T::column_names().count() + 4)
        );
        let mut values = Values::default();
        for record in records {
            values.add(record.id())?;
            values.add(record.version())?;
            record.bind(&mut values)?;
            values.add(self.at())?;
            values.add(self.at())?;
        }
        let done = sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await;
        done.map(drop).map_err(|e| constraint(first, e))
    }

    async fn update<T: TableRecord>(&mut self, record: &T) -> Result<(), EditError> {
        let sets = comma_separated(T::column_names().map(|column| format!("{column} = ?")));
        let text = format!("UPDATE {} SET {sets}, updated_at = ?, version = ? WHERE id = ?", T::TABLE);
        let mut values = Values::default();
        record.bind(&mut values)?;
        values.add(self.at())?;
        values.add(record.version())?;
        values.add(record.id())?;
        let done = sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await;
        done.map(drop).map_err(|e| constraint(record, e))
    }

    /// Returns the stored record if it has this version.
    async fn at_version<T: TableRecord>(&mut self, id: i64, version: i64) -> Result<T, EditError> {
        let Some(found) = find::<T>(&mut self.tx, id).await? else {
            return Err(EditError::field("id", ProblemCode::NotFound, "no longer exists"));
        };
        if found.version() != version {
            let why = format!(
                "{version} is not the current version, {}: read the record again, then change it",
                found.version()
            );
            return Err(EditError::field("version", ProblemCode::Conflict, why));
        }
        Ok(found)
    }

    /// Checks references that are not foreign keys: facilities refer to their center by code, events to services in a list.
    async fn check_unused<T: TableRecord>(&mut self, record: &T) -> Result<(), EditError> {
        let users: i64 = match T::KIND {
            RecordKind::Center => {
                sqlx::query_scalar("SELECT count(*) FROM facility WHERE center_code = ?")
                    .bind(record.key().into_owned())
                    .fetch_one(&mut *self.tx)
                    .await?
            }
            RecordKind::Service => {
                sqlx::query_scalar("SELECT count(*) FROM event, json_each(event.services) AS s WHERE s.value = ?")
                    .bind(record.id())
                    .fetch_one(&mut *self.tx)
                    .await?
            }
            _ => 0,
        };
        if users == 0 { Ok(()) } else { Err(in_use()) }
    }
}

/// Reads a record by its id.
pub async fn find<T: TableRecord>(tx: &mut Tx<'_>, id: i64) -> Result<Option<T>, StoreError> {
    let row = sqlx::query(select::<T>("WHERE id = ?")).bind(id).fetch_optional(&mut **tx).await?;
    row.as_ref().map(|row| read_record(Source::Row(row))).transpose()
}

fn in_use() -> EditError {
    let why = "is still referenced: close it instead, or delete the referencing records first";
    EditError::field("id", ProblemCode::InUse, why)
}

/// Converts a violated constraint to a problem of the record.
fn constraint<T: Record>(record: &T, error: sqlx::Error) -> EditError {
    let sqlx::Error::Database(e) = &error else { return error.into() };
    if e.is_unique_violation() {
        let field = match T::KIND {
            RecordKind::Center | RecordKind::Region => "code",
            RecordKind::Service | RecordKind::Scenario | RecordKind::Standard => "key",
            RecordKind::Offer => {
                return EditError::field("service", ProblemCode::Taken, "is already offered there");
            }
            _ => "external_id",
        };
        return EditError::field(field, ProblemCode::Taken, format!("\"{}\" already exists", record.key()));
    }
    if e.is_foreign_key_violation() {
        return EditError::field("id", ProblemCode::NotFound, "refers to something that does not exist");
    }
    error.into()
}
