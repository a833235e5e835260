//! What many ask for at once is made by one of them, with help, and none waits for itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::city::position;
use jiff::civil::date;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use walkshed_analysis::world::World;
use walkshed_analysis::{Period, lay_scenario, region_usage, underused};
use walkshed_engine::StreetChange;
use walkshed_engine::geo::cell_of;
use walkshed_register::{
    Audience, Center, Change, DivisionCode, PopulationCell, RegionCode, RegisterRows, Scenario, VisitCount, VisitDay,
};

/// Of so many centers one was counted.
const COUNTED_EVERY: usize = 40;

/// Centers whose visits were counted, all over a city full of people.
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
    // Many places, so that putting them on the streets is worth the help of others.
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
    // Few of them were counted: who meets none is free to help.
    let visits = (1..=2000).step_by(COUNTED_EVERY).map(counted).collect();
    let rows = RegisterRows { centers: (0..2000).map(center).collect(), population, visits, ..city::rows() };
    World::new(Ok(Arc::new(city::network())), rows)
}

#[test]
fn centers_are_compared_over_streets_on_which_nobody_was_put_before() {
    let (done, watch) = channel();
    std::thread::spawn(move || {
        let world = crowded();
        let period = Period::last(30, date(2026, 3, 15));
        for n in 0..30 {
            // Streets that are changed anew each time: where people live is looked up on them by the first who asks.
            let at = position(f64::from(n) * 100.0 + 50.0, 500.0);
            let changes = vec![Change::Street(StreetChange::Close { at, kind: None })];
            let scenario = Scenario { changes, ..Scenario::new(format!("s{n}"), "s".into()) };
            let laid = lay_scenario(&world, &scenario).unwrap();
            let found = underused(&laid, None, period).unwrap();
            let laid = lay_scenario(&world, &scenario).unwrap();
            let usage = region_usage(&laid, &RegionCode::new("50").unwrap(), period).unwrap();
            done.send((found.1, usage.counted_centers)).unwrap();
        }
    });
    for n in 0..30 {
        let (compared, counted) =
            watch.recv_timeout(Duration::from_mins(2)).unwrap_or_else(|e| panic!("round {n} waits for itself: {e}"));
        assert_eq!((compared, counted), (50, 50));
    }
}

/// What answers questions works on plain threads: a thread of rayon's pool that waits is lent other work, and may then wait
/// for itself.
#[test]
fn nothing_that_answers_questions_uses_the_pool_that_lends_work() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    // Made once, by the command line, and by nobody who waits for them.
    let makes_files = [
        "src/cli",
        "crates/walkshed-demo",
        "crates/walkshed-exchange",
        "crates/walkshed-testing",
        "crates/walkshed-engine/src/osm",
        "crates/walkshed-engine/src/build",
        "crates/walkshed-engine/src/elevation",
    ];
    let mut folders = vec![source.join("src"), source.join("crates")];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&source).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if !makes_files.contains(&name.as_str()) && !name.ends_with("/tests") && !name.ends_with("/benches") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                looked_at += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let uses = text.lines().find(|line| !line.trim_start().starts_with("//") && line.contains("rayon::"));
                assert_eq!(uses, None, "{name}: use walkshed_engine::parallel");
            }
        }
    }
    assert!(looked_at > 100);
}
