//! Numbers of people and how many of them are covered: in total, by category, by region.

use crate::register::Region;
use crate::types::{Category, round};
use async_graphql::{ComplexObject, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::Share;
use walkshed_analysis::world::World;

/// A number of people and how many of them are covered.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct CoveredPeople {
    /// All people in the region and group of the request.
    pub people: f64,
    /// People who have everything they need within the limit.
    pub covered: f64,
    /// People who lack something they need within the limit.
    pub uncovered: f64,
    /// People whose cell is too far from any street that the profile can use. They count as neither covered nor
    /// uncovered.
    pub off_network: f64,
    /// Covered people divided by all people.
    pub share: f64,
}

impl From<Share> for CoveredPeople {
    fn from(s: Share) -> Self {
        Self {
            people: round(s.people, 1),
            covered: round(s.covered, 1),
            uncovered: round(s.uncovered(), 1),
            off_network: round(s.off_network, 1),
            share: round(s.share(), 6),
        }
    }
}

/// The coverage by one category alone.
#[derive(SimpleObject)]
pub struct CategoryCoverage {
    /// The category. Null if the need names kinds or a service.
    pub(super) category: Option<Category>,
    /// The number of facilities that match the need.
    pub(super) facilities: u64,
    /// The people and how many of them are covered.
    pub(super) people: CoveredPeople,
}

/// The coverage of one region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionCoverage {
    #[graphql(skip)]
    pub(super) world: Arc<World>,
    /// The code of the region. Null for people whose region is unknown.
    pub(super) code: Option<String>,
    /// The name of the region, if it is registered.
    pub(super) name: Option<String>,
    /// The people and how many of them are covered.
    pub(super) people: CoveredPeople,
}

#[ComplexObject]
impl RegionCoverage {
    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}
