//! Queries and changes of a register of realistic size: `cargo bench --bench register`.
//!
//! The register has 11,251 centers and 60,000 facilities over synthetic streets. Centers have the division codes of Chongqing
//! if their list is available, otherwise synthetic codes. A second register has 620,000 centers, for text search.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

#[path = "support/all_centers.rs"]
mod all_centers;
#[path = "../tests/it/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{city, register};
use walkshed_analysis::world::World;
use walkshed_engine::Profiles;
use walkshed_graphql::{Api, ApiRequest, Limits, Variables};
use walkshed_live::Live;
use walkshed_live::folder::DataFolder;
use walkshed_register::{
    Audience, Category, Center, DivisionCode, Edit, Facility, Offer, PopulationCell, RegisterRows, Service, Suggestion,
    VisitCount, VisitDay,
};
use walkshed_store::ChangeSet;
use walkshed_testing::{Random, at};

const CENTERS: usize = 11_251;
const FACILITIES: usize = 60_000;
/// Number of centers with visit counts, and of days with counts.
const COUNTED: usize = 300;
const DAYS: i64 = 730;
/// Number of streets in each direction, 100 m apart.
const SIDE: u32 = 300;

fn codes() -> Vec<DivisionCode> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/chongqing/divisions.csv");
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    let listed: Vec<DivisionCode> =
        listed.lines().skip(1).filter_map(|l| DivisionCode::new(l.split(',').next()?).ok()).take(CENTERS).collect();
    if listed.len() == CENTERS {
        return listed;
    }
    println!("the list of divisions is not available: using synthetic codes");
    let code =
        |i: usize| format!("5001{:02}{:03}{:03}", 1 + i / 400 % 38, 1 + i / 20 % 20, 1 + i % 20 + i / 15_200 * 20);
    (0..CENTERS).map(|i| DivisionCode::new(&code(i)).unwrap()).collect()
}

fn rows() -> RegisterRows {
    let mut r = Random(42);
    let extent = f64::from(SIDE) * 100.0;
    let mut place = move || -> walkshed_engine::geo::Position { at(r.unit() * extent, r.unit() * extent).into() };
    let hours = ["Mo-Fr 09:00-18:00; PH off", "10:00-02:00", "24/7", "Mo-Sa 08:30-20:00", "Tu-Su 09:00-17:00"];
    let codes = codes();
    let centers: Vec<Center> = codes
        .iter()
        .zip(1..)
        .map(|(code, i)| Center {
            id: i,
            version: 1,
            address: Some(format!("某街道 {i} 号")),
            residents_served: Some(500 + (i as u32 * 37) % 20_000),
            opening_hours: Some(hours[i as usize % 5].into()),
            ..Center::new(code.clone(), format!("第{i}社区党群服务中心"), place())
        })
        .collect();
    let facilities = (1..=FACILITIES as i64)
        .map(|i| {
            let center = (i % 2 == 0).then(|| &centers[i as usize * 7 % CENTERS]);
            let position = center.map_or_else(&mut place, |c| c.position);
            Facility {
                id: i,
                version: 1,
                center: center.map(|c| c.code.clone()),
                opening_hours: (i % 3 != 0).then(|| hours[i as usize % 5].into()),
                audiences: if i % 4 == 0 { vec![Audience::NewEmployment] } else { Vec::new() },
                ..Facility::new(format!("f{i}"), format!("设施 {i}"), Category::ALL[i as usize % 7], position)
            }
        })
        .collect();
    let services = (1..=100)
        .map(|i| Service {
            id: i,
            version: 1,
            ..Service::new(format!("s{i}"), format!("服务 {i}"), Category::ALL[i as usize % 7])
        })
        .collect();
    let offers = (1..=40_000)
        .map(|i: i64| {
            let host = walkshed_register::Host::Center(1 + i % CENTERS as i64);
            Offer { id: i, version: 1, ..Offer::new(1 + i / CENTERS as i64, host) }
        })
        .collect();
    let suggestions = (1..=2000)
        .map(|i| Suggestion {
            id: i,
            version: 1,
            center: Some(1 + i * 5 % CENTERS as i64),
            ..Suggestion::new(format!("x{i}"), "多些座椅".into(), "2026-01-01T00:00:00Z".parse().unwrap())
        })
        .collect();
    let first: jiff::civil::Date = "2024-11-01".parse().unwrap();
    let visits = (1..=COUNTED as i64)
        .flat_map(|center| {
            (0..DAYS).map(move |d| VisitDay {
                center,
                day: first.checked_add(jiff::Span::new().days(d)).unwrap(),
                counts: vec![VisitCount { hour: None, audience: Audience::Everyone, count: 40 + (d % 7) as u32 * 5 }],
            })
        })
        .collect();
    let mut cells: Vec<_> = (0..8000)
        .map(|i| {
            let (x, y) = (f64::from(i % 90) * 330.0, f64::from(i / 90) * 330.0);
            walkshed_engine::geo::cell_of(at(x, y).into(), h3o::Resolution::Nine)
        })
        .collect();
    cells.sort_unstable();
    cells.dedup();
    let population = cells.into_iter().map(|cell| PopulationCell { cell, people: 120.0 }).collect();
    RegisterRows {
        version: 1,
        centers,
        facilities,
        services,
        offers,
        suggestions,
        visits,
        population,
        ..RegisterRows::default()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    live: Arc<Live>,
    api: Api,
}

fn set_up() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    walkshed_testing::grid(SIDE, 100.0).save(&folder.path().join("streets.walkshed")).unwrap();
    let began = Instant::now();
    city::fill(folder.path(), &rows());
    println!("filling the database took {:.1} s", began.elapsed().as_secs_f64());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let live = runtime.block_on(async {
        let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
        let store = data.store().await.unwrap();
        Arc::new(Live::load(data, store).await.unwrap())
    });
    Bench { folder, runtime, live, api: Api::new(Limits { max_complexity: 1_000_000, ..Limits::default() }) }
}

/// Text search in all centers of China.
fn text_search(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let api = Api::new(Limits { max_complexity: 1_000_000, ..Limits::default() });
    let world = World::new(Ok(Arc::new(walkshed_testing::grid(4, 100.0))), all_centers::rows());
    let count = world.register.centers.len();
    let began = Instant::now();
    let bytes = world.register.build_text_search();
    println!(
        "the index of {count} centers: built in {:.1} s, {} bytes for each",
        began.elapsed().as_secs_f64(),
        bytes / count
    );
    let world = Arc::new(world);
    let query = |text: &str, rest: &str| {
        let query = format!(
            "query($text: String) {{ centers(filter: {{text: $text{rest}, first: 20) {{ totalCount edges {{ node {{ name }} }} }} }}"
        );
        let variables = Variables::from_json(serde_json::json!({"text": text}));
        let answer = runtime.block_on(api.execute(&world, ApiRequest { query, variables, ..ApiRequest::default() }));
        assert!(answer.response.errors.is_empty(), "{:?}", answer.response.errors);
        let data = serde_json::to_value(&answer.response.data).unwrap();
        data["centers"]["totalCount"].as_u64().unwrap()
    };
    let mut group = c.benchmark_group("text search in 620,000 centers");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let by_name = "}, orderBy: {by: NAME}";
    for (text, rest, what) in [
        ("", "}", "no text"),
        ("社", "}", ""),
        ("桥", "}", ""),
        ("7", "}", ""),
        ("社区", "}", ""),
        ("石桥", "}", ""),
        ("石桥社区", "}", ""),
        ("大石村", "}", ""),
        ("服务中心", "}", ""),
        ("社区党群服务中心", "}", ""),
        ("路12号", "}", ""),
        ("500106", "}", ""),
        ("Community Service Center", "}", ""),
        ("fwzx", "}", ""),
        ("dsc", "}", ""),
        ("sqcbmfw", "}", ""),
        ("zzzz", "}", ""),
        ("石桥", by_name, ", by name"),
        ("社区", by_name, ", by name"),
        ("服务中心", "}, orderBy: {by: RESIDENTS_SERVED, direction: DESC}", ", by residents"),
        ("石桥", ", region: \"50\"}", ", of a province"),
        ("社区", ", region: \"5001\"}", ", of a city"),
        ("社区", ", statuses: [OPEN]}", ", open"),
    ] {
        let name = format!("{text:?}{what}: {} rows", query(text, rest));
        group.bench_function(name, |b| b.iter(|| query(text, rest)));
    }
    group.finish();
}

impl Bench {
    fn query(&self, query: &str, variables: serde_json::Value) -> usize {
        let request =
            ApiRequest { query: query.into(), variables: Variables::from_json(variables), ..ApiRequest::default() };
        let answer = self.runtime.block_on(self.api.execute(&self.live.world(), request));
        assert!(answer.response.errors.is_empty(), "{:?}", answer.response.errors);
        serde_json::to_vec(&answer.response).unwrap().len()
    }

    /// Measures a change until the next query sees it.
    fn write(&self, edits: Vec<Edit>) -> Duration {
        let change_set =
            ChangeSet { edits, actor: "bench".into(), at: "2026-11-25T01:00:00Z".into(), ..ChangeSet::default() };
        let began = Instant::now();
        let before = self.live.world().version.clone();
        self.runtime.block_on(self.live.edit(&change_set)).unwrap();
        assert_ne!(self.live.world().version, before);
        began.elapsed()
    }
}

fn benches(c: &mut Criterion) {
    let bench = set_up();
    let mut group = c.benchmark_group("register of 11,251 centers");
    group.sample_size(10);
    group.bench_function("load of the world from the database", |b| {
        let data = DataFolder::new(bench.folder.path(), None, Profiles::default()).unwrap();
        b.iter(|| {
            bench.runtime.block_on(async {
                let store = register::open(bench.folder.path()).await;
                let world = data.world(&store).await.unwrap();
                store.close().await;
                black_box(world.register.facilities.len())
            })
        });
    });
    group.sample_size(20);
    let middle = at(15_000.0, 15_000.0);
    let here = serde_json::json!({"p": {"point": {"lon": middle.lon(), "lat": middle.lat()}}});
    let nearby = "query($p: PlaceInput!) { nearby(from: $p, openAt: \"2026-11-24T17:00:00Z\", first: 20) { totalCount edges { minutes node { id name isOpen(at: \"2026-11-24T17:00:00Z\") } } } }";
    group.bench_function("nearby, open at 1 in the night, 20 rows", |b| b.iter(|| bench.query(nearby, here.clone())));
    let page = "{ centers(first: 50) { totalCount nodes { id code name address facilities(first: 10) { totalCount nodes { id name category } } } } }";
    group.bench_function("page of 50 centers with their facilities", |b| {
        b.iter(|| bench.query(page, serde_json::Value::Null));
    });
    for (name, query) in [
        ("centers by text", "{ centers(filter: {text: \"777\"}, first: 20) { totalCount nodes { name } } }"),
        (
            "centers open at 1 in the night",
            "{ centers(filter: {openAt: \"2026-11-24T17:00:00Z\"}, first: 20) { totalCount nodes { name } } }",
        ),
        (
            "centers of a district by residents",
            "{ centers(filter: {region: \"500106\"}, orderBy: {by: RESIDENTS_SERVED, direction: DESC}, first: 20) { totalCount nodes { name } } }",
        ),
        (
            "facilities in a box, for couriers, by name",
            "{ facilities(filter: {audience: COURIERS, area: {box: {west: 106.55, south: 29.56, east: 106.6, north: 29.6}}}, orderBy: {by: NAME}, first: 20) { totalCount nodes { name } } }",
        ),
        (
            "facilities by distance",
            "query($p: PlaceInput!) { facilities(orderBy: {by: DISTANCE, from: $p}, first: 20) { totalCount nodes { name } } }",
        ),
    ] {
        let variables = if query.starts_with("query") { here.clone() } else { serde_json::Value::Null };
        group.bench_function(name, |b| b.iter(|| bench.query(query, variables.clone())));
    }
    group.bench_function("underused centers, of 300 counted", |b| {
        b.iter(|| {
            bench.query(
                "{ underusedCenters(first: 20) { compared nodes { ratioToMedian reason { factor } } } }",
                serde_json::Value::Null,
            )
        });
    });
    let mut n = 0;
    group.bench_function("write of a center until it is visible", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    n += 1;
                    let world = bench.live.world();
                    let center = (*world.register.centers[n % CENTERS]).clone();
                    bench.write(vec![Edit::Put((Center { phone: Some(n.to_string()), ..center }).into())])
                })
                .sum()
        });
    });
    group.bench_function("move of a facility until it is visible", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    n += 1;
                    let world = bench.live.world();
                    let facility = (*world.register.facilities[n % FACILITIES]).clone();
                    let position = at((n * 131 % 29_000) as f64, 12_345.0).into();
                    bench.write(vec![Edit::Put((Facility { position, ..facility }).into())])
                })
                .sum()
        });
    });
    group.bench_function("new facility until it is visible", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    n += 1;
                    let (id, position) = (format!("new{n}"), at((n * 37 % 29_000) as f64, 1_234.0).into());
                    let facility = Facility::new(id, "新设施".into(), Category::LifeServices, position);
                    bench.write(vec![Edit::Put(facility.into())])
                })
                .sum()
        });
    });
    group.finish();
}

criterion_group!(all, benches, text_search);
criterion_main!(all);
