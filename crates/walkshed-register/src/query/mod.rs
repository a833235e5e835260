//! Filters, text search and sort orders for lists of records.

mod area;
mod center_filter;
mod facility_criteria;
mod facility_filter;
mod select;
mod sort;
mod suggestions;

pub use crate::register::OrderField;
pub use crate::text_index::{SearchText, Searchable};
pub use area::{Area, BoundingBox};
pub use center_filter::CenterFilter;
pub use facility_criteria::{FacilityCriteria, FacilityMatcher, matching_facilities};
pub use facility_filter::FacilityFilter;
pub use select::{Candidates, Filter, RowList};
pub use sort::{SortBy, SortKey, SortOrder, Sortable};
pub use suggestions::suggestions_with;
