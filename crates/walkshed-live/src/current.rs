//! The world in use, and the state of the data that it was built from.

use crate::folder::FileStamp;
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use walkshed_analysis::world::World;
use walkshed_store::RegisterState;

/// The state of the data on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub register: RegisterState,
    /// The prepared streets file, if it exists.
    pub streets: Option<FileStamp>,
}

/// The world in use.
pub struct CurrentWorld {
    world: ArcSwap<World>,
    /// The state of the data that the world was built from.
    seen: Mutex<Seen>,
}

impl CurrentWorld {
    /// Starts with a world built from the data in the state `seen`.
    pub fn new(world: World, seen: Seen) -> Self {
        Self { world: ArcSwap::from_pointee(world), seen: Mutex::new(seen) }
    }

    /// Returns the world.
    pub fn get(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Replaces the world.
    pub fn set(&self, world: Arc<World>) {
        self.world.store(world);
    }

    /// Returns the state of the data that the world was built from.
    pub fn seen(&self) -> Seen {
        *self.lock()
    }

    /// Sets the state of the data that the world was built from.
    pub fn set_seen(&self, seen: Seen) {
        *self.lock() = seen;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
