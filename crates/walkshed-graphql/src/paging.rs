//! Relay pagination. A cursor contains the key of its row, so it remains valid when rows are added or removed.

use super::error::{bad_input, too_many};
use super::ids::{decode, encode};
use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{InputObject, OutputType, Result, SimpleObject};
use walkshed_register::query::RowList;
pub use walkshed_register::query::SortKey;

/// Default number of rows of a page.
pub const DEFAULT_PAGE: usize = 20;
/// Maximum number of rows of a page.
pub const MAX_PAGE: usize = 1000;

/// The pagination arguments of a connection.
#[derive(InputObject, Debug, Clone, Default)]
pub struct PageArguments {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

/// The additional field of a connection.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct Total {
    /// The total number of rows on all pages.
    pub total_count: u64,
}

/// A connection with the total number of rows.
pub type Paged<T> = Connection<String, T, Total>;

/// A list of row indexes.
pub trait RowSequence {
    /// Returns the number of rows.
    fn count(&self) -> usize;

    /// Returns the row at a position, which must be less than the number of rows.
    fn row(&self, position: usize) -> usize;
}

impl RowSequence for [usize] {
    fn count(&self) -> usize {
        self.len()
    }

    fn row(&self, position: usize) -> usize {
        self[position]
    }
}

impl RowSequence for Vec<usize> {
    fn count(&self) -> usize {
        self.len()
    }

    fn row(&self, position: usize) -> usize {
        self[position]
    }
}

impl RowSequence for RowList {
    fn count(&self) -> usize {
        self.len()
    }

    fn row(&self, position: usize) -> usize {
        self.at(position)
    }
}

/// Returns the number of rows at the beginning that are before a place in the order.
fn rows_before(rows: &(impl RowSequence + ?Sized), is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, rows.count());
    while low < high {
        let middle = low.midpoint(high);
        if is_before(rows.row(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The rows of a page.
pub struct Page {
    /// Indexes into the paged list, with their cursors.
    pub rows: Vec<(usize, String)>,
    pub total: usize,
    pub has_previous: bool,
    pub has_next: bool,
}

/// Checks a page size.
pub fn page_size(field: &str, given: Option<i32>) -> Result<usize> {
    let Some(given) = given else { return Ok(DEFAULT_PAGE) };
    match usize::try_from(given) {
        Ok(n) if n <= MAX_PAGE => Ok(n),
        Ok(n) => Err(too_many(
            "maxPageSize",
            format!("{field}: {n} exceeds the maximum page size ({MAX_PAGE}); fetch further pages with `after`"),
        )),
        Err(_) => Err(bad_input(field, given, "must not be negative")),
    }
}

/// Returns the number of rows assumed when the complexity of a query is computed.
pub fn counted(first: Option<i32>, last: Option<i32>) -> usize {
    first.or(last).and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE)
}

/// Returns the cursor of a row with this key.
fn encode_cursor(key: &SortKey, id: i64) -> String {
    encode(&match key {
        SortKey::Nothing => format!("row:{id}"),
        SortKey::Text(text) => format!("text:{id}:{text}"),
        SortKey::Number(number) => format!("number:{id}:{:x}", number.to_bits()),
    })
}

/// Parses the key and id in a cursor. Returns `None` unless the key is of the same type as `sample`, a key of the list.
fn decode_cursor(sample: &SortKey, token: &str) -> Option<(SortKey, i64)> {
    let text = decode(token)?;
    let (kind, rest) = text.split_once(':')?;
    match (sample, kind) {
        (SortKey::Nothing, "row") => Some((SortKey::Nothing, rest.parse().ok()?)),
        (SortKey::Text(_), "text") => {
            let (id, key) = rest.split_once(':')?;
            Some((SortKey::Text(key.to_owned()), id.parse().ok()?))
        }
        (SortKey::Number(_), "number") => {
            let (id, bits) = rest.split_once(':')?;
            Some((SortKey::Number(f64::from_bits(u64::from_str_radix(bits, 16).ok()?)), id.parse().ok()?))
        }
        _ => None,
    }
}

/// Returns the cursor of a row sorted by id.
#[cfg(test)]
pub fn cursor(id: i64) -> String {
    encode_cursor(&SortKey::Nothing, id)
}

/// Checks `first` and `last`, and returns the page size.
pub fn window(arguments: &PageArguments) -> Result<usize> {
    if arguments.first.is_some() && arguments.last.is_some() {
        return Err(bad_input("last", arguments.last.unwrap_or_default(), "cannot be combined with `first`"));
    }
    match arguments.last {
        Some(_) => page_size("last", arguments.last),
        None => page_size("first", arguments.first),
    }
}

/// Selects a page of `rows`, indexes that are sorted by key and id. With `descending`, keys are sorted from the
/// greatest down; ids within a key always ascend.
pub fn page_by(
    rows: &(impl RowSequence + ?Sized),
    key: impl Fn(usize) -> SortKey,
    id: impl Fn(usize) -> i64,
    descending: bool,
    arguments: &PageArguments,
) -> Result<Page> {
    let size = window(arguments)?;
    let count = rows.count();
    let sample = if count == 0 { SortKey::Nothing } else { key(rows.row(0)) };
    let read = |field: &str, token: &Option<String>| {
        let Some(token) = token else { return Ok(None) };
        // In an empty list, every cursor is past the end.
        if count == 0 {
            return Ok(Some((SortKey::Nothing, i64::MAX)));
        }
        decode_cursor(&sample, token).map(Some).ok_or_else(|| {
            let short: String = token.chars().take(80).collect();
            bad_input(field, format_args!("\"{short}\""), "is not a cursor of this connection")
        })
    };
    let (after, before) = (read("after", &arguments.after)?, read("before", &arguments.before)?);
    let order = |row: usize, to: &(SortKey, i64)| {
        let by_key = key(row).compare(&to.0);
        (if descending { by_key.reverse() } else { by_key }).then_with(|| id(row).cmp(&to.1))
    };
    let low = after.map_or(0, |after| rows_before(rows, |row| order(row, &after).is_le()));
    let high = before.map_or(count, |before| rows_before(rows, |row| order(row, &before).is_lt())).max(low);
    let (low, high) = match arguments.last {
        Some(_) => (high.saturating_sub(size).max(low), high),
        None => (low, (low + size).min(high)),
    };
    let with_cursor = |row| (row, encode_cursor(&key(row), id(row)));
    Ok(Page {
        total: count,
        has_previous: low > 0,
        has_next: high < count,
        rows: (low..high).map(|position| with_cursor(rows.row(position))).collect(),
    })
}

/// Selects a page of rows that are sorted by id.
pub fn page(rows: &[usize], id: impl Fn(usize) -> i64, arguments: &PageArguments) -> Result<Page> {
    page_by(rows, |_| SortKey::Nothing, id, false, arguments)
}

/// Converts a page to a connection.
pub fn connection<T: OutputType>(found: Page, node: impl Fn(usize) -> T) -> Paged<T> {
    let total = Total { total_count: found.total as u64 };
    let mut connection = Connection::with_additional_fields(found.has_previous, found.has_next, total);
    let edge = |(row, cursor): (usize, String)| Edge::<_, _, EmptyFields>::new(cursor, node(row));
    connection.edges.extend(found.rows.into_iter().map(edge));
    connection
}

/// Converts row indexes for pagination.
pub fn places(list: &[u32]) -> Vec<usize> {
    list.iter().map(|&i| i as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(page: &Page) -> Vec<i64> {
        page.rows.iter().map(|(i, _)| *i as i64 * 10).collect()
    }

    #[test]
    fn pages_forward_and_backward() {
        let list: Vec<usize> = (0..10).filter(|i| i % 2 == 0).collect();
        let get = |arguments: &PageArguments| page(&list, |i| i as i64 * 10, arguments).unwrap();
        let first = get(&PageArguments { first: Some(2), ..Default::default() });
        assert_eq!((ids(&first), first.total, first.has_previous, first.has_next), (vec![0, 20], 5, false, true));
        let next = get(&PageArguments { first: Some(9), after: Some(cursor(20)), ..Default::default() });
        assert_eq!((ids(&next), next.has_previous, next.has_next), (vec![40, 60, 80], true, false));
        let back = get(&PageArguments { last: Some(2), before: Some(cursor(80)), ..Default::default() });
        assert_eq!((ids(&back), back.has_previous, back.has_next), (vec![40, 60], true, true));
        // The row of a cursor may have been deleted.
        let gone = get(&PageArguments { first: Some(1), after: Some(cursor(25)), ..Default::default() });
        assert_eq!(ids(&gone), vec![40]);
        let none = get(&PageArguments { first: Some(0), ..Default::default() });
        assert_eq!((ids(&none), none.has_next), (vec![], true));
        let crossed = get(&PageArguments { after: Some(cursor(80)), before: Some(cursor(0)), ..Default::default() });
        assert!(crossed.rows.is_empty());
    }

    #[test]
    fn pages_by_key_in_both_directions() {
        let names = ["b", "a", "b", "c", "a"];
        for (descending, order) in [(false, [1, 4, 0, 2, 3]), (true, [3, 0, 2, 1, 4])] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let arguments = PageArguments { first: Some(2), after: after.clone(), ..Default::default() };
                let key = |i: usize| SortKey::Text(names[i].to_owned());
                let found = page_by(&order[..], key, |i| i as i64, descending, &arguments).unwrap();
                seen.extend(found.rows.iter().map(|(i, _)| *i));
                after = found.rows.last().map(|(_, cursor)| cursor.clone());
                if !found.has_next {
                    break;
                }
            }
            assert_eq!(seen, order);
        }
        let numbers = [3.5, -1.0, 2.0];
        let key = |i: usize| SortKey::Number(numbers[i]);
        let arguments = PageArguments { after: Some(encode_cursor(&key(1), 1)), ..Default::default() };
        let found = page_by(&[1, 2, 0][..], key, |i| i as i64, false, &arguments).unwrap();
        assert_eq!(found.rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 0]);
        // A cursor of another order is rejected.
        let other = PageArguments { after: Some(cursor(1)), ..Default::default() };
        assert!(page_by(&[1, 2, 0][..], key, |i| i as i64, false, &other).is_err());
    }

    #[test]
    fn names_invalid_arguments() {
        let fail = |arguments: PageArguments| page(&[1], |i| i as i64, &arguments).err().unwrap().message;
        assert!(fail(PageArguments { first: Some(-1), ..Default::default() }).starts_with("first: -1"));
        assert!(fail(PageArguments { last: Some(2000), ..Default::default() }).contains("1000"));
        assert!(fail(PageArguments { after: Some("xyz".into()), ..Default::default() }).contains("\"xyz\""));
        assert!(fail(PageArguments { first: Some(1), last: Some(1), ..Default::default() }).contains("first"));
    }
}
