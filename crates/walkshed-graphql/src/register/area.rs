//! Areas in filters: rectangles, polygons, H3 cells.

use crate::error::{bad_input, invalid, over_limit, within_bound};
use crate::scalars::{GeoJsonInput, H3Cell};
use async_graphql::{InputObject, OneofObject, Result};
use walkshed_engine::geo::{Position, read_area};
use walkshed_register::query::{Area, BoundingBox};

/// Maximum number of cells in one filter.
const MAX_CELLS: usize = 20_000;
/// A position may have more than two numbers. A text with up to this multiple of the corner limit is parsed to count
/// the corners exactly.
const COMMAS_PER_CORNER: usize = 3;
/// A rectangle in WGS-84 degrees.
#[derive(InputObject, Debug, Clone, Copy)]
pub struct BoxInput {
    /// Westernmost longitude. Greater than `east` if the rectangle crosses the 180th meridian.
    pub west: f64,
    /// Southernmost latitude.
    pub south: f64,
    /// Easternmost longitude.
    pub east: f64,
    /// Northernmost latitude.
    pub north: f64,
}

/// An area. Give exactly one of the fields.
#[derive(OneofObject, Debug, Clone)]
pub enum AreaInput {
    /// A rectangle, including its edges.
    Box(BoxInput),
    /// A GeoJSON Polygon or MultiPolygon, or a Feature with one, including its edges. At most 10,000 corners, unless
    /// the server is configured otherwise (`max_polygon_corners`).
    Polygon(GeoJsonInput),
    /// H3 cells of any resolutions, at most 20,000.
    Cells(Vec<H3Cell>),
}

impl AreaInput {
    /// Checks the area and converts it for queries. `field` names the argument in errors.
    pub fn area(&self, field: &str, max_corners: usize) -> Result<Area> {
        match self {
            Self::Box(b) => {
                for (lon, lat) in [(b.west, b.south), (b.east, b.north)] {
                    Position::new(lon, lat)
                        .map_err(|e| bad_input(&format!("{field}.box"), format_args!("({lon}, {lat})"), e))?;
                }
                if b.south > b.north {
                    return Err(bad_input(&format!("{field}.box.south"), b.south, "is north of `north`"));
                }
                let BoxInput { west, south, east, north } = *b;
                Ok(Area::Box(BoundingBox { west, south, east, north }))
            }
            Self::Polygon(GeoJsonInput(text)) => {
                let field = format!("{field}.polygon");
                // Each corner has at least two numbers, separated by commas.
                let commas = text.bytes().filter(|b| *b == b',').count();
                if commas / 2 > max_corners * COMMAS_PER_CORNER {
                    within_bound("maxPolygonCorners", &field, commas / 2, max_corners)?;
                }
                let area = read_area(text).map_err(|e| invalid(&field, e))?;
                let rings = area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
                let corners = rings.map(|ring| ring.0.len()).sum();
                if corners > max_corners {
                    let why = format!(
                        "{field}: {corners} corners exceed maxPolygonCorners ({max_corners}); simplify the outline"
                    );
                    return Err(over_limit("maxPolygonCorners", Some(&field), corners, max_corners, why));
                }
                Ok(Area::from_polygons(&area))
            }
            Self::Cells(cells) => {
                within_bound("maxFilterCells", &format!("{field}.cells"), cells.len(), MAX_CELLS)?;
                Ok(Area::from_cells(cells.iter().map(|cell| cell.0).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_areas() {
        let p = |lon, lat| Position::new(lon, lat).unwrap();
        let area = |input: AreaInput| input.area("area", 100).unwrap();
        let rectangle = area(AreaInput::Box(BoxInput { west: 106.0, south: 29.0, east: 107.0, north: 30.0 }));
        assert!(
            rectangle.contains(p(106.0, 29.0))
                && rectangle.contains(p(106.5, 29.5))
                && !rectangle.contains(p(105.9, 29.5))
        );
        let ring = r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,29]]]}"#;
        let polygon = area(AreaInput::Polygon(GeoJsonInput(ring.into())));
        assert!(polygon.contains(p(106.9, 29.5)) && !polygon.contains(p(106.1, 29.9)));
        let cell = walkshed_engine::geo::cell_of(p(106.5, 29.5), h3o::Resolution::Nine);
        let coarse = walkshed_engine::geo::cell_of(p(107.5, 29.5), h3o::Resolution::Seven);
        let cells = area(AreaInput::Cells(vec![H3Cell(cell), H3Cell(coarse)]));
        assert!(cells.contains(p(106.5, 29.5)) && cells.contains(p(107.5, 29.5)) && !cells.contains(p(106.6, 29.5)));
        let pacific = area(AreaInput::Box(BoxInput { west: 170.0, south: -10.0, east: -170.0, north: 10.0 }));
        assert!(pacific.contains(p(179.0, 0.0)) && pacific.contains(p(-179.0, 0.0)) && !pacific.contains(p(0.0, 0.0)));
        let upside_down = AreaInput::Box(BoxInput { west: 106.0, south: 30.0, east: 107.0, north: 29.0 });
        assert!(upside_down.area("filter.area", 100).err().unwrap().message.contains("filter.area.box.south"));
    }
}
