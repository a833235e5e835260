//! Bytes of answers, counted while they are built: no answer is larger than one may be, and all of them together never
//! hold more memory than they may. An answer that would pass a limit is refused before it is built whole.

use super::error::{busy_answers, too_many};
use async_graphql::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes of all answers that are being built or sent.
pub struct UnderWay {
    most: usize,
    now: AtomicUsize,
}

impl UnderWay {
    /// So many bytes at most.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, now: AtomicUsize::new(0) }
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
}

impl Budget {
    /// Of one answer: so many bytes at most.
    #[must_use]
    pub const fn new(under_way: Arc<UnderWay>, most: usize) -> Self {
        Self { under_way, most, used: AtomicUsize::new(0) }
    }

    /// Counts bytes before they are kept.
    ///
    /// # Errors
    /// [`Full`]; then they do not count.
    pub fn charge(&self, bytes: usize) -> Result<(), Full> {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.used.fetch_update(Relaxed, Relaxed, add).map_err(|_| Full::TooLarge(self.most))?;
        if self.under_way.add(bytes) {
            return Ok(());
        }
        self.used.fetch_sub(bytes, Relaxed);
        Err(Full::Busy)
    }

    /// The bytes that count.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.under_way.now.fetch_sub(*self.used.get_mut(), Relaxed);
    }
}

impl From<Full> for async_graphql::Error {
    fn from(full: Full) -> Self {
        match full {
            Full::TooLarge(most) => too_many(
                "maxAnswerBytes",
                format!("the answer would have more bytes than maxAnswerBytes allows ({most}); ask for less at a time"),
            ),
            Full::Busy => busy_answers(),
        }
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
}
