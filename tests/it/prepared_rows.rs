//! Rows written as text equal the rows that async-graphql resolves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{ask_with, rows};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_graphql::{Api, Limits};
use walkshed_register::Audience;

const FIELDS: &str =
    "__typename id version externalId name nameEn category kind status position { lat lon } positionQuality
    address phone division floor capacity capacityUnit floorAreaM2 groundsAreaM2 audiences stepFree openingHours";

/// A world whose facilities have values in all fields, with characters that JSON escapes.
fn world() -> Arc<World> {
    let mut rows = rows();
    for (i, f) in rows.facilities.iter_mut().enumerate() {
        f.version = i as i64;
        f.name = format!("\"{}\"\n村\u{1}\\", f.name);
        f.audiences = Audience::ALL.iter().copied().skip(i).take(i % 3).collect();
        if i % 2 == 0 {
            f.kind = Some("clinic".into());
            f.phone = Some("023-6866 0000".into());
            f.floor = Some("B1".into());
            f.capacity = Some(40.0);
            f.capacity_unit = Some("beds".into());
            f.floor_area_m2 = Some(1e21);
            f.grounds_area_m2 = Some(0.1 + 0.2);
            f.step_free = Some(i % 4 == 0);
            f.opening_hours = Some("24/7".into());
        }
    }
    Arc::new(World::new(Ok(Arc::new(crate::support::city::network())), rows))
}

fn data(api: &Api, world: &Arc<World>, document: &str) -> String {
    let answer = ask_with(api, world, document, serde_json::json!({}));
    assert!(answer.response.errors.is_empty(), "{document}: {:?}", answer.response.errors);
    serde_json::to_string(&answer.response.data).unwrap()
}

/// Asks for a selection of `nearby` alone, and with a field that only the library can resolve.
fn compare(arguments: &str, selection: &str, fragments: &str) -> String {
    let (api, world) = (Api::new(Limits::default()), world());
    let head = format!(
        "{{ nearby(from: {{point: {{lon: 106.5603348, lat: 29.5690189}}}}, minutes: 60 {arguments}) {{ {selection}"
    );
    let prepared = data(&api, &world, &format!("{head} }} }} {fragments}"));
    let resolved = data(&api, &world, &format!("{head} nodes {{ offers {{ totalCount }} }} }} }} {fragments}"));
    let shared = prepared.strip_suffix("}}").unwrap();
    assert_eq!(&resolved[..shared.len()], shared, "{selection}");
    assert!(resolved[shared.len()..].starts_with(",\"nodes\":["), "{resolved}");
    assert!(prepared.contains("村"), "{prepared}");
    prepared
}

#[test]
fn rows_written_as_text_equal_resolved_rows() {
    let all = format!(
        "totalCount edges {{ node {{ {FIELDS} }} minutes metres climbM descentM stepsM offNetworkM cursor __typename }}
         pageInfo {{ endCursor startCursor hasNextPage hasPreviousPage __typename }} __typename"
    );
    compare("", &all, "");
    let page = compare("first: 2", &all, "");
    let cursor = page.split("\"endCursor\":\"").nth(1).unwrap().split('"').next().unwrap();
    compare(&format!("first: 2, after: \"{cursor}\""), &all, "");
    // Aliases, fragments, and the same name under two keys.
    compare(
        "first: 3",
        "n: totalCount rows: edges { t: minutes minutes ...Row ... on NearbyEdge { u: metres } ... { v: climbM } }",
        "fragment Row on NearbyEdge { f: node { ...Names a: id b: id } } fragment Names on Facility { x: name nameEn }",
    );
    // Selections that must be merged, directives, and fragments on interfaces.
    compare("first: 3", "edges { node { name } ...More }", "fragment More on NearbyEdge { node { id } minutes }");
    compare("first: 3", "edges { minutes @skip(if: true) node { name @include(if: true) id @skip(if: true) } }", "");
    compare("first: 3", "edges { node { name ... on Node { id } } }", "");
}

#[test]
fn two_selections_of_one_key_are_merged() {
    let (api, world) = (Api::new(Limits::default()), world());
    let nearby = "nearby(from: {point: {lon: 106.5603348, lat: 29.5690189}}, minutes: 60, first: 1)";
    let merged = data(&api, &world, &format!("{{ {nearby} {{ totalCount edges {{ minutes }} }} }}"));
    for second in [
        format!("{nearby} @include(if: true) {{ edges {{ minutes }} }}"),
        format!("... @include(if: true) {{ {nearby} {{ edges {{ minutes }} }} }}"),
        "...More @include(if: true)".to_owned(),
    ] {
        let fragment = if second.contains("More") {
            format!("fragment More on Query {{ {nearby} {{ edges {{ minutes }} }} }}")
        } else {
            String::new()
        };
        let document = format!("{{ {nearby} {{ totalCount }} {second} }} {fragment}");
        assert_eq!(data(&api, &world, &document), merged, "{document}");
    }
    // Under another key it is another answer.
    let both = data(&api, &world, &format!("{{ {nearby} {{ totalCount }} b: {nearby} {{ totalCount }} }}"));
    assert_eq!(both.matches("totalCount").count(), 2);
}

#[test]
fn an_answer_over_the_limit_is_refused_while_it_is_written() {
    let api = Api::new(Limits { max_answer_bytes: 2000, ..Limits::default() });
    let answer = ask_with(
        &api,
        &world(),
        &format!(
            "{{ nearby(from: {{point: {{lon: 106.5603348, lat: 29.5690189}}}}, minutes: 60) {{ edges {{ node {{ {FIELDS} }} }} }} }}"
        ),
        serde_json::json!({}),
    );
    let error = serde_json::to_value(&answer.response.errors[0]).unwrap();
    assert_eq!(error["extensions"]["limit"], "maxAnswerBytes", "{error}");
}

#[test]
fn an_empty_page_is_written() {
    let (api, world) = (Api::new(Limits::default()), world());
    let ask = |arguments: &str| {
        data(
            &api,
            &world,
            &format!(
                "{{ nearby(from: {{point: {{lon: 106.5603348, lat: 29.5690189}}}}, {arguments}) {{
                     totalCount edges {{ minutes }} pageInfo {{ endCursor hasNextPage }} }} }}"
            ),
        )
    };
    let empty = r#"{"nearby":{"totalCount":0,"edges":[],"pageInfo":{"endCursor":null,"hasNextPage":false}}}"#;
    assert_eq!(ask("kinds: [\"library\"]"), empty);
    let none = ask("first: 0");
    assert!(none.contains(r#""edges":[],"pageInfo":{"endCursor":null,"hasNextPage":true}"#), "{none}");
}
