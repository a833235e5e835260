//! Elevation in: `GeoTIFF` and SRTM `.hgt` rasters in geographic coordinates, sampled bilinearly.

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

/// Heights of land, metres: the Dead Sea's shore is at -430, Mount Everest at 8849.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = -500.0..=9000.0;

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

/// The part of the world that is wanted, in degrees. Longitudes may run past 180 degrees, to either side.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Extent {
    /// The same, seen from a raster that lies so many degrees to the east of where its file has it.
    fn moved(self, degrees: f64) -> Self {
        Self { west: self.west - degrees, east: self.east - degrees, ..self }
    }
}

/// Rasters are looked for where they are, and once round the globe to either side.
const TURNS: [f64; 3] = [0.0, -360.0, 360.0];

/// Heights from one or more rasters. The first that has a height in its file for a position wins; if none has, the first
/// that fills a void there.
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
            let found = match ending.as_str() {
                "tif" | "tiff" => geotiff::read(path, extent, &mut all.warnings)?,
                "hgt" => hgt::read(path, extent, &mut all.warnings)?,
                _ => return Err(ElevationError::UnknownKind(path.clone())),
            };
            if found.is_empty() {
                all.warnings.push(format!("{} does not lie where the streets are; it was not used", path.display()));
            } else if !found.iter().any(Raster::has_heights) {
                all.warnings.push(format!("{} holds no heights where the streets are", path.display()));
            }
            all.rasters.extend(found);
        }
        Ok(all)
    }

    /// What the rasters say of a position.
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

    /// Metres above sea level; `None` outside the rasters, and in voids that have no rim.
    #[must_use]
    pub fn sample(&self, at: Fixed) -> Option<f32> {
        match self.find(at) {
            Sampled::Height(height) | Sampled::Filled(height) => Some(height),
            Sampled::Void | Sampled::Outside => None,
        }
    }

    /// Are there no heights at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.rasters.iter().any(Raster::has_heights)
    }
}

/// Makes voids of heights that no land has.
///
/// # Errors
/// When most of them are so: the file counts in another unit than it says, or by a scale it does not tell.
fn without_implausible(
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
        "{count} of the {known} heights read from it lie between {least} and {greatest} m, outside those of land ({} to \
         {} m)",
        PLAUSIBLE.start(),
        PLAUSIBLE.end()
    );
    // Beside a coast the sea may be deeper than land is low; but nothing is higher than the mountains.
    if count == known || high * 2 >= known {
        let why = format!(
            "{what}; it was read {read_as}. If it counts otherwise, say so in the file, such as gdal_edit.py -scale 0.1 \
             -units m in.tif, or gdal_edit.py -a_nodata VALUE in.tif for a value that means no height"
        );
        return Err(ElevationError::Unusable { path: path.to_owned(), why });
    }
    warnings.push(format!("{}: {what}; they count as voids", path.display()));
    Ok(())
}

type Tiff = tiff::decoder::Decoder<BufReader<File>>;

fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ElevationError + '_ {
    move |source| ElevationError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
