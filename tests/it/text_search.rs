//! Text search over GraphQL, while the index is built, with the index, and after edits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_graphql::{Api, Limits};
use walkshed_register::{
    AnyRecord, Category, Center, DivisionCode, Done, Facility, RecordKind, RegisterRows, Suggestion,
};

/// More rows than are searched without an index.
const ROWS: usize = 5000;

fn rows() -> RegisterRows {
    let names = ["石坪桥社区", "重庆一中", "长乐村", "Zhongshan 1st Road", "龙苑（二期）", "cqyz"];
    let centers = (0..ROWS).map(|i| {
        let code = format!("5001{:02}{:03}{:03}", 1 + i / 1000, 1 + i / 50 % 20, 1 + i % 50);
        let name = format!("{}{}", names[i % 6], i / 6);
        let position = city::position(1000.0, i as f64 / 2.0);
        Center { id: 1 + i as i64, version: 1, ..Center::new(DivisionCode::new(&code).unwrap(), name, position) }
    });
    let facilities = (0..ROWS).map(|i| {
        let (id, name) = (format!("F-{i}"), format!("{}食堂", names[i % 6]));
        let facility = Facility::new(id, name, Category::LifeServices, city::position(i as f64 / 2.0, 500.0));
        Facility { id: 1 + i as i64, version: 1, ..facility }
    });
    let suggestions = (0..ROWS).map(|i| {
        let text = format!("{} needs light", names[i % 6]);
        let suggestion = Suggestion::new(format!("s{i}"), text, "2026-01-01T00:00:00Z".parse().unwrap());
        Suggestion { id: 1 + i as i64, version: 1, contact: Some("重庆 023".into()), ..suggestion }
    });
    RegisterRows {
        version: 3,
        centers: centers.collect(),
        facilities: facilities.collect(),
        suggestions: suggestions.collect(),
        ..RegisterRows::default()
    }
}

fn ask(world: &Arc<World>, query: &str, variables: Value) -> Value {
    let answer = city::answer(&city::ask_with(&Api::new(Limits::default()), world, query, variables));
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"].clone()
}

fn counts(world: &Arc<World>, text: &str) -> [u64; 3] {
    let data = ask(
        world,
        "query($t: String!) { centers(filter: {text: $t}) { totalCount } facilities(filter: {text: $t}) { totalCount }
         suggestions(text: $t) { totalCount } }",
        json!({"t": text}),
    );
    ["centers", "facilities", "suggestions"].map(|field| data[field]["totalCount"].as_u64().unwrap())
}

const SEARCHES: [&str; 14] =
    ["石", "石坪", "社区", "重庆一中", "cqyz", "CQYZ", "zqyz", "clc", "ly2q", "lyeq", "z", "1", "zhongSHAN", "f-499"];

fn all_counts(world: &Arc<World>) -> Vec<[u64; 3]> {
    SEARCHES.iter().map(|text| counts(world, text)).collect()
}

#[test]
fn finds_parts_of_texts_and_initials_with_and_without_the_index() {
    let world = Arc::new(World::new(Ok(Arc::new(city::network())), rows()));
    // The first search is a scan; the index is then built in the background.
    let scanned = all_counts(&world);
    let of = |text: &str| scanned[SEARCHES.iter().position(|s| *s == text).unwrap()];
    assert_eq!(of("石坪"), [834, 834, 834]);
    // Names with these initials, and the names and texts that contain the letters themselves. Each reading of 重 counts.
    assert_eq!((of("cqyz"), of("zqyz")), ([834 + 833, 834 + 833, 833], [834, 834, 0]));
    assert_eq!((of("CQYZ"), of("lyeq"), of("ly2q")), (of("cqyz"), [833, 833, 0], [0, 0, 0]));
    // 023 of the contact is not searched, nor its 重庆.
    assert_eq!((of("重庆一中"), counts(&world, "重庆 023")), ([834, 834, 834], [0, 0, 0]));
    assert_eq!(of("f-499"), [0, 11, 0]);
    world.register.build_text_search();
    assert_eq!(all_counts(&world), scanned);
}

#[test]
fn pages_in_any_order_and_after_edits() {
    let world = World::new(Ok(Arc::new(city::network())), rows());
    world.register.build_text_search();
    let renamed = Center { name: "重庆一中新楼".into(), ..(*world.register.centers[2]).clone() };
    let added = Facility::new("new".into(), "长乐路重庆面馆".into(), Category::LifeServices, city::position(1.0, 1.0));
    let done = [
        Done::Put(Box::new(AnyRecord::Center(renamed))),
        Done::Put(Box::new(AnyRecord::Facility(Facility { id: 9999, ..added }))),
        Done::Deleted { kind: RecordKind::Center, id: 2 },
        Done::Deleted { kind: RecordKind::Facility, id: 2 },
    ];
    let world = Arc::new(world.next(world.register.with_edits(4, &done)));
    assert_eq!((counts(&world, "重庆一中"), counts(&world, "clc")), ([834, 833, 834], [832, 833, 0]));
    assert_eq!((counts(&world, "clly"), counts(&world, "cllcqmg")[1]), ([0, 0, 0], 1));
    let register = &world.register;
    let mut expected: Vec<&Arc<Center>> = register.centers.iter().filter(|c| c.name.contains("重庆")).collect();
    for (order, compare) in [
        ("{by: ID}", (|a, b| a.id.cmp(&b.id)) as fn(&Center, &Center) -> std::cmp::Ordering),
        ("{by: NAME, direction: DESC}", |a, b| b.name.cmp(&a.name)),
        ("{by: CODE}", |a, b| a.code.cmp(&b.code)),
    ] {
        expected.sort_by(|a, b| compare(a, b));
        let mut names: Vec<String> = Vec::new();
        let mut after = Value::Null;
        loop {
            let query = format!(
                "query($after: String) {{ centers(filter: {{text: \"重庆\"}}, orderBy: {order}, first: 300, after: $after) {{
                   totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ name }} }} }}"
            );
            let page = ask(&world, &query, json!({"after": after}))["centers"].clone();
            assert_eq!(page["totalCount"], expected.len());
            names
                .extend(page["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert!(names.iter().eq(expected.iter().map(|c| &c.name)), "{order}");
    }
}
