//! Selects the thread that runs a piece of work.

use super::meter::charge;
use crate::work_pools::{Size, run_in_pool};
use async_graphql::{Context, Result};
use std::sync::Arc;
use walkshed_engine::task::{Task, within};

/// Work above this many units (2 ms) does not run on an async worker thread.
const BLOCKING: usize = 3000;
/// Work above this many units (70 ms) runs in the pool for analyses.
const ANALYSIS: usize = 100_000;

/// Runs work by its cost: cheap work on this thread, more costly work in the pool for small work, the most costly work in
/// the pool for analyses.
///
/// # Errors
/// `BUSY` when the queue is full, `TIMEOUT` when the request exceeds its time limit.
pub async fn run<T: Send + 'static>(
    ctx: &Context<'_>,
    units: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if units <= BLOCKING {
        return Ok(within(ctx.data_opt::<Arc<Task>>().cloned(), work));
    }
    run_in_pool(ctx, if units <= ANALYSIS { Size::Small } else { Size::Analysis }, work).await
}

/// Charges work and runs it.
///
/// # Errors
/// As [`charge`] and [`run`].
pub async fn charge_and_run<T: Send + 'static>(
    ctx: &Context<'_>,
    units: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    charge(ctx, units)?;
    run(ctx, units, work).await
}
