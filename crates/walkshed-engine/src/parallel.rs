//! Parallel work on plain threads. Queries use this module instead of rayon's pool: a pool thread that waits for a value
//! runs other tasks meanwhile, and such a task may wait for the value that the thread itself is computing, which is a
//! deadlock. Threads of this module run their own work only.
//!
//! The calling thread takes part in the work. Helper threads come from one budget for the whole process, the number of
//! cores minus one. If no helper is available, the caller does all the work.

use crate::task::{self, Stopped};
use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// Maximum number of items processed between two checks for cancellation.
const ITEMS_PER_CHECK: usize = 256;
/// Average number of blocks per thread. Several blocks balance the load if items differ in cost.
const BLOCKS_PER_THREAD: usize = 8;

/// Number of helper threads in use.
static ACTIVE_HELPERS: AtomicUsize = AtomicUsize::new(0);

/// Returns the number of threads that can run at the same time.
#[must_use]
pub fn cores() -> usize {
    // Cached: the system call reads files.
    static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, std::num::NonZero::get));
    *CORES
}

/// A number of helpers reserved until it is dropped.
struct Helpers(usize);

impl Helpers {
    /// Reserves up to `wanted` helpers, without waiting for any.
    fn take(wanted: usize) -> Self {
        let most = cores() - 1;
        let mut taken = 0;
        let _ = ACTIVE_HELPERS.fetch_update(SeqCst, SeqCst, |now| {
            taken = wanted.min(most.saturating_sub(now));
            Some(now + taken)
        });
        Self(taken)
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        ACTIVE_HELPERS.fetch_sub(self.0, SeqCst);
    }
}

/// Splits `0..count` into ranges of at least `least` items, runs `work` on each, and returns the results in order.
fn in_blocks<U: Send, E: Send>(
    count: usize,
    least: usize,
    work: impl Fn(Range<usize>, &mut Vec<U>) -> Result<(), E> + Sync,
) -> Result<Vec<U>, E> {
    let least = least.max(1);
    let helpers = Helpers::take((count / least).saturating_sub(1));
    let mut all = Vec::with_capacity(count);
    if helpers.0 == 0 {
        work(0..count, &mut all)?;
        return Ok(all);
    }
    let block = (count / ((helpers.0 + 1) * BLOCKS_PER_THREAD)).max(least);
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let share = || {
        let mut done = Vec::new();
        while !failed.load(SeqCst) {
            let from = next.fetch_add(block, SeqCst);
            if from >= count {
                break;
            }
            let mut found = Vec::with_capacity(block.min(count - from));
            if let Err(why) = work(from..(from + block).min(count), &mut found) {
                failed.store(true, SeqCst);
                return Err(why);
            }
            done.push((from, found));
        }
        Ok(done)
    };
    let task = task::current();
    let mut parts = thread::scope(|scope| {
        let help = || task::within(task.clone(), share);
        // If a thread cannot be started, continue with one helper fewer.
        let start = |_| thread::Builder::new().name("helper".into()).spawn_scoped(scope, help).ok();
        let running: Vec<_> = (0..helpers.0).filter_map(start).collect();
        let mut parts = vec![share()];
        parts.extend(running.into_iter().map(|r| r.join().unwrap_or_else(|e| std::panic::resume_unwind(e))));
        parts.into_iter().collect::<Result<Vec<_>, E>>()
    })?;
    let mut blocks: Vec<(usize, Vec<U>)> = parts.drain(..).flatten().collect();
    blocks.sort_unstable_by_key(|(from, _)| *from);
    all.extend(blocks.into_iter().flat_map(|(_, found)| found));
    Ok(all)
}

/// Applies `work` to every item and returns the results in order. Uses at most one thread per `least` items. Is not stopped
/// when the task is, since other threads may be waiting for the result.
pub fn map<T: Sync, U: Send>(items: &[T], least: usize, work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        found.extend(items[range].iter().map(&work));
        Ok::<_, Infallible>(())
    };
    let Ok(all) = in_blocks(items.len(), least, each);
    all
}

/// Applies `work` to every item as [`map`] does, and passes it a value that `make` creates once per block of items, such as
/// a buffer.
pub fn map_with<T: Sync, S, U: Send>(
    items: &[T],
    least: usize,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> U + Sync,
) -> Vec<U> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        let mut state = make();
        found.extend(items[range].iter().map(|item| work(&mut state, item)));
        Ok::<_, Infallible>(())
    };
    let Ok(all) = in_blocks(items.len(), least, each);
    all
}

/// Applies `work` to every item and returns the results in order. Ends early if an item fails or the current task is
/// stopped.
///
/// # Errors
/// Returns the error of a failed item, or [`Stopped`].
pub fn try_map<T: Sync, U: Send, E: From<Stopped> + Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        for chunk in items[range].chunks(least.clamp(1, ITEMS_PER_CHECK)) {
            task::work(chunk.len())?;
            for item in chunk {
                found.push(work(item)?);
            }
        }
        Ok(())
    };
    in_blocks(items.len(), least, each)
}

/// Runs two functions in parallel, or one after the other if no helper is available, and returns their results.
pub fn both<A: Send, B: Send>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
    let helpers = Helpers::take(1);
    if helpers.0 == 0 {
        return (one(), other());
    }
    let (task, one) = (task::current(), Mutex::new(Some(one)));
    let first = || {
        let one = one.lock().unwrap_or_else(PoisonError::into_inner).take();
        one.map(|one| one())
    };
    let (helped, other) = thread::scope(|scope| {
        let help = || task::within(task.clone(), first);
        // If no thread can be started, the caller runs both.
        let helping = thread::Builder::new().name("helper".into()).spawn_scoped(scope, help).ok();
        let other = other();
        let helped = helping.and_then(|h| h.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
        (helped, other)
    });
    let one = helped.or_else(first);
    (one.unwrap_or_else(|| unreachable!("the first function runs in the helper or here")), other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;
    use task::Task;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 2, 7, 100, 4001] {
            let items: Vec<usize> = (0..count).collect();
            for least in [0, 1, 3, 5000] {
                let doubled: Vec<usize> = items.iter().map(|n| n * 2).collect();
                assert_eq!(map(&items, least, |n| n * 2), doubled);
                assert_eq!(map_with(&items, least, || 2, |two, n| n * *two), doubled);
                assert_eq!(try_map(&items, least, |n| Ok::<_, Stopped>(n * 2)), Ok(doubled));
            }
        }
        assert_eq!(ACTIVE_HELPERS.load(SeqCst).min(cores() - 1), ACTIVE_HELPERS.load(SeqCst));
    }

    #[test]
    fn a_failed_item_or_a_cancelled_task_ends_try_map() {
        let items: Vec<usize> = (0..100_000).collect();
        let worked = AtomicUsize::new(0);
        let fails = |n: &usize| {
            worked.fetch_add(1, SeqCst);
            if *n == 500 { Err(Stopped::Cancelled) } else { Ok(*n) }
        };
        assert_eq!(try_map(&items, 1, fails), Err(Stopped::Cancelled));
        assert!(worked.load(SeqCst) < items.len(), "all items were processed");
        let task = Arc::new(Task::default());
        let seen = AtomicUsize::new(0);
        let found = task::within(Some(task.clone()), || {
            try_map(&items, 1, |n| {
                if seen.fetch_add(1, SeqCst) == 100 {
                    task.cancel();
                }
                Ok::<_, Stopped>(*n)
            })
        });
        assert_eq!(found, Err(Stopped::Cancelled));
        assert!(seen.load(SeqCst) < 100 + 2 * cores(), "{} items were processed", seen.load(SeqCst));
    }

    /// A possible deadlock: parallel work waits for a `OnceLock` whose value is computed in parallel.
    #[test]
    fn nested_parallel_initialization_does_not_deadlock() {
        let (done, watch) = channel();
        thread::spawn(move || {
            for _ in 0..50 {
                let cells: [OnceLock<usize>; 3] = Default::default();
                let items: Vec<usize> = (0..600).collect();
                let slow = |n: &usize| (0..200).fold(*n, |sum, i| std::hint::black_box(sum ^ i));
                let ask = |n: &usize| *cells[n % 3].get_or_init(|| map(&items, 1, slow).len());
                assert!(map(&items, 1, ask).iter().all(|len| *len == 600));
            }
            done.send(()).unwrap();
        });
        watch.recv_timeout(Duration::from_mins(1)).expect("deadlock");
    }
}
