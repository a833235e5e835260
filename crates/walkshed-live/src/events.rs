//! Change events and the progress of imports, sent to subscribers.

use std::sync::Arc;
use tokio::sync::broadcast;
use walkshed_register::{DivisionCode, RecordKind};

/// Number of events buffered for a slow subscriber.
const EVENT_BUFFER: usize = 1024;

/// A change event. It contains no world, so that a slow subscriber does not keep old worlds in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The records that have changed.
    Items(Vec<ChangedItem>),
    /// The whole register was loaded again. Contains the codes of the centers that have changed.
    Reloaded(Vec<DivisionCode>),
}

/// A record that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    pub kind: RecordKind,
    /// The record's id; 0 for visits and population.
    pub id: i64,
    /// The center it belongs to.
    pub center: Option<i64>,
    /// The codes of that center before and after the change.
    pub codes: Vec<DivisionCode>,
    pub deleted: bool,
}

/// Progress of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProgress {
    /// The id that the client has chosen.
    pub id: String,
    /// `reading`, `checking`, `storing`, `done` or `failed`.
    pub stage: &'static str,
    pub done: u64,
    pub total: u64,
}

impl ImportProgress {
    /// Returns whether the import has ended.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self.stage, "done" | "failed")
    }
}

/// Sends events to all subscribers.
pub struct Events {
    changes: broadcast::Sender<Arc<Change>>,
    progress: broadcast::Sender<Arc<ImportProgress>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(EVENT_BUFFER), progress: broadcast::Sender::new(EVENT_BUFFER) }
    }
}

impl Events {
    /// Sends a change event.
    pub fn send(&self, change: Change) {
        // An error only means that there are no subscribers.
        let _ = self.changes.send(Arc::new(change));
    }

    /// Subscribes to change events.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Subscribes to the progress of imports.
    pub fn progress(&self) -> broadcast::Receiver<Arc<ImportProgress>> {
        self.progress.subscribe()
    }

    /// Returns a function that sends the progress of an import.
    pub fn progress_sender(&self) -> impl Fn(ImportProgress) + Send + Sync + 'static {
        let sender = self.progress.clone();
        move |progress| {
            let _ = sender.send(Arc::new(progress));
        }
    }
}
