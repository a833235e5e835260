//! The index of a record type in a snapshot: built in the background when it is first needed, kept up to date with edits.

use super::changes::Changes;
use super::row_index::{FoundRows, RowIndex};
use super::search_text::{SearchText, Searchable};
use crate::rows::Rows;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use walkshed_engine::task::{self, Stopped};

/// Up to this many rows, a scan is fast enough: some 0.5 ms.
const SCANNED_UP_TO: usize = 4096;
/// Changed rows above this number cause a new index. Each query tests all of them: some 0.2 ms.
const REBUILT_ABOVE: usize = 1024;
/// Changed rows above this number make the index useless.
const DROPPED_ABOVE: usize = 8192;
/// Number of rows between two checks for cancellation.
const ROWS_PER_CHECK: usize = 1024;

/// Held while an index is built in the background: one at a time.
static BUILDING: Mutex<()> = Mutex::new(());

/// Text search over the rows of one type. The next snapshot shares the index.
#[derive(Debug, Clone)]
pub struct TextSearch<T> {
    current: OnceLock<Tracked<T>>,
    /// The index that will replace the current one, which has too many changes.
    next: OnceLock<Tracked<T>>,
}

impl<T> Default for TextSearch<T> {
    fn default() -> Self {
        Self { current: OnceLock::new(), next: OnceLock::new() }
    }
}

/// An index, which may still be under construction, and the changes since.
#[derive(Debug)]
struct Tracked<T> {
    index: Arc<Deferred<T>>,
    changes: Arc<Changes>,
}

impl<T> Clone for Tracked<T> {
    fn clone(&self) -> Self {
        Self { index: self.index.clone(), changes: self.changes.clone() }
    }
}

/// An index of rows that is built once.
#[derive(Debug)]
struct Deferred<T> {
    rows: Arc<Vec<Arc<T>>>,
    is_started: AtomicBool,
    /// `None` if the index would be too large.
    built: OnceLock<Option<RowIndex>>,
}

impl<T: Searchable> Deferred<T> {
    fn build(&self) -> Option<&RowIndex> {
        self.built.get_or_init(|| RowIndex::build(&self.rows)).as_ref()
    }
}

impl<T: Searchable + Send + Sync + 'static> Tracked<T> {
    fn new(rows: &Rows<T>) -> Self {
        let index = Deferred { rows: rows.shared(), is_started: AtomicBool::new(false), built: OnceLock::new() };
        Self { index: Arc::new(index), changes: Arc::default() }
    }

    /// Returns the index if it is built. Starts building it on the first call.
    fn ready(&self) -> Option<&RowIndex> {
        if let Some(built) = self.index.built.get() {
            return built.as_ref();
        }
        if !self.index.is_started.swap(true, SeqCst) {
            let index = Arc::downgrade(&self.index);
            let started = std::thread::Builder::new().name("text-index".into()).spawn(move || {
                let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
                // No snapshot may need it any more.
                if let Some(index) = Weak::upgrade(&index) {
                    index.build();
                }
            });
            if started.is_err() {
                // The next query tries again.
                self.index.is_started.store(false, SeqCst);
            }
        }
        None
    }

    fn record(&mut self, id: i64, exists: bool) {
        Arc::make_mut(&mut self.changes).record(&self.index.rows, id, exists);
    }

    /// Returns the matching rows; `rows` are the current rows.
    fn find(&self, index: &RowIndex, rows: &Rows<T>, text: &SearchText) -> Result<Vec<u32>, Stopped> {
        let tested = |found: FoundRows| -> Result<Vec<u32>, Stopped> {
            if found.are_exact {
                return Ok(found.rows);
            }
            let mut matching = Vec::new();
            for part in found.rows.chunks(ROWS_PER_CHECK) {
                task::work(part.len())?;
                matching.extend(part.iter().filter(|&&row| text.matches(&*self.index.rows[row as usize])));
            }
            Ok(matching)
        };
        let by_text = tested(index.with_text(text))?;
        let by_initials = tested(index.with_initials(text))?;
        let found = union(by_text, by_initials);
        Ok(self.changes.apply(found, |row| rows[..].get(row).is_some_and(|record| text.matches(&**record))))
    }
}

impl<T: Searchable + Send + Sync + 'static> TextSearch<T> {
    /// Returns the indexes of the rows that match, in ascending order. `rows` are the rows of the same snapshot. Returns
    /// `None` if there is no index, because the rows are few or it is being built: then every row must be tested.
    ///
    /// # Errors
    /// [`Stopped`] if the current task is cancelled or out of time.
    pub fn find(&self, rows: &Rows<T>, text: &SearchText) -> Result<Option<Vec<u32>>, Stopped> {
        if rows.len() <= SCANNED_UP_TO && self.current.get().is_none() {
            return Ok(None);
        }
        let current = self.current.get_or_init(|| Tracked::new(rows));
        let next = (current.changes.len() > REBUILT_ABOVE).then(|| self.next.get_or_init(|| Tracked::new(rows)));
        for tracked in next.into_iter().chain([current]) {
            if let Some(index) = tracked.ready() {
                return tracked.find(index, rows, text).map(Some);
            }
        }
        Ok(None)
    }

    /// Builds the index now and returns the number of bytes that it takes.
    pub fn build(&self, rows: &Rows<T>) -> usize {
        self.current.get_or_init(|| Tracked::new(rows)).index.build().map_or(0, RowIndex::bytes)
    }

    /// Records that the row with an id has been inserted into the rows, or has replaced `old`.
    pub fn put(&mut self, rows: &Rows<T>, old: Option<&T>, id: i64) {
        let is_same = |old: &T| {
            rows.get(id).is_some_and(|new| {
                (old.searched_texts(), old.pinyin_name()) == (new.searched_texts(), new.pinyin_name())
            })
        };
        if !old.is_some_and(is_same) {
            self.record(id, true);
        }
    }

    /// Records that a row is removed.
    pub fn remove(&mut self, id: i64) {
        self.record(id, false);
    }

    fn record(&mut self, id: i64, exists: bool) {
        if self.next.get().is_some_and(|next| next.index.built.get().is_some()) {
            self.current = std::mem::take(&mut self.next);
        }
        for tracked in [&mut self.current, &mut self.next].into_iter().filter_map(OnceLock::get_mut) {
            tracked.record(id, exists);
        }
        while self.current.get().is_some_and(|current| current.changes.len() > DROPPED_ABOVE) {
            self.current = std::mem::take(&mut self.next);
        }
    }
}

/// Merges two lists in ascending order.
fn union(a: Vec<u32>, b: Vec<u32>) -> Vec<u32> {
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() { b } else { a };
    }
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let mut b = b.into_iter().peekable();
    for row in a {
        while let Some(other) = b.next_if(|&other| other < row) {
            merged.push(other);
        }
        b.next_if_eq(&row);
        merged.push(row);
    }
    merged.extend(b);
    merged
}
