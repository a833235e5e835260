//! The query that suggests sites: reads its arguments, estimates its cost, runs the search.

use super::need::{NeedInput, count_matching_facilities, question, question_error};
use super::sites::{SiteSuggestions, SitingCandidates, SitingObjective};
use crate::arguments::require_network;
use crate::context::is_job;
use crate::cost::{self, City, GAINED, Reach, SETTLED};
use crate::error::{bad_input, invalid, not_found, within_bound};
use crate::ids::NodeId;
use crate::place_list::PlaceList;
use crate::register::world_with_scenario;
use crate::types::{Direction, Profile};
use crate::work_pools::analyse;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Candidates, Objective, SiteSearch};
use walkshed_register::RecordKind;

/// Estimated cost from which work runs on a separate thread.
const SEPARATE_THREAD_COST: usize = 10_000;
/// Maximum number of sites in one request.
const MAX_SITES: usize = 200;
/// Default number of sites.
const DEFAULT_SITES: i32 = 3;
/// Time limit of an exact search in seconds, and its estimated cost. A request may run one such search.
const EXACT_SECONDS: f64 = 2.0;
const EXACT_COST: usize = 1_600_000;
/// The time limit in a job, which no client waits for.
const EXACT_SECONDS_IN_JOBS: f64 = 60.0;
/// Maximum number of candidate places.
const MAX_PLACES: usize = 1000;
/// Reads the ids of the facilities that remain.
fn remaining_ids(ids: Option<Vec<ID>>) -> Result<Option<Vec<i64>>> {
    let Some(ids) = ids else { return Ok(None) };
    within_bound("maxPlaces", "mustKeep", ids.len(), MAX_PLACES)?;
    let number = |id: &ID| {
        NodeId::number_of(RecordKind::Facility, id).ok_or_else(|| not_found("mustKeep", id, "facility with the id"))
    };
    ids.iter().map(number).collect::<Result<_>>().map(Some)
}

/// Checks that a number is more than 0.
fn positive(field: &str, value: f64) -> Result<f64> {
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err(bad_input(field, value, "must be more than 0")) }
}

/// Reads the candidate sites.
fn read_candidates(
    world: &World,
    candidates: SitingCandidates,
    places: Option<PlaceList>,
    costs: Option<Vec<f64>>,
) -> Result<Candidates> {
    match (candidates, places) {
        (SitingCandidates::Places, Some(PlaceList(places))) if !places.is_empty() => {
            within_bound("maxPlaces", "places", places.len(), MAX_PLACES)?;
            let named = places.iter().enumerate();
            let read = named.map(|(n, place)| place.position(world, &format!("places[{n}]")));
            let at: Vec<_> = read.collect::<Result<_>>()?;
            if let Some(costs) = &costs {
                if costs.len() != at.len() {
                    let why = format!("{} items for {} places; give one for each place", costs.len(), at.len());
                    return Err(invalid("costs", why));
                }
                for (n, &cost) in costs.iter().enumerate() {
                    positive(&format!("costs[{n}]"), cost)?;
                }
            }
            Ok(Candidates::Places { at, costs })
        }
        (SitingCandidates::Places, _) => Err(bad_input("places", "[]", "must name the candidates for PLACES")),
        (_, Some(_)) => Err(invalid("places", "is only allowed for the candidates PLACES")),
        (_, None) if costs.is_some() => Err(invalid("costs", "is only allowed for the candidates PLACES")),
        (SitingCandidates::Cells, None) => Ok(Candidates::Cells),
        (SitingCandidates::Vacant, None) => Ok(Candidates::Vacant),
    }
}

/// Estimates the cost of a search among a number of candidates.
async fn search_cost(
    ctx: &Context<'_>,
    world: &Arc<World>,
    (question, profile): (&analysis::Question, Profile),
    search: &SiteSearch,
    candidates: usize,
) -> Result<usize> {
    let (city, need) = (City::of(world), &question.need);
    let reach =
        |sites, are_facilities| Reach { sites, are_facilities, measure: need.measure, limit: need.limit, profile };
    let mut cost =
        city.coverage(1, 1) + city.pairs(reach(candidates, false), GAINED) + city.choice(search.count, candidates);
    if search.capacity.is_some() {
        let facilities = count_matching_facilities(ctx, world, need).await?;
        cost = cost.saturating_add(city.pairs(reach(facilities, true), SETTLED));
    }
    if search.exact_seconds.is_some() {
        cost = cost.saturating_add(EXACT_COST);
    }
    Ok(cost)
}

#[derive(Default)]
pub struct SiteQuery;

/// Queries about sites for new facilities.
#[Object]
impl SiteQuery {
    /// Suggests the best sites for new facilities.
    #[graphql(complexity = "20_000 + counted_sites(count) * 10 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn site_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What people need. Must name one category, kinds or one service.")] need: NeedInput,
        #[graphql(default_with = "SitingObjective::MaxCover", desc = "The objective.")] objective: SitingObjective,
        #[graphql(
            desc = "Maximum number of sites, 1 to 200. The default is 3, or with a budget as many as it allows."
        )]
        count: Option<i32>,
        #[graphql(default_with = "SitingCandidates::Cells", desc = "The candidate sites.")]
        candidates: SitingCandidates,
        #[graphql(desc = "For PLACES: the candidates, at most 1,000.")] places: Option<PlaceList>,
        #[graphql(desc = "The cost of each of `places`, in the same order, at most 1,000. If omitted, each costs 1.")]
        costs: Option<Vec<f64>>,
        #[graphql(
            desc = "The maximum total cost of the sites, for MAX_COVER and MIN_MEAN_TIME. The result is the better of two choices: the greedy choice by gain per cost, and the single best site."
        )]
        budget: Option<f64>,
        #[graphql(
            desc = "The number of people that each new site can serve, for MAX_COVER and MIN_FACILITIES. Sites serve people without a place today, nearest first. Existing facilities keep the people they serve, within their own capacity."
        )]
        capacity: Option<f64>,
        #[graphql(
            desc = "The ids of existing facilities that remain, at most 1,000. The others are removed and become candidates for VACANT. If omitted, all remain."
        )]
        must_keep: Option<Vec<ID>>,
        #[graphql(
            default = 1.0,
            desc = "For MIN_FACILITIES: the share to cover of the people who are uncovered now and whom some candidate reaches. More than 0, at most 1. Ignored otherwise."
        )]
        share: f64,
        #[graphql(
            default = false,
            desc = "If true, search for the optimal choice instead of an approximation. Allows up to 400 candidates with any gain and 20,000 pairs of candidate and cell. Stops after 2 seconds (60 seconds in a job)."
        )]
        exact: bool,
        #[graphql(
            desc = "Consider only people and candidates in the region with this code. If omitted, the whole city is considered."
        )]
        region: Option<String>,
        #[graphql(default = "all", desc = "The population group, as listed in `dataset.population.groups`.")]
        group: String,
        #[graphql(default_with = "Profile::Adult", desc = "The travel profile.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "The direction of travel: TOWARDS the facilities or FROM them."
        )]
        direction: Direction,
        #[graphql(
            desc = "Apply this scenario, given by its id or key, before answering. If omitted, the city is used as it is."
        )]
        scenario: Option<ID>,
    ) -> Result<SiteSuggestions> {
        let world = world_with_scenario(ctx, scenario.as_ref()).await?;
        require_network(&world)?;
        let question = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let default = if budget.is_some() { MAX_SITES as i32 } else { DEFAULT_SITES };
        let count = count.unwrap_or(default);
        let count = usize::try_from(count)
            .ok()
            .filter(|n| (1..=MAX_SITES).contains(n))
            .ok_or_else(|| bad_input("count", count, format_args!("is not between 1 and {MAX_SITES}")))?;
        let budget = budget.map(|b| positive("budget", b)).transpose()?;
        let capacity = capacity.map(|c| positive("capacity", c)).transpose()?;
        let kept = remaining_ids(must_keep)?;
        if !(share > 0.0 && share <= 1.0) {
            return Err(bad_input("share", share, "must be more than 0 and at most 1"));
        }
        let candidates = read_candidates(&world, candidates, places, costs)?;
        let objective = match objective {
            SitingObjective::MaxCover => Objective::MaxCover,
            SitingObjective::MinFacilities => Objective::MinFacilities { share },
            SitingObjective::MinMeanTime => Objective::MinMeanTime,
        };
        let max_seconds = if is_job(ctx) { EXACT_SECONDS_IN_JOBS } else { EXACT_SECONDS };
        let search = SiteSearch {
            exact_seconds: exact.then_some(max_seconds),
            capacity,
            budget,
            kept,
            ..SiteSearch::new(objective, count)
        };
        let (shared, query, places) = (world.clone(), question.clone(), candidates.clone());
        // Counting the candidates of a region runs on a separate thread, because it may have to assign cells to regions
        // first.
        let count_of = move || analysis::candidate_count(&shared, &query, &places);
        let sites =
            cost::run(ctx, cost::rows(world.register.facilities.len()).max(SEPARATE_THREAD_COST), count_of).await?;
        let price = search_cost(ctx, &world, (&question, profile), &search, sites).await?;
        cost::charge(ctx, price)?;
        let (shared, query, options) = (world.clone(), question.clone(), search.clone());
        let found = analyse(ctx, move || {
            analysis::suggest_sites(&shared, require_network(&shared)?, &query, &options, &candidates)
                .map_err(question_error)
        })
        .await??;
        Ok(SiteSuggestions { world, question, found: Arc::new(found), search })
    }
}

fn counted_sites(count: Option<i32>) -> usize {
    usize::try_from(count.unwrap_or(DEFAULT_SITES)).unwrap_or_default().min(MAX_SITES)
}
