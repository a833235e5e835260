//! Converts rows to edits of the register. Every field is validated; an invalid row is rejected with its line, field, value
//! and reason. A row of an existing record changes only the columns present in the file.

mod columns;
mod fields;
mod kind;
mod people;
mod places;
mod services;

pub use columns::column_notes;
pub use kind::Kind;

use super::header::Column;
use super::table::{FileProblem, RejectedRow, Row, Table};
use h3o::Resolution;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use walkshed_engine::geo::Datum;
use walkshed_register::{Category, EVERYONE, Edit, PopulationCell, Rules, Validate, VisitDay};

/// Maximum number of characters of a header in a message.
const MAX_SHOWN_HEADER: usize = 2000;

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|k| k.name() == text)
            .ok_or_else(|| format!("unknown kind \"{text}\". Available: {}", all()))
    }
}

/// Options of an import.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The datum of the positions.
    pub datum: Datum,
    /// The category of rows without one.
    pub category: Option<Category>,
    /// The time of the import: the default time of receipt of suggestions.
    pub now: Timestamp,
}

/// The edits and rejected rows of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    pub edits: Vec<Edit>,
    pub refused: Vec<RejectedRow>,
}

/// Converts a table to edits of the register in `rules`.
///
/// # Errors
/// [`FileProblem`] if the table as a whole cannot be used. Problems of single rows are in the list of rejected rows.
pub fn read_edits(table: &Table, kind: Kind, options: Options, rules: Rules<'_>) -> Result<Read, FileProblem> {
    check_columns(table, kind, options)?;
    let has_names = table.rows.iter().any(|row| row.get(Column::Name).is_some());
    let mut reader = Reader { has_names, options, rules, refused: Vec::new(), seen: HashMap::new(), resolution: None };
    let rows = table.rows.iter();
    let edits = match kind {
        Kind::Centers => rows.filter_map(|r| reader.center(r)).map(|c| Edit::Put(c.into())).collect(),
        Kind::Facilities => rows.filter_map(|r| reader.facility(r)).map(|f| Edit::Put(f.into())).collect(),
        Kind::Services => rows.filter_map(|r| reader.service(r)).map(|s| Edit::Put(s.into())).collect(),
        Kind::Offers => rows.filter_map(|r| reader.offer(r)).map(|o| Edit::Put(o.into())).collect(),
        Kind::Events => rows.filter_map(|r| reader.event(r)).map(|e| Edit::Put(e.into())).collect(),
        Kind::Suggestions => rows.filter_map(|r| reader.suggestion(r)).map(|s| Edit::Put(s.into())).collect(),
        Kind::Regions => {
            let regions: Vec<_> = rows.flat_map(|r| reader.regions(r)).collect();
            regions.into_iter().map(|r| Edit::Put(r.into())).collect()
        }
        Kind::Visits => reader.visit_days(table).into_iter().map(Edit::Visits).collect(),
        Kind::Population => reader.populations(table),
    };
    let mut refused = reader.refused;
    refused.sort_by_key(|r| r.line);
    Ok(Read { edits, refused })
}

/// Rejects tables without rows or without the required columns.
fn check_columns(table: &Table, kind: Kind, options: Options) -> Result<(), FileProblem> {
    let has = |column: &Column| table.header.is_empty() || table.header.iter().any(|h| Column::of(h) == Some(*column));
    let missing = |column: Column, hint: &'static str| {
        Err(FileProblem::MissingColumn {
            column: column.name(),
            found: format!("\"{}\"", table.header.join(", ").chars().take(MAX_SHOWN_HEADER).collect::<String>()),
            hint,
        })
    };
    if let Some(needed) = kind.needs().iter().find(|any| !any.iter().any(has)) {
        return missing(needed[0], "");
    }
    if kind == Kind::Facilities && !has(&Column::Category) && !has(&Column::Kind) && options.category.is_none() {
        return missing(Column::Category, "; or set the category of all rows with --category");
    }
    if table.rows.is_empty() {
        return Err(FileProblem::BadCsv { line: 1, why: "there are no rows after the header".into() });
    }
    Ok(())
}

struct Reader<'a> {
    options: Options,
    rules: Rules<'a>,
    refused: Vec<RejectedRow>,
    /// Keys seen so far, with their lines.
    seen: HashMap<String, u64>,
    resolution: Option<(Resolution, u64)>,
    /// Whether any row has a name. If not, ids are used as names.
    has_names: bool,
}

impl Reader<'_> {
    fn refuse<T>(&mut self, row: &Row, column: Column, why: impl ToString) -> Option<T> {
        self.refused.push(RejectedRow::new(row.line, column.name(), row.get(column).unwrap_or_default(), why));
        None
    }

    /// Rejects a row that has a problem from reading the file.
    fn readable(&mut self, row: &Row) -> Option<()> {
        match &row.problem {
            Some(problem) => {
                self.refused.push((**problem).clone());
                None
            }
            None => Some(()),
        }
    }

    /// Rejects a key that occurred before in the file.
    fn once(&mut self, row: &Row, column: Column, key: &str) -> Option<()> {
        if let Some(line) = self.seen.get(key).copied() {
            self.refuse(row, column, format!("already occurs in line {line}"))
        } else {
            self.seen.insert(key.to_owned(), row.line);
            Some(())
        }
    }

    /// Returns a valid record, or rejects the row with its first problem.
    fn valid<T: Validate>(&mut self, row: &Row, record: T) -> Option<T> {
        match record.problems(&self.rules).into_iter().next() {
            None => Some(record),
            Some(problem) => {
                let value = Column::of(problem.field).and_then(|c| row.get(c)).unwrap_or_default();
                self.refused.push(RejectedRow::new(row.line, problem.field, value, problem.message));
                None
            }
        }
    }

    /// Reads days of visits. A day is replaced as a whole, so that one rejected row rejects all rows of its day.
    fn visit_days(&mut self, table: &Table) -> Vec<VisitDay> {
        let mut days: BTreeMap<(i64, jiff::civil::Date), (VisitDay, Vec<u64>)> = BTreeMap::new();
        let mut incomplete: HashMap<(i64, jiff::civil::Date), u64> = HashMap::new();
        for row in &table.rows {
            let before = self.refused.len();
            let Some(((center, day), count)) = self.visit(row) else { continue };
            let Some(count) = count else {
                incomplete.entry((center, day)).or_insert(row.line);
                debug_assert!(self.refused.len() > before, "rows of incomplete days are rejected");
                continue;
            };
            let entry = days.entry((center, day));
            let (visits, lines) = entry.or_insert_with(|| (VisitDay { center, day, counts: Vec::new() }, Vec::new()));
            visits.counts.push(count);
            lines.push(row.line);
            if let Some(problem) = visits.problems(&self.rules).into_iter().next() {
                visits.counts.pop();
                lines.pop();
                self.refused.push(RejectedRow::new(row.line, problem.field, &day.to_string(), problem.message));
                incomplete.entry((center, day)).or_insert(row.line);
            }
        }
        for (key, line) in incomplete {
            for also in days.remove(&key).map(|(_, lines)| lines).unwrap_or_default() {
                let why = format!("a day is replaced as a whole, and its line {line} was rejected");
                self.refused.push(RejectedRow::new(also, "day", &key.1.to_string(), why));
            }
        }
        days.into_values()
            .map(|(mut day, _)| {
                day.sort();
                day
            })
            .collect()
    }

    /// Reads the population of each group in the file.
    fn populations(&mut self, table: &Table) -> Vec<Edit> {
        let mut groups: BTreeMap<String, Vec<PopulationCell>> = BTreeMap::new();
        for row in &table.rows {
            if let Some((group, cell)) = self.population(row) {
                groups.entry(group).or_default().push(cell);
            }
        }
        // All groups must have cells of the same resolution.
        let known = self.rules.register.population.first().map(|c| c.cell.resolution());
        if let (Some(known), Some((new, line))) = (known, self.resolution)
            && known != new
            && !groups.contains_key(EVERYONE)
        {
            let why = format!("is a cell of resolution {new}, but the population of everyone has {known}");
            self.refused.push(RejectedRow::new(line, Column::Cell.name(), "", why));
            return Vec::new();
        }
        // Everyone first, because the other groups are subsets.
        let (first, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(name, _)| name == EVERYONE);
        first.into_iter().chain(rest).map(|(group, cells)| Edit::Population { group, cells }).collect()
    }
}
