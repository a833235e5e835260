//! Tests of single texts. `tests/it/opening_hours.rs` compares many texts with the reference implementation.

mod properties;
mod rejected;

use super::*;
use crate::calendar::Calendar;
use OpenState::{Closed, Open, Unknown};
use chrono::NaiveDateTime;
use jiff::Timestamp;
use walkshed_engine::geo::Position;

fn hours(text: &str) -> Hours {
    Hours::parse(text, &Calendar::default()).unwrap_or_else(|e| panic!("\"{text}\" {e}"))
}

fn chongqing() -> Position {
    Position::new(106.555, 29.565).unwrap()
}

/// Converts a local time to a moment.
fn at(local: &str) -> Timestamp {
    Calendar::default().zone.moment(local.parse().unwrap())
}

fn states<const N: usize>(text: &str, moments: [(&str, OpenState); N]) {
    let hours = hours(text);
    for (local, state) in moments {
        assert_eq!(hours.at(chongqing()).state(at(local)), state, "{text} at {local}");
    }
}

fn next(text: &str, local: &str) -> Option<Timestamp> {
    hours(text).at(chongqing()).next_change(at(local))
}

#[test]
fn spans_continue_after_midnight() {
    states(
        "10:00-02:00",
        [
            ("2026-11-25T01:00:00", Open),
            ("2026-11-25T02:00:00", Closed),
            ("2026-11-25T09:59:59", Closed),
            ("2026-11-25T10:00:00", Open),
            ("2026-11-25T23:59:00", Open),
        ],
    );
    assert_eq!(next("10:00-02:00", "2026-11-25T01:00:00"), Some(at("2026-11-25T02:00:00")));
    assert_eq!(next("10:00-02:00", "2026-11-25T02:00:00"), Some(at("2026-11-25T10:00:00")));
    assert_eq!(next("10:00-02:00", "2026-11-25T23:00:00"), Some(at("2026-11-26T02:00:00")));
}

#[test]
fn offices_are_closed_at_weekends_and_on_holidays() {
    let office = "Mo-Fr 09:00-12:00,14:00-18:00; PH off";
    states(
        office,
        [
            ("2026-11-25T10:00:00", Open),
            ("2026-11-25T13:00:00", Closed),
            ("2026-11-28T10:00:00", Closed),
            // National Day, and a Monday of the Spring Festival.
            ("2026-10-01T10:00:00", Closed),
            ("2026-02-16T10:00:00", Closed),
        ],
    );
    assert_eq!(next(office, "2026-09-30T18:00:00"), Some(at("2026-10-08T09:00:00")));
    assert_eq!(next("24/7", "2026-11-25T10:00:00"), None);
    assert_eq!(next("off", "2026-11-25T10:00:00"), None);
}

#[test]
fn a_comment_alone_means_unknown() {
    for text in ["\"by appointment\"", "24/7 \"by appointment\"", "unknown", "Mo-Su unknown \"call\""] {
        states(text, [("2026-11-25T03:00:00", Unknown), ("2026-11-25T12:00:00", Unknown)]);
        assert_eq!(next(text, "2026-11-25T03:00:00"), None, "{text}");
    }
    states(
        "Mo-Fr 09:00-17:00 open \"ring the bell\"",
        [("2026-11-25T12:00:00", Open), ("2026-11-25T18:00:00", Closed)],
    );
    states("Mo-Fr 09:00-17:00 \"by appointment\"", [("2026-11-25T12:00:00", Unknown), ("2026-11-25T18:00:00", Closed)]);
    states("24/7; Su off \"cleaning\"", [("2026-11-25T12:00:00", Open), ("2026-11-29T12:00:00", Closed)]);
}

#[test]
fn a_fallback_applies_where_other_rules_are_closed() {
    let text = "Mo,Th 09:00-11:00; Tu,Fr 15:00-17:00 || \"on appointment\"";
    states(
        text,
        [
            ("2026-11-25T03:00:00", Unknown),
            ("2026-11-26T08:59:00", Unknown),
            ("2026-11-26T09:00:00", Open),
            ("2026-11-26T11:00:00", Unknown),
            ("2026-11-27T16:00:00", Open),
            ("2026-11-28T16:00:00", Unknown),
        ],
    );
    assert_eq!(next(text, "2026-11-24T17:00:00"), Some(at("2026-11-26T09:00:00")));
    // The state of Wednesday, which was closed, changes with the day.
    let text = "Mo-Tu 09:00-11:00; Th \"on appointment\"";
    assert_eq!(next(text, "2026-11-25T12:00:00"), Some(at("2026-11-26T00:00:00")));
}

#[test]
fn adjacent_holidays_and_weekdays_must_both_match() {
    let text = "Mo-Fr 09:00-18:00; PH Mo-Fr 10:00-12:00";
    states(
        text,
        [
            ("2026-11-25T09:30:00", Open),
            ("2026-11-25T17:00:00", Open),
            ("2026-10-01T09:30:00", Closed),
            ("2026-10-01T11:00:00", Open),
            ("2026-10-03T11:00:00", Closed),
        ],
    );
    let text = "07:00-14:00,15:30-19:00; PH Su closed";
    states(text, [("2026-11-29T10:00:00", Open), ("2026-10-04T10:00:00", Closed), ("2026-10-05T10:00:00", Open)]);
    for text in ["SH Mo-Fr 07:00-24:00", "SH 07:00-24:00", "SH off", "PH,SH Mo-Fr 10:00-12:00"] {
        states(text, [("2026-11-25T10:00:00", Closed), ("2026-10-03T10:00:00", Closed)]);
    }
    // Also for several holidays, which opening_hours.js reads as alternatives.
    states("SH,PH Mo-Fr 10:00-12:00", [("2026-10-01T10:00:00", Open), ("2026-11-25T10:00:00", Closed)]);
    states("Su,PH 10:00-12:00", [("2026-10-01T10:00:00", Open), ("2026-11-29T10:00:00", Open)]);
}

#[test]
fn a_comma_with_a_space_continues_a_list_of_days() {
    let text = "Mo, Tu, Th, Fr 07:30-13:00; Mo, Tu, Th, Fr 16:00-19:00; We 07:30-13:00";
    states(
        text,
        [
            ("2026-11-23T03:00:00", Closed),
            ("2026-11-23T08:00:00", Closed),
            ("2026-11-23T17:00:00", Open),
            ("2026-11-25T08:00:00", Open),
            ("2026-11-25T17:00:00", Closed),
        ],
    );
    // A missing part after the days never means open for 24 hours.
    for text in [
        "Mo, Tu 07:30-13:00",
        "Mo-Fr, Sa 07:30-13:00",
        "Su, PH 07:30-13:00",
        "PH, Su 07:30-13:00",
        "Jan-Mar, Nov-Dec 07:30-13:00",
        "Dec 24, Nov 23-30 07:30-13:00",
        "week 47, 48 07:30-13:00",
        "2025, 2026 07:30-13:00",
    ] {
        let states: Vec<OpenState> =
            ["2026-11-23T03:00:00", "2026-11-29T03:00:00"].map(|t| hours(text).at(chongqing()).state(at(t))).into();
        assert_eq!(states, [Closed, Closed], "{text}");
    }
    for (text, expected) in [
        ("Mo, 10:00-12:00", "no comma is allowed between days and times"),
        ("Mo-Fr, Jan 10:00-12:00", "a comma after a list of days"),
        ("Jan-Mar, Mo-Fr 10:00-12:00", "a comma after a list of days"),
        ("week 1, Mo 10:00-12:00", "a comma after a list of days"),
        ("Dec 25, off", "a comma after a list of days"),
        ("closed Mo, 10:00-12:00", "no comma is allowed between"),
        ("Mo-Fr:", "hours are expected after :"),
        ("Mo-Fr 1900-2100", "with a colon, such as 19:00-20:30"),
        ("2000-2200", "with a colon"),
    ] {
        let error = Hours::parse(text, &Calendar::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn an_open_end_is_unknown_from_the_start() {
    states(
        "10:00+",
        [
            ("2026-11-25T09:59:00", Closed),
            ("2026-11-25T10:00:00", Unknown),
            ("2026-11-25T23:59:00", Unknown),
            ("2026-11-26T00:00:00", Closed),
        ],
    );
    assert_eq!(next("10:00+", "2026-11-25T08:00:00"), Some(at("2026-11-25T10:00:00")));
    assert_eq!(next("10:00+", "2026-11-25T10:00:00"), Some(at("2026-11-26T00:00:00")));
    states("Mo-Fr 06:00-09:00,16:30+", [("2026-11-25T08:00:00", Open), ("2026-11-25T16:30:00", Unknown)]);
    // Late in the day the open end lasts ten or eight hours, at most until the next span.
    states(
        "Fr 18:00-22:00+",
        [("2026-11-27T21:00:00", Open), ("2026-11-28T05:59:00", Unknown), ("2026-11-28T06:00:00", Closed)],
    );
    states(
        "07:00+,12:00-16:00",
        [("2026-11-27T11:00:00", Unknown), ("2026-11-27T12:00:00", Open), ("2026-11-27T16:00:00", Closed)],
    );
    states("10:00+ off", [("2026-11-27T11:00:00", Closed)]);
}

#[test]
fn sun_times_are_those_of_the_position() {
    let zone = Calendar::default().zone;
    let near = |found: Option<Timestamp>, local: &str| {
        let seconds = found.unwrap().duration_since(at(local)).as_secs();
        assert!(seconds.abs() <= 120, "{} is not {local}", zone.rfc3339(found.unwrap()));
    };
    near(next("sunrise-sunset", "2026-11-16T00:00:00"), "2026-11-16T07:18:00");
    near(next("sunrise-sunset", "2026-11-16T12:00:00"), "2026-11-16T17:58:00");
    near(next("Sa 08:00-sunset", "2026-11-21T12:00:00"), "2026-11-21T17:56:00");
    near(next("(sunrise+01:00)-(sunset-01:00)", "2026-11-16T12:00:00"), "2026-11-16T16:58:00");
    near(next("dawn-dusk", "2026-07-01T12:00:00"), "2026-07-01T20:25:00");
    // Through the night until the next sunrise.
    near(next("sunset-sunrise", "2026-11-16T23:00:00"), "2026-11-17T07:19:00");
    // In winter the sun has set by 18:00: the span is empty and does not last until the next sunset.
    let dark: Vec<_> = ["2026-11-16T18:30:00", "2026-11-17T12:00:00", "2026-07-01T18:30:00"]
        .map(|t| hours("18:00-sunset").at(chongqing()).state(at(t)))
        .into();
    assert_eq!(dark, [Closed, Closed, Open]);
    // Shanghai has the same time zone, but an earlier sunrise.
    let shanghai = Position::new(121.47, 31.23).unwrap();
    near(hours("sunrise-sunset").at(shanghai).next_change(at("2026-11-16T00:00:00")), "2026-11-16T06:22:00");
    // Without a sunrise the state is unknown.
    let svalbard = Position::new(15.6, 78.2).unwrap();
    assert_eq!(hours("sunrise-sunset").at(svalbard).state(at("2026-12-21T12:00:00")), Unknown);
    assert!(hours("Sa 08:00-sunset").depends_on_sun() && !hours("Sa 08:00-18:00").depends_on_sun());
}

#[test]
fn a_semicolon_replaces_whole_days_and_a_comma_adds() {
    let night = "2026-11-27T01:00:00";
    states("Mo-Th 18:00-02:00, Fr-Sa 18:00-04:00", [(night, Open)]);
    // As in opening_hours.js and the specification, the Friday rule replaces the whole of Friday from midnight.
    states("Mo-Th 18:00-02:00; Fr-Sa 18:00-04:00", [(night, Closed)]);
}

#[test]
fn minutes_open_adds_up_days() {
    let day = |text: &str| text.parse::<NaiveDateTime>().unwrap();
    let minutes =
        |text: &str| hours(text).at(chongqing()).minutes_open(day("2026-11-23T00:00:00"), day("2026-11-30T00:00:00"));
    assert_eq!(minutes("Mo-Fr 09:00-18:00"), Some(5 * 9 * 60));
    assert_eq!(minutes("10:00-02:00"), Some(7 * 16 * 60));
    assert_eq!(minutes("24/7"), Some(7 * 24 * 60));
    assert_eq!(minutes("off"), Some(0));
    assert_eq!(minutes("\"by appointment\""), None);
    assert_eq!(minutes("Mo 09:00-10:00 || \"by appointment\""), Some(60));
    let part =
        hours("09:00-18:00").at(chongqing()).minutes_open(day("2026-11-23T10:30:00"), day("2026-11-24T09:15:00"));
    assert_eq!(part, Some(7 * 60 + 45));
}

#[test]
fn next_change_in_an_ambiguous_hour_is_later_than_the_query() {
    let calendar = Calendar::new("Europe/Berlin".parse().unwrap(), None).unwrap();
    let hours = Hours::parse("00:00-02:30", &calendar).unwrap();
    let berlin = hours.at(Position::new(13.4, 52.5).unwrap());
    // Clocks go back from 03:00 to 02:00 on 25 October 2026.
    let second: Timestamp = "2026-10-25T02:10:00+01:00".parse().unwrap();
    assert_eq!(berlin.state(second), Open);
    assert_eq!(berlin.next_change(second), Some("2026-10-25T02:30:00+01:00".parse().unwrap()));
}

#[test]
fn matches_dates() {
    for (text, date, open) in [
        ("2026 Dec 25-Jan 05", "2027-01-05", true),
        ("2026 Dec 25-Jan 05", "2026-01-05", false),
        ("2026 Dec 25-Jan 05", "2026-12-24", false),
        ("Dec 24+", "2026-12-31", true),
        ("Dec 24+", "2027-01-01", false),
        ("2026 Dec 24+", "2027-06-01", true),
        ("Dec 25 -Su", "2026-12-20", true),
        ("Dec 25 +Su", "2026-12-27", true),
        ("Dec 25 +Su", "2026-12-25", false),
        ("Jan 01 -1 day", "2026-12-31", true),
        ("Feb 29", "2026-02-28", false),
        ("Feb 20-29", "2026-02-28", true),
        ("easter -3 days-easter", "2026-04-05", true),
        ("easter -3 days-easter", "2026-04-06", false),
        ("Dec Fr[-1]", "2026-12-25", true),
        ("Nov,Dec Fr[-1] 10:00-12:00", "2026-11-27", true),
        ("Nov,Dec Fr[-1] 10:00-12:00", "2026-11-20", false),
        ("Nov-Dec Fr[-1] 10:00-12:00", "2026-12-25", true),
        ("Nov-Dec Fr[-1] 10:00-12:00", "2026-12-18", false),
        ("Mar Su[1] -1 day", "2026-02-28", true),
        ("2025-2027 Fr", "2026-12-25", true),
        ("2026/2 Dec", "2028-12-01", true),
        ("Mo Dec", "2026-12-07", true),
        ("closed Mo", "2026-12-07", false),
        ("24/7, Mo off", "2026-12-07", false),
        ("Mo-Fr 08:00-12:00, Mo[1] off", "2026-12-07", false),
    ] {
        let state = hours(text).at(chongqing()).state(at(&format!("{date}T11:00:00")));
        assert_eq!(state, if open { Open } else { Closed }, "{text} on {date}");
    }
}
