//! What many ask for at once is made by one of them, with help, and none waits for itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use jiff::civil::date;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use support::city;
use support::city::position;
use walkshed::coverage::{Period, lay_scenario, region_usage, underused};
use walkshed::geo::cell_of;
use walkshed::network::StreetChange;
use walkshed::registry::{
    Audience, Center, Change, DivisionCode, PopulationCell, RegionCode, RegisterRows, Scenario, VisitCount, VisitDay,
};
use walkshed::world::World;

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
    let mut population: Vec<PopulationCell> = (0..900)
        .map(|n| PopulationCell { cell: cell_of(at(n), h3o::Resolution::Eleven), people: f64::from(n % 9 + 1) })
        .collect();
    population.sort_by_key(|c| c.cell);
    population.dedup_by_key(|c| c.cell);
    let day = date(2026, 3, 1);
    let counted = |center: i64| VisitDay {
        center,
        day,
        counts: vec![VisitCount { hour: None, audience: Audience::Everyone, count: 40 }],
    };
    let visits = (1..=2000).map(counted).collect();
    let rows = RegisterRows { centers: (0..2000).map(center).collect(), population, visits, ..city::rows() };
    World::new(Ok(Arc::new(city::network())), rows)
}

#[test]
fn centers_are_compared_over_streets_on_which_nobody_was_put_before() {
    let (done, watch) = channel();
    std::thread::spawn(move || {
        let world = crowded();
        let period = Period::last(30, date(2026, 3, 15));
        for n in 0..20 {
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
    for n in 0..20 {
        let (compared, counted) =
            watch.recv_timeout(Duration::from_secs(120)).unwrap_or_else(|e| panic!("round {n} waits for itself: {e}"));
        assert_eq!((compared, counted), (2000, 2000));
    }
}
