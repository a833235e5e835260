//! The properties of facilities that filters test, in a compact table: a search tests hundreds of facilities without reading
//! their records.

use super::Register;
use super::parsed_hours::OpenStates;
use crate::category::Category;
use crate::facility::Facility;
use crate::hours::Hours;
use crate::vocabulary::{Audience, Status};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// The hours of a facility that reports none, and whose center reports none.
const NO_HOURS: u32 = u32::MAX;
/// The kind of a facility without one.
const NO_KIND: u32 = u32::MAX;

/// The properties of a facility that filters test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    /// The bit of the category.
    pub category: u8,
    pub status: Status,
    /// Whether the entrance is known to be step-free.
    pub is_step_free: bool,
    /// Whether the hours refer to sun times, so that they differ from place to place.
    pub depends_on_sun: bool,
    /// A bit for each audience that the facility serves.
    pub audiences: u16,
    /// Number of the kind.
    kind: u32,
    /// Number of the opening hours, which may be those of the center.
    hours: u32,
}

/// The traits of all facilities, by index.
#[derive(Debug, Clone, Default)]
pub(crate) struct FacilityTraits {
    rows: Arc<Vec<Traits>>,
    kinds: Arc<HashMap<String, u32>>,
}

/// Returns the bit of a category in [`Traits::category`].
pub(crate) const fn category_bit(category: Category) -> u8 {
    1 << category.index()
}

/// Returns the bit of an audience in [`Traits::audiences`].
pub(crate) const fn audience_bit(audience: Audience) -> u16 {
    1 << audience.index()
}

impl FacilityTraits {
    /// Returns the traits of a facility.
    #[inline]
    pub fn of(&self, index: usize) -> &Traits {
        &self.rows[index]
    }

    /// Returns the number of a kind; `None` if no facility has it.
    pub fn kind(&self, key: &str) -> Option<u32> {
        self.kinds.get(key).copied()
    }

    fn number_of_kind(&mut self, key: Option<&str>) -> u32 {
        let Some(key) = key else { return NO_KIND };
        if let Some(number) = self.kinds.get(key) {
            return *number;
        }
        let kinds = Arc::make_mut(&mut self.kinds);
        let number = kinds.len() as u32;
        kinds.insert(key.to_owned(), number);
        number
    }
}

impl Traits {
    /// Returns whether the kind is one of `kinds`.
    pub fn is_one_of(&self, kinds: &[u32]) -> bool {
        kinds.contains(&self.kind)
    }
}

impl Register {
    /// Rebuilds the table of all facilities.
    pub(super) fn rebuild_facility_traits(&mut self) {
        let mut traits = FacilityTraits { rows: Arc::default(), kinds: self.facility_traits.kinds.clone() };
        traits.rows = Arc::new(self.facilities.iter().map(|f| self.traits_of(f, &mut traits)).collect());
        self.facility_traits = traits;
    }

    /// Updates the rows of changed facilities. Indexes must not have changed; facilities may have been added at the end.
    /// `changed` is in ascending order.
    pub(super) fn update_facility_traits(&mut self, changed: &[usize]) {
        if changed.is_empty() {
            return;
        }
        let mut traits = std::mem::take(&mut self.facility_traits);
        for &index in changed {
            let row = self.traits_of(&self.facilities[index], &mut traits);
            let rows = Arc::make_mut(&mut traits.rows);
            if index == rows.len() { rows.push(row) } else { rows[index] = row }
        }
        self.facility_traits = traits;
    }

    fn traits_of(&self, f: &Facility, traits: &mut FacilityTraits) -> Traits {
        let serves = |&&audience: &&Audience| Audience::any_includes(&f.audiences, audience);
        let text = match &f.opening_hours {
            Some(own) => Some(own.as_str()),
            None => self.center_of(f).and_then(|center| center.opening_hours.as_deref()),
        };
        let hours = text.and_then(|text| self.hours.number(text)).filter(|&number| self.hours.get(number).is_some());
        Traits {
            category: category_bit(f.category),
            status: f.status,
            is_step_free: f.step_free == Some(true),
            depends_on_sun: hours.and_then(|number| self.hours.get(number)).is_some_and(Hours::depends_on_sun),
            audiences: Audience::ALL.iter().filter(serves).fold(0, |bits, &audience| bits | audience_bit(audience)),
            kind: traits.number_of_kind(f.kind.as_deref()),
            hours: hours.unwrap_or(NO_HOURS),
        }
    }

    /// Returns the properties of facilities that filters test.
    pub(crate) const fn facility_traits(&self) -> &FacilityTraits {
        &self.facility_traits
    }

    /// Returns the index of the category of an open facility; `None` if the facility is planned or closed.
    #[must_use]
    pub fn open_category(&self, index: usize) -> Option<usize> {
        let traits = self.facility_traits.of(index);
        (traits.status == Status::Open).then(|| traits.category.trailing_zeros() as usize)
    }

    /// Returns which opening hours are open at a moment.
    pub(crate) fn open_states(&self, at: Timestamp) -> Arc<OpenStates> {
        self.hours.states_at(at, &self.calendar)
    }

    /// Returns whether an open facility is open at a moment. `states` are those of the moment.
    pub(crate) fn is_facility_open(&self, index: usize, at: Timestamp, states: &OpenStates) -> bool {
        let traits = self.facility_traits.of(index);
        let Some(hours) = self.hours.get(traits.hours).filter(|_| traits.status == Status::Open) else { return false };
        // Where the hours refer to the sun, a facility without hours of its own has the position of its center.
        let evaluate = || {
            let at_place = if traits.depends_on_sun {
                self.hours_of_facility(&self.facilities[index])
            } else {
                Some(hours.at(self.facilities[index].position))
            };
            at_place.and_then(|hours| hours.state(at).is_open()) == Some(true)
        };
        if traits.depends_on_sun { evaluate() } else { states.is_open(traits.hours, evaluate) }
    }
}
