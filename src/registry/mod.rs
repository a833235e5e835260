//! The register: centers, facilities, who lives where. Plain types and the rules they keep; no SQL, no web.

mod category;
mod records;

pub use category::{Category, UnknownCategory};
pub use records::{Center, CodeError, DivisionCode, Facility, ImportRecord, PopulationCell, RegisterRows};
