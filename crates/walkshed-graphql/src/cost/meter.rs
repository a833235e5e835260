//! Charging the work of a request.

use crate::context::limits;
use crate::error::over_limit;
use async_graphql::{Context, Result, SelectionField};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Microseconds of a unit.
pub const UNIT_US: f64 = 0.7;

/// Sums the work of one request, in units, up to a limit.
#[derive(Debug)]
pub struct WorkMeter {
    max: usize,
    total: AtomicUsize,
}

impl WorkMeter {
    /// Creates a meter with a limit.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, total: AtomicUsize::new(0) }
    }

    /// Returns the units charged so far.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total.load(Relaxed)
    }

    /// Adds units. If the sum would exceed the limit, adds nothing and returns the sum as the error.
    fn charge(&self, units: usize) -> Result<(), usize> {
        let add = |sum: usize| sum.checked_add(units).filter(|sum| *sum <= self.max);
        self.total.fetch_update(Relaxed, Relaxed, add).map(drop).map_err(|sum| sum.saturating_add(units))
    }
}

/// Charges work to a request. Unlike a [`Context`], it can be moved to another thread, for work whose cost is known only
/// while it runs.
#[derive(Clone)]
pub struct WorkCharger {
    meter: Option<Arc<WorkMeter>>,
    max: usize,
}

impl WorkCharger {
    /// Returns the charger of a request.
    pub fn of(ctx: &Context<'_>) -> Self {
        let meter = ctx.data_opt::<Arc<WorkMeter>>().cloned();
        let max = meter.as_ref().map_or_else(|| limits(ctx).max_work, |meter| meter.max);
        Self { meter, max }
    }

    /// Charges work before it starts.
    ///
    /// # Errors
    /// `TOO_COMPLEX` with name, value and maximum of the limit, when the request would exceed it.
    pub fn charge(&self, units: usize) -> Result<()> {
        let max = self.max;
        let charged = match &self.meter {
            Some(meter) => meter.charge(units),
            // Without a meter, each piece of work is checked by itself.
            None if units > max => Err(units),
            None => Ok(()),
        };
        charged.map_err(|value| {
            let seconds = |units: usize| units as f64 * UNIT_US / 1e6;
            let why = format!(
                "The request would take about {:.1} seconds of computation ({value} units); maxWork allows {max} units ({:.1} seconds). Ask for fewer minutes, a smaller region or less data at a time, or start a job (startJob), which has a higher limit.",
                seconds(value),
                seconds(max)
            );
            over_limit("maxWork", None, value, max, why)
        })
    }
}

/// Charges work before it starts.
///
/// # Errors
/// As [`WorkCharger::charge`].
pub fn charge(ctx: &Context<'_>, units: usize) -> Result<()> {
    WorkCharger::of(ctx).charge(units)
}

/// Charges the selected fields for each row, when the number of rows does not follow from the document.
///
/// # Errors
/// As [`charge`].
pub fn charge_rows(ctx: &Context<'_>, rows: usize) -> Result<()> {
    fn selected(field: SelectionField<'_>) -> usize {
        field.selection_set().map(selected).sum::<usize>().saturating_add(1)
    }
    let fields: usize = ctx.field().selection_set().map(selected).sum();
    charge(ctx, rows.saturating_mul(fields.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_summed_up_to_the_limit() {
        let spent = WorkMeter::new(100);
        assert_eq!(spent.charge(60), Ok(()));
        assert_eq!(spent.charge(41), Err(101));
        assert_eq!(spent.charge(usize::MAX), Err(usize::MAX));
        assert_eq!((spent.charge(40), spent.total()), (Ok(()), 100));
    }
}
