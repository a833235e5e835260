//! Every fact reported of three service centers and a guild hall can be put into the register, and asked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use support::city::{answer, ask_with};
use support::register::{block_on, fact_file, facts, import, open};
use support::{class, link, network};
use walkshed::exchange::Kind;
use walkshed::geo::{Fixed, Metric, Position, cell_of};
use walkshed::graphql::{Api, Limits};
use walkshed::network::Network;
use walkshed::network::access::{Access, Kind as StreetKind};
use walkshed::registry::PopulationCell;
use walkshed::world::World;

const MOFANCUN: &str = "500106013004";
const LONGYUAN: &str = "500113003009";
const JIANGBEI: &str = "500105002000";

/// Level streets 50 m apart around Longyuan, so that walking times can be told.
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
    // 2,000 people around it.
    rows.population = vec![PopulationCell { cell: cell_of(middle, h3o::Resolution::Nine), people: 2000.0 }];
    Arc::new(World::new(Ok(Arc::new(streets(middle))), rows))
});

fn ask(query: &str) -> Value {
    let found = answer(&ask_with(&Api::new(Limits::default()), &WORLD, query, Value::Null));
    assert_eq!(found.get("errors"), None, "{query}: {found}");
    found["data"].clone()
}

fn names(connection: &Value) -> Vec<&str> {
    connection["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["nameEn"].as_str().or(n["name"].as_str()).unwrap())
        .collect()
}

#[test]
fn the_shapingba_center_and_its_area() {
    insta::assert_json_snapshot!(ask(&format!(
        "{{ center(code: \"{MOFANCUN}\") {{ name nameEn kind address residentsServed groupsServed {{ audience people }}
             operatingModel operatingNote nightEntrance accessNote district {{ nameEn }} town {{ nameEn }} region {{ nameEn level }}
             facilities {{ nodes {{ name nameEn kind floor audiences openingHours }} }}
             offers {{ totalCount nodes {{ service {{ nameEn category fee audiences }} }} }} }} }}"
    )));
    // What there is in its area, of which not all is in the center.
    let of = |kind: &str| {
        let found =
            ask(&format!("{{ facilities(filter: {{region: \"{MOFANCUN}\", kinds: [\"{kind}\"]}}) {{ totalCount }} }}"));
        found["facilities"]["totalCount"].as_u64().unwrap()
    };
    assert_eq!([of("delivery_station"), of("parcel_station"), of("charging")], [4, 2, 3]);
}

#[test]
fn a_child_stays_until_half_past_five_and_couriers_come_at_one() {
    let found = ask("{ child: facility(externalId: \"sp-child\") { before: isOpen(at: \"2026-07-15T17:29:00+08:00\")
             after: isOpen(at: \"2026-07-15T17:30:00+08:00\") nextChange(at: \"2026-07-15T12:00:00+08:00\") }
           stop: facility(externalId: \"sp-rest-stop\") { at1: isOpen(at: \"2026-11-26T01:00:00+08:00\")
             at2: isOpen(at: \"2026-11-26T02:00:00+08:00\") nextChange(at: \"2026-11-26T01:00:00+08:00\") } }");
    assert_eq!(found["child"], json!({"before": true, "after": false, "nextChange": "2026-07-15T17:30:00+08:00"}));
    assert_eq!(found["stop"], json!({"at1": true, "at2": false, "nextChange": "2026-11-26T02:00:00+08:00"}));
    // A front end asks what is open for couriers at one at night.
    let open = ask(
        "{ facilities(filter: {openAt: \"2026-11-26T01:00:00+08:00\", audience: COURIERS, kinds: [\"骑手驿站\"]}) { nodes { name nameEn } } }",
    );
    assert_eq!(names(&open["facilities"]), ["Jinsha Beiyuan friendly rest stop"]);
}

#[test]
fn suggestions_were_heard_and_answered() {
    insta::assert_json_snapshot!(ask(&format!(
        "{{ suggestions {{ totalCount nodes {{ externalId text place status answer doneNote category contact
              center {{ code }} position {{ lon lat }} receivedAt answeredAt closedAt hoursToAnswer hoursToDone }} }}
            center(code: \"{LONGYUAN}\") {{ suggestions(statuses: [DONE]) {{ nodes {{ doneNote }} }} }} }}"
    )));
}

#[test]
fn longyuan_opens_most_of_its_floor_and_is_used_twice_as_much() {
    let found = ask(&format!(
        "{{ center(code: \"{LONGYUAN}\") {{ residentsServed openShare renovatedOn description
             facilities {{ nodes {{ name nameEn floor offers {{ nodes {{ itemCount service {{ nameEn }} }} }} }} }}
             usage(from: \"2025-03-01\", to: \"2025-05-31\") {{ visits countedDays visitsPerDay trend openShare catchmentPeople
               visitsPerDayPer1000 offers events suggestions suggestionsDone }} }} }}"
    ));
    insta::assert_json_snapshot!(found);
    assert_eq!(found["center"]["usage"]["trend"], json!(1.0), "visits have doubled");
    let counter = &found["center"]["facilities"]["nodes"][0];
    assert_eq!(
        (&counter["nameEn"], &counter["offers"]["nodes"][0]["itemCount"]),
        (&json!("One-stop counter"), &json!(68))
    );
}

#[test]
fn a_bazaar_each_month_and_courses() {
    let found = ask(&format!(
        "{{ center(code: \"{LONGYUAN}\") {{ events {{ nodes {{ name nameEn rrule audiences services {{ nameEn }}
             occurrences(from: \"2025-01-01T00:00:00+08:00\", to: \"2026-01-01T00:00:00+08:00\") {{ count }}
             nextOccurrence(at: \"2025-08-20T00:00:00+08:00\") {{ localStart starts ends }} }} }} }} }}"
    ));
    let bazaar = &found["center"]["events"]["nodes"][0];
    assert_eq!(bazaar["occurrences"]["count"], json!(12));
    assert_eq!(bazaar["nextOccurrence"]["localStart"], json!("2025-08-25T09:00:00"));
    let services: Vec<&str> =
        bazaar["services"].as_array().unwrap().iter().map(|s| s["nameEn"].as_str().unwrap()).collect();
    assert_eq!(services, ["Haircut", "Knife grinding", "Key cutting", "Free clinic and health checks"]);
    assert_eq!(
        names(&found["center"]["events"])[1..],
        ["Painting and calligraphy for the elderly", "Salon for young founders", "Handicraft for parents and children"]
    );
}

#[test]
fn a_resident_of_79_walks_two_to_three_minutes() {
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
fn the_jiangbei_center_is_run_in_return_for_its_premises() {
    insta::assert_json_snapshot!(ask(&format!(
        "{{ center(code: \"{JIANGBEI}\") {{ name kind description openedOn operatingModel operatingNote
             partners {{ role count }} funding {{ source share }} district {{ nameEn }} region {{ name level }}
             facilities {{ nodes {{ nameEn kind audiences }} }}
             offers {{ nodes {{ itemCount service {{ nameEn fee }} }} }}
             visits(from: \"2025-08-01\", to: \"2025-08-02\") {{ day total counts {{ audience hour count }} }} }} }}"
    )));
    // Over a hundred visits a day by new-employment groups.
    let usage = ask(&format!(
        "{{ center(code: \"{JIANGBEI}\") {{ usage(from: \"2025-08-01\", to: \"2025-08-07\") {{ visitsPerDay countedDays }} }} }}"
    ));
    assert_eq!(usage["center"]["usage"], json!({"visitsPerDay": 108.0, "countedDays": 7}));
}

#[test]
fn partners_receive_visitors_every_friday() {
    let found = ask("{ events(region: \"500105\") { nodes { nameEn facility { nameEn center { code } }
             sixteen: occurrences(from: \"2025-05-01T00:00:00+08:00\", to: \"2025-08-20T00:00:00+08:00\") { count }
             nextOccurrence(at: \"2025-08-20T00:00:00+08:00\") { localStart } } } }");
    let reception = &found["events"]["nodes"][0];
    assert_eq!(reception["sixteen"]["count"], json!(16));
    assert_eq!(reception["nextOccurrence"]["localStart"], json!("2025-08-22T14:00:00"));
    assert_eq!(reception["facility"], json!({"nameEn": "Zhixin room", "center": {"code": JIANGBEI}}));
    // And on Monday mornings there are buns.
    assert_eq!(found["events"]["nodes"][1]["nextOccurrence"]["localStart"], json!("2025-08-25T07:00:00"));
}

#[test]
fn the_guild_hall_is_a_facility_with_festivals() {
    insta::assert_json_snapshot!(ask(
        "{ facility(externalId: \"yz-guild\") { name nameEn kind category address groundsAreaM2 floorAreaM2 openedOn center { code }
             events { nodes { nameEn occurrences(from: \"2025-01-01T00:00:00+08:00\", to: \"2027-01-01T00:00:00+08:00\") {
               nodes { localStart } } } } } }"
    ));
}

#[test]
fn the_dataset_says_how_much_there_is() {
    let found = ask(
        "{ dataset { centerCount facilityCount serviceCount offerCount eventCount suggestionCount regionCount visitDayCount
             timeZone holidays population { groups { name people cells } } } }",
    );
    assert_eq!(
        found["dataset"],
        json!({"centerCount": 3, "facilityCount": 28, "serviceCount": 22, "offerCount": 18, "eventCount": 10,
               "suggestionCount": 3, "regionCount": 10, "visitDayCount": 69, "timeZone": "Asia/Shanghai",
               "holidays": "built in", "population": {"groups": [{"name": "all", "people": 2000.0, "cells": 1}]}})
    );
}

#[test]
fn the_same_files_again_change_nothing() {
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
