//! Catchments, measures of access, and where the next facility helps most.

use super::budget;
use super::cost::{self, City, GAINED, Reach, SETTLED, SUMMED};
use super::coverage::{CoveredPeople, Explanation, NeedInput, Parameter, explain, question, wanted};
use super::error::{bad_input, not_found, stopped, too_many, unsnappable, within_bound};
use super::gate::analyse;
use super::ids::NodeId;
use super::jobs::is_job;
use super::reach::{check_minutes, network_of};
use super::register::{Center, Facility, Region, world_of};
use super::scalars::{Cells, GeoJson, H3Cell, Numbers, OptionalNumbers};
use super::types::{Direction, PlaceInput, PositionObject, Profile, round};
use super::{Nullable, nullable};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, AccessMeasure, Candidates, CatchmentError, Decay, Demand, Objective, Offered, QuestionError,
    SiteSearch, Travel,
};
use walkshed_engine::MAX_NEAREST;
use walkshed_engine::geo::multi_polygon_text;
use walkshed_register::{EVERYONE, Host, RecordKind, group_name};

/// Work that is done away from the thread that answers others.
const OFF_THREAD: usize = 10_000;
/// Sites suggested at once.
const MAX_SITES: usize = 200;
/// Sites when the request does not say.
const USUAL_SITES: i32 = 3;
/// How long the best sites are looked for, in seconds, and what that is charged as: one such search a request.
const EXACT_SECONDS: f64 = 2.0;
const EXACT_PRICE: usize = 1_600_000;
/// The same in a job, for which nobody sits and waits.
const EXACT_SECONDS_OF_JOBS: f64 = 60.0;
/// Places that may be given as candidates.
const MAX_PLACES: usize = 1000;
/// A cell, its people and its value, as text and as a list of values before that.
const CELL_ACCESS_BYTES: usize = 200;
/// Others told of a catchment at most.
const MAX_OVERLAPS: usize = 50;

/// Another facility or center that part of the people reach too.
#[derive(SimpleObject)]
pub struct CatchmentOverlap {
    /// The other facility, where it is one.
    facility: Option<Facility>,
    /// The other center, where it is one.
    center: Option<Center>,
    /// People who reach both within the limit.
    people: f64,
}

/// People of a group.
#[derive(SimpleObject)]
pub struct GroupPeople {
    /// The group, as `dataset.population.groups` names it.
    group: String,
    /// How many.
    people: f64,
}

/// Who reaches a facility or center within some minutes.
pub struct Catchment {
    world: Arc<World>,
    found: Arc<analysis::Catchment>,
    minutes: f64,
    groups: Vec<(String, f64)>,
}

/// Who reaches a facility or center within some minutes.
#[Object]
impl Catchment {
    /// The limit; what takes exactly as long is inside.
    async fn minutes(&self) -> f64 {
        self.minutes
    }

    /// People of the group asked about.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// Every group that is known, everyone ("all") first.
    async fn groups(&self) -> Vec<GroupPeople> {
        self.groups.iter().map(|(g, p)| GroupPeople { group: g.clone(), people: round(*p, 1) }).collect()
    }

    /// Of them, people who reach no other within the limit: no other facility of its category, or no other center.
    async fn exclusive_people(&self) -> f64 {
        round(self.found.exclusive, 1)
    }

    /// Area of the polygon in square kilometres.
    async fn area_km2(&self) -> Result<f64> {
        let network = network_of(&self.world)?;
        Ok(round(self.found.walkshed.area_km2(&self.found.walkshed.polygons(network)[0]), 4))
    }

    /// The outline: a GeoJSON MultiPolygon.
    async fn polygon(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let text = multi_polygon_text(&self.found.walkshed.polygons(network_of(&self.world)?)[0]);
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// Others of its sort that its people reach too, those with most people in common first. Of each home the ten nearest
    /// are looked at.
    #[graphql(complexity = "50 * child_complexity")]
    async fn overlaps(
        &self,
        #[graphql(default = 10, desc = "How many, 50 at most.")] first: i32,
    ) -> Result<Vec<CatchmentOverlap>> {
        let count = usize::try_from(first)
            .ok()
            .filter(|n| *n <= MAX_OVERLAPS)
            .ok_or_else(|| bad_input("first", first, format_args!("is not between 0 and {MAX_OVERLAPS}")))?;
        let other = |o: &analysis::Overlap| CatchmentOverlap {
            facility: o.other.facility().and_then(|id| Facility::numbered(&self.world, id)),
            center: o.other.center().and_then(|id| Center::numbered(&self.world, id)),
            people: round(o.people, 1),
        };
        Ok(self.found.overlaps.iter().take(count).map(other).collect())
    }
}

/// How access is measured. The formulas and their papers are in the documentation of the source (`analysis::access`).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    /// The sum of what is offered within the limit.
    Cumulative,
    /// The same, counting for less the farther it is (needs `decay`).
    Gravity,
    /// What is offered for each person who can reach it, summed (two-step floating catchment areas, 2SFCA).
    TwoStep,
    /// The same with a decay in both steps (E2SFCA; needs `decay`).
    EnhancedTwoStep,
    /// How far it is to the k-th nearest, k being `need.minCount`, in minutes or metres: of this less is better.
    KthNearest,
}

/// The forms a decay can have; t is in the unit of the need.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayKind {
    /// exp(-a t).
    Exponential,
    /// max(t, 1)^(-a).
    Power,
    /// exp(-t^2 / (2 a^2)): a is the time at which the weight is 0.61.
    Gaussian,
    /// 1 / (1 + exp((t - a) / b)): a is the time at which the weight is 0.5, b how gently it falls.
    Logistic,
}

/// How what is farther counts for less.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct DecayInput {
    /// The form.
    pub form: DecayKind,
    /// The parameter a of the form, more than 0.
    pub a: f64,
    /// The parameter b of LOGISTIC, more than 0.
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

/// What a facility offers.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Offered")]
pub enum OfferedKind {
    /// Itself: 1.
    Count,
    /// Its capacity; those whose capacity is not known offer nothing.
    Capacity,
}

/// Access by cell, as lists of the same length.
#[derive(SimpleObject)]
pub struct CellAccess {
    /// The cells with people of the group, in the order of the population.
    cells: Cells,
    /// People of each.
    people: Numbers,
    /// The value of each; null off the network, and for KTH_NEAREST past the horizon.
    values: OptionalNumbers,
}

/// Access of a region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionAccess {
    #[graphql(skip)]
    world: Arc<World>,
    /// Its code; null for people of whom it is not known where they belong.
    code: Option<String>,
    /// Its name, where the register has it.
    name: Option<String>,
    /// Its people.
    people: f64,
    /// Of them, people without a value: off the network, or for KTH_NEAREST past the horizon of 120 minutes or 10 km.
    without_value: f64,
    /// The mean over those who have a value.
    mean: Option<f64>,
}

#[ComplexObject]
impl RegionAccess {
    /// The region, where the register has it.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}

/// How unequally access is shared among the people on the network. What is shared is the value of the measure; for
/// KTH_NEAREST, of which less is better, what is left of the limit of the need: 1 - t / limit (Kwan 1998). So the worst served
/// are always those who have least of what is shared: the fewest facilities, or the longest way. Who has nothing within the
/// limit has 0 and counts; who is off the network does not count.
#[derive(SimpleObject)]
pub struct Inequality {
    /// What is shared, of which more is better.
    shared: String,
    /// Gini's coefficient over the people: 0 when all have the same, towards 1 when one has all. Null where nobody has any.
    gini: Option<f64>,
    /// What the best served tenth has, divided by what the worst served four tenths have (Palma's ratio): 0.25 when all have
    /// the same, more the less equal it is. Null where those four tenths have nothing.
    palma: Option<f64>,
    /// Lorenz's curve: for 0, 5, ... 100 % of the people, the worst served first, the share they have of all that is shared.
    lorenz: Numbers,
}

/// How much people can reach.
pub struct AccessSurface {
    world: Arc<World>,
    found: Arc<analysis::Surface>,
    method: String,
}

/// How much people can reach.
#[Object]
impl AccessSurface {
    /// The mean over the people who have a value. It is a sum of facilities or places, for TWO_STEP places for each person,
    /// for KTH_NEAREST minutes or metres.
    async fn mean(&self) -> Option<f64> {
        self.found.mean().map(|v| round(v, 9))
    }

    /// Is a low value a good one? True for KTH_NEAREST, whose values are minutes or metres; false for all others.
    async fn less_is_better(&self) -> bool {
        self.found.measure.less_is_better()
    }

    /// People asked about.
    async fn people(&self) -> f64 {
        round(self.found.people, 1)
    }

    /// Of them, people without a value: off the network, or for KTH_NEAREST past the horizon of 120 minutes or 10 km. They are
    /// in no mean.
    async fn without_value(&self) -> f64 {
        round(self.found.without, 1)
    }

    /// Facilities that count.
    async fn facilities(&self) -> u64 {
        self.found.facilities
    }

    /// Of them, those that offer nothing because their capacity is not known.
    async fn unknown_capacity(&self) -> u64 {
        self.found.unknown_capacity
    }

    /// How unequally it is shared among the people.
    async fn inequality(&self, ctx: &Context<'_>) -> Result<Inequality> {
        // Sorted.
        cost::charge(ctx, cost::rows(self.found.cells.len()))?;
        let found = self.found.inequality();
        Ok(Inequality {
            shared: self.found.shared(),
            gini: found.gini.map(|v| round(v, 6)),
            palma: found.palma.map(|v| round(v, 6)),
            lorenz: Numbers(found.lorenz.into_iter().map(|p| round(p.1, 6)).collect()),
        })
    }

    /// The regions one level below the one asked about, in the order of their codes.
    #[graphql(complexity = "100 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionAccess>> {
        let (world, found) = (self.world.clone(), self.found.clone());
        let price = cost::rows(found.cells.len());
        let rows = cost::priced(ctx, price, move || found.by_region(&world.register)).await?;
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

    /// All cells.
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

    /// How this answer came about, so that it can be made again.
    async fn explain(&self) -> Result<Explanation> {
        Ok(explain(&self.world, network_of(&self.world)?, &self.found.question, &[&self.method]))
    }
}

/// What is to be made as large, or as small, as can be.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingObjective {
    /// Most people within the limit, with `count` sites.
    MaxCover,
    /// Fewest sites for `share` of the people who have none today and whom any candidate reaches, `count` at most.
    MinFacilities,
    /// Least mean distance to the nearest, with `count` sites; what is beyond the limit counts as the limit.
    MinMeanTime,
}

/// Where something may be built.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitingCandidates {
    /// At the centre of every cell in which people of the group live.
    Cells,
    /// At the `places` given.
    Places,
    /// Where a facility is planned, closed for good, or open today but not in `mustKeep`.
    Vacant,
}

/// One place more.
pub struct SiteSuggestion {
    world: Arc<World>,
    found: analysis::SiteSuggestion,
    people: f64,
    group_covered: f64,
}

/// One place more.
#[Object]
impl SiteSuggestion {
    /// Where.
    async fn position(&self) -> PositionObject {
        self.found.position.into()
    }

    /// Its H3 cell, of resolution 9.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.found.cell)
    }

    /// The name of the nearest street, where it has one.
    async fn street(&self) -> Option<&str> {
        self.found.street.as_deref()
    }

    /// The facility that is planned or closed there, for VACANT.
    async fn facility(&self) -> Option<Facility> {
        Facility::numbered(&self.world, self.found.vacant?)
    }

    /// The place among those given, from 0, for PLACES.
    async fn place(&self) -> Option<u64> {
        self.found.given.map(|g| g as u64)
    }

    /// What it costs, of PLACES with `costs`; else 1.
    async fn cost(&self) -> f64 {
        self.found.cost
    }

    /// People covered by it and not before. For MIN_MEAN_TIME people times minutes (or metres) saved.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// People covered with it and all before it in the list.
    async fn covered(&self) -> f64 {
        round(self.group_covered, 1)
    }

    /// The same as a share of all people asked about.
    async fn share(&self) -> f64 {
        round(if self.people > 0.0 { self.group_covered / self.people } else { 0.0 }, 6)
    }

    /// The mean distance with it and all before it, what is beyond the limit counting as the limit.
    async fn mean(&self) -> f64 {
        round(self.found.mean, 4)
    }
}

/// Where the next facilities help most.
pub struct SiteSuggestions {
    world: Arc<World>,
    question: analysis::Question,
    found: Arc<analysis::Suggestions>,
    exact: bool,
    /// What the search was bound to, by name.
    told: Vec<Parameter>,
}

/// Where the next facilities help most.
#[Object]
impl SiteSuggestions {
    /// The places, in the order in which they help most.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn sites(&self, ctx: &Context<'_>) -> Result<Vec<SiteSuggestion>> {
        cost::charge_rows(ctx, self.found.list.len())?;
        let site = |found: &analysis::SiteSuggestion| SiteSuggestion {
            world: self.world.clone(),
            found: found.clone(),
            people: self.found.before.people,
            group_covered: found.covered,
        };
        Ok(self.found.list.iter().map(site).collect())
    }

    /// Coverage by the facilities that stay: all of today's, or those of `mustKeep`.
    async fn before(&self) -> CoveredPeople {
        self.found.before.into()
    }

    /// Coverage with all of them.
    async fn after(&self) -> CoveredPeople {
        self.found.after.into()
    }

    /// The mean distance to the facilities that stay, what is beyond the limit counting as the limit.
    async fn mean_before(&self) -> f64 {
        round(self.found.mean_before, 4)
    }

    /// What all of them gain.
    async fn gained(&self) -> f64 {
        round(self.found.gained, 1)
    }

    /// No choice of as many sites among these candidates gains more than this.
    async fn bound(&self) -> f64 {
        round(self.found.bound, 1)
    }

    /// How far the choice may be from the best, as a share of the bound: 0.03 says that it gains at least 97 % of
    /// what the best choice does.
    async fn gap(&self) -> f64 {
        round(self.found.gap, 6)
    }

    /// It is the best choice there is among these candidates.
    async fn exact(&self) -> bool {
        self.found.is_exact
    }

    /// For MIN_FACILITIES: no fewer sites can do.
    async fn fewest(&self) -> Option<u64> {
        self.found.fewest.map(|n| n as u64)
    }

    /// Candidates that were looked at.
    async fn candidates(&self) -> u64 {
        self.found.candidates
    }

    /// Of them, those that lie too far from any street.
    async fn candidates_off_network(&self) -> u64 {
        self.found.off_network
    }

    /// How this answer came about, so that it can be made again.
    async fn explain(&self) -> Result<Explanation> {
        let method = if self.exact {
            "Sites are the solution of a mixed-integer program (branch and bound, begun from the greedy choice); what is open today stays open, unless `mustKeep` leaves it out. `exact` says whether it was solved to the end."
        } else {
            "Sites are chosen one after the other, each time the one that gains most (greedy, with lazy evaluation); what is open today stays open, unless `mustKeep` leaves it out. The bound follows from the gains that were left, which only shrink as more is built."
        };
        let mut told = explain(&self.world, network_of(&self.world)?, &self.question, &[method]);
        told.parameters.extend(self.told.iter().cloned());
        Ok(told)
    }
}

/// The conditions of a search, those left out with what they then mean.
fn told_search(search: &SiteSearch) -> Vec<Parameter> {
    let number = |n: Option<f64>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
    let kept = search.kept.as_ref().map_or_else(|| "all of today".to_owned(), |ids| format!("{} of today", ids.len()));
    [
        ("objective", format!("{:?}", search.objective)),
        ("count", search.count.to_string()),
        ("capacity", number(search.capacity, "any number of people")),
        ("budget", number(search.budget, "none")),
        ("mustKeep", kept),
    ]
    .map(|(name, value)| Parameter { name: name.into(), value })
    .into()
}

/// The numbers of today's facilities that stay.
fn kept_ids(ids: Option<Vec<ID>>) -> Result<Option<Vec<i64>>> {
    let Some(ids) = ids else { return Ok(None) };
    within_bound("maxPlaces", "mustKeep", ids.len(), MAX_PLACES)?;
    let number = |id: &ID| {
        NodeId::number_of(RecordKind::Facility, id).ok_or_else(|| not_found("mustKeep", id, "facility with the id"))
    };
    ids.iter().map(number).collect::<Result<_>>().map(Some)
}

fn mended(e: QuestionError) -> async_graphql::Error {
    match e {
        QuestionError::TooLarge(e) => too_many("maxExact", format!("exact: {e}")),
        QuestionError::CapacityOfMean | QuestionError::ExactCapacity => bad_input("capacity", "this capacity:", e),
        QuestionError::BudgetOfFewest => bad_input("budget", "this budget:", e),
        QuestionError::NotOpenToday(id) => {
            let id = ID::from(NodeId::new(RecordKind::Facility, id));
            bad_input("mustKeep", format_args!("\"{}\"", *id), "is not open today for this need")
        }
        QuestionError::Stopped(why) => stopped(why),
        e => bad_input("need", "this need:", e),
    }
}

#[derive(Default)]
pub struct AnalysisQuery;

/// What planners and analysts ask.
#[Object]
impl AnalysisQuery {
    /// Who reaches a facility or center within some minutes, who of them has no other, and which others share them. Null
    /// where there is none of that id or code.
    #[graphql(complexity = "cost::sweeps(1) + cost::walkshed(&[minutes], profile) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn catchment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A center or facility.")] of: PlaceInput,
        #[graphql(default = 15.0, desc = "The limit; what takes exactly as long is inside.")] minutes: f64,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default_with = "Direction::Towards", desc = "Which way people travel.")] direction: Direction,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Nullable<Catchment> {
        nullable(async {
            let world = world_of(ctx, scenario.as_ref()).await?;
            network_of(&world)?;
            check_minutes(ctx, "minutes", minutes)?;
            cost::charge(ctx, City::of(&world).sweep(MAX_NEAREST) + cost::walkshed(&[minutes], profile))?;
            let register = &world.register;
            let host = match &of {
                PlaceInput::Center(code) => register.centers.find(code).map(|center| Host::Center(center.id)),
                PlaceInput::Facility(id) => NodeId::number_of(RecordKind::Facility, id).map(Host::Facility),
                PlaceInput::Point(_) | PlaceInput::Cell(_) => {
                    return Err(bad_input(
                        "of",
                        "a point or cell",
                        "is no place people come to: name a center or facility",
                    ));
                }
            };
            let Some(host) = host else { return Ok(None) };
            let name = group_name(&group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
            let demand =
                Demand::of(register, &name).ok_or_else(|| not_found("group", &group, "population of the group"))?;
            let travel = Travel { profile: profile.into(), direction: direction.into() };
            let shared = world.clone();
            let found = analyse(ctx, move || {
                let network = network_of(&shared)?;
                let found =
                    analysis::catchment(&shared, network, host, travel, minutes, &demand).map_err(|e| match e {
                        CatchmentError::Unsnappable(e) => unsnappable("of", e),
                        CatchmentError::Stopped(why) => stopped(why),
                    })?;
                if let Some(found) = &found {
                    found.walkshed.polygons(network);
                }
                Ok::<_, async_graphql::Error>(found)
            })
            .await??;
            let Some(found) = found else { return Ok(None) };
            let limit = walkshed_engine::Deciseconds::from_minutes(minutes);
            let names = std::iter::once(EVERYONE.to_owned()).chain(register.groups.keys().cloned());
            let groups = names
                .filter_map(|g| {
                    let people = found.walkshed.population(register, &g, limit)?;
                    Some((g, people))
                })
                .collect();
            Ok(Some(Catchment { found: Arc::new(found), minutes, groups, world: world.clone() }))
        })
        .await
    }

    /// How much people can reach, and how unequally it is shared: sums, gravity, floating catchment areas, the k-th nearest.
    #[graphql(complexity = "20_000 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn accessibility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How it is measured.")] measure: AccessKind,
        #[graphql(desc = "To what, within which limit: one category, kinds or service.")] need: NeedInput,
        #[graphql(desc = "How what is farther counts for less, for GRAVITY and ENHANCED_TWO_STEP.")] decay: Option<
            DecayInput,
        >,
        #[graphql(default_with = "OfferedKind::Count", desc = "What a facility offers.")] offered: OfferedKind,
        #[graphql(desc = "Only who lives in this region, by its code; everyone when left out.")] region: Option<String>,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default_with = "Direction::Towards", desc = "Which way people travel.")] direction: Direction,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<AccessSurface> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let decayed = |make: fn(Decay) -> AccessMeasure| match decay {
            Some(decay) => Ok(make(decay.read()?)),
            None => Err(bad_input("decay", "null", "must be given for this measure")),
        };
        let engine = match measure {
            AccessKind::Gravity => decayed(AccessMeasure::Gravity)?,
            AccessKind::EnhancedTwoStep => decayed(AccessMeasure::EnhancedTwoStep)?,
            _ if decay.is_some() => return Err(bad_input("decay", "", "is for GRAVITY and ENHANCED_TWO_STEP alone")),
            AccessKind::Cumulative => AccessMeasure::Cumulative,
            AccessKind::TwoStep => AccessMeasure::TwoStep,
            AccessKind::KthNearest => AccessMeasure::KthNearest,
        };
        let offered: Offered = offered.into();
        let city = City::of(&world);
        let need = &asked.need;
        cost::charge(
            ctx,
            if engine == AccessMeasure::KthNearest {
                city.coverage(1, need.min_count)
            } else {
                let reach = Reach {
                    sites: wanted(ctx, &world, need).await?,
                    are_facilities: true,
                    measure: need.measure,
                    limit: need.limit,
                    profile,
                };
                city.pairs(reach, SUMMED)
            },
        )?;
        let shared = world.clone();
        let told = format!(
            "Access is measured as {engine:?}, each facility offering its {}.",
            match offered {
                Offered::Count => "presence (1)",
                Offered::Capacity => "capacity",
            }
        );
        let found = analyse(ctx, move || {
            analysis::surface(&shared, network_of(&shared)?, asked, &engine, offered).map_err(mended)
        })
        .await??;
        Ok(AccessSurface { world, found: Arc::new(found), method: told })
    }

    /// Where the next facilities help most.
    #[graphql(complexity = "20_000 + counted_sites(count) * 10 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn site_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What people need within reach: one category, kinds or service.")] need: NeedInput,
        #[graphql(default_with = "SitingObjective::MaxCover", desc = "What is to be reached.")]
        objective: SitingObjective,
        #[graphql(desc = "How many sites at most, 1 to 200. Left out: 3, or with a budget as many as it buys.")]
        count: Option<i32>,
        #[graphql(default_with = "SitingCandidates::Cells", desc = "Where something may be built.")]
        candidates: SitingCandidates,
        #[graphql(desc = "The candidates, for PLACES: 1,000 at most.")] places: Option<Vec<PlaceInput>>,
        #[graphql(desc = "What each of `places` costs, in their order, 1,000 at most; 1 each when left out.")]
        costs: Option<Vec<f64>>,
        #[graphql(
            desc = "What the sites may cost together, for MAX_COVER and MIN_MEAN_TIME. The choice is then the better of the one that adds most for its cost, step by step, and the single best site."
        )]
        budget: Option<f64>,
        #[graphql(
            desc = "People that each new site takes, for MAX_COVER and MIN_FACILITIES: of those who have no place today, the nearest first. What is open today takes as many as its own capacity says, and keeps whom it has."
        )]
        capacity: Option<f64>,
        #[graphql(
            desc = "Ids of today's facilities that stay, 1,000 at most; the others are let go, and are candidates for VACANT. Left out, all stay."
        )]
        must_keep: Option<Vec<ID>>,
        #[graphql(
            default = 1.0,
            desc = "For MIN_FACILITIES: the share to cover of those who have none today and whom any candidate reaches. Not used otherwise."
        )]
        share: f64,
        #[graphql(
            default = false,
            desc = "Find the best choice there is, not one that is near it: for up to 400 candidates that gain anything and 20,000 pairs of one with a home, within 2 seconds (in a job 60)."
        )]
        exact: bool,
        #[graphql(desc = "Only for who lives in this region, and only there; everyone when left out.")] region: Option<
            String,
        >,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(default_with = "Direction::Towards", desc = "Which way people travel.")] direction: Direction,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<SiteSuggestions> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let usual = if budget.is_some() { MAX_SITES as i32 } else { USUAL_SITES };
        let count = count.unwrap_or(usual);
        let count = usize::try_from(count)
            .ok()
            .filter(|n| (1..=MAX_SITES).contains(n))
            .ok_or_else(|| bad_input("count", count, format_args!("is not between 1 and {MAX_SITES}")))?;
        let positive = |field: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(value)
            } else {
                Err(bad_input(field, value, "must be more than 0"))
            }
        };
        let budget = budget.map(|b| positive("budget", b)).transpose()?;
        let capacity = capacity.map(|c| positive("capacity", c)).transpose()?;
        let kept = kept_ids(must_keep)?;
        if !(share > 0.0 && share <= 1.0) {
            return Err(bad_input("share", share, "must be more than 0 and at most 1"));
        }
        let candidates = match (candidates, places) {
            (SitingCandidates::Places, Some(places)) if !places.is_empty() => {
                within_bound("maxPlaces", "places", places.len(), MAX_PLACES)?;
                let named = places.iter().enumerate();
                let read = named.map(|(n, p)| p.position(&world, &format!("places[{n}]")));
                let at: Vec<_> = read.collect::<Result<_>>()?;
                if let Some(costs) = &costs {
                    if costs.len() != at.len() {
                        let why = format!("of {} are not those of {} places", costs.len(), at.len());
                        return Err(bad_input("costs", "a list", why));
                    }
                    for (n, &cost) in costs.iter().enumerate() {
                        positive(&format!("costs[{n}]"), cost)?;
                    }
                }
                Candidates::Places { at, costs }
            }
            (SitingCandidates::Places, _) => {
                return Err(bad_input("places", "[]", "must name the candidates for PLACES"));
            }
            (_, Some(_)) => return Err(bad_input("places", "", "are for the candidates PLACES alone")),
            (_, None) if costs.is_some() => {
                return Err(bad_input("costs", "", "are those of `places`, for the candidates PLACES alone"));
            }
            (SitingCandidates::Cells, None) => Candidates::Cells,
            (SitingCandidates::Vacant, None) => Candidates::Vacant,
        };
        let objective = match objective {
            SitingObjective::MaxCover => Objective::MaxCover,
            SitingObjective::MinFacilities => Objective::MinFacilities { share },
            SitingObjective::MinMeanTime => Objective::MinMeanTime,
        };
        let seconds = if is_job(ctx) { EXACT_SECONDS_OF_JOBS } else { EXACT_SECONDS };
        let search = SiteSearch {
            exact_seconds: exact.then_some(seconds),
            capacity,
            budget,
            kept,
            ..SiteSearch::new(objective, count)
        };
        let told = told_search(&search);
        let (shared, question, places) = (world.clone(), asked.clone(), candidates.clone());
        // The homes of a region are counted away from here: where people live may have to be found first.
        let count_of = move || analysis::candidate_count(&shared, &question, &places);
        let sites = cost::run(ctx, cost::rows(world.register.facilities.len()).max(OFF_THREAD), count_of).await?;
        let (city, need) = (City::of(&world), &asked.need);
        let reach =
            |sites, are_facilities| Reach { sites, are_facilities, measure: need.measure, limit: need.limit, profile };
        let mut price =
            city.coverage(1, 1) + city.pairs(reach(sites, false), GAINED) + city.choice(search.count, sites);
        if capacity.is_some() {
            price = price.saturating_add(city.pairs(reach(wanted(ctx, &world, need).await?, true), SETTLED));
        }
        if exact {
            price = price.saturating_add(EXACT_PRICE);
        }
        cost::charge(ctx, price)?;
        let (shared, question) = (world.clone(), asked.clone());
        let found = analyse(ctx, move || {
            analysis::suggest_sites(&shared, network_of(&shared)?, &question, &search, &candidates).map_err(mended)
        })
        .await??;
        Ok(SiteSuggestions { world, question: asked, found: Arc::new(found), exact, told })
    }
}

fn counted_sites(count: Option<i32>) -> usize {
    usize::try_from(count.unwrap_or(USUAL_SITES)).unwrap_or_default().min(MAX_SITES)
}
