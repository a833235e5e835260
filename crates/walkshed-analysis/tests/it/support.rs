//! Pairs of sites and cells from tables of times.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use walkshed_analysis::{Pairs, Site};
use walkshed_engine::Deciseconds;
use walkshed_engine::geo::Position;

fn sites(count: usize) -> Vec<Site> {
    (0..count).map(|n| Site { id: n as i64 + 1, position: Position::new(106.5, 29.5).unwrap() }).collect()
}

/// Builds the pairs within a limit from a table of times per cell and site.
pub fn pairs_of(times: &[Vec<u32>], sites_count: usize, limit: u32) -> Pairs {
    let of = |site: usize| {
        let near = times.iter().enumerate().filter(|(_, row)| row[site] <= limit);
        Some(near.map(|(cell, row)| (cell as u32, Deciseconds(row[site]))).collect())
    };
    Pairs::new(sites(sites_count), (0..sites_count).map(of).collect())
}
