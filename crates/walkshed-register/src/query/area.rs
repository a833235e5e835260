//! Areas prepared for point queries.

use geo::MultiPolygon;
use h3o::{CellIndex, Resolution};
use std::collections::HashSet;
use walkshed_engine::geo::{AreaIndex, Position, cell_of};

/// A rectangle in WGS-84 degrees, including its edges. `west` is greater than `east` if it crosses the 180th meridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl BoundingBox {
    /// Returns whether a position is in the rectangle.
    #[must_use]
    pub fn contains(&self, p: Position) -> bool {
        let is_between_meridians = if self.west <= self.east {
            (self.west..=self.east).contains(&p.lon())
        } else {
            p.lon() >= self.west || p.lon() <= self.east
        };
        is_between_meridians && (self.south..=self.north).contains(&p.lat())
    }
}

/// An area prepared for point queries.
pub enum Area {
    Box(BoundingBox),
    Polygon(AreaIndex),
    Cells {
        cells: HashSet<CellIndex>,
        /// The distinct resolutions of the cells.
        resolutions: Vec<Resolution>,
    },
}

impl Area {
    /// Creates an area from polygons, including their edges.
    #[must_use]
    pub fn from_polygons(polygons: &MultiPolygon<f64>) -> Self {
        Self::Polygon(AreaIndex::new(polygons))
    }

    /// Creates an area from H3 cells of any resolutions.
    #[must_use]
    pub fn from_cells(cells: HashSet<CellIndex>) -> Self {
        let mut resolutions: Vec<Resolution> = cells.iter().map(|cell| cell.resolution()).collect();
        resolutions.sort_unstable();
        resolutions.dedup();
        Self::Cells { cells, resolutions }
    }

    /// Returns whether a position is in the area.
    #[must_use]
    pub fn contains(&self, p: Position) -> bool {
        match self {
            Self::Box(rectangle) => rectangle.contains(p),
            Self::Polygon(index) => index.contains(p.lon(), p.lat()),
            Self::Cells { cells, resolutions } => resolutions.iter().any(|&r| cells.contains(&cell_of(p, r))),
        }
    }

    /// Returns the maximum number of steps of [`Area::contains`].
    #[must_use]
    pub fn steps(&self) -> usize {
        match self {
            Self::Box(_) => 1,
            Self::Polygon(index) => 1 + index.longest_band(),
            Self::Cells { resolutions, .. } => 1 + resolutions.len() * 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_contain_points_inside() {
        let p = |lon, lat| Position::new(lon, lat).unwrap();
        let chongqing = Area::Box(BoundingBox { west: 106.0, south: 29.0, east: 107.0, north: 30.0 });
        for (point, inside) in [(p(106.5, 29.5), true), (p(106.0, 29.0), true), (p(105.9, 29.5), false)] {
            assert_eq!(chongqing.contains(point), inside, "{point:?}");
        }
        let pacific = Area::Box(BoundingBox { west: 170.0, south: -10.0, east: -170.0, north: 10.0 });
        for (point, inside) in [(p(179.0, 0.0), true), (p(-179.0, 0.0), true), (p(0.0, 0.0), false)] {
            assert_eq!(pacific.contains(point), inside, "{point:?}");
        }
        let triangle = geo::Polygon::new(vec![(106.0, 29.0), (107.0, 29.0), (107.0, 30.0)].into(), Vec::new());
        let polygon = Area::from_polygons(&MultiPolygon(vec![triangle]));
        assert!(polygon.contains(p(106.9, 29.5)) && !polygon.contains(p(106.1, 29.9)));
        let cells = [cell_of(p(106.5, 29.5), Resolution::Nine), cell_of(p(107.5, 29.5), Resolution::Seven)];
        let cells = Area::from_cells(cells.into());
        for (point, inside) in [(p(106.5, 29.5), true), (p(107.5, 29.5), true), (p(106.6, 29.5), false)] {
            assert_eq!(cells.contains(point), inside, "{point:?}");
        }
    }
}
