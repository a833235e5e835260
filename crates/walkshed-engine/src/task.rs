//! Progress, cancellation and deadlines of long computations.
//!
//! The current task is a property of the thread, like a tracing span: analyses call [`expect`], [`step`] and [`work`]
//! without passing a task through every function. Without a current task these functions do nothing.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Why a computation has ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The result is no longer needed.
    #[error("cancelled")]
    Cancelled,
    /// The deadline has passed.
    #[error("the time limit of {seconds} seconds was exceeded")]
    DeadlineExceeded {
        /// The time limit.
        seconds: u64,
    },
}

type Listener = Box<dyn Fn(f64) + Send + Sync>;

/// A point in time, and the number of seconds it was ahead when the task was created.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    seconds: u64,
}

/// The state of a long computation.
#[derive(Default)]
pub struct Task {
    done: AtomicU64,
    expected: AtomicU64,
    worked: AtomicU64,
    cancelled: AtomicBool,
    /// Set once a check has returned [`Stopped`].
    has_stopped: AtomicBool,
    deadline: Option<Deadline>,
    listener: OnceLock<Listener>,
    /// The task it is part of.
    parent: Option<Arc<Self>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Task>>> = const { RefCell::new(None) };
}

impl Task {
    /// Creates a task that calls `listener` with its progress (0 to 1) after each step.
    #[must_use]
    pub fn with_listener(listener: impl Fn(f64) + Send + Sync + 'static) -> Self {
        let task = Self::default();
        // The cell is empty, so this cannot fail.
        let _ = task.listener.set(Box::new(listener));
        task
    }

    /// Creates a task that stops after a number of seconds; 0 means no limit.
    #[must_use]
    pub fn within_seconds(seconds: u64) -> Self {
        let at = Instant::now().checked_add(Duration::from_secs(seconds)).filter(|_| seconds > 0);
        Self { deadline: at.map(|at| Deadline { at, seconds }), ..Self::default() }
    }

    /// Creates a child of a task. It stops if its parent is stopped, can be cancelled separately, and adds its progress and
    /// work to those of the parent.
    #[must_use]
    pub fn part_of(parent: Option<Arc<Self>>) -> Self {
        Self { parent, ..Self::default() }
    }

    /// Cancels the task: its next check returns [`Stopped::Cancelled`].
    pub fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
    }

    /// Returns whether the task or one of its parents has been cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst) || self.parent.as_ref().is_some_and(|parent| parent.is_cancelled())
    }

    /// Returns whether the task has been cancelled or its deadline has passed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.reason().is_some()
    }

    /// Returns why the task has ended early, if a check has reported it.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        if self.has_stopped.load(SeqCst) { self.reason() } else { None }
    }

    /// Returns the fraction of the expected steps that is done, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (done, expected) = (self.done.load(SeqCst), self.expected.load(SeqCst));
        if expected == 0 { 0.0 } else { (done as f64 / expected as f64).min(1.0) }
    }

    /// Returns the amount of work done: vertices settled, population cells and rows processed.
    #[must_use]
    pub fn worked(&self) -> u64 {
        self.worked.load(SeqCst)
    }

    /// Returns why the task should stop, if it should.
    fn reason(&self) -> Option<Stopped> {
        if self.cancelled.load(SeqCst) {
            return Some(Stopped::Cancelled);
        }
        let late = self.deadline.filter(|deadline| Instant::now() >= deadline.at);
        late.map(|deadline| Stopped::DeadlineExceeded { seconds: deadline.seconds })
            .or_else(|| self.parent.as_ref()?.reason())
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
        if let Some(parent) = &self.parent {
            parent.work(amount);
        }
    }

    fn expect(&self, steps: u64) {
        self.expected.fetch_add(steps, SeqCst);
        if let Some(parent) = &self.parent {
            parent.expect(steps);
        }
    }

    fn step(&self) {
        self.done.fetch_add(1, SeqCst);
        if let Some(listener) = self.listener.get() {
            listener(self.share());
        }
        if let Some(parent) = &self.parent {
            parent.step();
        }
    }
}

/// Restores the previous task when dropped, also on panic.
struct Restore(Option<Arc<Task>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = before);
    }
}

/// Runs `work` with a task as the current task of this thread.
pub fn within<T>(task: Option<Arc<Task>>, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), task));
    let _restore = Restore(before);
    work()
}

/// Returns the current task of this thread, for example to pass it to helper threads.
#[must_use]
pub fn current() -> Option<Arc<Task>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Calls `read` with the current task of this thread, or returns `default` if there is none.
fn with_current<T>(read: impl FnOnce(&Task) -> T, default: T) -> T {
    CURRENT.with(|current| match &*current.borrow() {
        Some(task) => read(task),
        None => default,
    })
}

/// Adds to the number of expected steps.
pub fn expect(steps: usize) {
    with_current(|task| task.expect(steps as u64), ());
}

/// Reports a completed step.
///
/// # Errors
/// Returns [`Stopped`] if the computation should end.
pub fn step() -> Result<(), Stopped> {
    // A listener may use the current task: do not borrow it while the listener runs.
    match current() {
        None => Ok(()),
        Some(task) => {
            task.step();
            task.check()
        }
    }
}

/// Checks whether the computation may continue.
///
/// # Errors
/// Returns [`Stopped`] if the computation should end.
pub fn check() -> Result<(), Stopped> {
    with_current(Task::check, Ok(()))
}

/// Adds to the amount of work done and checks whether the computation may continue. Call it at least every 50 ms in long
/// loops; a call takes about 50 ns.
///
/// # Errors
/// Returns [`Stopped`] if the computation should end.
pub fn work(amount: usize) -> Result<(), Stopped> {
    let count_and_check = |task: &Task| {
        task.work(amount as u64);
        task.check()
    };
    with_current(count_and_check, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn reports_progress_and_stops_at_the_step_after_cancellation() {
        let reported: Arc<Mutex<Vec<f64>>> = Arc::default();
        let log = reported.clone();
        let task = Arc::new(Task::with_listener(move |share| log.lock().unwrap().push(share)));
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
        assert_eq!(*reported.lock().unwrap(), [0.25, 0.5, 0.75]);
        // Without a current task nothing is counted and nothing stops.
        assert!(step().is_ok() && check().is_ok() && current().is_none());
        assert!((task.share() - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_child_counts_for_its_parent_and_stops_with_it_or_alone() {
        let parent = Arc::new(Task::default());
        let child = |()| Arc::new(Task::part_of(Some(parent.clone())));
        let (one, other) = (child(()), child(()));
        one.cancel();
        assert_eq!(within(Some(one.clone()), || work(5)), Err(Stopped::Cancelled));
        assert_eq!(within(Some(other.clone()), || work(7)), Ok(()));
        assert_eq!((one.stopped(), other.stopped(), parent.worked()), (Some(Stopped::Cancelled), None, 12));
        parent.cancel();
        assert_eq!(within(Some(other.clone()), check), Err(Stopped::Cancelled));
        assert!(other.is_cancelled());
    }

    #[test]
    fn an_exceeded_deadline_reports_its_seconds() {
        let mut task = Task::within_seconds(1);
        assert!(Task::within_seconds(0).deadline.is_none());
        assert_eq!(within(Some(Arc::new(Task::within_seconds(60))), check), Ok(()));
        task.deadline = task.deadline.map(|d| Deadline { at: Instant::now(), ..d });
        let child = Arc::new(Task::part_of(Some(Arc::new(task))));
        assert_eq!(within(Some(child), check), Err(Stopped::DeadlineExceeded { seconds: 1 }));
    }
}
