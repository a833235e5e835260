//! Import of files: what is read, what is rejected, and the messages. Broken files give an error and never a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::read_with;
use std::path::{Path, PathBuf};
use walkshed_engine::geo::Datum;
use walkshed_exchange::{
    Column, FileProblem, Kind, Options, Read, RejectedRow, Table, encoding_by_label, plan, read_table, read_table_in,
    write_rejected_rows,
};
use walkshed_register::{AnyRecord, Calendar, Category, Edit, Facility, Kinds, Register, Rules};

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

fn facilities(path: &Path, options: Options) -> (Vec<Facility>, Vec<RejectedRow>) {
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
fn reads_headers_and_encodings_of_both_languages() {
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
fn reports_rejected_rows_with_line_field_value_and_reason() {
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
    let lines: Vec<String> =
        refused.iter().map(|r| format!("{} {} {:?}: {}", r.line, r.field, r.value, r.why)).collect();
    let ids: Vec<&str> = list.iter().map(|f| f.external_id.as_str()).collect();
    insta::assert_snapshot!("refused_rows", format!("{}\n\naccepted: {}", lines.join("\n"), ids.join(" ")));
}

#[test]
fn rejected_rows_can_be_corrected_and_imported() {
    let folder = Folder::new();
    let path = folder.file("p.csv", "id,name,category,lon,lat\na,A,health_care,106.5,29.5\nb,B,health_care,x,29.5\n");
    let (_, refused) = facilities(&path, Options::default());
    let beside = write_rejected_rows(&path, &table(&path), &refused).unwrap();
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
    let beside = write_rejected_rows(&path, &table(&path), &refused).unwrap();
    assert_eq!(beside.file_name().unwrap(), "q.refused.geojson");
    assert!(std::fs::read_to_string(beside).unwrap().contains("refused_why"));
}

#[test]
fn formulas_are_escaped_in_the_file_of_rejected_rows_and_round_trip() {
    let folder = Folder::new();
    let text = "id,name,category,lon,lat,=note\n\
                a,=HYPERLINK(\"\"x\"\"),health_care,x,-29.5,@cmd\n\
                b,'+86,health_care,y,29.5,-1+2\n\
                short\n"
        .replace("=HYPERLINK(\"\"x\"\")", "\"=HYPERLINK(\"\"x\"\")\"");
    let path = folder.file("f.csv", text);
    let as_read = table(&path);
    let (_, refused) = facilities(&path, Options::default());
    assert_eq!(refused.len(), 3, "{refused:?}");
    let beside = write_rejected_rows(&path, &as_read, &refused).unwrap();
    let written = std::fs::read_to_string(&beside).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
    for record in reader.records() {
        for field in &record.unwrap() {
            let is_number = field.parse::<f64>().is_ok();
            assert!(is_number || !field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{written}");
        }
    }
    assert!(written.contains("'=note") && written.contains(",-29.5,"), "{written}");
    // Reading the file again gives the original fields, followed by the problem.
    let again = table(&beside);
    assert_eq!(again.header[..6], as_read.header[..]);
    for (before, after) in as_read.rows.iter().zip(&again.rows).take(2) {
        let (before, after): (Vec<&str>, Vec<&str>) = (before.fields().collect(), after.fields().collect());
        assert_eq!(before[..], after[..6]);
    }
}

#[test]
fn converts_positions_of_other_datums_to_wgs84() {
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
fn rejects_broken_files_with_a_message() {
    let folder = Folder::new();
    let long = format!("id,name,category,lon,lat\na,\"{},health_care,1,1\n", "x".repeat(10_000_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a.csv", vec![], "empty"),
        ("b.csv", b"\n\n  \n".to_vec(), "empty"),
        ("c.csv", b"f1,Library,health_care,106.5,29.5\n".to_vec(), "has no known column names"),
        ("d.csv", b"id:name:category:lon:lat\na:b:health_care:1:1\n".to_vec(), "has no known column names"),
        ("e.csv", b"id,name,category,lon,lat\na,b\0c,health_care,1,1\n".to_vec(), "line 2 contains a NUL byte"),
        ("f.csv", b"name\nLibrary\n".to_vec(), "\"lon\" is missing"),
        ("f2.csv", b"name,lon,lat\nLibrary,106.5,29.5\n".to_vec(), "\"category\" is missing"),
        ("g.csv", b"id,name,category,lon,lat\n".to_vec(), "no rows after the header"),
        ("h.csv", b"name,category,lon,lng,lat\n1,2,3,4,5\n".to_vec(), "occurs twice: \"lon\" and \"lng\""),
        ("i.csv", b"id,name,category,lat\na,b,health_care,1\n".to_vec(), "\"lon\" is missing"),
        ("j.csv", vec![0xff, 0xd8, 0xff, 0xe0, 0x10, 0x4a], ""),
        ("k.geojson", b"{}".to_vec(), "not GeoJSON"),
        ("l.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec(), "not GeoJSON"),
        ("m.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[]}".to_vec(), "empty"),
        ("n.geojson", b"{\"type\":\"Point\",\"coordinates\":[1,2]}".to_vec(), "bare geometry"),
        ("o.xlsx", b"PK".to_vec(), "not an Excel workbook"),
        ("o2.xlsx", vec![], "empty"),
        ("o3.docx", b"PK".to_vec(), "file name must end in"),
        ("o4.osm.pbf", b"PK, and not PBF".to_vec(), "not an OpenStreetMap extract"),
        ("p.geojson", vec![b'['; 100_000], "not GeoJSON"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.file(name, bytes);
        match read(&path, Kind::Facilities) {
            Err(problem) => assert!(problem.to_string().contains(expected), "{name}: {problem}"),
            Ok(read) => panic!("{name} gave {} records, {} refused", read.edits.len(), read.refused.len()),
        }
    }
    // An unclosed quote extends to the end of the file: one rejected row with a truncated value.
    let Read { edits, refused } = read(&folder.file("long.csv", long), Kind::Facilities).unwrap();
    assert!(edits.is_empty() && refused.len() == 1, "{} refused", refused.len());
    assert!(
        refused[0].why.contains("quote that is never closed") || refused[0].why.contains("fields"),
        "{:?}",
        refused[0]
    );
    assert!(refused[0].value.len() < 400);
    assert!(matches!(read(Path::new("/nowhere.csv"), Kind::Centers), Err(FileProblem::Io { .. })));
}

/// Returns the notes of an import with `keep_going`.
fn notes(path: &Path, kind: Kind) -> Vec<String> {
    let (register, kinds, calendar) = (Register::default(), Kinds::default(), Calendar::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
    let table = read_table(path, kind, &calendar).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    match plan(&table, kind, Options::default(), rules, true, "test") {
        Ok(plan) => plan.notes,
        Err(error) => error.notes().to_vec(),
    }
}

fn workbook(path: &Path, rows: &[&[&str]]) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (r, row) in rows.iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            sheet.write_string(r as u32, c as u16, *value).unwrap();
        }
    }
    book.save(path).unwrap();
}

#[test]
fn lists_ignored_columns() {
    let folder = Folder::new();
    for (kind, known, row) in [
        (Kind::Centers, "code,name,lon,lat", "500106013004,a,106.5,29.5"),
        (Kind::Facilities, "id,name,kind,lon,lat", "a,A,clinic,106.5,29.5"),
        (Kind::Services, "key,name,category", "a,A,employment"),
        (Kind::Offers, "service,center", "a,500106013004"),
        (Kind::Events, "id,name,center,starts,duration_minutes", "a,A,500106013004,2026-01-01T09:00,60"),
        (Kind::Visits, "center,day,count", "500106013004,2026-01-01,5"),
        (Kind::Suggestions, "id,text,lon,lat", "a,A,106.5,29.5"),
        (Kind::Regions, "code,name", "500106,沙坪坝区"),
        (Kind::Population, "cell,population", "89a901291abffff,10"),
    ] {
        // The second is a known column, but not of this kind of record.
        let other = if kind == Kind::Population { "rrule" } else { "population" };
        let header = format!("{known},机构类型,{other},,Remarks, remarks2 ");
        let row = format!("{row},x,7,left over,y,z");
        let expected = [
            "unknown columns were ignored: \"机构类型\", \"Remarks\", \"remarks2\"".to_owned(),
            format!("columns that do not apply to {} were ignored: \"{other}\"", kind.name()),
            format!("columns without a name were ignored although they have values: {}", known.split(',').count() + 3),
        ];
        let csv = folder.file("t.csv", format!("{header}\n{row}\n"));
        assert_eq!(notes(&csv, kind), expected, "{}", kind.name());
        let tsv = folder.file("t.tsv", format!("{header}\n{row}\n").replace(',', "\t"));
        assert_eq!(notes(&tsv, kind), expected, "{}", kind.name());
        let xlsx = folder.0.path().join("t.xlsx");
        workbook(&xlsx, &[&header.split(',').collect::<Vec<_>>(), &row.split(',').collect::<Vec<_>>()]);
        assert_eq!(notes(&xlsx, kind), expected, "{}", kind.name());
        // Properties always have names, and are sorted.
        let properties: serde_json::Map<String, serde_json::Value> = header
            .split(',')
            .zip(row.split(','))
            .filter(|(k, _)| !k.is_empty())
            .map(|(k, v)| (k.to_owned(), v.into()))
            .collect();
        let feature = serde_json::json!({"type": "Feature", "geometry": null, "properties": properties});
        let geojson = serde_json::json!({"type": "FeatureCollection", "features": [feature]}).to_string();
        let found = notes(&folder.file("t.geojson", geojson), kind);
        assert_eq!(found.len(), 2, "{}: {found:?}", kind.name());
        for name in ["机构类型", "Remarks", "remarks2"] {
            assert!(found[0].starts_with("unknown columns were ignored") && found[0].contains(name), "{found:?}");
        }
        assert_eq!(found[1], expected[1]);
        // There are no notes if all columns are known.
        let row = row.split(',').take(known.split(',').count()).collect::<Vec<_>>().join(",");
        assert_eq!(notes(&folder.file("k.csv", format!("{known}\n{row}\n")), kind), [""; 0], "{}", kind.name());
    }
}

#[test]
fn reports_duplicate_names() {
    let folder = Folder::new();
    let of = |properties: &str| {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{{properties}}},
                "geometry":{{"type":"Point","coordinates":[106.5,29.5]}}}}]}}"#
        );
        let path = folder.file("d.geojson", text);
        let (list, refused) = facilities(&path, Options::default());
        assert_eq!(refused, vec![]);
        (list[0].name.clone(), list[0].external_id.clone(), notes(&path, Kind::Facilities))
    };
    let (name, id, notes) = of(r#""fid":"7","id":"a","名称":"诊所","name":"Clinic","kind":"clinic""#);
    assert_eq!((name.as_str(), id.as_str()), ("Clinic", "a"));
    assert_eq!(
        notes,
        [
            "the property \"fid\" was ignored, because it means the same as \"id\"",
            "the property \"名称\" was ignored, because it means the same as \"name\""
        ]
    );
    // Equal values, or a null next to a value, are not ambiguous.
    let (name, id, notes) = of(r#""fid":"a","id":null,"名称":"诊所","name":"诊所","kind":"clinic""#);
    assert_eq!((name.as_str(), id.as_str(), notes), ("诊所", "a", vec![]));
    let (name, _, notes) = of(r#""name":"A","kind":"clinic","name":"B""#);
    assert_eq!((name.as_str(), notes.len()), ("B", 1));
    assert!(notes[0].contains("duplicate names") && notes[0].contains("\"name\""), "{notes:?}");
}

#[test]
fn honours_the_crs_member_of_geojson() {
    let folder = Folder::new();
    let of = |crs: &str| {
        let text = format!(
            r#"{{"type":"FeatureCollection",{crs}"features":[{{"type":"Feature","properties":{{"name":"A","kind":"clinic"}},
                "geometry":{{"type":"Point","coordinates":[106.555,29.565]}}}}]}}"#
        );
        let path = folder.file("c.geojson", text);
        read(&path, Kind::Facilities).map(|read| (read.edits.len(), notes(&path, Kind::Facilities)))
    };
    let named = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
    for crs in [String::new(), named("urn:ogc:def:crs:OGC:1.3:CRS84"), named("EPSG:4326")] {
        assert_eq!(of(&crs), Ok((1, vec![])), "{crs}");
    }
    let (count, notes) = of(&named("urn:ogc:def:crs:EPSG::4490")).unwrap();
    assert!(count == 1 && notes[0].contains("CGCS2000") && notes[0].contains("decimetre"), "{notes:?}");
    let (count, notes) = of(r#""crs":null,"#).unwrap();
    assert!(count == 1 && notes[0].contains("unknown"), "{notes:?}");
    for crs in [named("urn:ogc:def:crs:EPSG::4214"), r#""crs":{"type":"EPSG","properties":{"code":4214}},"#.to_owned()]
    {
        let error = of(&crs).unwrap_err().to_string();
        assert!(error.contains("EPSG:4214 (Beijing 1954)") && error.contains("ogr2ogr -t_srs EPSG:4326"), "{error}");
    }
    // Features and geometries may have the member too, as in GeoJSON 2008.
    for text in [
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","crs":{"type":"name","properties":{"name":"EPSG:3857"}},
            "properties":{"name":"A","kind":"clinic"},"geometry":{"type":"Point","coordinates":[106.5,29.5]}}]}"#,
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"A","kind":"clinic"},
            "geometry":{"type":"Point","coordinates":[106.5,29.5],"crs":{"type":"name","properties":{"name":"EPSG:3857"}}}}]}"#,
    ] {
        let error = read(&folder.file("f.geojson", text), Kind::Facilities).unwrap_err().to_string();
        assert!(error.contains("EPSG:3857"), "{error}");
    }
}

#[test]
fn reports_the_encoding_and_rejects_text_that_is_not_chinese() {
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, GB18030, SHIFT_JIS, WINDOWS_1252};
    let folder = Folder::new();
    let kinds = ["卫生站", "社区卫生服务中心", "幼儿园", "图书馆", "小学", "菜市场", "养老服务站", "公共厕所", "药房"];
    let streets =
        ["石坪桥", "龙湖", "綦江", "歇台子", "璧山", "犍为", "㙍城", "渝碚", "鑫鑫", "昝岗", "解放碑", "黟县"];
    let real = |rows: usize| -> Vec<String> {
        (0..rows).map(|i| format!("{}{}{}", streets[i % streets.len()], i / 7 + 1, kinds[i % kinds.len()])).collect()
    };
    let table = |names: &[String]| {
        let rows: String = names.iter().flat_map(|name| [name.as_str(), ",clinic,106.555,29.565\n"]).collect();
        format!("name,kind,lon,lat\n{rows}")
    };
    let file = |text: &str, encoding: &'static encoding_rs::Encoding| {
        let (bytes, _, damaged) = encoding.encode(text);
        assert!(!damaged, "{}: {text}", encoding.name());
        folder.file("e.csv", bytes)
    };
    for rows in [1, 3, 20, 200] {
        let path = file(&table(&real(rows)), GB18030);
        let (list, refused) = facilities(&path, Options::default());
        assert_eq!(refused, vec![]);
        assert_eq!(list.iter().map(|f| f.name.clone()).collect::<Vec<_>>(), real(rows));
        assert_eq!(notes(&path, Kind::Facilities), ["the text was read as GB18030"]);
    }
    for name in ["诊所", "医院", "学校", "药店", "甲乙", "银行", "公园", "食堂", "綦江"] {
        let (list, _) = facilities(&file(&table(&[name.to_owned()]), GB18030), Options::default());
        assert_eq!(list[0].name, name);
    }
    for (encoding, names) in [
        (BIG5, &["臺北市立聯合醫院", "中山國民小學", "大安森林公園", "松山區圖書館", "信義區衛生所", "便利商店"][..]),
        (SHIFT_JIS, &["東京医院", "新宿区立図書館", "クリニック", "薬局", "公園", "渋谷診療所"]),
        (EUC_JP, &["東京医院", "新宿区立図書館", "クリニック", "薬局前公園", "渋谷診療所", "小学校"]),
        (EUC_KR, &["서울병원", "부산약국", "초등학교", "시립도서관", "어린이공원", "우체국"]),
        (WINDOWS_1252, &["Clínica São João", "Hôpital Général", "Farmácia", "Bücherei", "Peña", "Café"]),
    ] {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        for rows in [1, 3, 60, 200] {
            let some: Vec<String> = names.iter().cycle().take(rows).cloned().collect();
            let path = file(&table(&some), encoding);
            let error = read(&path, Kind::Facilities).unwrap_err().to_string();
            assert!(error.contains("iconv") || error.contains("--encoding"), "{}: {error}", encoding.name());
            if rows > 1 {
                assert!(error.contains(&format!("looks like {}", encoding.name())), "{}: {error}", encoding.name());
            }
            // The encoding is accepted if the user names it.
            let said = encoding_by_label(encoding.name()).unwrap();
            let table = read_table_in(&path, Kind::Facilities, &Calendar::default(), Some(said)).unwrap();
            assert_eq!(table.rows.len(), rows);
            assert_eq!(table.rows[0].get(Column::Name), Some(names[0].as_str()));
            assert_eq!(table.notes, [format!("the text was read as {}", encoding.name())]);
        }
    }
    let said = Some(encoding_by_label("big5").unwrap());
    let book = folder.0.path().join("t.xlsx");
    workbook(&book, &[&["name"], &["x"]]);
    let error = read_table_in(&book, Kind::Facilities, &Calendar::default(), said).unwrap_err();
    assert!(error.to_string().contains("--encoding applies to text files only"), "{error}");
}

#[test]
fn validates_centers_and_population() {
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
    for (i, expected) in ["already", "negative", "number", "H3", "resolution 10", "7 to 10"].iter().enumerate() {
        assert!(why[i].contains(expected) || refused[i].value.contains(expected), "{expected}: {:?}", refused[i]);
    }
}

#[test]
fn random_bytes_never_panic() {
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
