//! Gaps: areas of adjacent uncovered cells.

use super::coverage_answer::Answer;
use crate::register::{Facility, Region};
use crate::scalars::GeoJson;
use crate::types::{Category, round};
use crate::{budget, cost};
use async_graphql::{Context, Object, Result};
use std::sync::Arc;
use walkshed_analysis as analysis;
use walkshed_engine::geo::multi_polygon_text;

/// A gap: an area of adjacent uncovered cells.
pub struct CoverageGap {
    pub(super) coverage: Arc<Answer>,
    pub(super) index: usize,
}

impl CoverageGap {
    fn gap(&self) -> &analysis::Gap {
        &self.coverage.gaps()[self.index]
    }
}

/// A gap: an area of adjacent uncovered cells.
#[Object]
impl CoverageGap {
    /// The number of people who live in the gap.
    async fn people(&self) -> f64 {
        round(self.gap().people, 1)
    }

    /// The number of cells.
    async fn cell_count(&self) -> u64 {
        self.gap().cells.len() as u64
    }

    /// The outline as a GeoJSON MultiPolygon.
    #[graphql(complexity = 100)]
    async fn outline(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (coverage, index) = (self.coverage.clone(), self.index);
        let cells = self.gap().cells.len();
        let draw = move || multi_polygon_text(&coverage.found.outline(&coverage.gaps()[index].cells));
        let text = cost::charge_and_run(ctx, cost::outline(cells), draw).await?;
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// The district in which most of these people live.
    async fn district(&self) -> Option<Region> {
        let world = &self.coverage.world;
        let place = world.register.regions.index_of_key(self.gap().district.as_deref()?)?;
        Some(Region::at(world, place))
    }

    /// The facility nearest to any of the cells.
    async fn nearest(&self) -> Option<Facility> {
        Facility::by_id(&self.coverage.world, self.gap().nearest?.1)
    }

    /// The distance of that facility from the nearest of the cells, in the unit of the need.
    async fn to_nearest(&self) -> Option<f64> {
        self.coverage.measure().value(self.gap().nearest?.0).map(|v| round(v, 4))
    }

    /// The category that most people in the gap lack. Null if the need names kinds or a service.
    async fn missed_most(&self) -> Option<Category> {
        self.coverage.found.category_of(self.gap().missed.0).map(Into::into)
    }

    /// The number of people who lack that category.
    async fn missed_by(&self) -> f64 {
        round(self.gap().missed.1, 1)
    }
}
