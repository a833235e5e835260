//! Limits on the memory of responses and request bodies. Bytes are counted while a response is built, so that a response
//! that would exceed a limit is refused before it is complete. One limit applies to each response, another to all of them
//! together.

use super::error::{busy_answers, too_many};
use async_graphql::{Context, ErrorExtensions, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The memory that all responses share while they are built and sent.
pub struct MemoryPool {
    max: usize,
    /// Bytes of each response that do not count, so that short responses are not refused because of long ones.
    free_bytes: usize,
    used: AtomicUsize,
}

impl MemoryPool {
    /// Creates a pool of `max` bytes.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, free_bytes: 0, used: AtomicUsize::new(0) }
    }

    /// Excludes the first `bytes` of each response from the count.
    #[must_use]
    pub const fn with_free_bytes(mut self, bytes: usize) -> Self {
        self.free_bytes = bytes;
        self
    }

    /// Returns whether more than half of the memory is in use.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.bytes() > self.max / 2
    }

    /// Returns the bytes in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.used.load(Relaxed)
    }

    fn try_add(&self, bytes: usize) -> bool {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.used.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
}

/// Why a response cannot grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetExceeded {
    /// It would exceed the limit for one response, in bytes.
    TooLarge(usize),
    /// All responses together would exceed their limit.
    Busy,
}

/// The memory of one response. Dropping the budget returns the bytes to the pool: keep it until the last byte has been
/// sent.
pub struct MemoryBudget {
    pool: Arc<MemoryPool>,
    max: usize,
    used: AtomicUsize,
    /// The bytes that were taken from the pool.
    charged: AtomicUsize,
}

impl MemoryBudget {
    /// Creates a budget of at most `max` bytes from a pool.
    #[must_use]
    pub const fn new(pool: Arc<MemoryPool>, max: usize) -> Self {
        Self { pool, max, used: AtomicUsize::new(0), charged: AtomicUsize::new(0) }
    }

    /// Counts bytes; call it before they are allocated.
    ///
    /// # Errors
    /// [`BudgetExceeded`]; then the bytes are not counted.
    pub fn charge(&self, bytes: usize) -> Result<(), BudgetExceeded> {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max);
        let before = self.used.fetch_update(Relaxed, Relaxed, add).map_err(|_| BudgetExceeded::TooLarge(self.max))?;
        let more = self.pool_bytes(before + bytes) - self.pool_bytes(before);
        if self.pool.try_add(more) {
            self.charged.fetch_add(more, Relaxed);
            return Ok(());
        }
        self.used.fetch_sub(bytes, Relaxed);
        Err(BudgetExceeded::Busy)
    }

    /// Returns how many of the used bytes count towards the pool.
    fn pool_bytes(&self, used: usize) -> usize {
        used.saturating_sub(self.pool.free_bytes)
    }

    /// Creates an empty budget with the same limits, for another encoding of the same response.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new(self.pool.clone(), self.max)
    }

    /// Returns the bytes charged so far.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }
}

impl Drop for MemoryBudget {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(*self.charged.get_mut(), Relaxed);
    }
}

impl From<BudgetExceeded> for async_graphql::Error {
    fn from(full: BudgetExceeded) -> Self {
        match full {
            BudgetExceeded::TooLarge(max) => too_many(
                "maxAnswerBytes",
                format!("The response exceeds maxAnswerBytes ({max} bytes). Ask for less data at a time."),
            )
            .extend_with(|_, e| e.set("maximum", max)),
            BudgetExceeded::Busy => busy_answers(),
        }
    }
}

/// A growing buffer whose capacity is charged to a budget.
pub struct BudgetedBuffer {
    bytes: Vec<u8>,
    budget: MemoryBudget,
    /// The reason of the last failed write.
    full: Option<BudgetExceeded>,
}

impl BudgetedBuffer {
    /// Creates an empty buffer.
    #[must_use]
    pub const fn new(budget: MemoryBudget) -> Self {
        Self { bytes: Vec::new(), budget, full: None }
    }

    /// Returns the bytes and their budget. Keep both until the last byte has been sent.
    ///
    /// # Errors
    /// [`BudgetExceeded`] when a write failed.
    pub fn finish(self) -> Result<(Vec<u8>, MemoryBudget), BudgetExceeded> {
        match self.full {
            None => Ok((self.bytes, self.budget)),
            Some(full) => Err(full),
        }
    }

    /// Returns why a write failed.
    #[must_use]
    pub const fn full(&self) -> Option<BudgetExceeded> {
        self.full
    }

    fn reserve(&mut self, more: usize) -> Result<(), BudgetExceeded> {
        const MIN_CAPACITY: usize = 512;
        const STEP: usize = 64 * 1024;
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        if more <= capacity - length {
            return Ok(());
        }
        // Doubles the capacity, so that small writes stay cheap; tries smaller steps where the budget does not allow it.
        let needed = length.saturating_add(more);
        let doubled = needed.max(capacity.saturating_mul(2)).max(MIN_CAPACITY);
        let candidates = [doubled, needed.saturating_add(capacity / 4), needed.saturating_add(STEP), needed];
        let mut charged = Ok(());
        let new_capacity = candidates.into_iter().find(|candidate| {
            charged = self.budget.charge(candidate - capacity);
            charged.is_ok()
        });
        let Some(new_capacity) = new_capacity else { return charged };
        self.bytes.reserve_exact(new_capacity - length);
        Ok(())
    }
}

impl std::io::Write for BudgetedBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Err(full) = self.reserve(bytes.len()) {
            self.full = Some(full);
            return Err(std::io::Error::other("the byte budget is exhausted"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Charges bytes to the budget of this request's response.
///
/// # Errors
/// `TOO_COMPLEX` when the response is too large, `BUSY` when all responses together are.
pub fn charge(ctx: &Context<'_>, bytes: usize) -> Result<()> {
    match ctx.data_opt::<Arc<MemoryBudget>>() {
        Some(budget) => Ok(budget.charge(bytes)?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_from_the_charge_until_the_budget_is_dropped() {
        let all = Arc::new(MemoryPool::new(100));
        let (one, other) = (MemoryBudget::new(all.clone(), 60), MemoryBudget::new(all.clone(), 60));
        assert_eq!(one.charge(50), Ok(()));
        assert_eq!(one.charge(11), Err(BudgetExceeded::TooLarge(60)));
        assert_eq!(one.charge(usize::MAX), Err(BudgetExceeded::TooLarge(60)));
        assert_eq!(other.charge(51), Err(BudgetExceeded::Busy));
        assert_eq!((other.used(), all.bytes()), (0, 50));
        assert_eq!(other.charge(50), Ok(()));
        drop(one);
        assert_eq!((other.charge(10), all.bytes()), (Ok(()), 60));
        drop(other);
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn the_first_bytes_of_each_response_are_free() {
        let all = Arc::new(MemoryPool::new(100).with_free_bytes(20));
        let long = MemoryBudget::new(all.clone(), 1000);
        assert_eq!((long.charge(15), all.bytes()), (Ok(()), 0));
        assert_eq!((long.charge(105), all.bytes()), (Ok(()), 100));
        let short = MemoryBudget::new(all.clone(), 1000);
        assert_eq!((short.charge(20), short.charge(1)), (Ok(()), Err(BudgetExceeded::Busy)));
        drop((long, short));
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn the_buffer_charges_bytes_before_it_allocates_them() {
        use std::io::Write;
        let all = Arc::new(MemoryPool::new(5000));
        let mut written = BudgetedBuffer::new(MemoryBudget::new(all.clone(), 3000));
        for n in 0..300 {
            assert!(written.write_all(b"0123456789").is_ok(), "{n}");
            assert!(all.bytes() >= 10 * (n + 1) && written.bytes.capacity() <= all.bytes());
        }
        assert!(written.write_all(b"0").is_err());
        assert_eq!((written.full(), all.bytes()), (Some(BudgetExceeded::TooLarge(3000)), 3000));
        assert!(written.finish().is_err());
        assert_eq!(all.bytes(), 0);
    }
}
