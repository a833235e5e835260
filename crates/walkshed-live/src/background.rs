//! Background tasks, and the shutdown of the server.

use std::time::Duration;
use tokio::sync::watch;

/// How long background tasks may take to end when the server stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// The background tasks of a server.
pub struct BackgroundTasks {
    stopping: watch::Sender<bool>,
    /// The runtime of the tasks. It outlives the runtimes of the workers.
    runtime: tokio::runtime::Handle,
    /// The number of running tasks.
    running: watch::Sender<usize>,
}

/// Counts a task until it is dropped.
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl BackgroundTasks {
    /// Runs tasks on the current runtime.
    pub fn on_current_runtime() -> Self {
        Self {
            stopping: watch::Sender::new(false),
            runtime: tokio::runtime::Handle::current(),
            running: watch::Sender::new(0),
        }
    }

    /// Spawns a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.running.send_modify(|n| *n += 1);
        let counted = Counted(self.running.clone());
        self.runtime.spawn(async move {
            task.await;
            drop(counted);
        });
    }

    /// Waits until all tasks have ended, at most 5 seconds.
    pub async fn wait(&self) {
        let mut running = self.running.subscribe();
        let ended = running.wait_for(|n| *n == 0);
        if tokio::time::timeout(SHUTDOWN_GRACE, ended).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
    }

    /// Starts the shutdown.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the server begins to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error means that the sender is dropped, and with it the server.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}
