//! What planners ask, over the whole demonstration city: `cargo bench --bench coverage`. The city is made first, in some
//! ten seconds; `cargo bench -- --test` makes a small one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;
use std::process::{Command, Stdio};
use std::sync::Arc;
use walkshed::coverage::{Measure, Need, Question, Travel, Wishes, coverage, wanted_places};
use walkshed::folder::DataFolder;
use walkshed::memo::Memo;
use walkshed::network::{Deciseconds, Direction, Profile, Profiles, Start, Sweep};
use walkshed::registry::Category;
use walkshed::world::World;

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

fn of(category: Category) -> Wishes {
    Wishes { categories: vec![category], ..Wishes::default() }
}

fn question(need: Need) -> Question {
    Question { need, travel: Travel::default(), region: None, group: "all".into() }
}

fn city(c: &mut Criterion) {
    let mut world = world();
    let network = world.shared_network().unwrap();
    println!(
        "{} junctions, {} facilities, {} population cells",
        network.vertices().len(),
        world.register.facilities.len(),
        world.register.population.len()
    );
    let mut group = c.benchmark_group("coverage");
    group.sample_size(10);
    let sweep = |category: Category, nearest: usize, minutes: f64| {
        let places = wanted_places(&world.register, &of(category));
        let snaps = &world.facility_layer.snapped(&network, Profile::Adult).snaps;
        let starts = places.iter().map(|&p| Some(Start::new(&network, snaps[p as usize]?, Profile::Adult))).collect();
        let limit = Deciseconds::from_minutes(minutes);
        Sweep::run(&network, Profile::Adult, Direction::Towards, starts, nearest, limit)
    };
    group.bench_function("the nearest of a category for all junctions", |b| {
        b.iter(|| sweep(Category::HealthCare, 1, 120.0).bytes());
    });
    group.bench_function("3 nearest of 7 categories for all junctions", |b| {
        b.iter(|| Category::ALL.par_iter().map(|&c| sweep(c, 3, 120.0).bytes()).sum::<usize>());
    });
    let need = Need::one(of(Category::HealthCare), Measure::Minutes, 15.0);
    let _ = world.register.homes();
    group.bench_function("the whole city, one need, new", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            coverage(&world, &network, question(need.clone())).unwrap().total.covered
        });
    });
    group.bench_function("the whole city, one need, asked before", |b| {
        b.iter(|| coverage(&world, &network, question(need.clone())).unwrap().total.covered);
    });
    group.bench_function("the whole city, all seven categories, new", |b| {
        b.iter(|| {
            world.memo = Arc::new(Memo::default());
            coverage(&world, &network, question(Need::circle(15.0))).unwrap().total.covered
        });
    });
    let found = coverage(&world, &network, question(Need::circle(15.0))).unwrap();
    println!("{} of {} people have all seven within 15 minutes", found.total.covered, found.total.people);
    group.bench_function("gaps of the whole city, all seven categories", |b| {
        b.iter(|| found.gaps(&world.register).len());
    });
    group.finish();
}

criterion_group!(all, city);
criterion_main!(all);
