//! Opening hours: about 300 texts compared over a year with opening_hours.js, the reference implementation, and the answers of
//! the API.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::{city, register};
use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::Profiles;
use walkshed_engine::geo::Position;
use walkshed_exchange::Kind;
use walkshed_graphql::{Api, Limits};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Calendar, Category, Facility, Hours, HoursAt, OpenState, RegisterRows};

const DAY: i64 = 24 * 60;
/// Tolerance of sun times, in minutes.
const SUN: i64 = 2;

/// Texts that are deliberately interpreted differently from opening_hours.js, with the reason.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "SH,PH Mo-Fr 10:00-12:00",
        "holidays and weekdays side by side must both hold; it reads several holidays as \"or\"",
    ),
    ("Mo-Fr 09:00-18:00; PH,SH Mo-Fr 10:00-12:00", "the same"),
    ("Mo-Fr 00:00-08:00 || 22:00-02:00 \"call\"", "its fallback holds after midnight though the place is open"),
    ("18:00-sunset", "once the sun has set before 18:00, it is open until midnight there"),
    ("Jan 01-easter 10:00-12:00", "it leaves out the last day"),
    ("Feb 10-29 10:00-12:00", "in years without a 29 February it never is"),
    ("Su[1] -1 day 10:00-12:00", "it finds 3 January when asked about it, but not when asked for the next change"),
];

/// The output of `tests/reference/opening_hours.mjs`.
#[derive(Deserialize)]
struct Reference {
    year: i16,
    place: [f64; 2],
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    #[expect(clippy::struct_field_names, reason = "as in the file")]
    text: String,
    /// Distinct days, each as minutes from midnight and states: "0c540o1080c".
    days: Vec<String>,
    /// A letter for each day of the year, A for the first of `days`; consecutive days if absent.
    year: Option<String>,
}

type Change = (i64, OpenState);

fn changes_of_day(text: &str) -> Vec<Change> {
    text.split_inclusive(['o', 'c', 'u'])
        .map(|part| {
            let (minute, state) = part.split_at(part.len() - 1);
            let state = match state {
                "o" => OpenState::Open,
                "c" => OpenState::Closed,
                _ => OpenState::Unknown,
            };
            (minute.parse().unwrap(), state)
        })
        .collect()
}

impl Text {
    /// Returns the minutes of the year at which the state changes.
    fn changes(&self) -> Vec<Change> {
        let order: Vec<usize> = match &self.year {
            Some(year) => year.bytes().map(|b| usize::from(b - b'A')).collect(),
            None => (0..self.days.len()).collect(),
        };
        let mut list: Vec<Change> = Vec::new();
        for (day, index) in (0..).zip(order) {
            for (minute, state) in changes_of_day(&self.days[index]) {
                if list.last().is_none_or(|last| last.1 != state) {
                    list.push((day * DAY + minute, state));
                }
            }
        }
        list
    }
}

/// Computes the same changes by calling `next_change` repeatedly.
fn changes(hours: HoursAt<'_>, start: Timestamp, end: Timestamp) -> Vec<Change> {
    let minute = |at: Timestamp| (at.as_second() - start.as_second()) / 60;
    let mut list = vec![(0, hours.state(start))];
    let mut at = start;
    while let Some(next) = hours.next_change(at).filter(|next| *next < end) {
        assert!(next > at, "{}: the change after {at} is at {next}", hours.hours().text());
        list.push((minute(next), hours.state(next)));
        at = next;
    }
    list
}

/// Describes the first difference between two lists.
fn difference(ours: &[Change], theirs: &[Change], tolerance: i64, start: civil::DateTime) -> Option<String> {
    let tell = |change: Option<&Change>| {
        change.map_or("none".into(), |(minute, state)| {
            format!("{state:?} from {}", start + jiff::Span::new().minutes(*minute))
        })
    };
    let same = |a: &Change, b: &Change| a.1 == b.1 && (a.0 - b.0).abs() <= tolerance;
    (0..ours.len().max(theirs.len())).find_map(|i| match (ours.get(i), theirs.get(i)) {
        (Some(a), Some(b)) if same(a, b) => None,
        (a, b) => Some(format!("ours {}, opening_hours.js {}", tell(a), tell(b))),
    })
}

#[test]
fn a_year_matches_opening_hours_js() {
    let reference: Reference = serde_json::from_str(include_str!("../reference/opening_hours.json")).unwrap();
    assert!(reference.texts.len() >= 300, "{} texts", reference.texts.len());
    let calendar = Calendar::default();
    let place = Position::new(reference.place[0], reference.place[1]).unwrap();
    let begin =
        |year: i16| civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).unwrap();
    let (start, end) = (begin(reference.year).timestamp(), begin(reference.year + 1).timestamp());
    let mut wrong = Vec::new();
    let mut differ = BTreeSet::new();
    for text in &reference.texts {
        let hours = match Hours::parse(&text.text, &calendar) {
            Ok(hours) => hours,
            Err(e) => {
                wrong.push(format!("{}: {e}", text.text));
                continue;
            }
        };
        let tolerance = if hours.depends_on_sun() { SUN } else { 0 };
        let ours = changes(hours.at(place), start, end);
        let Some(difference) = difference(&ours, &text.changes(), tolerance, begin(reference.year).datetime()) else {
            continue;
        };
        if DIFFERENT.iter().any(|(known, _)| *known == text.text) {
            differ.insert(text.text.as_str());
        } else {
            wrong.push(format!("{}: {difference}", text.text));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), reference.texts.len(), wrong.join("\n"));
    let listed: BTreeSet<&str> = DIFFERENT.iter().map(|(text, _)| *text).collect();
    assert_eq!(differ, listed, "texts listed as different must be in the file and differ");
}

fn ask(world: &Arc<World>, query: &str) -> Value {
    let answer = city::answer(&city::ask_with(&Api::new(Limits::default()), world, query, Value::Null));
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].clone()
}

/// Builds a city with facilities of these hours around a junction, named by their indexes.
fn world_of(hours: &[&str]) -> Arc<World> {
    let facilities = hours
        .iter()
        .zip(0..)
        .map(|(text, i)| Facility {
            id: i + 1,
            version: 1,
            opening_hours: (!text.is_empty()).then(|| (*text).to_owned()),
            ..Facility::new(format!("{i}"), (*text).to_owned(), Category::HealthCare, city::position(1000.0, 1000.0))
        })
        .collect();
    Arc::new(World::new(Ok(Arc::new(city::network())), RegisterRows { facilities, ..city::rows() }))
}

fn is_open(world: &Arc<World>, facility: &str, at: &str) -> Value {
    let found = ask(world, &format!("{{ facility(externalId: \"{facility}\") {{ isOpen(at: \"{at}+08:00\") }} }}"));
    found["facility"]["isOpen"].clone()
}

fn next_change(world: &Arc<World>, facility: &str, at: &str) -> Value {
    let found = ask(world, &format!("{{ facility(externalId: \"{facility}\") {{ nextChange(at: \"{at}+08:00\") }} }}"));
    found["facility"]["nextChange"].clone()
}

#[test]
fn open_is_true_false_or_null() {
    let world = world_of(&[
        "\"by appointment\"",
        "Mo,Th 09:00-11:00; Tu,Fr 15:00-17:00 || \"on appointment\"",
        "Mo,Th 09:00-11:00; Tu,Fr 15:00-17:00; We \"on appointment\"",
        "10:00+",
        "",
    ]);
    for (facility, at, open, next) in [
        ("0", "2026-11-25T03:00:00", Value::Null, Value::Null),
        // A Wednesday and the following Thursday.
        ("1", "2026-11-25T12:00:00", Value::Null, json!("2026-11-26T09:00:00+08:00")),
        ("1", "2026-11-26T10:00:00", json!(true), json!("2026-11-26T11:00:00+08:00")),
        ("2", "2026-11-25T12:00:00", Value::Null, json!("2026-11-26T00:00:00+08:00")),
        ("2", "2026-11-26T08:00:00", json!(false), json!("2026-11-26T09:00:00+08:00")),
        ("3", "2026-11-25T09:00:00", json!(false), json!("2026-11-25T10:00:00+08:00")),
        ("3", "2026-11-25T12:00:00", Value::Null, json!("2026-11-26T00:00:00+08:00")),
        ("4", "2026-11-25T12:00:00", Value::Null, Value::Null),
    ] {
        assert_eq!(is_open(&world, facility, at), open, "{facility} at {at}");
        assert_eq!(next_change(&world, facility, at), next, "{facility} at {at}");
    }
}

#[test]
fn facilities_with_unknown_state_are_not_found_as_open() {
    let world = world_of(&["24/7", "\"by appointment\"", "Mo-Fr 09:00-17:00 || \"call\"", "10:00+", "off", ""]);
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|n| n["externalId"].as_str().unwrap().to_owned()).collect()
    };
    // A Saturday, and a Friday at noon.
    for (at, open) in [("2026-11-28T12:00:00+08:00", vec!["0"]), ("2026-11-27T12:00:00+08:00", vec!["0", "2"])] {
        let listed =
            ask(&world, &format!("{{ facilities(filter: {{openAt: \"{at}\"}}) {{ nodes {{ externalId }} }} }}"));
        assert_eq!(names(&listed["facilities"]["nodes"]), open, "{at}");
        let near =
            format!("{{ nearby(from: {{center: \"500106013004\"}}, openAt: \"{at}\") {{ nodes {{ externalId }} }} }}");
        let near = ask(&world, &near);
        assert_eq!(names(&near["nearby"]["nodes"]), open, "{at}");
    }
    // Facilities with unknown state cover nobody.
    let world = world_of(&["\"by appointment\"", "10:00+"]);
    let covered = |extra: &str| {
        let found =
            ask(&world, &format!("{{ coverage(need: {{category: HEALTH_CARE{extra}}}) {{ total {{ covered }} }} }}"));
        found["coverage"]["total"]["covered"].as_f64().unwrap()
    };
    assert!(covered("") > 0.0);
    assert!(covered(", openAt: \"2026-11-27T12:00:00+08:00\"") <= 0.0);
}

/// Sun times depend on the position: in the far west of China sunset is three hours later in the same time zone.
#[test]
fn sun_times_depend_on_the_position() {
    let at = |id: i64, lon: f64, lat: f64| Facility {
        id,
        version: 1,
        opening_hours: Some("sunrise-sunset".into()),
        ..Facility::new(format!("{id}"), "x".into(), Category::CultureSports, Position::new(lon, lat).unwrap())
    };
    let facilities = vec![at(1, 106.555, 29.565), at(2, 75.99, 39.47)];
    let world = Arc::new(World::new(Ok(Arc::new(city::network())), RegisterRows { facilities, ..city::rows() }));
    for (place, at, open) in [("1", "18:30", false), ("2", "18:30", true), ("1", "07:30", true), ("2", "07:30", false)]
    {
        let at = format!("2026-11-16T{at}:00");
        assert_eq!(is_open(&world, place, &at), json!(open), "{place} at {at}");
        let found = ask(
            &world,
            &format!("{{ facilities(filter: {{openAt: \"{at}+08:00\"}}) {{ nodes {{ id externalId }} }} }}"),
        );
        let nodes = found["facilities"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.iter().any(|n| n["externalId"] == place), open, "{place} at {at}");
    }
    assert_eq!(is_open(&world, "1", "2026-07-01T06:30:00"), json!(true));
}

/// Returns the path of a reported case, if available.
fn case(name: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases").join(name).join("facilities.csv");
    if !file.exists() {
        walkshed_testing::skip(&format!("the case {name} is not at {}", file.display()));
    }
    file.exists().then_some(file)
}

#[test]
fn answers_reported_cases_correctly() {
    let t = |open: bool| json!(open);
    for (name, facility, answers) in [
        ("01-oh-comment-only", "x", vec![("2026-11-25T03:00", Value::Null), ("2026-11-25T12:00", Value::Null)]),
        (
            "02-oh-fallback",
            "x",
            vec![("2026-11-25T03:00", Value::Null), ("2026-11-26T10:00", t(true)), ("2026-11-26T12:00", Value::Null)],
        ),
        (
            "03-oh-PH-weekday",
            "a",
            vec![("2026-11-25T09:30", t(true)), ("2026-10-01T09:30", t(false)), ("2026-10-01T11:00", t(true))],
        ),
        ("03-oh-PH-weekday", "b", vec![("2026-11-29T10:00", t(true)), ("2026-10-04T10:00", t(false))]),
        ("03-oh-PH-weekday", "c", vec![("2026-11-25T10:00", t(false))]),
        (
            "04-oh-comma-space-days",
            "x",
            vec![("2026-11-23T03:00", t(false)), ("2026-11-23T17:00", t(true)), ("2026-11-25T08:00", t(true))],
        ),
        (
            "05-oh-sunset",
            "a",
            vec![("2026-11-24T18:30", t(false)), ("2026-07-01T06:30", t(true)), ("2026-11-24T17:30", t(true))],
        ),
        ("05-oh-sunset", "b", vec![("2026-11-21T17:30", t(true)), ("2026-11-21T18:30", t(false))]),
        ("06-oh-open-end", "a", vec![("2026-11-25T09:00", t(false)), ("2026-11-25T11:00", Value::Null)]),
        ("06-oh-open-end", "b", vec![("2026-11-25T07:00", t(true)), ("2026-11-25T17:00", Value::Null)]),
    ] {
        let Some(file) = case(name) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let world = register::block_on(async {
            let store = register::open(folder.path()).await;
            register::import(&store, &file, Kind::Facilities).await;
            let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
            let world = data.world(&store).await.unwrap();
            store.close().await;
            Arc::new(world)
        });
        for (at, open) in answers {
            assert_eq!(is_open(&world, facility, &format!("{at}:00")), open, "{name} {facility} at {at}");
        }
    }
}

/// Hours that only an older version accepted are kept, have the state unknown and are reported.
#[test]
fn stored_hours_that_no_longer_parse_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let facility = |id: i64, hours: &str| Facility {
        id,
        opening_hours: Some(hours.into()),
        ..Facility::new(format!("f-{id}"), "x".into(), Category::HealthCare, city::position(1000.0, 1000.0))
    };
    let facilities = vec![facility(1, "Mo-Fr 10:00-16:00/01:30"), facility(2, "Mo, off"), facility(3, "24/7")];
    city::fill(folder.path(), &RegisterRows { facilities, ..RegisterRows::default() });
    let world = register::block_on(async {
        let store = register::open(folder.path()).await;
        let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
        let world = data.world(&store).await.unwrap();
        store.close().await;
        Arc::new(world)
    });
    for (facility, open) in [("f-1", Value::Null), ("f-2", Value::Null), ("f-3", json!(true))] {
        assert_eq!(is_open(&world, facility, "2026-11-25T12:00:00"), open, "{facility}");
    }
    let problems = world.problems();
    let problem = problems.iter().find(|p| p.contains("opening hours")).unwrap();
    for part in ["2 opening hours", "facility f-1", "Mo-Fr 10:00-16:00/01:30", "unknown"] {
        assert!(problem.contains(part), "{problem}");
    }
}
