//! Lists of rows, and the one loop that filters them.

use crate::register::Register;
use walkshed_engine::task::{self, Stopped};

/// Number of rows between two checks for cancellation.
const ROWS_PER_CHECK: usize = 1024;

/// Indexes of rows of one record type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowList {
    /// The first rows of the register, usually all, in order of id.
    First(usize),
    /// These rows.
    Of(Vec<u32>),
}

impl RowList {
    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::Of(rows) => rows.len(),
        }
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the row at a position in the list.
    ///
    /// # Panics
    /// If the list has fewer rows.
    #[must_use]
    pub fn at(&self, position: usize) -> usize {
        match self {
            Self::First(count) => {
                assert!(position < *count, "{position} of {count} rows");
                position
            }
            Self::Of(rows) => rows[position] as usize,
        }
    }

    /// Iterates over the rows.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let (first, rows) = match self {
            Self::First(count) => (*count, &[][..]),
            Self::Of(rows) => (0, &rows[..]),
        };
        (0..first).chain(rows.iter().map(|&row| row as usize))
    }
}

/// Rows that a filter has to test.
#[derive(Debug)]
pub struct Candidates {
    pub(super) rows: RowList,
    /// Whether all of them contain the search text.
    pub(super) have_text: bool,
}

impl Candidates {
    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the rows that match, in order. Checks regularly whether the current task has been cancelled.
    pub(super) fn select(self, mut matches: impl FnMut(usize) -> bool) -> Result<RowList, Stopped> {
        let mut found = Vec::new();
        let mut rows = self.rows.iter();
        let mut left = self.rows.len();
        while left > 0 {
            let count = left.min(ROWS_PER_CHECK);
            task::work(count)?;
            found.extend(rows.by_ref().take(count).filter(|&row| matches(row)).map(|row| row as u32));
            left -= count;
        }
        Ok(RowList::Of(found))
    }
}

/// A filter for one type of records.
pub trait Filter {
    /// Returns the indexes of the rows to test, in ascending order. Uses the index for text search, if it is built.
    ///
    /// # Errors
    /// [`Stopped`] if the current task is cancelled or out of time.
    fn candidates(&self, register: &Register) -> Result<Candidates, Stopped>;

    /// Returns the candidates that meet the conditions.
    ///
    /// # Errors
    /// [`Stopped`] if the current task is cancelled or out of time.
    fn select(&self, register: &Register, candidates: Candidates) -> Result<RowList, Stopped>;
}
