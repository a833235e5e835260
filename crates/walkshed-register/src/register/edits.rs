//! Applies edits: builds the next snapshot from the previous one.

use super::Register;
use super::links::Stale;
use crate::population::{EVERYONE, PopulationCell};
use crate::record::{AnyRecord, Done, RecordKind};
use crate::visits::VisitDay;
use std::sync::Arc;

/// The facilities whose traits an edit may change.
#[derive(Default)]
struct ChangedFacilities {
    facilities: Vec<i64>,
    centers: Vec<i64>,
    /// A center has another code, so that facilities may have left it.
    all: bool,
}

impl ChangedFacilities {
    fn note(&mut self, before: &Register, done: &Done) {
        if let Done::Put(record) = done {
            match &**record {
                AnyRecord::Facility(facility) => self.facilities.push(facility.id),
                AnyRecord::Center(center) => {
                    self.centers.push(center.id);
                    self.all |= before.centers.get(center.id).is_some_and(|old| old.code != center.code);
                }
                _ => {}
            }
        }
    }

    fn update(self, next: &mut Register, stale: Stale) {
        if self.all || stale.moved {
            next.rebuild_facility_traits();
            return;
        }
        let of_centers = self.centers.iter().filter_map(|&id| next.centers.index_of(id));
        let in_centers = of_centers.flat_map(|center| next.facilities_of_center(center)).map(|&i| i as usize);
        let edited = self.facilities.iter().filter_map(|&id| next.facilities.index_of(id));
        let mut changed: Vec<usize> = in_centers.chain(edited).collect();
        // Added facilities come last, in order.
        changed.sort_unstable();
        changed.dedup();
        next.update_facility_traits(&changed);
    }
}

impl Register {
    /// Returns the next snapshot: this one with the given store results applied. Unchanged data is shared.
    #[must_use]
    pub fn with_edits(&self, version: u64, done: &[Done]) -> Self {
        let mut next = Self { version, ..self.clone() };
        next.center_orders.begin();
        next.facility_orders.begin();
        let mut stale = Stale::default();
        let mut changed = ChangedFacilities::default();
        for result in done {
            if next.changes_divisions(result) {
                next.cell_divisions = Arc::default();
            }
            changed.note(&next, result);
            match result {
                Done::Put(record) => next.put((**record).clone(), &mut stale),
                Done::Deleted { kind, id } => next.remove(*kind, *id, &mut stale),
                Done::Visits(day) => next.put_visits(day),
                Done::Population { group, cells } => next.put_population(group, cells),
                Done::Unchanged => {}
            }
        }
        next.rebuild_links(stale);
        changed.update(&mut next, stale);
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
                self.text.centers.put(&self.centers, old.as_deref(), id);
                if let Some(index) = self.centers.index_of(id) {
                    self.center_orders.put(&self.centers, old.as_deref(), index);
                }
                // A new row usually has the highest id, which leaves the other indexes unchanged.
                stale.moved |= old.is_none() && self.centers.last().is_some_and(|c| c.id != id);
                stale.centers |= old.is_none_or(|o| o.code != code);
            }
            AnyRecord::Facility(facility) => {
                self.parse_hours(facility.opening_hours.as_deref());
                let (id, center) = (facility.id, facility.center.clone());
                let old = self.facilities.put(facility);
                self.text.facilities.put(&self.facilities, old.as_deref(), id);
                if let Some(index) = self.facilities.index_of(id) {
                    self.facility_orders.put(&self.facilities, old.as_deref(), index);
                }
                let is_last = self.facilities.last().is_some_and(|f| f.id == id);
                match old {
                    Some(old) => stale.facilities |= old.center != center,
                    None if is_last => {
                        let parent = center.and_then(|code| self.centers.index_of_key(code.as_str()));
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
                let (id, center) = (suggestion.id, suggestion.center);
                let old = self.suggestions.put(suggestion);
                self.text.suggestions.put(&self.suggestions, old.as_deref(), id);
                stale.suggestions |= old.is_none_or(|o| o.center != center);
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
                if let Some(index) = self.centers.index_of(id) {
                    self.center_orders.remove(index);
                }
                self.centers.remove(id);
                self.text.centers.remove(id);
                *stale = Stale { centers: true, facilities: true, moved: true, ..*stale };
            }
            RecordKind::Facility => {
                if let Some(index) = self.facilities.index_of(id) {
                    self.facility_orders.remove(index);
                }
                self.facilities.remove(id);
                self.text.facilities.remove(id);
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
                self.text.suggestions.remove(id);
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
}
