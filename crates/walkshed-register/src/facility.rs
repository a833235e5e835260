//! Facilities: places that offer services, in a center or anywhere else.

use super::category::Category;
use super::center::check_life;
use super::code::DivisionCode;
use super::partial_date::PartialDate;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::{Audience, PositionQuality, Status};
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::{Position, Storey};

/// A place that offers services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facility {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// The number or code it has where it comes from; unique.
    pub external_id: String,
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    /// The key of a kind of facility.
    pub kind: Option<String>,
    pub status: Status,
    pub position: Position,
    pub position_quality: PositionQuality,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    /// The center it is in.
    pub center: Option<DivisionCode>,
    /// The division it stands in, where it is in no center.
    pub division: Option<DivisionCode>,
    /// The storey, as signs in the building call it.
    pub floor: Option<String>,
    pub capacity: Option<f64>,
    /// What the capacity counts: places, beds, seats, ...
    pub capacity_unit: Option<String>,
    pub floor_area_m2: Option<f64>,
    pub grounds_area_m2: Option<f64>,
    /// Whom it is for; empty for everyone.
    pub audiences: Vec<Audience>,
    pub step_free: Option<bool>,
    pub access_note: Option<String>,
    pub opened_on: Option<PartialDate>,
    pub closed_on: Option<PartialDate>,
    /// In the syntax of OpenStreetMap's opening_hours.
    pub opening_hours: Option<String>,
}

/// Capacities and areas beyond these are slips of the pen.
const MAX_CAPACITY: f64 = 1e7;
const MAX_AREA_M2: f64 = 1e8;

impl Facility {
    /// The storey its signs speak of, as far as that decides which ways lead to it.
    #[must_use]
    pub fn storey(&self) -> Storey {
        self.floor.as_deref().map_or(Storey::Ground, Storey::of_floor)
    }

    /// A facility of which only what must be known is known.
    #[must_use]
    pub fn new(external_id: String, name: String, category: Category, position: Position) -> Self {
        Self {
            id: 0,
            version: 0,
            external_id,
            name,
            name_en: None,
            category,
            kind: None,
            status: Status::Open,
            position,
            position_quality: PositionQuality::Approximate,
            address: None,
            phone: None,
            description: None,
            center: None,
            division: None,
            floor: None,
            capacity: None,
            capacity_unit: None,
            floor_area_m2: None,
            grounds_area_m2: None,
            audiences: Vec::new(),
            step_free: None,
            access_note: None,
            opened_on: None,
            closed_on: None,
            opening_hours: None,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.key("external_id", &self.external_id);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.optional_line("address", self.address.as_deref());
        check.optional_line("phone", self.phone.as_deref());
        check.optional_line("floor", self.floor.as_deref());
        check.optional_line("capacity_unit", self.capacity_unit.as_deref());
        check.text("description", self.description.as_deref());
        check.text("access_note", self.access_note.as_deref());
        check.number("capacity", self.capacity, 0.0, MAX_CAPACITY);
        check.number("floor_area_m2", self.floor_area_m2, 0.0, MAX_AREA_M2);
        check.number("grounds_area_m2", self.grounds_area_m2, 0.0, MAX_AREA_M2);
        if let Some(kind) = &self.kind
            && rules.kinds.find(kind).is_none_or(|known| known.key != *kind)
        {
            check.add("kind", ProblemCode::NotFound, rules.kinds.unknown(kind));
        }
        check_life(&mut check, self.status, self.opened_on, self.closed_on);
        check.hours("opening_hours", self.opening_hours.as_deref(), rules);
        check.done()
    }
}
