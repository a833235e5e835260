//! Loading changes that other processes have made.

use crate::changed::changed_centers;
use crate::current::Seen;
use crate::events::Change;
use crate::folder::FileStamp;
use crate::live::Live;
use crate::load_problems::Part;
use std::sync::Arc;
use std::time::Duration;
use walkshed_analysis::world::{NetworkUnavailable, World};
use walkshed_engine::Network;
use walkshed_store::StoreError;

/// Interval between checks for changes by other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Polls for changes by other processes until the task is aborted.
pub async fn watch_data(live: Arc<Live>) {
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // `refresh` logs errors.
        if let Ok(true) = live.refresh().await {
            let world = live.world();
            tracing::info!(
                version = world.version,
                centers = world.register.centers.len(),
                facilities = world.register.facilities.len(),
                population_cells = world.register.population.len(),
                "loaded changed data"
            );
        }
    }
}

impl Live {
    /// Reloads data that have changed and returns whether any had. Parts that cannot be loaded are recorded as problems and
    /// do not prevent the other parts from loading.
    ///
    /// # Errors
    /// [`StoreError`]; then the register stays as it is.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        // An error is already recorded as a problem, and does not prevent loading the register.
        let _ = self.tokens.reload(&self.store, &self.problems).await;
        let _turn = self.writers.wait_unbounded().await;
        let register = match self.store.state().await {
            Ok(register) => register,
            Err(error) => {
                self.problems.set_register(&error);
                return Err(error);
            }
        };
        let now = Seen { register, streets: self.folder.streets_stamp() };
        let is_incomplete = self.is_incomplete(now.streets);
        if now == self.current.seen() && !is_incomplete {
            return Ok(false);
        }
        // Failed loads are retried with increasing delays.
        if is_incomplete && !self.problems.is_time_to_retry() {
            return Ok(false);
        }
        let done = self.reload(now.streets).await;
        if !self.is_incomplete(now.streets) {
            self.problems.reset_retry();
        }
        done
    }

    /// Returns whether the streets or the register could not be loaded.
    fn is_incomplete(&self, streets: Option<FileStamp>) -> bool {
        let is_without_streets = streets.is_some() && self.world().network().is_err();
        self.problems.has(Part::Register) || self.problems.has(Part::Streets) || is_without_streets
    }

    /// Loads the streets and the register, as far as they have changed. If one of them fails, its previous state stays in use.
    pub(crate) async fn reload(&self, streets: Option<FileStamp>) -> Result<bool, StoreError> {
        let (seen, before) = (self.current.seen(), self.world());
        let network = self.load_network(streets, seen, &before).await;
        let is_same_network = match (&network, before.shared_network()) {
            (Ok(network), Some(before)) => Arc::ptr_eq(network, &before),
            (Err(why), None) => before.network().err().map(NetworkUnavailable::as_str) == Some(why.as_str()),
            _ => false,
        };
        let rows = match self.store.state().await {
            Ok(state) if state == seen.register && !self.problems.has(Part::Register) => None,
            Ok(_) => Some(self.store.load_with_state().await),
            Err(error) => Some(Err(error)),
        };
        let (register, world, failed) = match rows {
            None if is_same_network => {
                self.current.set_seen(Seen { streets, ..seen });
                return Ok(false);
            }
            Some(Ok((rows, state))) => {
                self.problems.set(Part::Register, None);
                (state, self.folder.world_of(network, rows).await, None)
            }
            // The streets are replaced, the register stays.
            None => (seen.register, self.folder.world_with_network(network, before.register.clone()).await, None),
            Some(Err(error)) => {
                self.problems.set_register(&error);
                if is_same_network {
                    self.current.set_seen(Seen { streets, ..seen });
                    return Err(error);
                }
                (seen.register, self.folder.world_with_network(network, before.register.clone()).await, Some(error))
            }
        };
        let world = Arc::new(world);
        self.current.set(world.clone());
        self.current.set_seen(Seen { register, streets });
        self.events.send(Change::Reloaded(changed_centers(&before.register, &world.register)));
        failed.map_or(Ok(true), Err)
    }

    /// Returns the network to use: the current one if the file has not changed, otherwise the one in the file. If the file cannot
    /// be opened, the previous network stays in use.
    async fn load_network(
        &self,
        streets: Option<FileStamp>,
        seen: Seen,
        before: &World,
    ) -> Result<Arc<Network>, String> {
        let previous = before.shared_network();
        if let Some(network) = &previous
            && streets == seen.streets
            && !self.problems.has(Part::Streets)
        {
            return Ok(network.clone());
        }
        let folder = self.folder.clone();
        let opened = tokio::task::spawn_blocking(move || folder.network())
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        match (opened, streets, previous) {
            (Err(why), Some(_), Some(network)) => {
                let problem = format!("The prepared streets cannot be opened; the previous ones stay in use: {why}");
                self.problems.set(Part::Streets, Some(problem));
                Ok(network)
            }
            // A world without streets reports the reason in its own problems.
            (opened, streets, _) => {
                if let (Err(why), Some(_)) = (&opened, streets) {
                    tracing::error!(
                        why = why.as_str(),
                        "the prepared streets cannot be opened, and there were none before"
                    );
                }
                self.problems.set(Part::Streets, None);
                opened
            }
        }
    }
}
