//! The queue in which imports wait for their turn.

use crate::error::{busy_imports, internal};
use async_graphql::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The queue of imports, each of which uses much memory and a core for a while.
pub struct ImportQueue {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// A waiting import. Dropping it, when the client disconnects, leaves the queue.
struct Waiting<'l>(&'l AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl ImportQueue {
    /// Creates a queue with a maximum number of running imports (at least one) and of waiting ones.
    #[must_use]
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let running = Arc::new(Semaphore::new(max_running.clamp(1, Semaphore::MAX_PERMITS)));
        Self { running, waiting: AtomicUsize::default(), max_waiting }
    }

    /// Waits for a permit to run.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = self.running.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, SeqCst);
        let _queued = Waiting(&self.waiting);
        if before >= self.max_waiting {
            return Err(busy_imports(before));
        }
        self.running.clone().acquire_owned().await.map_err(internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_running_and_waiting_imports() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        rt.block_on(async {
            let line = Arc::new(ImportQueue::new(1, 1));
            let first = line.turn().await.unwrap();
            let second = tokio::spawn({
                let line = line.clone();
                async move { line.turn().await.is_ok() }
            });
            while line.waiting.load(SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            let refused = line.turn().await.unwrap_err();
            assert!(refused.message.contains("1 imports are already waiting"), "{}", refused.message);
            drop(first);
            assert!(second.await.unwrap());
            assert_eq!(line.waiting.load(SeqCst), 0);
            assert!(line.turn().await.is_ok());
        });
    }
}
