//! Which answers last: those that stay as they are until the data change. An answer does not last when anything in it
//! came from the clock, or from what is not part of a world: the database, jobs. Whoever reads one of these says so
//! here.

use jiff::Timestamp;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

tokio::task_local! {
    /// Whether the request of this task has read what does not last.
    static PASSING: Cell<bool>;
}

/// How often something was read outside of the task of its request, such as on another thread.
static ELSEWHERE: AtomicU64 = AtomicU64::new(0);

/// The answer that is being made does not last.
pub fn passing() {
    if PASSING.try_with(|passing| passing.set(true)).is_err() {
        // It cannot be told whose answer it is; none that is being made now is said to last.
        ELSEWHERE.fetch_add(1, SeqCst);
    }
}

/// The time now.
pub fn now() -> Timestamp {
    passing();
    Timestamp::now()
}

/// Makes an answer, and says whether it lasts.
pub async fn watch<T>(making: impl Future<Output = T>) -> (T, bool) {
    let before = ELSEWHERE.load(SeqCst);
    let made = PASSING.scope(Cell::new(false), async {
        let made = making.await;
        (made, PASSING.try_with(Cell::get).unwrap_or(true))
    });
    let (made, passing) = made.await;
    (made, !passing && ELSEWHERE.load(SeqCst) == before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_clock_does_not_last() {
        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
        rt.block_on(async {
            assert_eq!(watch(async { 1 }).await, (1, true));
            assert!(!watch(async { now() }).await.1);
            let elsewhere = async { tokio::task::spawn_blocking(now).await.unwrap() };
            assert!(!watch(elsewhere).await.1);
        });
    }

    /// Resolvers that ask the clock by another way would be answered from caches for ever.
    #[test]
    fn resolvers_read_the_clock_here_alone() {
        fn look(folder: &std::path::Path) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    if name != "mutation" {
                        look(&path);
                    }
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                // Of jobs only what starts one may: that is a mutation.
                let allowed = match name {
                    "lasting.rs" => continue,
                    "jobs.rs" => 1,
                    _ => 0,
                };
                assert!(text.matches("Timestamp::now").count() <= allowed, "{name}: use lasting::now");
            }
        }
        look(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    }
}
