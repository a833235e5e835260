//! Walksheds as H3 cells. A cell is part of a walkshed if its centre is reached, by the rule for places.

use super::pieces::Reach;
use crate::geo::{Fixed, cell_centre, split_area_at_meridian};
use crate::network::Network;
use crate::parallel;
use crate::start::Start;
use crate::task::Stopped;
use crate::units::Deciseconds;
use geo::{Coord, MultiPolygon, Rect};
use h3o::geom::{ContainmentMode, TilerBuilder};
use h3o::{CellIndex, Resolution};

/// Minimum number of cells per thread.
const MIN_CELLS_PER_THREAD: usize = 500;

/// Cells with their times, sorted by cell.
#[derive(Debug, Clone, Default)]
pub struct CellTimes {
    /// The cells whose centres are reached.
    pub cells: Vec<CellIndex>,
    /// By cell: the travel time to its centre.
    pub times: Vec<Deciseconds>,
}

/// Why the cells of a walkshed cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellsError {
    /// There are too many cells.
    #[error(transparent)]
    TooMany(#[from] TooManyCells),
    /// The current task was stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The walkshed has more cells than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the area has about {estimate} cells of resolution {resolution}, the limit is {limit}; use a coarser resolution or fewer minutes"
)]
pub struct TooManyCells {
    /// Estimated number of cells.
    pub estimate: usize,
    /// H3 resolution, 0 to 15.
    pub resolution: u8,
    /// Maximum number of cells.
    pub limit: usize,
}

/// Estimates the number of cells of a resolution in the bounding box of a walkshed.
#[must_use]
pub fn estimate_cells(network: &Network, reach: &Reach, resolution: Resolution) -> usize {
    bounds_and_estimate(network, reach, resolution).1
}

/// Returns the bounding box of a walkshed in degrees, extended by the snapping limit, and the estimated number of cells in
/// it.
fn bounds_and_estimate(network: &Network, reach: &Reach, resolution: Resolution) -> (Rect, usize) {
    let params = network.profiles().get(reach.profile);
    let metric = crate::geo::Metric::at(reach.start.snap.at.lat());
    let (mut low, mut high) = (reach.start.snap.at, reach.start.snap.at);
    for p in reach.pieces.iter().flat_map(|piece| Reach::line_of(network, piece)) {
        (low.x, low.y) = (low.x.min(p.x), low.y.min(p.y));
        (high.x, high.y) = (high.x.max(p.x), high.y.max(p.y));
    }
    let (dx, dy) =
        (params.snap_limit_m / metric.kx / Fixed::PER_DEGREE, params.snap_limit_m / metric.ky / Fixed::PER_DEGREE);
    let rect = Rect::new(
        Coord { x: low.lon() - dx, y: (low.lat() - dy).max(-90.0) },
        Coord { x: high.lon() + dx, y: (high.lat() + dy).min(90.0) },
    );
    let (width, height) = metric.vector(low, high);
    let area_km2 = (width + 2.0 * params.snap_limit_m) * (height + 2.0 * params.snap_limit_m) / 1e6;
    let cell_km2 = crate::geo::cell_of(reach.start.snap.at.into(), resolution).area_km2();
    let estimate = (area_km2 / cell_km2).ceil() as usize;
    (rect, estimate)
}

/// Returns the cells of a resolution whose centres are reached.
///
/// # Errors
/// Returns [`TooManyCells`] if the bounding box has more than `limit` cells, or [`Stopped`] if the current task is stopped.
pub fn reached_cells(
    network: &Network,
    reach: &Reach,
    resolution: Resolution,
    limit: usize,
) -> Result<CellTimes, CellsError> {
    let (rect, estimate) = bounds_and_estimate(network, reach, resolution);
    if estimate > limit {
        return Err(TooManyCells { estimate, resolution: resolution.into(), limit }.into());
    }
    let mut tiler = TilerBuilder::new(resolution).containment_mode(ContainmentMode::ContainsCentroid).build();
    for part in split_area_at_meridian(&MultiPolygon(vec![rect.to_polygon()])).iter() {
        // A rectangle, or the part of one on either side of the 180th meridian, is a valid polygon.
        let _ = tiler.add(part.clone());
    }
    let mut cells: Vec<CellIndex> = tiler.into_coverage().collect();
    cells.sort_unstable();
    cells.dedup();
    let time = |&cell: &CellIndex| -> Option<(CellIndex, Deciseconds)> {
        let snap = network.snap(Fixed::from(cell_centre(cell)), reach.profile).ok()?;
        let time = reach.time_to(network, &Start::new(network, snap, reach.profile));
        time.is_some().then_some((cell, time))
    };
    let timed = parallel::try_map(&cells, MIN_CELLS_PER_THREAD, |cell| Ok::<_, Stopped>(time(cell)))?;
    let (cells, times) = timed.into_iter().flatten().unzip();
    Ok(CellTimes { cells, times })
}
