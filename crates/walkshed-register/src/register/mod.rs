//! The register: one immutable snapshot of all records, with the indexes that lead from one record to another.

pub mod binary;
mod edits;
mod facility_traits;
mod links;
mod opening_hours;
mod parsed_hours;
mod regions;
mod sort_orders;

pub(crate) use facility_traits::{audience_bit, category_bit};
pub use opening_hours::is_open;
pub(crate) use parsed_hours::OpenStates;
pub use sort_orders::{HasSortFields, OrderField};

use super::calendar::Calendar;
use super::cell_divisions::CellDivisions;
use super::center::Center;
use super::demonstration::Demonstration;
use super::event::Event;
use super::facility::Facility;
use super::import_record::ImportRecord;
use super::population::{EVERYONE, PopulationCell};
use super::region::Region;
use super::rows::Rows;
use super::scenario::Scenario;
use super::service::{Offer, Service};
use super::standard::Standard;
use super::suggestion::Suggestion;
use super::text_index::TextSearches;
use super::visits::{CenterVisits, VisitDay};
use facility_traits::FacilityTraits;
use links::{Links, Stale};
use parsed_hours::ParsedHours;
use sort_orders::TypeOrders;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

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
    hours: ParsedHours,
    facility_traits: FacilityTraits,
    links: Links,
    center_orders: TypeOrders,
    facility_orders: TypeOrders,
    pub(crate) text: TextSearches,
    /// Computed on first use.
    cell_divisions: Arc<OnceLock<CellDivisions>>,
}

impl Register {
    /// Builds the register from its rows.
    #[must_use]
    pub fn new(rows: RegisterRows, calendar: Arc<Calendar>) -> Self {
        let mut visits: HashMap<i64, CenterVisits> = HashMap::new();
        for day in &rows.visits {
            visits.entry(day.center).or_default().push(day.day, &day.counts);
        }
        let register = Self {
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
            visits: Arc::new(visits.into_iter().map(|(id, v)| (id, Arc::new(v.shrunk()))).collect()),
            population: Arc::new(rows.population),
            groups: Arc::new(rows.groups.into_iter().map(|(name, cells)| (name, Arc::new(cells))).collect()),
            imports: Arc::new(rows.imports),
            demonstration: rows.demonstration,
            calendar,
            hours: ParsedHours::default(),
            facility_traits: FacilityTraits::default(),
            links: Links::default(),
            center_orders: TypeOrders::default(),
            facility_orders: TypeOrders::default(),
            text: TextSearches::default(),
            cell_divisions: Arc::default(),
        };
        register.with_indexes()
    }

    /// Builds the indexes of a register that has only its rows.
    fn with_indexes(mut self) -> Self {
        self.rebuild_links(Stale::ALL);
        self.rebuild_facility_traits();
        self
    }

    /// Returns the center of a facility.
    #[must_use]
    pub fn center_of(&self, facility: &Facility) -> Option<&Arc<Center>> {
        self.centers.find(facility.center.as_ref()?.as_str())
    }

    /// Returns the division of each population cell.
    #[must_use]
    pub fn cell_divisions(&self) -> &CellDivisions {
        self.cell_divisions.get_or_init(|| {
            CellDivisions::assign(&self.centers, &self.population, |position| self.outlined_region_at(position))
        })
    }

    /// Builds the indexes for text search now, which otherwise happens when they are first needed. Returns their size in bytes.
    pub fn build_text_search(&self) -> usize {
        self.text.centers.build(&self.centers)
            + self.text.facilities.build(&self.facilities)
            + self.text.suggestions.build(&self.suggestions)
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
