//! Filters centers.

use super::area::Area;
use super::select::select;
use super::text::SearchText;
use crate::category::Category;
use crate::center::Center;
use crate::code::RegionCode;
use crate::register::{Register, is_open};
use crate::service::{Offer, Service};
use crate::vocabulary::{Audience, CenterKind, OperatingModel, Status};
use jiff::Timestamp;
use std::sync::Arc;
use walkshed_engine::task::Stopped;

/// Conditions for centers, all of which must be met. An empty list or `None` is no condition.
#[derive(Default)]
pub struct CenterFilter {
    pub region: Option<RegionCode>,
    pub kinds: Vec<CenterKind>,
    pub statuses: Vec<Status>,
    pub operating_models: Vec<OperatingModel>,
    /// Categories of which the center has an open facility or an offer.
    pub categories: Vec<Category>,
    /// Ids of services that the center or one of its facilities offers, in ascending order.
    pub services: Vec<i64>,
    /// Audience of an offer of the center or of one of its facilities.
    pub audience: Option<Audience>,
    /// The center must be known to be open at this moment.
    pub open_at: Option<Timestamp>,
    /// Text in a name, the address or the code.
    pub text: Option<SearchText>,
    pub area: Option<Area>,
    /// Whether the entrance must be known to be step-free, or known not to be.
    pub step_free: Option<bool>,
    /// Whether there must be a known night entrance, or known to be none.
    pub night_entrance: Option<bool>,
}

impl CenterFilter {
    /// Returns the indexes of the centers to test, in ascending order.
    #[must_use]
    pub fn candidates(&self, register: &Register) -> Vec<usize> {
        let mut candidates: Vec<usize> = match &self.region {
            Some(region) => register.centers_in(region).iter().map(|&i| i as usize).collect(),
            None => (0..register.centers.len()).collect(),
        };
        candidates.sort_unstable();
        candidates
    }

    /// Returns the candidates that meet the conditions.
    ///
    /// # Errors
    /// [`Stopped`] if the current task is cancelled or out of time.
    pub fn select(&self, register: &Register, candidates: &[usize]) -> Result<Vec<usize>, Stopped> {
        select(candidates, |index| self.matches(register, index))
    }

    fn matches(&self, register: &Register, index: usize) -> bool {
        let c = &*register.centers[index];
        let meets_own = (self.kinds.is_empty() || self.kinds.contains(&c.kind))
            && (self.statuses.is_empty() || self.statuses.contains(&c.status))
            && (self.operating_models.is_empty()
                || c.operating_model.is_some_and(|model| self.operating_models.contains(&model)))
            && self.step_free.is_none_or(|required| c.step_free == Some(required))
            && self.night_entrance.is_none_or(|required| c.night_entrance == Some(required))
            && self.area.as_ref().is_none_or(|area| area.contains(c.position))
            && self.text.as_ref().is_none_or(|text| text.occurs_in(searched_texts(c)));
        meets_own
            && (self.categories.is_empty() || self.has_category(register, index))
            && (self.services.is_empty()
                || offers(register, index).any(|o| self.services.binary_search(&o.service).is_ok()))
            && self.audience.is_none_or(|audience| {
                services(register, index).any(|s| Audience::any_includes(&s.audiences, audience))
            })
            && self.open_at.is_none_or(|at| is_open(c.status, register.hours_of_center(c), at) == Some(true))
    }

    fn has_category(&self, register: &Register, index: usize) -> bool {
        let has_open_facility = register.facilities_of_center(index).iter().any(|&f| {
            let f = &register.facilities[f as usize];
            f.status == Status::Open && self.categories.contains(&f.category)
        });
        has_open_facility || services(register, index).any(|s| self.categories.contains(&s.category))
    }
}

fn searched_texts(c: &Center) -> [Option<&str>; 4] {
    [Some(&c.name), c.name_en.as_deref(), c.address.as_deref(), Some(c.code.as_str())]
}

/// Iterates over the offers of a center and of its facilities.
fn offers(register: &Register, center: usize) -> impl Iterator<Item = &Offer> {
    let facilities = register.facilities_of_center(center).iter();
    let of_facilities = facilities.flat_map(|&f| register.offers_of_facility(f as usize));
    register.offers_of_center(center).iter().chain(of_facilities).map(|&o| &*register.offers[o as usize])
}

/// Iterates over the services offered by a center and its facilities.
fn services(register: &Register, center: usize) -> impl Iterator<Item = &Arc<Service>> {
    offers(register, center).filter_map(|o| register.services.get(o.service))
}
