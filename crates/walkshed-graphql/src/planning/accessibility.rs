//! Accessibility of facilities to people, and its inequality.

use super::explanation::Explanation;
use super::need::{NeedInput, count_matching_facilities, question, question_error};
use crate::arguments::require_network;
use crate::budget;
use crate::cost::{self, City, Reach, SUMMED};
use crate::error::{bad_input, invalid};
use crate::register::{Region, world_with_scenario};
use crate::scalars::{Cells, Numbers, OptionalNumbers};
use crate::types::{Direction, Profile, round};
use crate::work_pools::analyse;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, AccessMeasure, Decay, Offered};

/// Estimated bytes of a cell with its people and value, as text and as list items.
const CELL_ACCESS_BYTES: usize = 200;

/// The measure of accessibility.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    /// The total supply within the limit.
    Cumulative,
    /// The total supply, weighted by a decay with distance. Requires `decay`.
    Gravity,
    /// Two-step floating catchment area (2SFCA): the sum of the supply per person who can reach it.
    TwoStep,
    /// Enhanced 2SFCA (E2SFCA): a decay with distance in both steps. Requires `decay`.
    EnhancedTwoStep,
    /// The distance to the k-th nearest facility in minutes or metres, with k = `need.minCount`. Lower is better.
    KthNearest,
}

/// The function of a distance decay. t is the distance in the unit of the need.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayKind {
    /// exp(-a t).
    Exponential,
    /// max(t, 1)^(-a).
    Power,
    /// exp(-t^2 / (2 a^2)). The weight is 0.61 at t = a.
    Gaussian,
    /// 1 / (1 + exp((t - a) / b)). The weight is 0.5 at t = a; a larger b makes the decay more gradual.
    Logistic,
}

/// A distance decay, which gives less weight to facilities that are farther away.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct DecayInput {
    /// The function.
    pub form: DecayKind,
    /// The parameter a of the function, more than 0.
    pub a: f64,
    /// The parameter b of LOGISTIC, more than 0. Required for LOGISTIC.
    pub b: Option<f64>,
}

impl DecayInput {
    fn read(self) -> Result<Decay> {
        let positive = |field: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(value)
            } else {
                Err(bad_input(field, value, "must be more than 0"))
            }
        };
        let a = positive("decay.a", self.a)?;
        Ok(match self.form {
            DecayKind::Exponential => Decay::Exponential { beta: a },
            DecayKind::Power => Decay::Power { alpha: a },
            DecayKind::Gaussian => Decay::Gaussian { sigma: a },
            DecayKind::Logistic => {
                let b = self.b.ok_or_else(|| bad_input("decay.b", "null", "must be given for LOGISTIC"))?;
                Decay::Logistic { midpoint: a, scale: positive("decay.b", b)? }
            }
        })
    }
}

/// The supply of a facility.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Offered")]
pub enum OfferedKind {
    /// 1 for each facility.
    Count,
    /// The capacity. Facilities with an unknown capacity have no supply.
    Capacity,
}

/// Accessibility by cell, as lists of equal length.
#[derive(SimpleObject)]
pub struct CellAccess {
    /// The cells in which people of the group live, in the order of the population.
    cells: Cells,
    /// The number of people in each cell.
    people: Numbers,
    /// The value of each cell. Null off the network and, for KTH_NEAREST, beyond the horizon.
    values: OptionalNumbers,
}

/// Accessibility in a region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionAccess {
    #[graphql(skip)]
    world: Arc<World>,
    /// The code of the region. Null for people whose region is unknown.
    code: Option<String>,
    /// The name of the region, if it is registered.
    name: Option<String>,
    /// The number of people in the region.
    people: f64,
    /// The number of people without a value: off the network or, for KTH_NEAREST, beyond the horizon of 120 minutes or
    /// 10 km.
    without_value: f64,
    /// The mean over the people who have a value.
    mean: Option<f64>,
}

#[ComplexObject]
impl RegionAccess {
    /// The region, if it is registered.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.index_of_key(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}

/// The inequality of accessibility among the people on the network. The quantity compared is the value of the measure.
/// For KTH_NEAREST, where lower is better, it is the remaining part of the limit: 1 - t / limit (Kwan 1998), so the
/// worst served always have the least. People with nothing within the limit count as 0. People off the network do not
/// count.
#[derive(SimpleObject)]
pub struct Inequality {
    /// The quantity compared, of which more is better.
    shared: String,
    /// The Gini coefficient over the people: 0 if all have the same, close to 1 if one person has everything. Null if
    /// nobody has anything.
    gini: Option<f64>,
    /// The Palma ratio: what the best served 10 % have, divided by what the worst served 40 % have. 0.25 if all have
    /// the same, more the greater the inequality. Null if the worst served 40 % have nothing.
    palma: Option<f64>,
    /// The Lorenz curve: the share of the total held by the worst served 0, 5, ..., 100 % of the people.
    lorenz: Numbers,
}

/// The accessibility of facilities to people.
pub struct AccessSurface {
    world: Arc<World>,
    found: Arc<analysis::Surface>,
}

/// The accessibility of facilities to people.
#[Object]
impl AccessSurface {
    /// The mean over the people who have a value. The unit depends on the measure: facilities or capacity, for TWO_STEP
    /// and ENHANCED_TWO_STEP the same per person, for KTH_NEAREST minutes or metres.
    async fn mean(&self) -> Option<f64> {
        self.found.mean().map(|v| round(v, 9))
    }

    /// Whether lower values are better. True for KTH_NEAREST, whose values are minutes or metres; false for all other
    /// measures.
    async fn less_is_better(&self) -> bool {
        self.found.measure.less_is_better()
    }

    /// The number of people in the region and group of the request.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// The number of people without a value: off the network or, for KTH_NEAREST, beyond the horizon of 120 minutes or
    /// 10 km. Means do not include them.
    async fn without_value(&self) -> f64 {
        round(self.found.without, 1)
    }

    /// The number of facilities that match the need.
    async fn facilities(&self) -> u64 {
        self.found.facilities
    }

    /// The number of these facilities without supply because their capacity is unknown.
    async fn unknown_capacity(&self) -> u64 {
        self.found.unknown_capacity
    }

    /// The inequality of accessibility among the people.
    async fn inequality(&self, ctx: &Context<'_>) -> Result<Inequality> {
        // The cost covers sorting the cells.
        cost::charge(ctx, cost::rows(self.found.cells.len()))?;
        let found = self.found.inequality();
        Ok(Inequality {
            shared: self.found.shared(),
            gini: found.gini.map(|v| round(v, 6)),
            palma: found.palma.map(|v| round(v, 6)),
            lorenz: Numbers(found.lorenz.into_iter().map(|p| round(p.1, 6)).collect()),
        })
    }

    /// The regions one level below the region of the request, in order of code.
    #[graphql(complexity = "100 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionAccess>> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let price = cost::rows(found.cells.len());
        let rows = cost::charge_and_run(ctx, price, move || found.by_region(&world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |r: analysis::RegionAccess| RegionAccess {
            world: self.world.clone(),
            code: r.code,
            name: r.name,
            people: round(r.people, 1),
            without_value: round(r.without, 1),
            mean: r.mean.map(|v| round(v, 9)),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The value of every cell.
    #[graphql(complexity = 5000)]
    async fn cells(&self, ctx: &Context<'_>) -> Result<CellAccess> {
        let cells = &self.found.cells;
        cost::charge(ctx, cost::rows(cells.len()))?;
        budget::charge(ctx, cells.len() * CELL_ACCESS_BYTES)?;
        Ok(CellAccess {
            cells: Cells(cells.iter().map(|c| c.cell).collect()),
            people: Numbers(cells.iter().map(|c| round(c.people, 2)).collect()),
            values: OptionalNumbers(cells.iter().map(|c| c.value.map(|v| round(v, 9))).collect()),
        })
    }

    /// Explains how the result was computed, so that it can be reproduced.
    async fn explain(&self) -> Result<Explanation> {
        Ok(analysis::Explanation::of_access(&self.world, require_network(&self.world)?, &self.found).into())
    }
}

#[derive(Default)]
pub struct AccessibilityQuery;

/// Queries about accessibility.
#[Object]
impl AccessibilityQuery {
    /// Computes the accessibility of facilities and its inequality: cumulative opportunities, gravity, floating
    /// catchment areas, or the distance to the k-th nearest.
    #[graphql(complexity = "20_000 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn accessibility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The measure.")] measure: AccessKind,
        #[graphql(desc = "The facilities and the limit. Must name one category, kinds or one service.")]
        need: NeedInput,
        #[graphql(desc = "The distance decay. Required for GRAVITY and ENHANCED_TWO_STEP, not allowed otherwise.")]
        decay: Option<DecayInput>,
        #[graphql(default_with = "OfferedKind::Count", desc = "The supply of each facility.")] offered: OfferedKind,
        #[graphql(desc = "Count only people who live in the region with this code. If omitted, everyone is counted.")]
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
    ) -> Result<AccessSurface> {
        let world = world_with_scenario(ctx, scenario.as_ref()).await?;
        require_network(&world)?;
        let question = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let decayed = |make: fn(Decay) -> AccessMeasure| match decay {
            Some(decay) => Ok(make(decay.read()?)),
            None => Err(bad_input("decay", "null", "is required for this measure")),
        };
        let engine = match measure {
            AccessKind::Gravity => decayed(AccessMeasure::Gravity)?,
            AccessKind::EnhancedTwoStep => decayed(AccessMeasure::EnhancedTwoStep)?,
            _ if decay.is_some() => {
                return Err(invalid("decay", "is only allowed for GRAVITY and ENHANCED_TWO_STEP"));
            }
            AccessKind::Cumulative => AccessMeasure::Cumulative,
            AccessKind::TwoStep => AccessMeasure::TwoStep,
            AccessKind::KthNearest => AccessMeasure::KthNearest,
        };
        let offered: Offered = offered.into();
        let city = City::of(&world);
        let need = &question.need;
        cost::charge(
            ctx,
            if engine == AccessMeasure::KthNearest {
                city.coverage(1, need.min_count)
            } else {
                let reach = Reach {
                    sites: count_matching_facilities(ctx, &world, need).await?,
                    are_facilities: true,
                    measure: need.measure,
                    limit: need.limit,
                    profile,
                };
                city.pairs(reach, SUMMED)
            },
        )?;
        let shared = world.clone();
        let found = analyse(ctx, move || {
            analysis::surface(&shared, require_network(&shared)?, question, &engine, offered).map_err(question_error)
        })
        .await??;
        Ok(AccessSurface { world, found: Arc::new(found) })
    }
}
