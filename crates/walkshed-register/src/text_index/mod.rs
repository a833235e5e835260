//! An index for text search over the rows of one record type.
//!
//! [`SearchText`] defines what matches. The index finds the same rows without reading every record. It is built when a text
//! is first searched, and follows the edits of the register ([`TextSearch`]).

mod changes;
mod grams;
mod initials;
mod postings;
mod row_index;
mod search_text;
mod symbols;
#[cfg(test)]
mod tests;
mod tracked;

pub use search_text::{SearchText, Searchable};

use crate::center::Center;
use crate::facility::Facility;
use crate::suggestion::Suggestion;
use tracked::TextSearch;

/// Text search over all types that have it.
#[derive(Debug, Clone, Default)]
pub struct TextSearches {
    pub centers: TextSearch<Center>,
    pub facilities: TextSearch<Facility>,
    pub suggestions: TextSearch<Suggestion>,
}
