//! The queue of writers: one writes at a time, a limited number waits, further ones are rejected. Writers with a token go
//! first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Writers without a token may take at most one in this many places of the queue.
const ANONYMOUS_SHARE: usize = 4;

/// The class of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A writer with a token, or the server itself.
    Known,
    /// A writer without a token. Waits behind all known writers, and has fewer places.
    Anonymous,
}

/// Admits one writer at a time.
#[derive(Debug)]
pub struct WriteQueue {
    line: Arc<Line>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Line(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// Queues of known and of anonymous writers, each with the number of its place.
    waiting: [VecDeque<(u64, oneshot::Sender<Turn>)>; 2],
    next: u64,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write, held until it is dropped.
#[derive(Debug)]
pub struct Turn {
    line: Arc<Line>,
    /// Set when the receiver had gone: the sender keeps the turn and passes it to the next writer.
    is_void: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_void {
            return;
        }
        loop {
            let next = {
                let mut state = self.line.lock();
                let [known, anonymous] = &mut state.waiting;
                let next = known.pop_front().or_else(|| anonymous.pop_front());
                if next.is_none() {
                    state.is_taken = false;
                }
                next
            };
            let Some((_, sender)) = next else { return };
            match sender.send(Self { line: self.line.clone(), is_void: false }) {
                Ok(()) => return,
                Err(mut turn) => turn.is_void = true,
            }
        }
    }
}

/// A place in the queue. Dropping it leaves the queue.
struct Place<'a> {
    line: &'a Line,
    writer: Writer,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.lock().waiting[self.writer as usize].retain(|(number, _)| *number != self.number);
    }
}

impl WriteQueue {
    /// Creates a queue with places for `capacity` known writers.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { line: Arc::default(), capacity }
    }

    /// Waits for the turn to write.
    ///
    /// # Errors
    /// The number of waiting writers, if the queue is full.
    pub async fn turn(&self, writer: Writer) -> Result<Turn, usize> {
        self.wait(writer, Some(self.capacity)).await
    }

    /// Waits for the turn to write, even if the queue is full.
    pub async fn wait_unbounded(&self) -> Turn {
        loop {
            if let Ok(turn) = self.wait(Writer::Known, None).await {
                return turn;
            }
        }
    }

    async fn wait(&self, writer: Writer, capacity: Option<usize>) -> Result<Turn, usize> {
        let (place, turn) = {
            let mut state = self.line.lock();
            if !state.is_taken {
                state.is_taken = true;
                return Ok(Turn { line: self.line.clone(), is_void: false });
            }
            let [known, anonymous] = state.waiting.each_ref().map(VecDeque::len);
            let is_full = |capacity: usize| match writer {
                Writer::Known => known >= capacity,
                // These places are additional: anonymous writers never take the place of a known one.
                Writer::Anonymous => anonymous >= capacity.div_ceil(ANONYMOUS_SHARE),
            };
            if capacity.is_some_and(is_full) {
                return Err(known + anonymous);
            }
            let (sender, turn) = oneshot::channel();
            let number = state.next;
            state.next += 1;
            state.waiting[writer as usize].push_back((number, sender));
            (Place { line: &self.line, writer, number }, turn)
        };
        let turn = turn.await;
        drop(place);
        // A sender is dropped without sending a turn only when the queue itself is dropped.
        turn.map_err(|_| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn waiting(queue: &WriteQueue) -> [usize; 2] {
        queue.line.lock().waiting.each_ref().map(VecDeque::len)
    }

    async fn until(queue: &WriteQueue, expected: [usize; 2]) {
        while waiting(queue) != expected {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn serves_known_writers_first_and_rejects_writers_when_full() {
        let queue = Arc::new(WriteQueue::new(4));
        let order: Arc<Mutex<Vec<&str>>> = Arc::default();
        let start = |writer, name: &'static str| {
            let (queue, order) = (queue.clone(), order.clone());
            tokio::spawn(async move {
                let turn = queue.turn(writer).await?;
                order.lock().unwrap().push(name);
                tokio::task::yield_now().await;
                drop(turn);
                Ok::<_, usize>(())
            })
        };
        let turn = queue.turn(Writer::Known).await.unwrap();
        let flood = start(Writer::Anonymous, "anonymous");
        until(&queue, [0, 1]).await;
        // Anonymous writers have a quarter as many places, and take none from known writers.
        assert_eq!(queue.turn(Writer::Anonymous).await.unwrap_err(), 1);
        let mut known = Vec::new();
        for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            known.push(start(Writer::Known, name));
            until(&queue, [n + 1, 1]).await;
        }
        assert_eq!(queue.turn(Writer::Known).await.unwrap_err(), 5);
        // A cancelled writer leaves the queue, and its place is free.
        known.remove(1).abort();
        until(&queue, [3, 1]).await;
        known.push(start(Writer::Known, "e"));
        until(&queue, [4, 1]).await;
        let unbounded = queue.clone();
        let unbounded = tokio::spawn(async move { drop(unbounded.wait_unbounded().await) });
        until(&queue, [5, 1]).await;
        drop(turn);
        for task in known.into_iter().chain([flood]) {
            task.await.unwrap().unwrap();
        }
        unbounded.await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["a", "c", "d", "e", "anonymous"]);
        // The queue is free again.
        drop(queue.turn(Writer::Anonymous).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn keeps_the_turn_when_waiting_writers_are_cancelled() {
        let queue = Arc::new(WriteQueue::new(1000));
        let mut tasks = Vec::new();
        for n in 0..400u64 {
            let queue = queue.clone();
            tasks.push(tokio::spawn(async move {
                let wait = queue.turn(if n % 3 == 0 { Writer::Anonymous } else { Writer::Known });
                let _ = tokio::time::timeout(Duration::from_micros(n * 37 % 3000), async {
                    if let Ok(turn) = wait.await {
                        tokio::time::sleep(Duration::from_micros(n % 7 * 50)).await;
                        drop(turn);
                    }
                })
                .await;
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(waiting(&queue), [0, 0]);
        let turn = tokio::time::timeout(Duration::from_secs(5), queue.turn(Writer::Anonymous)).await;
        assert!(turn.unwrap().is_ok());
    }
}
