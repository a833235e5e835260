//! The mapping of records to tables: each record type lists its columns once, and they are bound and read by that list.

mod codec;
mod json_row;
mod reader;
mod record;
mod records;
mod values;

pub use json_row::Field;
pub use reader::Source;
pub use record::{TableRecord, comma_separated, read_record, select};
pub use values::{Values, placeholders};

/// Evaluates an expression with a type alias for the record type of a [`RecordKind`](walkshed_register::RecordKind). Returns
/// `None` for kinds without a table of records.
macro_rules! with_record_type {
    ($kind:expr, $type:ident => $does:expr) => {
        $crate::table::with_record_type!(@match $kind, $type => $does;
            Center, Facility, Service, Offer, Event, Suggestion, Region, Scenario, Standard)
    };
    (@match $kind:expr, $type:ident => $does:expr; $($record:ident),+) => {
        match $kind {
            $(walkshed_register::RecordKind::$record => {
                type $type = walkshed_register::$record;
                Some($does)
            })+
            walkshed_register::RecordKind::Visits | walkshed_register::RecordKind::Population => None,
        }
    };
}

pub(crate) use with_record_type;
