//! Few analyses at once: each takes all cores for a while, and maps must not wait for planners.

use super::error::{busy, internal};
use crate::task::{Task, within};
use async_graphql::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::Semaphore;

/// Lets so many analyses run, so many wait, and refuses the rest.
pub struct Gate {
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
}

/// One that waits; it waits no more when whoever asked goes away.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Gate {
    /// So many at once (0 for one a core), so many waiting.
    #[must_use]
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let at_once = if at_once == 0 { cores() } else { at_once };
        Self {
            running: Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS))),
            waiting: Arc::default(),
            most_waiting,
        }
    }

    /// Does work away from the threads that answer others, when its turn has come. Who has stood in line for a job already
    /// waits however many others do.
    ///
    /// # Errors
    /// `BUSY` where too many wait already.
    pub async fn run<T: Send + 'static>(
        &self,
        job: Option<Arc<Task>>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let free = self.running.clone().try_acquire_owned();
        let permit = if let Ok(permit) = free {
            permit
        } else {
            let before = self.waiting.fetch_add(1, SeqCst);
            let _waiting = Waiting(self.waiting.clone());
            if before >= self.most_waiting && job.is_none() {
                return Err(busy(before));
            }
            self.running.clone().acquire_owned().await.map_err(internal)?
        };
        // Held until the work is done, also when whoever asked has gone away.
        let work = move || {
            let done = within(job, work);
            drop(permit);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(internal)
    }
}

/// Does an analysis when its turn has come.
///
/// # Errors
/// `BUSY` where too many wait already.
pub async fn analyse<T: Send + 'static>(ctx: &Context<'_>, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    ctx.data_unchecked::<Arc<Gate>>().run(ctx.data_opt::<Arc<Task>>().cloned(), work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn so_many_run_so_many_wait_and_the_rest_is_refused() {
        let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        rt.block_on(async {
            let gate = Arc::new(Gate::new(1, 1));
            let start = |wait: std::sync::mpsc::Receiver<()>| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.run(None, move || wait.recv().is_ok()).await })
            };
            let until = async |waiting: usize, free: usize| {
                while gate.waiting.load(SeqCst) != waiting || gate.running.available_permits() != free {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            let ((go1, wait1), (go2, wait2)) = (channel(), channel());
            let first = start(wait1);
            until(0, 0).await;
            let second = start(wait2);
            until(1, 0).await;
            let refused = gate.run(None, || ()).await.unwrap_err();
            assert!(refused.message.contains("try again"), "{}", refused.message);
            // One that gives up leaves its place to another.
            second.abort();
            until(0, 0).await;
            let (go3, wait3) = channel();
            let third = start(wait3);
            until(1, 0).await;
            drop(go2);
            go1.send(()).unwrap();
            go3.send(()).unwrap();
            assert!(first.await.unwrap().unwrap() && third.await.unwrap().unwrap());
            until(0, 1).await;
        });
    }
}
