//! Reads Excel workbooks: the first sheet with rows, whose first row is the header.
//!
//! A workbook is a zip file of XML, in which a few bytes can expand to a lot: two cells at opposite corners of a sheet, a shared
//! string referenced by every cell, a part that unpacks to a thousand times its size. Everything is therefore read as a stream,
//! and memory use is limited: see `package.rs` (unpacked bytes), `strings.rs` (shared strings) and `cells.rs` (cells).

mod book;
mod cells;
mod numbers;
mod package;
mod strings;

use super::csv::columns_of;
use super::table::{Columns, FileProblem, RejectedRow, Row, Table};
use book::Book;
use cells::{Context, MemoryBudget, SheetRow};
use numbers::Styles;
use package::{Package, SMALL_PART, bad};
use std::sync::Arc;
use strings::Strings;
use walkshed_register::spreadsheet::plain;

/// Memory per column of a row in addition to its text, in bytes.
const COLUMN_BYTES: usize = 4;

/// Reads the first sheet that has rows.
///
/// # Errors
/// [`FileProblem`] if the bytes are not a workbook, no sheet has a header, or a limit is exceeded.
pub fn read(bytes: &[u8], max_rows: usize) -> Result<Table, FileProblem> {
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
    let mut budget = MemoryBudget::of(bytes.len());
    for (name, part) in &book.sheets {
        let of_sheet = |problem| match problem {
            FileProblem::BadWorkbook { why } => bad(format_args!("sheet \"{name}\": {why}")),
            other => other,
        };
        let xml = package.part(part, u64::MAX).map_err(of_sheet)?;
        let mut xml = xml.ok_or_else(|| of_sheet(bad(format_args!("{part} is missing"))))?;
        let mut sheet = Sheet { max_rows, table: None };
        cells::read(&mut xml, &context, &mut budget, |row, budget| sheet.add(row, budget)).map_err(of_sheet)?;
        if let Some((_, mut table)) = sheet.table {
            if book.sheets.len() > 1 {
                table.notes.push(format!("the workbook has {} sheets; \"{name}\" was read", book.sheets.len()));
            }
            return Ok(table);
        }
    }
    Err(FileProblem::Empty)
}

/// The table of the sheet being read.
struct Sheet {
    max_rows: usize,
    table: Option<(Arc<Columns>, Table)>,
}

impl Sheet {
    /// Adds a row. The first row is the header.
    fn add(&mut self, row: &SheetRow, budget: &mut MemoryBudget) -> Result<(), FileProblem> {
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
        if table.rows.len() >= self.max_rows {
            return Err(FileProblem::TooManyRows { most: self.max_rows });
        }
        let width = table.header.len();
        table.beyond_header.extend(row.cells().map(|(column, _)| column).filter(|column| *column >= width));
        let problem =
            row.problem(width).map(|(column, why)| RejectedRow::new(row.number, &table.header[column], "", why));
        let mut inside = row.cells().take_while(|(column, _)| *column < width).peekable();
        let last = row.cells().map(|(column, _)| column + 1).take_while(|end| *end <= width).last().unwrap_or(0);
        budget.take(last * COLUMN_BYTES)?;
        let fields = (0..last).map(|index| match inside.next_if(|(column, _)| *column == index) {
            Some((_, text)) => plain(text),
            None => "",
        });
        table.rows.push(Row::of_line(row.number, columns, fields).refused(problem));
        Ok(())
    }
}
