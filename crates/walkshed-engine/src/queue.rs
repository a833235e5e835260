//! The priority queue of the searches. Times are integers with a known maximum, so a bucket queue is faster than a heap.

const NONE: u32 = u32::MAX;

/// A monotone priority queue with a bucket for every decisecond up to the limit. Buckets are linked lists in one pool;
/// a bitmap finds the next bucket that is not empty.
#[derive(Default)]
pub(crate) struct BucketQueue<T> {
    first: Vec<u32>,
    filled: Vec<u64>,
    /// Item and index of the next entry of the same bucket.
    pool: Vec<(T, u32)>,
    now: usize,
}

impl<T: Copy> BucketQueue<T> {
    /// Prepares the queue for times up to `limit`. The buckets are empty at this point: a search pops all entries or
    /// calls [`BucketQueue::drain`].
    pub fn start(&mut self, limit: u32) {
        let size = limit as usize + 1;
        if self.first.len() < size {
            self.first.resize(size, NONE);
            self.filled.resize(size.div_ceil(64), 0);
        }
        self.pool.clear();
        self.now = 0;
    }

    /// Adds an item. `time` must not be less than that of the last item popped, nor exceed the limit.
    #[inline]
    pub fn push(&mut self, time: u32, item: T) {
        let bucket = &mut self.first[time as usize];
        if *bucket == NONE {
            self.filled[time as usize / 64] |= 1 << (time % 64);
        }
        self.pool.push((item, *bucket));
        *bucket = self.pool.len() as u32 - 1;
    }

    /// Removes and returns an item with the least time.
    #[inline]
    pub fn pop(&mut self) -> Option<(u32, T)> {
        let mut word = self.now / 64;
        // Nothing is pushed before `now`, so the bits below it are clear.
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

    /// Removes all entries, after a search that stopped early.
    pub fn drain(&mut self) {
        while self.pop().is_some() {}
    }
}
