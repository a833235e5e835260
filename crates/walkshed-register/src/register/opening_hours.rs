//! Opening hours of centers, facilities and offers.

use super::Register;
use crate::center::Center;
use crate::facility::Facility;
use crate::hours::{Hours, HoursAt};
use crate::service::{Host, Offer};
use crate::vocabulary::Status;
use jiff::Timestamp;

impl Register {
    /// Parses opening hours unless this text was parsed before.
    pub(super) fn parse_hours(&mut self, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !self.hours.contains(text)) {
            self.hours.add([text], &self.calendar);
        }
    }

    /// Parses all opening hours that were not parsed before. Hours no longer in use are kept, because they are few.
    pub(super) fn parse_all_hours(&mut self) {
        let of_centers = self.centers.iter().filter_map(|c| c.opening_hours.as_deref());
        let of_facilities = self.facilities.iter().filter_map(|f| f.opening_hours.as_deref());
        let of_offers = self.offers.iter().filter_map(|o| o.opening_hours.as_deref());
        let all = of_centers.chain(of_facilities).chain(of_offers);
        self.hours.add(all, &self.calendar);
    }

    /// Returns the parsed opening hours for a text that is in use.
    #[must_use]
    pub fn hours(&self, text: &str) -> Option<&Hours> {
        self.hours.get(self.hours.number(text)?)
    }

    /// Lists the centers, facilities and offers with opening hours that do not parse, with the text. Such hours count as
    /// unknown.
    #[must_use]
    pub fn unparsable_hours(&self) -> Vec<(String, &str)> {
        if self.hours.are_all_valid() {
            return Vec::new();
        }
        let does_not_parse = |text: &Option<String>| text.as_ref().is_some_and(|text| self.hours(text).is_none());
        let centers = self.centers.iter().filter(|c| does_not_parse(&c.opening_hours));
        let centers = centers.map(|c| (format!("center {}", c.code.as_str()), &c.opening_hours));
        let facilities = self.facilities.iter().filter(|f| does_not_parse(&f.opening_hours));
        let facilities = facilities.map(|f| (format!("facility {}", f.external_id), &f.opening_hours));
        let offers = self.offers.iter().filter(|o| does_not_parse(&o.opening_hours));
        let offers = offers.map(|o| (format!("offer {}", o.id), &o.opening_hours));
        let all = centers.chain(facilities).chain(offers);
        all.map(|(what, text)| (what, text.as_deref().unwrap_or_default())).collect()
    }

    /// Returns the opening hours of a center.
    #[must_use]
    pub fn hours_of_center(&self, center: &Center) -> Option<HoursAt<'_>> {
        Some(self.hours(center.opening_hours.as_deref()?)?.at(center.position))
    }

    /// Returns the opening hours of a facility, or else those of its center.
    #[must_use]
    pub fn hours_of_facility(&self, facility: &Facility) -> Option<HoursAt<'_>> {
        match facility.opening_hours.as_deref() {
            Some(own) => Some(self.hours(own)?.at(facility.position)),
            None => self.hours_of_center(self.center_of(facility)?),
        }
    }

    /// Returns the opening hours of an offer, or else those of its host.
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

    /// Returns the status of a host; `closed` if the host does not exist.
    #[must_use]
    pub fn host_status(&self, host: Host) -> Status {
        match host {
            Host::Center(id) => self.centers.get(id).map(|c| c.status),
            Host::Facility(id) => self.facilities.get(id).map(|f| f.status),
        }
        .unwrap_or(Status::Closed)
    }
}

/// Returns whether a place is open at a moment. `None` if the hours are missing or their state is unknown; planned and
/// permanently closed places are not open.
#[must_use]
pub fn is_open(status: Status, hours: Option<HoursAt<'_>>, at: Timestamp) -> Option<bool> {
    if status != Status::Open {
        return Some(false);
    }
    hours?.state(at).is_open()
}
