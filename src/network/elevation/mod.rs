//! Elevation in: `GeoTIFF` and SRTM `.hgt` rasters in geographic coordinates, sampled bilinearly.

mod geotiff;
mod hgt;

use crate::geo::Fixed;
use std::path::{Path, PathBuf};

/// Why an elevation file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ElevationError {
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("{}: its name must end in .tif, .tiff or .hgt", .0.display())]
    UnknownKind(PathBuf),
}

/// The part of the world that is wanted, in degrees.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// One raster of heights in metres; row 0 is the northernmost.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    /// Longitude and latitude of the centre of the first (north-western) sample.
    pub west: f64,
    pub north: f64,
    /// Degrees between samples.
    pub step_x: f64,
    pub step_y: f64,
    pub columns: usize,
    pub rows: usize,
    /// NaN where there is no value.
    pub heights: Vec<f32>,
}

impl Raster {
    /// Bilinear between the four samples around a position; the nearest ones where the position lies within half a
    /// sample outside, or where some are missing.
    fn sample(&self, at: Fixed) -> Option<f32> {
        let fx = (at.lon() - self.west) / self.step_x;
        let fy = (self.north - at.lat()) / self.step_y;
        let (max_x, max_y) = (self.columns as f64 - 1.0, self.rows as f64 - 1.0);
        if !(-0.5..=max_x + 0.5).contains(&fx) || !(-0.5..=max_y + 0.5).contains(&fy) {
            return None;
        }
        let (fx, fy) = (fx.clamp(0.0, max_x), fy.clamp(0.0, max_y));
        let (x0, y0) = (fx.floor() as usize, fy.floor() as usize);
        let (x1, y1) = ((x0 + 1).min(self.columns - 1), (y0 + 1).min(self.rows - 1));
        let (tx, ty) = (fx - x0 as f64, fy - y0 as f64);
        let (mut sum, mut weight) = (0.0, 0.0);
        for (x, y, w) in
            [(x0, y0, (1.0 - tx) * (1.0 - ty)), (x1, y0, tx * (1.0 - ty)), (x0, y1, (1.0 - tx) * ty), (x1, y1, tx * ty)]
        {
            let h = f64::from(*self.heights.get(y * self.columns + x)?);
            if w > 0.0 && h.is_finite() {
                sum += h * w;
                weight += w;
            }
        }
        // With less than half the weight the value would be a guess.
        (weight >= 0.5).then(|| (sum / weight) as f32)
    }
}

/// Heights from one or more rasters; the first that has a value for a position wins.
#[derive(Debug, Clone, Default)]
pub struct Elevation {
    rasters: Vec<Raster>,
    /// What users should know about the files.
    pub warnings: Vec<String>,
}

impl Elevation {
    /// Opens rasters, keeping only what lies within `extent`.
    ///
    /// # Errors
    /// [`ElevationError`] naming the file and what is wrong with it.
    pub fn open(paths: &[PathBuf], extent: Extent) -> Result<Self, ElevationError> {
        let mut all = Self::default();
        for path in paths {
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            match ending.as_str() {
                "tif" | "tiff" => all.rasters.extend(geotiff::read(path, extent, &mut all.warnings)?),
                "hgt" => all.rasters.push(hgt::read(path)?),
                _ => return Err(ElevationError::UnknownKind(path.clone())),
            }
        }
        Ok(all)
    }

    /// Metres above sea level, `None` where no raster has a value.
    #[must_use]
    pub fn sample(&self, at: Fixed) -> Option<f32> {
        self.rasters.iter().find_map(|r| r.sample(at))
    }

    /// Are there no heights at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rasters.is_empty()
    }
}

pub(super) fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ElevationError + '_ {
    move |source| ElevationError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
