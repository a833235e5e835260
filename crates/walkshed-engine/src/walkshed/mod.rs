//! Walksheds: what a search reached, as street pieces, as polygons, as H3 cells.
//!
//! A place counts as reached when the street nearest to it is reached and the leg from there fits into the time, which
//! is the rule every query here goes by. The polygon draws that rule on a grid (see [`Field`] for its tolerance).

mod cells;
mod contour;
mod field;
mod pieces;

pub use cells::{CellTimes, CellsError, TooManyCells, cells_around, reached_cells};
pub use contour::contour;
pub use field::{Field, TOLERANCE_CELLS};
pub use pieces::{Piece, Reach};
