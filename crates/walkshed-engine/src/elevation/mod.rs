//! Reads elevation rasters in geographic coordinates (`GeoTIFF` and SRTM `.hgt`) and samples them bilinearly.

mod band;
mod geokeys;
mod geotiff;
mod hgt;
mod raster;

use crate::geo::Fixed;
use raster::Raster;
pub use raster::Sampled;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// The range of plausible heights on land, metres: the shore of the Dead Sea is at -430, Mount Everest at 8849.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = -500.0..=9000.0;

/// The reason why an elevation file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ElevationError {
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("{}: unknown file type; the name must end in .tif, .tiff or .hgt", .0.display())]
    UnknownKind(PathBuf),
}

/// A bounding box in degrees. Longitudes may exceed 180 degrees in either direction.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Extent {
    /// Returns the extent in the coordinates of a raster that is shifted east by `degrees`.
    fn shifted_west(self, degrees: f64) -> Self {
        Self { west: self.west - degrees, east: self.east - degrees, ..self }
    }
}

/// Rasters are used at their position and shifted by 360 degrees to either side.
const SHIFTS: [f64; 3] = [0.0, -360.0, 360.0];

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

/// Replaces implausible heights by voids.
///
/// # Errors
/// Returns an error if most heights are implausible: then the unit or the scale of the file is not what it declares.
fn remove_implausible(
    path: &Path,
    heights: &mut [f32],
    read_as: &str,
    warnings: &mut Vec<String>,
) -> Result<(), ElevationError> {
    let (mut count, mut known, mut high) = (0usize, 0usize, 0usize);
    let (mut least, mut greatest) = (f32::INFINITY, f32::NEG_INFINITY);
    for height in heights.iter_mut().filter(|h| !h.is_nan()) {
        known += 1;
        if !PLAUSIBLE.contains(height) {
            (least, greatest) = (least.min(*height), greatest.max(*height));
            count += 1;
            high += usize::from(*height > *PLAUSIBLE.end());
            *height = f32::NAN;
        }
    }
    if count == 0 {
        return Ok(());
    }
    let what = format!(
        "{count} of the {known} heights are between {least} and {greatest} m, outside the range of land ({} to \
         {} m)",
        PLAUSIBLE.start(),
        PLAUSIBLE.end()
    );
    // Near a coast, many samples may be below any land. Many samples above every mountain mean a wrong unit.
    if count == known || high * 2 >= known {
        let why = format!(
            "{what}; values were read {read_as}. If this is wrong, correct the file: gdal_edit.py -scale 0.1 \
             -units m in.tif, or gdal_edit.py -a_nodata VALUE in.tif for a value that means no data"
        );
        return Err(ElevationError::Unusable { path: path.to_owned(), why });
    }
    warnings.push(format!("{}: {what}; they are treated as voids", path.display()));
    Ok(())
}

type Tiff = tiff::decoder::Decoder<BufReader<File>>;

fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ElevationError + '_ {
    move |source| ElevationError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
