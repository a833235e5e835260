//! Walksheds (isochrones): the area reached by a search, as street pieces, polygons or H3 cells.
//!
//! A place is reached if the time to the street it is snapped to, plus the time of its off-network leg, is within the
//! limit. All queries use this rule. Polygons approximate it on a grid; [`Field`] states the tolerance.

mod cells;
mod contour;
mod field;
mod pieces;

pub use cells::{CellTimes, CellsError, TooManyCells, cells_around, reached_cells};
pub use contour::contour;
pub use field::{Field, TOLERANCE_CELLS};
pub use pieces::{Piece, Reach};
