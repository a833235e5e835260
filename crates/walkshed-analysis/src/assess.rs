//! A region, its parts and its centers against a standard.

use super::cover::{Coverage, Question, QuestionError, RegionShare, Share, coverage};
use super::need::{Travel, supply, wanted_places};
use super::standard::{Requirement, Standard};
use crate::world::World;
use h3o::CellIndex;
use std::collections::BTreeMap;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::{RegionCode, Status};

/// A share of the people (0 to 1) that counts as everyone, when nothing else is said.
pub const MET_SHARE: f64 = 0.9;
/// Centers put on the streets that are worth another thread.
const CENTERS_A_THREAD: usize = 64;

/// How a requirement is met in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// People for whom it is met.
    pub share: Share,
    /// Facilities that count, in the whole city.
    pub facilities: u64,
    /// Places of the region's facilities for 1,000 of its people, where the standard asks for it.
    pub places_per_1000: Option<f64>,
}

/// A region in a league table.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    pub code: Option<String>,
    pub name: Option<String>,
    pub people: f64,
    /// 0 to 100: the mean share over all requirements.
    pub score: f64,
    /// By requirement.
    pub shares: Vec<f64>,
}

/// A center in a league table.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedCenter {
    /// Its place in the register.
    pub place: u32,
    /// 0 to 100: the share of requirements that are met where it stands.
    pub score: f64,
    /// By requirement: how far the facility is that makes the number complete.
    pub distances: Vec<Option<f64>>,
    /// By requirement: the nearest facility, by its number.
    pub nearest: Vec<Option<i64>>,
}

/// The tenth of the people who are served least.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastServed {
    /// Their cells; the last of them may reach over the tenth.
    pub cells: Vec<CellIndex>,
    pub people: f64,
    /// The best score among them, 0 to 100.
    pub score: f64,
}

/// The answer.
pub struct Assessment {
    pub standard: Standard,
    pub region: Option<RegionCode>,
    pub travel: Travel,
    pub group: String,
    pub people: f64,
    /// 0 to 100.
    pub score: f64,
    pub requirements: Vec<Met>,
    /// One level below the region, the best first.
    pub regions: Vec<Rated>,
    pub least_served: LeastServed,
}

/// Requirements that many places are asked for add to the score by the share of places there are.
fn value(met: &Met, requirement: &Requirement) -> f64 {
    match (met.places_per_1000, requirement.places_per_1000) {
        (Some(has), Some(needs)) => met.share.share() * (has / needs).min(1.0),
        _ => met.share.share(),
    }
}

/// Assesses the people of a region (or all) by a standard.
///
/// # Errors
/// [`QuestionError`].
pub fn assess(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    region: Option<RegionCode>,
    group: &str,
) -> Result<Assessment, QuestionError> {
    let register = &world.register;
    let ask = |requirement: &Requirement| {
        let question = Question {
            need: requirement.need(),
            travel,
            region: region.clone(),
            group: group.to_owned(),
            with_capacity: false,
        };
        let found = coverage(world, network, question)?;
        task::step()?;
        Ok::<_, QuestionError>(found)
    };
    task::expect(standard.requirements.len());
    let _ = register.homes();
    let all: Vec<Coverage> = parallel::try_map(&standard.requirements, 1, ask)?;
    let places_of = |requirement: &Requirement, region: Option<&RegionCode>, people: f64| {
        requirement.places_per_1000?;
        let wanted = wanted_places(register, &requirement.need().parts[0].wishes);
        let facilities = wanted.iter().map(|&p| &register.facilities[p as usize]);
        let inside = facilities.filter(|f| region.is_none_or(|r| register.is_in(f, r)));
        let places: f64 = inside.filter_map(|f| f.capacity).sum();
        Some(if people > 0.0 { places / people * 1000.0 } else { 0.0 })
    };
    let requirements: Vec<Met> = standard
        .requirements
        .iter()
        .zip(&all)
        .map(|(requirement, found)| Met {
            share: found.total,
            facilities: found.facilities[0],
            places_per_1000: places_of(requirement, region.as_ref(), found.total.people),
        })
        .collect();
    let count = standard.requirements.len() as f64;
    let score =
        requirements.iter().zip(&standard.requirements).map(|(met, r)| value(met, r)).sum::<f64>() / count * 100.0;

    let mut table: BTreeMap<Option<String>, Rated> = BTreeMap::new();
    for (found, requirement) in all.iter().zip(&standard.requirements) {
        for RegionShare { code, name, share } in found.by_region(register) {
            let region = code.as_deref().and_then(|c| RegionCode::new(c).ok());
            let met = Met {
                share,
                facilities: 0,
                places_per_1000: region.and_then(|r| places_of(requirement, Some(&r), share.people)),
            };
            let new = || Rated { code: code.clone(), name, people: share.people, score: 0.0, shares: Vec::new() };
            table.entry(code.clone()).or_insert_with(new).shares.push(value(&met, requirement));
        }
    }
    let mut regions: Vec<Rated> = table.into_values().collect();
    for rated in &mut regions {
        rated.score = rated.shares.iter().sum::<f64>() / count * 100.0;
    }
    // Of equals in the order of their codes.
    regions.sort_by(|a, b| b.score.total_cmp(&a.score));
    let people = all.first().map_or(0.0, |c| c.total.people);
    Ok(Assessment {
        standard: standard.clone(),
        people,
        score,
        requirements,
        regions,
        least_served: least_served(&all, people),
        region,
        travel,
        group: group.to_owned(),
    })
}

/// Cells by how many requirements they miss, the most first, until they hold a tenth of the people.
fn least_served(all: &[Coverage], people: f64) -> LeastServed {
    let cells = all.first().map_or(&[][..], |c| &c.cells);
    let met = |i: usize| all.iter().filter(|c| c.cells[i].is_covered()).count();
    let mut order: Vec<(usize, usize)> = (0..cells.len()).map(|i| (met(i), i)).collect();
    order.sort_unstable();
    let mut found = LeastServed { cells: Vec::new(), people: 0.0, score: 0.0 };
    for (met, i) in order {
        if found.people >= people / 10.0 {
            break;
        }
        found.people += cells[i].people;
        found.score = met as f64 / all.len() as f64 * 100.0;
        found.cells.push(cells[i].cell);
    }
    found
}

/// All open centers of a region (or of the city) by what is within reach of where they stand, the worst first; of equals in
/// the order of their codes. Who goes where: from the center to the facilities with `Towards`.
///
/// # Errors
/// [`Stopped`].
pub fn rate_centers(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    region: Option<&RegionCode>,
) -> Result<Vec<RatedCenter>, Stopped> {
    let register = &world.register;
    let places: Vec<u32> = match region {
        Some(region) => register.centers_in(region).to_vec(),
        None => register.centers_by_code().to_vec(),
    };
    let open = |p: &u32| register.centers[*p as usize].status == Status::Open;
    let mut rated: Vec<RatedCenter> = places
        .into_iter()
        .filter(open)
        .map(|place| RatedCenter { place, score: 0.0, distances: Vec::new(), nearest: Vec::new() })
        .collect();
    let snap = |r: &RatedCenter| Ok(network.snap(register.centers[r.place as usize].position, travel.profile).ok());
    let snaps: Vec<_> = parallel::try_map::<_, _, Stopped>(&rated, CENTERS_A_THREAD, snap)?;
    let columns = parallel::try_map(&standard.requirements, 1, |requirement| {
        let need = requirement.need();
        let wanted = wanted_places(register, &need.parts[0].wishes);
        let supply = supply(world, network, &wanted, travel, need.measure, (need.min_count, need.horizon()))?;
        let network = need.measure.network(network);
        let mut found = Vec::new();
        let of_center = |snap: &Option<walkshed_engine::Snap>| {
            let Some(snap) = snap else { return (Deciseconds::NEVER, None) };
            supply.sweep.of_place(network, snap, &mut found);
            let counted = found.get(need.min_count - 1).map_or(Deciseconds::NEVER, |f| f.0);
            (counted, found.first().map(|f| supply.ids[f.1 as usize]))
        };
        task::work(snaps.len())?;
        Ok::<_, Stopped>(snaps.iter().map(of_center).collect::<Vec<_>>())
    })?;
    for (requirement, column) in standard.requirements.iter().zip(columns) {
        let limit = requirement.measure.limit(requirement.limit);
        for (center, (counted, nearest)) in rated.iter_mut().zip(column) {
            center.distances.push(requirement.measure.value(counted));
            center.nearest.push(nearest);
            center.score += f64::from(u8::from(counted <= limit));
        }
    }
    for center in &mut rated {
        center.score = center.score / standard.requirements.len() as f64 * 100.0;
    }
    rated.sort_by(|a, b| a.score.total_cmp(&b.score));
    Ok(rated)
}
