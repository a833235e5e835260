//! Relay pages over what is ordered by id: cursors stay good when rows are added or removed.

use super::error::{bad_input, too_many};
use super::ids::{decode, encode};
use async_graphql::{InputObject, Result, SimpleObject};

/// Rows of a page when the request does not say.
pub const DEFAULT_PAGE: usize = 20;
/// Rows of a page at most.
pub const MAX_PAGE: usize = 1000;

/// The four arguments of a connection.
#[derive(InputObject, Debug, Clone, Default)]
pub struct PageArguments {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

/// What a connection says beside its edges.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub struct Total {
    /// How many there are on all pages together.
    pub total_count: u64,
}

/// Which rows are on a page.
pub struct Page {
    /// Places in the list that was paged.
    pub rows: Vec<usize>,
    pub total: usize,
    pub has_previous: bool,
    pub has_next: bool,
}

/// A page size, within its bounds.
pub fn page_size(field: &str, given: Option<i32>) -> Result<usize> {
    let Some(given) = given else { return Ok(DEFAULT_PAGE) };
    match usize::try_from(given) {
        Ok(n) if n <= MAX_PAGE => Ok(n),
        Ok(n) => Err(too_many(
            "maxPageSize",
            format!("{field}: {n} rows are more than a page may have ({MAX_PAGE}); page through them with `after`"),
        )),
        Err(_) => Err(bad_input(field, given, "must not be negative")),
    }
}

/// The rows a selection of this size is counted as, for the complexity of a query.
pub fn counted(first: Option<i32>, last: Option<i32>) -> usize {
    first.or(last).and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE)
}

/// The cursor of a row.
pub fn cursor(id: i64) -> String {
    encode(&format!("row:{id}"))
}

fn read_cursor(field: &str, token: &str) -> Result<i64> {
    decode(token).and_then(|text| text.strip_prefix("row:")?.parse().ok()).ok_or_else(|| {
        let short: String = token.chars().take(80).collect();
        bad_input(field, format_args!("\"{short}\""), "is not a cursor of this connection")
    })
}

/// Cuts a page out of `list`, which is ordered by `id`, with only the rows that are `wanted`.
pub fn page<T>(
    list: &[T],
    id: impl Fn(&T) -> i64,
    wanted: impl Fn(&T) -> bool,
    arguments: &PageArguments,
) -> Result<Page> {
    if arguments.first.is_some() && arguments.last.is_some() {
        return Err(bad_input("last", arguments.last.unwrap_or_default(), "cannot be given together with `first`"));
    }
    let size = match arguments.last {
        Some(_) => page_size("last", arguments.last)?,
        None => page_size("first", arguments.first)?,
    };
    let after = arguments.after.as_deref().map(|c| read_cursor("after", c)).transpose()?;
    let before = arguments.before.as_deref().map(|c| read_cursor("before", c)).transpose()?;
    let rows: Vec<usize> = (0..list.len()).filter(|&i| wanted(&list[i])).collect();
    let low = after.map_or(0, |after| rows.partition_point(|&i| id(&list[i]) <= after));
    let high = before.map_or(rows.len(), |before| rows.partition_point(|&i| id(&list[i]) < before)).max(low);
    let (low, high) = match arguments.last {
        Some(_) => (high.saturating_sub(size).max(low), high),
        None => (low, (low + size).min(high)),
    };
    Ok(Page { total: rows.len(), has_previous: low > 0, has_next: high < rows.len(), rows: rows[low..high].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(page: &Page) -> Vec<i64> {
        page.rows.iter().map(|&i| i as i64 * 10).collect()
    }

    #[test]
    fn pages_go_forward_and_back() {
        let list: Vec<i64> = (0..10).map(|i| i * 10).collect();
        let ask = |arguments: &PageArguments| page(&list, |&n| n, |n| n % 20 == 0, arguments).unwrap();
        let first = ask(&PageArguments { first: Some(2), ..Default::default() });
        assert_eq!((ids(&first), first.total, first.has_previous, first.has_next), (vec![0, 20], 5, false, true));
        let next = ask(&PageArguments { first: Some(9), after: Some(cursor(20)), ..Default::default() });
        assert_eq!((ids(&next), next.has_previous, next.has_next), (vec![40, 60, 80], true, false));
        let back = ask(&PageArguments { last: Some(2), before: Some(cursor(80)), ..Default::default() });
        assert_eq!((ids(&back), back.has_previous, back.has_next), (vec![40, 60], true, true));
        // The row of a cursor may be gone.
        let gone = ask(&PageArguments { first: Some(1), after: Some(cursor(25)), ..Default::default() });
        assert_eq!(ids(&gone), vec![40]);
        let none = ask(&PageArguments { first: Some(0), ..Default::default() });
        assert_eq!((ids(&none), none.has_next), (vec![], true));
        let crossed = ask(&PageArguments { after: Some(cursor(80)), before: Some(cursor(0)), ..Default::default() });
        assert!(crossed.rows.is_empty());
    }

    #[test]
    fn wrong_arguments_are_named() {
        let fail = |arguments: PageArguments| page(&[1i64], |&n| n, |_| true, &arguments).err().unwrap().message;
        assert!(fail(PageArguments { first: Some(-1), ..Default::default() }).starts_with("first: -1"));
        assert!(fail(PageArguments { last: Some(2000), ..Default::default() }).contains("1000"));
        assert!(fail(PageArguments { after: Some("xyz".into()), ..Default::default() }).contains("\"xyz\""));
        assert!(fail(PageArguments { first: Some(1), last: Some(1), ..Default::default() }).contains("first"));
    }
}
