//! Relations between records, by row index.

use super::Register;
use crate::code::RegionCode;
use crate::region::Region;
use crate::relation::Relation;
use crate::service::Offer;
use geo::{BoundingRect, Intersects, MultiPolygon, Point, Rect};
use std::sync::Arc;
use walkshed_engine::geo::Position;

/// The outline of a region with its bounding box.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    polygons: MultiPolygon<f64>,
    bounds: Rect<f64>,
}

impl Outline {
    fn new(region: &Region) -> Option<Self> {
        let polygons = region.area()?;
        Some(Self { bounds: polygons.bounding_rect()?, polygons })
    }

    /// Returns whether the outline contains a position.
    pub fn contains(&self, position: Position) -> bool {
        let point = Point::new(position.lon(), position.lat());
        self.bounds.intersects(&point) && self.polygons.intersects(&point)
    }
}

/// Relations between rows, by row index.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    pub facilities_of_center: Arc<Relation>,
    offers_of_center: Arc<Relation>,
    offers_of_facility: Arc<Relation>,
    offers_of_service: Arc<Relation>,
    events_of_center: Arc<Relation>,
    events_of_facility: Arc<Relation>,
    suggestions_of_center: Arc<Relation>,
    regions_of_region: Arc<Relation>,
    /// Outlines by index of the region.
    pub outlines: Arc<Vec<Option<Outline>>>,
    /// Indexes of the centers, sorted by code: the centers of a region are a contiguous range.
    centers_by_code: Arc<Vec<u32>>,
}

/// The indexes that must be rebuilt after edits.
#[expect(clippy::struct_excessive_bools, reason = "one flag for each table")]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stale {
    pub centers: bool,
    pub facilities: bool,
    pub offers: bool,
    pub events: bool,
    pub suggestions: bool,
    pub regions: bool,
    pub hours: bool,
    /// Indexes of centers or facilities have changed, so that all relations to them are stale.
    pub moved: bool,
}

impl Stale {
    /// All indexes.
    pub const ALL: Self = Self {
        centers: true,
        facilities: true,
        offers: true,
        events: true,
        suggestions: true,
        regions: true,
        hours: true,
        moved: true,
    };
}

impl Register {
    /// Rebuilds the stale indexes.
    pub(super) fn rebuild_links(&mut self, stale: Stale) {
        let links = &mut self.links;
        let (centers, facilities) = (&self.centers, &self.facilities);
        if stale.centers || stale.facilities {
            let of = facilities.iter().map(|f| centers.index_of_key(f.center.as_ref()?.as_str()));
            links.facilities_of_center = Arc::new(Relation::new(centers.len(), of));
        }
        if stale.centers {
            let mut order: Vec<u32> = (0..centers.len() as u32).collect();
            order.sort_unstable_by(|&a, &b| centers[a as usize].code.cmp(&centers[b as usize].code));
            links.centers_by_code = Arc::new(order);
        }
        if stale.offers || stale.moved {
            let offers = &self.offers;
            let of = |place: fn(&Offer) -> Option<i64>, rows: &dyn Fn(i64) -> Option<usize>, parents: usize| {
                let parents_of: Vec<Option<usize>> = offers.iter().map(|o| rows(place(o)?)).collect();
                Arc::new(Relation::new(parents, parents_of.into_iter()))
            };
            links.offers_of_center = of(|o| o.host.center(), &|id| centers.index_of(id), centers.len());
            links.offers_of_facility = of(|o| o.host.facility(), &|id| facilities.index_of(id), facilities.len());
            links.offers_of_service = of(|o| Some(o.service), &|id| self.services.index_of(id), self.services.len());
        }
        if stale.events || stale.moved {
            let of_center = self.events.iter().map(|e| centers.index_of(e.host.center()?));
            links.events_of_center = Arc::new(Relation::new(centers.len(), of_center));
            let of_facility = self.events.iter().map(|e| facilities.index_of(e.host.facility()?));
            links.events_of_facility = Arc::new(Relation::new(facilities.len(), of_facility));
        }
        if stale.suggestions || stale.moved {
            let of = self.suggestions.iter().map(|s| centers.index_of(s.center?));
            links.suggestions_of_center = Arc::new(Relation::new(centers.len(), of));
        }
        if stale.regions {
            let of = self.regions.iter().map(|r| r.code.ancestors().find_map(|code| self.regions.index_of_key(code)));
            links.regions_of_region = Arc::new(Relation::new(self.regions.len(), of));
            links.outlines = Arc::new(self.regions.iter().map(|region| Outline::new(region)).collect());
        }
        if stale.hours {
            self.parse_all_hours();
        }
    }

    /// Returns the indexes of the facilities in the center at an index.
    #[must_use]
    pub fn facilities_of_center(&self, center: usize) -> &[u32] {
        self.links.facilities_of_center.of(center)
    }

    /// Returns the indexes of the offers of the center at an index.
    #[must_use]
    pub fn offers_of_center(&self, center: usize) -> &[u32] {
        self.links.offers_of_center.of(center)
    }

    /// Returns the indexes of the offers of the facility at an index.
    #[must_use]
    pub fn offers_of_facility(&self, facility: usize) -> &[u32] {
        self.links.offers_of_facility.of(facility)
    }

    /// Returns the indexes of the offers of the service at an index.
    #[must_use]
    pub fn offers_of_service(&self, service: usize) -> &[u32] {
        self.links.offers_of_service.of(service)
    }

    /// Returns the indexes of the events of the center at an index.
    #[must_use]
    pub fn events_of_center(&self, center: usize) -> &[u32] {
        self.links.events_of_center.of(center)
    }

    /// Returns the indexes of the events of the facility at an index.
    #[must_use]
    pub fn events_of_facility(&self, facility: usize) -> &[u32] {
        self.links.events_of_facility.of(facility)
    }

    /// Returns the indexes of the suggestions for the center at an index.
    #[must_use]
    pub fn suggestions_of_center(&self, center: usize) -> &[u32] {
        self.links.suggestions_of_center.of(center)
    }

    /// Returns the indexes of the child regions of the region at an index.
    #[must_use]
    pub fn regions_of_region(&self, region: usize) -> &[u32] {
        self.links.regions_of_region.of(region)
    }

    /// Returns the index of the smallest region in the register that contains another region or a division.
    #[must_use]
    pub fn parent_region(&self, code: &RegionCode) -> Option<usize> {
        code.ancestors().find_map(|above| self.regions.index_of_key(above))
    }

    /// Returns the indexes of the centers of a region, sorted by code.
    #[must_use]
    pub fn centers_in(&self, region: &RegionCode) -> &[u32] {
        let order = &self.links.centers_by_code;
        let code = |&i: &u32| self.centers[i as usize].code.as_str();
        let low = order.partition_point(|i| code(i) < region.as_str());
        let high = low + order[low..].partition_point(|i| region.contains(code(i)));
        &order[low..high]
    }

    /// Returns the indexes of all centers, sorted by code.
    #[must_use]
    pub fn centers_by_code(&self) -> &[u32] {
        &self.links.centers_by_code
    }
}
