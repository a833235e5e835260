//! Work on several cores, by plain threads. Everything that answers questions uses these and not rayon's pool: a thread
//! of that pool that waits for its part is lent other work, which may ask for the very value it is making, and then waits
//! for itself. Threads here do nothing but their own work, so that whoever waits for a value waits for someone who makes it.
//!
//! The caller works too. Helpers are taken from one stock for the whole process, one less than there are cores: however
//! much is asked at once, no more threads than that are added, and when none is left the caller works alone.

use crate::task::{self, Stopped};
use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// Items worked on between two looks at whether to go on, at most.
const ITEMS_BETWEEN_LOOKS: usize = 256;
/// Blocks of items a thread gets on average, so that slow ones do not keep the others waiting.
const BLOCKS_A_THREAD: usize = 8;

static HELPING: AtomicUsize = AtomicUsize::new(0);

/// Threads that can work at once.
#[must_use]
pub fn cores() -> usize {
    // The system is asked once: it reads files to answer.
    static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, std::num::NonZero::get));
    *CORES
}

/// Helpers taken from the stock until they are dropped.
struct Helpers(usize);

impl Helpers {
    fn take(wanted: usize) -> Self {
        let most = cores() - 1;
        let mut taken = 0;
        // Never waits: where the stock is empty one goes on alone.
        let _ = HELPING.fetch_update(SeqCst, SeqCst, |now| {
            taken = wanted.min(most.saturating_sub(now));
            Some(now + taken)
        });
        Self(taken)
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        HELPING.fetch_sub(self.0, SeqCst);
    }
}

/// Works on ranges of so many things, `least` at a time at least, and puts what each gave into its place.
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
    let block = (count / ((helpers.0 + 1) * BLOCKS_A_THREAD)).max(least);
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
        // A thread that cannot be started is one helper less.
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

/// What `work` makes of each item, in their order; `least` items are worth a thread. Goes on to the end whatever becomes of
/// the task, so that it can make what others wait for.
pub fn map<T: Sync, U: Send>(items: &[T], least: usize, work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        found.extend(items[range].iter().map(&work));
        Ok::<_, Infallible>(())
    };
    let Ok(all) = in_blocks(items.len(), least, each);
    all
}

/// The same with something that each thread makes once, such as a list to work in.
pub fn map_with<T: Sync, S, U: Send>(
    items: &[T],
    least: usize,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> U + Sync,
) -> Vec<U> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        let mut own = make();
        found.extend(items[range].iter().map(|item| work(&mut own, item)));
        Ok::<_, Infallible>(())
    };
    let Ok(all) = in_blocks(items.len(), least, each);
    all
}

/// What `work` makes of each item, in their order, until one fails or the task is told to stop.
///
/// # Errors
/// Of one of the items that fail, or [`Stopped`].
pub fn try_map<T: Sync, U: Send, E: From<Stopped> + Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    let each = |range: Range<usize>, found: &mut Vec<U>| {
        for some in items[range].chunks(least.clamp(1, ITEMS_BETWEEN_LOOKS)) {
            task::work(some.len())?;
            for item in some {
                found.push(work(item)?);
            }
        }
        Ok(())
    };
    in_blocks(items.len(), least, each)
}

/// Does two things side by side.
pub fn both(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    let helpers = Helpers::take(1);
    if helpers.0 == 0 {
        one();
        other();
        return;
    }
    let (task, one) = (task::current(), Mutex::new(Some(one)));
    let first = || {
        let one = one.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(one) = one {
            one();
        }
    };
    thread::scope(|scope| {
        let help = || task::within(task.clone(), first);
        // Where no thread can be started one does both.
        let helping = thread::Builder::new().name("helper".into()).spawn_scoped(scope, help);
        other();
        match helping {
            Ok(helping) => helping.join().unwrap_or_else(|e| std::panic::resume_unwind(e)),
            Err(_) => first(),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;
    use task::Task;

    #[test]
    fn every_item_has_its_place_whatever_the_blocks() {
        for count in [0, 1, 2, 7, 100, 4001] {
            let items: Vec<usize> = (0..count).collect();
            for least in [0, 1, 3, 5000] {
                let doubled: Vec<usize> = items.iter().map(|n| n * 2).collect();
                assert_eq!(map(&items, least, |n| n * 2), doubled);
                assert_eq!(map_with(&items, least, || 2, |two, n| n * *two), doubled);
                assert_eq!(try_map(&items, least, |n| Ok::<_, Stopped>(n * 2)), Ok(doubled));
            }
        }
        assert_eq!(HELPING.load(SeqCst).min(cores() - 1), HELPING.load(SeqCst));
    }

    #[test]
    fn the_first_failure_and_a_cancelled_task_end_it() {
        let items: Vec<usize> = (0..100_000).collect();
        let worked = AtomicUsize::new(0);
        let fails = |n: &usize| {
            worked.fetch_add(1, SeqCst);
            if *n == 500 { Err(Stopped::Cancelled) } else { Ok(*n) }
        };
        assert_eq!(try_map(&items, 1, fails), Err(Stopped::Cancelled));
        assert!(worked.load(SeqCst) < items.len(), "all were worked on");
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
        assert!(seen.load(SeqCst) < 100 + 2 * cores(), "{} went on", seen.load(SeqCst));
    }

    /// The pattern that could wait for itself: a cell made with help, asked for from work that has help itself.
    #[test]
    fn a_cell_made_by_many_can_be_asked_for_by_many() {
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
        watch.recv_timeout(Duration::from_mins(1)).expect("it waits for itself");
    }
}
