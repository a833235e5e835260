//! Inserting many new records, or days of visits, with one statement: a statement costs more than a row.

use super::change_set::EditError;
use super::session::Session;
use crate::table::{TableRecord, with_record_type};
use std::collections::HashSet;
use walkshed_register::{AnyRecord, Done, Edit, VisitDay};

/// Maximum number of records, or of days, per batch.
const MAX_BATCH: usize = 400;
/// Maximum number of visit counts per batch.
const MAX_COUNTS: usize = 10 * MAX_BATCH;

impl Session<'_, '_> {
    /// Returns how many of the first edits can be inserted together: new records of one kind, or days without counts.
    pub async fn batch_len(&mut self, edits: &[Edit]) -> Result<usize, EditError> {
        match edits.first() {
            Some(Edit::Put(first)) => {
                let kind = first.kind();
                let is_new = |e: &&Edit| matches!(e, Edit::Put(r) if r.id() == 0 && r.kind() == kind);
                Ok(edits.iter().take(MAX_BATCH).take_while(is_new).count())
            }
            Some(Edit::Visits(_)) => {
                let counted = self.counted_days().await?;
                let mut seen = HashSet::new();
                let mut counts = 0;
                let is_new = |e: &&Edit| {
                    let Edit::Visits(day) = e else { return false };
                    counts += day.counts.len();
                    let key = (day.center, day.day.to_string());
                    !day.counts.is_empty() && counts <= MAX_COUNTS && !counted.contains(&key) && seen.insert(key)
                };
                Ok(edits.iter().take(MAX_BATCH).take_while(is_new).count())
            }
            _ => Ok(0),
        }
    }

    /// Inserts a batch. An error comes with its index in the batch.
    pub async fn insert_batch(&mut self, batch: &[Edit]) -> Result<Vec<Done>, (usize, EditError)> {
        match batch.first() {
            Some(Edit::Put(first)) => {
                let done = with_record_type!(first.kind(), T => self.insert_records::<T>(batch).await);
                done.unwrap_or_else(|| Ok(Vec::new()))
            }
            _ => self.insert_days(batch).await,
        }
    }

    async fn insert_records<T: TableRecord + Into<Box<AnyRecord>>>(
        &mut self,
        batch: &[Edit],
    ) -> Result<Vec<Done>, (usize, EditError)> {
        let mut records: Vec<T> = Vec::with_capacity(batch.len());
        for edit in batch {
            if let Edit::Put(any) = edit
                && let Some(record) = T::from_any(any)
            {
                let mut record = record.clone();
                record.set_id_and_version(self.next_id::<T>().await.map_err(|e| (records.len(), e))?, 1);
                records.push(record);
            }
        }
        match self.insert(&records).await {
            Ok(()) => {}
            Err(EditError::Problem { .. }) => {
                // The whole statement was rolled back. Inserting one record at a time finds the one with the problem.
                for (at, record) in records.iter().enumerate() {
                    self.insert(std::slice::from_ref(record)).await.map_err(|e| (at, e))?;
                }
            }
            Err(e) => return Err((0, e)),
        }
        for record in &records {
            self.count_inserted(&record.key());
        }
        Ok(records.into_iter().map(|r| Done::Put(r.into())).collect())
    }

    async fn insert_days(&mut self, batch: &[Edit]) -> Result<Vec<Done>, (usize, EditError)> {
        let days: Vec<&VisitDay> =
            batch.iter().filter_map(|e| if let Edit::Visits(day) = e { Some(day) } else { None }).collect();
        match self.insert_counts(&days).await {
            Ok(()) => {}
            Err(EditError::Problem { .. }) => {
                for (at, day) in days.iter().enumerate() {
                    self.insert_counts(&[day]).await.map_err(|e| (at, e))?;
                }
            }
            Err(e) => return Err((0, e)),
        }
        let counted = self.counted_days().await.map_err(|e| (0, e))?;
        counted.extend(days.iter().map(|d| (d.center, d.day.to_string())));
        self.applied.inserted += days.len() as u64;
        Ok(days.into_iter().map(|d| Done::Visits(d.clone())).collect())
    }
}
