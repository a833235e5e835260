//! Memory use of all file readers is bounded by the size of the file: for any bytes, no reader panics or aborts, or takes more than
//! a stated multiple of the file size plus a stated constant. The tests mutate small files of every format with a fixed seed, and
//! read files that once took gigabytes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::{Elevation, Extent, Network};
use walkshed_exchange::{FileProblem, Format, Kind, parse_table, parse_table_with_limit, read_table};
use walkshed_register::{Calendar, Zone};
use walkshed_testing::Random;
use walkshed_testing::pbf::Extract;
use zip::write::SimpleFileOptions;

/// Hard limit: the test aborts before it exhausts the memory of the machine.
const NEVER: usize = 3 << 30;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system allocator with a count of the allocated bytes.
struct Counting;

impl Counting {
    fn add(bytes: usize) -> bool {
        let live = LIVE.fetch_add(bytes, SeqCst) + bytes;
        PEAK.fetch_max(live, SeqCst);
        if live > NEVER {
            LIVE.fetch_sub(bytes, SeqCst);
        }
        live <= NEVER
    }
}

// SAFETY: every call is forwarded unchanged to the system allocator; the counters are independent of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !Self::add(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !Self::add(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller upholds the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The memory limit of a reader: a multiple of the file size, plus a constant.
#[derive(Clone, Copy)]
struct Bound {
    times: usize,
    more: usize,
}

/// A single-letter row is two bytes in the file, and up to 64 in a list that grows by doubling.
const CSV: Bound = Bound { times: 128, more: 1 << 20 };
/// A property of a feature is six bytes in the file, and about a hundred while the feature is read.
const GEOJSON: Bound = Bound { times: 96, more: 1 << 20 };
/// Texts and cells are limited relative to the size of the file; a small file may repeat the same text often.
const XLSX: Bound = Bound { times: 160, more: 64 << 20 };
/// Blobs unpack to at most 12 times the file size, and a street of two nodes takes 60 times its unpacked size.
const PBF: Bound = Bound { times: 600, more: 48 << 20 };
/// Heights are four bytes each. One strip or tile of up to 64 MiB is in memory in addition, packed and unpacked.
const TIFF: Bound = Bound { times: 400, more: 192 << 20 };
/// The file is memory-mapped and only verified.
const NETWORK: Bound = Bound { times: 8, more: 1 << 20 };
const TOML: Bound = Bound { times: 400, more: 4 << 20 };

/// Runs a reader and checks its peak memory against the limit.
fn within<T>(bound: Bound, size: usize, what: &str, read: impl FnOnce() -> T) -> T {
    let before = LIVE.load(SeqCst);
    PEAK.store(before, SeqCst);
    let done = read();
    let took = PEAK.load(SeqCst).saturating_sub(before);
    let most = bound.times * size + bound.more;
    assert!(took <= most, "{what}: {size} bytes took {took}, more than {most}");
    if std::env::var_os("SHOW_MEMORY").is_some() && took > 1 << 20 {
        println!("{what}: {size} bytes took {took} ({:.1} times)", took as f64 / size as f64);
    }
    done
}

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Mutates bytes: changes, deletes, inserts, duplicates or truncates.
fn changed(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => bytes[at..end].fill(0xff),
            5 => {
                let piece = bytes[at..end].to_vec();
                let times = 1 + random.below(50);
                bytes.splice(at..at, piece.repeat(times));
            }
            _ => {
                let digits = b"0123456789"[random.below(10)];
                bytes.splice(at..at, std::iter::repeat_n(digits, 1 + random.below(12)));
            }
        }
    }
    bytes
}

fn table(bytes: &[u8], format: Format, what: &str) -> Result<usize, FileProblem> {
    let bound = match format {
        Format::Csv => CSV,
        Format::GeoJson => GEOJSON,
        Format::Xlsx => XLSX,
    };
    within(bound, bytes.len(), what, || parse_table(bytes, format, None).map(|table| table.rows.len()))
}

#[test]
fn tables_in_text() {
    let _alone = alone();
    let csv = "id,name,category,lon,lat,audiences\nf1,\"图书馆, 一\",health_care,106.55,29.56,\"elderly;youth\"\nf2,B,employment,-1e9,29.5,\n";
    let geojson = r#"{"type":"FeatureCollection","crs":null,"features":[
        {"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[106.55,29.56]},"properties":{"name":"Library","类别":"x","list":["a",1]}},
        {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"properties":null}]}"#;
    let mut random = Random(11);
    for (good, format) in [(csv, Format::Csv), (geojson, Format::GeoJson)] {
        assert_eq!(table(good.as_bytes(), format, "as it was made").unwrap(), 2);
        for round in 0..1500 {
            let _ = table(&changed(good.as_bytes(), &mut random), format, &format!("{format:?}, round {round}"));
        }
    }
    let quote = format!("id,name\na,\"{}", "x,\n".repeat(500_000));
    let bombs: [(&str, String); 9] = [
        ("rows of a letter", format!("name\n{}", "x\n".repeat(500_000))),
        ("rows that are empty", format!("name\n{}", "\n".repeat(1_000_000))),
        ("a header of commas", format!("name{}\nx\n", ",".repeat(2_000_000))),
        ("a header of delimiters that mean nothing", ",;|\t".repeat(500_000)),
        ("one line", format!("name,lon\n{}", "x".repeat(8_000_000))),
        ("a row of many fields", format!("name,lon\n{}\n", "a,".repeat(1_000_000))),
        ("rows of many fields", format!("name,lon\n{}", format!("{}\n", "a,".repeat(1000)).repeat(500))),
        ("a quote that is never closed", quote),
        ("quotes alone", format!("name\n{}", "\"\"\n".repeat(400_000))),
    ];
    for (what, text) in bombs {
        let read = table(text.as_bytes(), Format::Csv, what);
        if what.starts_with("a header") {
            let message = read.unwrap_err().to_string();
            assert!(message.contains("columns"), "{what}: {message}");
        }
    }
    let collection = |features: &str| format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
    let feature = r#"{"type":"Feature","geometry":null,"properties":null}"#;
    let of = |properties: &str| format!(r#"{{"type":"Feature","geometry":null,"properties":{{{properties}}}}}"#);
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let bombs: [(&str, String); 10] = [
        ("brackets", "[".repeat(1_000_000)),
        ("brackets in a feature", collection(&format!("{{\"type\":\"Feature\",\"x\":{}", "[".repeat(500_000)))),
        ("objects in a feature", collection(&format!("{{\"type\":\"Feature\",\"x\":{}", "{\"a\":".repeat(200_000)))),
        ("many small features", collection(&many(20_000, &|_| feature.to_owned()))),
        ("many properties", collection(&of(&many(100_000, &|n| format!("\"{n}\":1"))))),
        ("the same property", collection(&of(&many(100_000, &|_| "\"a\":1".to_owned())))),
        ("a property of many numbers", collection(&of(&format!("\"a\":[{}]", many(300_000, &|_| "1".to_owned()))))),
        ("numbers past all bounds", collection(&of(&format!("\"name\":1{}e999999", "0".repeat(500_000))))),
        (
            "members beside the features",
            format!(
                "{{{},\"type\":\"FeatureCollection\",\"features\":[{feature}]}}",
                many(100_000, &|n| format!("\"x{n}\":[]"))
            ),
        ),
        (
            "corners of an outline",
            collection(&format!(
                r#"{{"type":"Feature","properties":null,"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
                many(100_000, &|_| "[1,2]".to_owned())
            )),
        ),
    ];
    for (what, text) in bombs {
        let _ = table(text.as_bytes(), Format::GeoJson, what);
    }
    let rows = format!("name\n{}", "x\n".repeat(1000));
    for (text, format) in [(rows, Format::Csv), (collection(&many(1000, &|_| feature.to_owned())), Format::GeoJson)] {
        assert_eq!(
            parse_table_with_limit(text.as_bytes(), format, None, 999).unwrap_err(),
            FileProblem::TooManyRows { most: 999 },
            "{format:?}"
        );
        assert_eq!(parse_table_with_limit(text.as_bytes(), format, None, 1000).unwrap().rows.len(), 1000, "{format:?}");
    }
}

const RELS: &str =
    r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELS: &str = r#"<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
    <Relationship Id="b" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="c" Type="x/styles" Target="styles.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook><sheets><sheet name="表一" sheetId="1" r:id="a"/></sheets></workbook>"#;
const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="46"/></cellXfs></styleSheet>"#;
const STRINGS: &str = r#"<sst uniqueCount="99999999999999"><si><t>name</t></si><si><r><t>a</t></r><r><t xml:space="preserve"> b</t></r><rPh><t>no</t></rPh></si></sst>"#;
const SHEET: &str = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData>
    <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>lon</t></is></c><c r="C1" t="str"><f>"l"&amp;"at"</f><v>lat</v></c><c r="D1" t="inlineStr"><is><t>day</t></is></c></row>
    <row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>106.5</v></c><c r="C3"><f>1+1</f><v>29.5</v></c><c r="D3" s="1"><v>46351</v></c></row>
    <row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="B4" t="b"><v>1</v></c><c r="C4" t="d"><v>2026-11-25</v></c></row>
    </sheetData></worksheet>"#;

/// Builds a workbook of the given parts, with default parts for the rest.
fn workbook(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain: [(&str, &[u8]); 6] = [
        ("_rels/.rels", RELS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", STRINGS.as_bytes()),
        ("xl/worksheets/sheet1.xml", SHEET.as_bytes()),
    ];
    for (name, content) in plain {
        let content = parts.iter().find(|(n, _)| *n == name).map_or(content, |(_, content)| *content);
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sheet(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

#[test]
fn workbooks() {
    let _alone = alone();
    let good = workbook(&[]);
    let read = parse_table(&good, Format::Xlsx, None).unwrap();
    assert_eq!(read.header, ["name", "lon", "lat", "day"]);
    let cells: Vec<Vec<&str>> = read.rows.iter().map(|row| row.fields().collect()).collect();
    assert_eq!(cells, [vec!["a b", "106.5", "29.5", "2026-11-25"], vec!["", "true", "2026-11-25"]]);
    assert_eq!((read.rows[0].line, read.rows[0].problem.is_none(), read.rows[1].line), (3, true, 4));
    assert_eq!(read.rows[1].problem.as_ref().unwrap().why, "contains the error #N/A");

    // Two cells at opposite corners of a sheet.
    let corners = sheet(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#,
    );
    let book = workbook(&[("xl/worksheets/sheet1.xml", corners.as_bytes())]);
    let read =
        within(Bound { times: 100, more: 1 << 20 }, book.len(), "two cells", || parse_table(&book, Format::Xlsx, None));
    let read = read.unwrap();
    assert_eq!((read.header.len(), read.rows.len(), read.rows[0].line), (1, 1, 1_048_576));
    assert_eq!(read.values_without_name().collect::<Vec<_>>(), [16_384]);

    let text = "x".repeat(30_000);
    let strings = format!("<sst><si><t>name</t></si><si><t>{text}</t></si></sst>");
    let of_strings = |count: usize| -> String {
        let row = |n| format!(r#"<row r="{n}"><c r="A{n}" t="s"><v>1</v></c></row>"#);
        (2..count + 2).map(row).collect::<Vec<_>>().concat()
    };
    let header = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let wide = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="XFD1" t="s"><v>0</v></c></row>"#;
    let row = |n| format!(r#"<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFC{n}"><v>1</v></c></row>"#);
    let both_ends = (2..50_000).map(row).collect::<Vec<_>>().concat();
    let bombs: [(&str, &str, String, &str); 14] = [
        (
            "a shared string in many cells",
            "xl/worksheets/sheet1.xml",
            sheet(&format!("{header}{}", of_strings(40_000))),
            "cells take more than",
        ),
        (
            "both ends of many rows",
            "xl/worksheets/sheet1.xml",
            sheet(&format!("{}{both_ends}", wide.replacen('0', "1", 1))),
            "cells take more than",
        ),
        (
            "many cells in one place",
            "xl/worksheets/sheet1.xml",
            sheet(&format!("{header}<row r=\"2\">{}</row>", r#"<c r="A2"><v>1</v></c>"#.repeat(1_500_000))),
            "more cells than a sheet has columns",
        ),
        (
            "a table of many texts",
            "xl/sharedStrings.xml",
            format!("<sst>{}</sst>", "<si><t>some text or other</t></si>".repeat(1_100_000)),
            "shared strings",
        ),
        (
            "a table of empty texts",
            "xl/sharedStrings.xml",
            format!("<sst>{}</sst>", "<si/>".repeat(7_000_000)),
            "more than",
        ),
        (
            "one text",
            "xl/sharedStrings.xml",
            format!("<sst><si><t>{}</t></si></sst>", "x".repeat(40 << 20)),
            "single tag or text",
        ),
        (
            "a text of entities",
            "xl/sharedStrings.xml",
            format!("<sst><si><t>{}</t></si></sst>", "&amp;x".repeat(2 << 20)),
            "single text",
        ),
        (
            "a comment",
            "xl/workbook.xml",
            format!("<workbook><!--{}--></workbook>", "x".repeat(8 << 20)),
            "single tag or text",
        ),
        ("an attribute", "xl/workbook.xml", format!("<workbook x=\"{}\"/>", "x".repeat(8 << 20)), "single tag or text"),
        (
            "many styles",
            "xl/styles.xml",
            format!("<styleSheet><cellXfs>{}</cellXfs></styleSheet>", "<xf numFmtId=\"14\"/>".repeat(1 << 20)),
            "describes the workbook",
        ),
        (
            "many relations",
            "xl/_rels/workbook.xml.rels",
            format!("<Relationships>{}</Relationships>", "<Relationship/>".repeat(2 << 20)),
            "describes the workbook",
        ),
        ("empty rows", "xl/worksheets/sheet1.xml", sheet(&"<row/>".repeat(7 << 20)), "row"),
        (
            "tags in a cell",
            "xl/worksheets/sheet1.xml",
            sheet(&format!("<row><c>{}</c></row>", "<x>".repeat(14 << 20))),
            "nests deeper",
        ),
        (
            "names of sheets",
            "xl/workbook.xml",
            format!("<workbook>{}</workbook>", "<sheet name=\"x\" id=\"a\"/>".repeat(500_000)),
            "",
        ),
    ];
    for (what, part, content, expected) in bombs {
        let mut parts: Vec<(&str, &[u8])> = vec![(part, content.as_bytes())];
        if part.ends_with("sheet1.xml") && what.starts_with("a shared") {
            parts.push(("xl/sharedStrings.xml", strings.as_bytes()));
        }
        let book = workbook(&parts);
        match table(&book, Format::Xlsx, what) {
            Err(problem) => {
                let problem = problem.to_string();
                assert!(problem.contains(expected), "{what}: {problem}");
                if part.ends_with("sheet1.xml") && expected.starts_with("cells") {
                    assert!(problem.contains("sheet \"表一\""), "{what}: {problem}");
                }
            }
            Ok(rows) => assert!(expected.is_empty(), "{what}: {rows} rows were read"),
        }
    }
    for (rows, expected) in [
        (
            r#"<row r="2"><c r="A2" t="s"><v>0</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>"#,
            "row 1 comes after row 2",
        ),
        (r#"<row r="1"><c r="A2"><v>1</v></c></row>"#, "the cell A2 is in row 1"),
        (r#"<row r="1"><c r="A1" t="s"><v>7</v></c></row>"#, "shared string that does not exist"),
        (r#"<row r="1"><c r="A1" t="n"><v>x</v></c></row>"#, "is not a number"),
        (r#"<row r="1"><c r="XFE1"><v>x</v></c></row>"#, "not a cell reference"),
        (r#"<row r="1"><c t="str"><v>&x;</v></c></row>"#, "unknown entity"),
        (r#"<row r="1048577"><c><v>1</v></c></row>"#, "comes after"),
    ] {
        let book = workbook(&[("xl/worksheets/sheet1.xml", sheet(rows).as_bytes())]);
        let problem = parse_table(&book, Format::Xlsx, None).unwrap_err().to_string();
        assert!(problem.contains(expected) && problem.contains("sheet \"表一\""), "{rows}: {problem}");
    }

    let mut random = Random(12);
    let parts = [
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/styles.xml", STYLES),
        ("xl/sharedStrings.xml", STRINGS),
        ("xl/worksheets/sheet1.xml", SHEET),
    ];
    let mut readable = 0;
    for round in 0..1500 {
        // Mutates the package itself, or the text of a part.
        let bytes = if round % 3 == 0 {
            changed(&good, &mut random)
        } else {
            let (name, text) = parts[[0, 1, 2, 3, 4, 4, 5, 5, 5, 5][random.below(10)]];
            workbook(&[(name, &changed(text.as_bytes(), &mut random))])
        };
        readable += usize::from(table(&bytes, Format::Xlsx, &format!("round {round}")).is_ok());
    }
    assert!(readable > 50, "{readable}: what is changed must not always be refused at the first look");
}

/// Builds a PBF file: a header, and compressed blobs of the given contents.
fn packed(blocks: &[Vec<u8>]) -> Vec<u8> {
    let plain = Extract::new().bytes();
    // The first of the two blobs of an empty extract is the header.
    let header = 4 + u32::from_be_bytes(plain[..4].try_into().unwrap()) as usize;
    let header = header + usize::from(plain[header - 1]);
    let mut out = plain[..header].to_vec();
    for block in blocks {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(block).unwrap();
        let blob = message(3, &zlib.finish().unwrap());
        let mut head = message(1, b"OSMData");
        head.push(3 << 3);
        varint(&mut head, blob.len());
        out.extend_from_slice(&(head.len() as u32).to_be_bytes());
        out.extend(head);
        out.extend(blob);
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn message(field: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    varint(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

/// Builds a block with a string table and a group.
fn block(texts: &[&[u8]], group: &[u8]) -> Vec<u8> {
    let table: Vec<u8> = texts.iter().flat_map(|text| message(1, text)).collect();
    [message(1, &table), message(2, group)].concat()
}

fn streets(path: &Path, bytes: &[u8], what: &str) -> Result<Network, String> {
    std::fs::write(path, bytes).unwrap();
    let options = BuildOptions::new(path.to_owned());
    within(PBF, bytes.len(), what, || build(&options, &|_| {}).map_err(|e| e.to_string()))
}

fn amenities(path: &Path, bytes: &[u8], what: &str) -> Result<usize, String> {
    std::fs::write(path, bytes).unwrap();
    let read = || read_table(path, Kind::Facilities, &Calendar::default());
    within(PBF, bytes.len(), what, read).map(|table| table.rows.len()).map_err(|e| e.to_string())
}

#[test]
fn extracts() {
    const STREET: [(&str, &str); 1] = [("highway", "residential")];
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.osm.pbf");

    // A way that passes the same lift repeatedly: connections grow with the number of ends, not of pairs.
    let mut lift = Extract::new();
    lift.node(0, 0.0, 0.0, &[("highway", "elevator")]);
    let mut refs = Vec::new();
    for n in 1..=2000 {
        lift.node(n, 10.0 * n as f64, 5.0, &[]);
        refs.extend([n, 0]);
    }
    refs.push(1);
    let bytes = lift.way(1, &refs, &STREET).bytes();
    let network = streets(&path, &bytes, "a lift passed 2,000 times").unwrap();
    assert!(network.edge_count() < 12_000, "{} edges", network.edge_count());

    // The same plaza a hundred thousand times in one relation, and in many.
    let mut plaza = Extract::new();
    let corner = |n: i64| (f64::from(n as i32) * 0.1).sin_cos();
    for n in 0..500 {
        plaza.node(n, 100.0 * corner(n).0, 100.0 * corner(n).1, &[]);
    }
    plaza.way(1, &(0..500).collect::<Vec<_>>(), &[]).way(2, &[0, 1], &STREET);
    let area = [("type", "multipolygon"), ("highway", "pedestrian"), ("area", "yes")];
    plaza.relation(1, &vec![(1, "outer"); 100_000], &area);
    for id in 2..2000 {
        plaza.relation(id, &[(1, "outer"), (1, "inner"), (1, "inner")], &area);
    }
    let _ = streets(&path, &plaza.bytes(), "the same rim again and again");
    let _ = amenities(&path, &plaza.bytes(), "the same rim again and again");

    let texts: [&[u8]; 5] = [b"", b"highway", b"residential", b"amenity", b"clinic"];
    let way = |id: usize| {
        let mut inner = vec![1 << 3];
        varint(&mut inner, id);
        inner.extend([message(2, &[1]), message(3, &[2]), message(8, &[2, 2])].concat());
        message(3, &inner)
    };
    let street = |id: usize| {
        // The zigzag encoding of twice the number is four times the number.
        let mut refs = Vec::new();
        varint(&mut refs, 4 * id);
        refs.push(2);
        let mut inner = vec![1 << 3];
        varint(&mut inner, id);
        inner.extend([message(2, &[1]), message(3, &[2]), message(8, &refs)].concat());
        message(3, &inner)
    };
    let ways = |count: usize| block(&texts, &(0..count).flat_map(way).collect::<Vec<u8>>());
    let clinic = [vec![8, 2], message(2, &[3]), message(3, &[4]), vec![8 << 3, 2, 9 << 3, 2]].concat();
    let long = vec![b'x'; 900];
    let texts_used: [&[u8]; 6] = [b"", b"amenity", b"clinic", b"name", &long, b"note"];
    let named = [vec![8, 2], message(2, &[1, 3, 5]), message(3, &[2, 4, 4]), vec![8 << 3, 2, 9 << 3, 2]].concat();
    let dense =
        |n: usize| message(2, &[message(1, &vec![2; n]), message(8, &vec![2; n]), message(9, &vec![2; n])].concat());
    let bombs: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("zeros", vec![vec![0; 40 << 20]]),
        ("a block of ways without tags", vec![block(&texts, &[3 << 3 | 2, 0].repeat(8 << 20))]),
        ("many blocks", vec![block(&texts, &[1 << 3 | 2, 0].repeat(1 << 20)); 16]),
        ("ways of two nodes", vec![ways(100_000)]),
        (
            "streets of two nodes",
            vec![block(&texts, &dense(120_000)), block(&texts, &(1..60_000).flat_map(street).collect::<Vec<u8>>())],
        ),
        ("nodes at one place", vec![block(&texts, &dense(600_000))]),
        (
            "a way of many nodes",
            vec![block(
                &texts,
                &message(3, &[message(2, &[1]), message(3, &[2]), message(8, &vec![2; 1 << 20])].concat()),
            )],
        ),
        (
            "many tags",
            vec![block(&texts, &message(3, &[message(2, &vec![1; 1 << 20]), message(3, &vec![2; 1 << 20])].concat()))],
        ),
        ("many texts", vec![block(&vec![b"".as_slice(); 2 << 20], &[])]),
        ("many groups", vec![[2 << 3 | 2, 0].repeat(2 << 20)]),
        ("clinics at one place", vec![block(&texts, &message(1, &clinic).repeat(100_000))]),
        ("a long name on many clinics", vec![block(&texts_used, &message(1, &named).repeat(100_000))]),
    ];
    for (what, blocks) in bombs {
        let bytes = packed(&blocks);
        let _ = streets(&path, &bytes, what);
        let _ = amenities(&path, &bytes, what);
    }

    let mut good = Extract::new();
    let corners = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)];
    for (id, (x, y)) in (1..).zip(corners) {
        good.node(id, x, y, &[("amenity", "clinic"), ("name", "诊所")]);
    }
    good.node(5, 50.0, 0.0, &[("barrier", "gate")]).node(6, 50.0, 100.0, &[("highway", "elevator")]);
    good.way(1, &[1, 5, 2, 3, 6, 4, 1], &STREET).way(
        2,
        &[1, 2, 3, 4, 1],
        &[("highway", "pedestrian"), ("area", "yes")],
    );
    good.way(3, &[1, 2, 3, 4, 1], &[]).relation(1, &[(3, "outer")], &area);
    let good = good.bytes();
    streets(&path, &good, "as it was made").unwrap();
    assert_eq!(amenities(&path, &good, "as it was made"), Ok(4));
    let mut random = Random(13);
    for round in 0..400 {
        let bytes = changed(&good, &mut random);
        let _ = streets(&path, &bytes, &format!("round {round}"));
        let _ = amenities(&path, &bytes, &format!("round {round}"));
    }
}

/// Builds a single-strip TIFF with grid tags: heights from 106 degrees east and 30 north, `step` degrees apart.
fn raster(width: u32, height: u32, step: f64, compression: u16, strip: &[u8], declared: u32) -> Vec<u8> {
    let doubles = |list: &[f64]| list.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let short = |n: u16| n.to_le_bytes().to_vec();
    let long = |n: u32| n.to_le_bytes().to_vec();
    let keys: Vec<u8> = [1u16, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326].iter().flat_map(|n| n.to_le_bytes()).collect();
    // Tag number, type, count, value.
    let entries: Vec<(u16, u16, u32, Vec<u8>)> = vec![
        (256, 4, 1, long(width)),
        (257, 4, 1, long(height)),
        (258, 3, 1, short(32)),
        (259, 3, 1, short(compression)),
        (262, 3, 1, short(1)),
        (273, 4, 1, long(8)),
        (277, 3, 1, short(1)),
        (278, 4, 1, long(height)),
        (279, 4, 1, long(declared)),
        (339, 3, 1, short(3)),
        (33550, 12, 3, doubles(&[step, step, 0.0])),
        (33922, 12, 6, doubles(&[0.0, 0.0, 0.0, 106.0, 30.0, 0.0])),
        (34735, 3, 12, keys),
    ];
    let directory = (8 + strip.len()).next_multiple_of(2);
    let mut after = directory + 2 + 12 * entries.len() + 4;
    let mut out = [b"II*\0".as_slice(), &long(directory as u32), strip].concat();
    out.resize(directory, 0);
    out.extend(short(entries.len() as u16));
    let mut contents = Vec::new();
    for (number, kind, count, content) in entries {
        out.extend([short(number), short(kind), long(count)].concat());
        if content.len() <= 4 {
            out.extend(&content);
            out.resize(out.len() + 4 - content.len(), 0);
        } else {
            out.extend(long(after as u32));
            after += content.len();
            contents.extend(content);
        }
    }
    out.extend(long(0));
    out.extend(contents);
    out
}

fn heights(path: &Path, bytes: &[u8], what: &str) -> Result<bool, String> {
    std::fs::write(path, bytes).unwrap();
    let extent = Extent { west: 100.0, south: 20.0, east: 120.0, north: 35.0 };
    within(TIFF, bytes.len(), what, || {
        Elevation::open(&[path.to_owned()], extent).map(|found| !found.is_empty()).map_err(|e| e.to_string())
    })
}

#[test]
fn rasters() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tif");
    let samples: Vec<u8> = (0..64).flat_map(|n| (200.0f32 + n as f32).to_le_bytes()).collect();
    let zlib = |bytes: &[u8]| {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(bytes).unwrap();
        zlib.finish().unwrap()
    };
    let plain = raster(8, 8, 0.1, 1, &samples, 256);
    let deflated = raster(8, 8, 0.1, 8, &zlib(&samples), zlib(&samples).len() as u32);
    assert_eq!(heights(&path, &plain, "as it was made"), Ok(true));
    assert_eq!(heights(&path, &deflated, "as it was made, packed"), Ok(true));
    let zeros = zlib(&vec![0; 64 << 20]);
    let bombs: [(&str, Vec<u8>); 9] = [
        ("2^31 by 2^31 samples", raster(1 << 31, 1 << 31, 1e-9, 1, &samples, 256)),
        ("2^32 - 1 samples in a row", raster(u32::MAX, 1, 1e-9, 1, &samples, 256)),
        ("one sample in 2^32 - 1 rows", raster(1, u32::MAX, 1e-9, 1, &samples, 256)),
        ("200,000 by 200,000 samples", raster(200_000, 200_000, 5e-6, 1, &samples, u32::MAX)),
        ("a strip that is left out", raster(20_000, 20_000, 5e-5, 1, &samples, 0)),
        ("a small strip that is left out", raster(3000, 3000, 5e-5, 1, &samples, 0)),
        ("zeros", raster(4096, 4096, 1e-4, 8, &zeros, zeros.len() as u32)),
        ("more zeros than it says", raster(8, 8, 0.1, 8, &zeros, zeros.len() as u32)),
        ("LZW", raster(4096, 4096, 1e-4, 5, &[0x80; 4096], 4096)),
    ];
    for (what, bytes) in bombs {
        let read = heights(&path, &bytes, what);
        if what.contains("samples") || what.starts_with("a strip") {
            let message = read.unwrap_err();
            assert!(
                message.contains("samples exceed the limit") || message.contains("TIFF") || message.contains("grid"),
                "{what}: {message}"
            );
        }
    }
    let nested = "<a>".repeat(100_000);
    std::fs::write(folder.path().join("x.tif.aux.xml"), format!("<PAMDataset>{nested}")).unwrap();
    let message = heights(&path, &plain, "a description nested deeply").unwrap_err();
    assert!(message.contains("nested more than"), "{message}");
    std::fs::remove_file(folder.path().join("x.tif.aux.xml")).unwrap();
    let mut random = Random(14);
    for round in 0..1500 {
        let good = if round % 2 == 0 { &plain } else { &deflated };
        let _ = heights(&path, &changed(good, &mut random), &format!("round {round}"));
    }
}

#[test]
fn prepared_streets() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streets.walkshed");
    walkshed_testing::grid(6, 100.0).save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut random = Random(15);
    let mut opened = 0;
    for round in 0..2500 {
        let mut bytes = changed(&good, &mut random);
        if round % 2 == 1 && bytes.len() >= 32 {
            // Length and checksum are those of the mutated content, so that the corruption is not detected by them.
            let words = bytes.len() as u64;
            bytes[..8].copy_from_slice(b"WALKSHED");
            bytes[8..16].copy_from_slice(&good[8..16]);
            bytes[16..24].copy_from_slice(&words.to_le_bytes());
            let sum = xxhash_rust::xxh3::xxh3_64(&bytes[32..]);
            bytes[24..32].copy_from_slice(&sum.to_le_bytes());
        }
        std::fs::write(&path, &bytes).unwrap();
        let found = within(NETWORK, bytes.len(), &format!("round {round}"), || Network::open(&path));
        // A network that opens can be searched.
        if let Ok(network) = found {
            opened += 1;
            for id in network.edge_ids() {
                assert!(network.shape(id).len() > 1 && network.heights(id).len() > 1);
                let _ = network.name(id);
            }
            let profile = walkshed_engine::Profile::Adult;
            for (x, y) in [(0.0, 0.0), (250.0, 130.0), (499.0, 499.0)] {
                let _ = network.snap(walkshed_testing::at(x, y), profile);
            }
        }
    }
    assert!(opened > 20, "{opened}: files with a checksum of their own must get past it");
}

#[test]
fn settings() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("days.toml");
    let read = |text: &[u8], what: &str| {
        std::fs::write(&path, text).unwrap();
        within(TOML, text.len(), what, || Calendar::new(Zone::default(), Some(&path)).is_ok())
    };
    let good = "[2027]\nspring = [\"2027-02-05/2027-02-11\", \"2027-03-03\"]\n[2028]\nautumn = [\"2028-10-01\"]\n";
    assert!(read(good.as_bytes(), "as it was made"));
    for (what, text) in [
        ("brackets", format!("x = {}", "[".repeat(200_000))),
        ("tables", format!("x = {}", "{a=".repeat(100_000))),
        ("dotted keys", format!("{}x = 1", "a.".repeat(100_000))),
        ("a name of tables", format!("[{}x]", "a.".repeat(100_000))),
        ("a span of days", "[2027]\nx = [\"2027-01-01/9999-12-31\"]".to_owned()),
    ] {
        assert!(!read(text.as_bytes(), what), "{what}");
    }
    let mut random = Random(16);
    for round in 0..1000 {
        let _ = read(&changed(good.as_bytes(), &mut random), &format!("round {round}"));
    }
}
