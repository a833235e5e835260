//! Resolves the changes of a scenario to edits of a register and changes of the streets.

use super::center::Center;
use super::facility::Facility;
use super::record::{AnyRecord, Done};
use super::register::Register;
use super::scenario::{Change, FIRST_SCENARIO_ID, Scenario};
use super::service::{Host, Offer};
use super::vocabulary::Status;
use std::collections::BTreeMap;
use walkshed_engine::StreetChange;

/// The index of a change, and its street change.
pub type IndexedStreetChange = (usize, StreetChange);

/// A change that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("changes[{index}] {why}")]
pub struct ChangeError {
    /// Index of the change in the scenario.
    pub index: usize,
    pub why: String,
}

impl Scenario {
    /// Returns the store results that the changes amount to, and the street changes. Later changes to the same facility build on
    /// earlier ones.
    ///
    /// # Errors
    /// [`ChangeError`] if a change refers to a record that does not exist (any more).
    pub fn resolve_changes(&self, register: &Register) -> Result<(Vec<Done>, Vec<IndexedStreetChange>), ChangeError> {
        let mut collector = EditCollector { register, facilities: BTreeMap::new(), others: Vec::new() };
        let mut streets = Vec::new();
        for (index, change) in self.changes.iter().enumerate() {
            match change {
                Change::Street(street) => streets.push((index, street.clone())),
                change => collector.apply(index, change).map_err(|why| ChangeError { index, why })?,
            }
        }
        let mut done: Vec<Done> = collector.facilities.into_values().map(|f| Done::Put(f.into())).collect();
        done.extend(collector.others);
        Ok((done, streets))
    }
}

/// Collects the edits that the changes amount to.
struct EditCollector<'a> {
    register: &'a Register,
    facilities: BTreeMap<i64, Facility>,
    others: Vec<Done>,
}

impl EditCollector<'_> {
    fn facility(&mut self, id: i64) -> Result<&mut Facility, String> {
        if !self.facilities.contains_key(&id) {
            let current = self.register.facilities.get(id).ok_or("names a facility that does not exist")?;
            self.facilities.insert(id, Facility::clone(current));
        }
        self.facilities.get_mut(&id).ok_or_else(|| "names a facility that does not exist".to_owned())
    }

    fn apply(&mut self, index: usize, change: &Change) -> Result<(), String> {
        match change {
            Change::Add(new) => {
                let id = FIRST_SCENARIO_ID + index as i64;
                for (n, &service) in new.services.iter().enumerate() {
                    if self.register.services.get(service).is_none() {
                        return Err("offers a service that does not exist".into());
                    }
                    let number = FIRST_SCENARIO_ID + (index * 1000 + n) as i64;
                    let offer = Offer { id: number, version: 1, ..Offer::new(service, Host::Facility(id)) };
                    self.others.push(Done::Put(offer.into()));
                }
                self.facilities.insert(id, new.facility(id));
            }
            Change::Open { facility } => {
                let facility = self.facility(*facility)?;
                facility.status = Status::Open;
                facility.closed_on = None;
            }
            Change::Move { facility, position } => self.facility(*facility)?.position = *position,
            Change::Capacity { facility, capacity } => self.facility(*facility)?.capacity = Some(*capacity),
            Change::Hours { place: Host::Facility(id), opening_hours } => {
                self.facility(*id)?.opening_hours.clone_from(opening_hours);
            }
            Change::Close { place: Host::Facility(id) } => self.facility(*id)?.status = Status::Closed,
            Change::Hours { place: Host::Center(id), opening_hours } => {
                let mut center = self.center(*id)?;
                center.opening_hours.clone_from(opening_hours);
                self.others.push(Done::Put(center.into()));
            }
            Change::Close { place: Host::Center(id) } => {
                let mut center = self.center(*id)?;
                center.status = Status::Closed;
                self.others.push(Done::Put(center.into()));
                let place = self.register.centers.index_of(*id).unwrap_or_default();
                for &facility in self.register.facilities_of_center(place) {
                    self.facility(self.register.facilities[facility as usize].id)?.status = Status::Closed;
                }
            }
            Change::Street(_) => {}
        }
        Ok(())
    }

    /// Returns a center with the preceding changes applied.
    fn center(&self, id: i64) -> Result<Center, String> {
        let edited = self.others.iter().rev().find_map(|done| match done {
            Done::Put(record) => match &**record {
                AnyRecord::Center(center) if center.id == id => Some(center),
                _ => None,
            },
            _ => None,
        });
        let current = self.register.centers.get(id).map(AsRef::as_ref);
        edited.or(current).cloned().ok_or_else(|| "names a center that does not exist".to_owned())
    }
}
