//! Coverage: compared with a reference Dijkstra search from every facility, checked by hand on a small city, and checked for
//! invariants that hold for any coverage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![allow(clippy::float_cmp, reason = "people are whole numbers here, whose sums are exact")]

use crate::support::city::{position, random_world, rows};
use crate::support::real;
use geo::Area;
use std::collections::BTreeSet;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{Coverage, FacilityCriteria, Measure, Need, Question, Travel, coverage};
use walkshed_engine::geo::{Position, cell_of};
use walkshed_engine::{Deciseconds, Direction, Network, Profile, Start};
use walkshed_register::{Category, Center, DivisionCode, PopulationCell, Region, RegionCode, RegisterRows, Status};
use walkshed_testing::dijkstra::Reference;
use walkshed_testing::grid;

fn of(category: Category) -> FacilityCriteria {
    FacilityCriteria { categories: vec![category], ..FacilityCriteria::default() }
}

fn ask(world: &World, need: Need, travel: Travel) -> Coverage {
    let question = Question { need, travel, region: None, group: "all".into(), with_capacity: false };
    coverage(world, world.network().unwrap(), question).unwrap()
}

/// Compares every cell of a world with reference searches from each facility. Returns the number of cells compared.
fn compare(world: &World, need: &Need, travel: Travel) -> usize {
    let network = need.measure.network(world.network().unwrap());
    let found = ask(world, need.clone(), travel);
    let reference = Reference::new(network, travel.profile, travel.direction);
    let cells = &world.register.population;
    let start = |at: Position| network.snap(at, travel.profile).ok().map(|s| Start::new(network, s, travel.profile));
    let ends: Vec<Option<Start>> = cells.iter().map(|c| start(walkshed_engine::geo::cell_centre(c.cell))).collect();
    let placed: Vec<Start> = ends.iter().flatten().copied().collect();
    let horizon = need.horizon().0;
    // Per part, per cell on the network: all travel times with the id of the facility.
    let mut by_part: Vec<Vec<Vec<(u32, i64)>>> = Vec::new();
    for part in &need.parts {
        let mut times = vec![Vec::new(); placed.len()];
        for f in world.register.facilities.iter() {
            if f.status != Status::Open || !part.criteria.categories.contains(&f.category) {
                continue;
            }
            let Some(from) = start(f.position) else { continue };
            for (cell, time) in times.iter_mut().zip(reference.times(&from, &placed, horizon)) {
                cell.extend(time.map(|t| (t, f.id)));
            }
        }
        for cell in &mut times {
            cell.sort_unstable();
        }
        by_part.push(times);
    }
    let mut on_network = 0;
    let with_people: Vec<usize> = (0..cells.len()).filter(|&i| cells[i].people > 0.0).collect();
    assert_eq!(found.cells.len(), with_people.len());
    let (mut covered, mut off) = (0.0, 0.0);
    let mut index_on_network = vec![None; cells.len()];
    for (i, end) in ends.iter().enumerate() {
        if end.is_some() {
            index_on_network[i] = Some(on_network);
            on_network += 1;
        }
    }
    for (cell, &i) in found.cells.iter().zip(&with_people) {
        assert_eq!((cell.index as usize, cell.people), (i, cells[i].people));
        let Some(n) = index_on_network[i] else {
            assert!(!cell.on_network && !cell.is_covered());
            off += cell.people;
            continue;
        };
        let counted = |part: &Vec<Vec<(u32, i64)>>| part[n].get(need.min_count - 1).map_or(u32::MAX, |t| t.0);
        let missing = by_part.iter().enumerate().filter(|(_, p)| counted(p) > need.limit_cost().0);
        assert_eq!(cell.missing, missing.fold(0, |bits, (k, _)| bits | 1 << k), "cell {i}");
        let worst = by_part.iter().rev().max_by_key(|p| counted(p)).unwrap();
        assert_eq!(cell.time.0, counted(worst), "cell {i}");
        assert_eq!(cell.nearest, worst[n].first().map(|&(t, id)| (Deciseconds(t), id)), "cell {i}");
        if cell.missing == 0 {
            covered += cell.people;
        }
    }
    assert_eq!((found.total.covered, found.total.off_network), (covered, off));
    found.cells.len()
}

#[test]
fn matches_reference_search_on_random_cities() {
    let mut compared = 0;
    for seed in 0..3 {
        let world = random_world(seed + 900);
        for profile in [Profile::Adult, Profile::Wheelchair, Profile::Bicycle] {
            for direction in Direction::ALL {
                for measure in [Measure::Minutes, Measure::Metres] {
                    for min_count in [1, 3] {
                        let limit = if measure == Measure::Minutes { 4.0 } else { 300.0 };
                        let travel = Travel { profile, direction };
                        let one = Need { min_count, ..Need::single(of(Category::HealthCare), measure, limit) };
                        compared += compare(&world, &one, travel);
                        compared +=
                            compare(&world, &Need { measure, limit, min_count, ..Need::all_categories(0.0) }, travel);
                    }
                }
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}

#[test]
fn matches_reference_search_on_porto_alegre() {
    let Some((network, rows)) = real::world_parts() else { return };
    let world = World::new(Ok(Arc::new(network)), rows);
    let need = Need { min_count: 2, ..Need::single(of(Category::HealthCare), Measure::Minutes, 15.0) };
    assert!(compare(&world, &need, Travel::default()) > 800);
}

/// Key figures of Porto Alegre.
#[test]
fn coverage_of_porto_alegre() {
    let Some((network, rows)) = real::world_parts() else { return };
    let world = World::new(Ok(Arc::new(network)), rows);
    let mut lines = Vec::new();
    for (category, minutes) in
        [(Category::HealthCare, 10.0), (Category::HealthCare, 15.0), (Category::LifelongEducation, 15.0)]
    {
        let found = ask(&world, Need::single(of(category), Measure::Minutes, minutes), Travel::default());
        let gaps = found.gaps(&world.register);
        lines.push(format!(
            "{category} within {minutes}: {} of {} people, {} off the network, {} past the horizon; mean {:.2}, 50 and 90 % within {:?}; {} gaps, the largest of {} cells with {} people",
            found.total.covered,
            found.total.people,
            found.total.off_network,
            found.not_reached(),
            found.mean().unwrap(),
            found.percentiles(&[0.5, 0.9]).into_iter().map(|p| p.map(|p| (p * 100.0).round() / 100.0)).collect::<Vec<_>>(),
            gaps.len(),
            gaps[0].cells.len(),
            gaps[0].people
        ));
        let bars = found.histogram().iter().map(|b| b.people).sum::<f64>();
        assert_eq!(bars + found.not_reached() + found.total.off_network, found.total.people);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

fn region(code: &str, outline: Option<&str>) -> Region {
    Region { outline: outline.map(Into::into), ..Region::new(RegionCode::new(code).unwrap(), code.into()) }
}

fn square(west: f64, east: f64) -> String {
    let at = |x: f64, y: f64| {
        let p = position(x, y);
        format!("[{},{}]", p.lon(), p.lat())
    };
    let corners = [(west, -500.0), (east, -500.0), (east, 3500.0), (west, 3500.0), (west, -500.0)];
    let ring: Vec<String> = corners.into_iter().map(|(x, y)| at(x, y)).collect();
    format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring.join(","))
}

/// A level grid with people everywhere, two districts with outlines and a strip outside of them.
fn districts() -> World {
    let mut cells: Vec<PopulationCell> = Vec::new();
    let mut seen = BTreeSet::new();
    for x in 0..30 {
        for y in 0..30 {
            let cell = cell_of(position(f64::from(x) * 100.0, f64::from(y) * 100.0), h3o::Resolution::Nine);
            if seen.insert(u64::from(cell)) {
                cells.push(PopulationCell { cell, people: f64::from(x * 31 + y + 1) });
            }
        }
    }
    let center = |id: i64, code: &str, x: f64, y: f64| Center {
        id,
        version: 1,
        ..Center::new(DivisionCode::new(code).unwrap(), format!("center {id}"), position(x, y))
    };
    let rows = RegisterRows {
        regions: vec![
            region("500106", Some(&square(-500.0, 1000.0))),
            region("500107", Some(&square(1000.0, 2000.0))),
            region("500106001", None),
        ],
        centers: vec![
            center(1, "500106001001", 300.0, 300.0),
            center(2, "500106002001", 300.0, 2500.0),
            center(3, "500107001001", 1500.0, 1500.0),
            center(4, "500112001001", 2600.0, 1500.0),
        ],
        population: cells,
        groups: [(
            "60_plus".to_owned(),
            vec![PopulationCell {
                cell: cell_of(Position::new(1.0, 1.0).unwrap(), h3o::Resolution::Nine),
                people: 7.0,
            }],
        )]
        .into(),
        ..rows()
    };
    World::new(Ok(Arc::new(grid(30, 100.0))), rows)
}

#[test]
fn regions_add_up_to_the_total() {
    let world = districts();
    let need = Need::single(of(Category::HealthCare), Measure::Minutes, 10.0);
    let whole = ask(&world, need.clone(), Travel::default());
    let rows = whole.by_region(&world.register);
    let codes: Vec<_> = rows.iter().map(|r| r.code.as_deref().unwrap()).collect();
    assert_eq!(codes, ["500106", "500107", "500112"], "the strip outside the outlines belongs to its nearest center");
    let sum = |f: fn(&walkshed_analysis::RegionShare) -> f64| rows.iter().map(f).sum::<f64>();
    assert_eq!(sum(|r| r.share.people), whole.total.people);
    assert_eq!(sum(|r| r.share.covered), whole.total.covered);
    assert!(whole.total.covered > 0.0 && whole.total.uncovered() > 0.0);
    // A district is the sum of its towns and has the same result on its own as within the whole city.
    let code = RegionCode::new("500106").unwrap();
    let question =
        Question { need, travel: Travel::default(), region: Some(code), group: "all".into(), with_capacity: false };
    let district = coverage(&world, world.network().unwrap(), question).unwrap();
    assert_eq!(district.total, rows[0].share);
    let towns = district.by_region(&world.register);
    assert_eq!(towns.iter().map(|r| r.code.as_deref().unwrap()).collect::<Vec<_>>(), ["500106001", "500106002"]);
    assert_eq!(towns.iter().map(|r| r.share.people).sum::<f64>(), district.total.people);
    // Aggregation to a coarser resolution keeps the number of people.
    let coarse = whole.aggregated(h3o::Resolution::Seven);
    assert!(coarse.len() < whole.cells.len() / 4);
    assert_eq!(coarse.iter().map(|c| c.1.people).sum::<f64>(), whole.total.people);
    assert_eq!(coarse.iter().map(|c| c.1.covered).sum::<f64>(), whole.total.covered);
}

#[test]
fn no_facilities_cover_nobody_and_the_limit_is_inclusive() {
    let world = districts();
    let none = ask(&world, Need::single(of(Category::Employment), Measure::Minutes, 60.0), Travel::default());
    assert_eq!((none.total.covered, none.facilities[0], none.mean()), (0.0, 0, None));
    assert_eq!(none.percentiles(&[0.0, 0.5]), [None, None]);
    assert_eq!(none.not_reached() + none.total.off_network, none.total.people);
    let gaps = none.gaps(&world.register);
    assert_eq!(gaps.iter().map(|g| g.people).sum::<f64>(), none.total.uncovered());
    assert_eq!((gaps.len(), gaps[0].nearest), (1, None));
    // A cell whose time equals the limit is covered; with a limit one decisecond lower it is not.
    let all = ask(&world, Need::single(of(Category::HealthCare), Measure::Minutes, 30.0), Travel::default());
    let cell = all.cells.iter().filter(|c| c.on_network).max_by_key(|c| c.time).unwrap();
    let at = |time: u32| {
        let need = Need::single(of(Category::HealthCare), Measure::Minutes, Deciseconds(time).minutes());
        let found = ask(&world, need, Travel::default());
        found.cells.iter().find(|c| c.cell == cell.cell).unwrap().is_covered()
    };
    assert!(at(cell.time.0) && !at(cell.time.0 - 1));
}

#[test]
fn people_off_the_network_are_counted_separately() {
    let world = districts();
    let question = |group: &str| Question {
        need: Need::single(of(Category::HealthCare), Measure::Minutes, 15.0),
        travel: Travel::default(),
        region: None,
        group: group.into(),
        with_capacity: false,
    };
    let network: &Network = world.network().unwrap();
    let old = coverage(&world, network, question("60_plus")).unwrap();
    assert_eq!((old.total.people, old.total.off_network, old.total.covered), (7.0, 7.0, 0.0));
    assert_eq!(old.by_region(&world.register)[0].code, None);
    let unknown = coverage(&world, network, question("nobody")).err().unwrap();
    assert!(unknown.to_string().contains("nobody"));
    // A facility a kilometre off every street covers nobody.
    let sports = ask(&world, Need::single(of(Category::CultureSports), Measure::Minutes, 120.0), Travel::default());
    assert_eq!((sports.facilities[0], sports.total.covered), (1, 0.0));
}

#[test]
fn gaps_are_connected_groups_of_uncovered_cells() {
    let world = districts();
    let found = ask(&world, Need::single(of(Category::HealthCare), Measure::Minutes, 5.0), Travel::default());
    let gaps = found.gaps(&world.register);
    assert_eq!(gaps.iter().map(|g| g.people).sum::<f64>(), found.total.uncovered());
    assert!(gaps.is_sorted_by(|a, b| a.people >= b.people));
    for gap in &gaps {
        let cells: BTreeSet<u64> = gap.cells.iter().map(|&c| found.cells[c as usize].cell.into()).collect();
        for other in gaps.iter().filter(|o| *o != gap) {
            for &c in &other.cells {
                let near = found.cells[c as usize].cell.grid_disk::<Vec<_>>(1);
                assert!(near.iter().all(|n| !cells.contains(&u64::from(*n))), "two gaps touch");
            }
        }
        let outline = found.outline(&gap.cells);
        let single: f64 = gap.cells.iter().map(|&c| found.outline(&[c]).unsigned_area()).sum();
        assert!((outline.unsigned_area() / single - 1.0).abs() < 1e-6);
        assert_eq!(gap.missed, (0, gap.people));
    }
}

#[test]
fn limited_capacity_covers_the_nearest_people() {
    let mut rows = rows();
    for f in &mut rows.facilities {
        f.capacity = (f.category == Category::HealthCare).then_some(if f.id == 15 { 50.0 } else { 350.0 });
    }
    let world = World::new(Ok(Arc::new(grid(30, 100.0))), rows);
    let question = |with_capacity: bool, need: Need| Question {
        need,
        travel: Travel::default(),
        region: None,
        group: "all".into(),
        with_capacity,
    };
    let network = world.network().unwrap();
    let need = Need::single(of(Category::HealthCare), Measure::Minutes, 15.0);
    let open = coverage(&world, network, question(false, need.clone())).unwrap();
    let full = coverage(&world, network, question(true, need.clone())).unwrap();
    // 500, 300 and 200 people. Two facilities near the first two cells have a capacity of 700, one near the third has 50.
    assert_eq!((open.total.covered, full.total.covered), (1000.0, 750.0));
    let usage = full.capacity.unwrap();
    assert_eq!((usage.limited, usage.unlimited, usage.capacity, usage.used, usage.full), (3, 0, 750.0, 750.0, 3));
    assert_eq!(full.gaps(&world.register).iter().map(|g| g.people).sum::<f64>(), 250.0);
    assert_eq!(full.total.uncovered(), 250.0);
    let several = coverage(&world, network, question(true, Need::all_categories(15.0))).err().unwrap();
    assert!(several.to_string().contains("one category"), "{several}");
}
