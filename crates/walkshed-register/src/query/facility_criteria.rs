//! Selects facilities by category, kind, service, audience, step-free entrance and opening hours.

use crate::category::Category;
use crate::facility::Facility;
use crate::hours::Hours;
use crate::register::{Register, is_open};
use crate::vocabulary::{Audience, Status};
use jiff::Timestamp;

/// Criteria that a facility must meet. An empty list or `None` does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FacilityCriteria {
    pub categories: Vec<Category>,
    /// Keys of kinds.
    pub kinds: Vec<String>,
    /// Ids of services; the facility must offer at least one of them.
    pub services: Vec<i64>,
    pub audience: Option<Audience>,
    /// The facility must be open at this moment. Facilities with unknown or conditional hours do not match.
    pub open_at: Option<Timestamp>,
    /// The facility must have a step-free entrance.
    pub step_free: bool,
    /// Ids to choose from, in ascending order.
    pub among: Option<Vec<i64>>,
}

/// Tests facilities against [`FacilityCriteria`]. Remembers which opening hours are open, because a city has few distinct ones.
pub struct FacilityMatcher<'a> {
    register: &'a Register,
    criteria: &'a FacilityCriteria,
    open: Vec<(*const Hours, bool)>,
}

impl<'a> FacilityMatcher<'a> {
    /// Creates a matcher for the facilities of a register.
    #[must_use]
    pub const fn new(register: &'a Register, criteria: &'a FacilityCriteria) -> Self {
        Self { register, criteria, open: Vec::new() }
    }

    /// Returns whether the facility at an index has the status open and meets the criteria.
    pub fn matches_open(&mut self, index: usize) -> bool {
        self.register.facilities[index].status == Status::Open && self.matches(index)
    }

    /// Returns whether the facility at an index meets the criteria, whatever its status.
    pub fn matches(&mut self, index: usize) -> bool {
        let (f, criteria) = (&*self.register.facilities[index], self.criteria);
        (criteria.categories.is_empty() || criteria.categories.contains(&f.category))
            && (criteria.kinds.is_empty() || f.kind.as_ref().is_some_and(|kind| criteria.kinds.contains(kind)))
            && (!criteria.step_free || f.step_free == Some(true))
            && criteria.audience.is_none_or(|audience| Audience::any_includes(&f.audiences, audience))
            && criteria.among.as_ref().is_none_or(|ids| ids.binary_search(&f.id).is_ok())
            && (criteria.services.is_empty() || self.offers(index))
            && criteria.open_at.is_none_or(|at| self.is_open(f, at))
    }

    fn offers(&self, index: usize) -> bool {
        let offers = self.register.offers_of_facility(index);
        offers.iter().any(|&o| self.criteria.services.contains(&self.register.offers[o as usize].service))
    }

    fn is_open(&mut self, facility: &Facility, at: Timestamp) -> bool {
        if facility.status != Status::Open {
            return false;
        }
        let Some(hours) = self.register.hours_of_facility(facility) else { return false };
        // Hours that depend on sunrise or sunset differ from place to place and are not remembered.
        let key = (!hours.hours().depends_on_sun()).then(|| std::ptr::from_ref(hours.hours()));
        if let Some((_, open)) = self.open.iter().find(|(cached, _)| Some(*cached) == key) {
            return *open;
        }
        let open = is_open(Status::Open, Some(hours), at) == Some(true);
        self.open.extend(key.map(|key| (key, open)));
        open
    }
}

/// Returns the register indices of the open facilities that meet the criteria, in ascending order.
#[must_use]
pub fn matching_facilities(register: &Register, criteria: &FacilityCriteria) -> Vec<u32> {
    let mut matcher = FacilityMatcher::new(register, criteria);
    (0..register.facilities.len()).filter(|&index| matcher.matches_open(index)).map(|index| index as u32).collect()
}
