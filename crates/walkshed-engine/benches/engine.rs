//! Benchmarks of the engine: `cargo bench --bench engine`. Uses Porto Alegre if its files are available, otherwise a
//! generated grid of 40,000 junctions. Walksheds are also measured in a generated city of 75,625 junctions.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot set up should fail")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use walkshed_engine::build::build;
use walkshed_engine::walkshed::{Detail, Field, Reach, outlines};
use walkshed_engine::{Deciseconds, Direction, Network, PointLayer, Profile, Scratch, Start, matrix, with_scratch};
use walkshed_testing::{Random, build_options, dense_city, grid, porto_alegre, random_point};

const LIMIT: Deciseconds = Deciseconds(9000);

fn starts(network: &Network, profile: Profile, count: usize) -> Vec<Start> {
    let mut r = Random(7);
    std::iter::repeat_with(|| random_point(network, &mut r))
        .filter_map(|p| network.snap(p, profile).ok())
        .map(|snap| Start::new(network, snap, profile))
        .take(count)
        .collect()
}

/// Measures walksheds of 15 minutes on foot, and prints the sizes of their outlines.
fn walksheds(c: &mut Criterion, network: &Network, city: &str) {
    let profile = Profile::Adult;
    let starts = starts(network, profile, 200);
    let mut i = 0;
    let mut next = move || {
        i = (i + 1) % 200;
        i
    };
    let reaches: Vec<Reach> =
        starts.iter().map(|&s| Reach::find(network, profile, Direction::Towards, s, LIMIT)).collect();
    let bands = [3000, 6000, 9000].map(Deciseconds);
    c.bench_function(&format!("reach: search and cut the streets{city}"), |b| {
        b.iter(|| Reach::find(network, profile, Direction::Towards, starts[next()], LIMIT));
    });
    for detail in Detail::ALL {
        let name = format!("{detail:?}{city}").to_lowercase();
        let fields: Vec<Field> = reaches.iter().map(|r| Field::draw_at(network, r, detail)).collect();
        let texts: Vec<usize> = fields.iter().map(|f| outlines(f, &[LIMIT])[0].geojson().len()).collect();
        println!("outline, {name}: {} bytes of GeoJSON on average", texts.iter().sum::<usize>() / texts.len());
        c.bench_function(&format!("walkshed, {name}: draw the field"), |b| {
            b.iter(|| Field::draw_at(network, &reaches[next()], detail));
        });
        c.bench_function(&format!("walkshed, {name}: one outline"), |b| b.iter(|| outlines(&fields[next()], &[LIMIT])));
        c.bench_function(&format!("walkshed, {name}: three outlines"), |b| {
            b.iter(|| outlines(&fields[next()], &bands));
        });
        c.bench_function(&format!("walkshed, {name}: search, outline and text"), |b| {
            b.iter(|| {
                let reach = Reach::find(network, profile, Direction::Towards, starts[next()], LIMIT);
                outlines(&Field::draw_at(network, &reach, detail), &[LIMIT])[0].geojson()
            });
        });
    }
}

fn engine(c: &mut Criterion) {
    walksheds(c, &dense_city(275), ", dense city");

    let folder = porto_alegre();
    if let Some(folder) = &folder {
        let options = build_options(folder);
        c.bench_function("import: PBF and elevation to the prepared file", |b| {
            let out = tempfile::tempdir().unwrap();
            b.iter(|| build(&options, &|_| {}).unwrap().save(&out.path().join("streets.walkshed")).unwrap());
        });
    }
    let network = folder.map_or_else(|| grid(200, 80.0), |f| build(&build_options(&f), &|_| {}).unwrap());
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("streets.walkshed");
    network.save(&path).unwrap();
    println!(
        "{} junctions, {} segments, {} bytes prepared",
        network.vertices().len(),
        network.edge_count(),
        network.size_bytes()
    );
    c.bench_function("open: map and verify the prepared file", |b| b.iter(|| Network::open(&path).unwrap()));
    c.bench_function("open: read the prepared file instead (for comparison)", |b| {
        b.iter(|| std::fs::read(&path).unwrap());
    });

    let profile = Profile::Adult;
    let starts = starts(&network, profile, 500);
    let mut r = Random(1);
    let points: Vec<_> = std::iter::repeat_with(|| random_point(&network, &mut r)).take(500).collect();
    let mut i = 0;
    let mut next = move || {
        i = (i + 1) % 500;
        i
    };
    c.bench_function("snap a point", |b| b.iter(|| network.snap(black_box(points[next()]), profile)));
    let mut reached = 0usize;
    let mut runs = 0usize;
    c.bench_function("search: 15 minutes on foot", |b| {
        b.iter(|| {
            with_scratch(|Scratch { search, .. }| {
                search.run_from(&network, profile, Direction::Towards, &starts[next()], LIMIT);
                reached += search.reached().len();
                runs += 1;
            });
        });
    });
    println!("mean junctions reached: {}", reached / runs.max(1));
    walksheds(c, &network, "");

    let mut r = Random(3);
    let layer = PointLayer::new(std::iter::repeat_with(|| random_point(&network, &mut r)).take(2000).collect());
    layer.prepare(&network, profile, Direction::Towards);
    c.bench_function("nearby: search and collect among 2,000 facilities", |b| {
        b.iter(|| {
            with_scratch(|Scratch { search, hits }| {
                let start = &starts[next()];
                search.run_from(&network, profile, Direction::Towards, start, LIMIT);
                layer.collect(&network, start, search, hits);
                hits.points().len()
            })
        });
    });
    let hundred: Vec<Option<Start>> = starts.iter().take(100).copied().map(Some).collect();
    c.bench_function("matrix: 100 x 100 within 60 minutes", |b| {
        b.iter(|| matrix(&network, profile, &hundred, &hundred, Deciseconds(36_000)).unwrap());
    });
}

criterion_group!(benches, engine);
criterion_main!(benches);
