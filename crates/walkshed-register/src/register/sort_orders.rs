//! Sort orders of all centers and facilities, computed on first use.

use super::Register;
use std::sync::{Arc, OnceLock};

/// Sort orders other than by id, computed on first use.
#[derive(Debug, Default)]
pub(super) struct SortOrders {
    centers_by_name: OnceLock<Vec<u32>>,
    facilities_by_name: OnceLock<Vec<u32>>,
}

impl Register {
    /// Returns the indexes of all centers, sorted by name (by code point) and id.
    #[must_use]
    pub fn centers_by_name(&self) -> &[u32] {
        self.sort_orders.centers_by_name.get_or_init(|| by_name(&self.centers, |c| &c.name))
    }

    /// Returns the indexes of all facilities, sorted by name (by code point) and id.
    #[must_use]
    pub fn facilities_by_name(&self) -> &[u32] {
        self.sort_orders.facilities_by_name.get_or_init(|| by_name(&self.facilities, |f| &f.name))
    }
}

fn by_name<T>(rows: &[Arc<T>], name: impl Fn(&T) -> &str) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by(|&a, &b| name(&rows[a as usize]).cmp(name(&rows[b as usize])));
    order
}
