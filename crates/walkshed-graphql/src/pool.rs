//! A thread pool with a maximum number of threads and a bounded queue. Threads start on demand and end when idle.

use super::error::{busy, internal, stopped};
use async_graphql::Result;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use walkshed_engine::task::{Task, check, within};

/// How long an idle thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// Number of entries at the head of the queue that are checked for expired work.
const CHECKED_ENTRIES: usize = 100;

/// An entry of the queue.
struct Waiting {
    number: u64,
    task: Arc<Task>,
    work: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Waiting>,
    last_number: u64,
    threads: usize,
    idle: usize,
    running: usize,
    is_closed: bool,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut state = self.state();
        loop {
            // Expired work goes first: it fails at once.
            let expired = state.queue.iter().take(CHECKED_ENTRIES).position(|waiting| waiting.task.is_over());
            if let Some(next) = state.queue.remove(expired.unwrap_or(0)) {
                state.running += 1;
                drop(state);
                // The closure catches panics.
                (next.work)();
                state = self.state();
                state.running -= 1;
                continue;
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let (woken, timeout) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

/// The pool. Its threads end when it is dropped and the queue is empty.
pub struct Pool {
    name: &'static str,
    shared: Arc<Shared>,
    max_threads: usize,
    max_waiting: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.wake.notify_all();
    }
}

/// The caller's handle on its work. Dropping it cancels the work and removes it from the queue.
struct WorkHandle {
    shared: Arc<Shared>,
    number: u64,
    task: Arc<Task>,
}

impl Drop for WorkHandle {
    fn drop(&mut self) {
        // Has no effect on work that is done.
        self.task.cancel();
        let number = self.number;
        self.shared.state().queue.retain(|waiting| waiting.number != number);
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

impl Pool {
    /// Creates a pool of at most `max_threads` threads (at least 1) with a queue of `max_waiting` entries.
    pub fn new(name: &'static str, max_threads: usize, max_waiting: usize) -> Self {
        let shared = Shared { state: Mutex::default(), wake: Condvar::new() };
        Self { name, shared: Arc::new(shared), max_threads: max_threads.max(1), max_waiting }
    }

    /// Returns the numbers of running and waiting pieces of work.
    pub fn load(&self) -> (usize, usize) {
        let state = self.shared.state();
        (state.running, state.queue.len())
    }

    /// Queues work and waits for its result. With `ignores_limit`, the work is queued even when the queue is full. The work
    /// is part of the task `parent`.
    ///
    /// # Errors
    /// `BUSY` when the queue is full, `TIMEOUT` when the task exceeds its time limit or is cancelled.
    pub async fn run<T: Send + 'static>(
        &self,
        parent: Option<Arc<Task>>,
        ignores_limit: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let task = Arc::new(Task::part_of(parent));
        let (sender, receiver) = oneshot::channel();
        let worker_task = task.clone();
        let work = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(|| within(Some(worker_task), || check().map(|()| work()))));
            // Sending fails when the caller is gone.
            let _ = sender.send(result);
        });
        let _handle = self.enqueue(task.clone(), ignores_limit, work)?;
        match receiver.await {
            Ok(Ok(result)) => match (result, task.stopped()) {
                (_, Some(why)) | (Err(why), None) => Err(stopped(why)),
                (Ok(output), None) => Ok(output),
            },
            Ok(Err(panic)) => Err(internal(panic_message(&*panic))),
            Err(e) => Err(internal(e)),
        }
    }

    fn enqueue(&self, task: Arc<Task>, ignores_limit: bool, work: Box<dyn FnOnce() + Send>) -> Result<WorkHandle> {
        let mut state = self.shared.state();
        let waiting = (state.running + state.queue.len()).saturating_sub(self.max_threads);
        let has_free_thread = state.running + state.queue.len() < self.max_threads;
        if !has_free_thread && !ignores_limit && waiting >= self.max_waiting {
            return Err(busy(waiting));
        }
        state.last_number += 1;
        let number = state.last_number;
        state.queue.push_back(Waiting { number, task: task.clone(), work });
        if state.idle < state.queue.len() && state.threads < self.max_threads {
            let shared = self.shared.clone();
            let started = std::thread::Builder::new().name(self.name.into()).spawn(move || shared.serve());
            match started {
                Ok(_) => state.threads += 1,
                // The existing threads will run it.
                Err(_) if state.threads > 0 => {}
                Err(e) => {
                    state.queue.pop_back();
                    return Err(internal(e));
                }
            }
        }
        drop(state);
        self.shared.wake.notify_one();
        Ok(WorkHandle { shared: self.shared.clone(), number, task })
    }
}
