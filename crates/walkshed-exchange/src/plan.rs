//! Plans an import: the edits, the rejected rows, and whether the import proceeds.

use super::records::{Kind, Options, column_notes, read_edits};
use super::table::{FileProblem, RejectedRow, Table};
use std::collections::{HashMap, HashSet};
use walkshed_register::{AnyRecord, Edit, ImportRecord, Register, Rules, Status};

/// Maximum number of ids listed in one note.
const MAX_LISTED_IDS: usize = 50;

/// The planned import of a table.
#[derive(Debug, Clone)]
pub struct Plan {
    pub edits: Vec<Edit>,
    pub refused: Vec<RejectedRow>,
    /// The import report, before the store fills in its counts.
    pub record: ImportRecord,
    pub notes: Vec<String>,
}

/// An import that does not proceed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    File(#[from] FileProblem),
    #[error("{} of {rows} rows were refused, so nothing was imported", refused.len())]
    Refused { rows: usize, refused: Vec<RejectedRow>, notes: Vec<String> },
    #[error("no row could be used")]
    Nothing { rows: usize, refused: Vec<RejectedRow>, notes: Vec<String> },
}

impl PlanError {
    /// Returns the rejected rows.
    #[must_use]
    pub fn refused(&self) -> &[RejectedRow] {
        match self {
            Self::File(_) => &[],
            Self::Refused { refused, .. } | Self::Nothing { refused, .. } => refused,
        }
    }

    /// Returns the notes on how the file was read.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        match self {
            Self::File(_) => &[],
            Self::Refused { notes, .. } | Self::Nothing { notes, .. } => notes,
        }
    }

    /// Returns the number of rows in the file.
    #[must_use]
    pub const fn rows(&self) -> usize {
        match self {
            Self::File(_) => 0,
            Self::Refused { rows, .. } | Self::Nothing { rows, .. } => *rows,
        }
    }
}

/// Plans an import. With `keep_going`, rejected rows are skipped; otherwise any rejected row aborts the import.
///
/// # Errors
/// [`PlanError`] with all rejected rows.
pub fn plan(
    table: &Table,
    kind: Kind,
    options: Options,
    rules: Rules<'_>,
    keep_going: bool,
    source: &str,
) -> Result<Plan, PlanError> {
    let read = read_edits(table, kind, options, rules)?;
    let rows = table.rows.len();
    let mut notes: Vec<String> = table.notes.iter().cloned().chain(column_notes(table, kind)).collect();
    notes.extend(still_open_note(table, rules.register));
    if !read.refused.is_empty() && !keep_going {
        return Err(PlanError::Refused { rows, refused: read.refused, notes });
    }
    if read.edits.is_empty() {
        return Err(PlanError::Nothing { rows, refused: read.refused, notes });
    }
    let record = ImportRecord {
        kind: kind.name().to_owned(),
        source: source.to_owned(),
        at: options.now.round(jiff::Unit::Second).unwrap_or(options.now).to_string(),
        rows: rows as u64,
        inserted: 0,
        updated: 0,
        unchanged: 0,
        refused: read.refused.len() as u64,
    };
    Ok(Plan { edits: read.edits, refused: read.refused, record, notes })
}

/// Returns a note on facilities that the file omits as not open but that are open in the register.
fn still_open_note(table: &Table, register: &Register) -> Option<String> {
    let is_open = |id: &&String| register.facilities.find(id).is_some_and(|f| f.status == Status::Open);
    let ids: Vec<&str> = table.left_out.iter().filter(is_open).map(String::as_str).collect();
    let more = ids.len().saturating_sub(MAX_LISTED_IDS);
    let shown = ids[..ids.len() - more].join(", ");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!ids.is_empty()).then(|| {
        format!(
            "{} of the omitted facilities are open in the register and remain open until you close or delete them: {shown}{rest}",
            ids.len()
        )
    })
}

/// Counts the records that edits would insert, change and leave unchanged.
#[must_use]
pub fn count_changes(edits: &[Edit], register: &Register) -> [u64; 3] {
    let mut counts = [0; 3];
    for edit in edits {
        match edit {
            Edit::Put(record) => {
                let same = match &**record {
                    AnyRecord::Center(r) => register.centers.get(r.id).map(|old| **old == *r),
                    AnyRecord::Facility(r) => register.facilities.get(r.id).map(|old| **old == *r),
                    AnyRecord::Service(r) => register.services.get(r.id).map(|old| **old == *r),
                    AnyRecord::Offer(r) => register.offers.get(r.id).map(|old| **old == *r),
                    AnyRecord::Event(r) => register.events.get(r.id).map(|old| **old == *r),
                    AnyRecord::Suggestion(r) => register.suggestions.get(r.id).map(|old| **old == *r),
                    AnyRecord::Region(r) => register.regions.get(r.id).map(|old| **old == *r),
                    AnyRecord::Scenario(r) => register.scenarios.get(r.id).map(|old| **old == *r),
                    AnyRecord::Standard(r) => register.standards.get(r.id).map(|old| **old == *r),
                };
                counts[same.map_or(0, |same| if same { 2 } else { 1 })] += 1;
            }
            Edit::Delete { .. } => counts[1] += 1,
            Edit::Visits(day) => {
                let old = register.visits_of(day.center).map(|v| v.on(day.day)).unwrap_or_default();
                counts[if old.is_empty() { 0 } else { 1 + usize::from(old == day.counts) }] += 1;
            }
            Edit::Population { group, cells } => {
                let old: HashMap<_, _> =
                    register.people(group).into_iter().flat_map(|c| c.iter().map(|c| (c.cell, c.people))).collect();
                for c in cells {
                    let same = old.get(&c.cell).map(|people| people.to_bits() == c.people.to_bits());
                    counts[same.map_or(0, |same| if same { 2 } else { 1 })] += 1;
                }
                let kept: HashSet<_> = cells.iter().map(|c| c.cell).collect();
                counts[1] += old.keys().filter(|cell| !kept.contains(cell)).count() as u64;
            }
        }
    }
    counts
}
