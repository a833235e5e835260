//! Streets on both sides of the 180th meridian. They are one continuous piece of ground: those on the one side have
//! longitudes that run past 180 degrees. Here they are moved so, and what is asked of them is.

use super::file::Network;
use super::osm::Extract;
use crate::geo::Fixed;
use std::collections::HashMap;

/// Ten-millionths of a degree in a degree, in half a turn, in a whole one.
const DEGREE: i64 = 10_000_000;
const HALF: i64 = 180 * DEGREE;
const TURN: i64 = 2 * HALF;
/// Nodes at 180 and -180 degrees are one when their latitudes differ by less (some 10 cm).
const SAME_PLACE: i64 = 10;

impl Network {
    /// A place on the side of the globe on which the network has its streets.
    #[must_use]
    pub fn beside(&self, at: Fixed) -> Fixed {
        let [west, _, east, _] = self.meta().bounds;
        at.beside((f64::midpoint(west, east) * Fixed::PER_DEGREE) as i32)
    }
}

/// Streets that cannot be laid out as one continuous piece of ground.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "streets cross the 180th meridian (such as from {from} to {to} degrees of longitude), and the extract reaches too far round the globe to be laid out as one piece; cut it to the area you need: osmium extract --bbox WEST,SOUTH,EAST,NORTH"
)]
pub struct TooFarRound {
    pub from: f64,
    pub to: f64,
}

/// Moves the nodes of an extract on both sides of the 180th meridian by a whole turn, so that they lie side by side, and
/// makes one node of two that are the same place, at 180 and at -180 degrees. Returns how many have been made one.
///
/// # Errors
/// [`TooFarRound`].
pub(super) fn lay_side_by_side(extract: &mut Extract) -> Result<u64, TooFarRound> {
    let Some(move_by) = turn_of(extract) else {
        return crossing(extract).map_or(Ok(0), Err);
    };
    // Those west of the largest gap go east, or those east of it go west.
    let (from, to, by) = move_by;
    let at_meridian = |node: &Option<Fixed>, x: i64| node.filter(|p| i64::from(p.x) == x);
    let mut of_east: Vec<(i64, u32)> = Vec::new();
    for (i, node) in (0..).zip(&extract.nodes) {
        of_east.extend(at_meridian(node, HALF).map(|p| (i64::from(p.y), i)));
    }
    of_east.sort_unstable();
    let mut twins: HashMap<u32, u32> = HashMap::new();
    for (i, p) in (0..).zip(&extract.nodes).filter_map(|(i, node)| Some((i, at_meridian(node, -HALF)?))) {
        let y = i64::from(p.y);
        let near = of_east.partition_point(|e| e.0 < y - SAME_PLACE);
        let same = of_east[near..].iter().take_while(|e| e.0 <= y + SAME_PLACE);
        if let Some(twin) = same.min_by_key(|e| (e.0 - y).abs()) {
            twins.insert(i, twin.1);
        }
    }
    for p in extract.nodes.iter_mut().flatten() {
        let x = i64::from(p.x);
        if (from..=to).contains(&x) {
            // `turn_of` has seen that it fits.
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

/// Which longitudes are to be moved, and by how much: none where the largest gap between nodes is at the 180th meridian
/// already, or where a [`Fixed`] does not reach that far.
fn turn_of(extract: &Extract) -> Option<(i64, i64, i64)> {
    let mut degrees = [false; 360];
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for p in extract.nodes.iter().flatten() {
        let x = i64::from(p.x);
        (low, high) = (low.min(x), high.max(x));
        degrees[((x + HALF) / DEGREE).clamp(0, 359) as usize] = true;
    }
    // What is less than half a turn wide may be laid out as it is.
    if high.checked_sub(low)? <= HALF {
        return None;
    }
    // The longest run of degrees without a node that is not at the meridian: it begins after one that has some.
    let (mut begin, mut length, mut here) = (0, 0, 0);
    for (n, has) in degrees.iter().enumerate() {
        here = if *has { 0 } else { here + 1 };
        // A run that is not over yet at the end, or not begun at the start, lies at the meridian.
        let is_inner = degrees[..=n].contains(&true) && degrees[n..].contains(&true);
        if here > length && is_inner {
            (begin, length) = (n + 1 - here, here);
        }
    }
    let at_meridian = degrees.iter().take_while(|d| !**d).count() + degrees.iter().rev().take_while(|d| !**d).count();
    if length <= at_meridian {
        return None;
    }
    let (gap_west, gap_east) = (begin as i64 * DEGREE - HALF, (begin + length) as i64 * DEGREE - HALF);
    let fits = |x: i64| i32::try_from(x).is_ok();
    if fits(gap_west + TURN) {
        Some((-HALF, gap_west - 1, TURN))
    } else if fits(gap_east - TURN) {
        Some((gap_east, HALF, -TURN))
    } else {
        None
    }
}

/// A step of a way or plaza from one side to the other that is left.
fn crossing(extract: &Extract) -> Option<TooFarRound> {
    let longitude = |i: &u32| extract.nodes.get(*i as usize).copied().flatten();
    let step = |pair: &[u32]| {
        let (a, b) = (longitude(&pair[0])?, longitude(&pair[1])?);
        ((i64::from(a.x) - i64::from(b.x)).abs() > HALF).then(|| TooFarRound { from: a.lon(), to: b.lon() })
    };
    let ways = extract.ways.iter().flat_map(|w| w.refs.windows(2)).find_map(step);
    ways.or_else(|| extract.areas.iter().flat_map(|a| &a.rings).flat_map(|r| r.windows(2)).find_map(step))
}
