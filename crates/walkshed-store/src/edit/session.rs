//! The state of a transaction that applies edits.

use super::change_set::{Applied, ChangeSet, EditError};
use crate::audit::{self, Entry};
use crate::error::StoreError;
use crate::table::TableRecord;
use crate::transaction::{RegisterState, Tx};
use serde::Serialize;
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::{HashMap, HashSet};
use walkshed_register::{Record, RecordKind};

/// Maximum number of keys of new records in the audit row of an import.
const MAX_LISTED_KEYS: usize = 1000;

/// A transaction that applies a change set, and what it has done so far.
pub struct Session<'t, 'c> {
    pub tx: Tx<'t>,
    pub change_set: &'c ChangeSet,
    pub applied: Applied,
    /// Keys of new records, for the audit row of an import.
    pub new_keys: Vec<String>,
    /// The last id assigned, by kind.
    last_id: HashMap<RecordKind, i64>,
    /// The days that already have counts, if they have been read.
    pub counted_days: Option<HashSet<(i64, String)>>,
}

impl<'t, 'c> Session<'t, 'c> {
    /// Starts with the register in a state.
    pub fn new(tx: Tx<'t>, change_set: &'c ChangeSet, state: RegisterState) -> Self {
        let applied = Applied {
            done: Vec::with_capacity(change_set.edits.len()),
            before: state.version,
            stamp_before: state.stamp,
            version: state.version,
            stamp: state.stamp,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
        };
        Self { tx, change_set, applied, new_keys: Vec::new(), last_id: HashMap::new(), counted_days: None }
    }

    /// Whether the change set is an import. All new records of an import share one audit row.
    pub const fn is_import(&self) -> bool {
        self.change_set.import.is_some()
    }

    /// The time of the change.
    pub fn at(&self) -> &'c str {
        &self.change_set.at
    }

    /// Counts a new record and notes its key.
    pub fn count_inserted(&mut self, key: &str) {
        self.applied.inserted += 1;
        if self.new_keys.len() < MAX_LISTED_KEYS {
            self.new_keys.push(key.to_owned());
        }
    }

    /// Returns an id that was never assigned before. Ids of deleted records are not reused, because clients may still hold
    /// them.
    pub async fn next_id<T: TableRecord>(&mut self) -> Result<i64, EditError> {
        let last = if let Some(last) = self.last_id.get(&T::KIND) {
            *last
        } else {
            let highest = AssertSqlSafe(format!(
                "SELECT max(coalesce((SELECT max(id) FROM {}), 0),
                            coalesce((SELECT max(object_id) FROM audit WHERE kind = ?), 0))",
                T::TABLE
            ));
            sqlx::query_scalar(highest).bind(T::KIND.key()).fetch_one(&mut *self.tx).await?
        };
        self.last_id.insert(T::KIND, last + 1);
        Ok(last + 1)
    }

    /// Writes the audit row of a record.
    pub async fn audit<T: Record + Serialize>(
        &mut self,
        action: &'static str,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let Some(record) = after.or(before) else { return Ok(()) };
        let json = |r: &T| {
            let mut value = serde_json::to_value(r).unwrap_or_default();
            // Personal data that must be erasable is not copied to the audit log.
            if let Some(contact) = value.get_mut("contact").filter(|c| c.is_string()) {
                *contact = json!("(not kept in the log)");
            }
            value
        };
        let entry = Entry {
            at: &self.change_set.at,
            actor: &self.change_set.actor,
            action,
            kind: T::KIND.key(),
            object_id: Some(record.id()),
            key: &record.key(),
            before: before.map(json),
            after: after.map(json),
        };
        audit::record(&mut self.tx, &entry).await
    }
}
