//! The structure of a workbook: its sheets in order, and the related parts.

use super::super::table::FileProblem;
use super::package::{Package, SMALL_PART, attribute, bad, raw};
use quick_xml::events::Event;

/// Maximum number of relations of one part, and of sheets.
const MAX_ENTRIES: usize = 10_000;

/// The parts of a workbook.
pub struct Book {
    /// Names and parts of the sheets that can have cells.
    pub sheets: Vec<(String, String)>,
    pub strings: Option<String>,
    pub styles: Option<String>,
    /// Whether dates are counted from 1904.
    pub is_from_1904: bool,
}

/// A relation from one part to another.
struct Relation {
    id: String,
    /// Last segment of the type: `worksheet`, `styles`, ...
    kind: String,
    target: String,
}

impl Book {
    /// Reads the structure.
    pub fn read(package: &mut Package<'_>) -> Result<Self, FileProblem> {
        let root = relations(package, "", "_rels/.rels")?.ok_or_else(|| bad("_rels/.rels is missing"))?;
        let workbook = root.into_iter().find(|r| r.kind == "officeDocument").map(|r| r.target);
        let workbook = workbook.ok_or_else(|| bad("no relation points to the workbook part"))?;
        let (folder, name) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
        let beside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let parts = relations(package, &beside, &format!("{beside}_rels/{name}.rels"))?.unwrap_or_default();
        let of_kind = |kind: &str| parts.iter().find(|r| r.kind == kind).map(|r| r.target.clone());
        let mut book = Self {
            sheets: Vec::new(),
            strings: of_kind("sharedStrings"),
            styles: of_kind("styles"),
            is_from_1904: false,
        };
        let mut xml = package.part(&workbook, SMALL_PART)?.ok_or_else(|| bad(format_args!("{workbook} is missing")))?;
        while let Some(event) = xml.next()? {
            let Event::Start(e) = event else { continue };
            match e.local_name().as_ref() {
                "sheet" if book.sheets.len() < MAX_ENTRIES => {
                    let name = attribute(&e, "name").unwrap_or_default();
                    let id = raw(&e, "id").unwrap_or_default();
                    let relation = parts.iter().find(|r| r.id == id);
                    let relation =
                        relation.ok_or_else(|| bad(format_args!("the part of the sheet \"{name}\" is missing")))?;
                    // Chart and macro sheets have no cells.
                    if relation.kind == "worksheet" {
                        book.sheets.push((name, relation.target.clone()));
                    }
                }
                // An extension element of the same name does not have this attribute.
                "workbookPr" => {
                    if let Some(value) = raw(&e, "date1904") {
                        book.is_from_1904 = matches!(&*value, "1" | "true");
                    }
                }
                _ => {}
            }
        }
        Ok(book)
    }
}

/// Reads the relations of a part in a folder; `None` if it has none.
fn relations(package: &mut Package<'_>, folder: &str, part: &str) -> Result<Option<Vec<Relation>>, FileProblem> {
    let Some(mut xml) = package.part(part, SMALL_PART)? else { return Ok(None) };
    let mut found = Vec::new();
    while let Some(event) = xml.next()? {
        let Event::Start(e) = event else { continue };
        if e.local_name().as_ref() != "Relationship" || found.len() >= MAX_ENTRIES {
            continue;
        }
        let kind = raw(&e, "Type").unwrap_or_default();
        let target = attribute(&e, "Target").unwrap_or_default();
        found.push(Relation {
            id: attribute(&e, "Id").unwrap_or_default(),
            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            target: match target.strip_prefix('/') {
                Some(from_root) => from_root.to_owned(),
                None => resolve_path(folder, &target),
            },
        });
    }
    Ok(Some(found))
}

/// Resolves a path relative to a folder, without `.` and `..`.
fn resolve_path(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve_path;

    #[test]
    fn resolves_targets_relative_to_the_folder_of_the_part() {
        for (folder, target, path) in [
            ("xl/", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/", "../customXml/a.xml", "customXml/a.xml"),
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("xl/", "./styles.xml", "xl/styles.xml"),
            ("", "../../a", "a"),
        ] {
            assert_eq!(resolve_path(folder, target), path);
        }
    }
}
