//! The register: centers, facilities, what they offer, who lives where, how it is used. Plain types and the rules they
//! keep; no SQL, no web.

mod calendar;
mod category;
mod center;
mod code;
mod event;
mod facility;
mod homes;
mod hours;
mod keyed;
mod kinds;
mod partial_date;
mod population;
mod record;
mod region;
mod register;
mod rows;
mod rules;
mod scenario;
mod service;
mod suggestion;
mod visits;
mod words;

pub use calendar::{Calendar, HolidayError, UnknownZone, Zone, day_of, naive_day, naive_time};
pub use category::{Category, UnknownCategory};
pub use center::{Center, FundingShare, GroupServed, Partner};
pub use code::{CodeError, DivisionCode, RegionCode, RegionLevel};
pub use event::{Event, MAX_OCCURRENCES, Occurrence};
pub use facility::Facility;
pub use homes::Homes;
pub use hours::{Hours, HoursError};
pub use keyed::{UnknownWord, plain_key};
pub use kinds::{FacilityKind, KindError, Kinds};
pub use partial_date::{PartialDate, PartialDateError};
pub use population::{EVERYONE, GroupError, PopulationCell, group_name};
pub(crate) use record::with_record;
pub use record::{AnyRecord, Done, Edit, Record, RecordKind};
pub use region::Region;
pub use register::{DEMONSTRATION_TEXT, Demonstration, ImportRecord, Register, RegisterRows, is_open};
pub use rows::{Relation, Rows};
pub use rules::{Check, Problem, ProblemCode, Rules};
pub use scenario::{Change, ChangeError, FIRST_MADE_UP, MAX_CHANGES, NewFacility, Scenario};
pub use service::{Host, Offer, Service};
pub use suggestion::{MAX_SUGGESTION, Suggestion};
pub use visits::{CenterVisits, VisitCount, VisitDay, total as total_visits};
pub use words::{Audience, CenterKind, Fee, OperatingModel, PositionQuality, Role, Status, SuggestionStatus};
