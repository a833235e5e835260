//! Long work that tells how far it has come, and stops when it is told to.
//!
//! A task belongs to the thread that works on it, as a span of a log does: analyses say `expect` and `step` wherever they are
//! called from, and need not hand a task through every function. Without one both do nothing.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

/// Work that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

type Listener = Box<dyn Fn(f64) + Send + Sync>;

/// A piece of work.
#[derive(Default)]
pub struct Task {
    done: AtomicU64,
    expected: AtomicU64,
    cancelled: AtomicBool,
    listener: OnceLock<Listener>,
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

    /// Tells it to stop at its next step.
    pub fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
    }

    /// Was it told to stop?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst)
    }

    /// The share that is done of what is expected so far, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (done, expected) = (self.done.load(SeqCst), self.expected.load(SeqCst));
        if expected == 0 { 0.0 } else { (done as f64 / expected as f64).min(1.0) }
    }

    fn step(&self) -> Result<(), Cancelled> {
        self.done.fetch_add(1, SeqCst);
        if let Some(listener) = self.listener.get() {
            listener(self.share());
        }
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
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

/// Says how many steps more there will be.
pub fn expect(steps: usize) {
    if let Some(task) = current() {
        task.expected.fetch_add(steps as u64, SeqCst);
    }
}

/// Says that a step is done.
///
/// # Errors
/// [`Cancelled`] when the work is to stop.
pub fn step() -> Result<(), Cancelled> {
    current().map_or(Ok(()), |task| task.step())
}

/// Asks whether to go on.
///
/// # Errors
/// [`Cancelled`] when the work is to stop.
pub fn check() -> Result<(), Cancelled> {
    if current().is_some_and(|task| task.is_cancelled()) { Err(Cancelled) } else { Ok(()) }
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
}
