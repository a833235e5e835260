//! The one loop over rows.

use walkshed_engine::task::{self, Stopped};

/// Number of rows between two checks for cancellation.
const ROWS_PER_CHECK: usize = 1024;

/// Returns the rows that match, in order. Checks regularly whether the current task has been cancelled.
pub(super) fn select(rows: &[usize], mut matches: impl FnMut(usize) -> bool) -> Result<Vec<usize>, Stopped> {
    let mut found = Vec::new();
    for part in rows.chunks(ROWS_PER_CHECK) {
        task::work(part.len())?;
        found.extend(part.iter().copied().filter(|&row| matches(row)));
    }
    Ok(found)
}
