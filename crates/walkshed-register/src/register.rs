//! Everything the register holds, as one snapshot, with what is needed to go from one record to another.

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

/// One import that was carried out.
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

/// The rows of the register, as read from the store at one moment.
#[derive(Debug, Clone, Default)]
pub struct RegisterRows {
    /// Counts changes; grows with every one.
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
    /// In the order of days for each center.
    pub visits: Vec<VisitDay>,
    /// Everyone, by cell.
    pub population: Vec<PopulationCell>,
    /// Other groups, each by cell.
    pub groups: BTreeMap<String, Vec<PopulationCell>>,
    /// Newest first.
    pub imports: Vec<ImportRecord>,
    pub demonstration: Option<Demonstration>,
}

/// What everyone is told of a demonstration city.
pub const DEMONSTRATION_TEXT: &str =
    "SYNTHETIC: the demonstration city of walkshed, made up but for names, codes and district populations";

/// The mark of the demonstration city: what it was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demonstration {
    pub seed: u64,
    pub scale: f64,
    /// Has all of it been brought in?
    pub is_whole: bool,
}

/// The register.
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
    /// By number of the center.
    pub visits: Arc<HashMap<i64, Arc<CenterVisits>>>,
    pub population: Arc<Vec<PopulationCell>>,
    pub groups: Arc<BTreeMap<String, Arc<Vec<PopulationCell>>>>,
    pub imports: Arc<Vec<ImportRecord>>,
    /// Set while everything here is made up.
    pub demonstration: Option<Demonstration>,
    pub calendar: Arc<Calendar>,
    /// By their text; `None` for what no longer parses.
    hours: Arc<HashMap<String, Option<Arc<Hours>>>>,
    links: Links,
    orders: Arc<Orders>,
    /// Made when they are first asked for.
    homes: Arc<OnceLock<Homes>>,
}

/// Orders other than by number, made when they are first asked for.
#[derive(Debug, Default)]
struct Orders {
    centers_by_name: OnceLock<Vec<u32>>,
    facilities_by_name: OnceLock<Vec<u32>>,
}

/// An outline, ready to be asked.
#[derive(Debug, Clone)]
struct Area {
    polygons: MultiPolygon<f64>,
    bounds: Rect<f64>,
}

/// Which rows belong to which, by places.
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
    /// Outlines of regions, by their places.
    areas: Arc<Vec<Option<Area>>>,
    /// Centers and facilities by code, to find those of a region: places in the order of codes.
    centers_by_code: Arc<Vec<u32>>,
}

/// What has to be linked anew.
#[expect(clippy::struct_excessive_bools, reason = "a set of tables")]
#[derive(Debug, Clone, Copy, Default)]
struct Stale {
    centers: bool,
    facilities: bool,
    offers: bool,
    events: bool,
    suggestions: bool,
    regions: bool,
    hours: bool,
    /// Places of centers or facilities have moved, and with them all that refers to places.
    moved: bool,
}

impl Register {
    /// The register of rows.
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
        register.link(Stale {
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

    /// The next register: this one with what has been done in the store. What has not changed is shared.
    #[must_use]
    pub fn with(&self, version: u64, done: &[Done]) -> Self {
        let mut next = Self { version, ..self.clone() };
        let mut stale = Stale::default();
        for one in done {
            let reorders = match one {
                Done::Put(record) => matches!(record.kind(), RecordKind::Center | RecordKind::Facility),
                Done::Deleted { kind, .. } => !matches!(kind, RecordKind::Scenario | RecordKind::Standard),
                _ => false,
            };
            if reorders {
                next.orders = Arc::default();
            }
            if next.moves_homes(one) {
                next.homes = Arc::default();
            }
            match one {
                Done::Put(record) => next.put((**record).clone(), &mut stale),
                Done::Deleted { kind, id } => next.remove(*kind, *id, &mut stale),
                Done::Visits(day) => next.put_visits(day),
                Done::Population { group, cells } => next.put_population(group, cells),
                Done::Unchanged => {}
            }
        }
        next.link(stale);
        next
    }

    /// Can people live in another division after it?
    fn moves_homes(&self, done: &Done) -> bool {
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
                self.learn(center.opening_hours.as_deref());
                let (id, code) = (center.id, center.code.clone());
                let old = self.centers.put(center);
                // A new one comes last, and leaves the others in their places.
                stale.moved |= old.is_none() && self.centers.last().is_some_and(|c| c.id != id);
                stale.centers |= old.is_none_or(|o| o.code != code);
            }
            AnyRecord::Facility(facility) => {
                self.learn(facility.opening_hours.as_deref());
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
                self.learn(offer.opening_hours.as_deref());
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
            // Days and populations are replaced, with nothing if need be.
            RecordKind::Visits | RecordKind::Population => {}
        }
    }

    fn put_visits(&mut self, day: &VisitDay) {
        let all = Arc::make_mut(&mut self.visits);
        let known = all.get(&day.center).cloned().unwrap_or_default();
        let next = known.with_day(day.day, &day.counts);
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

    fn link(&mut self, stale: Stale) {
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
            self.learn_hours();
        }
    }

    /// Parses hours that are not known yet.
    fn learn(&mut self, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !self.hours.contains_key(*text)) {
            let hours = Hours::parse(text, &self.calendar).ok().map(Arc::new);
            Arc::make_mut(&mut self.hours).insert(text.to_owned(), hours);
        }
    }

    /// Parses what hours are not known yet. Hours that no record has any more are kept: they are few.
    fn learn_hours(&mut self) {
        let of_centers = self.centers.iter().filter_map(|c| c.opening_hours.as_deref());
        let of_facilities = self.facilities.iter().filter_map(|f| f.opening_hours.as_deref());
        let of_offers = self.offers.iter().filter_map(|o| o.opening_hours.as_deref());
        let all = of_centers.chain(of_facilities).chain(of_offers);
        let fresh: std::collections::HashSet<&str> = all.filter(|text| !self.hours.contains_key(*text)).collect();
        if fresh.is_empty() {
            return;
        }
        let parsed: Vec<(String, Option<Arc<Hours>>)> = fresh
            .into_iter()
            .map(|text| (text.to_owned(), Hours::parse(text, &self.calendar).ok().map(Arc::new)))
            .collect();
        Arc::make_mut(&mut self.hours).extend(parsed);
    }

    /// Opening hours that are in use, by their text.
    #[must_use]
    pub fn hours(&self, text: &str) -> Option<&Hours> {
        self.hours.get(text)?.as_deref()
    }

    /// Centers, facilities and offers whose hours cannot be read any more, with the hours. They count as unknown.
    #[must_use]
    pub fn unread_hours(&self) -> Vec<(String, &str)> {
        if self.hours.values().all(Option::is_some) {
            return Vec::new();
        }
        let unread = |text: &Option<String>| text.as_ref().is_some_and(|text| self.hours(text).is_none());
        let centers = self.centers.iter().filter(|c| unread(&c.opening_hours));
        let centers = centers.map(|c| (format!("center {}", c.code.as_str()), &c.opening_hours));
        let facilities = self.facilities.iter().filter(|f| unread(&f.opening_hours));
        let facilities = facilities.map(|f| (format!("facility {}", f.external_id), &f.opening_hours));
        let offers = self.offers.iter().filter(|o| unread(&o.opening_hours));
        let offers = offers.map(|o| (format!("offer {}", o.id), &o.opening_hours));
        let all = centers.chain(facilities).chain(offers);
        all.map(|(what, text)| (what, text.as_deref().unwrap_or_default())).collect()
    }

    /// The center a facility is in.
    #[must_use]
    pub fn center_of(&self, facility: &Facility) -> Option<&Arc<Center>> {
        self.centers.find(facility.center.as_ref()?.as_str())
    }

    /// The hours of a center.
    #[must_use]
    pub fn hours_of_center(&self, center: &Center) -> Option<HoursAt<'_>> {
        Some(self.hours(center.opening_hours.as_deref()?)?.at(center.position))
    }

    /// The hours of a facility: its own, or those of the center it is in.
    #[must_use]
    pub fn hours_of_facility(&self, facility: &Facility) -> Option<HoursAt<'_>> {
        match facility.opening_hours.as_deref() {
            Some(own) => Some(self.hours(own)?.at(facility.position)),
            None => self.hours_of_center(self.center_of(facility)?),
        }
    }

    /// The hours of an offer: its own, or those of its place.
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

    /// Whether the place of an offer can be used.
    #[must_use]
    pub fn status_of_host(&self, host: Host) -> Status {
        match host {
            Host::Center(id) => self.centers.get(id).map(|c| c.status),
            Host::Facility(id) => self.facilities.get(id).map(|f| f.status),
        }
        .unwrap_or(Status::Closed)
    }

    /// The facilities in the center at a place, by their places.
    #[must_use]
    pub fn facilities_of_center(&self, center: usize) -> &[u32] {
        self.links.facilities_of_center.of(center)
    }

    /// The offers of the center at a place, by their places.
    #[must_use]
    pub fn offers_of_center(&self, center: usize) -> &[u32] {
        self.links.offers_of_center.of(center)
    }

    /// The offers of the facility at a place, by their places.
    #[must_use]
    pub fn offers_of_facility(&self, facility: usize) -> &[u32] {
        self.links.offers_of_facility.of(facility)
    }

    /// The offers of the service at a place, by their places.
    #[must_use]
    pub fn offers_of_service(&self, service: usize) -> &[u32] {
        self.links.offers_of_service.of(service)
    }

    /// The events of the center at a place, by their places.
    #[must_use]
    pub fn events_of_center(&self, center: usize) -> &[u32] {
        self.links.events_of_center.of(center)
    }

    /// The events of the facility at a place, by their places.
    #[must_use]
    pub fn events_of_facility(&self, facility: usize) -> &[u32] {
        self.links.events_of_facility.of(facility)
    }

    /// The suggestions for the center at a place, by their places.
    #[must_use]
    pub fn suggestions_of_center(&self, center: usize) -> &[u32] {
        self.links.suggestions_of_center.of(center)
    }

    /// The regions next below the one at a place, by their places.
    #[must_use]
    pub fn regions_of_region(&self, region: usize) -> &[u32] {
        self.links.regions_of_region.of(region)
    }

    /// The smallest region in the register that holds a region or a division, itself left out.
    #[must_use]
    pub fn region_above(&self, code: &RegionCode) -> Option<usize> {
        code.ancestors().find_map(|above| self.regions.place_of(above))
    }

    /// The places of the centers of a region, in the order of their codes.
    #[must_use]
    pub fn centers_in(&self, region: &RegionCode) -> &[u32] {
        let order = &self.links.centers_by_code;
        let code = |&i: &u32| self.centers[i as usize].code.as_str();
        let low = order.partition_point(|i| code(i) < region.as_str());
        let high = low + order[low..].partition_point(|i| region.holds(code(i)));
        &order[low..high]
    }

    /// The places of all centers, in the order of their names (by code point) and numbers.
    #[must_use]
    pub fn centers_by_name(&self) -> &[u32] {
        self.orders.centers_by_name.get_or_init(|| by_name(&self.centers, |c| &c.name))
    }

    /// The places of all centers, in the order of their codes.
    #[must_use]
    pub fn centers_by_code(&self) -> &[u32] {
        &self.links.centers_by_code
    }

    /// The places of all facilities, in the order of their names (by code point) and numbers.
    #[must_use]
    pub fn facilities_by_name(&self) -> &[u32] {
        self.orders.facilities_by_name.get_or_init(|| by_name(&self.facilities, |f| &f.name))
    }

    /// The division a facility belongs to: its own, or that of the center it is in.
    #[must_use]
    pub fn division_of<'a>(&self, facility: &'a Facility) -> Option<&'a str> {
        facility.division.as_ref().or(facility.center.as_ref()).map(super::code::DivisionCode::as_str)
    }

    /// Is a facility in a region? By its division or that of its center, or where it has neither by the outline.
    #[must_use]
    pub fn is_in(&self, facility: &Facility, region: &RegionCode) -> bool {
        if let Some(division) = self.division_of(facility) {
            return region.holds(division);
        }
        let area = self.regions.place_of(region.as_str()).and_then(|place| self.links.areas[place].as_ref());
        let point = Point::new(facility.position.lon(), facility.position.lat());
        area.is_some_and(|area| area.bounds.intersects(&point) && area.polygons.intersects(&point))
    }

    /// The bounds and the outline of the region at a place.
    pub(super) fn area(&self, place: usize) -> Option<(&Rect<f64>, &MultiPolygon<f64>)> {
        self.links.areas.get(place)?.as_ref().map(|area| (&area.bounds, &area.polygons))
    }

    /// In which division people live.
    #[must_use]
    pub fn homes(&self) -> &Homes {
        self.homes.get_or_init(|| Homes::find(self))
    }

    /// People of a group by cell; `None` where the group is not known.
    #[must_use]
    pub fn people(&self, group: &str) -> Option<&Arc<Vec<PopulationCell>>> {
        if group == EVERYONE { Some(&self.population) } else { self.groups.get(group) }
    }

    /// Days on which visits were counted, summed over centers.
    #[must_use]
    pub fn visit_days(&self) -> u64 {
        self.visits.values().map(|v| v.len() as u64).sum()
    }

    /// The visits of a center, where any were counted.
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

/// Open at a moment? `None` where the hours are not known, or say that it depends; what is planned or closed for good is not open.
#[must_use]
pub fn is_open(status: Status, hours: Option<HoursAt<'_>>, at: Timestamp) -> Option<bool> {
    if status != Status::Open {
        return Some(false);
    }
    hours?.state(at).is_open()
}
