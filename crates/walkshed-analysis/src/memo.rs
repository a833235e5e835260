//! What has been worked out and may be asked for again: sweeps, times of cells, shares of people. A memo knows what it
//! holds by keys made of everything the answer depends on, so that a change of the world need not empty it: what the
//! change does not reach has the same key after it.

use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};
use std::any::Any;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use walkshed_engine::task::{self, Stopped};
use xxhash_rust::xxh3::Xxh3;

/// Bytes that are kept at most, as the values tell their sizes.
const CAPACITY: u64 = 192 * 1024 * 1024;
/// A sweep, or the times of all cells: a guess for the tables of the cache.
const USUAL: u64 = 1024 * 1024;
/// How often who waits for what another makes looks whether to go on waiting.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A value that can be kept.
pub trait Kept: Any + Send + Sync {
    /// What it holds in memory, bytes.
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

/// Answers by key, the longest unused forgotten first.
pub struct Memo(Cache<u128, Entry, Bytes>);

impl Default for Memo {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Memo {
    /// A memo of so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: u64) -> Self {
        // One shard: an entry may be as large as the memo, and few are asked for at a time.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity((bytes / USUAL).max(16) as usize)
            .weight_capacity(bytes)
            .build()
            .unwrap_or_else(|_| unreachable!("both capacities are given"));
        Self(Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// The answer of a key, worked out where it is not known. Who asks for what another is working out waits for it, as long
    /// as its own task goes on; where the other is stopped before it is done, one of those who wait works it out instead.
    ///
    /// # Errors
    /// Of the work; then nothing is kept. [`Stopped`] while waiting.
    pub fn get<T: Kept, E: From<Stopped>>(&self, key: &Key, work: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let entry = get_or_make(&self.0, &key.number(), || {
            let value = Arc::new(work()?);
            let bytes = value.bytes() as u64 + 64;
            Ok::<_, E>(Entry { value, bytes })
        })?;
        Ok(entry.value.downcast().unwrap_or_else(|_| unreachable!("the key begins with the type of its answer")))
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

/// What a cache holds under a key, made where it is not there, by one of those who ask at the same time.
///
/// # Errors
/// Of the work; then nothing is kept, and one of those who wait tries it. [`Stopped`] while waiting.
pub fn get_or_make<K, V, W, B, E>(
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
        match cache.get_value_or_guard(key, Some(LOOK_EVERY)) {
            GuardResult::Value(value) => return Ok(value),
            GuardResult::Guard(guard) => {
                let value = work()?;
                // Given back where it was taken out since, or is larger than the whole cache: it is good all the same.
                let _ = guard.insert(value.clone());
                return Ok(value);
            }
            GuardResult::Timeout => task::check()?,
        }
    }
}

/// Everything an answer depends on.
pub struct Key(Xxh3);

impl Key {
    /// A key of answers of one type.
    #[must_use]
    pub fn of<T: Kept>() -> Self {
        let mut key = Self(Xxh3::new());
        std::any::TypeId::of::<T>().hash(&mut key.0);
        key
    }

    /// The same with one thing more that it depends on.
    #[must_use]
    pub fn and(mut self, part: impl Hash) -> Self {
        part.hash(&mut self.0);
        self.0.write_u8(0xff);
        self
    }

    /// A number that differs where anything does, but for one chance in 2^128.
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

    impl Kept for Text {
        fn bytes(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn answers_are_worked_out_once_and_forgotten_within_the_limit() {
        let (memo, worked) = (Memo::with_capacity(10_000), AtomicUsize::new(0));
        let ask = |n: u32| {
            memo.get(&Key::of::<Text>().and(n), || {
                worked.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Stopped>(Text(n.to_string().repeat(1000)))
            })
            .unwrap()
        };
        assert_eq!(ask(1), ask(1));
        assert_eq!(worked.load(Ordering::Relaxed), 1);
        for n in 0..100 {
            assert_eq!(ask(n).0.len(), n.to_string().len() * 1000);
            assert!(memo.bytes() <= 10_000, "{}", memo.bytes());
        }
        // What is larger than the whole memo is answered all the same.
        let huge = memo.get(&Key::of::<Text>().and("huge"), || Ok::<_, Stopped>(Text("x".repeat(1_000_000)))).unwrap();
        assert_eq!(huge.0.len(), 1_000_000);
        assert!(memo.bytes() <= 10_000);
        assert_ne!(Key::of::<Text>().and(1u8).and(23u8).number(), Key::of::<Text>().and(12u8).and(3u8).number());
    }
    #[test]
    fn who_waits_goes_on_when_the_first_is_stopped_and_leaves_when_it_is_stopped_itself() {
        use std::sync::mpsc::channel;
        use walkshed_engine::task::{Task, within};
        let memo = Memo::with_capacity(10_000);
        let key = || Key::of::<Text>().and("shared");
        let ((begun, has_begun), (go, wait)) = (channel(), channel::<()>());
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                memo.get(&key(), move || {
                    begun.send(()).unwrap();
                    // Told to stop, in its middle.
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
