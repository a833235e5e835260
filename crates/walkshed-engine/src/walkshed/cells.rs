//! A walkshed as H3 cells: a cell is in it when its centre is reached, by the same rule as any other place.

use super::pieces::Reach;
use crate::file::Network;
use crate::geo::{Fixed, area_on_globe, cell_centre};
use crate::parallel;
use crate::search::Start;
use crate::task::Stopped;
use crate::units::Deciseconds;
use geo::{Coord, MultiPolygon, Rect};
use h3o::geom::{ContainmentMode, TilerBuilder};
use h3o::{CellIndex, Resolution};

/// Fewer cells than this are not worth another thread.
const MIN_CELLS_A_THREAD: usize = 500;

/// Cells and their times, in the order of the cells' numbers.
#[derive(Debug, Clone, Default)]
pub struct CellTimes {
    pub cells: Vec<CellIndex>,
    pub times: Vec<Deciseconds>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellsError {
    #[error(transparent)]
    TooMany(#[from] TooManyCells),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// More cells than an answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "about {estimate} cells of resolution {resolution} would have to be looked at, the limit is {limit}; ask for a coarser resolution or fewer minutes"
)]
pub struct TooManyCells {
    pub estimate: usize,
    pub resolution: u8,
    pub limit: usize,
}

/// How many cells of a resolution lie around what is reached.
#[must_use]
pub fn cells_around(network: &Network, reach: &Reach, resolution: Resolution) -> usize {
    around(network, reach, resolution).1
}

/// The rectangle in degrees around what is reached, and how many cells lie in it.
fn around(network: &Network, reach: &Reach, resolution: Resolution) -> (Rect, usize) {
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

/// The cells of a resolution whose centres are reached.
///
/// # Errors
/// [`TooManyCells`] when more than `limit` cells lie around what is reached; [`Stopped`].
pub fn reached_cells(
    network: &Network,
    reach: &Reach,
    resolution: Resolution,
    limit: usize,
) -> Result<CellTimes, CellsError> {
    let (rect, estimate) = around(network, reach, resolution);
    if estimate > limit {
        return Err(TooManyCells { estimate, resolution: resolution.into(), limit }.into());
    }
    let mut tiler = TilerBuilder::new(resolution).containment_mode(ContainmentMode::ContainsCentroid).build();
    for part in area_on_globe(&MultiPolygon(vec![rect.to_polygon()])).iter() {
        // A rectangle around a walkshed, or the part of one on a side of the 180th meridian, is a valid polygon.
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
    let timed = parallel::try_map(&cells, MIN_CELLS_A_THREAD, |cell| Ok::<_, Stopped>(time(cell)))?;
    let (cells, times) = timed.into_iter().flatten().unzip();
    Ok(CellTimes { cells, times })
}
