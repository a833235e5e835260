//! Active subscriptions and their subscribers.

use super::message::{EventText, SubscriptionMessage, once};
use futures_util::StreamExt;
use futures_util::future::AbortHandle;
use futures_util::stream::{self, BoxStream};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use walkshed_register::Role;

/// Messages buffered for a slow subscriber; it misses older ones.
const BACKLOG: usize = 32;

/// Identifies subscriptions that share their executions.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub query: Arc<str>,
    pub operation: Option<String>,
    pub variables: String,
    pub role: Role,
}

/// All active subscriptions by their keys.
pub struct Topics {
    pub max_cost: usize,
    cost: AtomicUsize,
    by_key: Mutex<HashMap<Key, Weak<Topic>>>,
}

/// One subscription and all its subscribers.
pub struct Topic {
    key: Key,
    cost: usize,
    sender: broadcast::Sender<SubscriptionMessage>,
    /// The first message for a new subscriber, when each event holds the complete state, such as the progress of a job.
    latest: Option<Mutex<Option<SubscriptionMessage>>>,
    has_ended: AtomicBool,
    stop: AbortHandle,
    topics: Arc<Topics>,
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.stop.abort();
        self.topics.cost.fetch_sub(self.cost, Relaxed);
        let mut by_key = self.topics.lock();
        // A new topic with the same key may have replaced this one.
        if by_key.get(&self.key).is_some_and(|topic| topic.strong_count() == 0) {
            by_key.remove(&self.key);
        }
    }
}

impl Topics {
    pub fn new(max_cost: usize) -> Self {
        Self { max_cost, cost: AtomicUsize::new(0), by_key: Mutex::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Topic>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn find(&self, key: &Key) -> Option<Arc<Topic>> {
        self.lock().get(key).and_then(Weak::upgrade)
    }

    pub fn try_charge(&self, cost: usize) -> bool {
        let add = |sum: usize| sum.checked_add(cost).filter(|sum| *sum <= self.max_cost);
        self.cost.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
}

impl Topic {
    /// Creates a topic. `stop` aborts its executions. With `keeps_latest`, new subscribers receive the latest message first. The
    /// caller has charged `cost`, which dropping the topic returns.
    pub fn new(key: Key, cost: usize, keeps_latest: bool, stop: AbortHandle, topics: Arc<Topics>) -> Self {
        let latest = keeps_latest.then(Mutex::default);
        let sender = broadcast::Sender::new(BACKLOG);
        Self { key, cost, sender, latest, has_ended: AtomicBool::new(false), stop, topics }
    }

    pub fn publish(&self, text: EventText) {
        let message = SubscriptionMessage::Next(text);
        let mut latest = self.latest.as_ref().map(|latest| latest.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(latest) = &mut latest {
            **latest = Some(message.clone());
        }
        // Sending fails only when there is no receiver.
        let _ = self.sender.send(message);
    }

    pub fn end(&self) {
        self.topics.lock().remove(&self.key);
        self.has_ended.store(true, SeqCst);
        let _ = self.sender.send(SubscriptionMessage::Complete);
    }

    /// Returns the messages from now on.
    pub fn listen(self: Arc<Self>) -> BoxStream<'static, SubscriptionMessage> {
        let (first, receiver) = match &self.latest {
            None => (None, self.sender.subscribe()),
            // Holding the lock, no message is lost or received twice.
            Some(latest) => {
                let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                (latest.clone(), self.sender.subscribe())
            }
        };
        let first = stream::iter(first);
        if self.has_ended.load(SeqCst) {
            return first.chain(once(SubscriptionMessage::Complete)).boxed();
        }
        let rest = stream::unfold((self, receiver), |(topic, mut receiver)| async move {
            loop {
                match receiver.recv().await {
                    Ok(message) => return Some((message, (topic, receiver))),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Some((SubscriptionMessage::Complete, (topic, receiver))),
                }
            }
        });
        first.chain(rest).boxed()
    }
}
