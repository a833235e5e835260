//! A page continues directly after the row of its cursor, even if the data changed in between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{self, position};
use serde_json::Value;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::geo::cell_of;
use walkshed_graphql::{Api, Limits};
use walkshed_register::{Category, Center, Change, DivisionCode, NewFacility, PopulationCell, RegisterRows, Scenario};

fn world(rows: RegisterRows) -> Arc<World> {
    Arc::new(World::new(Ok(Arc::new(city::network())), rows))
}

/// Returns population cells far from each other, in order of cell.
fn people(list: &[(f64, f64, f64)]) -> Vec<PopulationCell> {
    let cell = |&(x, y, people): &(f64, f64, f64)| PopulationCell {
        cell: cell_of(position(x, y), h3o::Resolution::Nine),
        people,
    };
    let mut cells: Vec<PopulationCell> = list.iter().map(cell).collect();
    cells.sort_by_key(|c| c.cell);
    cells
}

const HOMES: [(f64, f64, f64); 5] =
    [(0.0, 0.0, 500.0), (1400.0, 0.0, 400.0), (2800.0, 0.0, 300.0), (0.0, 1400.0, 200.0), (0.0, 2800.0, 100.0)];
/// The largest is missing; a larger one and a medium one are new.
const LATER: [(f64, f64, f64); 6] = [
    (1400.0, 0.0, 400.0),
    (2800.0, 0.0, 300.0),
    (0.0, 1400.0, 200.0),
    (0.0, 2800.0, 100.0),
    (1400.0, 1400.0, 900.0),
    (2800.0, 2800.0, 250.0),
];

/// Returns the people of each row of a page, and its last cursor.
fn page(world: &Arc<World>, query: &str, path: &str, key: &str) -> (Vec<f64>, String) {
    let reply = city::answer(&city::ask_with(&Api::new(Limits::default()), world, query, Value::Null));
    assert_eq!(reply.get("errors"), None, "{query}: {reply}");
    let edges = reply["data"].pointer(path).unwrap()["edges"].as_array().unwrap().clone();
    let last = edges.last().map_or(String::new(), |e| e["cursor"].as_str().unwrap().to_owned());
    (edges.iter().map(|e| e["node"].pointer(key).unwrap().as_f64().unwrap()).collect(), last)
}

#[test]
fn gaps_continue_after_changes() {
    let rows =
        |homes: &[(f64, f64, f64)]| RegisterRows { facilities: vec![], population: people(homes), ..city::rows() };
    let (before, after) = (world(rows(&HOMES)), world(rows(&LATER)));
    let ask = |world: &Arc<World>, arguments: &str| {
        let query = format!(
            "{{ coverage(need: {{category: HEALTH_CARE}}) {{ gaps({arguments}) {{ edges {{ cursor node {{ people }} }} }} }} }}"
        );
        page(world, &query, "/coverage/gaps", "/people")
    };
    let (first, cursor) = ask(&before, "first: 2");
    assert_eq!(first, [500.0, 400.0]);
    assert_eq!(ask(&before, &format!("first: 2, after: \"{cursor}\"")).0, [300.0, 200.0]);
    assert_eq!(ask(&after, &format!("first: 9, after: \"{cursor}\"")).0, [300.0, 250.0, 200.0, 100.0]);
    assert_eq!(ask(&after, &format!("last: 9, before: \"{cursor}\"")).0, [900.0]);
}

#[test]
fn cells_continue_after_changes() {
    let rows =
        |homes: &[(f64, f64, f64)]| RegisterRows { facilities: vec![], population: people(homes), ..city::rows() };
    let (before, after) = (world(rows(&HOMES)), world(rows(&LATER)));
    let ask = |world: &Arc<World>, arguments: &str| {
        let query = format!(
            "{{ coverage(need: {{category: HEALTH_CARE}}) {{ cells({arguments}) {{ edges {{ cursor node {{ people }} }} }} }} }}"
        );
        page(world, &query, "/coverage/cells", "/people")
    };
    let in_order: Vec<f64> = people(&HOMES).iter().map(|c| c.people).collect();
    let later: Vec<PopulationCell> = people(&LATER);
    let (first, cursor) = ask(&before, "first: 2");
    assert_eq!(first, in_order[..2]);
    let named = people(&HOMES)[1].cell;
    let wanted: Vec<f64> = later.iter().filter(|c| c.cell > named).map(|c| c.people).collect();
    assert_eq!(ask(&after, &format!("first: 9, after: \"{cursor}\"")).0, wanted);
}

#[test]
fn changed_cells_continue_after_changes() {
    let clinic = Change::Add(NewFacility {
        name: "clinic".into(),
        name_en: None,
        category: Category::HealthCare,
        kind: None,
        position: position(1400.0, 1400.0),
        opening_hours: None,
        capacity: None,
        audiences: vec![],
        step_free: None,
        services: vec![],
    });
    let scenario = Scenario { id: 1, version: 1, changes: vec![clinic], ..Scenario::new("clinic".into(), "c".into()) };
    let rows = |homes: &[(f64, f64, f64)]| RegisterRows {
        facilities: vec![],
        population: people(homes),
        scenarios: vec![scenario.clone()],
        ..city::rows()
    };
    let (before, after) = (world(rows(&HOMES)), world(rows(&LATER)));
    let ask = |world: &Arc<World>, arguments: &str| {
        let query = format!(
            "{{ compareScenarios(after: \"clinic\", need: {{category: HEALTH_CARE, minutes: 120}}) {{ cells(change: GAINED, {arguments}) {{ edges {{ cursor node {{ people }} }} }} }} }}"
        );
        page(world, &query, "/compareScenarios/cells", "/people")
    };
    let (first, cursor) = ask(&before, "first: 2");
    assert_eq!(first, [500.0, 400.0]);
    assert_eq!(ask(&after, &format!("first: 9, after: \"{cursor}\"")).0, [300.0, 250.0, 200.0, 100.0]);
}

#[test]
fn rated_centers_continue_after_changes() {
    let center = |n: u32, x: f64, y: f64| Center {
        id: i64::from(n) + 100,
        version: 1,
        ..Center::new(DivisionCode::new(&format!("5001060130{n:02}")).unwrap(), format!("c{n}"), position(x, y))
    };
    let near: Vec<Center> = (10..14).map(|n| center(n, 1000.0, 1000.0 + f64::from(n))).collect();
    let rows = |centers: Vec<Center>| RegisterRows { centers, ..city::rows() };
    let before = world(rows([city::rows().centers, near.clone()].concat()));
    // One center fewer, and one more before all others, all with the same score.
    let after = world(rows([city::rows().centers, vec![center(6, 1000.0, 1000.0)], near[1..].to_vec()].concat()));
    let ask = |world: &Arc<World>, arguments: &str| {
        let query = format!(
            "{{ assessment(standard: \"service_circle\") {{ centers({arguments}) {{ totalCount edges {{ cursor node {{ score center {{ code }} }} }} }} }} }}"
        );
        let reply = city::answer(&city::ask_with(&Api::new(Limits::default()), world, &query, Value::Null));
        assert_eq!(reply.get("errors"), None, "{reply}");
        let edges = reply["data"]["assessment"]["centers"]["edges"].as_array().unwrap().clone();
        let row = |e: &Value| {
            (e["node"]["score"].as_f64().unwrap(), e["node"]["center"]["code"].as_str().unwrap().to_owned())
        };
        let last = edges.last().map_or(String::new(), |e| e["cursor"].as_str().unwrap().to_owned());
        (edges.iter().map(row).collect::<Vec<_>>(), last)
    };
    let all = ask(&before, "first: 20").0;
    let (first, cursor) = ask(&before, "first: 3");
    assert_eq!(first, all[..3]);
    assert_eq!(ask(&before, &format!("first: 20, after: \"{cursor}\"")).0, all[3..]);
    let named = first.last().unwrap().clone();
    let wanted: Vec<_> = ask(&after, "first: 20").0.into_iter().filter(|row| *row > named).collect();
    assert!(!wanted.is_empty() && wanted.len() < all.len());
    assert_eq!(ask(&after, &format!("first: 20, after: \"{cursor}\"")).0, wanted);
}
