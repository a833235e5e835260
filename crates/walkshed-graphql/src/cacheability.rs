//! Tracks which responses are cacheable: those that stay the same until the data changes. A response is not cacheable when
//! it depends on the clock, or on data outside of a world, such as the database or jobs. Code that reads these must call
//! [`mark_uncacheable`] or [`now`].

use jiff::Timestamp;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

tokio::task_local! {
    /// Whether the request of this task has read data that is not cacheable.
    static IS_UNCACHEABLE: Cell<bool>;
}

/// Number of uncacheable reads outside of the task of their request, such as on another thread.
static READS_ELSEWHERE: AtomicU64 = AtomicU64::new(0);

/// Marks the response of the current request as not cacheable.
pub fn mark_uncacheable() {
    if IS_UNCACHEABLE.try_with(|is_uncacheable| is_uncacheable.set(true)).is_err() {
        // The request is unknown here: no response that is being built now counts as cacheable.
        READS_ELSEWHERE.fetch_add(1, SeqCst);
    }
}

/// Returns the current time; the response is not cacheable then.
pub fn now() -> Timestamp {
    mark_uncacheable();
    Timestamp::now()
}

/// Runs a request and returns its output, and whether the output is cacheable.
pub async fn track<T>(request: impl Future<Output = T>) -> (T, bool) {
    let before = READS_ELSEWHERE.load(SeqCst);
    let scope = IS_UNCACHEABLE.scope(Cell::new(false), async {
        let output = request.await;
        (output, IS_UNCACHEABLE.try_with(Cell::get).unwrap_or(true))
    });
    let (output, is_uncacheable) = scope.await;
    (output, !is_uncacheable && READS_ELSEWHERE.load(SeqCst) == before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_that_read_the_clock_are_not_cacheable() {
        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
        rt.block_on(async {
            assert_eq!(track(async { 1 }).await, (1, true));
            assert!(!track(async { now() }).await.1);
            let elsewhere = async { tokio::task::spawn_blocking(now).await.unwrap() };
            assert!(!track(elsewhere).await.1);
        });
    }

    /// A response that depends on the clock in another way would be cached until the data changes.
    #[test]
    fn resolvers_read_the_clock_only_through_this_module() {
        fn check(folder: &std::path::Path) -> usize {
            let mut files = 0;
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    if name != "mutation" {
                        files += check(&path);
                    }
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                // The mutation startJob reads the clock.
                let allowed = match name {
                    "cacheability.rs" => continue,
                    _ if path.ends_with("jobs/schema.rs") => 1,
                    _ => 0,
                };
                assert!(text.matches("Timestamp::now").count() <= allowed, "{name}: use cacheability::now");
                files += 1;
            }
            files
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(check(&root.join("src")) > 60);
        assert!(check(&root.join("../walkshed-register/src/query")) > 5);
    }
}
