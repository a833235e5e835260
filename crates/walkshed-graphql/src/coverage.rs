//! Coverage: who has what they need within reach, and where they have not.

use super::budget;
use super::cost::{City, Reach, SETTLED};
use super::error::{bad_input, not_found, stopped, too_many, within_bound};
use super::gate::analyse;
use super::paging::{PageArguments, SortKey, Total, connection, counted, page, page_by};
use super::reach::network_of;
use super::register::{Facility, Region, kind_keys, region_code, service_numbers, world_of};
use super::scalars::{DateTime, GeoJson, H3Cell};
use super::types::{Category, Direction, Profile, round};
use super::words::Audience;
use super::{Nullable, cost, current, kinds, limits, nullable};
use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use h3o::Resolution;
use std::sync::{Arc, OnceLock};
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, CellCover, HORIZON_METRES, Measure, Need, Part, Question, QuestionError, Share, Travel, Wishes,
    cells_text,
};
use walkshed_engine::geo::multi_polygon_text;
use walkshed_engine::{MAX_NEAREST, Network};
use walkshed_register as register;

/// Minutes when the request names neither minutes nor metres: the 15-minute service circle.
const DEFAULT_MINUTES: f64 = 15.0;
/// Shares that percentiles may be asked for at once.
const MAX_SHARES: usize = 20;
/// Gaps outlined in one GeoJSON answer.
const MAX_OUTLINES: usize = 1000;

/// What people need within reach: `category`, `kinds` or `service` say of what; all seven categories when none is given. Within
/// `minutes` or `metres`; 15 minutes when neither is given.
#[derive(InputObject, Debug, Clone, Default)]
pub struct NeedInput {
    /// Facilities of this category.
    pub category: Option<Category>,
    /// Facilities of any of these kinds, by their keys in `facilityKinds`; at most 1,000.
    pub kinds: Option<Vec<String>>,
    /// Facilities that offer this service, by its id.
    pub service: Option<ID>,
    /// Within so many minutes; what takes exactly as long is inside.
    pub minutes: Option<f64>,
    /// Within so many metres over the network; what is exactly as far is inside.
    pub metres: Option<f64>,
    /// So many of them, 1 to 10.
    #[graphql(default = 1)]
    pub min_count: i32,
    /// Only those open at this moment. Those whose hours are not recorded, or say that it depends, are left out.
    pub open_at: Option<DateTime>,
    /// Only those for these people.
    pub audience: Option<Audience>,
    /// true: only those that are entered without a step; false is as left out.
    pub step_free: Option<bool>,
}

/// What limits and distances count.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Measure")]
pub enum CoverageUnit {
    /// Travel time in minutes.
    Minutes,
    /// Length of the way over the network in metres.
    Metres,
}

impl NeedInput {
    /// How many parts it has, for what it costs.
    pub fn parts(&self) -> usize {
        if self.category.is_none() && self.kinds.is_none() && self.service.is_none() { 7 } else { 1 }
    }

    /// The need as the engine takes it.
    pub fn read(&self, ctx: &Context<'_>) -> Result<Need> {
        let (measure, limit) = match (self.minutes, self.metres) {
            (Some(_), Some(metres)) => {
                return Err(bad_input("need.metres", metres, "cannot be given together with minutes"));
            }
            (None, Some(metres)) => (Measure::Metres, metres),
            (minutes, None) => (Measure::Minutes, minutes.unwrap_or(DEFAULT_MINUTES)),
        };
        match measure {
            Measure::Minutes => {
                super::reach::check_minutes(ctx, "need.minutes", limit)?;
            }
            Measure::Metres => {
                if !(limit > 0.0 && limit.is_finite()) {
                    return Err(bad_input("need.metres", limit, "must be more than 0 metres"));
                }
                if limit > HORIZON_METRES {
                    let why =
                        format!("need.metres: {limit} metres are more than this server searches ({HORIZON_METRES})");
                    return Err(too_many("maxMetres", why));
                }
            }
        }
        let min_count =
            usize::try_from(self.min_count).ok().filter(|n| (1..=MAX_NEAREST).contains(n)).ok_or_else(|| {
                bad_input("need.minCount", self.min_count, format_args!("is not between 1 and {MAX_NEAREST}"))
            })?;
        let named = [self.category.is_some(), self.kinds.is_some(), self.service.is_some()];
        if named.iter().filter(|n| **n).count() > 1 {
            return Err(bad_input(
                "need",
                "category, kinds, service",
                "are three ways to say of what: give one of them",
            ));
        }
        let common = Wishes {
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            step_free: self.step_free == Some(true),
            ..Wishes::default()
        };
        within_bound(
            "maxListItems",
            "need.kinds",
            self.kinds.as_ref().map_or(0, Vec::len),
            limits(ctx).max_list_items,
        )?;
        if self.kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(bad_input("need.kinds", "[]", "must name at least one kind"));
        }
        let services = service_numbers("need.service", self.service.as_slice())?;
        if let (Some(id), Some(number)) = (&self.service, services.first())
            && current(ctx).register.services.get(*number).is_none()
        {
            return Err(not_found("need.service", id, "service with the id"));
        }
        let kinds = kind_keys("need.kinds", kinds(ctx), self.kinds.as_deref().unwrap_or_default())?;
        let part = |category: Option<register::Category>| Part {
            category,
            wishes: Wishes { categories: category.into_iter().collect(), ..common.clone() },
        };
        let parts = if let Some(category) = self.category {
            vec![part(Some(category.into()))]
        } else if !kinds.is_empty() || !services.is_empty() {
            vec![Part { category: None, wishes: Wishes { kinds, services, ..common } }]
        } else {
            register::Category::ALL.into_iter().map(|category| part(Some(category))).collect()
        };
        Ok(Need { parts, measure, limit, min_count })
    }
}

/// People, and how many of them have what they need.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct CoveredPeople {
    /// All people asked about.
    pub people: f64,
    /// People who have everything that is needed within the limit.
    pub covered: f64,
    /// People who have not.
    pub uncovered: f64,
    /// People whose cell lies too far from any street this profile can use: neither covered nor uncovered.
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

/// A bar of a histogram: people who have it farther than `from`, and no farther than `to`.
#[derive(SimpleObject)]
pub struct CoverageBar {
    /// In the unit of the need; itself outside, but for 0.
    from: f64,
    /// In the unit of the need; itself inside. Null for the last bar, which has no end.
    to: Option<f64>,
    /// How many people.
    people: f64,
}

/// What facilities take when each has room for as many as its capacity says.
#[derive(SimpleObject)]
pub struct CapacityUse {
    /// Facilities whose capacity is known.
    limited: u64,
    /// Their places together.
    room: f64,
    /// People who found one of them.
    used: f64,
    /// Facilities without a place left.
    full: u64,
    /// Facilities whose capacity is not known: they take everyone.
    unlimited: u64,
}

/// Coverage of one category alone.
#[derive(SimpleObject)]
pub struct CategoryCoverage {
    /// The category; null where the need names kinds or a service.
    category: Option<Category>,
    /// Facilities that count.
    facilities: u64,
    /// People and how many are covered.
    people: CoveredPeople,
}

/// Coverage of one region.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RegionCoverage {
    #[graphql(skip)]
    world: Arc<World>,
    /// Its code; null for people of whom it is not known where they belong.
    code: Option<String>,
    /// Its name, where the register has it.
    name: Option<String>,
    /// People and how many are covered.
    people: CoveredPeople,
}

#[ComplexObject]
impl RegionCoverage {
    /// The region, where the register has it.
    async fn region(&self) -> Option<Region> {
        let place = self.world.register.regions.place_of(self.code.as_deref()?)?;
        Some(Region::at(&self.world, place))
    }
}

/// A population cell and how it is served.
pub struct CellCoverage {
    world: Arc<World>,
    measure: Measure,
    need: Arc<Vec<Part>>,
    cell: CellCover,
}

/// A population cell and how it is served.
#[Object]
impl CellCoverage {
    /// The H3 cell.
    async fn cell(&self) -> H3Cell {
        H3Cell(self.cell.cell)
    }

    /// People of the group asked about.
    async fn people(&self) -> f64 {
        round(self.cell.people, 2)
    }

    /// Has everything that is needed within the limit.
    async fn covered(&self) -> bool {
        self.cell.is_covered()
    }

    /// Lies near enough to a street this profile can use.
    async fn on_network(&self) -> bool {
        self.cell.on_network
    }

    /// To the nearest facility, in the unit of the need; of several categories to that of the farthest one. Null past the
    /// horizon of 120 minutes or 10 km.
    async fn to_nearest(&self) -> Option<f64> {
        self.cell.nearest.and_then(|n| self.measure.value(n.0)).map(|v| round(v, 4))
    }

    /// To the facility that makes the number complete (`minCount`): what is compared with the limit.
    async fn to_counted(&self) -> Option<f64> {
        self.measure.value(self.cell.time).map(|v| round(v, 4))
    }

    /// That nearest facility.
    async fn nearest(&self) -> Option<Facility> {
        facility(&self.world, self.cell.nearest?.1)
    }

    /// The categories that are not within the limit.
    async fn missing(&self) -> Vec<Category> {
        let missing = self.need.iter().enumerate().filter(|(n, _)| self.cell.missing & (1 << n) != 0);
        missing.filter_map(|(_, part)| part.category.map(Into::into)).collect()
    }
}

fn facility(world: &Arc<World>, id: i64) -> Option<Facility> {
    world.register.facilities.place(id).map(|place| Facility::at(world, place))
}

/// Uncovered cells that touch each other.
pub struct CoverageGap {
    coverage: Arc<Answer>,
    index: usize,
}

impl CoverageGap {
    fn gap(&self) -> &analysis::Gap {
        &self.coverage.gaps()[self.index]
    }
}

/// Uncovered cells that touch each other.
#[Object]
impl CoverageGap {
    /// People who live there.
    async fn people(&self) -> f64 {
        round(self.gap().people, 1)
    }

    /// How many cells.
    async fn cell_count(&self) -> u64 {
        self.gap().cells.len() as u64
    }

    /// The outline: a GeoJSON MultiPolygon.
    #[graphql(complexity = 100)]
    async fn outline(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let (coverage, index) = (self.coverage.clone(), self.index);
        let cells = self.gap().cells.len();
        let draw = move || multi_polygon_text(&coverage.found.outline(&coverage.gaps()[index].cells));
        let text = cost::priced(ctx, cost::outline(cells), draw).await?;
        budget::charge(ctx, text.len())?;
        Ok(GeoJson(text))
    }

    /// The district most of them live in.
    async fn district(&self) -> Option<Region> {
        let world = &self.coverage.world;
        let place = world.register.regions.place_of(self.gap().district.as_deref()?)?;
        Some(Region::at(world, place))
    }

    /// The facility that is nearest to any of the cells.
    async fn nearest(&self) -> Option<Facility> {
        facility(&self.coverage.world, self.gap().nearest?.1)
    }

    /// How far that is from the nearest of the cells, in the unit of the need.
    async fn to_nearest(&self) -> Option<f64> {
        self.coverage.measure().value(self.gap().nearest?.0).map(|v| round(v, 4))
    }

    /// The category that most of its people miss; null where the need names kinds or a service.
    async fn missed_most(&self) -> Option<Category> {
        self.coverage.found.category_of(self.gap().missed.0).map(Into::into)
    }

    /// How many people miss it.
    async fn missed_by(&self) -> f64 {
        round(self.gap().missed.1, 1)
    }
}

/// A parameter of an answer, whether it was given or is a default.
#[derive(SimpleObject, Clone)]
pub struct Parameter {
    /// Its name in the request.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How an answer came about, so that a figure in a report can be made again.
#[derive(SimpleObject)]
pub struct Explanation {
    /// The version of the data: it changes with every change of anything.
    pub world_version: String,
    /// The file the streets came from.
    pub streets: String,
    /// When they were imported, RFC 3339 in UTC.
    pub streets_imported_at: String,
    /// All parameters, those left out with the defaults they took.
    pub parameters: Vec<Parameter>,
    /// What was done, and what the times take for granted, sentence by sentence.
    pub method: Vec<String>,
}

/// Explains an answer about a question.
pub fn explain(world: &World, network: &Network, question: &Question, method: &[&str]) -> Explanation {
    let need = &question.need;
    let of = match &need.parts[..] {
        [one] => match (&one.category, &one.wishes) {
            (Some(category), _) => format!("category {category}"),
            (None, wishes) if !wishes.kinds.is_empty() => format!("kinds {}", wishes.kinds.join(", ")),
            (None, wishes) => {
                let names = wishes.services.iter().filter_map(|&s| world.register.services.get(s));
                format!("service {}", names.map(|s| s.key.as_str()).collect::<Vec<_>>().join(", "))
            }
        },
        parts => {
            let names: Vec<String> = parts.iter().filter_map(|p| p.category).map(|c| c.to_string()).collect();
            format!("all of {}", names.join(", "))
        }
    };
    let wishes = need.parts.first().map(|p| p.wishes.clone()).unwrap_or_default();
    let parameter = |name: &str, value: String| Parameter { name: name.into(), value };
    let mut parameters = vec![
        parameter("need", of),
        parameter(&format!("need.{}", need.measure.name()), need.limit.to_string()),
        parameter("need.minCount", need.min_count.to_string()),
        parameter("need.openAt", wishes.open_at.map_or_else(|| "any hour".into(), |at| at.to_string())),
        parameter("need.audience", wishes.audience.map_or_else(|| "any".into(), |a| a.to_string())),
        parameter("need.stepFree", wishes.step_free.to_string()),
    ];
    parameters.extend([
        parameter("region", question.region.as_ref().map_or_else(|| "all".into(), |r| r.as_str().to_owned())),
        parameter("group", question.group.clone()),
        parameter("profile", question.travel.profile.to_string()),
        parameter("direction", format!("{:?}", question.travel.direction).to_lowercase()),
    ]);
    if let Some(laid) = &world.scenario {
        parameters.push(parameter("scenario", format!("{} (\"{}\", version {})", laid.key, laid.name, laid.version)));
    }
    let mut sentences: Vec<String> = method.iter().map(|&s| s.to_owned()).collect();
    match need.measure {
        Measure::Minutes => sentences.extend(analysis::assumptions(network, question.travel.profile)),
        Measure::Metres => sentences.push(
            "Lengths are those of the shortest way this profile may take, with the straight way from the place to the street."
                .into(),
        ),
    }
    let report = &network.meta().report;
    Explanation {
        world_version: world.version.clone(),
        streets: report.source.clone(),
        streets_imported_at: report.built_at.clone(),
        parameters,
        method: sentences,
    }
}

pub const METHOD: [&str; 3] = [
    "People are those of the H3 cells of the population, each cell taken as its centre, put on the nearest street its profile can use; a cell beyond the snapping limit is off the network.",
    "One search from all facilities that count gives each junction its nearest ones; cells read theirs from the two ends of their street segment, or straight along it. What is exactly at the limit is covered.",
    "A cell belongs to the region whose outline holds its centre, and below that to the division of the nearest center in a straight line.",
];

/// Bytes of a hexagon with its properties, as GeoJSON.
const HEXAGON_BYTES: usize = 420;
/// Bytes of the outline of a gap for each of its cells.
const OUTLINE_BYTES: usize = 100;

/// How many facilities count for a need, all parts together.
pub async fn wanted(ctx: &Context<'_>, world: &Arc<World>, need: &Need) -> Result<usize> {
    let price = cost::rows(world.register.facilities.len()).saturating_mul(need.parts.len());
    let (world, parts) = (world.clone(), need.parts.clone());
    let count = move || parts.iter().map(|part| analysis::wanted_places(&world.register, &part.wishes).len()).sum();
    cost::priced(ctx, price, count).await
}

/// What coverage costs: a sweep for each part, and where places are counted a search from each facility.
pub async fn coverage_price(
    ctx: &Context<'_>,
    world: &Arc<World>,
    question: &Question,
    profile: Profile,
) -> Result<usize> {
    let (city, need) = (City::of(world), &question.need);
    let sweeps = city.coverage(need.parts.len(), need.min_count);
    if !question.with_capacity {
        return Ok(sweeps);
    }
    let reach = Reach {
        sites: wanted(ctx, world, need).await?,
        are_facilities: true,
        measure: need.measure,
        limit: need.limit,
        profile,
    };
    Ok(sweeps.saturating_add(city.pairs(reach, SETTLED)))
}

/// Cells that are not covered.
fn uncovered(found: &analysis::Coverage) -> usize {
    found.cells.iter().filter(|c| c.on_network && !c.is_covered()).count()
}

/// A coverage with the world it is about.
struct Answer {
    world: Arc<World>,
    found: Arc<analysis::Coverage>,
    gaps: OnceLock<Vec<analysis::Gap>>,
}

impl Answer {
    fn gaps(&self) -> &[analysis::Gap] {
        self.gaps.get_or_init(|| self.found.gaps(&self.world.register))
    }

    fn measure(&self) -> Measure {
        self.found.question.need.measure
    }
}

/// Who has what they need within reach, and where they have not.
pub struct Coverage(Arc<Answer>);

impl Coverage {
    /// An answer, and the world it is about.
    pub fn new(world: Arc<World>, found: Arc<analysis::Coverage>) -> Self {
        Self(Arc::new(Answer { world, found, gaps: OnceLock::new() }))
    }
}

/// Who has what they need within reach, and where they have not.
#[Object]
impl Coverage {
    /// People and how many are covered.
    async fn total(&self) -> CoveredPeople {
        self.0.found.total.into()
    }

    /// What the limit and all distances count.
    async fn unit(&self) -> CoverageUnit {
        self.0.measure().into()
    }

    /// The limit, in that unit.
    async fn limit(&self) -> f64 {
        self.0.found.question.need.limit
    }

    /// The mean distance, weighted by people, of those who have it within the horizon (120 minutes or 10 km).
    async fn mean(&self, ctx: &Context<'_>) -> Nullable<f64> {
        nullable(async {
            cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
            Ok(self.0.found.mean().map(|v| round(v, 4)))
        })
        .await
    }

    /// For each share the distance within which so many of the people on the network have it: 0.5 asks for the median. Null
    /// where so many do not have it within the horizon.
    async fn percentiles(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "vec![0.5, 0.9]", desc = "Shares, 0 to 1, 20 at most.")] shares: Vec<f64>,
    ) -> Result<Vec<Option<f64>>> {
        within_bound("maxShares", "shares", shares.len(), MAX_SHARES)?;
        // Sorted once, and gone through for each share.
        cost::charge(ctx, cost::rows(self.0.found.cells.len()).saturating_mul(1 + shares.len()))?;
        if let Some(bad) = shares.iter().find(|s| !(0.0..=1.0).contains(*s)) {
            return Err(bad_input("shares", bad, "is not between 0 and 1"));
        }
        Ok(self.0.found.percentiles(&shares).into_iter().map(|v| v.map(|v| round(v, 4))).collect())
    }

    /// What the facilities take, where `capacity` was asked for.
    async fn capacity(&self) -> Option<CapacityUse> {
        self.0.found.capacity.map(|c| CapacityUse {
            limited: c.limited,
            room: round(c.room, 1),
            used: round(c.used, 1),
            full: c.full,
            unlimited: c.unlimited,
        })
    }

    /// People by distance, in bars of 5 minutes or 250 metres.
    async fn histogram(&self, ctx: &Context<'_>) -> Result<Vec<CoverageBar>> {
        cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
        let bar = |b: analysis::Bar| CoverageBar { from: b.from, to: b.to, people: round(b.people, 1) };
        Ok(self.0.found.histogram().into_iter().map(bar).collect())
    }

    /// People on the network who have nothing within the horizon.
    async fn not_reached(&self, ctx: &Context<'_>) -> Result<f64> {
        cost::charge(ctx, cost::scan(self.0.found.cells.len()))?;
        Ok(round(self.0.found.not_reached(), 1))
    }

    /// Each category alone, where the need is of several.
    async fn by_category(&self) -> Vec<CategoryCoverage> {
        let found = &self.0.found;
        let row = |(n, part): (usize, &Part)| CategoryCoverage {
            category: part.category.map(Into::into),
            facilities: found.facilities[n],
            people: found.parts[n].into(),
        };
        found.question.need.parts.iter().enumerate().map(row).collect()
    }

    /// The regions one level below the one asked about, in the order of their codes. Their sums are the whole.
    #[graphql(complexity = "100 + 40 * child_complexity")]
    async fn by_region(&self, ctx: &Context<'_>) -> Result<Vec<RegionCoverage>> {
        let answer = self.0.clone();
        let price = cost::rows(answer.found.cells.len());
        let rows = cost::priced(ctx, price, move || answer.found.by_region(&answer.world.register)).await?;
        cost::charge_rows(ctx, rows.len())?;
        let row = |r: analysis::RegionShare| RegionCoverage {
            world: self.0.world.clone(),
            code: r.code,
            name: r.name,
            people: r.share.into(),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The cells with people of the group, in the order of their numbers.
    #[graphql(complexity = "counted(first, last) * child_complexity")]
    async fn cells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those covered, or only those not.")] covered: Option<bool>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end.")] last: Option<i32>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Result<Connection<String, CellCoverage, Total>> {
        let found = &self.0.found;
        cost::charge(ctx, cost::rows(found.cells.len()))?;
        let is_wanted = |&i: &usize| covered.is_none_or(|c| found.cells[i].is_covered() == c);
        let mut rows: Vec<usize> = (0..found.cells.len()).filter(is_wanted).collect();
        // In the order of the cells' numbers, which stay when the population changes. It is that of the population already,
        // where that comes from the database.
        let number = |i: usize| u64::from(found.cells[i].cell) as i64;
        rows.sort_by_key(|&i| number(i));
        let found_page = page(&rows, number, &PageArguments { first, after, last, before })?;
        let need = Arc::new(found.question.need.parts.clone());
        Ok(connection(found_page, |i| CellCoverage {
            world: self.0.world.clone(),
            measure: self.0.measure(),
            need: need.clone(),
            cell: found.cells[i],
        }))
    }

    /// The cells as a GeoJSON FeatureCollection of their hexagons, each with `cell`, `people`, `covered` (people), `share`
    /// and `minutes` or `metres`.
    #[graphql(complexity = 5000)]
    async fn cells_geojson(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "H3 resolution to put the cells together to, coarser than theirs; theirs unless told.")]
        resolution: Option<i32>,
        #[graphql(desc = "Only cells with covered people, or only those without.")] covered: Option<bool>,
    ) -> Result<GeoJson> {
        let own = self.0.found.cells.first().map_or(Resolution::Nine, |c| c.cell.resolution());
        let chosen = match resolution {
            None => own,
            Some(given) => u8::try_from(given)
                .ok()
                .and_then(|r| Resolution::try_from(r).ok())
                .filter(|r| *r <= own)
                .ok_or_else(|| bad_input("resolution", given, format_args!("is not between 0 and {own}")))?,
        };
        let answer = self.0.clone();
        // Of coarser cells each takes the place of seven, at the edge of a city of fewer.
        let coarser = u32::from(u8::from(own) - u8::from(chosen));
        let cells = 2 * answer.found.cells.len() / 7usize.saturating_pow(coarser).max(2) + 100;
        let estimate = cells * HEXAGON_BYTES;
        budget::charge(ctx, estimate)?;
        let text = cost::priced(ctx, cost::hexagons(cells) + cost::rows(answer.found.cells.len()), move || {
            cells_text(&answer.found, chosen, covered, answer.world.attribution())
        })
        .await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// Areas of uncovered cells that touch each other, those with most people first.
    #[graphql(complexity = "1000 + counted(first, last) * child_complexity")]
    async fn gaps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, at most 1000; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end.")] last: Option<i32>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Result<Connection<String, CoverageGap, Total>> {
        let answer = self.0.clone();
        let price = cost::gaps(uncovered(&answer.found));
        let count = cost::priced(ctx, price, move || answer.gaps().len()).await?;
        let rows: Vec<usize> = (0..count).collect();
        let gaps = self.0.gaps();
        // A gap is known by its people and the first of its cells: where those change, the next page goes on at what comes
        // after them.
        let arguments = PageArguments { first, after, last, before };
        let found = page_by(
            &rows,
            |i| SortKey::Number(gaps[i].people),
            |i| self.0.found.first_cell(&gaps[i]),
            true,
            &arguments,
        )?;
        Ok(connection(found, |index| CoverageGap { coverage: self.0.clone(), index }))
    }

    /// The outlines of the largest gaps (1,000 at most) as a GeoJSON FeatureCollection, each with `people`, `cells`,
    /// `district` and `missed`.
    #[graphql(complexity = 5000)]
    async fn gaps_geojson(&self, ctx: &Context<'_>) -> Result<GeoJson> {
        let answer = self.0.clone();
        let cells = uncovered(&answer.found);
        let estimate = cells * OUTLINE_BYTES;
        budget::charge(ctx, estimate)?;
        let price = cost::gaps(cells) + cost::outline(cells);
        let text = cost::priced(ctx, price, move || {
            let gaps = answer.gaps();
            let largest = &gaps[..gaps.len().min(MAX_OUTLINES)];
            analysis::gaps_text(&answer.found, &answer.world.register, largest, answer.world.attribution())
        })
        .await?;
        budget::charge(ctx, text.len().saturating_sub(estimate))?;
        Ok(GeoJson(text))
    }

    /// How this answer came about, so that it can be made again.
    async fn explain(&self) -> Result<Explanation> {
        Ok(explain(&self.0.world, network_of(&self.0.world)?, &self.0.found.question, &METHOD))
    }
}

/// Reads who is asked about.
pub fn question(
    ctx: &Context<'_>,
    need: &NeedInput,
    (region, group): (Option<&str>, &str),
    (profile, direction): (Profile, Direction),
) -> Result<Question> {
    let world = current(ctx);
    let region = region_code("region", region)?;
    if let Some(code) = &region
        && world.register.regions.place_of(code.as_str()).is_none()
        && world.register.centers_in(code).is_empty()
    {
        return Err(not_found("region", code.as_str(), "region or center with the code"));
    }
    let group = register::group_name(group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
    if world.register.people(&group).is_none() {
        return Err(not_found("group", &group, "population of the group"));
    }
    Ok(Question {
        need: need.read(ctx)?,
        travel: Travel { profile: profile.into(), direction: direction.into() },
        region,
        group,
        with_capacity: false,
    })
}

#[derive(Default)]
pub struct CoverageQuery;

/// What planners ask.
#[Object]
impl CoverageQuery {
    /// Who has what they need within reach: people covered and not, by category, region and distance; the gaps.
    #[graphql(complexity = "cost::sweeps(need.parts()) + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "NeedInput { min_count: 1, ..NeedInput::default() }", desc = "What they need.")] need: NeedInput,
        #[graphql(desc = "Only who lives in this region, by its code; everyone when left out.")] region: Option<String>,
        #[graphql(default = "all", desc = "Which group: a name that `dataset.population.groups` lists.")] group: String,
        #[graphql(default_with = "Profile::Adult", desc = "Who travels.")] profile: Profile,
        #[graphql(
            default_with = "Direction::Towards",
            desc = "Which way people travel: TOWARDS the facilities, or FROM them."
        )]
        direction: Direction,
        #[graphql(
            default = false,
            desc = "Each facility takes as many as its capacity says, the nearest first; those without one take everyone. For one category, kinds or service."
        )]
        capacity: bool,
        #[graphql(desc = "The city as this scenario has it, by its id or key; as it is when left out.")]
        scenario: Option<ID>,
    ) -> Result<Coverage> {
        let world = world_of(ctx, scenario.as_ref()).await?;
        network_of(&world)?;
        let asked = question(ctx, &need, (region.as_deref(), &group), (profile, direction))?;
        let question = Question { with_capacity: capacity, ..asked };
        cost::charge(ctx, coverage_price(ctx, &world, &question, profile).await?)?;
        let shared = world.clone();
        let found = analyse(ctx, move || {
            let network = network_of(&shared)?;
            analysis::coverage(&shared, network, question).map_err(|e| match e {
                QuestionError::UnknownGroup(_) => bad_input("group", "", e),
                QuestionError::Stopped(why) => stopped(why),
                _ => bad_input("capacity", "true:", e),
            })
        })
        .await??;
        Ok(Coverage::new(world, Arc::new(found)))
    }
}
