//! Scratch space of searches.

use crate::hits::Hits;
use crate::parallel;
use crate::search::Search;
use std::sync::{Mutex, PoisonError};

/// Scratch space of a search. For a network the size of Chongqing it takes 4 MB, and as much again if a layer has many
/// points.
#[derive(Default)]
pub struct Scratch {
    /// A search.
    pub search: Search,
    /// The points that a layer collects from the search.
    pub hits: Hits,
}

/// Scratch space not in use. Shared by the process instead of thread-local, so that there is never more of it than threads
/// that search at the same time, and at most one per core is kept.
static IDLE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

/// Calls `work` with scratch space from a pool of the process.
pub fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scratch = idle().pop().unwrap_or_default();
    let result = work(&mut scratch);
    let mut idle = idle();
    if idle.len() < parallel::cores() {
        idle.push(scratch);
    }
    result
}
