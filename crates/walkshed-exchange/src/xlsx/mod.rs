//! Excel workbooks in: the first sheet that has rows, its first row naming the columns.
//!
//! A workbook is a zip file of XML, in which a few bytes can stand for a lot: two cells at opposite corners of a sheet, a text
//! of shared strings in every cell, a part that unpacks to a thousand times its size. Everything is therefore read as a stream,
//! and what is kept is counted: see `package.rs` (bytes unpacked), `strings.rs` (shared strings) and `cells.rs` (cells).

mod book;
mod cells;
mod numbers;
mod package;
mod strings;

use super::csv::columns_of;
use super::table::{Columns, FileProblem, Refused, Row, Table};
use book::Book;
use cells::{Context, Room, SheetRow};
use numbers::Styles;
use package::{Package, SMALL_PART, bad};
use std::sync::Arc;
use strings::Strings;
use walkshed_register::spreadsheet::plain;

/// What a column takes in a row beside its text.
const A_COLUMN: usize = 4;

/// Reads the first sheet with rows.
///
/// # Errors
/// [`FileProblem`] when it is no workbook, has no sheet with a header, or holds more than a table may.
pub fn read(bytes: &[u8], most_rows: usize) -> Result<Table, FileProblem> {
    let mut package = Package::open(bytes)?;
    let book = Book::read(&mut package)?;
    let styles = match &book.styles {
        Some(part) => package.part(part, SMALL_PART)?.map(Styles::read).transpose()?,
        None => None,
    };
    let strings = match &book.strings {
        Some(part) => package.part(part, u64::MAX)?.map(|xml| Strings::read(xml, bytes.len())).transpose()?,
        None => None,
    };
    let (styles, strings) = (styles.unwrap_or_default(), strings.unwrap_or_default());
    let context = Context { strings: &strings, styles: &styles, is_from_1904: book.is_from_1904 };
    let mut room = Room::of(bytes.len());
    for (name, part) in &book.sheets {
        let of_sheet = |problem| match problem {
            FileProblem::BadWorkbook { why } => bad(format_args!("sheet \"{name}\": {why}")),
            other => other,
        };
        let xml = package.part(part, u64::MAX).map_err(of_sheet)?;
        let mut xml = xml.ok_or_else(|| of_sheet(bad(format_args!("{part} is not in it"))))?;
        let mut sheet = Sheet { most_rows, table: None };
        cells::read(&mut xml, &context, &mut room, |row, room| sheet.add(row, room)).map_err(of_sheet)?;
        if let Some((_, mut table)) = sheet.table {
            if book.sheets.len() > 1 {
                table.notes.push(format!("the workbook has {} sheets; \"{name}\" was read", book.sheets.len()));
            }
            return Ok(table);
        }
    }
    Err(FileProblem::Empty)
}

/// A sheet as a table, while it is read.
struct Sheet {
    most_rows: usize,
    table: Option<(Arc<Columns>, Table)>,
}

impl Sheet {
    /// Adds a row; the first is the header.
    fn add(&mut self, row: &SheetRow, room: &mut Room) -> Result<(), FileProblem> {
        let Some((columns, table)) = &mut self.table else {
            let width = row.cells().last().map_or(0, |(column, _)| column + 1);
            let mut header = vec![String::new(); width];
            for (column, text) in row.cells() {
                plain(text).clone_into(&mut header[column]);
            }
            let columns = Columns::new(&columns_of(&header)?);
            self.table = Some((columns, Table { header, ..Table::default() }));
            return Ok(());
        };
        if table.rows.len() >= self.most_rows {
            return Err(FileProblem::TooManyRows { most: self.most_rows });
        }
        let width = table.header.len();
        table.beyond_header.extend(row.cells().map(|(column, _)| column).filter(|column| *column >= width));
        let problem = row.problem(width).map(|(column, why)| Refused::new(row.number, &table.header[column], "", why));
        let mut inside = row.cells().take_while(|(column, _)| *column < width).peekable();
        let last = row.cells().map(|(column, _)| column + 1).take_while(|end| *end <= width).last().unwrap_or(0);
        room.take(last * A_COLUMN)?;
        let fields = (0..last).map(|place| match inside.next_if(|(column, _)| *column == place) {
            Some((_, text)) => plain(text),
            None => "",
        });
        table.rows.push(Row::of_line(row.number, columns, fields).refused(problem));
        Ok(())
    }
}
