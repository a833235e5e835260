//! The index of the texts and the pinyin initials of a list of rows.

use super::grams::{GramIndex, Lookup};
use super::initials::initials;
use super::postings::in_all;
use super::search_text::{SearchText, Searchable, lowercase};
use super::symbols::END;
use std::sync::Arc;

/// The index of some rows.
#[derive(Debug)]
pub(super) struct RowIndex {
    texts: GramIndex,
    initials: GramIndex,
}

/// Rows that a search text leads to.
#[derive(Debug, Default)]
pub(super) struct FoundRows {
    /// In ascending order.
    pub rows: Vec<u32>,
    /// Whether all rows match. If not, the others must be tested.
    pub are_exact: bool,
}

impl FoundRows {
    fn of(found: Lookup<'_>) -> Self {
        match found {
            Lookup::Nowhere => Self { rows: Vec::new(), are_exact: true },
            Lookup::Exactly(list) => Self { rows: list.rows(), are_exact: true },
            Lookup::Among(lists) => Self { rows: in_all(&lists), are_exact: false },
        }
    }
}

impl RowIndex {
    /// Indexes rows. Returns `None` if the index would be too large.
    pub fn build<T: Searchable>(rows: &[Arc<T>]) -> Option<Self> {
        let texts = GramIndex::build(rows.len(), |row, symbols| {
            for text in rows[row].searched_texts().into_iter().flatten() {
                lowercase(text).chars().for_each(|c| symbols.push(c.into()));
                symbols.push(END);
                symbols.push_gap();
            }
        })?;
        let initials = GramIndex::build(rows.len(), |row, symbols| {
            for set in rows[row].pinyin_name().into_iter().flat_map(initials) {
                symbols.push_any_of(set.iter());
            }
        })?;
        Some(Self { texts, initials })
    }

    /// Returns the number of bytes in memory.
    pub fn bytes(&self) -> usize {
        self.texts.bytes() + self.initials.bytes()
    }

    /// Returns the rows whose texts contain a text, or candidates for them.
    pub fn with_text(&self, text: &SearchText) -> FoundRows {
        match text.symbols()[..] {
            [symbol] => FoundRows { rows: self.texts.rows_with(symbol), are_exact: true },
            ref symbols => FoundRows::of(self.texts.find(symbols)),
        }
    }

    /// Returns the rows whose names have a text as pinyin initials, or candidates for them.
    pub fn with_initials(&self, text: &SearchText) -> FoundRows {
        match text.initials() {
            [] => FoundRows { rows: Vec::new(), are_exact: true },
            codes => FoundRows::of(self.initials.find(codes)),
        }
    }
}
