//! Text search in suggestions.

use super::select::{Candidates, RowList};
use crate::register::Register;
use crate::text_index::SearchText;
use walkshed_engine::task::Stopped;

/// Returns the suggestions with a text, in order of id; all without one.
///
/// # Errors
/// [`Stopped`] if the current task is cancelled or out of time.
pub fn suggestions_with(register: &Register, text: Option<&SearchText>) -> Result<RowList, Stopped> {
    let rows = &register.suggestions;
    let all = RowList::First(rows.len());
    let Some(text) = text else { return Ok(all) };
    if let Some(found) = register.text.suggestions.find(rows, text)? {
        return Ok(RowList::Of(found));
    }
    Candidates { rows: all, have_text: false }.select(|row| text.matches(&*rows[row]))
}
