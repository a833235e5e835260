//! Reads elevation rasters in geographic coordinates (`GeoTIFF` and SRTM `.hgt`) and samples them bilinearly.

mod band;
mod error;
mod extent;
mod geokeys;
mod geotiff;
mod hgt;
mod implausible;
mod raster;

pub use error::ElevationError;
pub use extent::Extent;
pub use raster::Sampled;

use crate::geo::Fixed;
use raster::Raster;
use std::path::PathBuf;

/// Heights from one or more rasters. For a position, the first raster with a measured height wins; if there is none,
/// the first with an interpolated height.
#[derive(Debug, Clone, Default)]
pub struct Elevation {
    rasters: Vec<Raster>,
    /// Problems with the files that users should know about.
    pub warnings: Vec<String>,
}

impl Elevation {
    /// Reads rasters, keeping only the part within `extent`.
    ///
    /// # Errors
    /// Returns an [`ElevationError`] that names the file and the problem.
    pub fn open(paths: &[PathBuf], extent: Extent) -> Result<Self, ElevationError> {
        let mut all = Self::default();
        for path in paths {
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            let found = match ending.as_str() {
                "tif" | "tiff" => geotiff::read(path, extent, &mut all.warnings)?,
                "hgt" => hgt::read(path, extent, &mut all.warnings)?,
                _ => return Err(ElevationError::UnknownKind(path.clone())),
            };
            if found.is_empty() {
                all.warnings.push(format!("{} does not cover any street and was not used", path.display()));
            } else if !found.iter().any(Raster::has_heights) {
                all.warnings.push(format!("{} has no heights where the streets are", path.display()));
            }
            all.rasters.extend(found);
        }
        Ok(all)
    }

    /// Looks up a position in all rasters.
    #[must_use]
    pub fn find(&self, at: Fixed) -> Sampled {
        let mut best = Sampled::Outside;
        for raster in &self.rasters {
            match (raster.sample(at), best) {
                (found @ Sampled::Height(_), _) => return found,
                (found @ Sampled::Filled(_), Sampled::Void | Sampled::Outside)
                | (found @ Sampled::Void, Sampled::Outside) => best = found,
                _ => {}
            }
        }
        best
    }

    /// Returns the height in metres above sea level. `None` outside the rasters and in voids that cannot be
    /// interpolated.
    #[must_use]
    pub fn sample(&self, at: Fixed) -> Option<f32> {
        match self.find(at) {
            Sampled::Height(height) | Sampled::Filled(height) => Some(height),
            Sampled::Void | Sampled::Outside => None,
        }
    }

    /// Returns whether there are no heights at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.rasters.iter().any(Raster::has_heights)
    }
}

#[cfg(test)]
mod tests;
