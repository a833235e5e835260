//! Files in: what is read, what is refused and how it is said. Broken files give an error each and never a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use std::path::{Path, PathBuf};
use support::read_with;
use walkshed::exchange::{FileProblem, Kind, Options, Read, Refused, Table, read_table, write_refused};
use walkshed::geo::Datum;
use walkshed::registry::{AnyRecord, Calendar, Category, Edit, Facility};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn read(path: &Path, kind: Kind) -> Result<Read, FileProblem> {
    read_with(path, kind, Options::default())
}

fn facilities(path: &Path, options: Options) -> (Vec<Facility>, Vec<Refused>) {
    let found = read_with(path, Kind::Facilities, options).unwrap();
    let facility = |edit| match edit {
        Edit::Put(record) => match *record {
            AnyRecord::Facility(facility) => facility,
            other => unreachable!("{other:?}"),
        },
        other => unreachable!("{other:?}"),
    };
    (found.edits.into_iter().map(facility).collect(), found.refused)
}

fn table(path: &Path) -> Table {
    read_table(path, Kind::Facilities, &Calendar::default()).unwrap()
}

#[test]
fn headers_and_encodings_of_both_languages() {
    let folder = Folder::new();
    let english = "id,name,category,lon,lat,address\nf1,Library,lifelong education,106.55,29.56,1 Main St\n";
    let chinese = "编号,名称,类别,经度,纬度,地址\nf1,Library,终身教育,106.55,29.56,1 Main St\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(chinese);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(chinese.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files = [
        folder.file("a.csv", english),
        folder.file("b.csv", chinese),
        folder.file("c.csv", format!("\u{feff}{chinese}")),
        folder.file("d.csv", gb),
        folder.file("e.csv", utf16),
        folder.file("f.csv", english.replace(',', ";")),
        folder.file("g.tsv", english.replace(',', "\t")),
        folder.file("h.csv", english.replace('\n', "\r\n")),
        folder.file("i.csv", english.replace("lon,lat", "LNG,Latitude")),
        folder.file(
            "j.geojson",
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"f1",
                "geometry":{"type":"Point","coordinates":[106.55,29.56]},
                "properties":{"name":"Library","类别":"终身教育","address":"1 Main St","height":7}}]}"#,
        ),
    ];
    for path in files {
        let (list, refused) = facilities(&path, Options::default());
        assert!(refused.is_empty(), "{}: {refused:?}", path.display());
        assert_eq!(list.len(), 1, "{}", path.display());
        let f = &list[0];
        assert_eq!(
            (f.external_id.as_str(), f.name.as_str(), f.category, f.address.as_deref()),
            ("f1", "Library", Category::LifelongEducation, Some("1 Main St")),
            "{}",
            path.display()
        );
        assert!((f.position.lon() - 106.55).abs() < 1e-9 && (f.position.lat() - 29.56).abs() < 1e-9);
    }
}

#[test]
fn every_refused_row_is_told_with_line_field_value_and_why() {
    let folder = Folder::new();
    let path = folder.file(
        "places.csv",
        "id,name,category,lon,lat,center\n\
         a,Good,health_care,106.55,29.56,\n\
         b,,health_care,106.55,29.56,\n\
         c,Bad category,shopping,106.55,29.56,\n\
         d,Swapped,health_care,29.56,106.55,\n\
         e,No longitude,health_care,,29.56,\n\
         f,Text,health_care,106.5x,29.56,\n\
         g,Far,health_care,206.5,29.56,\n\
         h,Comma,health_care,\"106,55\",29.56,\n\
         a,Again,health_care,106.55,29.56,\n\
         i,Short row,health_care\n\
         j,Bad center,health_care,106.55,29.56,12\n\
         k,Infinite,health_care,inf,29.56,\n\
         l,\"Two\nlines\",health_care,106.56,29.56,500106013004\n",
    );
    let (list, refused) = facilities(&path, Options::default());
    let told: Vec<String> =
        refused.iter().map(|r| format!("{} {} {:?}: {}", r.line, r.field, r.value, r.why)).collect();
    let ids: Vec<&str> = list.iter().map(|f| f.external_id.as_str()).collect();
    insta::assert_snapshot!("refused_rows", format!("{}\n\ntaken: {}", told.join("\n"), ids.join(" ")));
}

#[test]
fn refused_rows_can_be_mended_and_imported_where_they_lie() {
    let folder = Folder::new();
    let path = folder.file("p.csv", "id,name,category,lon,lat\na,A,health_care,106.5,29.5\nb,B,health_care,x,29.5\n");
    let (_, refused) = facilities(&path, Options::default());
    let beside = write_refused(&path, &table(&path), &refused).unwrap();
    assert_eq!(beside.file_name().unwrap(), "p.refused.csv");
    let text = std::fs::read_to_string(&beside).unwrap();
    assert!(
        text.starts_with(
            "id,name,category,lon,lat,refused_line,refused_field,refused_why\nb,B,health_care,x,29.5,3,lon,"
        )
    );
    std::fs::write(&beside, text.replace(",x,", ",106.6,")).unwrap();
    let (list, refused) = facilities(&beside, Options::default());
    assert_eq!((list.len(), refused.len()), (1, 0));

    let features = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":null,"properties":{"name":"N","category":"employment"}},
        {"type":"Feature","geometry":{"type":"LineString","coordinates":[[0,0],[1,1]]},"properties":{"name":"L","category":"employment"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[106.5,29.5]},"properties":{"name":{"x":1},"category":"employment"}}]}"#;
    let path = folder.file("q.geojson", features);
    let (_, refused) = facilities(&path, Options::default());
    assert_eq!(refused.len(), 3, "{refused:?}");
    let beside = write_refused(&path, &table(&path), &refused).unwrap();
    assert_eq!(beside.file_name().unwrap(), "q.refused.geojson");
    assert!(std::fs::read_to_string(beside).unwrap().contains("refused_why"));
}

#[test]
fn positions_are_brought_to_wgs84_from_what_they_are_in() {
    let folder = Folder::new();
    let path = folder.file("p.csv", "id,name,category,lon,lat\na,A,health_care,106.55,29.56\n");
    let moved = |datum| {
        let (list, _) = facilities(&path, Options { datum, ..Options::default() });
        let p = list[0].position;
        (p.lon() - 106.55).hypot(p.lat() - 29.56) * 111_000.0
    };
    assert!(moved(Datum::Wgs84) < 1e-6 && moved(Datum::Cgcs2000) < 1e-6);
    assert!((300.0..900.0).contains(&moved(Datum::Gcj02)));
    assert!((500.0..1800.0).contains(&moved(Datum::Bd09)));
}

#[test]
fn broken_files_are_refused_whole_with_a_sentence() {
    let folder = Folder::new();
    let long = format!("id,name,category,lon,lat\na,\"{},health_care,1,1\n", "x".repeat(10_000_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a.csv", vec![], "empty"),
        ("b.csv", b"\n\n  \n".to_vec(), "empty"),
        ("c.csv", b"f1,Library,health_care,106.5,29.5\n".to_vec(), "does not name the columns"),
        ("d.csv", b"id:name:category:lon:lat\na:b:health_care:1:1\n".to_vec(), "does not name the columns"),
        ("e.csv", b"id,name,category,lon,lat\na,b\0c,health_care,1,1\n".to_vec(), "line 2 holds a NUL byte"),
        ("f.csv", b"name\nLibrary\n".to_vec(), "\"lon\" is missing"),
        ("f2.csv", b"name,lon,lat\nLibrary,106.5,29.5\n".to_vec(), "\"category\" is missing"),
        ("g.csv", b"id,name,category,lon,lat\n".to_vec(), "no rows after the header"),
        ("h.csv", b"name,category,lon,lng,lat\n1,2,3,4,5\n".to_vec(), "there twice: \"lon\" and \"lng\""),
        ("i.csv", b"id,name,category,lat\na,b,health_care,1\n".to_vec(), "\"lon\" is missing"),
        ("j.csv", vec![0xff, 0xd8, 0xff, 0xe0, 0x10, 0x4a], ""),
        ("k.geojson", b"{}".to_vec(), "not GeoJSON"),
        ("l.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec(), "not GeoJSON"),
        ("m.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[]}".to_vec(), "empty"),
        ("n.geojson", b"{\"type\":\"Point\",\"coordinates\":[1,2]}".to_vec(), "bare geometry"),
        ("o.xlsx", b"PK".to_vec(), "not an Excel workbook"),
        ("o2.xlsx", vec![], "empty"),
        ("o3.docx", b"PK".to_vec(), "ending of the name"),
        ("o4.osm.pbf", b"PK, and not PBF".to_vec(), "not an OpenStreetMap extract"),
        ("p.geojson", vec![b'['; 100_000], "not GeoJSON"),
    ];
    for (name, bytes, told) in cases {
        let path = folder.file(name, bytes);
        match read(&path, Kind::Facilities) {
            Err(problem) => assert!(problem.to_string().contains(told), "{name}: {problem}"),
            Ok(read) => panic!("{name} gave {} records, {} refused", read.edits.len(), read.refused.len()),
        }
    }
    // A quote that is never closed swallows the rest of the file: one refused row, cut short, not ten megabytes of it.
    let Read { edits, refused } = read(&folder.file("long.csv", long), Kind::Facilities).unwrap();
    assert!(edits.is_empty() && refused.len() == 1, "{} refused", refused.len());
    assert!(refused[0].why.contains("quote never closed") || refused[0].why.contains("fields"), "{:?}", refused[0]);
    assert!(refused[0].value.len() < 400);
    assert!(matches!(read(Path::new("/nowhere.csv"), Kind::Centers), Err(FileProblem::Io { .. })));
}

#[test]
fn centers_and_population_have_rules_of_their_own() {
    let folder = Folder::new();
    let path = folder.file(
        "c.csv",
        "区划代码,名称,经度,纬度\n500106013004,模范村社区,106.46,29.54\n50010601300,短,106.4,29.5\n500106013004,again,106.4,29.5\n",
    );
    let Read { edits, refused } = read(&path, Kind::Centers).unwrap();
    assert_eq!((edits.len(), refused.len()), (1, 2));
    assert!(refused[0].why.contains("12 digits"), "{refused:?}");

    let path = folder.file(
        "p.csv",
        "cell,population\n89a901291abffff,10\n89a901291abffff,3\n89a9012a3cfffff,-1\n89a9012a38fffff,many\nzzz,1\n8aa901291ab7fff,1\n85a90127fffffff,1\n",
    );
    let Read { edits, refused } = read(&path, Kind::Population).unwrap();
    assert!(matches!(&edits[..], [Edit::Population { group, cells }] if group == "all" && cells.len() == 1));
    assert_eq!(refused.len(), 6, "{refused:?}");
    let why: Vec<&str> = refused.iter().map(|r| r.why.as_str()).collect();
    for (i, told) in ["already", "negative", "number", "H3", "resolution 10", "7 to 10"].iter().enumerate() {
        assert!(why[i].contains(told) || refused[i].value.contains(told), "{told}: {:?}", refused[i]);
    }
}

#[test]
fn bytes_changed_at_random_never_panic() {
    let folder = Folder::new();
    let good =
        "编号,名称,类别,经度,纬度\nf1,\"图书馆, 一\",终身教育,106.55,29.56\nf2,B,health_care,106.5,29.5\n".as_bytes();
    let mut seed = 1u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for round in 0..4000 {
        let mut bytes = good.to_vec();
        for _ in 0..=next() % 4 {
            let i = next() % bytes.len();
            bytes[i] = next() as u8;
        }
        let name = if round % 2 == 0 { "x.csv" } else { "x.geojson" };
        let path = folder.file(name, &bytes);
        for kind in Kind::ALL {
            if let Ok(Read { refused, .. }) = read(&path, kind) {
                assert!(refused.iter().all(|r| !r.why.is_empty()));
            }
        }
    }
}
