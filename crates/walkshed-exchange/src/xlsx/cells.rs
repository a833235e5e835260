//! The cells of a sheet, row by row as they stand in the file. Only cells that hold something are kept, wherever they are.

use super::super::table::{FileProblem, MAX_COLUMNS, MAX_FIELD, cut};
use super::numbers::{Meaning, Styles, moment_text, number_text};
use super::package::{Xml, bad, cut_off, shown};
use super::strings::{Strings, rich_text, unescape};
use quick_xml::events::{BytesStart, Event};

/// Rows of a sheet.
const ROWS: u64 = 1_048_576;
/// What the cells of a sheet may take: so many times the bytes of the file, and so many more.
const CELLS: usize = 32;
const CELLS_MORE: usize = 16 << 20;
/// What a cell and a row take beside their texts.
const A_CELL: usize = 16;
const A_ROW: usize = 128;

/// What the cells of a workbook may take in memory, and how much of it is left.
pub struct Room {
    most: usize,
    left: usize,
}

impl Room {
    /// For a file of this size.
    pub const fn of(size: usize) -> Self {
        let most = size.saturating_mul(CELLS).saturating_add(CELLS_MORE);
        Self { most, left: most }
    }

    /// Takes some of it.
    pub fn take(&mut self, bytes: usize) -> Result<(), FileProblem> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                return Err(bad(format_args!(
                    "its cells take more than {} MiB, {CELLS} times the size of the file; save it as CSV, or cut it into several",
                    self.most >> 20
                )));
            }
        }
        Ok(())
    }
}

/// What cells refer to.
pub struct Context<'a> {
    pub strings: &'a Strings,
    pub styles: &'a Styles,
    pub is_from_1904: bool,
}

/// A cell that holds something.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    /// Where its text stands in that of the row.
    start: usize,
    end: usize,
    wrong: Wrong,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// Its text is the error of a formula.
    Error,
    TooLong,
}

/// A row with cells that hold something.
#[derive(Default)]
pub struct SheetRow {
    /// As the program shows it, from 1 on.
    pub number: u64,
    text: String,
    /// By rising columns, each once.
    cells: Vec<Cell>,
}

impl SheetRow {
    /// The texts of its cells by column, counted from 0.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &str)> {
        self.cells.iter().map(|cell| (cell.column, self.text_of(cell)))
    }

    fn text_of(&self, cell: &Cell) -> &str {
        if cell.wrong == Wrong::Error { "" } else { &self.text[cell.start..cell.end] }
    }

    /// Its first cell that cannot be taken, among so many columns, and why.
    pub fn problem(&self, columns: usize) -> Option<(usize, String)> {
        let wrong = self.cells.iter().find(|cell| cell.column < columns && cell.wrong != Wrong::Nothing)?;
        let why = match wrong.wrong {
            Wrong::Error => format!("holds the error {}", shown(&self.text[wrong.start..wrong.end])),
            _ => format!("is longer than {MAX_FIELD} bytes"),
        };
        Some((wrong.column, why))
    }

    fn is_blank(&self) -> bool {
        self.cells().all(|(_, text)| text.is_empty())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Puts cells into their order; of two in one place the later counts.
    fn sort(&mut self) {
        if self.cells.is_sorted_by(|a, b| a.column < b.column) {
            return;
        }
        self.cells.reverse();
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
    }
}

/// Reads a sheet: `each` is called for every row that is not blank, in rising order.
pub fn read(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    room: &mut Room,
    mut each: impl FnMut(&SheetRow, &mut Room) -> Result<(), FileProblem>,
) -> Result<(), FileProblem> {
    loop {
        match xml.next()?.ok_or_else(cut_off)? {
            Event::Start(e) if e.local_name().as_ref() == "sheetData" => break,
            _ => {}
        }
    }
    let mut row = SheetRow::default();
    loop {
        let number = match xml.next()?.ok_or_else(cut_off)? {
            Event::Start(e) if e.local_name().as_ref() == "row" => {
                let given = e.attributes().with_checks(false).flatten().find(|a| a.key.as_ref() == "r");
                given.map(|a| a.value.trim().parse::<u64>().map_err(|_| bad("a row has no number"))).transpose()?
            }
            Event::End(e) if e.local_name().as_ref() == "sheetData" => return Ok(()),
            _ => continue,
        };
        let next = row.number + 1;
        row.number = number.unwrap_or(next);
        if row.number < next || row.number > ROWS {
            return Err(bad(format_args!("row {} comes after row {}", row.number, next - 1)));
        }
        row.clear();
        read_row(xml, context, room, &mut row)?;
        if !row.is_blank() {
            row.sort();
            room.take(A_ROW)?;
            each(&row, room)?;
        }
    }
}

fn read_row(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    room: &mut Room,
    row: &mut SheetRow,
) -> Result<(), FileProblem> {
    let mut column = 0;
    let mut value = String::new();
    loop {
        let head = match xml.next()?.ok_or_else(cut_off)? {
            Event::Start(e) if e.local_name().as_ref() == "c" => Head::of(&e, column, row.number)?,
            Event::End(e) if e.local_name().as_ref() == "row" => return Ok(()),
            _ => continue,
        };
        column = head.column + 1;
        let start = row.text.len();
        let mut wrong = read_cell(xml, context, &head, &mut value, &mut row.text)?;
        let text = row.text.split_off(start);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if text.len() > MAX_FIELD {
            wrong = Wrong::TooLong;
        }
        if row.cells.len() >= MAX_COLUMNS {
            return Err(bad(format_args!("row {} has more cells than a sheet has columns", row.number)));
        }
        let text = cut(text);
        room.take(A_CELL + text.len())?;
        row.text.push_str(text);
        row.cells.push(Cell { column: head.column, start, end: row.text.len(), wrong });
    }
}

/// How the text of a cell is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number { is_said: bool },
    Shared,
    Inline,
    Text,
    Bool,
    Error,
    Day,
}

/// What the tag of a cell says.
struct Head {
    column: usize,
    kind: Kind,
    style: Option<usize>,
}

impl Head {
    fn of(start: &BytesStart<'_>, next: usize, row: u64) -> Result<Self, FileProblem> {
        let mut head = Self { column: next, kind: Kind::Number { is_said: false }, style: None };
        for attribute in start.attributes().with_checks(false).flatten() {
            let value = &*attribute.value;
            match attribute.key.as_ref() {
                "r" => {
                    let (column, of_row) =
                        place(value).ok_or_else(|| bad(format_args!("\"{}\" is no cell of a sheet", shown(value))))?;
                    if of_row != row {
                        return Err(bad(format_args!("the cell {} stands in row {row}", shown(value))));
                    }
                    head.column = column;
                }
                "s" => head.style = value.parse().ok(),
                "t" => {
                    head.kind = match value {
                        "n" => Kind::Number { is_said: true },
                        "s" => Kind::Shared,
                        "inlineStr" | "is" => Kind::Inline,
                        "str" => Kind::Text,
                        "b" => Kind::Bool,
                        "e" => Kind::Error,
                        "d" => Kind::Day,
                        other => return Err(bad(format_args!("\"{}\" is no type of a cell", shown(other)))),
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

/// The column (from 0) and row (from 1) of a reference such as `XFD1048576`.
fn place(text: &str) -> Option<(usize, u64)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (column, row) = text.split_at(letters);
    if !(1..=3).contains(&letters) || row.is_empty() || row.len() > 7 || !row.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let column = column.bytes().fold(0, |sum, b| sum * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    let row = row.parse().ok().filter(|row| (1..=ROWS).contains(row))?;
    (column <= MAX_COLUMNS).then_some((column - 1, row))
}

/// Adds the text of a cell whose tag has been read, as it would stand in a CSV file. A formula has the value it last had.
fn read_cell(
    xml: &mut Xml<'_, '_>,
    context: &Context<'_>,
    head: &Head,
    value: &mut String,
    into: &mut String,
) -> Result<Wrong, FileProblem> {
    let start = into.len();
    let mut wrong = Wrong::Nothing;
    loop {
        let is_value = match xml.next()?.ok_or_else(cut_off)? {
            Event::End(e) if e.local_name().as_ref() == "c" => return Ok(wrong),
            Event::Start(e) => match e.local_name().as_ref() {
                "is" => false,
                // What stands beside an inline text repeats it.
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
            wrong = of_value(value, context, head, into)?;
        } else {
            rich_text(xml, "is", into)?;
        }
    }
}

fn of_value(value: &str, context: &Context<'_>, head: &Head, into: &mut String) -> Result<Wrong, FileProblem> {
    let plain = value.trim();
    match head.kind {
        _ if plain.is_empty() => {}
        Kind::Shared => {
            let text = plain.parse().ok().and_then(|index| context.strings.get(index));
            into.push_str(text.ok_or_else(|| bad("a cell refers to a text that is not in the table of texts"))?);
        }
        Kind::Bool => into.push_str(match plain.to_ascii_lowercase().as_str() {
            "0" | "false" => "false",
            "1" | "true" => "true",
            other => return Err(bad(format_args!("\"{}\" is no truth value", shown(other)))),
        }),
        Kind::Error => {
            into.push_str(plain);
            return Ok(Wrong::Error);
        }
        Kind::Text | Kind::Inline => unescape(value, into),
        Kind::Day => into.push_str(plain),
        Kind::Number { is_said } => match plain.parse::<f64>() {
            Ok(number) => {
                let day = (context.styles.meaning(head.style) == Meaning::Moment)
                    .then(|| moment_text(number, context.is_from_1904))
                    .flatten();
                into.push_str(&day.unwrap_or_else(|| number_text(number)));
            }
            Err(_) if is_said => return Err(bad(format_args!("\"{}\" is no number", shown(plain)))),
            Err(_) => into.push_str(plain),
        },
    }
    Ok(Wrong::Nothing)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn references_are_read_to_the_last_cell_of_a_sheet() {
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
            assert_eq!(place(text), found, "{text}");
        }
    }
}
