//! A document that was accepted before has the same answer as a new one, whatever its variables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{ask_with, world};
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_graphql::{Api, ApiRequest, Limits, Outcome, Variables};

const NEARBY: &str = "query($p: PlaceInput!, $m: Float, $at: DateTime, $c: [Category!]) {
    nearby(from: $p, minutes: $m, openAt: $at, categories: $c, first: 3) { totalCount edges { minutes node { name } } } }";
const MATRIX: &str = "query($o: [PlaceInput!]!, $d: [PlaceInput!]!) {
    travelTimes(origins: $o, destinations: $d) { minutes unsnappable { side index } } }";

fn here() -> Value {
    json!({ "point": { "lon": 106.560_334_8, "lat": 29.569_018_9 } })
}

fn answer(api: &Api, world: &Arc<World>, document: &str, variables: &Value) -> (Outcome, Value) {
    let answer = ask_with(api, world, document, variables.clone());
    let text = serde_json::to_string(&answer.response).unwrap();
    (answer.outcome, serde_json::from_str(&text).unwrap())
}

/// Asks with the first variables, which are valid, and then with all of them; compares with a new server each time.
fn compare(document: &str, variables: &[Value]) {
    let (api, world) = (Api::new(Limits::default()), world());
    for variables in variables.iter().take(1).chain(variables) {
        let fresh = answer(&Api::new(Limits::default()), &world, document, variables);
        assert_eq!(answer(&api, &world, document, variables), fresh, "{document} {variables}");
    }
    let first = answer(&api, &world, document, &variables[0]);
    assert_eq!((first.0, first.1.get("errors")), (Outcome::Executed, None));
}

#[test]
fn invalid_variables_of_accepted_documents_are_refused_as_before() {
    let far = json!({ "point": { "lon": 106.0, "lat": 29.0 } });
    compare(
        NEARBY,
        &[
            json!({ "p": here(), "m": 10, "at": "2026-11-27T10:00:00+08:00", "c": ["HEALTH_CARE"] }),
            json!({ "p": here() }),
            json!({ "p": here(), "m": null }),
            json!({ "p": here(), "m": 1e9 }),
            json!({ "p": here(), "m": "10" }),
            json!({ "p": here(), "c": "HEALTH_CARE" }),
            json!({ "p": here(), "c": ["health_care"] }),
            json!({ "p": here(), "c": [null] }),
            json!({ "p": here(), "at": "yesterday" }),
            json!({ "p": here(), "unused": 1 }),
            json!({ "p": far }),
            json!({ "p": { "point": { "lon": 106.5, "lat": 29.5, "height": 1 } } }),
            json!({ "p": { "point": { "lon": 106.5 } } }),
            json!({ "p": { "point": null, "center": "500106013004" } }),
            json!({ "p": { "center": "500106013004" } }),
            json!({ "p": { "center": "500106013099" } }),
            json!({ "p": { "cell": "nonsense" } }),
            json!({ "p": [here()] }),
            json!({ "p": 7 }),
            json!({ "p": null }),
            json!({}),
        ],
    );
}

#[test]
fn lists_of_places_are_read_in_any_form() {
    let (a, b) = (here(), json!({ "center": "500106013004" }));
    let level = json!({ "point": { "lon": 106.560_334_8, "lat": 29.569_018_9, "level": -1 } });
    let nowhere = json!({ "point": { "lon": 106.0, "lat": 29.0 } });
    let out_of_range = json!({ "point": { "lon": 1060.0, "lat": 29.0 } });
    compare(
        MATRIX,
        &[
            json!({ "o": [a, a], "d": [b, a, level] }),
            json!({ "o": [a, nowhere], "d": [nowhere, a] }),
            json!({ "o": [out_of_range], "d": [a] }),
            json!({ "o": [a], "d": [a, out_of_range] }),
            json!({ "o": a, "d": [a] }),
            json!({ "o": [], "d": [a] }),
            json!({ "o": [a, null], "d": [a] }),
            json!({ "o": [a], "d": [{ "point": { "lon": 106.5, "lat": "29.5" } }] }),
            json!({ "o": [a], "d": vec![a.clone(); 10_001] }),
        ],
    );
    // Both forms have the same times.
    let (api, world) = (Api::new(Limits::default()), world());
    let packed = answer(&api, &world, MATRIX, &json!({ "o": [a], "d": [a, a] })).1;
    let place = "{point: {lon: 106.5603348, lat: 29.5690189}}";
    let literal = format!(
        "{{ travelTimes(origins: [{place}], destinations: [{place}, {place}]) {{ minutes unsnappable {{ side index }} }} }}"
    );
    assert_eq!(packed, answer(&api, &world, &literal, &json!({})).1);
}

#[test]
fn constants_beside_variables_are_validated() {
    // Validation skips an argument whose variable has no value; the constant in it must not count as accepted.
    let document = "query($x: Float!) { nearby(from: {point: {lon: $x, lat: 29.5, height: 2}}) { totalCount } }";
    let (api, world) = (Api::new(Limits::default()), world());
    for variables in [json!({}), json!({ "x": 106.5 }), json!({}), json!({ "x": 106.5 })] {
        let fresh = answer(&Api::new(Limits::default()), &world, document, &variables);
        assert_eq!(answer(&api, &world, document, &variables), fresh, "{variables}");
    }
    assert_eq!(answer(&api, &world, document, &json!({ "x": 106.5 })).0, Outcome::Refused);
    // The same with two operations, of which the other one was accepted.
    let document = "query A { dataset { version } }
        query B($x: Float!) { nearby(from: {point: {lon: $x, lat: 29.5, height: 2}}) { totalCount } }";
    let ask = |api: &Api, operation: &str, variables: Value| {
        let request = ApiRequest {
            query: document.into(),
            operation_name: Some(operation.into()),
            variables: Variables::from_json(variables),
            ..ApiRequest::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(api.execute(&world, request)).outcome
    };
    assert_eq!(ask(&api, "A", json!({})), Outcome::Executed);
    assert_eq!(ask(&api, "B", json!({ "x": 106.5 })), Outcome::Refused);
}
