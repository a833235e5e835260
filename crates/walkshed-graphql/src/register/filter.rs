//! Which centers and facilities a list is about, and in which order it comes.

use crate::cost::{self, Purse};
use crate::error::{bad_input, not_found, over_limit, stopped, within_bound};
use crate::ids::NodeId;
use crate::limits;
use crate::paging::SortKey;
use crate::scalars::{DateTime, GivenGeoJson, H3Cell};
use crate::types::{Category, PlaceInput};
use crate::words::{Audience, CenterKind, OperatingModel, Status, all};
use async_graphql::{Context, Enum, ID, InputObject, OneofObject, Result};
use h3o::CellIndex;
use std::collections::HashSet;
use walkshed_analysis::world::World;
use walkshed_analysis::{Wanted, Wishes};
use walkshed_engine::geo::{AreaIndex, Fixed, Metric, Position, cell_of, read_area};
use walkshed_engine::task;
use walkshed_register::{self as register, Facility, Kinds, RecordKind, RegionCode, Register};

/// Cells of one filter at most.
const MAX_CELLS: usize = 20_000;
/// Numbers of a position that may be given beyond the two that count, before a text is counted exactly.
const COMMAS_A_CORNER: usize = 3;
/// Rows looked at between two looks at whether to go on.
const ROWS_BETWEEN_LOOKS: usize = 1024;

/// What a filter may ask, and whom its work is charged to.
pub struct Bounds {
    list_items: usize,
    corners: usize,
    purse: Purse,
}

impl Bounds {
    /// Of a request.
    pub fn of(ctx: &Context<'_>) -> Self {
        let limits = limits(ctx);
        Self { list_items: limits.max_list_items, corners: limits.max_polygon_corners, purse: Purse::of(ctx) }
    }

    fn list(&self, field: &str, count: usize) -> Result<()> {
        within_bound("maxListItems", field, count, self.list_items)
    }

    /// Charges the rows that are gone through, and looks now and then whether to go on.
    fn rows(&self, rows: Vec<usize>, area: Option<&Area>, mut fits: impl FnMut(usize) -> bool) -> Result<Vec<usize>> {
        self.purse.charge(cost::rows(rows.len()).saturating_mul(area.map_or(1, Area::steps)).div_ceil(STEPS_A_ROW))?;
        let mut found = Vec::new();
        for part in rows.chunks(ROWS_BETWEEN_LOOKS) {
            task::work(part.len()).map_err(stopped)?;
            found.extend(part.iter().copied().filter(|&row| fits(row)));
        }
        Ok(found)
    }
}

/// A rectangle in WGS-84 degrees.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct BoxInput {
    /// Westernmost longitude; it may be greater than the easternmost, across the antimeridian.
    pub west: f64,
    /// Southernmost latitude.
    pub south: f64,
    /// Easternmost longitude.
    pub east: f64,
    /// Northernmost latitude.
    pub north: f64,
}

/// An area: exactly one of the three.
#[derive(OneofObject, Debug, Clone)]
pub enum AreaInput {
    /// A rectangle, its edges included.
    Box(BoxInput),
    /// A GeoJSON Polygon or MultiPolygon, or a Feature of one, of at most 10,000 corners (`max_polygon_corners`); its edges
    /// included.
    Polygon(GivenGeoJson),
    /// H3 cells, of any resolutions, at most 20,000.
    Cells(Vec<H3Cell>),
}

/// An area, ready to be asked.
enum Area {
    Box(BoxInput),
    Polygon(AreaIndex),
    Cells(HashSet<CellIndex>, Vec<h3o::Resolution>),
}

impl AreaInput {
    fn read(&self, field: &str, most_corners: usize) -> Result<Area> {
        match self {
            Self::Box(b) => {
                for (lon, lat) in [(b.west, b.south), (b.east, b.north)] {
                    Position::new(lon, lat)
                        .map_err(|e| bad_input(&format!("{field}.box"), format_args!("({lon}, {lat})"), e))?;
                }
                if b.south > b.north {
                    return Err(bad_input(&format!("{field}.box.south"), b.south, "is north of `north`"));
                }
                Ok(Area::Box(*b))
            }
            Self::Polygon(GivenGeoJson(text)) => {
                let field = format!("{field}.polygon");
                // Two numbers for each corner, with at least a comma between any two.
                let commas = text.bytes().filter(|b| *b == b',').count();
                if commas / 2 > most_corners * COMMAS_A_CORNER {
                    within_bound("maxPolygonCorners", &field, commas / 2, most_corners)?;
                }
                let area = read_area(text).map_err(|e| bad_input(&field, "", e))?;
                let rings = area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
                let corners = rings.map(|ring| ring.0.len()).sum();
                if corners > most_corners {
                    let why = format!(
                        "{field}: {corners} corners are more than maxPolygonCorners allows ({most_corners}); simplify the outline"
                    );
                    return Err(over_limit("maxPolygonCorners", Some(&field), corners, most_corners, why));
                }
                Ok(Area::Polygon(AreaIndex::new(&area)))
            }
            Self::Cells(cells) => {
                within_bound("maxFilterCells", &format!("{field}.cells"), cells.len(), MAX_CELLS)?;
                let mut resolutions: Vec<_> = cells.iter().map(|c| c.0.resolution()).collect();
                resolutions.sort_unstable();
                resolutions.dedup();
                Ok(Area::Cells(cells.iter().map(|c| c.0).collect(), resolutions))
            }
        }
    }
}

impl Area {
    /// Steps that each row asked about takes, at most.
    fn steps(&self) -> usize {
        match self {
            Self::Box(_) => 1,
            Self::Polygon(index) => 1 + index.longest_band(),
            Self::Cells(_, resolutions) => 1 + resolutions.len() * 10,
        }
    }

    fn holds(&self, p: Position) -> bool {
        match self {
            Self::Box(b) => {
                let across = if b.west <= b.east {
                    (b.west..=b.east).contains(&p.lon())
                } else {
                    p.lon() >= b.west || p.lon() <= b.east
                };
                across && (b.south..=b.north).contains(&p.lat())
            }
            Self::Polygon(index) => index.holds(p.lon(), p.lat()),
            Self::Cells(cells, resolutions) => resolutions.iter().any(|&r| cells.contains(&cell_of(p, r))),
        }
    }
}

/// Steps of an area that take as long as the rest of a row.
const STEPS_A_ROW: usize = 50;

/// Which centers. All that are given must hold; empty lists hold for all.
#[derive(InputObject, Debug, Clone, Default)]
pub struct CenterFilter {
    /// In this region: its code, such as 500106 for a district.
    pub region: Option<String>,
    /// One of these kinds; at most 1,000 (`max_list_items`), as all lists here.
    #[graphql(default)]
    pub kinds: Vec<CenterKind>,
    /// One of these statuses; at most 1,000.
    #[graphql(default)]
    pub statuses: Vec<Status>,
    /// Run in one of these ways; at most 1,000.
    #[graphql(default)]
    pub operating_models: Vec<OperatingModel>,
    /// With an open facility, or an offer, of one of these categories; at most 1,000.
    #[graphql(default)]
    pub categories: Vec<Category>,
    /// Offering one of these services, itself or in a facility: their ids, at most 1,000.
    #[graphql(default)]
    pub services: Vec<ID>,
    /// With an offer for these people.
    pub audience: Option<Audience>,
    /// Open at this moment. Those whose hours are not recorded, or say that it depends, are left out.
    pub open_at: Option<DateTime>,
    /// With this text in the name (in either language), the address or the code; letter case does not matter.
    pub text: Option<String>,
    /// In this area.
    pub area: Option<AreaInput>,
    /// true: entered without a step; false: known not to be. Where it is not known, neither fits.
    pub step_free: Option<bool>,
    /// true: with an entrance of its own for the night; false: known to have none. Where it is not known, neither fits.
    pub night_entrance: Option<bool>,
}

/// Which facilities. All that are given must hold; empty lists hold for all.
#[derive(InputObject, Debug, Clone, Default)]
pub struct FacilityFilter {
    /// In this region, by their division or that of their center, or where they have neither by its outline: its code, such
    /// as 500106 for a district.
    pub region: Option<String>,
    /// In this center: its 12-digit code.
    pub center: Option<String>,
    /// In a center (true) or standing alone (false).
    pub in_center: Option<bool>,
    /// Of one of these categories; at most 1,000.
    #[graphql(default)]
    pub categories: Vec<Category>,
    /// Of one of these kinds: keys that `facilityKinds` lists, at most 1,000.
    #[graphql(default)]
    pub kinds: Vec<String>,
    /// One of these statuses; at most 1,000.
    #[graphql(default)]
    pub statuses: Vec<Status>,
    /// Offering one of these services: their ids, at most 1,000.
    #[graphql(default)]
    pub services: Vec<ID>,
    /// For these people.
    pub audience: Option<Audience>,
    /// Open at this moment. Those whose hours are not recorded, or say that it depends, are left out.
    pub open_at: Option<DateTime>,
    /// With this text in the name (in either language), the address or the external id; letter case does not matter.
    pub text: Option<String>,
    /// In this area.
    pub area: Option<AreaInput>,
    /// true: entered without a step; false: known not to be. Where it is not known, neither fits.
    pub step_free: Option<bool>,
}

/// What a list is ordered by.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKey {
    /// By id, the order in which they came in.
    Id,
    /// By name, by code point.
    Name,
    /// Centers by their division code, facilities by their external id.
    Code,
    /// By distance from `from`, in a straight line.
    Distance,
    /// Centers by the residents they serve; those that do not say come last. Facilities by their capacity.
    ResidentsServed,
}

/// Up or down.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortDirection {
    /// The smallest first.
    #[default]
    Asc,
    /// The greatest first.
    Desc,
}

/// The order of a list; rows with the same key come by id.
#[derive(InputObject, Debug, Clone)]
pub struct OrderInput {
    /// By what.
    pub by: OrderKey,
    /// Up or down.
    #[graphql(default)]
    pub direction: SortDirection,
    /// For DISTANCE: from where.
    pub from: Option<PlaceInput>,
}

/// Numbers of services from their ids.
pub fn service_numbers(field: &str, ids: &[ID]) -> Result<Vec<i64>> {
    let number =
        |id: &ID| NodeId::number_of(RecordKind::Service, id).ok_or_else(|| not_found(field, id, "service with the id"));
    let mut numbers: Vec<i64> = ids.iter().map(number).collect::<Result<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Keys of kinds, whichever name they were given by.
pub fn kind_keys(field: &str, kinds: &Kinds, given: &[String]) -> Result<Vec<String>> {
    let key = |text: &String| {
        kinds.find(text).map(|k| k.key.clone()).ok_or_else(|| bad_input(field, "", kinds.unknown(text)))
    };
    let mut keys: Vec<String> = given.iter().map(key).collect::<Result<_>>()?;
    let mut known = HashSet::new();
    keys.retain(|key| known.insert(key.clone()));
    Ok(keys)
}

/// The code of a region in an argument.
pub fn region_code(field: &str, text: Option<&str>) -> Result<Option<RegionCode>> {
    text.map(|text| RegionCode::new(text).map_err(|e| bad_input(field, format_args!("\"{text}\""), e))).transpose()
}

/// The words of an argument, each once; none where it was left out.
pub fn words<T: Copy + PartialEq>(ctx: &Context<'_>, field: &str, list: Option<Vec<T>>) -> Result<Vec<T>> {
    let list = list.unwrap_or_default();
    within_bound("maxListItems", field, list.len(), limits(ctx).max_list_items)?;
    Ok(distinct(&list))
}

/// Each word of a list once. There are few different ones, however long the list.
fn distinct<T: Copy + PartialEq>(list: &[T]) -> Vec<T> {
    let mut found = Vec::new();
    for word in list {
        if !found.contains(word) {
            found.push(*word);
        }
    }
    found
}

/// Does any of the texts hold this one?
fn has_text(wanted: &str, texts: &[Option<&str>]) -> bool {
    texts.iter().flatten().any(|text| text.contains(wanted) || text.to_lowercase().contains(wanted))
}

impl CenterFilter {
    /// The places of the centers that fit, in the order of their numbers.
    pub fn places(&self, world: &World, bounds: &Bounds) -> Result<Vec<usize>> {
        let register = &*world.register;
        for (field, count) in [
            ("filter.kinds", self.kinds.len()),
            ("filter.statuses", self.statuses.len()),
            ("filter.operatingModels", self.operating_models.len()),
            ("filter.categories", self.categories.len()),
            ("filter.services", self.services.len()),
        ] {
            bounds.list(field, count)?;
        }
        let region = region_code("filter.region", self.region.as_deref())?;
        let area = self.area.as_ref().map(|a| a.read("filter.area", bounds.corners)).transpose()?;
        let services: HashSet<i64> = service_numbers("filter.services", &self.services)?.into_iter().collect();
        let (kinds, statuses) = (distinct(&self.kinds), distinct(&self.statuses));
        let models = distinct(&self.operating_models);
        let text = self.text.as_ref().map(|t| t.trim().to_lowercase()).filter(|t| !t.is_empty());
        let categories: Vec<register::Category> = all(distinct(&self.categories));
        let audience = self.audience.map(register::Audience::from);
        let mut candidates: Vec<usize> = match &region {
            Some(region) => register.centers_in(region).iter().map(|&i| i as usize).collect(),
            None => (0..register.centers.len()).collect(),
        };
        candidates.sort_unstable();
        let offers_of = |i: usize| {
            let of_facilities =
                register.facilities_of_center(i).iter().flat_map(|&f| register.offers_of_facility(f as usize));
            register.offers_of_center(i).iter().chain(of_facilities).map(|&o| &*register.offers[o as usize])
        };
        let service_of = |o: &register::Offer| register.services.get(o.service).cloned();
        bounds.rows(candidates, area.as_ref(), |i| {
            let c = &*register.centers[i];
            (kinds.is_empty() || kinds.contains(&c.kind.into()))
                && (statuses.is_empty() || statuses.contains(&c.status.into()))
                && (models.is_empty() || c.operating_model.is_some_and(|m| models.contains(&m.into())))
                && self.step_free.is_none_or(|wanted| c.step_free == Some(wanted))
                && self.night_entrance.is_none_or(|wanted| c.night_entrance == Some(wanted))
                && area.as_ref().is_none_or(|area| area.holds(c.position))
                && text.as_ref().is_none_or(|text| {
                    has_text(text, &[Some(&c.name), c.name_en.as_deref(), c.address.as_deref(), Some(c.code.as_str())])
                })
                && (categories.is_empty()
                    || register.facilities_of_center(i).iter().any(|&f| {
                        let f = &register.facilities[f as usize];
                        f.status == register::Status::Open && categories.contains(&f.category)
                    })
                    || offers_of(i).any(|o| service_of(o).is_some_and(|s| categories.contains(&s.category))))
                && (services.is_empty() || offers_of(i).any(|o| services.contains(&o.service)))
                && audience.is_none_or(|audience| {
                    offers_of(i).any(|o| {
                        service_of(o).is_some_and(|s| register::Audience::any_includes(&s.audiences, audience))
                    })
                })
                && self
                    .open_at
                    .is_none_or(|at| register::is_open(c.status, register.hours_of_center(c), at.0) == Some(true))
        })
    }
}

impl FacilityFilter {
    /// The places of the facilities that fit, in the order of their numbers.
    pub fn places(&self, world: &World, kinds: &Kinds, bounds: &Bounds) -> Result<Vec<usize>> {
        let register = &*world.register;
        for (field, count) in [
            ("filter.categories", self.categories.len()),
            ("filter.kinds", self.kinds.len()),
            ("filter.statuses", self.statuses.len()),
            ("filter.services", self.services.len()),
        ] {
            bounds.list(field, count)?;
        }
        let region = region_code("filter.region", self.region.as_deref())?;
        let area = self.area.as_ref().map(|a| a.read("filter.area", bounds.corners)).transpose()?;
        let text = self.text.as_ref().map(|t| t.trim().to_lowercase()).filter(|t| !t.is_empty());
        let wishes = Wishes {
            categories: all(distinct(&self.categories)),
            kinds: kind_keys("filter.kinds", kinds, &self.kinds)?,
            services: service_numbers("filter.services", &self.services)?,
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            step_free: false,
            among: None,
        };
        let candidates: Vec<usize> = match &self.center {
            Some(code) => {
                let center = register.centers.place_of(code);
                let center = center.ok_or_else(|| not_found("filter.center", code, "center with the code"))?;
                register.facilities_of_center(center).iter().map(|&i| i as usize).collect()
            }
            None => (0..register.facilities.len()).collect(),
        };
        // Without a word on statuses a list shows all of them, unlike a search for what is near.
        let statuses = distinct(&self.statuses);
        let by_status = |f: &Facility| statuses.is_empty() || statuses.contains(&f.status.into());
        let mut wanted = Wanted::new(register, &wishes);
        bounds.rows(candidates, area.as_ref(), |i| {
            let f = &*register.facilities[i];
            by_status(f)
                && wanted.fits(i)
                && self.step_free.is_none_or(|step_free| f.step_free == Some(step_free))
                && self.in_center.is_none_or(|in_center| register.center_of(f).is_some() == in_center)
                && region.as_ref().is_none_or(|r| register.is_in(f, r))
                && area.as_ref().is_none_or(|area| area.holds(f.position))
                && text.as_ref().is_none_or(|text| {
                    has_text(text, &[Some(&f.name), f.name_en.as_deref(), f.address.as_deref(), Some(&f.external_id)])
                })
        })
    }
}

/// Rows in an order, and how to get at their keys.
pub struct Ordered {
    pub rows: Vec<usize>,
    pub descending: bool,
    by: OrderKey,
    from: Option<(Position, Metric)>,
}

/// What can be ordered.
#[derive(Clone, Copy)]
pub enum Listed {
    Centers,
    Facilities,
}

impl Ordered {
    /// Puts places into an order.
    pub fn new(world: &World, listed: Listed, places: Vec<usize>, order: Option<&OrderInput>) -> Result<Self> {
        let by = order.map_or(OrderKey::Id, |o| o.by);
        let descending = order.is_some_and(|o| o.direction == SortDirection::Desc);
        let from = match (by, order.and_then(|o| o.from.as_ref())) {
            (OrderKey::Distance, Some(place)) => {
                let position = place.position(world, "orderBy.from")?;
                Some((position, Metric::at(position.lat())))
            }
            (OrderKey::Distance, None) => {
                return Err(bad_input("orderBy.from", "null", "must be given to order by DISTANCE"));
            }
            _ => None,
        };
        let register = &*world.register;
        let mut ordered = Self { rows: Vec::new(), descending, by, from };
        // Orders of the whole register are kept; a part of it is picked out of them.
        let known: Option<&[u32]> = match (by, listed) {
            (OrderKey::Name, Listed::Centers) => Some(register.centers_by_name()),
            (OrderKey::Name, Listed::Facilities) => Some(register.facilities_by_name()),
            (OrderKey::Code, Listed::Centers) => Some(register.centers_by_code()),
            _ => None,
        };
        ordered.rows = match known {
            Some(order) if places.len() * 8 > order.len() => {
                let mut wanted = vec![false; order.len()];
                for &i in &places {
                    wanted[i] = true;
                }
                order.iter().map(|&i| i as usize).filter(|&i| wanted[i]).collect()
            }
            _ if by == OrderKey::Id => places,
            _ => {
                let mut keyed: Vec<(SortKey, usize)> =
                    places.into_iter().map(|i| (ordered.key(register, listed, i), i)).collect();
                // Stable: places come by number.
                keyed.sort_by(|a, b| match (&a.0, &b.0) {
                    (SortKey::Text(a), SortKey::Text(b)) => a.cmp(b),
                    (SortKey::Number(a), SortKey::Number(b)) => a.total_cmp(b),
                    _ => std::cmp::Ordering::Equal,
                });
                keyed.into_iter().map(|(_, i)| i).collect()
            }
        };
        if descending && by != OrderKey::Id {
            ordered.turn(register, listed);
        } else if descending {
            ordered.rows.reverse();
        }
        Ok(ordered)
    }

    /// Turns the order of keys round, and leaves that of numbers under one key.
    fn turn(&mut self, register: &Register, listed: Listed) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.reverse();
        let mut from = 0;
        while from < rows.len() {
            let key = self.key(register, listed, rows[from]);
            let same = rows[from..].iter().take_while(|&&i| self.key(register, listed, i) == key).count();
            rows[from..from + same].reverse();
            from += same;
        }
        self.rows = rows;
    }

    /// The key of a row.
    pub fn key(&self, register: &Register, listed: Listed, i: usize) -> SortKey {
        let number = |n: Option<f64>| {
            // What does not say comes last, whichever way.
            let last = if self.descending { f64::NEG_INFINITY } else { f64::INFINITY };
            SortKey::Number(n.unwrap_or(last))
        };
        let (id, name, code, position, size) = match listed {
            Listed::Centers => {
                let c = &register.centers[i];
                (c.id, &c.name, c.code.as_str(), c.position, c.residents_served.map(f64::from))
            }
            Listed::Facilities => {
                let f = &register.facilities[i];
                (f.id, &f.name, f.external_id.as_str(), f.position, f.capacity)
            }
        };
        match self.by {
            // Descending numbers need a key to turn round.
            OrderKey::Id if self.descending => SortKey::Number(id as f64),
            OrderKey::Id => SortKey::Nothing,
            OrderKey::Name => SortKey::Text(name.clone()),
            OrderKey::Code => SortKey::Text(code.to_owned()),
            OrderKey::ResidentsServed => number(size),
            OrderKey::Distance => {
                number(self.from.map(|(from, metric)| {
                    metric.distance(from.into(), Fixed::from(position).beside(Fixed::from(from).x))
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_hold_what_is_in_them() {
        let p = |lon, lat| Position::new(lon, lat).unwrap();
        let area = |input: AreaInput| input.read("area", 100).unwrap();
        let chongqing = area(AreaInput::Box(BoxInput { west: 106.0, south: 29.0, east: 107.0, north: 30.0 }));
        assert!(chongqing.holds(p(106.5, 29.5)) && chongqing.holds(p(106.0, 29.0)) && !chongqing.holds(p(105.9, 29.5)));
        let pacific = area(AreaInput::Box(BoxInput { west: 170.0, south: -10.0, east: -170.0, north: 10.0 }));
        assert!(pacific.holds(p(179.0, 0.0)) && pacific.holds(p(-179.0, 0.0)) && !pacific.holds(p(0.0, 0.0)));
        let ring = r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,29]]]}"#;
        let polygon = area(AreaInput::Polygon(GivenGeoJson(ring.into())));
        assert!(polygon.holds(p(106.9, 29.5)) && !polygon.holds(p(106.1, 29.9)));
        let cell = cell_of(p(106.5, 29.5), h3o::Resolution::Nine);
        let cells = area(AreaInput::Cells(vec![H3Cell(cell), H3Cell(cell_of(p(107.5, 29.5), h3o::Resolution::Seven))]));
        assert!(cells.holds(p(106.5, 29.5)) && cells.holds(p(107.5, 29.5)) && !cells.holds(p(106.6, 29.5)));
        let upside_down = AreaInput::Box(BoxInput { west: 106.0, south: 30.0, east: 107.0, north: 29.0 });
        assert!(upside_down.read("filter.area", 100).err().unwrap().message.contains("filter.area.box.south"));
    }
}
