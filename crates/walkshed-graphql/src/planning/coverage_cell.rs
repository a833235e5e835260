//! Coverage of a population cell.

use crate::register::Facility;
use crate::scalars::H3Cell;
use crate::types::{Category, round};
use async_graphql::Object;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, CellCover};
use walkshed_engine::Deciseconds;

/// A population cell and its coverage.
pub struct CellCoverage {
    pub(super) world: Arc<World>,
    pub(super) found: Arc<analysis::Coverage>,
    pub(super) index: usize,
}

impl CellCoverage {
    fn row(&self) -> &CellCover {
        &self.found.cells[self.index]
    }

    /// Converts a network cost to the unit of the need.
    fn distance(&self, cost: Deciseconds) -> Option<f64> {
        self.found.question.need.measure.value(cost).map(|v| round(v, 4))
    }
}

/// A population cell and its coverage.
#[Object]
impl CellCoverage {
    /// The H3 cell.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.row().cell)
    }

    /// The number of people in the group of the request.
    async fn people(&self) -> f64 {
        round(self.row().people, 2)
    }

    /// Whether the cell has everything needed within the limit.
    async fn covered(&self) -> bool {
        self.row().is_covered()
    }

    /// Whether the cell is close enough to a street that the profile can use.
    async fn on_network(&self) -> bool {
        self.row().on_network
    }

    /// The distance to the nearest facility, in the unit of the need. For several categories, the distance for the
    /// category that is farthest away. Null beyond the horizon of 120 minutes or 10 km.
    async fn to_nearest(&self) -> Option<f64> {
        self.row().nearest.and_then(|n| self.distance(n.0))
    }

    /// The distance to the facility that completes `minCount`, which is compared with the limit. Null beyond the
    /// horizon.
    async fn to_counted(&self) -> Option<f64> {
        self.distance(self.row().time)
    }

    /// The nearest facility.
    async fn nearest(&self) -> Option<Facility> {
        Facility::by_id(&self.world, self.row().nearest?.1)
    }

    /// The categories that are not available within the limit.
    async fn missing(&self) -> Vec<Category> {
        self.found.missing_parts(self.row()).filter_map(|part| part.category.map(Into::into)).collect()
    }
}
