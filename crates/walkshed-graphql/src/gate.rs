//! Where work is done that would keep other answers waiting: few analyses at once, for each takes all cores for a while;
//! and smaller work on threads of its own, which does not wait for planners.

use super::jobs::is_job;
use super::pool::Pool;
use async_graphql::{Context, Result};
use std::sync::Arc;
use walkshed_engine::parallel::cores;
use walkshed_engine::task::Task;

/// Pieces of smaller work that wait for a thread; more are refused. They take some milliseconds each.
const MOST_SMALL_WAITING: usize = 1000;
/// Threads for smaller work at least, so that one that takes longer does not hold up all others.
const SMALL_THREADS: usize = 2;

/// How large a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Some milliseconds, up to a tenth of a second.
    Small,
    /// More.
    Analysis,
}

/// Lets so many analyses run, so many wait, and refuses the rest.
pub struct Gate {
    analyses: Pool,
    small: Pool,
}

impl Gate {
    /// So many analyses at once (0 for one a core), so many waiting.
    #[must_use]
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        let at_once = if at_once == 0 { cores() } else { at_once };
        Self {
            analyses: Pool::new("analysis", at_once, most_waiting),
            small: Pool::new("small-work", cores().max(SMALL_THREADS), MOST_SMALL_WAITING),
        }
    }

    /// Analyses that run, and that wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        self.analyses.load()
    }

    /// Smaller work that runs, and that waits.
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

/// Does work away from the threads that answer others, when its turn has come, as part of the request: it stops when the
/// request is dropped or out of time. Who has stood in line for a job already waits however many others do.
///
/// # Errors
/// `BUSY` where too many wait already, `TIMEOUT` where the request is out of time.
pub async fn aside<T: Send + 'static>(
    ctx: &Context<'_>,
    size: Size,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let pool = ctx.data_unchecked::<Arc<Gate>>().pool(size);
    pool.run(ctx.data_opt::<Arc<Task>>().cloned(), is_job(ctx), work).await
}

/// Does an analysis when its turn has come.
///
/// # Errors
/// `BUSY` where too many wait already, `TIMEOUT` where the request is out of time.
pub async fn analyse<T: Send + 'static>(ctx: &Context<'_>, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    aside(ctx, Size::Analysis, work).await
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
            assert!(began.elapsed() < Duration::from_mins(1), "never");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn so_many_run_so_many_wait_and_the_rest_is_refused() {
        runtime().block_on(async {
            let gate = Arc::new(Gate::new(1, 1));
            let start = |wait: std::sync::mpsc::Receiver<()>| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.analyses.run(None, false, move || wait.recv().is_ok()).await })
            };
            let ((go1, wait1), (go2, wait2)) = (channel(), channel());
            let first = start(wait1);
            until(|| gate.load() == (1, 0)).await;
            let second = start(wait2);
            until(|| gate.load() == (1, 1)).await;
            let refused = gate.analyses.run(None, false, || ()).await.unwrap_err();
            assert!(refused.message.contains("try again"), "{}", refused.message);
            // Smaller work does not wait for it, and what must waits however many others do.
            assert_eq!(gate.small.run(None, false, || 7).await.unwrap(), 7);
            let (go4, wait4) = channel::<()>();
            let patient = tokio::spawn({
                let gate = gate.clone();
                async move { gate.analyses.run(None, true, move || wait4.recv().is_ok()).await }
            });
            until(|| gate.load() == (1, 2)).await;
            // One that gives up leaves its place to another.
            second.abort();
            until(|| gate.load() == (1, 1)).await;
            patient.abort();
            until(|| gate.load() == (1, 0)).await;
            let (go3, wait3) = channel();
            let third = start(wait3);
            until(|| gate.load() == (1, 1)).await;
            drop((go2, go4));
            go1.send(()).unwrap();
            go3.send(()).unwrap();
            assert!(first.await.unwrap().unwrap() && third.await.unwrap().unwrap());
            until(|| gate.load() == (0, 0)).await;
        });
    }

    #[test]
    fn work_whose_caller_has_gone_stops_and_makes_room() {
        runtime().block_on(async {
            let gate = Arc::new(Gate::new(1, 10));
            let stopped = Arc::new(AtomicBool::new(false));
            let endless = tokio::spawn({
                let (gate, stopped) = (gate.clone(), stopped.clone());
                async move {
                    gate.analyses
                        .run(None, false, move || {
                            while task::work(1).is_ok() {
                                std::thread::yield_now();
                            }
                            stopped.store(true, SeqCst);
                        })
                        .await
                }
            });
            until(|| gate.load() == (1, 0)).await;
            endless.abort();
            until(|| stopped.load(SeqCst) && gate.load() == (0, 0)).await;
            assert_eq!(gate.analyses.run(None, false, || 1).await.unwrap(), 1);
        });
    }

    #[test]
    fn work_that_is_out_of_time_says_so_and_a_panic_ends_no_thread() {
        runtime().block_on(async {
            let gate = Gate::new(1, 10);
            let late = Arc::new(Task::within_seconds(1));
            let error =
                gate.analyses.run(Some(late.clone()), false, || while task::work(1).is_ok() {}).await.unwrap_err();
            assert!(error.message.contains("1 second"), "{}", error.message);
            assert!(late.worked() > 0);
            // What comes to its turn too late is not begun.
            let begun = Arc::new(AtomicBool::new(false));
            let seen = begun.clone();
            assert!(gate.analyses.run(Some(late), false, move || seen.store(true, SeqCst)).await.is_err());
            assert!(!begun.load(SeqCst));
            let failed = gate.analyses.run(None, false, || panic!("a fault")).await.unwrap_err();
            assert!(failed.message.contains("a fault"), "{}", failed.message);
            assert_eq!(gate.analyses.run(None, false, || 2).await.unwrap(), 2);
        });
    }
}
