//! Filters and sort orders for lists of centers and facilities: the input types, and their conversion to queries on the register.

use super::area::AreaInput;
use crate::arguments::{distinct, kind_keys, region_code, service_numbers};
use crate::context::limits;
use crate::cost::{self, WorkCharger};
use crate::enums::{Audience, CenterKind, OperatingModel, Status, all};
use crate::error::{bad_input, not_found, stopped, within_bound};
use crate::scalars::DateTime;
use crate::types::{Category, PlaceInput};
use async_graphql::{Context, Enum, ID, InputObject, Result};
use walkshed_analysis::FacilityCriteria;
use walkshed_analysis::world::World;
use walkshed_register::Kinds;
use walkshed_register::query::{self, Area, Filter, RowList, SearchText, SortBy, SortOrder};

/// Number of area steps that cost as much as the rest of a row.
const STEPS_PER_ROW: usize = 50;

/// The limits of a filter and the meter that its work is charged to.
pub struct Bounds {
    list_items: usize,
    corners: usize,
    charger: WorkCharger,
}

impl Bounds {
    /// Returns the bounds of a request.
    pub fn of(ctx: &Context<'_>) -> Self {
        let limits = limits(ctx);
        Self { list_items: limits.max_list_items, corners: limits.max_polygon_corners, charger: WorkCharger::of(ctx) }
    }

    fn list(&self, field: &str, count: usize) -> Result<()> {
        within_bound("maxListItems", field, count, self.list_items)
    }

    /// Returns the rows that meet a filter, in order of id. Charges the cost of testing them.
    fn select(&self, world: &World, filter: &impl Filter, area: Option<&Area>) -> Result<RowList> {
        let register = &world.register;
        let candidates = filter.candidates(register).map_err(stopped)?;
        let steps = cost::rows(candidates.len()).saturating_mul(area.map_or(1, Area::steps));
        self.charger.charge(steps.div_ceil(STEPS_PER_ROW))?;
        filter.select(register, candidates).map_err(stopped)
    }
}

/// Conditions for centers. A center must meet all given conditions. An empty list is no condition. A list has at most
/// 1,000 items (`max_list_items`).
#[derive(InputObject, Debug, Clone, Default)]
pub struct CenterFilter {
    /// Centers in the region with this code, such as 500106 for a district.
    pub region: Option<String>,
    /// Centers of one of these kinds.
    #[graphql(default)]
    pub kinds: Vec<CenterKind>,
    /// Records with one of these statuses.
    #[graphql(default)]
    pub statuses: Vec<Status>,
    /// Centers with one of these operators.
    #[graphql(default)]
    pub operating_models: Vec<OperatingModel>,
    /// Centers with an open facility or an offer in one of these categories.
    #[graphql(default)]
    pub categories: Vec<Category>,
    /// Centers that offer one of these services, given by id, directly or in a facility.
    #[graphql(default)]
    pub services: Vec<ID>,
    /// Centers with an offer for this audience.
    pub audience: Option<Audience>,
    /// Open at this time. Records whose state at this time is unknown are excluded.
    pub open_at: Option<DateTime>,
    /// Centers with this text in a name, the address or the code. Case-insensitive. A text of two or more Latin letters and
    /// digits, at least one of them a letter, also matches the pinyin initials of the name: cqyz matches 重庆一中. A
    /// character with several readings matches the initial of each.
    pub text: Option<String>,
    /// Records in this area.
    pub area: Option<AreaInput>,
    /// true: step-free entrance; false: known to have none. Records for which this is unknown match neither.
    pub step_free: Option<bool>,
    /// true: separate night entrance; false: known to have none. Records for which this is unknown match neither.
    pub night_entrance: Option<bool>,
}

/// Conditions for facilities. A facility must meet all given conditions. An empty list is no condition. A list has at most
/// 1,000 items (`max_list_items`).
#[derive(InputObject, Debug, Clone, Default)]
pub struct FacilityFilter {
    /// Facilities in the region with this code, such as 500106 for a district. The division of the facility or its
    /// center decides, or without one the outline of the region.
    pub region: Option<String>,
    /// Facilities in the center with this 12-digit code.
    pub center: Option<String>,
    /// true: facilities in a center; false: other facilities.
    pub in_center: Option<bool>,
    /// Facilities of one of these categories.
    #[graphql(default)]
    pub categories: Vec<Category>,
    /// Facilities of one of these kinds, given by the keys that `facilityKinds` lists.
    #[graphql(default)]
    pub kinds: Vec<String>,
    /// Records with one of these statuses.
    #[graphql(default)]
    pub statuses: Vec<Status>,
    /// Facilities that offer one of these services, given by id.
    #[graphql(default)]
    pub services: Vec<ID>,
    /// Facilities for this audience.
    pub audience: Option<Audience>,
    /// Open at this time. Records whose state at this time is unknown are excluded.
    pub open_at: Option<DateTime>,
    /// Facilities with this text in a name, the address or the external id. Case-insensitive. A text of two or more Latin
    /// letters and digits, at least one of them a letter, also matches the pinyin initials of the name: cqyz matches
    /// 重庆一中. A character with several readings matches the initial of each.
    pub text: Option<String>,
    /// Records in this area.
    pub area: Option<AreaInput>,
    /// true: step-free entrance; false: known to have none. Records for which this is unknown match neither.
    pub step_free: Option<bool>,
}

/// A sort key.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKey {
    /// The id, which follows the order of creation.
    Id,
    /// The name, compared by code point.
    Name,
    /// The division code of a center, the external id of a facility.
    Code,
    /// The straight-line distance from `from`.
    Distance,
    /// The residents served by a center, or the capacity of a facility. Records without a value come last.
    ResidentsServed,
}

/// The direction of sorting.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortDirection {
    /// Ascending.
    #[default]
    Asc,
    /// Descending.
    Desc,
}

/// A sort order. Rows with equal keys are sorted by id.
#[derive(InputObject, Debug, Clone)]
pub struct OrderInput {
    /// The sort key.
    pub by: OrderKey,
    /// The direction of sorting.
    #[graphql(default)]
    pub direction: SortDirection,
    /// The place that distances are measured from. Required for DISTANCE.
    pub from: Option<PlaceInput>,
}

impl CenterFilter {
    /// Returns the indexes of the matching centers, in order of id.
    pub fn select(&self, world: &World, bounds: &Bounds) -> Result<RowList> {
        let filter = self.query(bounds)?;
        bounds.select(world, &filter, filter.area.as_ref())
    }

    fn query(&self, bounds: &Bounds) -> Result<query::CenterFilter> {
        for (field, count) in [
            ("filter.kinds", self.kinds.len()),
            ("filter.statuses", self.statuses.len()),
            ("filter.operatingModels", self.operating_models.len()),
            ("filter.categories", self.categories.len()),
            ("filter.services", self.services.len()),
        ] {
            bounds.list(field, count)?;
        }
        Ok(query::CenterFilter {
            region: region_code("filter.region", self.region.as_deref())?,
            area: self.area.as_ref().map(|a| a.area("filter.area", bounds.corners)).transpose()?,
            services: service_numbers("filter.services", &self.services)?,
            kinds: all(distinct(&self.kinds)),
            statuses: all(distinct(&self.statuses)),
            operating_models: all(distinct(&self.operating_models)),
            categories: all(distinct(&self.categories)),
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            text: self.text.as_deref().and_then(SearchText::new),
            step_free: self.step_free,
            night_entrance: self.night_entrance,
        })
    }
}

impl FacilityFilter {
    /// Returns the indexes of the matching facilities, in order of id.
    pub fn select(&self, world: &World, kinds: &Kinds, bounds: &Bounds) -> Result<RowList> {
        let filter = self.query(world, kinds, bounds)?;
        bounds.select(world, &filter, filter.area.as_ref())
    }

    fn query(&self, world: &World, kinds: &Kinds, bounds: &Bounds) -> Result<query::FacilityFilter> {
        for (field, count) in [
            ("filter.categories", self.categories.len()),
            ("filter.kinds", self.kinds.len()),
            ("filter.statuses", self.statuses.len()),
            ("filter.services", self.services.len()),
        ] {
            bounds.list(field, count)?;
        }
        let region = region_code("filter.region", self.region.as_deref())?;
        let area = self.area.as_ref().map(|a| a.area("filter.area", bounds.corners)).transpose()?;
        let criteria = FacilityCriteria {
            categories: all(distinct(&self.categories)),
            kinds: kind_keys("filter.kinds", kinds, &self.kinds)?,
            services: service_numbers("filter.services", &self.services)?,
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            step_free: false,
            among: None,
        };
        let center = |code: &String| {
            let center = world.register.centers.index_of_key(code);
            center.ok_or_else(|| not_found("filter.center", code, "center with the code"))
        };
        Ok(query::FacilityFilter {
            criteria,
            region,
            center: self.center.as_ref().map(center).transpose()?,
            in_center: self.in_center,
            statuses: all(distinct(&self.statuses)),
            text: self.text.as_deref().and_then(SearchText::new),
            area,
            step_free: self.step_free,
        })
    }
}

impl OrderInput {
    /// Converts an optional argument to a sort order. The default is ascending by id.
    pub fn order(argument: Option<&Self>, world: &World) -> Result<SortOrder> {
        let Some(order) = argument else { return Ok(SortOrder::new(SortBy::Id, false)) };
        let by = match (order.by, &order.from) {
            (OrderKey::Id, _) => SortBy::Id,
            (OrderKey::Name, _) => SortBy::Name,
            (OrderKey::Code, _) => SortBy::Code,
            (OrderKey::ResidentsServed, _) => SortBy::Size,
            (OrderKey::Distance, Some(place)) => SortBy::Distance(place.position(world, "orderBy.from")?),
            (OrderKey::Distance, None) => {
                return Err(bad_input("orderBy.from", "null", "is required to sort by DISTANCE"));
            }
        };
        Ok(SortOrder::new(by, order.direction == SortDirection::Desc))
    }
}
