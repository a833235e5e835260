//! Suggested sites for new facilities.

use super::covered_people::CoveredPeople;
use super::explanation::Explanation;
use crate::arguments::require_network;
use crate::cost;
use crate::register::Facility;
use crate::scalars::H3Cell;
use crate::types::{PositionObject, round};
use async_graphql::{Context, Enum, Object, Result};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, SiteSearch};

/// The objective of a site search.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingObjective {
    /// Maximize the people covered within the limit by `count` sites.
    MaxCover,
    /// Minimize the number of sites, `count` at most, that cover `share` of the people who are uncovered now and whom
    /// some candidate reaches.
    MinFacilities,
    /// Minimize the mean distance to the nearest facility with `count` sites. Distances beyond the limit count as the
    /// limit.
    MinMeanTime,
}

/// The candidate sites.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingCandidates {
    /// The centre of every cell in which people of the group live.
    Cells,
    /// The given `places`.
    Places,
    /// The locations of facilities that are planned, permanently closed, or open today but not listed in `mustKeep`.
    Vacant,
}

/// A suggested site.
pub struct SiteSuggestion {
    world: Arc<World>,
    found: analysis::SiteSuggestion,
    /// The number of people in the region and group of the request.
    people: f64,
}

/// A suggested site.
#[Object]
impl SiteSuggestion {
    /// The position.
    async fn position(&self) -> PositionObject {
        self.found.position.into()
    }

    /// The H3 cell at resolution 9.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.found.cell)
    }

    /// The name of the nearest street, if it has one.
    async fn street(&self) -> Option<&str> {
        self.found.street.as_deref()
    }

    /// For VACANT: the facility at this location.
    async fn facility(&self) -> Option<Facility> {
        Facility::by_id(&self.world, self.found.vacant?)
    }

    /// For PLACES: the index in `places`, from 0.
    async fn place(&self) -> Option<u64> {
        self.found.given.map(|g| g as u64)
    }

    /// The cost of the site. 1 unless `costs` are given.
    async fn cost(&self) -> f64 {
        self.found.cost
    }

    /// The number of people newly covered by the site. For MIN_MEAN_TIME, people times minutes (or metres) saved.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// The number of people covered by this site and all sites before it in the list.
    async fn covered(&self) -> f64 {
        round(self.found.covered, 1)
    }

    /// The covered people as a share of all people in the region and group of the request.
    async fn share(&self) -> f64 {
        round(self.found.share(self.people), 6)
    }

    /// The mean distance with this site and all sites before it, in the unit of the need. Distances beyond the limit
    /// count as the limit.
    async fn mean(&self) -> f64 {
        round(self.found.mean, 4)
    }
}

/// The best sites for new facilities.
pub struct SiteSuggestions {
    pub(super) world: Arc<World>,
    pub(super) question: analysis::Question,
    pub(super) found: Arc<analysis::Suggestions>,
    pub(super) search: SiteSearch,
}

/// The best sites for new facilities.
#[Object]
impl SiteSuggestions {
    /// The sites, most useful first.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn sites(&self, ctx: &Context<'_>) -> Result<Vec<SiteSuggestion>> {
        cost::charge_rows(ctx, self.found.list.len())?;
        let site = |found: &analysis::SiteSuggestion| SiteSuggestion {
            world: self.world.clone(),
            found: found.clone(),
            people: self.found.before.people,
        };
        Ok(self.found.list.iter().map(site).collect())
    }

    /// The coverage by the facilities that remain: all of today's, or those in `mustKeep`.
    async fn before(&self) -> CoveredPeople {
        self.found.before.into()
    }

    /// The coverage with all suggested sites.
    async fn after(&self) -> CoveredPeople {
        self.found.after.into()
    }

    /// The mean distance to the facilities that remain, in the unit of the need. Distances beyond the limit count as
    /// the limit.
    async fn mean_before(&self) -> f64 {
        round(self.found.mean_before, 4)
    }

    /// The total gain of all suggested sites.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// An upper bound on the gain of any choice of the same number of sites among these candidates.
    async fn bound(&self) -> f64 {
        round(self.found.bound, 1)
    }

    /// The optimality gap: how far the choice may be from the best one, as a share of the bound. At 0.03 the choice
    /// gains at least 97 % of the best possible gain.
    async fn gap(&self) -> f64 {
        round(self.found.gap, 6)
    }

    /// Whether the choice is proven to be the best among these candidates.
    async fn exact(&self) -> bool {
        self.found.is_exact
    }

    /// For MIN_FACILITIES: a lower bound on the number of sites required.
    async fn fewest(&self) -> Option<u64> {
        self.found.fewest.map(|n| n as u64)
    }

    /// The number of candidates considered.
    async fn candidates(&self) -> u64 {
        self.found.candidates
    }

    /// The number of candidates that are too far from any street.
    async fn candidates_off_network(&self) -> u64 {
        self.found.off_network
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        let network = require_network(&self.world)?;
        Ok(analysis::Explanation::of_sites(&self.world, network, &self.question, &self.search).into())
    }
}
