//! The line in front of the database: one writes at a time, so many wait, the rest is refused. Those with a token go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Of the places in line, what those without a token may take at most: one in so many.
const ANONYMOUS_SHARE: usize = 4;

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Someone with a token, or the server itself.
    Known,
    /// Someone without: waits behind all others, and in fewer places.
    Anonymous,
}

/// Lets one write at a time.
#[derive(Debug)]
pub struct WriteQueue {
    line: Arc<Line>,
    most: usize,
}

#[derive(Debug, Default)]
struct Line(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// Known writers, then anonymous ones; each with the number of its place.
    waiting: [VecDeque<(u64, oneshot::Sender<Turn>)>; 2],
    next: u64,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    line: Arc<Line>,
    /// Handed to someone who was gone: the one who hands it out goes on.
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

/// A place in line, given up by whoever goes away.
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
    /// A line with so many places.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { line: Arc::default(), most }
    }

    /// Waits for the turn to write.
    ///
    /// # Errors
    /// How many wait already, where there is no place left.
    pub async fn turn(&self, writer: Writer) -> Result<Turn, usize> {
        self.wait(writer, Some(self.most)).await
    }

    /// Waits however many others do: for what must be done.
    pub async fn turn_in_any_case(&self) -> Turn {
        loop {
            if let Ok(turn) = self.wait(Writer::Known, None).await {
                return turn;
            }
        }
    }

    async fn wait(&self, writer: Writer, most: Option<usize>) -> Result<Turn, usize> {
        let (place, turn) = {
            let mut state = self.line.lock();
            if !state.is_taken {
                state.is_taken = true;
                return Ok(Turn { line: self.line.clone(), is_void: false });
            }
            let [known, anonymous] = state.waiting.each_ref().map(VecDeque::len);
            let full = |most: usize| match writer {
                Writer::Known => known >= most,
                // Their places are their own: they take none from others.
                Writer::Anonymous => anonymous >= most.div_ceil(ANONYMOUS_SHARE),
            };
            if most.is_some_and(full) {
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
        // A sender is never dropped without a turn but with the line itself.
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

    async fn until(queue: &WriteQueue, wanted: [usize; 2]) {
        while waiting(queue) != wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn known_writers_go_first_and_the_line_has_an_end() {
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
        // A flood of those without a token takes a quarter of the places, and none of the others'.
        assert_eq!(queue.turn(Writer::Anonymous).await.unwrap_err(), 1);
        let mut known = Vec::new();
        for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            known.push(start(Writer::Known, name));
            until(&queue, [n + 1, 1]).await;
        }
        assert_eq!(queue.turn(Writer::Known).await.unwrap_err(), 5);
        // Who goes away leaves the line, and the place is another's.
        known.remove(1).abort();
        until(&queue, [3, 1]).await;
        known.push(start(Writer::Known, "e"));
        until(&queue, [4, 1]).await;
        let sure = queue.clone();
        let sure = tokio::spawn(async move { drop(sure.turn_in_any_case().await) });
        until(&queue, [5, 1]).await;
        drop(turn);
        for task in known.into_iter().chain([flood]) {
            task.await.unwrap().unwrap();
        }
        sure.await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["a", "c", "d", "e", "anonymous"]);
        // And it is free again.
        drop(queue.turn(Writer::Anonymous).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_turn_is_never_lost_whoever_gives_up() {
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
