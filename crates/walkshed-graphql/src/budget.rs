//! Bytes of answers, counted while they are built: no answer is larger than one may be, and all of them together never
//! hold more memory than they may. An answer that would pass a limit is refused before it is built whole.

use super::error::{busy_answers, too_many};
use async_graphql::{Context, ErrorExtensions, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes of all answers that are being built or sent.
pub struct UnderWay {
    most: usize,
    /// Bytes of each answer that do not count: short ones are sent however many long ones there are.
    spared: usize,
    now: AtomicUsize,
}

impl UnderWay {
    /// So many bytes at most.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, spared: 0, now: AtomicUsize::new(0) }
    }

    /// The first so many bytes of each answer do not count.
    #[must_use]
    pub const fn sparing(mut self, bytes: usize) -> Self {
        self.spared = bytes;
        self
    }

    /// Is more than half of the room taken?
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.bytes() > self.most / 2
    }

    /// The bytes there are now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.now.load(Relaxed)
    }

    fn add(&self, bytes: usize) -> bool {
        let add = |now: usize| now.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.now.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
}

/// Why an answer cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// It is larger than one answer may be: bytes at most.
    TooLarge(usize),
    /// All answers under way are larger than they may be together.
    Busy,
}

/// The bytes of one answer. They count until it is dropped: keep it until the last byte has been sent.
pub struct Budget {
    under_way: Arc<UnderWay>,
    most: usize,
    used: AtomicUsize,
    /// Those of them that count among the bytes of all answers.
    charged: AtomicUsize,
}

impl Budget {
    /// Of one answer: so many bytes at most.
    #[must_use]
    pub const fn new(under_way: Arc<UnderWay>, most: usize) -> Self {
        Self { under_way, most, used: AtomicUsize::new(0), charged: AtomicUsize::new(0) }
    }

    /// Counts bytes before they are kept.
    ///
    /// # Errors
    /// [`Full`]; then they do not count.
    pub fn charge(&self, bytes: usize) -> Result<(), Full> {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        let before = self.used.fetch_update(Relaxed, Relaxed, add).map_err(|_| Full::TooLarge(self.most))?;
        let more = self.counted(before + bytes) - self.counted(before);
        if self.under_way.add(more) {
            self.charged.fetch_add(more, Relaxed);
            return Ok(());
        }
        self.used.fetch_sub(bytes, Relaxed);
        Err(Full::Busy)
    }

    /// How many of so many bytes count among those of all answers.
    fn counted(&self, used: usize) -> usize {
        used.saturating_sub(self.under_way.spared)
    }

    /// Another one with the same limits, for another form of the same answer.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new(self.under_way.clone(), self.most)
    }

    /// The bytes that count.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.under_way.now.fetch_sub(*self.charged.get_mut(), Relaxed);
    }
}

impl From<Full> for async_graphql::Error {
    fn from(full: Full) -> Self {
        match full {
            Full::TooLarge(most) => too_many(
                "maxAnswerBytes",
                format!("the answer would have more bytes than maxAnswerBytes allows ({most}); ask for less at a time"),
            )
            .extend_with(|_, e| e.set("maximum", most)),
            Full::Busy => busy_answers(),
        }
    }
}

/// Bytes that are written and counted as they grow.
pub struct Written {
    bytes: Vec<u8>,
    budget: Budget,
    /// Why it cannot grow.
    full: Option<Full>,
}

impl Written {
    /// Empty, counted by a budget.
    #[must_use]
    pub const fn new(budget: Budget) -> Self {
        Self { bytes: Vec::new(), budget, full: None }
    }

    /// What was written, and what counts it. Keep both until the last byte has been sent.
    ///
    /// # Errors
    /// [`Full`] when not all of it could be written.
    pub fn finish(self) -> Result<(Vec<u8>, Budget), Full> {
        match self.full {
            None => Ok((self.bytes, self.budget)),
            Some(full) => Err(full),
        }
    }

    /// Why it cannot grow, when it cannot.
    #[must_use]
    pub const fn full(&self) -> Option<Full> {
        self.full
    }

    fn reserve(&mut self, more: usize) -> Result<(), Full> {
        const LEAST: usize = 512;
        const STEP: usize = 64 * 1024;
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        if more <= capacity - length {
            return Ok(());
        }
        // Twice as much as before; where there is no room for that, ever less, so that small writes stay cheap.
        let needed = length.saturating_add(more);
        let usual = needed.max(capacity.saturating_mul(2)).max(LEAST);
        let wishes = [usual, needed.saturating_add(capacity / 4), needed.saturating_add(STEP), needed];
        let mut full = Ok(());
        let wanted = wishes.into_iter().find(|wish| {
            full = self.budget.charge(wish - capacity);
            full.is_ok()
        });
        let Some(wanted) = wanted else { return full };
        self.bytes.reserve_exact(wanted - length);
        Ok(())
    }
}

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Err(full) = self.reserve(bytes.len()) {
            self.full = Some(full);
            return Err(std::io::Error::other("there is no room for more bytes"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Counts bytes of the answer to this request.
///
/// # Errors
/// `TOO_COMPLEX` when the answer is too large, `BUSY` when all answers together are.
pub fn charge(ctx: &Context<'_>, bytes: usize) -> Result<()> {
    match ctx.data_opt::<Arc<Budget>>() {
        Some(budget) => Ok(budget.charge(bytes)?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_from_the_charge_until_the_answer_is_gone() {
        let all = Arc::new(UnderWay::new(100));
        let (one, other) = (Budget::new(all.clone(), 60), Budget::new(all.clone(), 60));
        assert_eq!(one.charge(50), Ok(()));
        assert_eq!(one.charge(11), Err(Full::TooLarge(60)));
        assert_eq!(one.charge(usize::MAX), Err(Full::TooLarge(60)));
        assert_eq!(other.charge(51), Err(Full::Busy));
        assert_eq!((other.used(), all.bytes()), (0, 50));
        assert_eq!(other.charge(50), Ok(()));
        drop(one);
        assert_eq!((other.charge(10), all.bytes()), (Ok(()), 60));
        drop(other);
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn the_first_bytes_of_each_answer_are_spared() {
        let all = Arc::new(UnderWay::new(100).sparing(20));
        let long = Budget::new(all.clone(), 1000);
        assert_eq!((long.charge(15), all.bytes()), (Ok(()), 0));
        assert_eq!((long.charge(105), all.bytes()), (Ok(()), 100));
        let short = Budget::new(all.clone(), 1000);
        assert_eq!((short.charge(20), short.charge(1)), (Ok(()), Err(Full::Busy)));
        drop((long, short));
        assert_eq!(all.bytes(), 0);
    }

    #[test]
    fn what_is_written_counts_before_it_is_there() {
        use std::io::Write;
        let all = Arc::new(UnderWay::new(5000));
        let mut written = Written::new(Budget::new(all.clone(), 3000));
        for n in 0..300 {
            assert!(written.write_all(b"0123456789").is_ok(), "{n}");
            assert!(all.bytes() >= 10 * (n + 1) && written.bytes.capacity() <= all.bytes());
        }
        assert!(written.write_all(b"0").is_err());
        assert_eq!((written.full(), all.bytes()), (Some(Full::TooLarge(3000)), 3000));
        assert!(written.finish().is_err());
        assert_eq!(all.bytes(), 0);
    }
}
