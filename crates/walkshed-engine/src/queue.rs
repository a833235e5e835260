//! The queue of every search: times are whole and bounded, so a bucket for each beats a heap.

const NONE: u32 = u32::MAX;

/// A queue with a bucket for every decisecond up to the limit. Buckets are lists threaded through one pool, and a
/// bitmap finds the next one that is not empty.
#[derive(Default)]
pub(super) struct BucketQueue<T> {
    first: Vec<u32>,
    filled: Vec<u64>,
    /// What was put in, and the next entry.
    pool: Vec<(T, u32)>,
    now: usize,
}

impl<T: Copy> BucketQueue<T> {
    /// Makes room for times up to `limit`. The buckets are empty: every run drains or [`BucketQueue::drain`]s them.
    pub fn start(&mut self, limit: u32) {
        let size = limit as usize + 1;
        if self.first.len() < size {
            self.first.resize(size, NONE);
            self.filled.resize(size.div_ceil(64), 0);
        }
        self.pool.clear();
        self.now = 0;
    }

    #[inline]
    pub fn push(&mut self, time: u32, item: T) {
        let bucket = &mut self.first[time as usize];
        if *bucket == NONE {
            self.filled[time as usize / 64] |= 1 << (time % 64);
        }
        self.pool.push((item, *bucket));
        *bucket = self.pool.len() as u32 - 1;
    }

    #[inline]
    pub fn pop(&mut self) -> Option<(u32, T)> {
        let mut word = self.now / 64;
        // Nothing is ever pushed before `now`, so the bits below it are clear.
        while *self.filled.get(word)? == 0 {
            word += 1;
        }
        let time = word * 64 + self.filled[word].trailing_zeros() as usize;
        self.now = time;
        let (item, next) = self.pool[self.first[time] as usize];
        self.first[time] = next;
        if next == NONE {
            self.filled[word] &= !(1 << (time % 64));
        }
        Some((time as u32, item))
    }

    /// Empties what an early end left.
    pub fn drain(&mut self) {
        while self.pop().is_some() {}
    }
}
