//! Walksheds (isochrones): the area reached by a search, as street pieces, polygons or H3 cells.
//!
//! A place is reached if the time to the street it is snapped to, plus the time of its off-network leg, is within the
//! limit. All queries use this rule. Polygons approximate it on a grid; [`Field`] states the tolerance.
//!
//! ```
//! # let network = walkshed_testing::grid(21, 100.0);
//! use walkshed_engine::walkshed::{Field, Reach, outlines};
//! use walkshed_engine::{Deciseconds, Direction, Profile, Start};
//!
//! let profile = Profile::Adult;
//! let start = Start::new(&network, network.snap(walkshed_testing::at(1000.0, 1000.0), profile)?, profile);
//! let limit = Deciseconds::from_minutes(6.0);
//! let reach = Reach::find(&network, profile, Direction::From, start, limit);
//! // 64 whole edges of 100 m, and 36 edges for 80 m.
//! assert_eq!((reach.street_m(&network) / 100.0).round(), 93.0);
//!
//! // One field gives the polygons of all shorter times.
//! let field = Field::draw(&network, &reach);
//! let both = outlines(&field, &[Deciseconds::from_minutes(3.0), limit]);
//! assert_eq!((both[0].polygons().len(), both[1].polygons().len()), (1, 1));
//! assert!(both[0].square_degrees() < both[1].square_degrees());
//! # Ok::<(), walkshed_engine::Unsnappable>(())
//! ```

mod cells;
mod contour;
mod detail;
mod field;
mod grid;
mod lines;
mod outline;
mod pieces;
mod region;
mod simplify;

pub use cells::{CellTimes, CellsError, TooManyCells, estimate_cells, reached_cells};
pub use contour::contour;
pub use detail::{Detail, TOLERANCE_CELLS, UnknownDetail};
pub use field::Field;
pub use outline::Outline;
pub use pieces::{Piece, Reach};
pub use simplify::outlines;
