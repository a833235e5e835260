//! Filters centers.

use super::area::Area;
use super::select::{Candidates, Filter, RowList};
use crate::category::Category;
use crate::code::RegionCode;
use crate::register::{Register, is_open};
use crate::service::{Offer, Service};
use crate::text_index::SearchText;
use crate::vocabulary::{Audience, CenterKind, OperatingModel, Status};
use jiff::Timestamp;
use std::sync::Arc;
use walkshed_engine::task::Stopped;

/// Up to this many centers of a region are tested without the index for text search.
const TESTED_DIRECTLY: usize = 4096;

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
    /// Text in a name, the address or the code, or the pinyin initials of the name.
    pub text: Option<SearchText>,
    pub area: Option<Area>,
    /// Whether the entrance must be known to be step-free, or known not to be.
    pub step_free: Option<bool>,
    /// Whether there must be a known night entrance, or known to be none.
    pub night_entrance: Option<bool>,
}

impl Filter for CenterFilter {
    fn candidates(&self, register: &Register) -> Result<Candidates, Stopped> {
        let in_region = self.region.as_ref().map(|region| register.centers_in(region));
        if let Some(text) = &self.text
            && in_region.is_none_or(|rows| rows.len() > TESTED_DIRECTLY)
            && let Some(mut rows) = register.text.centers.find(&register.centers, text)?
        {
            if let Some(in_region) = in_region {
                let mut is_in_region = vec![false; register.centers.len()];
                for &row in in_region {
                    is_in_region[row as usize] = true;
                }
                rows.retain(|&row| is_in_region[row as usize]);
            }
            return Ok(Candidates { rows: RowList::Of(rows), have_text: true });
        }
        let rows = match in_region {
            Some(rows) => {
                let mut rows = rows.to_vec();
                rows.sort_unstable();
                RowList::Of(rows)
            }
            None => RowList::First(register.centers.len()),
        };
        Ok(Candidates { rows, have_text: false })
    }

    fn select(&self, register: &Register, candidates: Candidates) -> Result<RowList, Stopped> {
        let text = self.text.as_ref().filter(|_| !candidates.have_text);
        if text.is_none() && self.is_text_only() {
            return Ok(candidates.rows);
        }
        candidates.select(|index| {
            self.matches(register, index) && text.is_none_or(|text| text.matches(&*register.centers[index]))
        })
    }
}

impl CenterFilter {
    /// Returns whether there is no condition other than the text and the region, which the candidates meet.
    fn is_text_only(&self) -> bool {
        let Self {
            region: _,
            kinds,
            statuses,
            operating_models,
            categories,
            services,
            audience,
            open_at,
            text: _,
            area,
            step_free,
            night_entrance,
        } = self;
        let has_list = !(kinds.is_empty() && statuses.is_empty() && operating_models.is_empty());
        let has_relation = !(categories.is_empty() && services.is_empty()) || audience.is_some() || open_at.is_some();
        let has_place = area.is_some() || step_free.is_some() || night_entrance.is_some();
        !(has_list || has_relation || has_place)
    }

    /// Returns whether a candidate meets the conditions other than the text.
    fn matches(&self, register: &Register, index: usize) -> bool {
        let c = &*register.centers[index];
        let meets_own = (self.kinds.is_empty() || self.kinds.contains(&c.kind))
            && (self.statuses.is_empty() || self.statuses.contains(&c.status))
            && (self.operating_models.is_empty()
                || c.operating_model.is_some_and(|model| self.operating_models.contains(&model)))
            && self.step_free.is_none_or(|required| c.step_free == Some(required))
            && self.night_entrance.is_none_or(|required| c.night_entrance == Some(required))
            && self.area.as_ref().is_none_or(|area| area.contains(c.position));
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
