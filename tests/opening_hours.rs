//! Opening hours against opening_hours.js, the reference implementation: some 300 texts over a year.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use jiff::{Timestamp, civil};
use serde::Deserialize;
use std::collections::BTreeSet;
use walkshed::geo::Position;
use walkshed::registry::{Calendar, Hours, HoursAt, OpenState};

const DAY: i64 = 24 * 60;
/// Minutes that the rising of the sun may be off.
const SUN: i64 = 2;

/// Texts that are read otherwise than by opening_hours.js on purpose, and why.
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

/// What tests/reference/opening_hours.mjs has made.
#[derive(Deserialize)]
struct Reference {
    year: i16,
    place: [f64; 2],
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    /// Each as minutes from midnight and states: "0c540o1080c".
    days: Vec<String>,
    /// For each day of the year a letter, A for the first of `days`; one after the other when left out.
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
    /// The minutes of the year from which on there is another state.
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

/// The same of ours, by asking again and again for the next change.
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

/// Where two lists differ first.
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
fn a_year_is_as_opening_hours_js_has_it() {
    let reference: Reference = serde_json::from_str(include_str!("reference/opening_hours.json")).unwrap();
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
        let tolerance = if hours.is_by_sun() { SUN } else { 0 };
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
    assert_eq!(differ, listed, "what is listed as different must be in the file, and differ");
}
