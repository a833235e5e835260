//! Service centers.

use super::code::DivisionCode;
use super::partial_date::PartialDate;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::{Audience, CenterKind, OperatingModel, PositionQuality, Status};
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::Position;

/// A party-mass service center of a village, a community or a larger area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Center {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    pub code: DivisionCode,
    pub name: String,
    pub name_en: Option<String>,
    pub kind: CenterKind,
    pub status: Status,
    pub position: Position,
    pub position_quality: PositionQuality,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    pub floor_area_m2: Option<f64>,
    /// Share of the floor area that residents may use, 0 to 1.
    pub open_share: Option<f64>,
    pub residents_served: Option<u32>,
    /// Of them, or beside them, groups of their own.
    pub groups_served: Vec<GroupServed>,
    pub opened_on: Option<PartialDate>,
    /// When it was last rebuilt.
    pub renovated_on: Option<PartialDate>,
    pub closed_on: Option<PartialDate>,
    pub operating_model: Option<OperatingModel>,
    /// The model in its own words.
    pub operating_note: Option<String>,
    pub partners: Vec<Partner>,
    pub funding: Vec<FundingShare>,
    /// Can it be entered without a step?
    pub step_free: Option<bool>,
    /// Has it an entrance of its own for the night?
    pub night_entrance: Option<bool>,
    pub access_note: Option<String>,
    /// In the syntax of OpenStreetMap's opening_hours.
    pub opening_hours: Option<String>,
}

/// A group of people a center serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupServed {
    pub audience: Audience,
    pub people: u32,
}

/// Who works with a center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    pub name: String,
    pub role: Option<String>,
    /// More than 1 for several of one sort that are not named singly.
    #[serde(default = "one")]
    pub count: u32,
}

const fn one() -> u32 {
    1
}

/// Where a center's money comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FundingShare {
    pub source: String,
    /// 0 to 1.
    pub share: f64,
}

/// Floor areas beyond this are slips of the pen: no center has 1 km2.
const MAX_AREA_M2: f64 = 1e6;

impl Center {
    /// A center of which only what must be known is known.
    #[must_use]
    pub fn new(code: DivisionCode, name: String, position: Position) -> Self {
        Self {
            id: 0,
            version: 0,
            code,
            name,
            name_en: None,
            kind: CenterKind::Community,
            status: Status::Open,
            position,
            position_quality: PositionQuality::Approximate,
            address: None,
            phone: None,
            description: None,
            floor_area_m2: None,
            open_share: None,
            residents_served: None,
            groups_served: Vec::new(),
            opened_on: None,
            renovated_on: None,
            closed_on: None,
            operating_model: None,
            operating_note: None,
            partners: Vec::new(),
            funding: Vec::new(),
            step_free: None,
            night_entrance: None,
            access_note: None,
            opening_hours: None,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.optional_line("address", self.address.as_deref());
        check.optional_line("phone", self.phone.as_deref());
        check.text("description", self.description.as_deref());
        check.text("operating_note", self.operating_note.as_deref());
        check.text("access_note", self.access_note.as_deref());
        check.number("floor_area_m2", self.floor_area_m2, 0.0, MAX_AREA_M2);
        check.number("open_share", self.open_share, 0.0, 1.0);
        check.list("partners", self.partners.len());
        check.list("funding", self.funding.len());
        check.list("groups_served", self.groups_served.len());
        for partner in &self.partners {
            check.line("partners", &partner.name);
            check.optional_line("partners", partner.role.as_deref());
        }
        for part in &self.funding {
            check.line("funding", &part.source);
            check.number("funding", Some(part.share), 0.0, 1.0);
        }
        // A hair over 1 is rounding, not a mistake.
        if self.funding.iter().map(|f| f.share).sum::<f64>() > 1.0 + 1e-6 {
            check.add("funding", ProblemCode::Invalid, "has shares that sum to more than 1");
        }
        check_life(&mut check, self.status, self.opened_on, self.closed_on);
        check.hours("opening_hours", self.opening_hours.as_deref(), rules);
        check.done()
    }
}

/// What opens must open before it closes, and only what is closed has a day it was closed on.
pub fn check_life(check: &mut Check, status: Status, opened: Option<PartialDate>, closed: Option<PartialDate>) {
    if let (Some(opened), Some(closed)) = (opened, closed)
        && opened.first_day() > closed.last_day()
    {
        check.add("closed_on", ProblemCode::Invalid, format!("{closed} is before opened_on ({opened})"));
    }
    if closed.is_some() && status == Status::Planned {
        check.add("closed_on", ProblemCode::Invalid, "is given, but the status is planned");
    }
}
