//! Opening hours, recurrence rules and H3 cells.

use chrono::{DateTime, Datelike, TimeZone, Utc};
use jiff::Timestamp;
use walkshed_engine::geo::{Position, cell_centre, cell_of, parse_cell};
use walkshed_register::{Calendar, Hours, Recurrence};

/// Opening hours, asked at several moments of a year.
pub fn opening_hours(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(hours) = Hours::parse(text, &Calendar::default()) else { return false };
    // What was accepted is accepted again, and means the same.
    let again = Hours::parse(hours.text(), &Calendar::default()).expect("accepted once, accepted again");
    let place = Position::new(106.55, 29.56).expect("a place in Chongqing");
    let (at, at_again) = (hours.at(place), again.at(place));
    for day in [0i64, 59, 120, 200, 272, 364] {
        let moment = Timestamp::from_second(1_767_196_800 + day * 86_400 + day * 613).expect("a moment in 2026");
        let state = at.state(moment);
        assert_eq!(state, at_again.state(moment), "{text:?} at {moment}");
        if let Some(change) = at.next_change(moment) {
            assert!(change > moment, "{text:?}: the change after {moment} is at {change}");
            assert_ne!(at.state(change), state, "{text:?}: nothing changes at {change}");
        }
    }
    true
}

/// A recurrence rule, asked for its next times.
pub fn rrule(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let zone = Calendar::default().zone;
    let Some(starts) = zone.tz().with_ymd_and_hms(2026, 1, 5, 9, 30, 0).single() else { return false };
    let Ok(rule) = Recurrence::parse(text, starts, zone) else { return false };
    let _ = rule.check(text);
    let moment = |year: i32| -> DateTime<Utc> { Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().expect("a moment") };
    let (from, to) = (moment(2026), moment(2029));
    let times = rule.between(from, to, 50).times;
    assert!(times.len() <= 50);
    assert!(times.is_sorted_by(|a, b| a < b), "{text:?}: the times are not in order");
    assert!(times.iter().all(|at| (2026..=2029).contains(&at.year()) && *at >= from && *at <= to));
    true
}

/// An H3 cell as text.
pub fn h3_cell(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(cell) = parse_cell(text) else { return false };
    assert_eq!(parse_cell(&cell.to_string()).ok(), Some(cell), "{text:?}");
    assert_eq!(cell_of(cell_centre(cell), cell.resolution()), cell, "{text:?}");
    true
}
