//! Catchments: who can reach a facility or center.

use crate::arguments::{check_minutes, require_network};
use crate::budget;
use crate::context::{Nullable, nullable};
use crate::cost::{self, City};
use crate::error::{bad_input, not_found, stopped, unsnappable};
use crate::ids::NodeId;
use crate::register::{Center, Facility, world_with_scenario};
use crate::scalars::GeoJson;
use crate::types::{Direction, PlaceInput, Profile, WalkshedDetail, round};
use crate::work_pools::analyse;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, CatchmentError, Demand, Travel};
use walkshed_engine::MAX_NEAREST;
use walkshed_register::{Host, RecordKind, group_name};

/// Maximum number of overlaps returned for a catchment.
const MAX_OVERLAPS: usize = 50;

/// Another facility or center that some of the people in the catchment can reach too.
#[derive(SimpleObject)]
pub struct CatchmentOverlap {
    /// The other facility. Null if it is a center.
    facility: Option<Facility>,
    /// The other center. Null if it is a facility.
    center: Option<Center>,
    /// The number of people who can reach both within the limit.
    people: f64,
}

/// The number of people of a group.
#[derive(SimpleObject)]
pub struct GroupPeople {
    /// The name of the group, as listed in `dataset.population.groups`.
    group: String,
    /// The number of people.
    people: f64,
}

/// The catchment of a facility or center: the people who can reach it within a time limit.
pub struct Catchment {
    world: Arc<World>,
    found: Arc<analysis::Catchment>,
    minutes: f64,
    groups: Vec<(String, f64)>,
}

/// The catchment of a facility or center: the people who can reach it within a time limit.
#[Object]
impl Catchment {
    /// The time limit in minutes. A travel time equal to the limit is within it.
    async fn minutes(&self) -> f64 {
        self.minutes
    }

    /// The number of people in the group of the request.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// The people of every population group, starting with everyone ("all").
    async fn groups(&self) -> Vec<GroupPeople> {
        self.groups.iter().map(|(g, p)| GroupPeople { group: g.clone(), people: round(*p, 1) }).collect()
    }

    /// The number of these people who can reach no other facility of the same category, or no other center, within the
    /// limit.
    async fn exclusive_people(&self) -> f64 {
        round(self.found.exclusive, 1)
    }

    /// The area of the polygon in square kilometres.
    async fn area_km2(&self) -> Result<f64> {
        let network = require_network(&self.world)?;
        Ok(round(self.found.walkshed.area_km2(&self.found.walkshed.outlines(network)[0]), 4))
    }

    /// The outline as a GeoJSON MultiPolygon, drawn as a walkshed of detail NORMAL.
    async fn polygon(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let text = self.found.walkshed.outlines(require_network(&self.world)?)[0].geojson();
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// Other facilities of the same category, or other centers, that people in the catchment can reach too, most shared
    /// people first. For each cell, the ten nearest are considered.
    #[graphql(complexity = "50 * child_complexity")]
    async fn overlaps(
        &self,
        #[graphql(default = 10, desc = "Maximum number of overlaps to return (default 10, maximum 50).")] first: i32,
    ) -> Result<Vec<CatchmentOverlap>> {
        let count = usize::try_from(first)
            .ok()
            .filter(|n| *n <= MAX_OVERLAPS)
            .ok_or_else(|| bad_input("first", first, format_args!("is not between 0 and {MAX_OVERLAPS}")))?;
        let other = |o: &analysis::Overlap| CatchmentOverlap {
            facility: o.other.facility().and_then(|id| Facility::by_id(&self.world, id)),
            center: o.other.center().and_then(|id| Center::by_id(&self.world, id)),
            people: round(o.people, 1),
        };
        Ok(self.found.overlaps.iter().take(count).map(other).collect())
    }
}

#[derive(Default)]
pub struct CatchmentQuery;

/// Queries about catchments.
#[Object]
impl CatchmentQuery {
    /// Computes the catchment of a facility or center: who can reach it within a time limit, who of them can reach no
    /// other, and which others share them. Null if no record has the given id or code.
    #[graphql(
        complexity = "cost::sweeps(1) + cost::walkshed(&[minutes], profile, WalkshedDetail::Normal) + child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn catchment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The center or facility.")] of: PlaceInput,
        #[graphql(
            default = 15.0,
            desc = "The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise. A travel time equal to the limit is within it."
        )]
        minutes: f64,
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
    ) -> Nullable<Catchment> {
        nullable(async {
            let world = world_with_scenario(ctx, scenario.as_ref()).await?;
            require_network(&world)?;
            check_minutes(ctx, "minutes", minutes)?;
            cost::charge(
                ctx,
                City::of(&world).sweep(MAX_NEAREST) + cost::walkshed(&[minutes], profile, WalkshedDetail::Normal),
            )?;
            let register = &world.register;
            let host = match &of {
                PlaceInput::Center(code) => register.centers.find(code).map(|center| Host::Center(center.id)),
                PlaceInput::Facility(id) => NodeId::number_of(RecordKind::Facility, id).map(Host::Facility),
                PlaceInput::Point(_) | PlaceInput::Cell(_) => {
                    return Err(bad_input("of", "a point or cell", "is not allowed here: name a center or facility"));
                }
            };
            let Some(host) = host else { return Ok(None) };
            let name = group_name(&group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
            let demand =
                Demand::of(register, &name).ok_or_else(|| not_found("group", &group, "population of the group"))?;
            let travel = Travel { profile: profile.into(), direction: direction.into() };
            let shared = world.clone();
            let found = analyse(ctx, move || {
                let network = require_network(&shared)?;
                let found =
                    analysis::catchment(&shared, network, host, travel, minutes, &demand).map_err(|e| match e {
                        CatchmentError::Unsnappable(e) => unsnappable("of", e),
                        CatchmentError::Stopped(why) => stopped(why),
                    })?;
                if let Some(found) = &found {
                    found.walkshed.outlines(network);
                }
                Ok::<_, async_graphql::Error>(found)
            })
            .await??;
            let Some(found) = found else { return Ok(None) };
            let groups = found.people_by_group(register, minutes);
            Ok(Some(Catchment { found: Arc::new(found), minutes, groups, world: world.clone() }))
        })
        .await
    }
}
