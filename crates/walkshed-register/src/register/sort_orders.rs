//! Sort orders of all centers and facilities: computed on first use, kept up to date with edits.

use super::Register;
use crate::center::Center;
use crate::facility::Facility;
use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};
use walkshed_engine::geo::Position;

/// An order is updated for up to this many edits of one change set. After more, it is computed again on next use.
const MAX_UPDATES: usize = 32;

/// The sortable fields of a record.
#[derive(Debug, Clone, Copy)]
pub struct SortFields<'a> {
    pub name: &'a str,
    pub code: &'a str,
    pub position: Position,
    pub size: Option<f64>,
}

/// A record type with sortable fields.
pub trait HasSortFields {
    /// Returns the sortable fields.
    fn sort_fields(&self) -> SortFields<'_>;
}

impl HasSortFields for Center {
    fn sort_fields(&self) -> SortFields<'_> {
        let size = self.residents_served.map(f64::from);
        SortFields { name: &self.name, code: self.code.as_str(), position: self.position, size }
    }
}

impl HasSortFields for Facility {
    fn sort_fields(&self) -> SortFields<'_> {
        SortFields { name: &self.name, code: &self.external_id, position: self.position, size: self.capacity }
    }
}

/// A field by which an order of all rows is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderField {
    /// By code point.
    Name,
    Code,
    /// Records without a size come last in either direction.
    Size,
}

impl OrderField {
    /// Compares two records.
    #[must_use]
    pub fn compare(self, is_descending: bool, a: &impl HasSortFields, b: &impl HasSortFields) -> Ordering {
        let (a, b) = (a.sort_fields(), b.sort_fields());
        let directed = |order: Ordering| if is_descending { order.reverse() } else { order };
        match self {
            Self::Name => directed(a.name.cmp(b.name)),
            Self::Code => directed(a.code.cmp(b.code)),
            Self::Size => match (a.size, b.size) {
                (Some(a), Some(b)) => directed(a.total_cmp(&b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        }
    }
}

/// The orders of one record type: ascending and descending for each field.
#[derive(Debug, Clone, Default)]
pub(super) struct TypeOrders {
    orders: [[OnceLock<Arc<Vec<u32>>>; 2]; 3],
    /// Number of updates in the current change set.
    updates: usize,
}

impl TypeOrders {
    /// Returns the indexes of all rows in an order; rows with the same key in order of id.
    fn get<T: HasSortFields>(&self, rows: &[Arc<T>], field: OrderField, is_descending: bool) -> &[u32] {
        self.orders[field as usize][usize::from(is_descending)].get_or_init(|| {
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            order.sort_by(|&a, &b| field.compare(is_descending, &*rows[a as usize], &*rows[b as usize]));
            Arc::new(order)
        })
    }

    /// Begins a change set.
    pub fn begin(&mut self) {
        self.updates = 0;
    }

    /// Updates the orders for a row that has replaced `old`, or was added as the last.
    pub fn put<T: HasSortFields>(&mut self, rows: &[Arc<T>], old: Option<&T>, index: usize) {
        if old.is_none() && index + 1 < rows.len() {
            // The indexes of later rows have changed.
            *self = Self::default();
            return;
        }
        let new = &*rows[index];
        self.update(|field, is_descending, order| {
            let compare = |a: &T, b: &T| field.compare(is_descending, a, b);
            if old.is_some_and(|old| compare(old, new).is_eq()) {
                return;
            }
            let order = Arc::make_mut(order);
            if old.is_some() {
                order.retain(|&row| row as usize != index);
            }
            let is_before = |row: u32| compare(&rows[row as usize], new).then_with(|| row.cmp(&(index as u32))).is_lt();
            order.insert(order.partition_point(|&row| is_before(row)), index as u32);
        });
    }

    /// Updates the orders for a row that has been removed.
    pub fn remove(&mut self, index: usize) {
        let index = index as u32;
        self.update(|_, _, order| {
            let order = Arc::make_mut(order);
            order.retain(|&row| row != index);
            for row in order.iter_mut() {
                *row -= u32::from(*row > index);
            }
        });
    }

    fn update(&mut self, mut update: impl FnMut(OrderField, bool, &mut Arc<Vec<u32>>)) {
        self.updates += 1;
        if self.updates > MAX_UPDATES {
            self.orders = Default::default();
            return;
        }
        for (field, directions) in
            [OrderField::Name, OrderField::Code, OrderField::Size].into_iter().zip(&mut self.orders)
        {
            for (is_descending, order) in [false, true].into_iter().zip(directions) {
                if let Some(order) = order.get_mut() {
                    update(field, is_descending, order);
                }
            }
        }
    }
}

impl Register {
    /// Returns the indexes of all centers in an order; centers with the same key in order of id.
    #[must_use]
    pub fn sorted_centers(&self, field: OrderField, is_descending: bool) -> &[u32] {
        if field == OrderField::Code && !is_descending {
            return self.centers_by_code();
        }
        self.center_orders.get(&self.centers, field, is_descending)
    }

    /// Returns the indexes of all facilities in an order; facilities with the same key in order of id.
    #[must_use]
    pub fn sorted_facilities(&self, field: OrderField, is_descending: bool) -> &[u32] {
        self.facility_orders.get(&self.facilities, field, is_descending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::Category;
    use crate::query::{RowList, SortBy, SortOrder};
    use crate::record::{AnyRecord, Done, RecordKind};
    use crate::register::RegisterRows;

    fn facility(seed: u64, id: i64) -> Facility {
        let at = Position::new(106.5, 29.5).unwrap();
        let name = ["a", "b", "社区", "街道", ""][seed as usize % 5];
        let mut f = Facility::new(format!("f{}", seed % 97), name.into(), Category::LifeServices, at);
        (f.id, f.capacity) = (id, [None, Some(0.0), Some(-0.0), Some(3.5), Some(9.0)][seed as usize / 5 % 5]);
        f
    }

    #[test]
    fn updated_orders_equal_computed_ones() {
        let mut seed = 1u64;
        let mut random = move |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        let facilities = (1..200).map(|i| facility(random(1000), 2 * i)).collect();
        let mut register = Register::new(RegisterRows { facilities, ..RegisterRows::default() }, Arc::default());
        for version in 2..200 {
            let edits: Vec<Done> = (0..random(if version % 20 == 0 { 80 } else { 5 }))
                .map(|_| {
                    let id = 1 + random(420) as i64;
                    match random(4) {
                        0 => Done::Deleted { kind: RecordKind::Facility, id },
                        1 => Done::Put(Box::new(AnyRecord::Facility(facility(random(1000), 1000 + version as i64)))),
                        _ => Done::Put(Box::new(AnyRecord::Facility(facility(random(1000), id)))),
                    }
                })
                .collect();
            register = register.with_edits(version, &edits);
            let fresh = RegisterRows {
                facilities: register.facilities.iter().map(|f| (**f).clone()).collect(),
                ..RegisterRows::default()
            };
            let fresh = Register::new(fresh, Arc::default());
            for (by, field) in
                [(SortBy::Name, OrderField::Name), (SortBy::Code, OrderField::Code), (SortBy::Size, OrderField::Size)]
            {
                for is_descending in [false, true] {
                    let order = register.sorted_facilities(field, is_descending);
                    assert_eq!(order, fresh.sorted_facilities(field, is_descending), "{field:?} {is_descending}");
                    // A part of the rows, whether it is picked from the order or sorted by itself.
                    for every in [2, 100] {
                        let is_selected = |row: &u32| row.is_multiple_of(every);
                        let part: Vec<u32> = (0..register.facilities.len() as u32).filter(is_selected).collect();
                        let sorted = SortOrder::new(by, is_descending).sort::<Facility>(&register, RowList::Of(part));
                        let expected: Vec<u32> = order.iter().copied().filter(is_selected).collect();
                        assert_eq!(sorted, RowList::Of(expected));
                    }
                }
            }
        }
    }
}
