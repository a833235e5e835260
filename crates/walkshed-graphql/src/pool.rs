//! Threads on which answers are worked out: so many at most, so many pieces of work in line for them. A thread is started
//! when there is work for it, and ends when it has had none for a while.

use super::error::{busy, internal, stopped};
use async_graphql::Result;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use walkshed_engine::task::{Task, check, within};

/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// Of the line so many are looked at for those that are out of time.
const LOOKED_AT: usize = 100;

/// A piece of work in line.
struct Waiting {
    number: u64,
    task: Arc<Task>,
    work: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct State {
    line: VecDeque<Waiting>,
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
            // Who is out of time is told so first: it takes no time.
            let late = state.line.iter().take(LOOKED_AT).position(|waiting| waiting.task.is_over());
            if let Some(next) = state.line.remove(late.unwrap_or(0)) {
                state.running += 1;
                drop(state);
                // It catches its own panics.
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
            if timeout.timed_out() && state.line.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

/// Some threads and the line for them.
pub struct Pool {
    name: &'static str,
    shared: Arc<Shared>,
    most_threads: usize,
    most_waiting: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.wake.notify_all();
    }
}

/// The place of a caller. When it goes away before the work is done, the work leaves the line, or is told to stop.
struct Place {
    shared: Arc<Shared>,
    number: u64,
    task: Arc<Task>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Of work that is done nobody hears it.
        self.task.cancel();
        let number = self.number;
        self.shared.state().line.retain(|waiting| waiting.number != number);
    }
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

impl Pool {
    /// So many threads at most, 1 at least, and so many pieces of work that wait.
    pub fn new(name: &'static str, threads: usize, most_waiting: usize) -> Self {
        let shared = Shared { state: Mutex::default(), wake: Condvar::new() };
        Self { name, shared: Arc::new(shared), most_threads: threads.max(1), most_waiting }
    }

    /// Pieces of work that run, and that wait.
    pub fn load(&self) -> (usize, usize) {
        let state = self.shared.state();
        (state.running, state.line.len())
    }

    /// Does work when its turn has come. `is_patient`: it waits however many others do.
    ///
    /// # Errors
    /// `BUSY` where too many wait already, `TIMEOUT` where the work, or the wait for it, took too long.
    pub async fn run<T: Send + 'static>(
        &self,
        whole: Option<Arc<Task>>,
        is_patient: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let task = Arc::new(Task::part_of(whole));
        let (sender, receiver) = oneshot::channel();
        let part = task.clone();
        let work = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(|| within(Some(part), || check().map(|()| work()))));
            // Who asked may have gone away.
            let _ = sender.send(done);
        });
        let _place = self.enter(task.clone(), is_patient, work)?;
        match receiver.await {
            Ok(Ok(done)) => match (done, task.stopped()) {
                (_, Some(why)) | (Err(why), None) => Err(stopped(why)),
                (Ok(done), None) => Ok(done),
            },
            Ok(Err(panic)) => Err(internal(told(&*panic))),
            Err(e) => Err(internal(e)),
        }
    }

    fn enter(&self, task: Arc<Task>, is_patient: bool, work: Box<dyn FnOnce() + Send>) -> Result<Place> {
        let mut state = self.shared.state();
        let waiting = (state.running + state.line.len()).saturating_sub(self.most_threads);
        let is_free = state.running + state.line.len() < self.most_threads;
        if !is_free && !is_patient && waiting >= self.most_waiting {
            return Err(busy(waiting));
        }
        state.last_number += 1;
        let number = state.last_number;
        state.line.push_back(Waiting { number, task: task.clone(), work });
        if state.idle < state.line.len() && state.threads < self.most_threads {
            let shared = self.shared.clone();
            let started = std::thread::Builder::new().name(self.name.into()).spawn(move || shared.serve());
            match started {
                Ok(_) => state.threads += 1,
                // Those there are will come to it.
                Err(_) if state.threads > 0 => {}
                Err(e) => {
                    state.line.pop_back();
                    return Err(internal(e));
                }
            }
        }
        drop(state);
        self.shared.wake.notify_one();
        Ok(Place { shared: self.shared.clone(), number, task })
    }
}
