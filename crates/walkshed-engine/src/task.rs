//! Long work that tells how far it has come, and stops when it is told to, or when its time is up.
//!
//! A task belongs to the thread that works on it, as a span of a log does: analyses say `expect`, `step` and `work` wherever
//! they are called from, and need not hand a task through every function. Without one they do nothing.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Why work has ended before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Nobody waits for it any more.
    #[error("cancelled")]
    Cancelled,
    /// It has taken as long as it may.
    #[error("it was stopped after {seconds} seconds, the time it may take")]
    DeadlineExceeded { seconds: u64 },
}

type Listener = Box<dyn Fn(f64) + Send + Sync>;

/// A moment, and how many seconds there were until then.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    seconds: u64,
}

/// A piece of work.
#[derive(Default)]
pub struct Task {
    done: AtomicU64,
    expected: AtomicU64,
    worked: AtomicU64,
    cancelled: AtomicBool,
    /// Somebody who works on it has been told to stop.
    has_stopped: AtomicBool,
    deadline: Option<Deadline>,
    listener: OnceLock<Listener>,
    /// What it is a part of.
    whole: Option<Arc<Self>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Task>>> = const { RefCell::new(None) };
}

impl Task {
    /// A task whose share done (0 to 1) is told after each step.
    #[must_use]
    pub fn told_to(listener: impl Fn(f64) + Send + Sync + 'static) -> Self {
        let task = Self::default();
        // Just made, and so empty.
        let _ = task.listener.set(Box::new(listener));
        task
    }

    /// A task that stops after so many seconds; 0 for one that does not.
    #[must_use]
    pub fn within_seconds(seconds: u64) -> Self {
        let at = Instant::now().checked_add(Duration::from_secs(seconds)).filter(|_| seconds > 0);
        Self { deadline: at.map(|at| Deadline { at, seconds }), ..Self::default() }
    }

    /// A part of a task, which can be stopped alone and stops when the whole does. What it does counts for the whole.
    #[must_use]
    pub fn part_of(whole: Option<Arc<Self>>) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Tells it to stop at its next step.
    pub fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
    }

    /// Was it, or what it is a part of, told to stop?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst) || self.whole.as_ref().is_some_and(|whole| whole.is_cancelled())
    }

    /// Was it told to stop, or is its time up?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it has ended early, if somebody who works on it was told so.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        if self.has_stopped.load(SeqCst) { self.reason() } else { None }
    }

    /// The share that is done of what is expected so far, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (done, expected) = (self.done.load(SeqCst), self.expected.load(SeqCst));
        if expected == 0 { 0.0 } else { (done as f64 / expected as f64).min(1.0) }
    }

    /// The work that was done: junctions settled, homes and rows looked at.
    #[must_use]
    pub fn worked(&self) -> u64 {
        self.worked.load(SeqCst)
    }

    /// Why it should stop.
    fn reason(&self) -> Option<Stopped> {
        if self.cancelled.load(SeqCst) {
            return Some(Stopped::Cancelled);
        }
        let late = self.deadline.filter(|deadline| Instant::now() >= deadline.at);
        late.map(|deadline| Stopped::DeadlineExceeded { seconds: deadline.seconds })
            .or_else(|| self.whole.as_ref()?.reason())
    }

    fn check(&self) -> Result<(), Stopped> {
        match self.reason() {
            None => Ok(()),
            Some(why) => {
                self.has_stopped.store(true, SeqCst);
                Err(why)
            }
        }
    }

    fn work(&self, amount: u64) {
        self.worked.fetch_add(amount, SeqCst);
        if let Some(whole) = &self.whole {
            whole.work(amount);
        }
    }

    fn expect(&self, steps: u64) {
        self.expected.fetch_add(steps, SeqCst);
        if let Some(whole) = &self.whole {
            whole.expect(steps);
        }
    }

    fn step(&self) {
        self.done.fetch_add(1, SeqCst);
        if let Some(listener) = self.listener.get() {
            listener(self.share());
        }
        if let Some(whole) = &self.whole {
            whole.step();
        }
    }
}

/// Puts back the task before, however the work ends.
struct Restore(Option<Arc<Task>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = before);
    }
}

/// Works as part of a task.
pub fn within<T>(task: Option<Arc<Task>>, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), task));
    let _restore = Restore(before);
    work()
}

/// The task of this thread, to be handed to others that help it.
#[must_use]
pub fn current() -> Option<Arc<Task>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Asks the task of this thread, where there is one.
fn ask<T>(question: impl FnOnce(&Task) -> T, without: T) -> T {
    CURRENT.with(|current| match &*current.borrow() {
        Some(task) => question(task),
        None => without,
    })
}

/// Says how many steps more there will be.
pub fn expect(steps: usize) {
    ask(|task| task.expect(steps as u64), ());
}

/// Says that a step is done.
///
/// # Errors
/// [`Stopped`] when the work is to stop.
pub fn step() -> Result<(), Stopped> {
    // Listeners may ask for the task themselves: nothing is borrowed while they are told.
    match current() {
        None => Ok(()),
        Some(task) => {
            task.step();
            task.check()
        }
    }
}

/// Asks whether to go on.
///
/// # Errors
/// [`Stopped`] when the work is to stop.
pub fn check() -> Result<(), Stopped> {
    ask(Task::check, Ok(()))
}

/// Counts work, and asks whether to go on. Long loops say so at least every 50 ms; it takes some 50 ns.
///
/// # Errors
/// [`Stopped`] when the work is to stop.
pub fn work(amount: usize) -> Result<(), Stopped> {
    let doing = |task: &Task| {
        task.work(amount as u64);
        task.check()
    };
    ask(doing, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn steps_are_told_and_cancelling_stops_at_the_next() {
        let told: Arc<Mutex<Vec<f64>>> = Arc::default();
        let heard = told.clone();
        let task = Arc::new(Task::told_to(move |share| heard.lock().unwrap().push(share)));
        let stopped_at = within(Some(task.clone()), || {
            expect(4);
            (0..4).find(|n| {
                if *n == 2 {
                    task.cancel();
                }
                step().is_err()
            })
        });
        assert_eq!(stopped_at, Some(2));
        assert_eq!(*told.lock().unwrap(), [0.25, 0.5, 0.75]);
        // Outside of it nothing is counted, and nothing stops.
        assert!(step().is_ok() && check().is_ok() && current().is_none());
        assert!((task.share() - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_part_counts_for_the_whole_and_stops_with_it_or_alone() {
        let whole = Arc::new(Task::default());
        let part = |()| Arc::new(Task::part_of(Some(whole.clone())));
        let (one, other) = (part(()), part(()));
        one.cancel();
        assert_eq!(within(Some(one.clone()), || work(5)), Err(Stopped::Cancelled));
        assert_eq!(within(Some(other.clone()), || work(7)), Ok(()));
        assert_eq!((one.stopped(), other.stopped(), whole.worked()), (Some(Stopped::Cancelled), None, 12));
        whole.cancel();
        assert_eq!(within(Some(other.clone()), check), Err(Stopped::Cancelled));
        assert!(other.is_cancelled());
    }

    #[test]
    fn a_deadline_is_told_with_its_seconds() {
        let mut task = Task::within_seconds(1);
        assert!(Task::within_seconds(0).deadline.is_none());
        assert_eq!(within(Some(Arc::new(Task::within_seconds(60))), check), Ok(()));
        task.deadline = task.deadline.map(|d| Deadline { at: Instant::now(), ..d });
        let part = Arc::new(Task::part_of(Some(Arc::new(task))));
        assert_eq!(within(Some(part), check), Err(Stopped::DeadlineExceeded { seconds: 1 }));
    }
}
