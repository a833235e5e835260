//! Filters facilities.

use super::area::Area;
use super::facility_criteria::FacilityCriteria;
use super::facility_criteria::FacilityMatcher;
use super::select::{Candidates, Filter, RowList};
use crate::code::RegionCode;
use crate::register::Register;
use crate::text_index::SearchText;
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
    /// Text in a name, the address or the external id, or the pinyin initials of the name.
    pub text: Option<SearchText>,
    pub area: Option<Area>,
    /// Whether the entrance must be known to be step-free, or known not to be.
    pub step_free: Option<bool>,
}

impl Filter for FacilityFilter {
    fn candidates(&self, register: &Register) -> Result<Candidates, Stopped> {
        if let Some(center) = self.center {
            let rows = RowList::Of(register.facilities_of_center(center).to_vec());
            return Ok(Candidates { rows, have_text: false });
        }
        if let Some(text) = &self.text
            && let Some(rows) = register.text.facilities.find(&register.facilities, text)?
        {
            return Ok(Candidates { rows: RowList::Of(rows), have_text: true });
        }
        Ok(Candidates { rows: RowList::First(register.facilities.len()), have_text: false })
    }

    fn select(&self, register: &Register, candidates: Candidates) -> Result<RowList, Stopped> {
        let text = self.text.as_ref().filter(|_| !candidates.have_text);
        if text.is_none() && self.is_text_only() {
            return Ok(candidates.rows);
        }
        let matcher = FacilityMatcher::new(register, &self.criteria);
        candidates.select(|index| {
            let f = &*register.facilities[index];
            // Without a condition on the status, facilities of all statuses match, unlike in a search for nearby facilities.
            (self.statuses.is_empty() || self.statuses.contains(&f.status))
                && matcher.matches(index)
                && self.step_free.is_none_or(|required| f.step_free == Some(required))
                && self.in_center.is_none_or(|required| register.center_of(f).is_some() == required)
                && self.region.as_ref().is_none_or(|region| register.is_in(f, region))
                && self.area.as_ref().is_none_or(|area| area.contains(f.position))
                && text.is_none_or(|text| text.matches(f))
        })
    }
}

impl FacilityFilter {
    /// Returns whether there is no condition other than the text and the center, which the candidates meet.
    fn is_text_only(&self) -> bool {
        let Self { criteria, region, center: _, in_center, statuses, text: _, area, step_free } = self;
        let has_place = region.is_some() || in_center.is_some() || area.is_some();
        let has_own = !statuses.is_empty() || step_free.is_some();
        !(has_place || has_own) && *criteria == FacilityCriteria::default()
    }
}
