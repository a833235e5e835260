//! Keeps the prepared register file up to date: writes it when the register has not changed for a while.

use crate::current::Seen;
use crate::live::Live;
use crate::prepared;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Interval between checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// The file is written when nothing has changed for this long.
const QUIET: Duration = Duration::from_secs(30);
/// The file is written at the latest this long after a change, even if changes continue.
const LONGEST_STALE: Duration = Duration::from_mins(10);

/// Decides when to write the file.
struct Schedule {
    /// The state at the last check, and since when it is this state.
    last: (Seen, Instant),
    /// Since when the file is out of date.
    stale_since: Instant,
}

impl Schedule {
    /// Returns whether a file that does not contain the state `now` should be written.
    fn is_due(&mut self, now: Seen, at: Instant) -> bool {
        if self.last.0 != now {
            self.last = (now, at);
        }
        at.duration_since(self.last.1) >= QUIET || at.duration_since(self.stale_since) >= LONGEST_STALE
    }
}

/// Writes the prepared register file at once if it is missing or out of date, and later whenever the data have changed, until
/// the task is aborted.
pub async fn keep_prepared_register(live: Arc<Live>) {
    live.write_prepared_register().await;
    let mut schedule = Schedule { last: (live.current.seen(), Instant::now()), stale_since: Instant::now() };
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (now, at) = (live.current.seen(), Instant::now());
        if live.is_prepared(now) {
            schedule.stale_since = at;
        } else if schedule.is_due(now, at) {
            live.write_prepared_register().await;
            // After a failure, the next attempt waits as long as after a change.
            schedule = Schedule { last: (now, at), stale_since: at };
        }
    }
}

impl Live {
    fn is_prepared(&self, seen: Seen) -> bool {
        // While the file is being written, its content is not known yet.
        self.prepared.try_lock().is_ok_and(|written| *written == Some(seen))
    }

    /// Writes the prepared register file unless it is up to date. Does not delay requests or changes. A failure is logged.
    pub async fn write_prepared_register(&self) {
        // A database in memory has another stamp after every start.
        if self.store.file().is_none() {
            return;
        }
        let (world, seen) = {
            // The world and its state are read between two changes.
            let _turn = self.writers.wait_unbounded().await;
            (self.world(), self.current.seen())
        };
        let Some(stamp) = seen.register.stamp.filter(|_| world.register.version == seen.register.version) else {
            return;
        };
        let (path, written) = (self.folder.prepared_register(), self.prepared.clone());
        let work = move || {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            if *written == Some(seen) {
                return;
            }
            match prepared::write(&path, &world, stamp) {
                Ok(()) => {
                    tracing::info!(version = seen.register.version, "wrote the prepared register");
                    *written = Some(seen);
                }
                Err(error) => tracing::warn!(%error, "cannot write the prepared register; the next start is slower"),
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walkshed_store::RegisterState;

    fn seen(version: u64) -> Seen {
        Seen { register: RegisterState { version, stamp: None }, streets: None }
    }

    #[test]
    fn writes_after_a_quiet_while_and_at_the_latest_after_ten_minutes() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut schedule = Schedule { last: (seen(1), start), stale_since: start };
        assert!(!schedule.is_due(seen(2), after(2)));
        assert!(!schedule.is_due(seen(2), after(31)));
        assert!(schedule.is_due(seen(2), after(32)));
        // A change every ten seconds.
        let mut schedule = Schedule { last: (seen(1), start), stale_since: start };
        let due = (1..100).find(|n| schedule.is_due(seen(1 + n), after(10 * n)));
        assert_eq!(due, Some(60));
    }
}
