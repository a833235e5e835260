//! Filters facilities.

use super::area::Area;
use super::facility_criteria::FacilityCriteria;
use super::facility_criteria::FacilityMatcher;
use super::select::select;
use super::text::SearchText;
use crate::code::RegionCode;
use crate::facility::Facility;
use crate::register::Register;
use crate::vocabulary::Status;
use walkshed_engine::task::Stopped;

/// Conditions for facilities, all of which must be met. An empty list or `None` is no condition.
#[derive(Default)]
pub struct FacilityFilter {
    pub criteria: FacilityCriteria,
    pub region: Option<RegionCode>,
    /// Index of the center that the facility must be in.
    pub center: Option<usize>,
    /// Whether the facility must be in a center, or must not be.
    pub in_center: Option<bool>,
    pub statuses: Vec<Status>,
    /// Text in a name, the address or the external id.
    pub text: Option<SearchText>,
    pub area: Option<Area>,
    /// Whether the entrance must be known to be step-free, or known not to be.
    pub step_free: Option<bool>,
}

impl FacilityFilter {
    /// Returns the indexes of the facilities to test, in ascending order.
    #[must_use]
    pub fn candidates(&self, register: &Register) -> Vec<usize> {
        match self.center {
            Some(center) => register.facilities_of_center(center).iter().map(|&i| i as usize).collect(),
            None => (0..register.facilities.len()).collect(),
        }
    }

    /// Returns the candidates that meet the conditions.
    ///
    /// # Errors
    /// [`Stopped`] if the current task is cancelled or out of time.
    pub fn select(&self, register: &Register, candidates: &[usize]) -> Result<Vec<usize>, Stopped> {
        let matcher = FacilityMatcher::new(register, &self.criteria);
        select(candidates, |index| {
            let f = &*register.facilities[index];
            // Without a condition on the status, facilities of all statuses match, unlike in a search for nearby facilities.
            (self.statuses.is_empty() || self.statuses.contains(&f.status))
                && matcher.matches(index)
                && self.step_free.is_none_or(|required| f.step_free == Some(required))
                && self.in_center.is_none_or(|required| register.center_of(f).is_some() == required)
                && self.region.as_ref().is_none_or(|region| register.is_in(f, region))
                && self.area.as_ref().is_none_or(|area| area.contains(f.position))
                && self.text.as_ref().is_none_or(|text| text.occurs_in(searched_texts(f)))
        })
    }
}

fn searched_texts(f: &Facility) -> [Option<&str>; 4] {
    [Some(&f.name), f.name_en.as_deref(), f.address.as_deref(), Some(&f.external_id)]
}
