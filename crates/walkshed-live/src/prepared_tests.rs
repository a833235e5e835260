//! Tests of the prepared register file: what was written is read, and nothing else is.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use super::*;
use jiff::civil::date;
use walkshed_engine::Profiles;
use walkshed_engine::geo::Position;
use walkshed_register::{
    Audience, Category, Center, Change, Demonstration, DivisionCode, Event, Facility, FundingShare, GroupServed, Host,
    ImportRecord, Offer, Partner, PopulationCell, Region, RegionCode, RegisterRows, Scenario, Service, Standard,
    StandardRule, Suggestion, VisitCount, VisitDay,
};
use walkshed_testing::{Random, at, grid};

const STATE: RegisterState = RegisterState { version: 7, stamp: Some(RegisterStamp([5; 16])) };

/// A register with every type of record and every kind of optional field.
fn rows() -> RegisterRows {
    let position = |x: f64, y: f64| Position::from(at(x, y));
    let code = DivisionCode::new("500106013004").unwrap();
    let center = Center {
        id: 3,
        version: 2,
        floor_area_m2: Some(506.5),
        groups_served: vec![GroupServed { audience: Audience::Couriers, people: 12 }],
        opened_on: Some("2005-09".parse().unwrap()),
        renovated_on: Some("2020".parse().unwrap()),
        partners: vec![Partner { name: "医院".into(), role: None, count: 2 }],
        funding: vec![FundingShare { source: "区".into(), share: 0.5 }],
        step_free: Some(true),
        opening_hours: Some("Mo-Su 09:00-21:00".into()),
        ..Center::new(code.clone(), "中心".into(), position(100.0, 100.0))
    };
    let facility = |id: i64, x: f64| Facility {
        id,
        version: 1,
        kind: Some("clinic".into()),
        center: (id == 1).then(|| code.clone()),
        floor: (id == 2).then(|| "B1".into()),
        audiences: vec![Audience::Elderly],
        closed_on: Some("2025-04-12".parse().unwrap()),
        ..Facility::new(format!("f{id}"), format!("诊所 {id}"), Category::HealthCare, position(x, 50.0))
    };
    let starts = date(2026, 1, 5).at(9, 0, 0, 0);
    let mut event = Event::new("e".into(), "集市".into(), Host::Center(3), starts, 90);
    (event.id, event.version, event.rrule) = (1, 1, Some("FREQ=WEEKLY;BYDAY=MO".into()));
    (event.dates, event.except) = (vec![starts], vec![date(2026, 1, 12)]);
    let mut suggestion = Suggestion::new("s".into(), "更多座位".into(), "2026-11-25T01:00:00Z".parse().unwrap());
    (suggestion.id, suggestion.position, suggestion.answered_at) =
        (1, Some(position(0.0, 0.0)), Some("2026-11-26T01:00:00Z".parse().unwrap()));
    let mut scenario = Scenario::new("k".into(), "情景".into());
    (scenario.id, scenario.changes) = (1, vec![Change::Capacity { facility: 1, capacity: 5.0 }]);
    let rule = StandardRule { key: "r".into(), minutes: Some(15.0), ..StandardRule::default() };
    let cell = |x: f64| h3o_cell(position(x, 100.0));
    RegisterRows {
        version: 7,
        centers: vec![center],
        facilities: vec![facility(1, 10.0), facility(2, 330.0), facility(9, 90_000.0)],
        services: vec![Service { id: 1, ..Service::new("s".into(), "服务".into(), Category::Employment) }],
        offers: vec![Offer { id: 1, item_count: Some(68), ..Offer::new(1, Host::Facility(2)) }],
        events: vec![event],
        suggestions: vec![suggestion],
        regions: vec![Region { id: 1, ..Region::new(RegionCode::new("500106").unwrap(), "区".into()) }],
        scenarios: vec![scenario],
        standards: vec![Standard {
            id: 1,
            version: 1,
            key: "own".into(),
            name: "标准".into(),
            name_en: "Own".into(),
            source: "x".into(),
            note: None,
            requirements: vec![rule],
        }],
        visits: [1, 2].map(|day| visits(3, day)).to_vec(),
        population: vec![
            PopulationCell { cell: cell(100.0), people: 12.5 },
            PopulationCell { cell: cell(5e5), people: 1.0 },
        ],
        groups: [("60_plus".to_owned(), vec![PopulationCell { cell: cell(100.0), people: 2.0 }])].into(),
        imports: vec![ImportRecord {
            kind: "centers".into(),
            source: "c.csv".into(),
            at: "2026-11-25T01:00:00Z".into(),
            rows: 1,
            inserted: 1,
            updated: 0,
            unchanged: 0,
            refused: 0,
        }],
        demonstration: Some(Demonstration { seed: 1, scale: 0.5, is_whole: true }),
    }
}

fn h3o_cell(position: Position) -> h3o::CellIndex {
    h3o::LatLng::new(position.lat(), position.lon()).unwrap().to_cell(h3o::Resolution::Nine)
}

fn visits(center: i64, day: i8) -> VisitDay {
    let counts = vec![
        VisitCount { hour: None, audience: Audience::Everyone, count: 100 },
        VisitCount { hour: Some(9), audience: Audience::Couriers, count: 7 },
    ];
    VisitDay { center, day: date(2026, 5, day), counts }
}

fn network() -> Arc<Network> {
    Arc::new(grid(10, 100.0).with_profiles(&Profiles::default()))
}

fn world() -> World {
    World::new(Ok(network()), rows())
}

/// Reads a file as [`PreparedRegister::read`] does, and builds the world.
fn read(bytes: &[u8], network: Arc<Network>) -> Result<Option<World>, Unusable> {
    let prepared = PreparedRegister::verify(bytes.to_vec(), STATE)?;
    let register = prepared.register(Arc::default())?;
    Ok(prepared.layers(&network).and_then(|layers| World::from_prepared(network.clone(), register, layers).ok()))
}

#[test]
fn a_world_that_is_read_equals_the_world_that_was_written() {
    let world = world();
    let bytes = to_bytes(&world, RegisterStamp([5; 16]));
    let again = read(&bytes, network()).unwrap().unwrap();
    let (a, b) = (&world.register, &again.register);
    assert_eq!(world.version, again.version);
    assert_eq!(a.centers[..], b.centers[..]);
    assert_eq!(a.facilities[..], b.facilities[..]);
    assert_eq!(a.services[..], b.services[..]);
    assert_eq!(a.offers[..], b.offers[..]);
    assert_eq!(a.events[..], b.events[..]);
    assert_eq!(a.suggestions[..], b.suggestions[..]);
    assert_eq!(a.regions[..], b.regions[..]);
    assert_eq!(a.scenarios[..], b.scenarios[..]);
    assert_eq!(a.standards[..], b.standards[..]);
    assert_eq!((&a.visits, &a.population, &a.groups), (&b.visits, &b.population, &b.groups));
    assert_eq!((&a.imports, a.demonstration), (&b.imports, b.demonstration));
    assert_eq!(a.facilities_of_center(0), b.facilities_of_center(0));
    assert_eq!(a.facilities.index_of_key("f9"), b.facilities.index_of_key("f9"));
    assert!(b.hours("Mo-Su 09:00-21:00").is_some());
    let profile = walkshed_engine::Profile::Adult;
    let (one, other) = (network(), network());
    for (a, b) in [(&world.facility_layer, &again.facility_layer), (&world.population_layer, &again.population_layer)] {
        assert_eq!(a.snapped(&one, profile).snaps, b.snapped(&other, profile).snaps);
        assert_eq!(a.snapped(&one, profile).snaps.iter().flatten().count() + 1, a.points().len(), "one is too far");
    }
    assert_eq!(world.layer_bytes(), again.layer_bytes());
    assert!(to_bytes(&again, RegisterStamp([5; 16])) == bytes);
}

/// The binary form of fixed records. If this fails, the form has changed: increment `FORMAT` in
/// `crates/walkshed-register/src/register/binary.rs`, then update the hash.
#[test]
fn binary_form_has_the_current_version() {
    let RegisterBytes { facilities, others } = world().register.to_bytes();
    assert_eq!((BINARY_FORMAT, xxh3_64(&[facilities, others].concat())), (1, 18_173_656_791_882_101_414));
}

#[test]
fn damaged_files_are_refused() {
    let bytes = to_bytes(&world(), RegisterStamp([5; 16]));
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length], network()).is_err(), "{length}");
    }
    assert!(read(&[&bytes[..], b"x"].concat(), network()).is_err());
    let one = network();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(read(&damaged, one.clone()).is_err(), "{at}");
    }
}

/// Damage that the checksum does not show, because it was computed afterwards.
#[test]
fn damaged_values_with_a_valid_checksum_cause_no_panic() {
    let bytes = to_bytes(&world(), RegisterStamp([5; 16]));
    let (one, mut random, mut read_anyway) = (network(), Random(3), 0);
    for _ in 0..4000 {
        let mut damaged = bytes.clone();
        for _ in 0..=random.below(3) {
            let at = HEADER + random.below(bytes.len() - HEADER);
            damaged[at] = random.next() as u8;
        }
        let mut header = Header::zeroed();
        bytes_of_mut(&mut header).copy_from_slice(&damaged[..HEADER]);
        header.checksum = checksum(header, [&damaged[HEADER..]]);
        damaged[..HEADER].copy_from_slice(bytes_of(&header));
        if let Ok(Some(world)) = read(&damaged, one.clone()) {
            read_anyway += 1;
            let _ = (world.problems(), world.register.cell_divisions());
        }
    }
    assert!(read_anyway > 0);
}

#[test]
fn files_of_other_data_are_not_used() {
    let bytes = to_bytes(&world(), RegisterStamp([5; 16]));
    let verify = |state: RegisterState| PreparedRegister::verify(bytes.clone(), state).map(|_| ());
    assert!(verify(STATE).is_ok());
    let other_version = RegisterState { version: 8, ..STATE };
    assert!(matches!(verify(other_version), Err(Unusable::OtherVersion { found: 7, current: 8 })));
    for stamp in [Some(RegisterStamp([6; 16])), None] {
        assert!(matches!(verify(RegisterState { stamp, ..STATE }), Err(Unusable::OtherDatabase)));
    }
    let mut of_other_program = bytes.clone();
    of_other_program[24] ^= 1;
    let result = PreparedRegister::verify(of_other_program, STATE).map(|_| ());
    assert!(matches!(result, Err(Unusable::OtherProgram)));
    // Other streets and other profiles leave the register usable, but not the positions on the streets.
    let overrides = "adult = { level_kmh = 4.0 }".parse().unwrap();
    let slower = grid(10, 100.0).with_profiles(&Profiles::with_overrides(&overrides).unwrap());
    let longer = grid(10, 101.0).with_profiles(&Profiles::default());
    for other in [slower, longer] {
        assert!(read(&bytes, Arc::new(other)).unwrap().is_none());
    }
    let without_streets = to_bytes(&World::new(Err("none".into()), rows()), RegisterStamp([5; 16]));
    assert!(read(&without_streets, network()).unwrap().is_none());
    let missing = PreparedRegister::read(Path::new("/nowhere/register.walkshed"), STATE).map(|_| ());
    assert!(matches!(missing, Err(Unusable::Missing)));
}
