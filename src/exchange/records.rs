//! Rows to records: every field is checked, and what cannot be taken is refused with its line, field, value and why.

use super::header::Column;
use super::table::{FileProblem, Refused, Row, Table};
use super::{csv, geojson, text};
use crate::geo::{Datum, Position, parse_cell};
use crate::registry::{Category, Center, DivisionCode, Facility, PopulationCell};
use h3o::Resolution;
use std::collections::HashMap;
use std::path::Path;

/// Longest name or address, characters.
const MAX_NAME: usize = 500;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Centers,
    Facilities,
    Population,
}

impl Kind {
    /// The name in commands and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Centers => "centers",
            Self::Facilities => "facilities",
            Self::Population => "population",
        }
    }
}

/// How to read it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What the positions are in.
    pub datum: Datum,
    /// The category of rows that name none.
    pub category: Option<Category>,
}

/// The records of a file.
#[derive(Debug, Clone)]
pub enum Records {
    Centers(Vec<Center>),
    Facilities(Vec<Facility>),
    Population(Vec<PopulationCell>),
}

impl Records {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Centers(v) => v.len(),
            Self::Facilities(v) => v.len(),
            Self::Population(v) => v.len(),
        }
    }

    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a file into records. Returns the table too, for writing refused rows.
///
/// # Errors
/// [`FileProblem`] when the file as a whole cannot be used. Problems of single rows are in the list of refusals.
pub fn read_records(path: &Path, kind: Kind, options: Options) -> Result<(Records, Vec<Refused>, Table), FileProblem> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let read = match ending.as_str() {
        "csv" | "tsv" | "txt" => csv::read,
        "json" | "geojson" => geojson::read,
        _ => return Err(FileProblem::UnknownKind),
    };
    let bytes = std::fs::read(path).map_err(|e| FileProblem::Io { why: e.to_string() })?;
    let table = read(&text::decode(&bytes)?)?;
    check_columns(&table, kind, options)?;
    let has_names = table.rows.iter().any(|row| row.get(Column::Name).is_some());
    let mut reader = Reader { has_names, options, refused: Vec::new(), seen: HashMap::new(), resolution: None };
    let records = match kind {
        Kind::Centers => Records::Centers(table.rows.iter().filter_map(|r| reader.center(r)).collect()),
        Kind::Facilities => Records::Facilities(table.rows.iter().filter_map(|r| reader.facility(r)).collect()),
        Kind::Population => Records::Population(table.rows.iter().filter_map(|r| reader.population(r)).collect()),
    };
    Ok((records, reader.refused, table))
}

/// Tables without rows are a mistake; so are ones without the columns every row needs.
fn check_columns(table: &Table, kind: Kind, options: Options) -> Result<(), FileProblem> {
    let has = |column: Column| table.header.is_empty() || table.header.iter().any(|h| Column::of(h) == Some(column));
    let missing = |column: Column, hint: &'static str| {
        Err(FileProblem::MissingColumn {
            column: column.name(),
            found: format!("\"{}\"", table.header.join(", ")),
            hint,
        })
    };
    match kind {
        Kind::Centers if !has(Column::Code) => return missing(Column::Code, ""),
        Kind::Centers if !has(Column::Name) => return missing(Column::Name, ""),
        Kind::Facilities if !has(Column::Name) && !has(Column::Id) => return missing(Column::Name, ""),
        Kind::Facilities if !has(Column::Category) && options.category.is_none() => {
            return missing(Column::Category, "; give --category to put all rows into one");
        }
        Kind::Population if !has(Column::Cell) && !has(Column::Id) => return missing(Column::Cell, ""),
        Kind::Population if !has(Column::People) => return missing(Column::People, ""),
        Kind::Centers | Kind::Facilities if !has(Column::Lon) => return missing(Column::Lon, ""),
        Kind::Centers | Kind::Facilities if !has(Column::Lat) => return missing(Column::Lat, ""),
        _ => {}
    }
    if table.rows.is_empty() {
        return Err(FileProblem::BadCsv { line: 1, why: "there are no rows after the header".into() });
    }
    Ok(())
}

struct Reader {
    options: Options,
    refused: Vec<Refused>,
    /// Keys seen, with their lines.
    seen: HashMap<String, u64>,
    resolution: Option<(Resolution, u64)>,
    /// Does the table name its rows? Where it does not, they go by their ids.
    has_names: bool,
}

impl Reader {
    fn refuse<T>(&mut self, row: &Row, column: Column, why: impl ToString) -> Option<T> {
        self.refused.push(Refused::new(row.line, column.name(), row.get(column).unwrap_or_default(), why));
        None
    }

    /// Passes on a row that could be read at all.
    fn readable(&mut self, row: &Row) -> Option<()> {
        match &row.problem {
            Some(problem) => {
                self.refused.push(problem.clone());
                None
            }
            None => Some(()),
        }
    }

    fn text(&mut self, row: &Row, column: Column) -> Option<Option<String>> {
        let Some(value) = row.get(column) else { return Some(None) };
        if value.chars().count() > MAX_NAME {
            return self.refuse(row, column, format!("is longer than {MAX_NAME} characters"));
        }
        if value.chars().any(char::is_control) {
            return self.refuse(row, column, "holds a control character");
        }
        Some(Some(value.to_owned()))
    }

    fn number(&mut self, row: &Row, column: Column) -> Option<f64> {
        let Some(value) = row.get(column) else { return self.refuse(row, column, "is missing") };
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => self.refuse(row, column, "is not a number"),
        }
    }

    fn position(&mut self, row: &Row) -> Option<Position> {
        let (lon, lat) = (self.number(row, Column::Lon)?, self.number(row, Column::Lat)?);
        match self.options.datum.to_wgs84(lon, lat) {
            // Nothing stands there: the commonest stand-in for "unknown".
            Ok(p) if p.lon() == 0.0 && p.lat() == 0.0 => {
                self.refuse(row, Column::Lon, "0, 0 is no position but a missing one")
            }
            Ok(p) => Some(p),
            Err(e) => {
                let column = if (-90.0..=90.0).contains(&lat) { Column::Lon } else { Column::Lat };
                self.refuse(row, column, e)
            }
        }
    }

    /// A key may come once in a file.
    fn once(&mut self, row: &Row, column: Column, key: &str) -> Option<()> {
        if let Some(line) = self.seen.get(key).copied() {
            self.refuse(row, column, format!("is there already, in line {line}"))
        } else {
            self.seen.insert(key.to_owned(), row.line);
            Some(())
        }
    }

    fn code(&mut self, row: &Row, column: Column) -> Option<Option<DivisionCode>> {
        match row.get(column).map(DivisionCode::new) {
            None => Some(None),
            Some(Ok(code)) => Some(Some(code)),
            Some(Err(e)) => self.refuse(row, column, e),
        }
    }

    fn center(&mut self, row: &Row) -> Option<Center> {
        self.readable(row)?;
        let Some(code) = self.code(row, Column::Code)? else { return self.refuse(row, Column::Code, "is missing") };
        let Some(name) = self.text(row, Column::Name)? else { return self.refuse(row, Column::Name, "is missing") };
        let center = Center {
            id: 0,
            name,
            name_en: self.text(row, Column::NameEn)?,
            position: self.position(row)?,
            address: self.text(row, Column::Address)?,
            code,
        };
        self.once(row, Column::Code, center.code.as_str())?;
        Some(center)
    }

    fn facility(&mut self, row: &Row) -> Option<Facility> {
        self.readable(row)?;
        let id = self.text(row, Column::Id)?;
        let Some(name) = self.text(row, Column::Name)?.or_else(|| id.clone().filter(|_| !self.has_names)) else {
            return self.refuse(row, Column::Name, "is missing");
        };
        let category = match (row.get(Column::Category).map(str::parse::<Category>), self.options.category) {
            (Some(Ok(category)), _) | (None, Some(category)) => category,
            (Some(Err(e)), _) => return self.refuse(row, Column::Category, e),
            (None, None) => return self.refuse(row, Column::Category, "is missing"),
        };
        let position = self.position(row)?;
        // Without an id of its own a facility is known by what and where it is.
        let external_id =
            id.unwrap_or_else(|| format!("{name}@{:.6},{:.6}/{category}", position.lon(), position.lat()));
        let facility = Facility {
            id: 0,
            name,
            name_en: self.text(row, Column::NameEn)?,
            category,
            position,
            address: self.text(row, Column::Address)?,
            center: self.code(row, Column::Center)?,
            external_id,
        };
        self.once(row, Column::Id, &facility.external_id)?;
        Some(facility)
    }

    fn population(&mut self, row: &Row) -> Option<PopulationCell> {
        self.readable(row)?;
        let column = if row.get(Column::Cell).is_some() { Column::Cell } else { Column::Id };
        let Some(text) = row.get(column) else { return self.refuse(row, Column::Cell, "is missing") };
        let cell = match parse_cell(text) {
            Ok(cell) => cell,
            Err(e) => return self.refuse(row, column, e),
        };
        let resolution = cell.resolution();
        if !(Resolution::Seven..=Resolution::Ten).contains(&resolution) {
            return self.refuse(
                row,
                column,
                format!("is a cell of resolution {resolution}; population comes in 7 to 10"),
            );
        }
        let (first, line) = *self.resolution.get_or_insert((resolution, row.line));
        if first != resolution {
            let why = format!("is a cell of resolution {resolution}, but line {line} has {first}; a dataset has one");
            return self.refuse(row, column, why);
        }
        let people = self.number(row, Column::People)?;
        if people < 0.0 {
            return self.refuse(row, Column::People, "is negative");
        }
        self.once(row, column, &cell.to_string())?;
        Some(PopulationCell { cell, people })
    }
}
