//! The area for which heights are needed.

/// A bounding box in degrees. Longitudes may exceed 180 degrees in either direction.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Smallest longitude.
    pub west: f64,
    /// Smallest latitude.
    pub south: f64,
    /// Largest longitude.
    pub east: f64,
    /// Largest latitude.
    pub north: f64,
}

impl Extent {
    /// Returns the extent in the coordinates of a raster that is shifted east by `degrees`.
    pub(super) fn shifted_west(self, degrees: f64) -> Self {
        Self { west: self.west - degrees, east: self.east - degrees, ..self }
    }
}

/// Rasters are used at their position and shifted by 360 degrees to either side.
pub(super) const SHIFTS: [f64; 3] = [0.0, -360.0, 360.0];
