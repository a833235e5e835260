//! Reads the cells of a sheet row by row. Only non-empty cells are stored.

use super::super::table::{FileProblem, MAX_COLUMNS, MAX_FIELD, cut};
use super::numbers::{Meaning, Styles, moment_text, number_text};
use super::package::{Xml, bad, shown, truncated};
use super::strings::{Strings, rich_text, unescape};
use quick_xml::events::{BytesStart, Event};

/// Maximum number of rows of a sheet.
const MAX_SHEET_ROWS: u64 = 1_048_576;
/// The cells of a workbook may take this many times the size of the file in memory ...
const MAX_RATIO: usize = 32;
/// ... plus this many bytes.
const RATIO_ALLOWANCE: usize = 16 << 20;
/// Memory per cell and per row in addition to their texts, in bytes.
const CELL_BYTES: usize = 16;
const ROW_BYTES: usize = 128;

/// The memory limit for the cells of a workbook, and what is left of it.
pub struct MemoryBudget {
    limit: usize,
    left: usize,
}

impl MemoryBudget {
    /// Creates the budget for a file of a size.
    pub const fn of(size: usize) -> Self {
        let limit = size.saturating_mul(MAX_RATIO).saturating_add(RATIO_ALLOWANCE);
        Self { limit, left: limit }
    }

    /// Charges some bytes.
    pub fn take(&mut self, bytes: usize) -> Result<(), FileProblem> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                return Err(bad(format_args!(
                    "its cells take more than {} MiB, {MAX_RATIO} times the size of the file; save it as CSV, or split it into several files",
                    self.limit >> 20
                )));
            }
        }
        Ok(())
    }
}

/// The tables that cells refer to.
pub struct Context<'a> {
    pub strings: &'a Strings,
    pub styles: &'a Styles,
    pub is_from_1904: bool,
}

/// A non-empty cell.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    /// Range of its text in the text of the row.
    start: usize,
    end: usize,
    problem: CellProblem,
}

/// The problem of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellProblem {
    None,
    /// The text is the error of a formula.
    Error,
    TooLong,
}

/// The non-empty cells of a row.
#[derive(Default)]
pub struct SheetRow {
    /// Row number, from 1.
    pub number: u64,
    text: String,
    /// Sorted by column, without duplicates.
    cells: Vec<Cell>,
}

impl SheetRow {
    /// Iterates over the columns, counted from 0, and texts of the cells.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &str)> {
        self.cells.iter().map(|cell| (cell.column, self.text_of(cell)))
    }

    fn text_of(&self, cell: &Cell) -> &str {
        if cell.problem == CellProblem::Error { "" } else { &self.text[cell.start..cell.end] }
    }

    /// Returns the first of `columns` columns whose cell has a problem, and the reason.
    pub fn problem(&self, columns: usize) -> Option<(usize, String)> {
        let cell = self.cells.iter().find(|cell| cell.column < columns && cell.problem != CellProblem::None)?;
        let why = match cell.problem {
            CellProblem::Error => format!("contains the error {}", shown(&self.text[cell.start..cell.end])),
            _ => format!("is longer than {MAX_FIELD} bytes"),
        };
        Some((cell.column, why))
    }

    fn is_blank(&self) -> bool {
        self.cells().all(|(_, text)| text.is_empty())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Sorts the cells by column. Of duplicates the last is kept.
    fn sort(&mut self) {
        if self.cells.is_sorted_by(|a, b| a.column < b.column) {
            return;
        }
        self.cells.reverse();
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
    }
}

/// Reads a sheet. Calls `each` for every non-blank row, in ascending order.
pub fn read(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    budget: &mut MemoryBudget,
    mut each: impl FnMut(&SheetRow, &mut MemoryBudget) -> Result<(), FileProblem>,
) -> Result<(), FileProblem> {
    loop {
        match xml.next()?.ok_or_else(truncated)? {
            Event::Start(e) if e.local_name().as_ref() == "sheetData" => break,
            _ => {}
        }
    }
    let mut row = SheetRow::default();
    loop {
        let number = match xml.next()?.ok_or_else(truncated)? {
            Event::Start(e) if e.local_name().as_ref() == "row" => {
                let given = e.attributes().with_checks(false).flatten().find(|a| a.key.as_ref() == "r");
                given
                    .map(|a| a.value.trim().parse::<u64>().map_err(|_| bad("a row has an invalid number")))
                    .transpose()?
            }
            Event::End(e) if e.local_name().as_ref() == "sheetData" => return Ok(()),
            _ => continue,
        };
        let next = row.number + 1;
        row.number = number.unwrap_or(next);
        if row.number < next || row.number > MAX_SHEET_ROWS {
            return Err(bad(format_args!("row {} comes after row {}", row.number, next - 1)));
        }
        row.clear();
        read_row(xml, context, budget, &mut row)?;
        if !row.is_blank() {
            row.sort();
            budget.take(ROW_BYTES)?;
            each(&row, budget)?;
        }
    }
}

fn read_row(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    budget: &mut MemoryBudget,
    row: &mut SheetRow,
) -> Result<(), FileProblem> {
    let mut column = 0;
    let mut value = String::new();
    loop {
        let head = match xml.next()?.ok_or_else(truncated)? {
            Event::Start(e) if e.local_name().as_ref() == "c" => Head::of(&e, column, row.number)?,
            Event::End(e) if e.local_name().as_ref() == "row" => return Ok(()),
            _ => continue,
        };
        column = head.column + 1;
        let start = row.text.len();
        let mut problem = read_cell(xml, context, &head, &mut value, &mut row.text)?;
        let text = row.text.split_off(start);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if text.len() > MAX_FIELD {
            problem = CellProblem::TooLong;
        }
        if row.cells.len() >= MAX_COLUMNS {
            return Err(bad(format_args!("row {} has more cells than a sheet has columns", row.number)));
        }
        let text = cut(text);
        budget.take(CELL_BYTES + text.len())?;
        row.text.push_str(text);
        row.cells.push(Cell { column: head.column, start, end: row.text.len(), problem });
    }
}

/// The type of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number { is_explicit: bool },
    Shared,
    Inline,
    Text,
    Bool,
    Error,
    Day,
}

/// The attributes of a cell.
struct Head {
    column: usize,
    kind: Kind,
    style: Option<usize>,
}

impl Head {
    fn of(start: &BytesStart<'_>, next: usize, row: u64) -> Result<Self, FileProblem> {
        let mut head = Self { column: next, kind: Kind::Number { is_explicit: false }, style: None };
        for attribute in start.attributes().with_checks(false).flatten() {
            let value = &*attribute.value;
            match attribute.key.as_ref() {
                "r" => {
                    let (column, of_row) = parse_reference(value)
                        .ok_or_else(|| bad(format_args!("\"{}\" is not a cell reference", shown(value))))?;
                    if of_row != row {
                        return Err(bad(format_args!("the cell {} is in row {row}", shown(value))));
                    }
                    head.column = column;
                }
                "s" => head.style = value.parse().ok(),
                "t" => {
                    head.kind = match value {
                        "n" => Kind::Number { is_explicit: true },
                        "s" => Kind::Shared,
                        "inlineStr" | "is" => Kind::Inline,
                        "str" => Kind::Text,
                        "b" => Kind::Bool,
                        "e" => Kind::Error,
                        "d" => Kind::Day,
                        other => return Err(bad(format_args!("\"{}\" is not a cell type", shown(other)))),
                    };
                }
                _ => {}
            }
        }
        if head.column >= MAX_COLUMNS {
            return Err(bad(format_args!("row {row} has cells after the last column, XFD")));
        }
        Ok(head)
    }
}

/// Parses a reference such as `XFD1048576` into a column (from 0) and a row (from 1).
fn parse_reference(text: &str) -> Option<(usize, u64)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at(letters);
    if !(1..=3).contains(&letters) || row.is_empty() || row.len() > 7 || !row.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let column = column.bytes().fold(0, |sum, b| sum * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    let row = row.parse().ok().filter(|row| (1..=MAX_SHEET_ROWS).contains(row))?;
    (column <= MAX_COLUMNS).then_some((column - 1, row))
}

/// Appends the text of a cell whose start tag has been read, as it would be in a CSV file. Formulas have their cached value.
fn read_cell(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    head: &Head,
    value: &mut String,
    into: &mut String,
) -> Result<CellProblem, FileProblem> {
    let start = into.len();
    let mut problem = CellProblem::None;
    loop {
        let is_value = match xml.next()?.ok_or_else(truncated)? {
            Event::End(e) if e.local_name().as_ref() == "c" => return Ok(problem),
            Event::Start(e) => match e.local_name().as_ref() {
                "is" => false,
                // A value next to an inline text repeats the text.
                "v" if head.kind != Kind::Inline => true,
                _ => {
                    xml.skip()?;
                    continue;
                }
            },
            _ => continue,
        };
        into.truncate(start);
        if is_value {
            value.clear();
            xml.text(value)?;
            problem = of_value(value, context, head, into)?;
        } else {
            rich_text(xml, "is", into)?;
        }
    }
}

fn of_value(value: &str, context: &Context<'_>, head: &Head, into: &mut String) -> Result<CellProblem, FileProblem> {
    let plain = value.trim();
    match head.kind {
        _ if plain.is_empty() => {}
        Kind::Shared => {
            let text = plain.parse().ok().and_then(|index| context.strings.get(index));
            into.push_str(text.ok_or_else(|| bad("a cell refers to a shared string that does not exist"))?);
        }
        Kind::Bool => into.push_str(match plain.to_ascii_lowercase().as_str() {
            "0" | "false" => "false",
            "1" | "true" => "true",
            other => return Err(bad(format_args!("\"{}\" is not a boolean", shown(other)))),
        }),
        Kind::Error => {
            into.push_str(plain);
            return Ok(CellProblem::Error);
        }
        Kind::Text | Kind::Inline => unescape(value, into),
        Kind::Day => into.push_str(plain),
        Kind::Number { is_explicit } => match plain.parse::<f64>() {
            Ok(number) => {
                let day = (context.styles.meaning(head.style) == Meaning::Moment)
                    .then(|| moment_text(number, context.is_from_1904))
                    .flatten();
                into.push_str(&day.unwrap_or_else(|| number_text(number)));
            }
            Err(_) if is_explicit => return Err(bad(format_args!("\"{}\" is not a number", shown(plain)))),
            Err(_) => into.push_str(plain),
        },
    }
    Ok(CellProblem::None)
}

#[cfg(test)]
mod tests {
    use super::parse_reference;

    #[test]
    fn parses_references_up_to_the_last_cell() {
        for (text, found) in [
            ("A1", Some((0, 1))),
            ("z9", Some((25, 9))),
            ("AA10", Some((26, 10))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("XFE1", None),
            ("ZZZ1", None),
            ("AAAA1", None),
            ("A1048577", None),
            ("A99999999999", None),
            ("A0", None),
            ("A", None),
            ("1", None),
            ("A-1", None),
            ("甲1", None),
            ("", None),
        ] {
            assert_eq!(parse_reference(text), found, "{text}");
        }
    }
}
