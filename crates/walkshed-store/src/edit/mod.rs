//! Changes of the register. A change set is one transaction, with an audit row for each edit.

mod batch;
mod change_set;
mod idempotency;
mod import_log;
mod population;
mod records;
mod session;
#[cfg(test)]
mod tests;
mod visits;

use crate::demonstration;
use crate::error::StoreError;
use crate::store::Store;
use crate::table::with_record_type;
use crate::transaction::{RegisterState, increment_version, register_state};
use session::Session;
use walkshed_register::{Done, Edit, ProblemCode, with_record};

pub use change_set::{Applied, ChangeSet, EditError, IdempotencyKey, Progress};

/// Number of edits between two progress reports.
const PROGRESS_INTERVAL: usize = 500;

impl Store {
    /// Applies all edits in one transaction. If no edit changes anything, the register version stays the same.
    ///
    /// # Errors
    /// [`EditError`]; then nothing changes, except possibly for [`EditError::CommitUnknown`].
    pub async fn edit(&self, change_set: &ChangeSet) -> Result<Applied, EditError> {
        let mut tx = self.begin_write().await?;
        let state = register_state(&mut tx).await?;
        let repeated = idempotency::repeated(&mut tx, change_set).await?;
        let is_other_import = change_set.import.is_some() && !change_set.demonstration;
        if repeated.is_none() && is_other_import && demonstration::mark(&mut tx).await?.is_some() {
            return Err(EditError::Demonstration);
        }
        let mut session = Session::new(tx, change_set, state);
        if let Some(done) = repeated {
            session.applied.done.push(done);
            session.applied.unchanged = 1;
            return Ok(session.applied);
        }
        session.apply_all().await?;
        if let Some(import) = &change_set.import {
            session.log_import(import).await?;
        }
        let Session { mut tx, mut applied, .. } = session;
        if let (Some(idempotent), Some(Done::Put(record))) = (&change_set.idempotent, applied.done.first()) {
            idempotency::remember(&mut tx, change_set, idempotent, record).await?;
        }
        if applied.inserted + applied.updated + applied.deleted > 0 {
            increment_version(&mut tx).await?;
            let RegisterState { version, stamp } = register_state(&mut tx).await?;
            (applied.version, applied.stamp) = (version, stamp);
        }
        if let Err(error) = tx.commit().await {
            let error = StoreError::from(error);
            // SQLite rolls back a failed commit. If that cannot be verified, the outcome is unknown.
            return Err(match self.version().await {
                Ok(now) if now == applied.before => error.into(),
                _ => EditError::CommitUnknown(error),
            });
        }
        Ok(applied)
    }
}

impl Session<'_, '_> {
    /// Applies all edits, in order, and reports the progress.
    async fn apply_all(&mut self) -> Result<(), EditError> {
        let edits = &self.change_set.edits[..];
        let (mut index, mut next_report) = (0, 0);
        while index < edits.len() {
            let batch = if self.is_import() { self.batch_len(&edits[index..]).await? } else { 0 };
            if batch > 1 {
                let done = self.insert_batch(&edits[index..index + batch]).await;
                self.applied.done.extend(done.map_err(|(at, e)| e.at(index + at))?);
                index += batch;
            } else {
                let done = self.apply(&edits[index]).await.map_err(|e| e.at(index))?;
                self.applied.done.push(done);
                index += 1;
            }
            if let Some(Progress(report)) = &self.change_set.progress
                && index >= next_report
            {
                report(index as u64, edits.len() as u64);
                next_report = index + PROGRESS_INTERVAL;
            }
        }
        Ok(())
    }

    /// Applies one edit.
    async fn apply(&mut self, edit: &Edit) -> Result<Done, EditError> {
        match edit {
            Edit::Put(record) => with_record!(&**record, r => self.put(r).await),
            Edit::Delete { kind, id, version } => with_record_type!(kind, T => self.delete::<T>(*id, *version).await)
                .unwrap_or_else(|| {
                    let why = "cannot be deleted: visits are replaced by day, population by group";
                    Err(EditError::field("kind", ProblemCode::Invalid, why))
                }),
            Edit::Visits(day) => self.put_visits(day).await,
            Edit::Population { group, cells } => self.put_population(group, cells).await,
        }
    }
}
