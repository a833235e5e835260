//! Concurrent requests for the same cached result compute it once, with helper threads, and do not deadlock.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::city::position;
use jiff::civil::date;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use walkshed_analysis::world::World;
use walkshed_analysis::{Period, apply_scenario, region_usage, underused};
use walkshed_engine::StreetChange;
use walkshed_engine::geo::cell_of;
use walkshed_register::{
    Audience, Center, Change, DivisionCode, PopulationCell, RegionCode, RegisterRows, Scenario, VisitCount, VisitDay,
};

/// One in this many centers has counted visits.
const COUNTED_EVERY: usize = 40;

/// A populated city with many centers, some of which have counted visits.
fn crowded() -> World {
    let at = |n: u32| position(f64::from(n % 30) * 97.0, f64::from(n / 30 % 30) * 97.0);
    let center = |n: u32| Center {
        id: i64::from(n) + 1,
        version: 1,
        ..Center::new(
            DivisionCode::new(&format!("500106{:03}{:03}", n / 500 + 1, n % 500 + 1)).unwrap(),
            format!("center {n}"),
            at(n * 7),
        )
    };
    // Enough cells that snapping them is split over several threads.
    let mut population: Vec<PopulationCell> = (0..40_000)
        .map(|n| {
            let at = position(f64::from(n % 200) * 14.5, f64::from(n / 200) * 14.5);
            PopulationCell { cell: cell_of(at, h3o::Resolution::Twelve), people: f64::from(n % 9 + 1) }
        })
        .collect();
    population.sort_by_key(|c| c.cell);
    population.dedup_by_key(|c| c.cell);
    let day = date(2026, 3, 1);
    let counted = |center: i64| VisitDay {
        center,
        day,
        counts: vec![VisitCount { hour: None, audience: Audience::Everyone, count: 40 }],
    };
    // Few centers have counts, so that threads without work are free to help.
    let visits = (1..=2000).step_by(COUNTED_EVERY).map(counted).collect();
    let rows = RegisterRows { centers: (0..2000).map(center).collect(), population, visits, ..city::rows() };
    World::new(Ok(Arc::new(city::network())), rows)
}

#[test]
fn comparing_centers_on_unsnapped_streets_does_not_deadlock() {
    let (done, watch) = channel();
    std::thread::spawn(move || {
        let world = crowded();
        let period = Period::last(30, date(2026, 3, 15));
        for n in 0..30 {
            // New street changes each time, so that the first request must snap the population again.
            let at = position(f64::from(n) * 100.0 + 50.0, 500.0);
            let changes = vec![Change::Street(StreetChange::Close { at, kind: None })];
            let scenario = Scenario { changes, ..Scenario::new(format!("s{n}"), "s".into()) };
            let changed = apply_scenario(&world, &scenario).unwrap();
            let found = underused(&changed, None, period).unwrap();
            let changed = apply_scenario(&world, &scenario).unwrap();
            let usage = region_usage(&changed, &RegionCode::new("50").unwrap(), period).unwrap();
            done.send((found.1, usage.counted_centers)).unwrap();
        }
    });
    for n in 0..30 {
        let (compared, counted) =
            watch.recv_timeout(Duration::from_mins(2)).unwrap_or_else(|e| panic!("round {n} is deadlocked: {e}"));
        assert_eq!((compared, counted), (50, 50));
    }
}

/// Code that answers requests uses plain threads. A waiting thread of rayon's pool may steal the work it waits for and
/// deadlock.
#[test]
fn request_code_does_not_use_rayon() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    // These run once from the command line, and no request waits for them.
    let exempt = [
        "src/cli",
        "crates/walkshed-demo",
        "crates/walkshed-exchange",
        "crates/walkshed-testing",
        "crates/walkshed-engine/src/osm",
        "crates/walkshed-engine/src/build",
        "crates/walkshed-engine/src/elevation",
    ];
    let mut folders = vec![source.join("src"), source.join("crates")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&source).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if !exempt.contains(&name.as_str()) && !name.ends_with("/tests") && !name.ends_with("/benches") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let uses = text.lines().find(|line| !line.trim_start().starts_with("//") && line.contains("rayon::"));
                assert_eq!(uses, None, "{name}: use walkshed_engine::parallel");
            }
        }
    }
    assert!(files > 100);
}
