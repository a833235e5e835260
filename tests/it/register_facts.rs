//! Every reported fact about three service centers and a guild hall can be stored in the register and queried.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::facts::{Facts, LONGYUAN, MOFANCUN};
use crate::support::register::{block_on, fact_file, facts, import, open};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use walkshed_analysis::world::World;
use walkshed_engine::Network;
use walkshed_engine::access::{Access, Kind as StreetKind};
use walkshed_engine::geo::{Fixed, Metric, Position, cell_of};
use walkshed_exchange::Kind;
use walkshed_register::PopulationCell;
use walkshed_testing::{class, link, network};

const JIANGBEI: &str = "500105002000";

/// Level streets 50 m apart around Longyuan, for predictable walking times.
fn streets(middle: Position) -> Network {
    let (m, side) = (Metric::at(middle.lat()), 21u32);
    let at = |i: u32| {
        let (x, y) = (f64::from(i % side) - 10.0, f64::from(i / side) - 10.0);
        let centre = Fixed::from(middle);
        Fixed { x: centre.x + (x * 50.0 / m.kx).round() as i32, y: centre.y + (y * 50.0 / m.ky).round() as i32 }
    };
    let points: Vec<Fixed> = (0..side * side).map(at).collect();
    let mut links = Vec::new();
    for i in 0..side * side {
        if i % side + 1 < side {
            links.push(link(i, i + 1, 0, &points));
        }
        if i / side + 1 < side {
            links.push(link(i, i + side, 0, &points));
        }
    }
    network(vec![class(StreetKind::Street, Access::FOOT)], links, points)
}

static WORLD: LazyLock<Arc<World>> = LazyLock::new(|| {
    let folder = facts();
    let mut rows = block_on(async { open(folder.path()).await.load().await.unwrap() });
    let middle = rows.centers.iter().find(|c| c.code.as_str() == LONGYUAN).unwrap().position;
    // A population of 2,000 around the center.
    rows.population = vec![PopulationCell { cell: cell_of(middle, h3o::Resolution::Nine), people: 2000.0 }];
    Arc::new(World::new(Ok(Arc::new(streets(middle))), rows))
});

/// A world with only the facts.
fn facts_alone() -> Facts<'static> {
    Facts { world: &WORLD, jiangbei: JIANGBEI }
}

fn ask(query: &str) -> Value {
    facts_alone().ask(query)
}

#[test]
fn knows_the_shapingba_center_and_its_area() {
    facts_alone().shapingba();
    facts_alone().around_shapingba();
    let found = ask(&format!("{{ center(code: \"{MOFANCUN}\") {{ town {{ nameEn }} region {{ nameEn level }} }} }}"));
    let expected = json!({"town": {"nameEn": "Tuwan"}, "region": {"nameEn": "Mofancun", "level": "DIVISION"}});
    assert_eq!(found["center"], expected);
}

#[test]
fn knows_the_hours_of_child_care_and_rest_stop() {
    facts_alone().hours();
}

#[test]
fn knows_suggestions_and_answers() {
    let found = ask(&format!(
        "{{ suggestions {{ totalCount nodes {{ externalId contact position {{ lon lat }} }} }}
            center(code: \"{LONGYUAN}\") {{ suggestions(statuses: [DONE]) {{ nodes {{ externalId }} }} }} }}"
    ));
    assert_eq!(
        found["suggestions"],
        json!({"totalCount": 3, "nodes": [
            {"externalId": "sp-1", "contact": null, "position": {"lon": 106.464, "lat": 29.546}},
            {"externalId": "sp-2", "contact": null, "position": {"lon": 106.4625, "lat": 29.5451}},
            {"externalId": "ly-1", "contact": null, "position": null},
        ]})
    );
    assert_eq!(found["center"]["suggestions"]["nodes"], json!([{"externalId": "ly-1"}]));
}

#[test]
fn knows_the_open_share_and_doubled_visits_of_longyuan() {
    facts_alone().longyuan();
    facts_alone().visits_of_longyuan_doubled();
    let found = ask(&format!(
        "{{ center(code: \"{LONGYUAN}\") {{ usage(from: \"2025-03-01\", to: \"2025-05-31\") {{ visits countedDays visitsPerDay
             catchmentPeople visitsPerDayPer1000 offers events suggestions suggestionsDone }} }} }}"
    ));
    assert_eq!(
        found["center"]["usage"],
        json!({"visits": 46 * 120 + 15 * 240, "countedDays": 61, "visitsPerDay": 149.51, "catchmentPeople": 2000.0,
               "visitsPerDayPer1000": 74.754, "offers": 1, "events": 11, "suggestions": 0, "suggestionsDone": 0})
    );
}

#[test]
fn knows_the_monthly_bazaar_and_courses() {
    facts_alone().bazaar();
}

#[test]
fn walking_time_of_a_senior_is_two_to_three_minutes() {
    let home = {
        let p = WORLD.register.centers.find(LONGYUAN).unwrap().position;
        format!("{{point: {{lon: {}, lat: {}}}}}", p.lon() + 100.0 / 97_000.0, p.lat() + 50.0 / 110_900.0)
    };
    let found = ask(&format!(
        "{{ route(from: {home}, to: {{center: \"{LONGYUAN}\"}}, profile: SENIOR) {{ minutes metres }} }}"
    ));
    let minutes = found["route"]["minutes"].as_f64().unwrap();
    assert!((2.0..=3.0).contains(&minutes), "{found}");
}

#[test]
fn knows_the_operating_model_of_jiangbei() {
    facts_alone().jiangbei();
    facts_alone().visits_of_jiangbei();
    let found = ask(&format!("{{ center(code: \"{JIANGBEI}\") {{ region {{ name level }} }} }}"));
    assert_eq!(found["center"]["region"], json!({"name": "江北城街道", "level": "TOWN"}));
}

#[test]
fn knows_the_weekly_partner_event() {
    facts_alone().reception();
    let found = ask("{ events(region: \"500105\") { totalCount } }");
    assert_eq!(found["events"]["totalCount"], json!(2));
}

#[test]
fn knows_the_guild_hall_and_its_festivals() {
    facts_alone().guild_hall();
}

#[test]
fn dataset_counts_records() {
    let found = ask(
        "{ dataset { centerCount facilityCount serviceCount offerCount eventCount suggestionCount regionCount visitDayCount
             timeZone holidays population { groups { name people cells } } } }",
    );
    assert_eq!(
        found["dataset"],
        json!({"centerCount": 3, "facilityCount": 28, "serviceCount": 26, "offerCount": 22, "eventCount": 12,
               "suggestionCount": 3, "regionCount": 10, "visitDayCount": 68, "timeZone": "Asia/Shanghai",
               "holidays": "built in", "population": {"groups": [{"name": "all", "people": 2000.0, "cells": 1}]}})
    );
}

#[test]
fn repeated_import_changes_nothing() {
    let folder = facts();
    block_on(async {
        let store = open(folder.path()).await;
        let before = store.version().await.unwrap();
        for kind in Kind::ALL.into_iter().filter(|k| *k != Kind::Population) {
            let again = import(&store, &fact_file(kind), kind).await;
            assert_eq!((again.inserted, again.updated, again.version), (0, 0, before), "{}", kind.name());
            assert!(again.unchanged > 0, "{}", kind.name());
        }
    });
}
