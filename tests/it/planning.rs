//! Analyses over GraphQL: answers that can be checked by hand on a small city, and errors for invalid arguments.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![allow(clippy::float_cmp, reason = "people are whole numbers here, whose sums are exact")]

use crate::support::city::{answer, ask, ask_with, position, rows};
use crate::support::real;
use geo::Winding;
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_graphql::{Api, Limits};
use walkshed_register::{Category, Facility, PopulationCell, RegisterRows, Status};
use walkshed_testing::grid;

/// Runs a query that must succeed and returns its data.
fn data(query: &str) -> Value {
    let found = ask(query);
    assert_eq!(found.get("errors"), None, "{query}: {found}");
    found["data"].clone()
}

fn of(world: &Arc<World>, query: &str) -> Value {
    let found = answer(&ask_with(
        &Api::new(Limits { max_complexity: 500_000, ..Limits::default() }),
        world,
        query,
        Value::Null,
    ));
    assert_eq!(found.get("errors"), None, "{query}: {found}");
    found["data"].clone()
}

#[test]
fn coverage_of_the_small_city() {
    // 500 people at the first health facility, 300 about 500 m away, 200 far in the north-east but near another one.
    insta::assert_json_snapshot!(data(
        "{ coverage(need: {category: HEALTH_CARE, minutes: 5}) {
            total { people covered uncovered offNetwork share } unit limit mean percentiles(shares: [0.5, 0.9, 1])
            histogram { from to people } notReached
            byCategory { category facilities people { covered } }
            byRegion { code name people { people covered } region { name } }
            cells(first: 2, covered: false) { totalCount nodes { cell people covered onNetwork toNearest toCounted nearest { name } missing } }
            gaps { totalCount nodes { people cellCount nearest { name } toNearest missedMost missedBy district { code } outline } }
            explain { worldVersion parameters { name value } method }
        } }"
    ));
}

#[test]
fn defaults_to_all_seven_categories() {
    let found = data(
        "{ coverage { total { covered } byCategory { category people { share } } cells { nodes { people missing } } }
           metres: coverage(need: {category: LIFE_SERVICES, metres: 800}) { unit total { covered } mean } }",
    );
    let all = &found["coverage"];
    assert_eq!(all["total"]["covered"], 0.0);
    assert_eq!(all["byCategory"].as_array().unwrap().len(), 7);
    let home = all["cells"]["nodes"].as_array().unwrap().iter().find(|c| c["people"] == 500.0).unwrap();
    assert_eq!(home["missing"], json!(["COMMUNITY_GOVERNANCE", "CULTURE_SPORTS", "EMPLOYMENT"]));
    assert_eq!((&found["metres"]["unit"], &found["metres"]["total"]["covered"]), (&json!("METRES"), &json!(800.0)));
}

#[test]
fn errors_name_the_invalid_argument() {
    for (query, code, message) in [
        ("{ coverage(need: {minutes: 0}) { limit } }", "BAD_USER_INPUT", "need.minutes: 0 must be more than 0"),
        ("{ coverage(need: {minutes: 500}) { limit } }", "TOO_COMPLEX", "need.minutes: 500"),
        ("{ coverage(need: {metres: 99000}) { limit } }", "TOO_COMPLEX", "need.metres: 99000"),
        ("{ coverage(need: {metres: -1}) { limit } }", "BAD_USER_INPUT", "need.metres: -1"),
        (
            "{ coverage(need: {minutes: 5, metres: 5}) { limit } }",
            "BAD_USER_INPUT",
            "need.metres: 5 cannot be combined",
        ),
        ("{ coverage(need: {minCount: 11}) { limit } }", "BAD_USER_INPUT", "need.minCount: 11"),
        ("{ coverage(need: {kinds: [\"moon base\"]}) { limit } }", "BAD_USER_INPUT", "moon base"),
        ("{ coverage(need: {kinds: []}) { limit } }", "BAD_USER_INPUT", "need.kinds"),
        (
            "{ coverage(need: {kinds: [\"clinic\"], category: HEALTH_CARE}) { limit } }",
            "BAD_USER_INPUT",
            "give only one of them",
        ),
        ("{ coverage(need: {service: \"nothing\"}) { limit } }", "NOT_FOUND", "need.service"),
        (
            "{ coverage(region: \"500199\") { limit } }",
            "NOT_FOUND",
            "region: no region or center with the code \"500199\"",
        ),
        ("{ coverage(region: \"x\") { limit } }", "BAD_USER_INPUT", "region: \"x\""),
        ("{ coverage(group: \"nobody\") { limit } }", "NOT_FOUND", "group"),
        ("{ coverage(capacity: true) { limit } }", "BAD_USER_INPUT", "one category"),
        ("{ coverage { percentiles(shares: [2]) } }", "BAD_USER_INPUT", "shares: 2"),
        ("{ coverage { cellsGeojson(resolution: 12) } }", "BAD_USER_INPUT", "resolution: 12"),
        (
            "{ catchment(of: {point: {lon: 106.5, lat: 29.5}}) { people } }",
            "BAD_USER_INPUT",
            "name a center or facility",
        ),
        (
            "{ accessibility(measure: GRAVITY, need: {category: HEALTH_CARE}) { mean } }",
            "BAD_USER_INPUT",
            "decay: null",
        ),
        ("{ accessibility(measure: CUMULATIVE, need: {}) { mean } }", "BAD_USER_INPUT", "one category"),
        (
            "{ accessibility(measure: GRAVITY, need: {category: HEALTH_CARE}, decay: {form: LOGISTIC, a: 5}) { mean } }",
            "BAD_USER_INPUT",
            "decay.b",
        ),
        (
            "{ accessibility(measure: GRAVITY, need: {category: HEALTH_CARE}, decay: {form: POWER, a: 0}) { mean } }",
            "BAD_USER_INPUT",
            "decay.a: 0",
        ),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, count: 0) { gap } }", "BAD_USER_INPUT", "count: 0"),
        ("{ siteSuggestions(need: {}, count: 1) { gap } }", "BAD_USER_INPUT", "one category"),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, candidates: PLACES) { gap } }", "BAD_USER_INPUT", "places"),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, share: 0) { gap } }", "BAD_USER_INPUT", "share: 0"),
        (
            "{ siteSuggestions(need: {category: HEALTH_CARE}, capacity: 5, objective: MIN_MEAN_TIME) { gap } }",
            "BAD_USER_INPUT",
            "not with the mean",
        ),
        (
            "{ siteSuggestions(need: {category: HEALTH_CARE}, capacity: 5, exact: true) { gap } }",
            "BAD_USER_INPUT",
            "exactly",
        ),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, capacity: 0) { gap } }", "BAD_USER_INPUT", "capacity: 0"),
        (
            "{ siteSuggestions(need: {category: HEALTH_CARE}, budget: 5, objective: MIN_FACILITIES) { gap } }",
            "BAD_USER_INPUT",
            "not with fewest facilities",
        ),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, costs: [1]) { gap } }", "BAD_USER_INPUT", "costs"),
        (
            "{ siteSuggestions(need: {category: HEALTH_CARE}, candidates: PLACES, costs: [1, 2], places: [{point: {lon: 106.5, lat: 29.5}}]) { gap } }",
            "BAD_USER_INPUT",
            "2 items for 1 places; give one for each place",
        ),
        ("{ siteSuggestions(need: {category: HEALTH_CARE}, mustKeep: [\"x\"]) { gap } }", "NOT_FOUND", "mustKeep"),
        (
            "{ siteSuggestions(need: {category: HEALTH_CARE}, mustKeep: [\"RmFjaWxpdHk6MTE\"]) { gap } }",
            "BAD_USER_INPUT",
            "not open today for this need",
        ),
        ("{ assessment(standard: \"mine\") { score } }", "BAD_USER_INPUT", "gb_50180_2018"),
        ("{ assessment(standard: \"service_circle\", metShare: 3) { score } }", "BAD_USER_INPUT", "metShare: 3"),
        ("{ assessment(standard: \"service_circle\", center: \"500106013099\") { score } }", "NOT_FOUND", "center"),
        (
            "{ assessment(standard: \"service_circle\", region: \"500106\", center: \"500106013004\") { score } }",
            "BAD_USER_INPUT",
            "cannot be combined",
        ),
    ] {
        let found = ask(query);
        let error = &found["errors"][0];
        assert!(error["message"].as_str().is_some_and(|m| m.contains(message)), "{query}: {found}");
        assert_eq!(error["extensions"]["code"], code, "{query}");
    }
}

#[test]
fn catchments_count_exclusive_and_shared_people() {
    let found = data(
        "{ catchment(of: {center: \"500106013004\"}, minutes: 10) {
            people exclusivePeople minutes groups { group people } areaKm2 overlaps { people center { code } facility { name } } } }",
    );
    let center = &found["catchment"];
    // 500 people live at the center, 300 live 400 m away. The other center is 1,500 m away.
    assert_eq!((&center["people"], &center["exclusivePeople"]), (&json!(800.0), &json!(800.0)));
    assert_eq!(center["overlaps"], json!([]));
    let near = data("{ facilities(filter: {categories: [HEALTH_CARE]}) { nodes { id name } } }");
    let id = near["facilities"]["nodes"][0]["id"].as_str().unwrap();
    let found = data(&format!(
        "{{ catchment(of: {{facility: \"{id}\"}}) {{ people exclusivePeople overlaps {{ people facility {{ name }} center {{ code }} }} }} }}"
    ));
    let other = &found["catchment"]["overlaps"][0];
    assert_eq!((&other["facility"]["name"], &other["center"]), (&json!("Health care 12"), &Value::Null));
    let (people, alone, shared) =
        (&found["catchment"]["people"], &found["catchment"]["exclusivePeople"], &other["people"]);
    assert_eq!(people.as_f64().unwrap(), alone.as_f64().unwrap() + shared.as_f64().unwrap());
    let none = data("{ catchment(of: {facility: \"RmFjaWxpdHk6OTk5OQ\"}) { people } }");
    assert_eq!(none["catchment"], Value::Null);
}

/// A street of populated cells with one clinic at its west end, and planned and closed ones farther east.
fn street() -> Arc<World> {
    let cells = [(200.0, 400.0), (1100.0, 300.0), (1900.0, 700.0), (2700.0, 100.0)];
    let population = cells
        .map(|(x, people)| PopulationCell {
            cell: walkshed_engine::geo::cell_of(position(x, 1500.0), h3o::Resolution::Ten),
            people,
        })
        .to_vec();
    let clinic = |id: i64, x: f64, status: Status| Facility {
        id,
        version: 1,
        status,
        capacity: Some(10.0),
        kind: Some("clinic".into()),
        ..Facility::new(format!("c{id}"), format!("clinic {id}"), Category::HealthCare, position(x, 1500.0))
    };
    let facilities =
        vec![clinic(1, 200.0, Status::Open), clinic(2, 1900.0, Status::Planned), clinic(3, 2700.0, Status::Closed)];
    let rows = RegisterRows { facilities, population, ..rows() };
    Arc::new(World::new(Ok(Arc::new(grid(30, 100.0))), rows))
}

#[test]
fn suggests_the_sites_with_the_largest_gain() {
    let world = street();
    let found = of(
        &world,
        "{ siteSuggestions(need: {kinds: [\"clinic\"], minutes: 5}, count: 2, candidates: VACANT) {
            sites { facility { name } gained covered share } before { covered } after { covered } gained bound gap candidates } }",
    );
    assert_eq!(
        found["siteSuggestions"],
        json!({
            "sites": [
                {"facility": {"name": "clinic 2"}, "gained": 700.0, "covered": 1100.0, "share": 0.733_333},
                {"facility": {"name": "clinic 3"}, "gained": 100.0, "covered": 1200.0, "share": 0.8}
            ],
            "before": {"covered": 400.0}, "after": {"covered": 1200.0},
            "gained": 800.0, "bound": 800.0, "gap": 0.0, "candidates": 2
        })
    );
    let best = of(
        &world,
        "{ siteSuggestions(need: {kinds: [\"clinic\"], minutes: 5}, count: 2, candidates: VACANT, exact: true) { gained exact gap explain { method } } }",
    );
    assert_eq!((&best["siteSuggestions"]["gained"], &best["siteSuggestions"]["exact"]), (&json!(800.0), &json!(true)));
    assert!(best["siteSuggestions"]["explain"]["method"][0].as_str().unwrap().contains("mixed-integer"));
    let all = of(
        &world,
        "{ few: siteSuggestions(need: {kinds: [\"clinic\"], minutes: 5}, objective: MIN_FACILITIES, share: 0.9, count: 10) {
             sites { gained } fewest }
           near: siteSuggestions(need: {kinds: [\"clinic\"], minutes: 15}, objective: MIN_MEAN_TIME, count: 1) {
             meanBefore sites { mean gained cell } }
           given: siteSuggestions(need: {kinds: [\"clinic\"], minutes: 5}, count: 1, candidates: PLACES,
             places: [{point: {lon: 1, lat: 1}}, {center: \"500106013004\"}]) { sites { place gained } candidatesOffNetwork } }",
    );
    // 1,100 people are not covered; the 700 and the 300 make up 90 % of them.
    assert_eq!(all["few"]["sites"], json!([{"gained": 700.0}, {"gained": 300.0}]));
    assert_eq!(all["few"]["fewest"], 2);
    let (before, after) =
        (all["near"]["meanBefore"].as_f64().unwrap(), all["near"]["sites"][0]["mean"].as_f64().unwrap());
    let saved = all["near"]["sites"][0]["gained"].as_f64().unwrap();
    assert!(((before - after) * 1500.0 - saved).abs() < 1.0 && saved > 0.0, "{all}");
    assert_eq!(all["given"]["candidatesOffNetwork"], 1);
}

#[test]
fn sites_respect_capacity_budget_and_kept_facilities() {
    let world = street();
    let at = |x: f64| {
        let p = position(x, 1500.0);
        format!("{{point: {{lon: {}, lat: {}}}}}", p.lon(), p.lat())
    };
    let query = format!(
        "{{ limited: siteSuggestions(need: {{kinds: [\"clinic\"], minutes: 5}}, count: 2, candidates: VACANT, capacity: 250) {{
             sites {{ facility {{ name }} gained covered cost }} before {{ covered }} after {{ covered }} gained bound
             explain {{ parameters {{ name value }} }} }}
           anew: siteSuggestions(need: {{kinds: [\"clinic\"], minutes: 5}}, count: 2, candidates: VACANT, mustKeep: []) {{
             sites {{ facility {{ name }} gained }} before {{ covered }} candidates }}
           paid: siteSuggestions(need: {{kinds: [\"clinic\"], minutes: 5}}, candidates: PLACES, budget: 8, costs: [3, 8, 1],
             places: [{}, {}, {}]) {{ sites {{ place gained cost }} gap }}
           poor: siteSuggestions(need: {{kinds: [\"clinic\"], minutes: 5}}, candidates: PLACES, budget: 4, costs: [3, 8, 1],
             places: [{}, {}, {}]) {{ sites {{ place gained cost }} bound }} }}",
        at(1100.0),
        at(1900.0),
        at(2700.0),
        at(1100.0),
        at(1900.0),
        at(2700.0)
    );
    let found = of(&world, &query);
    let limited = &found["limited"];
    // The open clinic has a capacity of ten.
    assert_eq!((&limited["before"]["covered"], &limited["after"]["covered"]), (&json!(10.0), &json!(360.0)));
    assert_eq!(
        limited["sites"],
        json!([
            {"facility": {"name": "clinic 2"}, "gained": 250.0, "covered": 260.0, "cost": 1.0},
            {"facility": {"name": "clinic 3"}, "gained": 100.0, "covered": 360.0, "cost": 1.0},
        ])
    );
    let parameters = limited["explain"]["parameters"].as_array().unwrap();
    assert!(parameters.contains(&json!({"name": "capacity", "value": "250"})), "{limited}");
    assert!(parameters.contains(&json!({"name": "mustKeep", "value": "all existing facilities"})), "{limited}");
    assert_eq!(
        found["anew"],
        json!({"sites": [{"facility": {"name": "clinic 2"}, "gained": 700.0}, {"facility": {"name": "clinic 1"}, "gained": 400.0}],
               "before": {"covered": 0.0}, "candidates": 3})
    );
    // The first and the last have the largest gain per cost, but together gain less than the middle one.
    assert_eq!(found["paid"]["sites"], json!([{"place": 1, "gained": 700.0, "cost": 8.0}]));
    assert_eq!(
        found["poor"],
        json!({"sites": [{"place": 0, "gained": 300.0, "cost": 3.0}, {"place": 2, "gained": 100.0, "cost": 1.0}], "bound": 400.0})
    );
}

#[test]
fn two_step_access_shares_capacity_among_people_within_reach() {
    let found = of(
        &street(),
        "{ two: accessibility(measure: TWO_STEP, need: {kinds: [\"clinic\"], minutes: 5}, offered: CAPACITY) {
             mean people withoutValue facilities inequality { gini palma } cells { people values } }
           kth: accessibility(measure: KTH_NEAREST, need: {kinds: [\"clinic\"], minCount: 2}) { mean withoutValue cells { values } }
           sum: accessibility(measure: CUMULATIVE, need: {kinds: [\"clinic\"], minutes: 5}) { mean } }",
    );
    // A capacity of ten for the 400 people within reach, none for 1,100.
    assert_eq!(found["two"]["facilities"], 1);
    assert!((found["two"]["mean"].as_f64().unwrap() - 10.0 / 1500.0).abs() < 1e-8, "{found}");
    let mut values: Vec<f64> =
        found["two"]["cells"]["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(values, [0.0, 0.0, 0.0, 0.025]);
    assert!((found["two"]["inequality"]["gini"].as_f64().unwrap() - 1100.0 / 1500.0).abs() < 1e-6);
    assert_eq!(found["two"]["inequality"]["palma"], Value::Null);
    // There is no second clinic.
    assert_eq!((&found["kth"]["mean"], &found["kth"]["withoutValue"]), (&Value::Null, &json!(1500.0)));
    assert!((found["sum"]["mean"].as_f64().unwrap() - 400.0 / 1500.0).abs() < 1e-8);
}

/// Returns pairs of remaining share of the limit and people, the worst served first.
fn benefits(found: &Value, limit: f64) -> Vec<(f64, f64)> {
    let list = |key: &str| found["cells"][key].as_array().unwrap().clone();
    let mut all: Vec<(f64, f64)> = list("values")
        .iter()
        .zip(list("people"))
        .map(|(v, p)| ((1.0 - v.as_f64().unwrap() / limit).max(0.0), p.as_f64().unwrap()))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// Cells along one street with the only clinic at its western end: service gets worse towards the east.
#[test]
fn kth_nearest_inequality_uses_the_remaining_share_of_the_limit() {
    let query = |minutes: f64| {
        format!(
            "{{ accessibility(measure: KTH_NEAREST, need: {{kinds: [\"clinic\"], minutes: {minutes}}}) {{
                 lessIsBetter mean people withoutValue inequality {{ shared gini palma lorenz }} cells {{ people values }}
                 byRegion {{ people withoutValue mean }} explain {{ method }} }} }}"
        )
    };
    let gini = |all: &[(f64, f64)]| {
        let people: f64 = all.iter().map(|a| a.1).sum();
        let mean = all.iter().map(|a| a.0 * a.1).sum::<f64>() / people;
        let difference: f64 = all.iter().flat_map(|a| all.iter().map(move |b| (a.0 - b.0).abs() * a.1 * b.1)).sum();
        difference / (2.0 * people * people * mean)
    };
    let close = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < 1e-5, "{value} is not {expected}");
    };
    let world = street();
    // Everyone is within 60 minutes. The worst served are the 100 people in the east, then the 700.
    let found = &of(&world, &query(60.0))["accessibility"];
    let all = benefits(found, 60.0);
    assert_eq!(all.iter().map(|a| a.1).collect::<Vec<_>>(), [100.0, 700.0, 300.0, 400.0], "{found}");
    assert_eq!(found["lessIsBetter"], true);
    assert_eq!(found["inequality"]["shared"], "remaining share of the limit, 1 - t / 60 minutes; 0 beyond the limit");
    let total: f64 = all.iter().map(|a| a.0 * a.1).sum();
    let lorenz: Vec<f64> =
        found["inequality"]["lorenz"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    // The first 5 % are 75 of the 100 in the east, who have the smallest remaining share.
    close(&json!(lorenz[1]), 75.0 * all[0].0 / total);
    assert!(lorenz.iter().enumerate().all(|(n, share)| *share <= n as f64 / 20.0 + 1e-9), "{lorenz:?}");
    // The best served 10 % are 150 of the 400 in the west; the worst served 40 % are the 100 and 500 of the 700.
    close(&found["inequality"]["palma"], 150.0 * all[3].0 / (100.0 * all[0].0 + 500.0 * all[1].0));
    assert!(found["inequality"]["palma"].as_f64().unwrap() > 0.25);
    close(&found["inequality"]["gini"], gini(&all));
    // With 15 minutes, people in the east are beyond the limit. They have a value and count as 0.
    let found = &of(&world, &query(15.0))["accessibility"];
    let all = benefits(found, 15.0);
    assert_eq!((all[0].0, all[1].0, &found["withoutValue"]), (0.0, 0.0, &json!(0.0)), "{found}");
    assert!(all[2].0 > 0.0);
    close(&found["inequality"]["gini"], gini(&all));
    assert_eq!(found["inequality"]["palma"], Value::Null, "the worst served 40 % have nothing");
    assert_eq!(found["inequality"]["lorenz"][10], 0.0);
    // For facilities within a limit, higher is better, and values are not converted.
    let sums = of(
        &world,
        "{ accessibility(measure: CUMULATIVE, need: {kinds: [\"clinic\"], minutes: 15}) { lessIsBetter inequality { shared gini } } }",
    );
    assert_eq!(sums["accessibility"]["lessIsBetter"], false);
    assert_eq!(sums["accessibility"]["inequality"]["shared"], "facilities within 15 minutes");
    close(&sums["accessibility"]["inequality"]["gini"], 800.0 / 1500.0);
    // People with nothing within the horizon have no value and count as 0; people off the network are excluded.
    let far = |x: f64, y: f64, people: f64| PopulationCell {
        cell: walkshed_engine::geo::cell_of(position(x, y), h3o::Resolution::Ten),
        people,
    };
    let mut rows = rows();
    rows.population = vec![far(200.0, 1500.0, 300.0), far(1100.0, 1500.0, 100.0), far(-9000.0, 1500.0, 50.0)];
    rows.facilities.clear();
    let nothing = Arc::new(World::new(Ok(Arc::new(grid(30, 100.0))), rows));
    let found = &of(&nothing, &query(15.0))["accessibility"];
    assert_eq!(
        (&found["people"], &found["withoutValue"], &found["mean"]),
        (&json!(450.0), &json!(450.0), &Value::Null)
    );
    assert_eq!(found["inequality"]["gini"], Value::Null, "the total is 0");
    assert_eq!(
        found["byRegion"].as_array().unwrap().iter().map(|r| r["withoutValue"].as_f64().unwrap()).sum::<f64>(),
        450.0
    );
}

#[test]
fn assesses_a_center_and_the_city_by_a_standard() {
    let found = data(
        "{ standards { key requirements { key unit limit circle } }
           assessment(standard: \"service_circle\", center: \"500106013004\") {
             people score requirements { requirement { key } met distance nearest { name } people { share } }
             centers { totalCount nodes { center { code } score missing } } } }",
    );
    let keys: Vec<&str> = found["standards"].as_array().unwrap().iter().map(|s| s["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["gb_50180_2018", "service_circle"]);
    insta::assert_json_snapshot!(found["assessment"]);
    let whole = data(
        "{ assessment(standard: \"service_circle\") { people score requirements { met facilities people { share } }
             regions { rank code score shares people } leastServed { people score cells }
             centers(first: 1) { totalCount nodes { center { code } score } } explain { method parameters { name value } } } }",
    );
    insta::assert_json_snapshot!(whole["assessment"]);
}

/// Key figures of Porto Alegre, whose schools and health facilities are known.
#[test]
fn key_figures_of_porto_alegre() {
    let Some((network, rows)) = real::world_parts() else { return };
    let world = Arc::new(World::new(Ok(Arc::new(network)), rows));
    insta::assert_json_snapshot!(of(
        &world,
        "{ coverage(need: {category: HEALTH_CARE}) {
             total { people covered uncovered offNetwork share } mean percentiles
             gaps(first: 2) { totalCount nodes { people cellCount toNearest } } }
           siteSuggestions(need: {category: HEALTH_CARE}, count: 3) { sites { cell street gained share } bound gap }
           accessibility(measure: ENHANCED_TWO_STEP, need: {category: HEALTH_CARE}, decay: {form: GAUSSIAN, a: 6}) {
             mean inequality { gini palma } } }"
    ));
}

#[test]
fn cells_and_gaps_as_geojson() {
    let found = data(
        "{ coverage(need: {category: HEALTH_CARE, minutes: 5}) { cellsGeojson gapsGeojson coarse: cellsGeojson(resolution: 7) } }",
    );
    let read = |value: &Value| -> geojson::FeatureCollection {
        assert!(value["attribution"].as_str().is_some_and(|a| a.contains("OpenStreetMap")));
        value.to_string().parse::<geojson::GeoJson>().unwrap().try_into().unwrap()
    };
    let cells = read(&found["coverage"]["cellsGeojson"]);
    let people: f64 = cells.features.iter().map(|f| f.property("people").unwrap().as_f64().unwrap()).sum();
    assert_eq!((cells.features.len(), people), (3, 1000.0));
    for feature in &cells.features {
        let polygon: geo::Polygon<f64> = feature.geometry.clone().unwrap().try_into().unwrap();
        assert!(polygon.exterior().is_ccw() && polygon.exterior().is_closed());
    }
    assert!(read(&found["coverage"]["coarse"]).features.len() <= 3);
    let gaps = read(&found["coverage"]["gapsGeojson"]);
    assert!(gaps.features.iter().all(|f| f.property("missed").unwrap() == "health_care"));
}
