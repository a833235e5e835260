//! Geometry on the ground: WGS-84 positions, Chinese datums, local metric distances, areas, and H3 helpers.
//!
//! This module knows nothing of streets, registers or the web.
//!
//! ```
//! use walkshed_engine::geo::{Datum, Fixed, Position, chord_length_m};
//!
//! // A position from a Chinese web map, converted to WGS-84.
//! let station = Datum::Gcj02.to_wgs84(106.5776, 29.5577)?;
//! let square = Position::new(106.5770, 29.5590)?;
//! let metres = chord_length_m(Fixed::from(station), Fixed::from(square));
//! assert!((300.0..600.0).contains(&metres), "{metres} m");
//!
//! assert!(Position::new(29.5590, 106.5770).unwrap_err().to_string().contains("swapped"));
//! # Ok::<(), walkshed_engine::geo::PositionError>(())
//! ```

mod antimeridian;
mod area;
mod area_index;
mod datum;
mod geojson_text;
mod h3;
mod metric;
mod position;
mod storey;

pub use antimeridian::{longitude_near, make_continuous, split_area_at_meridian, split_line_at_meridian};
pub use area::{AreaError, geometry_of, read_area};
pub use area_index::AreaIndex;
pub use datum::{Datum, UnknownDatum};
pub(crate) use geojson_text::push_positions;
pub use geojson_text::{area_text, multi_polygon_text, push_line, push_point, push_position};
pub use h3::{CellParseError, cell_centre, cell_of, parse_cell};
pub use metric::{Metric, chord_length_m};
pub(crate) use position::{FULL_TURN, HALF_TURN};
pub use position::{Fixed, Position, PositionError};
pub use storey::{Place, Storey};
