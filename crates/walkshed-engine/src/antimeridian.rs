//! Extracts with streets on both sides of the 180th meridian.
//!
//! The network is continuous: the streets on one side get longitudes beyond 180 degrees. This module shifts the
//! streets, and the positions of queries.

use super::osm::Extract;
use crate::geo::{FULL_TURN, Fixed, HALF_TURN};
use crate::network::Network;
use std::collections::HashMap;

/// One degree, in ten-millionths of a degree.
const DEGREE: i64 = 10_000_000;
/// Nodes at 180 and -180 degrees are merged if their latitudes differ by at most this (about 10 cm).
const SAME_PLACE: i64 = 10;

impl Network {
    /// Returns a position shifted to the side of the meridian on which the network has its streets.
    #[must_use]
    pub fn align_longitude(&self, at: Fixed) -> Fixed {
        let [west, _, east, _] = self.meta().bounds;
        at.align_longitude((f64::midpoint(west, east) * Fixed::PER_DEGREE) as i32)
    }
}

/// The error for streets that cannot be arranged as one continuous area.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "streets cross the 180th meridian (such as from {from} to {to} degrees of longitude), and the extract is too wide to be arranged as one continuous area; cut it to the area you need: osmium extract --bbox WEST,SOUTH,EAST,NORTH"
)]
pub struct ExtractTooWide {
    pub from: f64,
    pub to: f64,
}

/// Arranges an extract that crosses the 180th meridian as one continuous area: shifts the nodes on one side by 360
/// degrees, and merges nodes at 180 and -180 degrees that are the same place. Returns the number of merged nodes.
///
/// # Errors
/// Returns [`ExtractTooWide`] if ways still cross the meridian, because the extract is too wide.
pub(super) fn join_across_meridian(extract: &mut Extract) -> Result<u64, ExtractTooWide> {
    let Some(shift) = shift_of(extract) else {
        return crossing(extract).map_or(Ok(0), Err);
    };
    // Either everything west of the largest gap is shifted east, or everything east of it is shifted west.
    let (from, to, by) = shift;
    let at_meridian = |node: &Option<Fixed>, x: i64| node.filter(|p| i64::from(p.x) == x);
    let mut at_east: Vec<(i64, u32)> = Vec::new();
    for (i, node) in (0..).zip(&extract.nodes) {
        at_east.extend(at_meridian(node, HALF_TURN).map(|p| (i64::from(p.y), i)));
    }
    at_east.sort_unstable();
    let mut twins: HashMap<u32, u32> = HashMap::new();
    for (i, p) in (0..).zip(&extract.nodes).filter_map(|(i, node)| Some((i, at_meridian(node, -HALF_TURN)?))) {
        let y = i64::from(p.y);
        let near = at_east.partition_point(|e| e.0 < y - SAME_PLACE);
        let same = at_east[near..].iter().take_while(|e| e.0 <= y + SAME_PLACE);
        if let Some(twin) = same.min_by_key(|e| (e.0 - y).abs()) {
            twins.insert(i, twin.1);
        }
    }
    for p in extract.nodes.iter_mut().flatten() {
        let x = i64::from(p.x);
        if (from..=to).contains(&x) {
            // `shift_of` has checked that the result fits.
            p.x = i32::try_from(x + by).unwrap_or(p.x);
        }
    }
    let rename = |i: &mut u32| *i = twins.get(i).copied().unwrap_or(*i);
    if !twins.is_empty() {
        extract.ways.iter_mut().flat_map(|w| &mut w.refs).for_each(rename);
        extract.ways.iter_mut().for_each(|w| w.refs.dedup());
        extract.areas.iter_mut().flat_map(|a| &mut a.rings).flatten().for_each(rename);
        for (gone, twin) in &twins {
            if let Some(rule) = extract.rules.remove(gone) {
                extract.rules.entry(*twin).or_insert(rule);
            }
        }
    }
    crossing(extract).map_or(Ok(twins.len() as u64), Err)
}

/// Returns the range of longitudes to shift and the distance. `None` if the largest gap between nodes is already at the
/// 180th meridian, or if the result does not fit in a [`Fixed`].
fn shift_of(extract: &Extract) -> Option<(i64, i64, i64)> {
    let mut degrees = [false; 360];
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for p in extract.nodes.iter().flatten() {
        let x = i64::from(p.x);
        (low, high) = (low.min(x), high.max(x));
        degrees[((x + HALF_TURN) / DEGREE).clamp(0, 359) as usize] = true;
    }
    // An extract narrower than 180 degrees needs no shift.
    if high.checked_sub(low)? <= HALF_TURN {
        return None;
    }
    // Find the longest run of degrees without nodes that is not at the meridian. It starts after a degree with nodes.
    let (mut begin, mut length, mut here) = (0, 0, 0);
    for (n, has) in degrees.iter().enumerate() {
        here = if *has { 0 } else { here + 1 };
        // A run at the start or the end of the array lies at the meridian.
        let is_inner = degrees[..=n].contains(&true) && degrees[n..].contains(&true);
        if here > length && is_inner {
            (begin, length) = (n + 1 - here, here);
        }
    }
    let at_meridian = degrees.iter().take_while(|d| !**d).count() + degrees.iter().rev().take_while(|d| !**d).count();
    if length <= at_meridian {
        return None;
    }
    let (gap_west, gap_east) = (begin as i64 * DEGREE - HALF_TURN, (begin + length) as i64 * DEGREE - HALF_TURN);
    let fits = |x: i64| i32::try_from(x).is_ok();
    if fits(gap_west + FULL_TURN) {
        Some((-HALF_TURN, gap_west - 1, FULL_TURN))
    } else if fits(gap_east - FULL_TURN) {
        Some((gap_east, HALF_TURN, -FULL_TURN))
    } else {
        None
    }
}

/// Returns a remaining step of a way or plaza across the meridian.
fn crossing(extract: &Extract) -> Option<ExtractTooWide> {
    let longitude = |i: &u32| extract.nodes.get(*i as usize).copied().flatten();
    let step = |pair: &[u32]| {
        let (a, b) = (longitude(&pair[0])?, longitude(&pair[1])?);
        ((i64::from(a.x) - i64::from(b.x)).abs() > HALF_TURN).then(|| ExtractTooWide { from: a.lon(), to: b.lon() })
    };
    let ways = extract.ways.iter().flat_map(|w| w.refs.windows(2)).find_map(step);
    ways.or_else(|| extract.areas.iter().flat_map(|a| &a.rings).flat_map(|r| r.windows(2)).find_map(step))
}
