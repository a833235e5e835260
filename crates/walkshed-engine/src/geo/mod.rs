//! Positions and measures on the ground: WGS-84 positions, the Chinese datums they may arrive in, local
//! metric distances, and H3 helpers. The lowest room: it knows nothing of streets, registers or the web.

mod antimeridian;
mod area;
mod area_index;
mod datum;
mod geojson_text;
mod h3;
mod metric;
mod position;
mod storey;

pub use antimeridian::{area_on_globe, continuous, degrees_beside, line_on_globe};
pub use area::{AreaError, geometry_of, read_area};
pub use area_index::AreaIndex;
pub use datum::{Datum, UnknownDatum};
pub use geojson_text::{area_text, multi_polygon_text, push_line, push_point, push_position};
pub use h3::{CellParseError, cell_centre, cell_of, parse_cell};
pub use metric::{Metric, chord_length_m};
pub use position::{Fixed, Position, PositionError};
pub use storey::{Place, Storey};
