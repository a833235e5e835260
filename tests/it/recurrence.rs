//! Events: conversion of times to local time, and recurrence rules according to RFC 5545.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use walkshed_engine::geo::Position;
use walkshed_exchange::{Kind, Options, Read, read_edits, read_table};
use walkshed_register::{
    AnyRecord, Calendar, Category, Edit, Event, Facility, Host, Kinds, MAX_OCCURRENCES, ProblemCode, Register,
    RegisterRows, Role, Rules, Validate, Zone,
};

/// Expected occurrences, computed by dateutil; see `reference/rrule.py`.
const REFERENCE: &str = include_str!("../reference/rrule.json");

fn register(zone: Zone) -> Register {
    let position = Position::new(106.55, 29.56).unwrap();
    let facility = Facility::new("oh6".into(), "集市".into(), Category::LifeServices, position);
    let facilities = vec![Facility { id: 1, version: 1, ..facility }];
    let mut calendar = Calendar::default();
    calendar.zone = zone;
    Register::new(RegisterRows { facilities, ..RegisterRows::default() }, std::sync::Arc::new(calendar))
}

/// Reads a table with a register of one facility.
fn read(kind: Kind, name: &str, text: &str, zone: Zone) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    let (register, kinds) = (register(zone), Kinds::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &register.calendar };
    let now = "2026-11-25T01:00:00Z".parse().unwrap();
    read_edits(
        &read_table(&file, kind, &register.calendar).unwrap(),
        kind,
        Options { now, ..Options::default() },
        rules,
    )
    .unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn events(read: Read) -> Vec<Event> {
    assert_eq!(read.refused, vec![]);
    let event = |edit| match edit {
        Edit::Put(record) => match *record {
            AnyRecord::Event(event) => event,
            other => panic!("events alone: {other:?}"),
        },
        other => panic!("events alone: {other:?}"),
    };
    read.edits.into_iter().map(event).collect()
}

fn event(starts: &str, rrule: &str) -> Event {
    let mut event = Event::new("e".into(), "e".into(), Host::Facility(1), starts.parse().unwrap(), 60);
    event.rrule = Some(rrule.to_owned());
    event
}

/// Returns the problems of a rule.
fn problems(starts: &str, rrule: &str) -> Vec<String> {
    let (register, kinds) = (register(Zone::default()), Kinds::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &register.calendar };
    let problems = event(starts, rrule).problems(&rules);
    assert!(problems.iter().all(|p| p.field == "rrule" && p.code == ProblemCode::Invalid), "{problems:?}");
    problems.into_iter().map(|p| p.message).collect()
}

/// Returns the local start times from one local time until before another.
fn times(event: &Event, from: &str, to: &str) -> Vec<String> {
    let zone = Zone::default();
    let at = |local: &str| zone.moment(local.parse().unwrap());
    // `occurrences` includes events that started before the range; only starts within the range count here.
    let from_moment = at(from);
    let (found, _) = event.occurrences(zone, from_moment, at(to));
    let begun = found.iter().filter(|o| o.starts >= from_moment);
    begun.map(|o| zone.local(o.starts).format("%Y-%m-%dT%H:%M:%S").to_string()).collect()
}

#[test]
fn expands_rules_like_dateutil() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() >= 60);
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap();
        let (starts, rrule) = (text("starts"), text("rrule"));
        // New events must not start so early; stored ones remain valid.
        if starts >= "1900" {
            assert_eq!(problems(starts, rrule), [""; 0], "{starts} {rrule}");
        }
        let mut found: Vec<Value> =
            times(&event(starts, rrule), text("from"), text("to")).into_iter().map(Value::from).collect();
        let expected = case["occurrences"].as_array().unwrap();
        if expected.last() == Some(&Value::Null) {
            assert!(found.len() >= expected.len(), "{starts} {rrule}");
            found.truncate(expected.len() - 1);
            found.push(Value::Null);
        }
        assert_eq!(&found, expected, "{starts} {rrule} from {}", text("from"));
    }
}

#[test]
fn rejects_what_rfc_5545_forbids_with_part_and_value() {
    for (rule, expected) in [
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO has a number, which is allowed with FREQ=MONTHLY and FREQ=YEARLY only"),
        ("FREQ=DAILY;BYDAY=-1FR", "BYDAY=-1FR has a number"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY=1MO has a number, which is not allowed with BYWEEKNO"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO has a number"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY=54MO has a number"),
        ("FREQ=MONTHLY;BYDAY=xMO", "BYDAY=XMO has a number"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "BYDAY=MONDAY is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=", "BYDAY= is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=MO,,TU", "BYDAY= is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=五", "BYDAY=五 is not a weekday"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not a whole number from 1"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1 is not a whole number"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL=1.5 is not a whole number"),
        ("FREQ=DAILY;INTERVAL=+2", "INTERVAL=+2 is not a whole number"),
        ("FREQ=DAILY;INTERVAL=99999999999", "INTERVAL=99999999999 is not a whole number"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 is not a whole number from 1"),
        ("FREQ=DAILY;COUNT=ten", "COUNT=TEN is not a whole number"),
        ("FREQ=DAILY;COUNT=4294967296", "COUNT=4294967296 is not a whole number"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20271231", "COUNT and UNTIL cannot both be given"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS=1 requires another BY part"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS=0 is not between 1 and 366 or -1 to -366"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS=367 is not between"),
        ("FREQ=MONTHLY;BYWEEKNO=20", "BYWEEKNO=20 is allowed with FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYWEEKNO=20", "BYWEEKNO=20 is allowed with FREQ=YEARLY only"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO=54 is not between 1 and 53 or -1 to -53"),
        ("FREQ=YEARLY;BYWEEKNO=0", "BYWEEKNO=0 is not between"),
        ("FREQ=DAILY;BYYEARDAY=100", "BYYEARDAY=100 is allowed with FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYYEARDAY=100", "BYYEARDAY=100 is allowed with FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYYEARDAY=100", "BYYEARDAY=100 is allowed with FREQ=YEARLY only"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY=367 is not between 1 and 366"),
        ("FREQ=YEARLY;BYYEARDAY=0", "BYYEARDAY=0 is not between"),
        ("FREQ=WEEKLY;BYMONTHDAY=13", "BYMONTHDAY=13 is not allowed with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0 is not between 1 and 31 or -1 to -31"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32 is not between"),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY=-32 is not between"),
        ("FREQ=MONTHLY;BYMONTHDAY=300", "BYMONTHDAY=300 is not between"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,x", "BYMONTHDAY=X is not between"),
        ("FREQ=MONTHLY;BYMONTHDAY=--1", "BYMONTHDAY=--1 is not between"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH=13 is not between 1 and 12"),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH=0 is not between 1 and 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH=-1 is not between 1 and 12"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24 is not between 0 and 23"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR=-1 is not between 0 and 23"),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE=60 is not between 0 and 59"),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND=60 is not between 0 and 59"),
        ("FREQ=WEEKLY;WKST=XX", "WKST=XX is not a weekday"),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ is given more than once"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;BYMONTHDAY=2", "BYMONTHDAY is given more than once"),
        ("FREQ=WEEKLY;BYEASTER=0", "BYEASTER is not a part of an RRULE"),
        ("FREQ=WEEKLY;RSCALE=CHINESE", "RSCALE is not a part of an RRULE"),
        ("FREQ=WEEKLY; BYDAY=FR", " BYDAY is not a part of an RRULE"),
        ("INTERVAL=2", "FREQ is missing"),
        ("WEEKLY", "is not an RRULE of RFC 5545"),
        ("", "is not an RRULE of RFC 5545"),
        ("FREQ=WEEKLY;", "is not an RRULE of RFC 5545"),
        ("FREQ=", "FREQ= is not a frequency"),
        ("FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY is not a frequency. Allowed: DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not supported; use FREQ=DAILY"),
        ("FREQ=HOURLY;INTERVAL=2", "FREQ=HOURLY is not supported; use FREQ=DAILY"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL=SOON is not a date or time"),
        ("FREQ=DAILY;UNTIL=20261301", "UNTIL=20261301 is not a date or time"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL=20270230 is not a date or time"),
        ("FREQ=DAILY;UNTIL=20271231T2500", "UNTIL=20271231T2500 is not a date or time"),
        ("FREQ=DAILY;UNTIL=20271231T250000", "UNTIL=20271231T250000 is not a date or time"),
        ("FREQ=DAILY;UNTIL=20271231Z", "UNTIL=20271231Z is not a date or time"),
        ("FREQ=DAILY;UNTIL=2027-12-31", "UNTIL=2027-12-31 is not a date or time"),
        ("FREQ=DAILY;UNTIL=20251231", "UNTIL=20251231 is before the start of the event (2026-01-05T09:00)"),
        // A date stands for its midnight.
        ("FREQ=DAILY;UNTIL=20260105", "UNTIL=20260105 is before the start of the event (2026-01-05T09:00)"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "has no occurrence"),
        ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "has no occurrence"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "has no occurrence"),
        ("FREQ=WEEKLY;BYDAY=FR;UNTIL=20260107", "has no occurrence"),
        ("FREQ=WEEKLY\nEXDATE:20260105", "must be a single RRULE"),
        (format!("FREQ=WEEKLY;BYDAY={}MO", "MO,".repeat(200)).as_str(), "must be a single RRULE"),
    ] {
        let found = problems("2026-01-05T09:00", rule);
        assert!(found.len() == 1 && found[0].contains(expected), "{rule}: {found:?}");
    }
    for rule in
        ["RRULE:FREQ=WEEKLY;BYDAY=FR", "rrule:freq=weekly;byday=fr", " FREQ=WEEKLY;BYDAY=FR,FR ", "FREQ=WEEKLY;WKST=SU"]
    {
        assert_eq!(problems("2026-01-05T09:00", rule), [""; 0], "{rule}");
    }
}

#[test]
fn bounds_the_expansion_of_hostile_rules() {
    let minutes: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let every_minute = format!("FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16,17;BYMINUTE={}", minutes.join(","));
    for rule in [
        "FREQ=DAILY",
        every_minute.as_str(),
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=DAILY;INTERVAL=65535",
        "FREQ=DAILY;COUNT=10000",
        "FREQ=YEARLY;COUNT=10000",
    ] {
        // Events must start in 1900 or later. Earlier ones stored by an older version are still expanded.
        for (starts, is_kept) in [
            ("1900-01-01T09:00", true),
            ("1899-12-31T09:00", false),
            ("0001-01-01T09:00", false),
            ("-009999-01-01T09:00", false),
        ] {
            assert_eq!(years(starts, rule), is_kept, "{starts} {rule}");
            let found = times(&event(starts, rule), "2026-01-01T00:00:00", "2066-01-01T00:00:00");
            assert!(!found.is_empty() || rule.contains("65535") || rule.contains("COUNT"), "{starts} {rule}");
            assert!(found.len() <= usize::from(MAX_OCCURRENCES), "{starts} {rule}");
            assert!(found.iter().all(|time| time.as_str() >= "2026-01-01"), "{starts} {rule}");
        }
    }
    assert!(years("2200-12-31T09:00", "FREQ=DAILY") && !years("2201-01-01T09:00", "FREQ=DAILY"));
    // 29 February occurs every fourth year, and is a Monday in every seventh of those.
    let rare = event("0001-01-01T09:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO");
    assert_eq!(times(&rare, "2026-01-01T00:00:00", "2066-01-01T00:00:00"), ["2044-02-29T09:00:00"]);
}

/// Returns whether the start year of an event is accepted.
fn years(starts: &str, rrule: &str) -> bool {
    let (register, kinds) = (register(Zone::default()), Kinds::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &register.calendar };
    let mut event = event(starts, rrule);
    event.dates = vec![event.starts];
    event.except = vec![event.starts.date()];
    let problems = event.problems(&rules);
    let fields: Vec<&str> = problems.iter().map(|p| p.field).collect();
    assert!(problems.iter().all(|p| p.message.contains("between the years 1900 and 2200")), "{problems:?}");
    assert!(problems.is_empty() || fields == ["starts", "dates", "except"], "{problems:?}");
    problems.is_empty()
}

#[test]
fn rejects_nonexistent_dates_in_every_field() {
    for (kind, header, row, column) in [
        (Kind::Events, "id,name,facility,starts,duration_minutes,dates,except,rrule", "a,a,oh6,{},60,,,", "starts"),
        (Kind::Events, "id,name,facility,starts,duration_minutes,dates", "a,a,oh6,2026-01-01T09:00,60,{}", "dates"),
        (Kind::Events, "id,name,facility,starts,duration_minutes,except", "a,a,oh6,2026-01-01T09:00,60,{}", "except"),
        (Kind::Facilities, "id,name,category,lon,lat,opened_on", "a,a,employment,106.5,29.5,{}", "opened_on"),
        (Kind::Facilities, "id,name,category,lon,lat,closed_on", "a,a,employment,106.5,29.5,{}", "closed_on"),
        (Kind::Centers, "code,name,lon,lat,opened_on", "500106013004,a,106.5,29.5,{}", "opened_on"),
        (Kind::Centers, "code,name,lon,lat,renovated_on", "500106013004,a,106.5,29.5,{}", "renovated_on"),
        (Kind::Suggestions, "id,lon,lat,text,received_at", "a,106.5,29.5,灯坏了,{}T09:00", "received_at"),
        (
            Kind::Facilities,
            "id,name,category,lon,lat,opening_hours",
            "a,a,employment,106.5,29.5,{} off",
            "opening_hours",
        ),
    ] {
        for (iso, hours) in [
            ("2026-02-30", "Feb 30"),
            ("2026-02-29", "2026 Feb 29"),
            ("2026-04-31", "Apr 31"),
            ("2026-13-01", "Feb 20-Feb 30"),
            ("2026-00-10", "2026 Feb 20-29"),
        ] {
            let day = if column == "opening_hours" { hours } else { iso };
            let text = format!("{header}\n{}\n", row.replace("{}", day));
            let refused = read(kind, "days.csv", &text, Zone::default()).refused;
            assert!(refused.len() == 1 && refused[0].field == column, "{text}: {refused:?}");
        }
        let day = if column == "opening_hours" { "Feb 29" } else { "2028-02-29" };
        let text = format!("{header}\n{}\n", row.replace("{}", day));
        assert_eq!(read(kind, "days.csv", &text, Zone::default()).refused, vec![], "{text}");
    }
}

#[test]
fn converts_times_with_an_offset_to_local_time() {
    let rows = [
        ("a", "2025-05-06T09:30", "2025-05-06T09:30:00"),
        ("b", "2025-05-06T01:30+00:00", "2025-05-06T09:30:00"),
        ("c", "2025-05-06T01:30Z", "2025-05-06T09:30:00"),
        ("d", "2025-05-06T09:30+08:00", "2025-05-06T09:30:00"),
        ("e", "2025-05-06T09:30+0800", "2025-05-06T09:30:00"),
        ("f", "2025-05-05T18:30:00-07:00", "2025-05-06T09:30:00"),
        ("g", "2025-05-06T09:30:00+08:00[Asia/Shanghai]", "2025-05-06T09:30:00"),
        ("h", "2025-05-06T03:30[Europe/Paris]", "2025-05-06T09:30:00"),
        ("i", "2025/05/06 09:30", "2025-05-06T09:30:00"),
    ];
    let lines: Vec<String> =
        rows.iter().map(|(id, starts, _)| format!("{id},{id},oh6,{starts},60,{starts},\n")).collect();
    let csv = format!("id,name,facility,starts,duration_minutes,dates,except\n{}", lines.concat());
    let features: Vec<Value> = rows
        .iter()
        .map(|(id, starts, _)| {
            json!({"type": "Feature", "geometry": null, "properties":
                {"id": id, "name": id, "facility": "oh6", "starts": starts, "duration_minutes": 60, "dates": [starts]}})
        })
        .collect();
    let geojson = json!({"type": "FeatureCollection", "features": features}).to_string();
    for (name, text) in [("events.csv", &csv), ("events.geojson", &geojson)] {
        for (event, (id, starts, local)) in events(read(Kind::Events, name, text, Zone::default())).iter().zip(rows) {
            assert_eq!(
                (event.external_id.as_str(), event.starts.to_string().as_str()),
                (id, local),
                "{name}: {starts}"
            );
            assert_eq!(event.dates, [event.starts], "{name}: {starts}");
        }
    }
    // A city in another time zone.
    let sao_paulo = read(Kind::Events, "events.csv", &csv, "America/Sao_Paulo".parse().unwrap());
    let starts: Vec<String> = events(sao_paulo).iter().map(|e| e.starts.to_string()).collect();
    assert_eq!(starts[..2], ["2025-05-06T09:30:00", "2025-05-05T22:30:00"]);

    let text = "id,name,facility,starts,duration_minutes,except\n\
                a,a,oh6,2026-11-02T09:00,60,2026-11-03T01:00+00:00; 2026-11-03T20:00Z; 2026-11-06; 2026-11-09T09:00\n";
    let except = &events(read(Kind::Events, "events.csv", text, Zone::default()))[0].except;
    let days: Vec<String> = except.iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-11-03", "2026-11-04", "2026-11-06", "2026-11-09"]);

    for (starts, expected) in [
        ("2025-05-06T09:30+02:00[Asia/Shanghai]", "does not match Asia/Shanghai"),
        ("2025-05-06T09:30[Mars/Olympus]", "not a time zone"),
        ("soon", "is not a time such as"),
    ] {
        let text = format!("id,name,facility,starts,duration_minutes\na,a,oh6,{starts},60\n");
        let refused = read(Kind::Events, "events.csv", &text, Zone::default()).refused;
        assert!(refused[0].field == "starts" && refused[0].why.contains(expected), "{refused:?}");
    }
}

#[test]
fn timestamps_of_suggestions_may_be_local_times() {
    let text = "id,lon,lat,text,received_at,answered_at\n\
                a,106.5,29.5,灯坏了,2025-06-02T21:10,2025-06-03T02:00:00Z\n\
                b,106.5,29.5,灯坏了,2025-06-02T13:10+00:00,2025-06-03 10:00 +0800\n\
                c,106.5,29.5,灯坏了,2025-06-02,\n";
    let read = read(Kind::Suggestions, "suggestions.csv", text, Zone::default());
    let timestamps: Vec<String> = read
        .edits
        .iter()
        .map(|edit| match edit {
            Edit::Put(record) => match &**record {
                AnyRecord::Suggestion(s) => format!("{} {}", s.received_at, s.answered_at.unwrap()),
                other => panic!("suggestions alone: {other:?}"),
            },
            other => panic!("suggestions alone: {other:?}"),
        })
        .collect();
    assert_eq!(timestamps, ["2025-06-02T13:10:00Z 2025-06-03T02:00:00Z"; 2]);
    assert_eq!((read.refused[0].line, read.refused[0].field.as_str()), (4, "received_at"));
}

#[test]
fn mutations_convert_offsets_and_reject_rules_like_imports() {
    let desk = ServerWithTokens::small();
    let create = "mutation($i: CreateEventInput!) { createEvent(input: $i) {
        event { id version starts dates rrule
            occurrences(from: \"2026-11-01T00:00:00Z\", to: \"2026-12-01T00:00:00Z\") { count nodes { localStart } } }
        userErrors { field message code } } }";
    let facility =
        desk.edit("{ facilities(first: 1) { nodes { id } } }", &json!({}))["facilities"]["nodes"][0]["id"].clone();
    let input = |id: &str, starts: &str, rrule: &str| {
        json!({"i": {"externalId": id, "name": id, "at": {"facility": facility}, "starts": starts, "durationMinutes": 60,
            "rrule": rrule, "dates": ["2026-11-20T01:00:00Z"]}})
    };
    let made = desk.edit(create, &input("a", "2026-11-02T01:00+00:00", "FREQ=DAILY;UNTIL=20261105T090000"));
    let event = &made["createEvent"]["event"];
    assert_eq!(made["createEvent"]["userErrors"], json!([]));
    assert_eq!((&event["starts"], &event["dates"]), (&json!("2026-11-02T09:00:00"), &json!(["2026-11-20T09:00:00"])));
    // Four from the rule and one from the dates.
    assert_eq!(event["occurrences"]["count"], 5);
    assert_eq!(event["occurrences"]["nodes"][3]["localStart"], "2026-11-05T09:00:00");

    let update =
        "mutation($i: UpdateEventInput!) { updateEvent(input: $i) { event { starts } userErrors { message } } }";
    let later = json!({"i": {"id": event["id"], "version": event["version"], "starts": "2026-11-02T10:00:00+08:00[Asia/Shanghai]"}});
    assert_eq!(desk.edit(update, &later)["updateEvent"]["event"]["starts"], "2026-11-02T10:00:00");

    let refused = desk.edit(create, &input("b", "2026-11-02T09:00", "FREQ=WEEKLY;BYDAY=1MO"));
    let error = &refused["createEvent"]["userErrors"][0];
    assert_eq!((&error["field"], &error["code"]), (&json!("rrule"), &json!("INVALID")));
    assert!(error["message"].as_str().unwrap().contains("BYDAY=1MO"), "{error}");

    for (starts, expected) in
        [("soon", "is not a time such as"), ("2026-11-02T09:00+02:00[Asia/Shanghai]", "does not match")]
    {
        let reply = desk.ask(Role::Editor, create, &input("c", starts, "FREQ=DAILY"));
        assert!(reply["errors"][0]["message"].as_str().unwrap().contains(expected), "{reply}");
    }
    // A date must not have a time, which would be ignored.
    let mut with_time = input("d", "2026-11-02T09:00", "FREQ=DAILY");
    with_time["i"]["except"] = json!(["2026-11-03T20:00:00Z"]);
    let reply = desk.ask(Role::Editor, create, &with_time);
    assert!(reply["errors"][0]["message"].as_str().unwrap().contains("a day has no time"), "{reply}");
}
