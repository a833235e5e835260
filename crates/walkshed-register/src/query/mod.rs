//! Filters and sort orders for lists of centers and facilities.

mod area;
mod center_filter;
mod facility_criteria;
mod facility_filter;
mod sort;
mod text;

pub use area::{Area, BoundingBox};
pub use center_filter::CenterFilter;
pub use facility_criteria::{FacilityCriteria, FacilityMatcher, matching_facilities};
pub use facility_filter::FacilityFilter;
pub use sort::{SortBy, SortFields, SortKey, SortOrder, Sortable};
pub use text::SearchText;

use walkshed_engine::task::{self, Stopped};

/// Number of rows between two checks for cancellation.
const ROWS_PER_CHECK: usize = 1024;

/// Returns the rows that match, in order. Checks regularly whether the current task has been cancelled.
fn select(rows: &[usize], mut matches: impl FnMut(usize) -> bool) -> Result<Vec<usize>, Stopped> {
    let mut found = Vec::new();
    for part in rows.chunks(ROWS_PER_CHECK) {
        task::work(part.len())?;
        found.extend(part.iter().copied().filter(|&row| matches(row)));
    }
    Ok(found)
}
