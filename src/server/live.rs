//! The world in force, and the watch that replaces it when an import has changed the data.

use crate::folder::{DataFolder, Stamp};
use crate::store::{Store, StoreError};
use crate::world::World;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the data are looked at for changes by other processes.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The current world and where the next one comes from.
pub struct Live {
    world: ArcSwap<World>,
    folder: DataFolder,
    store: Store,
    /// Of the data the current world was made from.
    seen: Mutex<Seen>,
    stopping: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    version: u64,
    streets: Option<Stamp>,
}

impl Live {
    /// Loads the first world.
    pub async fn load(folder: DataFolder, store: Store) -> Result<Self, StoreError> {
        // Looked at before it is read: a change in between is then seen again, and never missed.
        let seen = Seen { version: store.version().await?, streets: folder.streets_stamp() };
        let world = folder.world(&store).await?;
        Ok(Self {
            world: ArcSwap::from_pointee(world),
            folder,
            store,
            seen: Mutex::new(seen),
            stopping: AtomicBool::new(false),
        })
    }

    /// The world in force now; keep it for the whole of a request.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Loads again when the data have changed; says whether they had.
    ///
    /// # Errors
    /// [`StoreError`]; then the world stays as it is.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let now = Seen { version: self.store.version().await?, streets: self.folder.streets_stamp() };
        let seen = *self.lock();
        if now == seen {
            return Ok(false);
        }
        let kept = self.world().shared_network().filter(|_| now.streets == seen.streets);
        let network = match kept {
            Some(network) => Ok(network),
            None => self.folder.network(),
        };
        if let (Err(why), Some(_)) = (&network, now.streets) {
            tracing::error!(why, "the prepared streets cannot be opened; the ones before stay in force");
            *self.lock() = now;
            return Ok(false);
        }
        let rows = self.store.load().await?;
        let world = self.folder.world_of(network, rows).await;
        self.world.store(Arc::new(world));
        *self.lock() = now;
        Ok(true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Two copied words: whole even after a panic.
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Says to load balancers that the server is going away.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Is it going away?
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Looks for changes until it is aborted.
pub async fn watch(live: Arc<Live>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match live.refresh().await {
            Ok(true) => {
                let world = live.world();
                tracing::info!(
                    version = world.version,
                    centers = world.centers.len(),
                    facilities = world.facilities.len(),
                    population_cells = world.population.len(),
                    "the data have changed and are in force"
                );
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the database cannot be read; the data before stay in force"),
        }
    }
}
