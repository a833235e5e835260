//! Sorts lists of centers and facilities.

use super::select::RowList;
use crate::center::Center;
use crate::facility::Facility;
use crate::record::Record;
use crate::register::{HasSortFields, OrderField, Register};
use crate::rows::Rows;
use std::cmp::Ordering;
use walkshed_engine::geo::{Fixed, Metric, Position};

/// Sorting one row takes as long as passing over this many rows of a presorted list.
const ROWS_PER_SORTED_ROW: usize = 64;

/// The field a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SortBy {
    Id,
    /// By code point.
    Name,
    /// Division code of centers, external id of facilities.
    Code,
    /// Residents served by centers, capacity of facilities. Records without the value come last in either direction.
    Size,
    /// Straight-line distance from a position.
    Distance(Position),
}

/// The value that a row is sorted by, before its id.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// Sorted by id only.
    Nothing,
    Text(String),
    Number(f64),
}

impl SortKey {
    /// Compares two keys of the same order.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// A record type that can be sorted.
pub trait Sortable: Record + HasSortFields {
    /// Returns all rows of the type.
    fn rows(register: &Register) -> &Rows<Self>;

    /// Returns the indexes of all rows in an order.
    fn presorted(register: &Register, field: OrderField, is_descending: bool) -> &[u32];
}

impl Sortable for Center {
    fn rows(register: &Register) -> &Rows<Self> {
        &register.centers
    }

    fn presorted(register: &Register, field: OrderField, is_descending: bool) -> &[u32] {
        register.sorted_centers(field, is_descending)
    }
}

impl Sortable for Facility {
    fn rows(register: &Register) -> &Rows<Self> {
        &register.facilities
    }

    fn presorted(register: &Register, field: OrderField, is_descending: bool) -> &[u32] {
        register.sorted_facilities(field, is_descending)
    }
}

/// A sort order. Rows with the same key are sorted by ascending id.
#[derive(Debug, Clone, Copy)]
pub struct SortOrder {
    by: SortBy,
    is_descending: bool,
}

impl SortOrder {
    /// Creates a sort order.
    #[must_use]
    pub const fn new(by: SortBy, is_descending: bool) -> Self {
        Self { by, is_descending }
    }

    /// Returns whether the greatest key comes first.
    #[must_use]
    pub const fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// Sorts rows, which must be in ascending order.
    #[must_use]
    pub fn sort<T: Sortable>(&self, register: &Register, rows: RowList) -> RowList {
        let field = match self.by {
            SortBy::Name => OrderField::Name,
            SortBy::Code => OrderField::Code,
            SortBy::Size => OrderField::Size,
            SortBy::Id if self.is_descending => {
                return RowList::Of((0..rows.len()).rev().map(|position| rows.at(position) as u32).collect());
            }
            SortBy::Id => return rows,
            SortBy::Distance(_) => return self.sort_by_distance(T::rows(register), &rows),
        };
        let all = T::rows(register);
        if rows.len() <= all.len() / ROWS_PER_SORTED_ROW {
            let mut rows: Vec<u32> = rows.iter().map(|row| row as u32).collect();
            // The sort is stable, so equal keys stay sorted by id.
            rows.sort_by(|&a, &b| field.compare(self.is_descending, &*all[a as usize], &*all[b as usize]));
            return RowList::Of(rows);
        }
        let order = T::presorted(register, field, self.is_descending);
        if rows == RowList::First(order.len()) {
            return RowList::Of(order.to_vec());
        }
        let mut is_selected = vec![false; order.len()];
        rows.iter().for_each(|row| is_selected[row] = true);
        RowList::Of(order.iter().copied().filter(|&row| is_selected[row as usize]).collect())
    }

    fn sort_by_distance<T: Sortable>(&self, all: &Rows<T>, rows: &RowList) -> RowList {
        let mut keyed: Vec<(SortKey, u32)> = rows.iter().map(|row| (self.key(&*all[row]), row as u32)).collect();
        keyed.sort_by(|(a, _), (b, _)| if self.is_descending { b.compare(a) } else { a.compare(b) });
        RowList::Of(keyed.into_iter().map(|(_, row)| row).collect())
    }

    /// Returns the key of a row.
    #[must_use]
    pub fn key<T: Sortable>(&self, row: &T) -> SortKey {
        let fields = row.sort_fields();
        match self.by {
            // Ascending ids need no key; descending ones need a key that can be reversed.
            SortBy::Id if self.is_descending => SortKey::Number(row.id() as f64),
            SortBy::Id => SortKey::Nothing,
            SortBy::Name => SortKey::Text(fields.name.to_owned()),
            SortBy::Code => SortKey::Text(fields.code.to_owned()),
            SortBy::Size => {
                let last = if self.is_descending { f64::NEG_INFINITY } else { f64::INFINITY };
                SortKey::Number(fields.size.unwrap_or(last))
            }
            SortBy::Distance(from) => {
                let start = Fixed::from(from);
                let distance =
                    Metric::at(from.lat()).distance(start, Fixed::from(fields.position).align_longitude(start.x));
                SortKey::Number(distance)
            }
        }
    }
}
