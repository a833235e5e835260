//! The queue of jobs.

use crate::error::busy_jobs;
use async_graphql::Result;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, watch};
use walkshed_engine::task::Task;
use walkshed_store::JobState;

/// State and progress of a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    pub state: JobState,
    pub share: f64,
}

/// A queued or running job of this process.
pub struct Running {
    /// Position in the order of arrival.
    number: u64,
    pub task: Arc<Task>,
    pub progress: watch::Sender<Progress>,
    cancelled: AtomicBool,
    cancel: Notify,
}

/// The queued and running jobs of this process.
pub struct Jobs {
    pub slots: Arc<Semaphore>,
    max_waiting: usize,
    running: Mutex<HashMap<String, Arc<Running>>>,
}

/// Removes a job from the queue when dropped.
pub struct QueueEntry(pub Arc<Jobs>, pub String);

impl Drop for QueueEntry {
    fn drop(&mut self) {
        self.0.list().remove(&self.1);
    }
}

impl Jobs {
    /// Creates a queue for at most `max_running` running jobs (at least 1) and `max_waiting` waiting ones.
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let slots = Arc::new(Semaphore::new(max_running.clamp(1, Semaphore::MAX_PERMITS)));
        Self { slots, max_waiting, running: Mutex::default() }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn find(&self, id: &str) -> Option<Arc<Running>> {
        self.list().get(id).cloned()
    }

    /// Returns the number of jobs that wait before a job.
    pub fn waiting_before(&self, running: &Running) -> usize {
        let waits = |r: &&Arc<Running>| r.number < running.number && r.progress.borrow().state == JobState::Queued;
        self.list().values().filter(waits).count()
    }

    /// Adds a job to the queue.
    pub fn enqueue(&self, id: &str) -> Result<Arc<Running>> {
        let mut list = self.list();
        let waiting = list.values().filter(|r| r.progress.borrow().state == JobState::Queued).count();
        if waiting >= self.max_waiting && self.slots.available_permits() == 0 {
            return Err(busy_jobs(waiting));
        }
        let (progress, _) = watch::channel(Progress { state: JobState::Queued, share: 0.0 });
        let sender = progress.clone();
        // The estimate of the total work can grow while the job runs; the reported share never decreases.
        let task = Task::with_listener(move |share| {
            sender.send_if_modified(|p| share > p.share && std::mem::replace(&mut p.share, share) < share);
        });
        let running = Arc::new(Running {
            number: list.values().map(|r| r.number + 1).max().unwrap_or(0),
            task: Arc::new(task),
            progress,
            cancelled: AtomicBool::new(false),
            cancel: Notify::new(),
        });
        list.insert(id.to_owned(), running.clone());
        Ok(running)
    }
}

impl Running {
    pub fn cancel(&self) {
        self.cancelled.store(true, SeqCst);
        self.task.cancel();
        self.cancel.notify_one();
    }

    pub fn set_state(&self, state: JobState) {
        self.progress.send_modify(|p| {
            p.state = state;
            if state == JobState::Done {
                p.share = 1.0;
            }
        });
    }

    pub async fn stopped(&self) {
        while !self.cancelled.load(SeqCst) {
            self.cancel.notified().await;
        }
    }
}
