//! The register: one immutable snapshot of all records, with the indexes that lead from one record to another.

use super::calendar::Calendar;
use super::center::Center;
use super::code::RegionCode;
use super::event::Event;
use super::facility::Facility;
use super::homes::Homes;
use super::hours::{Hours, HoursAt};
use super::population::{EVERYONE, PopulationCell};
use super::record::{AnyRecord, Done, RecordKind};
use super::region::Region;
use super::rows::{Relation, Rows};
use super::scenario::Scenario;
use super::service::{Host, Offer, Service};
use super::standard::Standard;
use super::suggestion::Suggestion;
use super::visits::{CenterVisits, VisitDay};
use super::words::Status;
use geo::{BoundingRect, Intersects, MultiPolygon, Point, Rect};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// The report of one completed import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// `centers`, `facilities`, ...
    pub kind: String,
    /// Name of the file.
    pub source: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub rows: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub refused: u64,
}

/// All rows of the register as the store reads them in one transaction.
#[derive(Debug, Clone, Default)]
pub struct RegisterRows {
    /// Incremented with every change.
    pub version: u64,
    pub centers: Vec<Center>,
    pub facilities: Vec<Facility>,
    pub services: Vec<Service>,
    pub offers: Vec<Offer>,
    pub events: Vec<Event>,
    pub suggestions: Vec<Suggestion>,
    pub regions: Vec<Region>,
    pub scenarios: Vec<Scenario>,
    pub standards: Vec<Standard>,
    /// Sorted by day for each center.
    pub visits: Vec<VisitDay>,
    /// The population of everyone, by cell.
    pub population: Vec<PopulationCell>,
    /// The population of other groups, by cell.
    pub groups: BTreeMap<String, Vec<PopulationCell>>,
    /// Newest first.
    pub imports: Vec<ImportRecord>,
    pub demonstration: Option<Demonstration>,
}

/// The notice shown with every answer about a demonstration city.
pub const DEMONSTRATION_TEXT: &str =
    "SYNTHETIC: the demonstration city of walkshed; only names, codes and district populations are real";

/// Marks a register as the demonstration city, with the parameters it was generated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demonstration {
    pub seed: u64,
    pub scale: f64,
    /// Whether the import of the demonstration city was completed.
    pub is_whole: bool,
}

/// An immutable snapshot of all records with their indexes.
#[derive(Debug, Clone, Default)]
pub struct Register {
    pub version: u64,
    pub centers: Rows<Center>,
    pub facilities: Rows<Facility>,
    pub services: Rows<Service>,
    pub offers: Rows<Offer>,
    pub events: Rows<Event>,
    pub suggestions: Rows<Suggestion>,
    pub regions: Rows<Region>,
    pub scenarios: Rows<Scenario>,
    pub standards: Rows<Standard>,
    /// By center id.
    pub visits: Arc<HashMap<i64, Arc<CenterVisits>>>,
    pub population: Arc<Vec<PopulationCell>>,
    pub groups: Arc<BTreeMap<String, Arc<Vec<PopulationCell>>>>,
    pub imports: Arc<Vec<ImportRecord>>,
    /// Set if all data is that of the demonstration city.
    pub demonstration: Option<Demonstration>,
    pub calendar: Arc<Calendar>,
    /// Parsed opening hours by their text; `None` for text that does not parse.
    hours: Arc<HashMap<String, Option<Arc<Hours>>>>,
    links: Links,
    orders: Arc<Orders>,
    /// Computed on first use.
    homes: Arc<OnceLock<Homes>>,
}

/// Sort orders other than by id, computed on first use.
#[derive(Debug, Default)]
struct Orders {
    centers_by_name: OnceLock<Vec<u32>>,
    facilities_by_name: OnceLock<Vec<u32>>,
}

/// The outline of a region with its bounding box.
#[derive(Debug, Clone)]
struct Area {
    polygons: MultiPolygon<f64>,
    bounds: Rect<f64>,
}

/// Relations between rows, by row index.
#[derive(Debug, Clone, Default)]
struct Links {
    facilities_of_center: Arc<Relation>,
    offers_of_center: Arc<Relation>,
    offers_of_facility: Arc<Relation>,
    offers_of_service: Arc<Relation>,
    events_of_center: Arc<Relation>,
    events_of_facility: Arc<Relation>,
    suggestions_of_center: Arc<Relation>,
    regions_of_region: Arc<Relation>,
    /// Outlines by index of the region.
    areas: Arc<Vec<Option<Area>>>,
    /// Indexes of the centers, sorted by code: the centers of a region are a contiguous range.
    centers_by_code: Arc<Vec<u32>>,
}

/// The indexes that must be rebuilt after edits.
#[expect(clippy::struct_excessive_bools, reason = "one flag for each table")]
#[derive(Debug, Clone, Copy, Default)]
struct Stale {
    centers: bool,
    facilities: bool,
    offers: bool,
    events: bool,
    suggestions: bool,
    regions: bool,
    hours: bool,
    /// Indexes of centers or facilities have changed, so that all relations to them are stale.
    moved: bool,
}

impl Register {
    /// Builds the register from its rows.
    #[must_use]
    pub fn new(rows: RegisterRows, calendar: Arc<Calendar>) -> Self {
        let mut visits: HashMap<i64, CenterVisits> = HashMap::new();
        for day in &rows.visits {
            visits.entry(day.center).or_default().push(day.day, &day.counts);
        }
        let mut register = Self {
            version: rows.version,
            centers: Rows::new(rows.centers),
            facilities: Rows::new(rows.facilities),
            services: Rows::new(rows.services),
            offers: Rows::new(rows.offers),
            events: Rows::new(rows.events),
            suggestions: Rows::new(rows.suggestions),
            regions: Rows::new(rows.regions),
            scenarios: Rows::new(rows.scenarios),
            standards: Rows::new(rows.standards),
            visits: Arc::new(visits.into_iter().map(|(id, v)| (id, Arc::new(v))).collect()),
            population: Arc::new(rows.population),
            groups: Arc::new(rows.groups.into_iter().map(|(name, cells)| (name, Arc::new(cells))).collect()),
            imports: Arc::new(rows.imports),
            demonstration: rows.demonstration,
            calendar,
            hours: Arc::default(),
            links: Links::default(),
            orders: Arc::default(),
            homes: Arc::default(),
        };
        register.rebuild_links(Stale {
            centers: true,
            facilities: true,
            offers: true,
            events: true,
            suggestions: true,
            regions: true,
            hours: true,
            moved: true,
        });
        register
    }

    /// Returns the next snapshot: this one with the given store results applied. Unchanged data is shared.
    #[must_use]
    pub fn with(&self, version: u64, done: &[Done]) -> Self {
        let mut next = Self { version, ..self.clone() };
        let mut stale = Stale::default();
        for result in done {
            let changes_order = match result {
                Done::Put(record) => matches!(record.kind(), RecordKind::Center | RecordKind::Facility),
                Done::Deleted { kind, .. } => !matches!(kind, RecordKind::Scenario | RecordKind::Standard),
                _ => false,
            };
            if changes_order {
                next.orders = Arc::default();
            }
            if next.changes_divisions(result) {
                next.homes = Arc::default();
            }
            match result {
                Done::Put(record) => next.put((**record).clone(), &mut stale),
                Done::Deleted { kind, id } => next.remove(*kind, *id, &mut stale),
                Done::Visits(day) => next.put_visits(day),
                Done::Population { group, cells } => next.put_population(group, cells),
                Done::Unchanged => {}
            }
        }
        next.rebuild_links(stale);
        next
    }

    /// Returns whether an edit may change the division of a population cell.
    fn changes_divisions(&self, done: &Done) -> bool {
        match done {
            Done::Put(record) => match &**record {
                AnyRecord::Center(new) => {
                    self.centers.get(new.id).is_none_or(|old| old.code != new.code || old.position != new.position)
                }
                AnyRecord::Region(new) => {
                    self.regions.get(new.id).is_none_or(|old| old.code != new.code || old.outline != new.outline)
                }
                _ => false,
            },
            Done::Deleted { kind, .. } => matches!(kind, RecordKind::Center | RecordKind::Region),
            Done::Population { group, .. } => group == EVERYONE,
            _ => false,
        }
    }

    fn put(&mut self, record: AnyRecord, stale: &mut Stale) {
        match record {
            AnyRecord::Center(center) => {
                self.parse_hours(center.opening_hours.as_deref());
                let (id, code) = (center.id, center.code.clone());
                let old = self.centers.put(center);
                // A new row usually has the highest id, which leaves the other indexes unchanged.
                stale.moved |= old.is_none() && self.centers.last().is_some_and(|c| c.id != id);
                stale.centers |= old.is_none_or(|o| o.code != code);
            }
            AnyRecord::Facility(facility) => {
                self.parse_hours(facility.opening_hours.as_deref());
                let (id, center) = (facility.id, facility.center.clone());
                let old = self.facilities.put(facility);
                let is_last = self.facilities.last().is_some_and(|f| f.id == id);
                match old {
                    Some(old) => stale.facilities |= old.center != center,
                    None if is_last => {
                        let parent = center.and_then(|code| self.centers.place_of(code.as_str()));
                        let last = self.facilities.len() - 1;
                        let links = &mut self.links.facilities_of_center;
                        *links = Arc::new(links.with_last(last, parent));
                    }
                    None => *stale = Stale { facilities: true, moved: true, ..*stale },
                }
            }
            AnyRecord::Service(service) => {
                stale.offers |= self.services.put(service).is_none();
            }
            AnyRecord::Offer(offer) => {
                self.parse_hours(offer.opening_hours.as_deref());
                self.offers.put(offer);
                stale.offers = true;
            }
            AnyRecord::Event(event) => {
                self.events.put(event);
                stale.events = true;
            }
            AnyRecord::Suggestion(suggestion) => {
                let center = suggestion.center;
                stale.suggestions |= self.suggestions.put(suggestion).is_none_or(|o| o.center != center);
            }
            AnyRecord::Region(region) => {
                self.regions.put(region);
                stale.regions = true;
            }
            AnyRecord::Scenario(scenario) => {
                self.scenarios.put(scenario);
            }
            AnyRecord::Standard(standard) => {
                self.standards.put(standard);
            }
        }
    }

    fn remove(&mut self, kind: RecordKind, id: i64, stale: &mut Stale) {
        match kind {
            RecordKind::Center => {
                self.centers.remove(id);
                *stale = Stale { centers: true, facilities: true, moved: true, ..*stale };
            }
            RecordKind::Facility => {
                self.facilities.remove(id);
                *stale = Stale { facilities: true, moved: true, ..*stale };
            }
            RecordKind::Service => {
                self.services.remove(id);
                stale.offers = true;
            }
            RecordKind::Offer => {
                self.offers.remove(id);
                stale.offers = true;
            }
            RecordKind::Event => {
                self.events.remove(id);
                stale.events = true;
            }
            RecordKind::Suggestion => {
                self.suggestions.remove(id);
                stale.suggestions = true;
            }
            RecordKind::Region => {
                self.regions.remove(id);
                stale.regions = true;
            }
            RecordKind::Scenario => {
                self.scenarios.remove(id);
            }
            RecordKind::Standard => {
                self.standards.remove(id);
            }
            // Visits and population have no delete: they are replaced, if need be by nothing.
            RecordKind::Visits | RecordKind::Population => {}
        }
    }

    fn put_visits(&mut self, day: &VisitDay) {
        let all = Arc::make_mut(&mut self.visits);
        let current = all.get(&day.center).cloned().unwrap_or_default();
        let next = current.with_day(day.day, &day.counts);
        if next.is_empty() {
            all.remove(&day.center);
        } else {
            all.insert(day.center, Arc::new(next));
        }
    }

    fn put_population(&mut self, group: &str, cells: &[PopulationCell]) {
        let cells = Arc::new(cells.to_vec());
        if group == EVERYONE {
            self.population = cells;
        } else if cells.is_empty() {
            Arc::make_mut(&mut self.groups).remove(group);
        } else {
            Arc::make_mut(&mut self.groups).insert(group.to_owned(), cells);
        }
    }

    fn rebuild_links(&mut self, stale: Stale) {
        let links = &mut self.links;
        let (centers, facilities) = (&self.centers, &self.facilities);
        if stale.centers || stale.facilities {
            let of = facilities.iter().map(|f| centers.place_of(f.center.as_ref()?.as_str()));
            links.facilities_of_center = Arc::new(Relation::new(centers.len(), of));
        }
        if stale.centers {
            let mut order: Vec<u32> = (0..centers.len() as u32).collect();
            order.sort_unstable_by(|&a, &b| centers[a as usize].code.cmp(&centers[b as usize].code));
            links.centers_by_code = Arc::new(order);
        }
        if stale.offers || stale.moved {
            let offers = &self.offers;
            let of = |place: fn(&Offer) -> Option<i64>, rows: &dyn Fn(i64) -> Option<usize>, parents: usize| {
                let parents_of: Vec<Option<usize>> = offers.iter().map(|o| rows(place(o)?)).collect();
                Arc::new(Relation::new(parents, parents_of.into_iter()))
            };
            links.offers_of_center = of(|o| o.host.center(), &|id| centers.place(id), centers.len());
            links.offers_of_facility = of(|o| o.host.facility(), &|id| facilities.place(id), facilities.len());
            links.offers_of_service = of(|o| Some(o.service), &|id| self.services.place(id), self.services.len());
        }
        if stale.events || stale.moved {
            let of_center = self.events.iter().map(|e| centers.place(e.host.center()?));
            links.events_of_center = Arc::new(Relation::new(centers.len(), of_center));
            let of_facility = self.events.iter().map(|e| facilities.place(e.host.facility()?));
            links.events_of_facility = Arc::new(Relation::new(facilities.len(), of_facility));
        }
        if stale.suggestions || stale.moved {
            let of = self.suggestions.iter().map(|s| centers.place(s.center?));
            links.suggestions_of_center = Arc::new(Relation::new(centers.len(), of));
        }
        if stale.regions {
            let of = self.regions.iter().map(|r| r.code.ancestors().find_map(|code| self.regions.place_of(code)));
            links.regions_of_region = Arc::new(Relation::new(self.regions.len(), of));
            let area = |region: &Arc<Region>| {
                let polygons = region.area()?;
                Some(Area { bounds: polygons.bounding_rect()?, polygons })
            };
            links.areas = Arc::new(self.regions.iter().map(area).collect());
        }
        if stale.hours {
            self.parse_all_hours();
        }
    }

    /// Parses opening hours unless this text was parsed before.
    fn parse_hours(&mut self, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !self.hours.contains_key(*text)) {
            let hours = Hours::parse(text, &self.calendar).ok().map(Arc::new);
            Arc::make_mut(&mut self.hours).insert(text.to_owned(), hours);
        }
    }

    /// Parses all opening hours that were not parsed before. Hours no longer in use are kept, because they are few.
    fn parse_all_hours(&mut self) {
        let of_centers = self.centers.iter().filter_map(|c| c.opening_hours.as_deref());
        let of_facilities = self.facilities.iter().filter_map(|f| f.opening_hours.as_deref());
        let of_offers = self.offers.iter().filter_map(|o| o.opening_hours.as_deref());
        let all = of_centers.chain(of_facilities).chain(of_offers);
        let new: std::collections::HashSet<&str> = all.filter(|text| !self.hours.contains_key(*text)).collect();
        if new.is_empty() {
            return;
        }
        let parsed: Vec<(String, Option<Arc<Hours>>)> = new
            .into_iter()
            .map(|text| (text.to_owned(), Hours::parse(text, &self.calendar).ok().map(Arc::new)))
            .collect();
        Arc::make_mut(&mut self.hours).extend(parsed);
    }

    /// Returns the parsed opening hours for a text that is in use.
    #[must_use]
    pub fn hours(&self, text: &str) -> Option<&Hours> {
        self.hours.get(text)?.as_deref()
    }

    /// Lists the centers, facilities and offers with opening hours that do not parse, with the text. Such hours count as
    /// unknown.
    #[must_use]
    pub fn unread_hours(&self) -> Vec<(String, &str)> {
        if self.hours.values().all(Option::is_some) {
            return Vec::new();
        }
        let does_not_parse = |text: &Option<String>| text.as_ref().is_some_and(|text| self.hours(text).is_none());
        let centers = self.centers.iter().filter(|c| does_not_parse(&c.opening_hours));
        let centers = centers.map(|c| (format!("center {}", c.code.as_str()), &c.opening_hours));
        let facilities = self.facilities.iter().filter(|f| does_not_parse(&f.opening_hours));
        let facilities = facilities.map(|f| (format!("facility {}", f.external_id), &f.opening_hours));
        let offers = self.offers.iter().filter(|o| does_not_parse(&o.opening_hours));
        let offers = offers.map(|o| (format!("offer {}", o.id), &o.opening_hours));
        let all = centers.chain(facilities).chain(offers);
        all.map(|(what, text)| (what, text.as_deref().unwrap_or_default())).collect()
    }

    /// Returns the center of a facility.
    #[must_use]
    pub fn center_of(&self, facility: &Facility) -> Option<&Arc<Center>> {
        self.centers.find(facility.center.as_ref()?.as_str())
    }

    /// Returns the opening hours of a center.
    #[must_use]
    pub fn hours_of_center(&self, center: &Center) -> Option<HoursAt<'_>> {
        Some(self.hours(center.opening_hours.as_deref()?)?.at(center.position))
    }

    /// Returns the opening hours of a facility, or else those of its center.
    #[must_use]
    pub fn hours_of_facility(&self, facility: &Facility) -> Option<HoursAt<'_>> {
        match facility.opening_hours.as_deref() {
            Some(own) => Some(self.hours(own)?.at(facility.position)),
            None => self.hours_of_center(self.center_of(facility)?),
        }
    }

    /// Returns the opening hours of an offer, or else those of its host.
    #[must_use]
    pub fn hours_of_offer(&self, offer: &Offer) -> Option<HoursAt<'_>> {
        let own = offer.opening_hours.as_deref();
        match offer.host {
            Host::Center(id) => {
                let center = self.centers.get(id)?;
                own.map_or_else(|| self.hours_of_center(center), |own| Some(self.hours(own)?.at(center.position)))
            }
            Host::Facility(id) => {
                let facility = self.facilities.get(id)?;
                own.map_or_else(|| self.hours_of_facility(facility), |own| Some(self.hours(own)?.at(facility.position)))
            }
        }
    }

    /// Returns the status of a host; `closed` if the host does not exist.
    #[must_use]
    pub fn status_of_host(&self, host: Host) -> Status {
        match host {
            Host::Center(id) => self.centers.get(id).map(|c| c.status),
            Host::Facility(id) => self.facilities.get(id).map(|f| f.status),
        }
        .unwrap_or(Status::Closed)
    }

    /// Returns the indexes of the facilities in the center at an index.
    #[must_use]
    pub fn facilities_of_center(&self, center: usize) -> &[u32] {
        self.links.facilities_of_center.of(center)
    }

    /// Returns the indexes of the offers of the center at an index.
    #[must_use]
    pub fn offers_of_center(&self, center: usize) -> &[u32] {
        self.links.offers_of_center.of(center)
    }

    /// Returns the indexes of the offers of the facility at an index.
    #[must_use]
    pub fn offers_of_facility(&self, facility: usize) -> &[u32] {
        self.links.offers_of_facility.of(facility)
    }

    /// Returns the indexes of the offers of the service at an index.
    #[must_use]
    pub fn offers_of_service(&self, service: usize) -> &[u32] {
        self.links.offers_of_service.of(service)
    }

    /// Returns the indexes of the events of the center at an index.
    #[must_use]
    pub fn events_of_center(&self, center: usize) -> &[u32] {
        self.links.events_of_center.of(center)
    }

    /// Returns the indexes of the events of the facility at an index.
    #[must_use]
    pub fn events_of_facility(&self, facility: usize) -> &[u32] {
        self.links.events_of_facility.of(facility)
    }

    /// Returns the indexes of the suggestions for the center at an index.
    #[must_use]
    pub fn suggestions_of_center(&self, center: usize) -> &[u32] {
        self.links.suggestions_of_center.of(center)
    }

    /// Returns the indexes of the child regions of the region at an index.
    #[must_use]
    pub fn regions_of_region(&self, region: usize) -> &[u32] {
        self.links.regions_of_region.of(region)
    }

    /// Returns the index of the smallest region in the register that contains another region or a division.
    #[must_use]
    pub fn region_above(&self, code: &RegionCode) -> Option<usize> {
        code.ancestors().find_map(|above| self.regions.place_of(above))
    }

    /// Returns the indexes of the centers of a region, sorted by code.
    #[must_use]
    pub fn centers_in(&self, region: &RegionCode) -> &[u32] {
        let order = &self.links.centers_by_code;
        let code = |&i: &u32| self.centers[i as usize].code.as_str();
        let low = order.partition_point(|i| code(i) < region.as_str());
        let high = low + order[low..].partition_point(|i| region.holds(code(i)));
        &order[low..high]
    }

    /// Returns the indexes of all centers, sorted by name (by code point) and id.
    #[must_use]
    pub fn centers_by_name(&self) -> &[u32] {
        self.orders.centers_by_name.get_or_init(|| by_name(&self.centers, |c| &c.name))
    }

    /// Returns the indexes of all centers, sorted by code.
    #[must_use]
    pub fn centers_by_code(&self) -> &[u32] {
        &self.links.centers_by_code
    }

    /// Returns the indexes of all facilities, sorted by name (by code point) and id.
    #[must_use]
    pub fn facilities_by_name(&self) -> &[u32] {
        self.orders.facilities_by_name.get_or_init(|| by_name(&self.facilities, |f| &f.name))
    }

    /// Returns the division of a facility, or else that of its center.
    #[must_use]
    pub fn division_of<'a>(&self, facility: &'a Facility) -> Option<&'a str> {
        facility.division.as_ref().or(facility.center.as_ref()).map(super::code::DivisionCode::as_str)
    }

    /// Returns whether a facility is in a region: by its division or that of its center, or if it has neither, by the outline of
    /// the region.
    #[must_use]
    pub fn is_in(&self, facility: &Facility, region: &RegionCode) -> bool {
        if let Some(division) = self.division_of(facility) {
            return region.holds(division);
        }
        let area = self.regions.place_of(region.as_str()).and_then(|index| self.links.areas[index].as_ref());
        let point = Point::new(facility.position.lon(), facility.position.lat());
        area.is_some_and(|area| area.bounds.intersects(&point) && area.polygons.intersects(&point))
    }

    /// Returns the bounding box and the outline of the region at an index.
    pub(super) fn area(&self, index: usize) -> Option<(&Rect<f64>, &MultiPolygon<f64>)> {
        self.links.areas.get(index)?.as_ref().map(|area| (&area.bounds, &area.polygons))
    }

    /// Returns the division of each population cell.
    #[must_use]
    pub fn homes(&self) -> &Homes {
        self.homes.get_or_init(|| Homes::find(self))
    }

    /// Returns the population of a group by cell; `None` for an unknown group.
    #[must_use]
    pub fn people(&self, group: &str) -> Option<&Arc<Vec<PopulationCell>>> {
        if group == EVERYONE { Some(&self.population) } else { self.groups.get(group) }
    }

    /// Returns the number of days with visit counts, summed over all centers.
    #[must_use]
    pub fn visit_days(&self) -> u64 {
        self.visits.values().map(|v| v.len() as u64).sum()
    }

    /// Returns the visit counts of a center; `None` if there are none.
    #[must_use]
    pub fn visits_of(&self, center: i64) -> Option<&CenterVisits> {
        self.visits.get(&center).map(Arc::as_ref)
    }
}

fn by_name<T>(rows: &[Arc<T>], name: impl Fn(&T) -> &str) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by(|&a, &b| name(&rows[a as usize]).cmp(name(&rows[b as usize])));
    order
}

/// Returns whether a place is open at a moment. `None` if the hours are missing or their state is unknown; planned and
/// permanently closed places are not open.
#[must_use]
pub fn is_open(status: Status, hours: Option<HoursAt<'_>>, at: Timestamp) -> Option<bool> {
    if status != Status::Open {
        return Some(false);
    }
    hours?.state(at).is_open()
}
