//! Thread pools for work that would block an async worker: one for analyses, few at a time because each uses all cores, and
//! one for small work, which does not wait behind analyses.

use super::context::is_job;
use super::pool::Pool;
use async_graphql::{Context, Result};
use std::sync::Arc;
use walkshed_engine::parallel::cores;
use walkshed_engine::task::Task;

/// Maximum length of the queue for small work, which takes a few milliseconds each.
const MAX_SMALL_WAITING: usize = 1000;
/// Minimum number of threads for small work, so that one slow piece does not block all others.
const MIN_SMALL_THREADS: usize = 2;

/// Size of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A few milliseconds, up to 100 ms.
    Small,
    /// More than 100 ms.
    Analysis,
}

/// The two thread pools. Each has a maximum number of threads and a bounded queue.
pub struct WorkPools {
    analyses: Pool,
    small: Pool,
}

impl WorkPools {
    /// Creates the pools. `max_running` and `max_waiting` limit analyses; `max_running` 0 means one for each core.
    #[must_use]
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let max_running = if max_running == 0 { cores() } else { max_running };
        Self {
            analyses: Pool::new("analysis", max_running, max_waiting),
            small: Pool::new("small-work", cores().max(MIN_SMALL_THREADS), MAX_SMALL_WAITING),
        }
    }

    /// Returns the numbers of running and waiting analyses.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        self.analyses.load()
    }

    /// Returns the numbers of running and waiting pieces of small work.
    #[must_use]
    pub fn small_load(&self) -> (usize, usize) {
        self.small.load()
    }

    const fn pool(&self, size: Size) -> &Pool {
        match size {
            Size::Small => &self.small,
            Size::Analysis => &self.analyses,
        }
    }
}

/// Runs work in a pool, as part of the request: it stops when the request is dropped or exceeds its time limit. Work of a
/// job is queued even when the queue is full, because the job has already waited in the queue for jobs.
///
/// # Errors
/// `BUSY` when the queue is full, `TIMEOUT` when the request exceeds its time limit.
pub async fn run_in_pool<T: Send + 'static>(
    ctx: &Context<'_>,
    size: Size,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let pool = ctx.data_unchecked::<Arc<WorkPools>>().pool(size);
    pool.run(ctx.data_opt::<Arc<Task>>().cloned(), is_job(ctx), work).await
}

/// Runs an analysis in its pool.
///
/// # Errors
/// `BUSY` when the queue is full, `TIMEOUT` when the request exceeds its time limit.
pub async fn analyse<T: Send + 'static>(ctx: &Context<'_>, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    run_in_pool(ctx, Size::Analysis, work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};
    use walkshed_engine::task;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
    }

    async fn until(is: impl Fn() -> bool) {
        let began = Instant::now();
        while !is() {
            assert!(began.elapsed() < Duration::from_mins(1), "the condition was not met within a minute");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn refuses_work_when_the_queue_is_full() {
        runtime().block_on(async {
            let pools = Arc::new(WorkPools::new(1, 1));
            let start = |wait: std::sync::mpsc::Receiver<()>| {
                let pools = pools.clone();
                tokio::spawn(async move { pools.analyses.run(None, false, move || wait.recv().is_ok()).await })
            };
            let ((go1, wait1), (go2, wait2)) = (channel(), channel());
            let first = start(wait1);
            until(|| pools.load() == (1, 0)).await;
            let second = start(wait2);
            until(|| pools.load() == (1, 1)).await;
            let refused = pools.analyses.run(None, false, || ()).await.unwrap_err();
            assert!(refused.message.contains("try again"), "{}", refused.message);
            // Small work does not wait for analyses, and work of jobs is queued even when the queue is full.
            assert_eq!(pools.small.run(None, false, || 7).await.unwrap(), 7);
            let (go4, wait4) = channel::<()>();
            let patient = tokio::spawn({
                let pools = pools.clone();
                async move { pools.analyses.run(None, true, move || wait4.recv().is_ok()).await }
            });
            until(|| pools.load() == (1, 2)).await;
            // A caller that gives up frees its place in the queue.
            second.abort();
            until(|| pools.load() == (1, 1)).await;
            patient.abort();
            until(|| pools.load() == (1, 0)).await;
            let (go3, wait3) = channel();
            let third = start(wait3);
            until(|| pools.load() == (1, 1)).await;
            drop((go2, go4));
            go1.send(()).unwrap();
            go3.send(()).unwrap();
            assert!(first.await.unwrap().unwrap() && third.await.unwrap().unwrap());
            until(|| pools.load() == (0, 0)).await;
        });
    }

    #[test]
    fn work_of_an_aborted_caller_stops() {
        runtime().block_on(async {
            let pools = Arc::new(WorkPools::new(1, 10));
            let stopped = Arc::new(AtomicBool::new(false));
            let endless = tokio::spawn({
                let (pools, stopped) = (pools.clone(), stopped.clone());
                async move {
                    pools
                        .analyses
                        .run(None, false, move || {
                            while task::work(1).is_ok() {
                                std::thread::yield_now();
                            }
                            stopped.store(true, SeqCst);
                        })
                        .await
                }
            });
            until(|| pools.load() == (1, 0)).await;
            endless.abort();
            until(|| stopped.load(SeqCst) && pools.load() == (0, 0)).await;
            assert_eq!(pools.analyses.run(None, false, || 1).await.unwrap(), 1);
        });
    }

    #[test]
    fn reports_timeouts_and_survives_panics() {
        runtime().block_on(async {
            let pools = WorkPools::new(1, 10);
            let late = Arc::new(Task::within_seconds(1));
            let error =
                pools.analyses.run(Some(late.clone()), false, || while task::work(1).is_ok() {}).await.unwrap_err();
            assert!(error.message.contains("1 second"), "{}", error.message);
            assert!(late.worked() > 0);
            // Work that is dequeued after its deadline does not start.
            let started = Arc::new(AtomicBool::new(false));
            let flag = started.clone();
            assert!(pools.analyses.run(Some(late), false, move || flag.store(true, SeqCst)).await.is_err());
            assert!(!started.load(SeqCst));
            let failed = pools.analyses.run(None, false, || panic!("a fault")).await.unwrap_err();
            assert!(failed.message.contains("a fault"), "{}", failed.message);
            assert_eq!(pools.analyses.run(None, false, || 2).await.unwrap(), 2);
        });
    }
}
