//! A cache of computed results: sweeps, times of cells, shares of people. The key of a result is a hash of everything the
//! result depends on. A change of the world therefore does not clear the cache: results that do not depend on the change
//! keep their keys.

use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};
use std::any::Any;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use walkshed_engine::task::{self, Stopped};
use xxhash_rust::xxh3::Xxh3;

/// Default capacity in bytes, by the sizes that the values report.
const CAPACITY: u64 = 192 * 1024 * 1024;
/// Estimated size of a value in bytes (a sweep, or the times of all cells). Determines the initial size of the tables.
const TYPICAL_VALUE: u64 = 1024 * 1024;
/// How often a thread that waits for another's result checks whether its own task is stopped.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A value that a [`Memo`] can hold.
pub trait Cacheable: Any + Send + Sync {
    /// Returns the memory it uses in bytes.
    fn bytes(&self) -> usize;
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: u64,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<u128, Entry> for Bytes {
    fn weight(&self, _: &u128, entry: &Entry) -> u64 {
        entry.bytes
    }
}

/// Results by key. Evicts the least recently used results first.
pub struct Memo(Cache<u128, Entry, Bytes>);

impl Default for Memo {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Memo {
    /// Creates a memo with a capacity in bytes.
    #[must_use]
    pub fn with_capacity(bytes: u64) -> Self {
        // One shard: an entry may be as large as the whole memo, and there is little concurrent access.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity((bytes / TYPICAL_VALUE).max(16) as usize)
            .weight_capacity(bytes)
            .build()
            .unwrap_or_else(|_| unreachable!("both capacities are given"));
        Self(Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// Returns the result of a key and computes it if necessary. If another thread is computing it, waits until it is done.
    /// If that computation fails, one of the waiting threads starts its own.
    ///
    /// # Errors
    /// Returns the error of `work`, in which case nothing is stored, or [`Stopped`] if the current task is stopped while
    /// waiting.
    pub fn get<T: Cacheable, E: From<Stopped>>(
        &self,
        key: &Key,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let entry = get_or_compute(&self.0, &key.number(), || {
            let value = Arc::new(work()?);
            let bytes = value.bytes() as u64 + 64;
            Ok::<_, E>(Entry { value, bytes })
        })?;
        Ok(entry.value.downcast().unwrap_or_else(|_| unreachable!("the key includes the type of its value")))
    }

    /// Returns the size of the stored results in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

/// Returns the value of a key in a cache and computes it if necessary. Of several threads that ask at the same time, one
/// computes it and the others wait.
///
/// # Errors
/// Returns the error of `work`, in which case nothing is stored and one of the waiting threads tries again, or [`Stopped`]
/// if the current task is stopped while waiting.
pub fn get_or_compute<K, V, W, B, E>(
    cache: &Cache<K, V, W, B, DefaultLifecycle<K, V>>,
    key: &K,
    work: impl FnOnce() -> Result<V, E>,
) -> Result<V, E>
where
    K: Hash + Eq + Equivalent<K> + Clone,
    V: Clone,
    W: Weighter<K, V> + Clone,
    B: BuildHasher + Clone,
    E: From<Stopped>,
{
    loop {
        match cache.get_value_or_guard(key, Some(CHECK_INTERVAL)) {
            GuardResult::Value(value) => return Ok(value),
            GuardResult::Guard(guard) => {
                let value = work()?;
                // Insertion fails if the value is larger than the cache or the entry was removed meanwhile. The value is
                // valid nevertheless.
                let _ = guard.insert(value.clone());
                return Ok(value);
            }
            GuardResult::Timeout => task::check()?,
        }
    }
}

/// A hash of everything a result depends on.
pub struct Key(Xxh3);

impl Key {
    /// Creates a key for results of one type.
    #[must_use]
    pub fn of<T: Cacheable>() -> Self {
        let mut key = Self(Xxh3::new());
        std::any::TypeId::of::<T>().hash(&mut key.0);
        key
    }

    /// Adds a dependency.
    #[must_use]
    pub fn and(mut self, part: impl Hash) -> Self {
        part.hash(&mut self.0);
        self.0.write_u8(0xff);
        self
    }

    /// Returns the 128-bit hash. Collisions are negligible.
    #[must_use]
    pub fn number(&self) -> u128 {
        self.0.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, PartialEq)]
    struct Text(String);

    impl Cacheable for Text {
        fn bytes(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn computes_each_result_once_and_respects_its_capacity() {
        let (memo, computed) = (Memo::with_capacity(10_000), AtomicUsize::new(0));
        let get = |n: u32| {
            memo.get(&Key::of::<Text>().and(n), || {
                computed.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Stopped>(Text(n.to_string().repeat(1000)))
            })
            .unwrap()
        };
        assert_eq!(get(1), get(1));
        assert_eq!(computed.load(Ordering::Relaxed), 1);
        for n in 0..100 {
            assert_eq!(get(n).0.len(), n.to_string().len() * 1000);
            assert!(memo.bytes() <= 10_000, "{}", memo.bytes());
        }
        // A result that is larger than the memo is returned but not stored.
        let huge = memo.get(&Key::of::<Text>().and("huge"), || Ok::<_, Stopped>(Text("x".repeat(1_000_000)))).unwrap();
        assert_eq!(huge.0.len(), 1_000_000);
        assert!(memo.bytes() <= 10_000);
        assert_ne!(Key::of::<Text>().and(1u8).and(23u8).number(), Key::of::<Text>().and(12u8).and(3u8).number());
    }

    #[test]
    fn a_waiting_thread_takes_over_if_the_first_is_stopped_and_stops_with_its_own_task() {
        use std::sync::mpsc::channel;
        use walkshed_engine::task::{Task, within};
        let memo = Memo::with_capacity(10_000);
        let key = || Key::of::<Text>().and("shared");
        let ((begun, has_begun), (go, wait)) = (channel(), channel::<()>());
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                memo.get(&key(), move || {
                    begun.send(()).unwrap();
                    // Cancelled half-way.
                    let _ = wait.recv();
                    Err::<Text, _>(Stopped::Cancelled)
                })
            });
            has_begun.recv().unwrap();
            let second = scope.spawn(|| memo.get(&key(), || Ok::<_, Stopped>(Text("made".into()))));
            let gone = Arc::new(Task::default());
            gone.cancel();
            let third = within(Some(gone), || memo.get(&key(), || Ok::<_, Stopped>(Text("never".into()))));
            assert_eq!(third, Err(Stopped::Cancelled));
            drop(go);
            assert_eq!(first.join().unwrap(), Err(Stopped::Cancelled));
            assert_eq!(*second.join().unwrap().unwrap(), Text("made".into()));
        });
    }
}
