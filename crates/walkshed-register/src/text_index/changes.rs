//! The rows that have changed since an index was built.

use crate::record::Record;
use std::sync::Arc;

/// A row that has changed.
#[derive(Debug, Clone, Copy)]
struct Change {
    id: i64,
    /// The number of the row in the indexed rows, or if it was not among them, of the row it would precede.
    indexed: u32,
    was_indexed: bool,
    /// Whether the row exists now.
    exists: bool,
}

/// Changed rows, sorted by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Vec<Change>);

impl Changes {
    /// Returns the number of changed rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Records that the row with an id now exists or does not exist. `indexed` are the rows that the index was built from.
    pub fn record<T: Record>(&mut self, indexed: &[Arc<T>], id: i64, exists: bool) {
        match self.0.binary_search_by_key(&id, |change| change.id) {
            Ok(at) => self.0[at].exists = exists,
            Err(at) => {
                let position = indexed.partition_point(|row| row.id() < id);
                let was_indexed = indexed.get(position).is_some_and(|row| row.id() == id);
                self.0.insert(at, Change { id, indexed: position as u32, was_indexed, exists });
            }
        }
    }

    /// Converts indexed rows, in ascending order, to the current numbers of those that have not changed, and adds the changed
    /// rows that match. The result is in ascending order.
    pub fn apply(&self, found: Vec<u32>, mut matches: impl FnMut(usize) -> bool) -> Vec<u32> {
        if self.0.is_empty() {
            return found;
        }
        let mut current = Vec::with_capacity(found.len());
        let mut found = found.into_iter().peekable();
        // How much greater the current number of a row is than its number in the index.
        let mut shift = 0;
        for change in &self.0 {
            while let Some(row) = found.next_if(|&row| row < change.indexed) {
                current.push((i64::from(row) + shift) as u32);
            }
            if change.was_indexed {
                found.next_if_eq(&change.indexed);
            }
            let row = i64::from(change.indexed) + shift;
            if change.exists && matches(row as usize) {
                current.push(row as u32);
            }
            shift += i64::from(change.exists) - i64::from(change.was_indexed);
        }
        current.extend(found.map(|row| (i64::from(row) + shift) as u32));
        current
    }
}
