//! Benchmarks of the analyses on the demonstration city, and on Porto Alegre if its files are available: `cargo bench
//! --bench coverage`. Creates the city first, in about ten seconds; `cargo bench -- --test` creates a small one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

#[path = "../tests/it/support/mod.rs"]
mod support;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use rayon::prelude::*;
use std::process::{Command, Stdio};
use std::sync::Arc;
use walkshed_analysis::memo::Memo;
use walkshed_analysis::world::World;
use walkshed_analysis::{
    Candidates, Demand, FacilityCriteria, Measure, Need, Objective, Question, Site, SiteSearch, Standards, Travel,
    apply_scenario, assess, compare, coverage, matching_facilities, pairs, suggest_sites,
};
use walkshed_engine::geo::{Fixed, Position};
use walkshed_engine::{Deciseconds, Direction, Network, Profile, Profiles, Start, StreetChange, StreetKind, Sweep};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, CellDivisions, Change, Host, Scenario};

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let scale = if std::env::args().any(|a| a == "--test") { "0.02" } else { "1" };
    let made = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["demo", "--scale", scale, "--data"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = data.store().await.unwrap();
        let world = data.world(&store).await.unwrap();
        store.close().await;
        world
    })
}

fn of(category: Category) -> FacilityCriteria {
    FacilityCriteria { categories: vec![category], ..FacilityCriteria::default() }
}

fn question(need: Need) -> Question {
    Question { need, travel: Travel::default(), region: None, group: "all".into(), with_capacity: false }
}

/// Sweeps for the nearest facilities of a category to every vertex, within two hours.
fn nearest_of(world: &World, network: &Network, category: Category, nearest: usize) -> Sweep {
    let places = matching_facilities(&world.register, &of(category));
    let snaps = &world.facility_layer.snapped(network, Profile::Adult).snaps;
    let starts = places.iter().map(|&p| Some(Start::new(network, snaps[p as usize]?, Profile::Adult))).collect();
    let limit = Deciseconds::from_minutes(120.0);
    Sweep::run(network, Profile::Adult, Direction::Towards, starts, nearest, limit).unwrap()
}

/// Applies a different change to the city in each iteration and compares coverage before and after.
fn scenarios(group: &mut BenchmarkGroup<'_, WallTime>, world: &World, need: &Need) {
    let facility = world.register.facilities.iter().find(|f| f.category == Category::HealthCare).unwrap();
    let home = Fixed::from(facility.position);
    let mut n = 0;
    let mut next = || {
        n += 1;
        Position::from(Fixed { x: home.x + 20 * n, y: home.y })
    };
    let mut ask = |change: &dyn Fn(Position) -> Change| {
        let changes = vec![change(next())];
        let laid = apply_scenario(world, &Scenario { changes, ..Scenario::new("s".into(), "s".into()) }).unwrap();
        compare(world, &laid, &question(need.clone())).unwrap().total()
    };
    let id = facility.id;
    group.bench_function("compare a scenario that moves a facility", |b| {
        b.iter(|| ask(&|position| Change::Move { facility: id, position }));
    });
    group.bench_function("compare a scenario that changes hours", |b| {
        let hours = Some("24/7".to_owned());
        b.iter(|| ask(&|_| Change::Hours { place: Host::Facility(id), opening_hours: hours.clone() }));
    });
    // From the street at the facility to one about 300 m away.
    let street = |at: Fixed| network_point(world, at);
    let there = street(Fixed { x: home.x, y: home.y + 30_000 });
    group.bench_function("compare a scenario that adds a footbridge", |b| {
        b.iter(|| {
            ask(&|from| {
                let line = vec![street(from.into()), there];
                Change::Street(StreetChange::Add { kind: StreetKind::Footbridge, line, name: None })
            })
        });
    });
    group.bench_function("compare a scenario that closes a street", |b| {
        b.iter(|| ask(&|at| Change::Street(StreetChange::Close { at: street(at.into()), kind: None })));
    });
}

/// Returns the nearest point on a street.
fn network_point(world: &World, at: Fixed) -> Position {
    world.network().unwrap().snap(at, Profile::Adult).unwrap().at.into()
}

fn city(c: &mut Criterion) {
    let mut world = world();
    let network = world.shared_network().unwrap();
    println!(
        "{} vertices, {} facilities, {} population cells",
        network.vertices().len(),
        world.register.facilities.len(),
        world.register.population.len()
    );
    let centers: Vec<Site> = world.register.centers.iter().map(|c| Site { id: c.id, position: c.position }).collect();
    export(&world, &network, "coverage", &centers);
    let mut group = c.benchmark_group("coverage");
    group.sample_size(10);
    group.bench_function("nearest of one category for all vertices", |b| {
        b.iter(|| nearest_of(&world, &network, Category::HealthCare, 1).bytes());
    });
    group.bench_function("3 nearest of each category for all vertices", |b| {
        b.iter(|| Category::ALL.par_iter().map(|&c| nearest_of(&world, &network, c, 3).bytes()).sum::<usize>());
    });
    let need = Need::single(of(Category::HealthCare), Measure::Minutes, 15.0);
    group.bench_function("division of every cell", |b| {
        let register = &world.register;
        b.iter(|| {
            CellDivisions::assign(&register.centers, &register.population, |at| register.outlined_region_at(at)).codes()
        });
    });
    let _ = world.register.cell_divisions();
    group.bench_function("coverage of the whole city, one need, uncached", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            coverage(&world, &network, question(need.clone())).unwrap().total.covered
        });
    });
    group.bench_function("coverage of the whole city, one need, cached", |b| {
        b.iter(|| coverage(&world, &network, question(need.clone())).unwrap().total.covered);
    });
    group.bench_function("coverage of the whole city, all seven categories, uncached", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            coverage(&world, &network, question(Need::all_categories(15.0))).unwrap().total.covered
        });
    });
    let found = coverage(&world, &network, question(Need::all_categories(15.0))).unwrap();
    println!("{} of {} people have all seven within 15 minutes", found.total.covered, found.total.people);
    group.bench_function("gaps of the whole city, all seven categories", |b| {
        b.iter(|| found.gaps(&world.register).len());
    });
    people_of(&mut group, &mut world, &network, &centers);
    scenarios(&mut group, &world, &need);
    let search = SiteSearch::new(Objective::MaxCover, 20);
    group.bench_function("next 20 sites of the whole city, uncached", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            suggest_sites(&world, &network, &question(need.clone()), &search, &Candidates::Cells).unwrap().gained
        });
    });
    group.bench_function("next 20 sites of the whole city, cached", |b| {
        b.iter(|| {
            suggest_sites(&world, &network, &question(need.clone()), &search, &Candidates::Cells).unwrap().gained
        });
    });
    group.bench_function("GB 50180-2018 for the whole city, uncached", |b| {
        let standards = Standards::default();
        let standard = standards.find("gb_50180_2018").unwrap();
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            assess(&world, &network, standard, Travel::default(), None, "all").unwrap().score
        });
    });
    group.finish();
}

/// Benchmarks the people within reach of many sites, and of every vertex.
fn people_of(group: &mut BenchmarkGroup<'_, WallTime>, world: &mut World, network: &Network, sites: &[Site]) {
    let people = Demand::of(&world.register, "all").unwrap().people;
    group.bench_function("catchments, people within 15 minutes", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            let limit = Deciseconds::from_minutes(15.0);
            let found = pairs(world, network, sites.to_vec(), Travel::default(), Measure::Minutes, limit).unwrap();
            let sum = |site: usize| found.cells_of(site).iter().map(|c| people[c.0 as usize]).sum::<f64>();
            (0..sites.len()).map(sum).sum::<f64>()
        });
    });
    group.bench_function("sum of people within 900 s of every vertex", |b| {
        world.population_layer.prepare(network, Profile::Adult, Direction::From);
        let sums = || {
            let limit = Deciseconds(9000);
            world.population_layer.sums_within(network, Profile::Adult, Direction::From, limit, &people).unwrap()
        };
        b.iter(|| sums().len());
    });
}

/// Porto Alegre: two facility categories, and much smaller than the demonstration city.
fn porto_alegre(c: &mut Criterion) {
    let Some((network, rows)) = support::real::world_parts() else { return };
    let mut world = World::new(Ok(Arc::new(network)), rows);
    let network = world.shared_network().unwrap();
    let sites: Vec<Site> = world.register.facilities.iter().map(|f| Site { id: f.id, position: f.position }).collect();
    export(&world, &network, "coverage of Porto Alegre", &sites);
    let mut group = c.benchmark_group("coverage of Porto Alegre");
    group.sample_size(20);
    group.bench_function("3 nearest of each category for all vertices", |b| {
        let of_category = |category: Category| nearest_of(&world, &network, category, 3).bytes();
        b.iter(|| [Category::HealthCare, Category::LifelongEducation].map(of_category));
    });
    people_of(&mut group, &mut world, &network, &sites);
    let need = Need::single(of(Category::HealthCare), Measure::Minutes, 15.0);
    group.bench_function("coverage of one need, uncached", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            coverage(&world, &network, question(need.clone())).unwrap().total.covered
        });
    });
    group.bench_function("coverage of one need, cached", |b| {
        b.iter(|| coverage(&world, &network, question(need.clone())).unwrap().total.covered);
    });
    group.bench_function("next 20 sites, uncached", |b| {
        let search = SiteSearch::new(Objective::MaxCover, 20);
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            suggest_sites(&world, &network, &question(need.clone()), &search, &Candidates::Cells).unwrap().gained
        });
    });
    group.finish();
}

/// Exports the graph, facilities and people as little-endian arrays for `benches/peers/peers.py`. Points are moved to the
/// nearer end vertex of their street segment, because the other tools support vertices only.
fn export(world: &World, network: &Network, group: &str, sites: &[Site]) {
    let Some(folder) = std::env::var_os("WALKSHED_EXPORT") else { return };
    let folder = std::path::Path::new(&folder).join(group.replace(' ', "-"));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).unwrap();
    let vertex_of = |snap: &walkshed_engine::Snap| {
        let edge = network.edge(snap.edge);
        if snap.fraction < 0.5 { edge.tail.0 } else { edge.head.0 }
    };
    write("lon.f64", network.vertices().iter().flat_map(|v| v.lon().to_le_bytes()).collect());
    write("lat.f64", network.vertices().iter().flat_map(|v| v.lat().to_le_bytes()).collect());
    let (first, heads) = (network.first_arc(), network.arc_heads());
    let costs = network.costs(Profile::Adult, Direction::From);
    let arcs =
        (0..network.vertices().len()).flat_map(|v| (first[v]..first[v + 1]).map(move |a| (v as u32, a as usize)));
    let usable: Vec<(u32, u32, u32)> =
        arcs.map(|(v, a)| (v, heads[a], costs[a].0)).filter(|arc| arc.2 != u32::MAX).collect();
    write("arcs.u32", usable.iter().flat_map(|a| [a.0, a.1, a.2].map(u32::to_le_bytes).concat()).collect());
    write("group.txt", group.as_bytes().to_vec());
    let on_street = sites.iter().filter_map(|s| network.snap(s.position, Profile::Adult).ok());
    write("sites_at.u32", on_street.flat_map(|snap| vertex_of(&snap).to_le_bytes()).collect());
    let snaps = &world.facility_layer.snapped(network, Profile::Adult).snaps;
    for category in Category::ALL {
        let places = matching_facilities(&world.register, &of(category));
        if places.is_empty() {
            continue;
        }
        let vertices = places.iter().filter_map(|&p| snaps[p as usize].as_ref().map(vertex_of));
        write(&format!("{category}.u32"), vertices.flat_map(u32::to_le_bytes).collect());
    }
    let cells = world.register.population.iter().zip(&world.population_layer.snapped(network, Profile::Adult).snaps);
    let people: Vec<(u32, f64)> = cells.filter_map(|(c, s)| Some((vertex_of(s.as_ref()?), c.people))).collect();
    write("people_at.u32", people.iter().flat_map(|p| p.0.to_le_bytes()).collect());
    write("people.f64", people.iter().flat_map(|p| p.1.to_le_bytes()).collect());
}

criterion_group!(all, city, porto_alegre);
criterion_main!(all);
