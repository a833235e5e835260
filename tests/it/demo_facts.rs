//! The reported facts about three centers in Chongqing also hold in the demonstration city: nothing generated is
//! attached to these centers, and generated data around them does not contradict the reports.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::facts::{Facts, LONGYUAN, MOFANCUN};
use geo::Contains;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use walkshed_analysis::world::World;
use walkshed_engine::Profiles;
use walkshed_engine::geo::{Position, read_area};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, PositionQuality, Status};

/// The division that contains the center of Jiangbei.
const JIANGBEI: &str = "500105002002";

static WORLD: LazyLock<Arc<World>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["demo", "--scale", "0.03", "--data"])
        .arg(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
    let world = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = data.store().await.unwrap();
        data.world(&store).await.unwrap()
    });
    Arc::new(world)
});

fn city() -> Facts<'static> {
    Facts { world: &WORLD, jiangbei: JIANGBEI }
}

/// Seven categories, and an open center in every division.
#[test]
fn every_division_has_a_center() {
    assert_eq!(Category::ALL.len(), 7);
    assert!(WORLD.register.centers.iter().all(|c| c.status == Status::Open));
    let found = city().ask(
        "{ dataset { centerCount } facilitiesOf: facilities(filter: {kinds: [\"one_stop_counter\"]}) { totalCount } }",
    );
    let centers = found["dataset"]["centerCount"].as_u64().unwrap();
    // One counter per center, except for the two centers without a reported one.
    assert_eq!(found["facilitiesOf"]["totalCount"].as_u64().unwrap(), centers - 2);
}

#[test]
fn the_shapingba_center_and_its_area() {
    city().shapingba();
    city().around_shapingba();
}

#[test]
fn shapingba_is_open_for_children_until_17_30_and_couriers_at_01_00() {
    city().hours();
}

#[test]
fn longyuan_opens_most_of_its_floor_and_visits_doubled() {
    city().longyuan();
    city().visits_of_longyuan_doubled();
}

#[test]
fn longyuan_has_a_monthly_bazaar_and_courses() {
    city().bazaar();
}

/// Some resident of the area lives two to three minutes away.
#[test]
fn a_resident_of_79_walks_two_to_three_minutes() {
    let center = WORLD.register.centers.find(LONGYUAN).unwrap().position;
    let minutes = |east: f64, north: f64| {
        let home = Position::new(center.lon() + east / 97_000.0, center.lat() + north / 110_900.0).unwrap();
        let found = city().ask(&format!(
            "{{ route(from: {{point: {{lon: {}, lat: {}}}}}, to: {{center: \"{LONGYUAN}\"}}, profile: SENIOR) {{ minutes }} }}",
            home.lon(),
            home.lat()
        ));
        found["route"]["minutes"].as_f64().unwrap()
    };
    let around: Vec<f64> =
        (0..16).map(|k| f64::from(k).to_radians() * 22.5).map(|a| minutes(130.0 * a.cos(), 130.0 * a.sin())).collect();
    assert!(around.iter().any(|m| (2.0..=3.0).contains(m)), "{around:?}");
}

#[test]
fn jiangbei_center_operator_uses_its_premises_in_return() {
    city().jiangbei();
    city().visits_of_jiangbei();
}

#[test]
fn partners_receive_visitors_on_fridays() {
    city().reception();
}

#[test]
fn guild_hall_is_a_facility_with_festivals() {
    city().guild_hall();
    // It is in Yuzhong.
    let yuzhong = WORLD.register.regions.iter().find(|r| r.code.as_str() == "500103").unwrap();
    let area = read_area(yuzhong.outline.as_deref().unwrap()).unwrap();
    let hall = WORLD.register.facilities.iter().find(|f| f.external_id == "yz-guild").unwrap().position;
    assert!(area.contains(&geo::Point::new(hall.lon(), hall.lat())));
}

/// Generated records have generated ids. None refers to a center with reported facts, and no visit is counted twice.
#[test]
fn nothing_generated_is_attached_to_reported_centers() {
    let register = &WORLD.register;
    for code in [MOFANCUN, LONGYUAN, JIANGBEI] {
        let place = register.centers.iter().position(|c| c.code.as_str() == code).unwrap();
        let center = &register.centers[place];
        assert_eq!(center.position_quality, PositionQuality::Synthetic);
        assert_eq!((center.floor_area_m2, center.opening_hours.as_deref()), (None, None), "{code}");
        let facilities = register.facilities_of_center(place).iter().map(|&f| &register.facilities[f as usize]);
        for facility in facilities {
            assert!(!facility.external_id.starts_with("syn-"), "{}", facility.external_id);
        }
        for &event in register.events_of_center(place) {
            assert!(!register.events[event as usize].external_id.starts_with("syn-"));
        }
        for &suggestion in register.suggestions_of_center(place) {
            assert!(!register.suggestions[suggestion as usize].external_id.starts_with("syn-"));
        }
        let found = city().ask(&format!(
            "{{ center(code: \"{code}\") {{ offers(first: 100) {{ nodes {{ service {{ key }} }} }} }} }}"
        ));
        for offer in found["center"]["offers"]["nodes"].as_array().unwrap() {
            assert!(!offer["service"]["key"].as_str().unwrap().starts_with("syn-"), "{code}: {offer}");
        }
    }
    let days = |code: &str| {
        register.visits_of(register.centers.find(code).unwrap().id).map_or(0, walkshed_register::CenterVisits::len)
    };
    assert_eq!([MOFANCUN, LONGYUAN, JIANGBEI].map(days), [0, 61, 7]);
}

/// Where centers are ranked by use, those that are reported as heavily used are not among the least used.
#[test]
fn rankings_agree_with_the_reports() {
    for (code, district, from, to) in [
        (LONGYUAN, "500113", "2025-03-01", "2025-05-31"),
        (LONGYUAN, "500113", "2025-04-24", "2025-05-08"),
        (JIANGBEI, "500105", "2025-08-01", "2025-08-07"),
    ] {
        for region in [String::new(), format!("region: \"{district}\",")] {
            let found = city().ask(&format!(
                "{{ underusedCenters({region} from: \"{from}\", to: \"{to}\", first: 1000) {{ compared nodes {{ ratioToMedian
                     center {{ code }} reason {{ factor value median }} because {{ factor value median }} }} }} }}"
            ));
            let list = found["underusedCenters"]["nodes"].as_array().unwrap();
            // The deprecated name answers the same.
            assert!(list.iter().all(|n| n["reason"]["factor"].is_string() && n["because"] == n["reason"]), "{found}");
            let own: Vec<&Value> = list.iter().filter(|n| n["center"]["code"] == code).collect();
            assert_eq!(own.len(), 1, "{code} {region}");
            assert!(own[0]["ratioToMedian"].as_f64().unwrap() >= 1.0, "{region} {from}: {}", own[0]);
        }
    }
    // Without reported visits there is nothing to compare.
    let found = city().ask("{ underusedCenters(first: 1000) { nodes { center { code } } } }");
    let list = found["underusedCenters"]["nodes"].as_array().unwrap();
    assert!(list.iter().all(|n| n["center"]["code"] != json!(LONGYUAN) && n["center"]["code"] != json!(JIANGBEI)));
}
