//! Sorts lists of centers and facilities.

use super::select::RowList;
use crate::center::Center;
use crate::facility::Facility;
use crate::record::Record;
use crate::register::Register;
use crate::rows::Rows;
use std::cmp::Ordering;
use walkshed_engine::geo::{Fixed, Metric, Position};

/// Comparing the records of one row takes as long as passing over this many rows of a presorted list.
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

/// The sortable fields of a record.
#[derive(Debug, Clone, Copy)]
pub struct SortFields<'a> {
    pub name: &'a str,
    pub code: &'a str,
    pub position: Position,
    pub size: Option<f64>,
}

/// A record type that can be sorted.
pub trait Sortable: Record {
    /// Returns the sortable fields.
    fn sort_fields(&self) -> SortFields<'_>;

    /// Returns all rows of the type.
    fn rows(register: &Register) -> &Rows<Self>;

    /// Returns the indexes of all rows in an order, if the register keeps that order.
    fn presorted(register: &Register, by: SortBy) -> Option<&[u32]>;
}

impl Sortable for Center {
    fn sort_fields(&self) -> SortFields<'_> {
        let size = self.residents_served.map(f64::from);
        SortFields { name: &self.name, code: self.code.as_str(), position: self.position, size }
    }

    fn rows(register: &Register) -> &Rows<Self> {
        &register.centers
    }

    fn presorted(register: &Register, by: SortBy) -> Option<&[u32]> {
        match by {
            SortBy::Name => Some(register.centers_by_name()),
            SortBy::Code => Some(register.centers_by_code()),
            _ => None,
        }
    }
}

impl Sortable for Facility {
    fn sort_fields(&self) -> SortFields<'_> {
        SortFields { name: &self.name, code: &self.external_id, position: self.position, size: self.capacity }
    }

    fn rows(register: &Register) -> &Rows<Self> {
        &register.facilities
    }

    fn presorted(register: &Register, by: SortBy) -> Option<&[u32]> {
        (by == SortBy::Name).then(|| register.facilities_by_name())
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
        if self.by == SortBy::Id && !self.is_descending {
            return rows;
        }
        let count = rows.len();
        let mut sorted = match T::presorted(register, self.by) {
            Some(order) if rows == RowList::First(order.len()) => order.to_vec(),
            // Picking rows from the order of the whole register is faster, unless only a few are selected.
            Some(order) if count > order.len() / ROWS_PER_SORTED_ROW => {
                let mut is_selected = vec![false; order.len()];
                rows.iter().for_each(|row| is_selected[row] = true);
                order.iter().copied().filter(|&row| is_selected[row as usize]).collect()
            }
            _ => self.sort_by_key(T::rows(register), rows.iter().map(|row| row as u32).collect()),
        };
        if self.is_descending {
            sorted.reverse();
            if self.by != SortBy::Id {
                self.restore_ids::<T>(register, &mut sorted);
            }
        }
        RowList::Of(sorted)
    }

    fn sort_by_key<T: Sortable>(&self, all: &Rows<T>, mut rows: Vec<u32>) -> Vec<u32> {
        // The sorts are stable, so equal keys stay sorted by id.
        match self.by {
            SortBy::Id => rows,
            SortBy::Name | SortBy::Code => {
                rows.sort_by(|&a, &b| self.compare(&*all[a as usize], &*all[b as usize]));
                rows
            }
            SortBy::Size | SortBy::Distance(_) => {
                let mut keyed: Vec<(SortKey, u32)> =
                    rows.into_iter().map(|row| (self.key(&*all[row as usize]), row)).collect();
                keyed.sort_by(|a, b| a.0.compare(&b.0));
                keyed.into_iter().map(|(_, row)| row).collect()
            }
        }
    }

    /// Restores the ascending order of ids within each key of a reversed list.
    fn restore_ids<T: Sortable>(&self, register: &Register, rows: &mut [u32]) {
        let all = T::rows(register);
        for same_key in rows.chunk_by_mut(|&a, &b| self.compare(&*all[a as usize], &*all[b as usize]).is_eq()) {
            same_key.reverse();
        }
    }

    /// Compares the keys of two rows.
    fn compare<T: Sortable>(&self, a: &T, b: &T) -> Ordering {
        match self.by {
            SortBy::Name => a.sort_fields().name.cmp(b.sort_fields().name),
            SortBy::Code => a.sort_fields().code.cmp(b.sort_fields().code),
            SortBy::Id | SortBy::Size | SortBy::Distance(_) => self.key(a).compare(&self.key(b)),
        }
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
