//! Tables: CSV, Excel and GeoJSON.

use crate::sections::sections;
use std::io::Write;
use walkshed_exchange::{Format, Kind, Options, Read, parse_table_with_limit, read_edits};
use walkshed_register::{Calendar, Kinds, Register, Rules};
use zip::write::SimpleFileOptions;

/// The parts of a workbook that an input gives, in this order, and what stands for those that it does not give.
const PARTS: [(&str, &str); 6] = [
    ("xl/worksheets/sheet1.xml", "<worksheet/>"),
    ("xl/sharedStrings.xml", "<sst/>"),
    ("xl/styles.xml", "<styleSheet/>"),
    ("xl/workbook.xml", r#"<workbook><sheets><sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>"#),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="c" Type="x/styles" Target="styles.xml"/></Relationships>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
];

/// A table in CSV, read as every kind of record.
pub fn csv(data: &[u8]) -> bool {
    table(data, Format::Csv)
}

/// A feature collection, read as every kind of record.
pub fn geojson(data: &[u8]) -> bool {
    table(data, Format::GeoJson)
}

/// A workbook. An input that is no ZIP archive stands for the parts of one, so that the fuzzer reaches the XML: sheet, shared
/// strings, styles, workbook and the relations of both, separated by lines that hold `---` alone.
pub fn xlsx(data: &[u8]) -> bool {
    if data.starts_with(b"PK") {
        return table(data, Format::Xlsx);
    }
    let given = sections(data);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (index, (name, default)) in PARTS.iter().enumerate() {
        archive.start_file(*name, SimpleFileOptions::default()).expect("the name is valid");
        let part = given.get(index).copied().unwrap_or(default.as_bytes());
        archive.write_all(part).expect("a vector takes all bytes");
    }
    let bytes = archive.finish().expect("the archive is complete").into_inner();
    table(&bytes, Format::Xlsx)
}

fn table(data: &[u8], format: Format) -> bool {
    let Ok(table) = parse_table_with_limit(data, format, None, 10_000) else { return false };
    let (register, kinds, calendar) = (Register::default(), Kinds::default(), Calendar::default());
    for kind in Kind::ALL {
        let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
        if let Ok(Read { edits, refused }) = read_edits(&table, kind, Options::default(), rules) {
            // Every row becomes part of an edit, is refused, or is empty; it is never both.
            assert!(edits.len() + refused.len() <= 2 * table.rows.len() + 2, "{}", kind.name());
        }
    }
    true
}
