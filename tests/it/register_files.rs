//! Import of every record type from every file format; absent columns leave values unchanged; amenities of an extract.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::register::{block_on, fact_file, facts, import, open, planned};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use std::fmt::Write as _;
use std::path::Path;
use walkshed_engine::geo::{Metric, Position};
use walkshed_exchange::{Kind, Plan, PlanError};
use walkshed_register::{AnyRecord, Center, DivisionCode, Edit, Facility, RegionCode, RegisterRows};
use walkshed_testing::pbf::Extract;

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Converts a CSV file to a workbook, with typed numbers and dates.
fn workbook(csv: &Path, to: &Path) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let text = std::fs::read_to_string(csv).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (r, record) in reader.records().enumerate() {
        for (c, value) in record.unwrap().iter().enumerate() {
            let (r, c) = (r as u32, c as u16);
            if let (10, Ok(date)) = (value.len(), value.parse::<jiff::civil::Date>()) {
                let date = ExcelDateTime::from_ymd(date.year() as u16, date.month() as u8, date.day() as u8).unwrap();
                sheet.write_datetime_with_format(r, c, &date, &day).unwrap();
            } else if let Ok(number) = value.parse::<f64>() {
                sheet.write_number(r, c, number).unwrap();
            } else {
                sheet.write_string(r, c, value).unwrap();
            }
        }
    }
    book.save(to).unwrap();
}

/// Formats all records except the import log, for comparison.
fn content(rows: &RegisterRows) -> String {
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        rows.regions,
        rows.centers,
        rows.facilities,
        rows.services,
        rows.offers,
        rows.events,
        rows.visits,
        rows.suggestions
    )
}

#[test]
fn workbooks_and_gb18030_give_the_same_records_as_csv() {
    let plain = facts();
    let expected = block_on(async { content(&open(plain.path()).await.load().await.unwrap()) });
    for sort in ["xlsx", "gb18030"] {
        let folder = tempfile::tempdir().unwrap();
        block_on(async {
            let store = open(folder.path()).await;
            for kind in Kind::ALL.into_iter().filter(|k| *k != Kind::Population) {
                let csv = fact_file(kind);
                let file = if sort == "xlsx" {
                    let file = folder.path().join(format!("{}.xlsx", kind.name()));
                    workbook(&csv, &file);
                    file
                } else {
                    let text = std::fs::read_to_string(&csv).unwrap();
                    let (bytes, _, lossy) = encoding_rs::GB18030.encode(&text);
                    assert!(!lossy);
                    write(folder.path(), &format!("{}.csv", kind.name()), bytes)
                };
                import(&store, &file, kind).await;
            }
            let found = content(&store.load().await.unwrap());
            let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
            for (a, b) in a.iter().zip(&b) {
                assert_eq!(a, b, "{sort}");
            }
        });
    }
}

#[test]
fn fact_files_have_no_ignored_columns() {
    let folder = facts();
    block_on(async {
        let store = open(folder.path()).await;
        for kind in Kind::ALL.into_iter().filter(|k| *k != Kind::Population) {
            assert_eq!(planned(&store, &fact_file(kind), kind, false).await.unwrap().notes, [""; 0], "{}", kind.name());
        }
    });
}

#[test]
fn rejects_damaged_workbooks_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.xlsx");
    workbook(&fact_file(Kind::Services), &good);
    let bytes = std::fs::read(&good).unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        for end in (0..bytes.len()).step_by(211) {
            let cut = write(folder.path(), "cut.xlsx", &bytes[..end]);
            assert!(planned(&store, &cut, Kind::Services, false).await.is_err(), "cut at {end}");
        }
        for i in (0..bytes.len()).step_by(97) {
            let mut odd = bytes.clone();
            odd[i] ^= 0x55;
            // The result may be valid if the byte does not matter; it must not panic.
            let _ = planned(&store, &write(folder.path(), "odd.xlsx", odd), Kind::Services, true).await;
        }
        let mut empty = Workbook::new();
        empty.add_worksheet();
        let path = folder.path().join("empty.xlsx");
        empty.save(&path).unwrap();
        let error = planned(&store, &path, Kind::Services, false).await.unwrap_err();
        assert!(error.to_string().contains("empty"), "{error}");
    });
}

#[test]
fn absent_columns_leave_values_unchanged_and_empty_fields_clear_them() {
    let folder = facts();
    block_on(async {
        let store = open(folder.path()).await;
        let center = async || -> Center {
            let rows = store.load().await.unwrap();
            rows.centers.iter().find(|c| c.code.as_str() == "500113003009").unwrap().clone()
        };
        let before = center().await;
        let csv = "区划代码,名称,经度,纬度,电话\n500113003009,龙苑社区党群服务中心,106.5230,29.3850,023-66\n";
        let done = import(&store, &write(folder.path(), "phone.csv", csv), Kind::Centers).await;
        assert_eq!((done.updated, done.inserted), (1, 0));
        let expected = Center { phone: Some("023-66".into()), version: 2, ..before.clone() };
        assert_eq!(center().await, expected);
        let csv = "code,name,lon,lat,phone,open_share\n500113003009,龙苑社区党群服务中心,106.5230,29.3850,,\n";
        import(&store, &write(folder.path(), "clear.csv", csv), Kind::Centers).await;
        assert_eq!(center().await, Center { open_share: None, version: 3, ..before });
    });
}

#[test]
fn reports_rejected_rows_of_all_types() {
    let folder = facts();
    let cases = [
        (
            Kind::Services,
            "key,name,category\n,x,employment\na,,employment\nb,x,shopping\nc,x,employment\nc,y,employment\n",
        ),
        (
            Kind::Offers,
            "service,center,facility\nno-such,500113003009,\nhaircut,500113003001,\nhaircut,,nowhere\nhaircut,500113003009,ly-dance\nhaircut,,\nhaircut,500113003009,\n",
        ),
        (
            Kind::Events,
            "id,name,center,starts,duration_minutes,rrule,services\na,x,500113003009,soon,60,,\nb,x,500113003009,2026-01-01T09:00Z,60,,\n\
             c,x,500113003009,2026-01-01T09:00,0,,\nd,x,500113003009,2026-01-01T09:00,60,FREQ=HOURLY,\ne,x,500113003009,2026-01-01T09:00,60,,no-such\n\
             f,x,500113003009,2026-01-01T09:00,60,FREQ=WEEKLY;BYDAY=FR,haircut; key-cutting\n",
        ),
        (
            Kind::Visits,
            "center,day,hour,audience,count\n500113003009,2026-01-01,9,everyone,5\n500113003009,2026-01-01,25,everyone,5\n\
             500113003009,2026-01-02,,martians,5\n500113003009,someday,,,5\n500113003001,2026-01-02,,,5\n500113003009,2026-01-03,,,-5\n\
             500113003009,2026-01-04,,,5\n500113003009,2026-01-04,9,,5\n500113003009,2026-01-05,,,5\n500113003009,2026-01-05,,elderly,2\n",
        ),
        (
            Kind::Suggestions,
            "text,center,lon,lat,status,answer,done_note\n,500113003009,,,,,\nx,,,,,,\nx,500113003009,,,done,,\nx,500113003009,,,declined,,\n\
             y,500113003009,,,lost,,\nz,500113003009,106.5,,,,\nfine,500113003009,,,,,\n",
        ),
        (Kind::Regions, "code,name\n5,x\n99,x\n500113,\n500113,巴南\n500113000000,again\n"),
        (
            Kind::Centers,
            "code,name,lon,lat,kind,open_share,partners,funding,opened_on,step_free,opening_hours\n\
             500113003010,x,106.5,29.4,castle,,,,,,\n500113003011,x,106.5,29.4,,150%,,,,,\n500113003012,x,106.5,29.4,,,a:b:many,,,,\n\
             500113003013,x,106.5,29.4,,,,society:lots,,,\n500113003014,x,106.5,29.4,,,,,April,,\n500113003015,x,106.5,29.4,,,,,,perhaps,\n\
             500113003016,x,106.5,29.4,,,,,,,always\n500100003016,x,106.5,29.4,,,,,,,\n500113003017,x,106.5,29.4,village,85%,a:b:2; c,society:43%,2025-04,是,24/7\n",
        ),
        (
            Kind::Population,
            "cell,group,population\n89a901291abffff,60+,10\n89a901291abffff,60_plus,3\n89a901291abffff,a;b,1\n89a901291abffff,0-6,4\n",
        ),
    ];
    let mut report = String::new();
    block_on(async {
        let store = open(folder.path()).await;
        for (kind, csv) in cases {
            let file = write(folder.path(), &format!("{}.csv", kind.name()), csv);
            let plan = planned(&store, &file, kind, true).await.unwrap();
            let strict = planned(&store, &file, kind, false).await;
            assert!(matches!(strict, Err(PlanError::Refused { .. })), "{}", kind.name());
            writeln!(report, "{}: {} accepted", kind.name(), plan.edits.len()).unwrap();
            for r in &plan.refused {
                writeln!(report, "  {} {} {:?}: {}", r.line, r.field, r.value, r.why).unwrap();
            }
        }
    });
    insta::assert_snapshot!(report);
}

#[test]
fn imports_regions_with_outlines_and_towns() {
    let folder = tempfile::tempdir().unwrap();
    let features = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":500106,"name":"沙坪坝区"},"geometry":{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,29]]]}},
        {"type":"Feature","properties":{"code":"50","name":"重庆市"},"geometry":null}]}"#;
    let divisions = "code,name,town_code,town_name,district_code\n500106013004,模范村社区,500106013,土湾街道,500106\n500106013005,东边,500106013,土湾街道,500106\n";
    block_on(async {
        let store = open(folder.path()).await;
        import(&store, &write(folder.path(), "r.geojson", features), Kind::Regions).await;
        let done = import(&store, &write(folder.path(), "d.csv", divisions), Kind::Regions).await;
        assert_eq!(done.inserted, 3);
        let rows = store.load().await.unwrap();
        let codes: Vec<&str> = rows.regions.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(codes, ["500106", "50", "500106013004", "500106013", "500106013005"]);
        assert!(rows.regions[0].area().is_some() && rows.regions[1].area().is_none());
        // A later table without outlines leaves them unchanged.
        import(&store, &write(folder.path(), "n.csv", "code,name\n500106,沙坪坝\n"), Kind::Regions).await;
        assert!(store.load().await.unwrap().regions[0].outline.is_some());
    });
}

#[test]
fn imports_all_divisions_of_chongqing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/chongqing/divisions.csv");
    if !path.exists() {
        walkshed_testing::skip(&format!("the register of divisions is not at {}", path.display()));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        let done = import(&store, &path, Kind::Regions).await;
        let text = std::fs::read_to_string(&path).unwrap();
        let towns: std::collections::HashSet<&str> =
            text.lines().skip(1).map(|l| l.split(',').nth(2).unwrap()).collect();
        assert_eq!(done.inserted, 11_270 + towns.len() as u64);
        for line in text.lines().skip(1) {
            let code = line.split(',').next().unwrap();
            assert!(DivisionCode::new(code).is_ok() && RegionCode::new(code).is_ok(), "{code}");
        }
    });
}

#[test]
fn imports_amenities_of_an_extract_as_facilities() {
    let folder = tempfile::tempdir().unwrap();
    let mut extract = Extract::new();
    extract
        .node(
            1,
            0.0,
            0.0,
            &[
                ("amenity", "clinic"),
                ("name", "诊所"),
                ("name:en", "Clinic"),
                ("opening_hours", "Mo-Fr 08:00-18:00"),
                ("wheelchair", "yes"),
            ],
        )
        .node(2, 100.0, 0.0, &[("amenity", "library"), ("opening_hours", "when the owner is in")])
        .node(3, 200.0, 0.0, &[("highway", "crossing")])
        .node(4, 300.0, 0.0, &[])
        .node(5, 500.0, 0.0, &[])
        .node(6, 500.0, 100.0, &[])
        .node(7, 300.0, 100.0, &[])
        .node(8, 0.0, 300.0, &[])
        .node(9, 400.0, 300.0, &[])
        .node(10, 400.0, 500.0, &[])
        .node(11, 0.0, 500.0, &[])
        .way(
            1,
            &[4, 5, 6, 7, 4],
            &[("amenity", "school"), ("name", "小学"), ("addr:street", "长江路"), ("addr:housenumber", "4")],
        )
        .way(2, &[8, 9, 10], &[])
        .way(3, &[10, 11, 8], &[])
        .way(4, &[90, 91], &[("amenity", "school"), ("name", "outside")])
        .relation(
            1,
            &[(2, "outer"), (3, "outer")],
            &[("type", "multipolygon"), ("tourism", "museum"), ("name", "博物馆")],
        );
    let file = folder.path().join("city.osm.pbf");
    extract.write(&file);
    block_on(async {
        let store = open(folder.path()).await;
        let plan = planned(&store, &file, Kind::Facilities, false).await.unwrap();
        let all: Vec<Facility> = plan
            .edits
            .into_iter()
            .map(|e| match e {
                Edit::Put(record) => match *record {
                    AnyRecord::Facility(f) => f,
                    other => panic!("expected only facilities: {other:?}"),
                },
                other => panic!("expected only facilities: {other:?}"),
            })
            .collect();
        let found: Vec<String> = all
            .iter()
            .map(|f| format!("{} {} {} {}", f.external_id, f.name, f.kind.as_deref().unwrap(), f.category))
            .collect();
        assert_eq!(
            found,
            [
                "osm:node/1 诊所 clinic health_care",
                "osm:node/2 图书馆 library culture_sports",
                "osm:way/1 小学 school lifelong_education",
                "osm:relation/1 博物馆 museum culture_sports",
            ]
        );
        assert_eq!((all[0].opening_hours.as_deref(), all[0].step_free), (Some("Mo-Fr 08:00-18:00"), Some(true)));
        assert_eq!((all[1].opening_hours.as_deref(), all[2].address.as_deref()), (None, Some("长江路 4")));
        let near = |p: Position, x: f64, y: f64| {
            let at = walkshed_testing::at(x, y);
            Metric::at(at.lat()).distance(p.into(), at)
        };
        assert!(near(all[2].position, 400.0, 50.0) < 0.5, "the centroid of the school");
        assert!(near(all[3].position, 200.0, 400.0) < 0.5, "the centroid of the museum");
        assert_eq!(plan.notes.len(), 3, "{:?}", plan.notes);
        for (i, n) in ["1 elements have no position", "1 elements have no name", "1 elements have opening hours"]
            .iter()
            .enumerate()
        {
            assert!(plan.notes[i].starts_with(n), "{}", plan.notes[i]);
        }
    });
}

/// Returns the facilities of a plan as id, kind and name.
fn taken(plan: &Plan) -> Vec<String> {
    let describe = |edit: &Edit| match edit {
        Edit::Put(record) => match &**record {
            AnyRecord::Facility(f) => format!("{} {} {}", f.external_id, f.kind.as_deref().unwrap(), f.name),
            other => panic!("expected only facilities: {other:?}"),
        },
        other => panic!("expected only facilities: {other:?}"),
    };
    plan.edits.iter().map(describe).collect()
}

#[test]
fn omits_closed_planned_and_private_elements() {
    let folder = tempfile::tempdir().unwrap();
    let mut extract = Extract::new();
    let supply: [&[(&str, &str)]; 9] = [
        &[("amenity", "clinic")],
        &[("amenity", "toilets"), ("access", "customers")],
        &[("amenity", "toilets"), ("access", "permissive")],
        &[("amenity", "toilets"), ("access", "yes")],
        &[("leisure", "pitch"), ("access", "destination")],
        &[("amenity", "clinic"), ("disused", "no")],
        &[("amenity", "clinic"), ("was:amenity", "library")],
        &[("leisure", "park"), ("access", "no"), ("foot", "yes")],
        &[("amenity", "library"), ("opening_hours", "Mo-Fr 09:00-17:00; PH off")],
    ];
    let closed: [&[(&str, &str)]; 16] = [
        &[("amenity", "clinic"), ("disused", "yes")],
        &[("amenity", "library"), ("abandoned", "yes")],
        &[("amenity", "school"), ("demolished", "yes")],
        &[("amenity", "clinic"), ("shop", "vacant")],
        &[("amenity", "bank"), ("opening_hours", "off")],
        &[("disused:amenity", "clinic")],
        &[("was:shop", "supermarket"), ("name", "旧超市")],
        &[("abandoned:amenity", "library;toilets")],
        &[("amenity", "hospital"), ("building", "construction")],
        &[("proposed:leisure", "park")],
        &[("amenity", "library"), ("proposed", "yes")],
        &[("amenity", "toilets"), ("access", "private")],
        &[("amenity", "toilets"), ("access", "private")],
        &[("amenity", "toilets"), ("access", "no")],
        &[("leisure", "pitch"), ("access", "residents")],
        &[("amenity", "library"), ("access", "permit")],
    ];
    // Elements outside the table of tags are never facilities.
    let others: [&[(&str, &str)]; 3] = [
        &[("disused:amenity", "nightclub")],
        &[("amenity", "bench"), ("access", "private")],
        &[("highway", "crossing")],
    ];
    for (id, tags) in (1..).zip(supply.iter().chain(&closed).chain(&others)) {
        extract.node(id, id as f64 * 10.0, 0.0, tags);
    }
    let file = folder.path().join("city.osm.pbf");
    extract.write(&file);
    block_on(async {
        let store = open(folder.path()).await;
        let plan = planned(&store, &file, Kind::Facilities, false).await.unwrap();
        let ids: Vec<String> = taken(&plan).iter().map(|t| t.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(ids, (1..=supply.len()).map(|id| format!("osm:node/{id}")).collect::<Vec<_>>());
        let left_out: Vec<&String> = plan.notes.iter().filter(|note| note.contains("facilities are")).collect();
        assert_eq!(
            left_out,
            [
                "8 facilities are closed or gone and were omitted: abandoned:amenity=… (1 library), abandoned=yes (1 library), \
                 demolished=yes (1 school), disused:amenity=… (1 clinic), disused=yes (1 clinic), opening_hours=off (1 bank), \
                 shop=vacant (1 clinic), was:shop=… (1 convenience_store)",
                "3 facilities are planned or under construction and were omitted: building=construction (1 hospital), proposed:leisure=… (1 park), \
                 proposed=yes (1 library)",
                "5 facilities are not open to the public and were omitted: access=private (2 toilet), access=no (1 toilet), \
                 access=permit (1 library), access=residents (1 sports_ground)",
            ]
        );
    });
    // The error for an extract without open amenities lists the reasons.
    let mut extract = Extract::new();
    extract.node(1, 0.0, 0.0, &[("amenity", "clinic"), ("disused", "yes")]);
    extract.write(&file);
    block_on(async {
        let store = open(folder.path()).await;
        let error = planned(&store, &file, Kind::Facilities, false).await.unwrap_err().to_string();
        assert!(error.contains("no open amenities") && error.contains("disused=yes (1 clinic)"), "{error}");
    });
}

#[test]
fn elements_of_several_kinds_become_one_facility_per_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.osm.pbf");
    let extract = |tags: &[&[(&str, &str)]]| {
        let mut extract = Extract::new();
        for (id, tags) in (1..).zip(tags) {
            extract.node(id, id as f64 * 10.0, 0.0, tags);
        }
        extract.write(&file);
    };
    block_on(async {
        let store = open(folder.path()).await;
        extract(&[
            &[("amenity", "library;toilets"), ("name", "图书馆")],
            &[("amenity", "toilets ; library"), ("name", "书屋")],
            &[("amenity", "clinic;doctors")],
            &[("amenity", "bench;;clinic;")],
            &[("leisure", "park;pitch"), ("access", "private")],
            &[("amenity", "bench"), ("shop", "convenience;laundry")],
            &[("amenity", "library"), ("tourism", "museum")],
        ]);
        let plan = planned(&store, &file, Kind::Facilities, false).await.unwrap();
        assert_eq!(
            taken(&plan),
            [
                "osm:node/1 library 图书馆",
                "osm:node/1:toilet toilet 图书馆",
                // The order of the values does not matter.
                "osm:node/2 library 书屋",
                "osm:node/2:toilet toilet 书屋",
                "osm:node/3 clinic 诊所",
                "osm:node/4 clinic 诊所",
                "osm:node/6 convenience_store 便利店",
                "osm:node/6:laundry laundry 洗衣房",
                "osm:node/7 library 图书馆",
            ]
        );
        assert!(plan.notes.iter().any(|n| n.starts_with("3 elements are of several kinds")), "{:?}", plan.notes);
        assert!(plan.notes.iter().any(|n| n.contains("access=private (1 park, 1 sports_ground)")), "{:?}", plan.notes);
        let first = import(&store, &file, Kind::Facilities).await;
        assert_eq!((first.inserted, first.updated), (9, 0));
        // Importing the same elements again, or with the values reordered, changes nothing.
        extract(&[
            &[("amenity", "toilets;library"), ("name", "图书馆")],
            &[("amenity", "library;toilets"), ("name", "书屋")],
        ]);
        let again = import(&store, &file, Kind::Facilities).await;
        assert_eq!((again.inserted, again.updated, again.unchanged), (0, 0, 4));
        // Facilities that have closed since are listed, because they are still open in the register.
        extract(&[
            &[("amenity", "library;toilets"), ("disused", "yes")],
            &[("was:amenity", "library")],
            &[("amenity", "clinic")],
            &[("amenity", "bank"), ("access", "private")],
        ]);
        let plan = planned(&store, &file, Kind::Facilities, false).await.unwrap();
        let note = plan.notes.iter().find(|note| note.contains("remain open until")).unwrap();
        assert!(
            note.starts_with("4 of the omitted facilities")
                && note.ends_with("osm:node/1, osm:node/1:toilet, osm:node/2, osm:node/4"),
            "{note}"
        );
        // An element that gains a kind keeps its id.
        extract(&[&[("amenity", "clinic")], &[("amenity", "toilets")], &[("amenity", "clinic;pharmacy")]]);
        let more = import(&store, &file, Kind::Facilities).await;
        assert_eq!((more.inserted, more.updated, more.unchanged), (1, 2, 1));
    });
}

#[test]
fn imports_the_amenities_of_porto_alegre() {
    let Some(real) = walkshed_testing::porto_alegre() else { return };
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = open(folder.path()).await;
        match planned(&store, &real.join("poa.osm.pbf"), Kind::Facilities, false).await {
            Ok(plan) => {
                println!("{} amenities, {:?}", plan.edits.len(), plan.notes);
                assert!(!plan.edits.is_empty());
            }
            // The sample may contain only streets.
            Err(error) => assert!(error.to_string().contains("no amenities"), "{error}"),
        }
    });
}
