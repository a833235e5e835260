//! Runs a solver that cannot be cancelled on a separate thread.

use good_lp::SolverModel;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use walkshed_engine::parallel::cores;
use walkshed_engine::task;

/// Interval between checks for cancellation while the solver runs.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A running solver. At most one runs per core, including abandoned ones, which end at their time limit.
struct SolverSlot;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

impl SolverSlot {
    /// Waits until a core is free. Returns `None` if the task is stopped meanwhile.
    fn wait() -> Option<Self> {
        let take = |now: usize| (now < cores()).then_some(now + 1);
        while RUNNING.fetch_update(SeqCst, SeqCst, take).is_err() {
            task::check().ok()?;
            std::thread::sleep(CHECK_INTERVAL);
        }
        Some(Self)
    }
}

impl Drop for SolverSlot {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, SeqCst);
    }
}

/// Solves on a separate thread, because the solver itself cannot be cancelled. Returns `None` if the task is stopped; the
/// thread then ends at its time limit.
pub(super) fn solve_on_thread<M>(model: M) -> Option<Result<M::Solution, M::Error>>
where
    M: SolverModel + Send + 'static,
    M::Solution: Send,
    M::Error: Send,
{
    let slot = SolverSlot::wait()?;
    let (sender, receiver) = std::sync::mpsc::channel();
    let solve = move || {
        let _slot = slot;
        // After cancellation there is no receiver.
        drop(sender.send(model.solve()));
    };
    std::thread::Builder::new().name("solver".into()).spawn(solve).ok()?;
    loop {
        match receiver.recv_timeout(CHECK_INTERVAL) {
            Ok(solved) => return Some(solved),
            Err(RecvTimeoutError::Timeout) if task::check().is_ok() => {}
            Err(_) => return None,
        }
    }
}
