//! Which region a facility or position is in.

use super::Register;
use crate::code::{DivisionCode, RegionCode};
use crate::facility::Facility;
use walkshed_engine::geo::Position;

impl Register {
    /// Returns the division of a facility, or else that of its center.
    #[must_use]
    pub fn division_of<'a>(&self, facility: &'a Facility) -> Option<&'a str> {
        facility.division.as_ref().or(facility.center.as_ref()).map(DivisionCode::as_str)
    }

    /// Returns whether a facility is in a region: by its division or that of its center, or if it has neither, by the outline of
    /// the region.
    #[must_use]
    pub fn is_in(&self, facility: &Facility, region: &RegionCode) -> bool {
        if let Some(division) = self.division_of(facility) {
            return region.contains(division);
        }
        let outline = self.regions.index_of_key(region.as_str()).and_then(|index| self.links.outlines[index].as_ref());
        outline.is_some_and(|outline| outline.contains(facility.position))
    }

    /// Returns the code of the smallest region whose outline contains a position.
    #[must_use]
    pub fn outlined_region_at(&self, position: Position) -> Option<&str> {
        let outlines = self.regions.iter().zip(&*self.links.outlines);
        let containing = outlines.filter(|(_, outline)| outline.as_ref().is_some_and(|o| o.contains(position)));
        // Of two regions of the same level that meet at the position, the one with the lower code.
        containing.map(|(r, _)| r.code.as_str()).min_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)))
    }
}
