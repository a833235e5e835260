//! The GraphQL API as clients see it: complete responses, error codes, limits and pagination.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{answer, ask, ask_with, rows, world};
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::Deciseconds;
use walkshed_graphql::{Api, Limits, Outcome};

/// A junction in the middle of the small city.
const HERE: &str = "{point: {lon: 106.5603348, lat: 29.5690189}}";

fn errors(value: &Value) -> Vec<(String, String)> {
    let text = |e: &Value, path: &str| e.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    value["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| (text(e, "/extensions/code"), text(e, "/message")))
        .collect()
}

#[test]
fn committed_schema_matches_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let served = Api::new(Limits::default()).sdl();
    assert!(committed == served, "schema.graphql is out of date; run: cargo run -- schema > schema.graphql");
}

#[test]
fn the_register() {
    insta::assert_json_snapshot!(ask(
        "{ center(code: \"500106013004\") { id code name nameEn address position { lon lat }
             facilities { totalCount nodes { externalId name category center { code } } } }
           nobody: center(code: \"500106013099\") { name }
           centers(first: 1) { totalCount pageInfo { hasNextPage hasPreviousPage } edges { cursor node { code } } }
           facility(externalId: \"f-11\") { name nameEn category address center { code } }
           facilities(filter: {categories: [HEALTH_CARE, LIFE_SERVICES]}) { totalCount nodes { externalId } }
           serviceCategories { category nameEn nameZh facilityCount } }"
    ));
}

#[test]
fn what_is_loaded() {
    insta::assert_json_snapshot!(ask("{ dataset { version centerCount facilityCount facilitiesOffNetwork problems
             facilitiesByCategory { category count }
             population { cells people resolution cellsOffNetwork peopleOffNetwork }
             imports { kind source at rows inserted updated unchanged refused }
             streets { junctions segments lengthKm kinds { name count } leftOut { name count } islands elevation
                       attribution bounds { west south east north } } }
           assumptions(profile: WHEELCHAIR) }"));
}

#[test]
fn what_is_nearby() {
    insta::assert_json_snapshot!(ask(&format!(
        "{{ nearby(from: {HERE}, minutes: 10) {{ totalCount pageInfo {{ hasNextPage hasPreviousPage }}
             edges {{ minutes metres climbM descentM stepsM cursor node {{ externalId category }} }} }} }}"
    )));
}

#[test]
fn a_walkshed() {
    insta::assert_json_snapshot!(ask("{ walkshed(from: {center: \"500106013004\"}, minutes: [2, 5]) {
             profile direction place { position { lon lat } snapped { lon lat } distanceM street }
             bands { minutes areaKm2 reachRatio population facilityCounts { category count } }
             cells(resolution: 9) { resolution cells minutes }
             streetKm toleranceM assumptions } }"));
}

#[test]
fn a_polygon_is_geojson() {
    let found = ask("{ walkshed(from: {center: \"500106013004\"}, minutes: [1]) { bands { polygon } } }");
    let polygon = found.pointer("/data/walkshed/bands/0/polygon").unwrap();
    insta::assert_snapshot!(polygon.to_string().replace("],[", "],\n["));
}

#[test]
fn cuts_segments_at_the_time_limit() {
    let found = ask("{ walkshed(from: {center: \"500106013004\"}, minutes: [2]) { segments } }");
    let segments = &found["data"]["walkshed"]["segments"];
    assert_eq!(segments["type"], "FeatureCollection");
    let features = segments["features"].as_array().unwrap();
    // 160 m in two minutes: four whole streets of 100 m, and 60 m of each of twelve others.
    assert_eq!(features.len(), 16);
    let metres: f64 = features
        .iter()
        .map(|f| {
            let line = f["geometry"]["coordinates"].as_array().unwrap();
            let point = |p: &Value| {
                walkshed_testing::at(0.0, 0.0).lerp(
                    walkshed_engine::geo::Position::new(p[0].as_f64().unwrap(), p[1].as_f64().unwrap()).unwrap().into(),
                    1.0,
                )
            };
            let metric = walkshed_engine::geo::Metric::at(29.56);
            line.windows(2).map(|w| metric.distance(point(&w[0]), point(&w[1]))).sum::<f64>()
        })
        .sum();
    assert!((metres - (4.0 * 100.0 + 12.0 * 60.0)).abs() < 2.0, "{metres}");
    let ends = ["minutes_from", "minutes_to"];
    let minutes = features.iter().flat_map(|f| ends.map(|end| f["properties"][end].as_f64().unwrap()));
    let latest = minutes.fold(0.0, f64::max);
    assert!((1.999..=2.0).contains(&latest), "{latest}");
}

#[test]
fn ways_and_times() {
    let there = "{point: {lon: 106.5634345, lat: 29.5717248}}";
    insta::assert_json_snapshot!(ask(&format!(
        "{{ route(from: {HERE}, to: {there}) {{ minutes metres climbM descentM stepsM geometry
              from {{ distanceM }} to {{ snapped {{ lon lat }} }} }}
           tooFar: route(from: {HERE}, to: {there}, maxMinutes: 2) {{ minutes }}
           travelTimes(origins: [{HERE}, {there}, {{point: {{lon: 100, lat: 20}}}}], destinations: [{there}, {HERE}]) {{
              minutes unsnappable {{ side index nearestM }} }} }}"
    )));
}

#[test]
fn finds_nodes_by_global_id() {
    let found = ask("{ facilities(first: 2) { nodes { id } } centers(first: 1) { nodes { id } } }");
    let id = |path: &str| found.pointer(path).unwrap().as_str().unwrap().to_owned();
    let (f, c) = (id("/data/facilities/nodes/1/id"), id("/data/centers/nodes/0/id"));
    let found = ask(&format!(
        "{{ node(id: \"{f}\") {{ id ... on Facility {{ externalId }} }}
            nodes(ids: [\"{c}\", \"nothing\", \"{f}\"]) {{ __typename id ... on Center {{ code }} }}
            facility(id: \"{f}\") {{ externalId }}
            wrongKind: facility(id: \"{c}\") {{ externalId }} }}"
    ));
    let data = &found["data"];
    assert_eq!(data["node"], json!({"id": f, "externalId": "f-11"}));
    assert_eq!(data["nodes"][0], json!({"__typename": "Center", "id": c, "code": "500106013004"}));
    assert_eq!((&data["nodes"][1], &data["nodes"][2]["id"]), (&Value::Null, &json!(f)));
    assert_eq!((&data["facility"]["externalId"], &data["wrongKind"]), (&json!("f-11"), &Value::Null));
}

#[test]
fn pages_of_nearby_return_every_row_once() {
    let all = ask(&format!("{{ nearby(from: {HERE}, minutes: 60) {{ totalCount nodes {{ externalId }} }} }}"));
    let all: Vec<&Value> = all.pointer("/data/nearby/nodes").unwrap().as_array().unwrap().iter().collect();
    assert_eq!(all.len(), 6);
    let (mut paged, mut after) = (Vec::new(), Value::Null);
    for _ in 0..10 {
        let query =
            "query($after: String) { nearby(from: {center: \"500106013004\"}, minutes: 60, first: 2, after: $after) {
                       nodes { externalId } pageInfo { hasNextPage endCursor } } }";
        let api = Api::new(Limits::default());
        let page = answer(&ask_with(&api, &world(), query, json!({ "after": after })));
        let page = &page["data"]["nearby"];
        paged.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(paged.iter().collect::<Vec<_>>(), all);
}

#[test]
fn default_direction_is_towards_services() {
    let found = ask(&format!(
        "{{ a: walkshed(from: {HERE}) {{ direction }} b: walkshed(from: {{center: \"500106013004\"}}) {{ direction }}
            c: walkshed(from: {HERE}, direction: TOWARDS) {{ direction }} }}"
    ));
    assert_eq!(
        found["data"],
        json!({"a": {"direction": "FROM"}, "b": {"direction": "TOWARDS"}, "c": {"direction": "TOWARDS"}})
    );
}

#[test]
fn reports_invalid_requests() {
    for (query, code, message) in [
        ("{ nearby(from: {point: {lon: 29.5, lat: 106.5}}) { totalCount } }", "BAD_USER_INPUT", "swapped"),
        ("{ nearby(from: {point: {lon: 206.5, lat: 29}}) { totalCount } }", "BAD_USER_INPUT", "longitude 206.5"),
        ("{ nearby(from: {point: {lon: 106.5, lat: 29}}) { totalCount } }", "UNSNAPPABLE", "from:"),
        ("{ nearby(from: {center: \"1\"}) { totalCount } }", "NOT_FOUND", "center with the code \"1\""),
        ("{ nearby(from: {facility: \"x\"}) { totalCount } }", "NOT_FOUND", "from.facility"),
        ("{ nearby(from: {cell: \"zz\"}) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "\"zz\" is not an H3 cell"),
        ("{ nearby(from: {}) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "exactly one"),
        (
            "{ nearby(from: {center: \"1\", facility: \"2\"}) { totalCount } }",
            "GRAPHQL_VALIDATION_FAILED",
            "exactly one",
        ),
        ("{ nearby(from: {center: \"500106013004\"}, minutes: 0) { totalCount } }", "BAD_USER_INPUT", "minutes: 0"),
        ("{ nearby(from: {center: \"500106013004\"}, minutes: -5) { totalCount } }", "BAD_USER_INPUT", "more than 0"),
        ("{ nearby(from: {center: \"500106013004\"}, minutes: 121) { totalCount } }", "TOO_COMPLEX", "(120)"),
        ("{ nearby(from: {center: \"500106013004\"}, after: \"zzz\") { totalCount } }", "BAD_USER_INPUT", "\"zzz\""),
        ("{ nearby(from: {center: \"500106013004\"}, first: -1) { totalCount } }", "BAD_USER_INPUT", "first: -1"),
        ("{ nearby(from: {center: \"500106013004\"}, first: 1001) { totalCount } }", "TOO_COMPLEX", "1000"),
        ("{ walkshed(from: {center: \"500106013004\"}, minutes: []) { streetKm } }", "BAD_USER_INPUT", "at least one"),
        (
            "{ walkshed(from: {center: \"500106013004\"}, minutes: [1,1,1,1,1,1,1,1,1,1,1]) { streetKm } }",
            "TOO_COMPLEX",
            "11 items",
        ),
        (
            "{ walkshed(from: {center: \"500106013004\"}) { cells(resolution: 13) { cells } } }",
            "BAD_USER_INPUT",
            "between 8 and 12",
        ),
        ("{ route(from: {center: \"500106013004\"}, to: {center: \"2\"}) { metres } }", "NOT_FOUND", "to.center"),
        ("{ travelTimes(origins: [], destinations: []) { minutes } }", "BAD_USER_INPUT", "origins"),
        ("{ facility { name } }", "BAD_USER_INPUT", "exactly one"),
        ("{ centers(first: 1, last: 1) { totalCount } }", "BAD_USER_INPUT", "first"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "nothing"),
        ("{", "GRAPHQL_PARSE_FAILED", ""),
        ("", "BAD_USER_INPUT", "query is missing"),
        ("{ dataset }", "GRAPHQL_VALIDATION_FAILED", "dataset"),
    ] {
        let found = errors(&ask(query));
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        assert!(found[0].0 == code && found[0].1.contains(message), "{query}: {found:?}");
    }
}

#[test]
fn failed_fields_do_not_affect_others() {
    let found = ask("{ a: route(from: {center: \"1\"}, to: {center: \"2\"}) { metres } b: facility { name }
           c: center(code: \"500106013004\") { nameEn } }");
    assert_eq!(found["data"], json!({"a": null, "b": null, "c": {"nameEn": "Mofancun"}}));
    let paths: Vec<&Value> = found["errors"].as_array().unwrap().iter().map(|e| &e["path"]).collect();
    assert_eq!(paths, [&json!(["a"]), &json!(["b"])]);
}

#[test]
fn unsnappable_error_contains_distance_to_nearest_street() {
    let place = crate::support::city::position(-1000.0, 1000.0);
    let query =
        format!("{{ nearby(from: {{point: {{lon: {}, lat: {}}}}}) {{ totalCount }} }}", place.lon(), place.lat());
    let found = ask(&query);
    let extensions = &found["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "UNSNAPPABLE");
    assert_eq!((extensions["nearestMetres"].as_f64(), extensions["limitMetres"].as_f64()), (Some(1000.0), Some(300.0)));
}

#[test]
fn errors_name_the_exceeded_limit() {
    let limits = Limits { max_document_bytes: 3000, max_complexity: 5000, ..Limits::default() };
    let api = Api::new(limits);
    let refused = |query: &str, variables: Value| {
        let found = ask_with(&api, &world(), query, variables);
        assert_eq!(found.outcome, Outcome::Refused, "{query}");
        let found = answer(&found);
        assert_eq!(found["errors"][0]["extensions"]["code"], "TOO_COMPLEX", "{found}");
        let limit = found["errors"][0]["extensions"]["limit"].as_str().unwrap().to_owned();
        assert!(found["errors"][0]["message"].as_str().unwrap().contains(&limit), "{found}");
        limit
    };
    let deep = (0..25).fold("id".to_owned(), |inner, _| {
        format!("... on Facility {{ center {{ facilities {{ nodes {{ {inner} }} }} }} }}")
    });
    assert_eq!(refused(&format!("{{ node(id: \"x\") {{ {deep} }} }}"), Value::Null), "maxNesting");
    let nested = (0..8).fold("id".to_owned(), |inner, _| format!("center {{ facilities {{ nodes {{ {inner} }} }} }}"));
    assert_eq!(refused(&format!("{{ facilities {{ nodes {{ {nested} }} }} }}"), Value::Null), "maxDepth");
    let aliases: Vec<String> = (0..101).map(|i| format!("a{i}: __typename")).collect();
    assert_eq!(refused(&format!("{{ {} }}", aliases.join(" ")), Value::Null), "maxAliases");
    let directives = "@include(if: true) ".repeat(51);
    assert_eq!(refused(&format!("{{ __typename {directives} }}"), Value::Null), "maxDirectives");
    assert_eq!(refused(&format!("{{ __typename }} #{}", "x".repeat(3000)), Value::Null), "maxDocumentBytes");
    // The cost of a search counts, also if its arguments are variables.
    let matrix = "query($p: [PlaceInput!]!, $m: Float!) { travelTimes(origins: $p, destinations: $p, maxMinutes: $m) { minutes } }";
    let places = |n: usize| vec![json!({"center": "500106013004"}); n];
    assert_eq!(refused(matrix, json!({"p": places(100), "m": 60})), "maxComplexity");
    assert_eq!(ask_with(&api, &world(), matrix, json!({"p": places(20), "m": 15})).outcome, Outcome::Executed);
    let walkshed = |profile: &str| {
        format!("{{ walkshed(from: {{center: \"500106013004\"}}, minutes: [30], profile: {profile}) {{ streetKm }} }}")
    };
    assert_eq!(ask_with(&api, &world(), &walkshed("ADULT"), Value::Null).outcome, Outcome::Executed);
    assert_eq!(refused(&walkshed("BICYCLE"), Value::Null), "maxComplexity");
    let many = "{ facilities(first: 1000) { nodes { id name category externalId address } } }";
    assert_eq!(refused(many, Value::Null), "maxComplexity");
}

#[test]
fn limits_matrix_to_ten_thousand_pairs() {
    let api = Api::new(Limits::default());
    let query = "query($a: [PlaceInput!]!, $b: [PlaceInput!]!) { travelTimes(origins: $a, destinations: $b, maxMinutes: 5) { minutes } }";
    let places = |n: usize| vec![json!({"center": "500106013004"}); n];
    let ok = answer(&ask_with(&api, &world(), query, json!({"a": places(100), "b": places(100)})));
    assert_eq!(ok["data"]["travelTimes"]["minutes"].as_array().unwrap().len(), 100);
    // Searches start from the shorter side: five searches, not two thousand.
    let long = answer(&ask_with(&api, &world(), query, json!({"a": places(2000), "b": places(5)})));
    assert_eq!(long["data"]["travelTimes"]["minutes"][1999], json!([0.0, 0.0, 0.0, 0.0, 0.0]));
    let many = answer(&ask_with(&api, &world(), query, json!({"a": places(101), "b": places(100)})));
    assert_eq!(many["errors"][0]["extensions"]["limit"], "maxPairs");
}

#[test]
fn without_streets_errors_say_what_to_import() {
    let world = Arc::new(World::new(Err("There are no streets: run `walkshed import streets F`".into()), rows()));
    let api = Api::new(Limits::default());
    let query = "{ dataset { streets { segments } problems } nearby(from: {center: \"500106013004\"}) { totalCount } }";
    let found = answer(&ask_with(&api, &world, query, Value::Null));
    assert_eq!(errors(&found), [("NOT_READY".into(), "There are no streets: run `walkshed import streets F`".into())]);
    let query = "{ dataset { streets { segments } problems } facilities { totalCount } }";
    let found = answer(&ask_with(&api, &world, query, Value::Null));
    assert_eq!(found["data"]["dataset"]["streets"], Value::Null);
    assert_eq!(found["data"]["facilities"]["totalCount"], json!(7));
}

#[test]
fn responses_contain_the_world_version() {
    for query in ["{ __typename }", "{ nothing }", "{"] {
        assert_eq!(ask(query)["extensions"]["worldVersion"], world().version, "{query}");
    }
}

#[test]
fn introspection_works_and_every_field_is_described() {
    let query = include_str!("../graphql/introspection.graphql");
    let found = ask(query);
    assert_eq!(found["errors"], Value::Null);
    let types = found["data"]["__schema"]["types"].as_array().unwrap();
    // Every field has a description, except those of the library's own types.
    let fields = types.iter().filter(|t| !t["name"].as_str().unwrap().starts_with("__")).flat_map(|t| {
        let name = t["name"].clone();
        t["fields"].as_array().into_iter().flatten().map(move |f| (name.clone(), f))
    });
    let undescribed: Vec<String> = fields
        .filter(|(_, f)| f["description"].as_str().is_none_or(str::is_empty))
        .map(|(t, f)| format!("{}.{}", t.as_str().unwrap(), f["name"].as_str().unwrap()))
        .collect();
    assert!(undescribed.is_empty(), "without a description: {undescribed:?}");
}

#[test]
fn times_are_multiples_of_a_tenth_of_a_second() {
    let found = ask(&format!("{{ nearby(from: {HERE}, first: 1) {{ edges {{ minutes }} }} }}"));
    let minutes = found.pointer("/data/nearby/edges/0/minutes").unwrap().as_f64().unwrap();
    let tenths = minutes * 600.0;
    assert!((tenths - tenths.round()).abs() < 0.05, "{minutes}");
    assert!(Deciseconds::from_minutes(minutes).0 > 0);
}

#[test]
fn counts_groups_and_assigns_facilities_to_regions_by_outline() {
    let mut rows = rows();
    let half =
        |c: &walkshed_register::PopulationCell| walkshed_register::PopulationCell { people: c.people / 4.0, ..*c };
    rows.groups.insert("60_plus".into(), rows.population.iter().map(half).collect());
    // A region around the western half of the streets. One facility there is in no center, one is in another district.
    let (a, b) = (walkshed_testing::at(-50.0, -50.0), walkshed_testing::at(1050.0, 2950.0));
    let ring =
        json!([[a.lon(), a.lat()], [b.lon(), a.lat()], [b.lon(), b.lat()], [a.lon(), b.lat()], [a.lon(), a.lat()]]);
    let outline = json!({"type": "Polygon", "coordinates": [ring]}).to_string();
    let code = walkshed_register::RegionCode::new("500113").unwrap();
    rows.regions.push(walkshed_register::Region {
        id: 1,
        version: 1,
        outline: Some(outline),
        ..walkshed_register::Region::new(code, "巴南区".into())
    });
    let world = Arc::new(World::new(Ok(Arc::new(crate::support::city::network())), rows));
    let ask = |query: &str| answer(&ask_with(&Api::new(Limits::default()), &world, query, Value::Null));
    let found = ask(
        "{ walkshed(from: {center: \"500106013004\"}, minutes: [15]) { bands { population old: population(group: \"60+\") } }
           facilities(filter: {region: \"500113\"}) { nodes { externalId } }
           dataset { population { groups { name people } } } }",
    );
    let band = &found["data"]["walkshed"]["bands"][0];
    assert_eq!((&band["population"], &band["old"]), (&json!(800.0), &json!(200.0)), "{found}");
    // f-10 and f-13 lie there too, but belong to a center of another district. f-16 lies outside.
    assert_eq!(found["data"]["facilities"]["nodes"], json!([{"externalId": "f-12"}, {"externalId": "f-14"}]));
    assert_eq!(
        found["data"]["dataset"]["population"]["groups"],
        json!([{"name": "all", "people": 1000.0}, {"name": "60_plus", "people": 250.0}])
    );
    for (group, code) in [("martians", "NOT_FOUND"), ("a;b", "BAD_USER_INPUT")] {
        let query = format!("{{ walkshed(from: {HERE}) {{ bands {{ population(group: \"{group}\") }} }} }}");
        assert_eq!(errors(&ask(&query))[0].0, code, "{group}");
    }
}
