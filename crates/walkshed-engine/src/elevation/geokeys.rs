//! Where the samples of a `GeoTIFF` lie: its coordinate system and its grid.

use super::{ElevationError, Tiff};
use std::path::Path;
use tiff::tags::Tag;

/// Systems whose coordinates are WGS-84's to within a metre.
const LIKE_WGS84: [u16; 5] = [4326, 4490, 4258, 4269, 4979];
/// The value of a key that says "not one of the list".
pub(super) const UNDEFINED: u16 = 32767;
const GEO_KEYS: u16 = 34735;
const MODEL_TRANSFORMATION: u16 = 34264;
const MODEL_TYPE: u16 = 1024;
const GEOGRAPHIC: u16 = 2;
const RASTER_TYPE: u16 = 1025;
const PIXEL_IS_POINT: u16 = 2;
const GEOGRAPHIC_TYPE: u16 = 2048;
const PRIME_MERIDIAN: u16 = 2051;
const GREENWICH: u16 = 8901;
const ANGULAR_UNITS: u16 = 2054;
const DEGREES: [u16; 2] = [9102, 9122];
const PROJECTED_TYPE: u16 = 3072;
/// The largest step between samples, degrees.
const COARSEST: f64 = 10.0;

/// What a raster is to be made of by whoever has it.
const REPROJECT: &str = "reproject it: gdalwarp -t_srs EPSG:4326 in.tif out.tif";

/// The directory of `GeoKeys`: after a header, rows of four numbers (key, where its value is, count, value).
pub(super) struct GeoKeys(Vec<u16>);

impl GeoKeys {
    pub(super) fn of(tiff: &mut Tiff) -> tiff::TiffResult<Self> {
        let keys = tiff.find_tag_unsigned_vec::<u16>(Tag::from_u16_exhaustive(GEO_KEYS))?;
        Ok(Self(keys.unwrap_or_default()))
    }

    /// The number a key has, where it is one.
    pub(super) fn get(&self, key: u16) -> Option<u16> {
        self.0.get(4..)?.chunks_exact(4).find(|row| row[0] == key && row[1] == 0).map(|row| row[3])
    }

    /// Holds the system against what is read here: longitude and latitude in degrees, like WGS-84.
    ///
    /// # Errors
    /// The system it is in, and what to run.
    pub(super) fn check(&self, path: &Path, warnings: &mut Vec<String>) -> Result<(), ElevationError> {
        let unusable = |why: String| Err(ElevationError::Unusable { path: path.to_owned(), why });
        let projected = self.get(PROJECTED_TYPE);
        if let Some(model) = self.get(MODEL_TYPE).or(projected.map(|_| 1)).filter(|&m| m != GEOGRAPHIC) {
            let epsg = projected.map_or_else(String::new, |e| format!(" (EPSG:{e})"));
            return unusable(format!(
                "it is not in degrees of longitude and latitude (model type {model}{epsg}); {REPROJECT}"
            ));
        }
        if let Some(unit) = self.get(ANGULAR_UNITS).filter(|u| !DEGREES.contains(u)) {
            return unusable(format!("its coordinates are in units EPSG:{unit}, not in degrees; {REPROJECT}"));
        }
        if let Some(meridian) = self.get(PRIME_MERIDIAN).filter(|&m| m != GREENWICH) {
            return unusable(format!("its longitudes count from EPSG:{meridian}, not from Greenwich; {REPROJECT}"));
        }
        match self.get(GEOGRAPHIC_TYPE) {
            Some(epsg) if LIKE_WGS84.contains(&epsg) => {}
            // Those of 4801 to 4821 and some others count from Ferro, Paris, Bern, ... or in grads.
            Some(epsg @ 4800..=4899) => {
                return unusable(format!("EPSG:{epsg} may count from another meridian or in grads; {REPROJECT}"));
            }
            Some(epsg @ 4000..=4999) => warnings
                .push(format!("{}: EPSG:{epsg} is taken as WGS-84; the two can differ by some 100 m", path.display())),
            Some(UNDEFINED) | None => {
                warnings.push(format!("{} does not name its coordinate system; taken as WGS-84", path.display()));
            }
            Some(other) => {
                return unusable(format!("EPSG:{other} is not a geographic coordinate system read here; {REPROJECT}"));
            }
        }
        Ok(())
    }
}

/// Where the samples lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Centre of the north-western sample, degrees.
    pub west: f64,
    pub north: f64,
    /// Degrees between samples, more than 0.
    pub step_x: f64,
    pub step_y: f64,
    /// Is the first row of the file the southernmost?
    pub is_south_up: bool,
}

impl Grid {
    /// Reads it. The model is that of GDAL: a pixel scale with a tie point comes before a matrix.
    ///
    /// # Errors
    /// Why it is no grid along longitude and latitude, and what to run.
    pub(super) fn of(tiff: &mut Tiff, keys: &GeoKeys, rows: usize) -> tiff::TiffResult<Result<Self, String>> {
        let mut numbers = |tag: Tag| -> tiff::TiffResult<Option<Vec<f64>>> {
            tiff.find_tag(tag)?.map(tiff::decoder::ifd::Value::into_f64_vec).transpose()
        };
        let scale = numbers(Tag::ModelPixelScaleTag)?;
        let tie = numbers(Tag::ModelTiepointTag)?;
        let matrix = numbers(Tag::from_u16_exhaustive(MODEL_TRANSFORMATION))?;
        // The steps to the east and north from a sample to the next one of its row, or of the next row.
        let (step_x, step_y, x, y) = match (scale.as_deref(), tie.as_deref(), matrix.as_deref()) {
            (Some(&[sx, sy, ..]), Some(&[i, j, _, x, y, ..]), _) if sx != 0.0 && sy != 0.0 => {
                (sx, -sy, x - i * sx, y + j * sy)
            }
            (_, _, Some(&[a, b, _, x, d, e, _, y, ..])) => {
                if b != 0.0 || d != 0.0 {
                    return Ok(Err(format!("it is rotated; straighten it: {}", &REPROJECT["reproject it: ".len()..])));
                }
                (a, e, x, y)
            }
            (_, Some(ties), _) if ties.len() > 6 => {
                return Ok(Err(format!("it lies by ground control points alone; {REPROJECT}")));
            }
            _ => {
                return Ok(Err("it does not say where it lies (no ModelPixelScale and ModelTiepoint, no \
                               ModelTransformation); if a world file does: gdal_translate -a_srs EPSG:4326 in.tif out.tif"
                    .into()));
            }
        };
        // The position is a pixel's corner unless the file says that pixels are points.
        let half = if keys.get(RASTER_TYPE) == Some(PIXEL_IS_POINT) { 0.0 } else { 0.5 };
        let (west, first) = (x + half * step_x, y + half * step_y);
        let is_south_up = step_y > 0.0;
        let north = if is_south_up { first + (rows as f64 - 1.0) * step_y } else { first };
        let south = north - (rows as f64 - 1.0) * step_y.abs();
        // Poles may lie on the outermost samples, or half a step within.
        let on_the_globe = west.abs() <= 361.0 && north <= 90.0 + step_y.abs() && south >= -90.0 - step_y.abs();
        let is_grid = 0.0 < step_x && step_x < COARSEST && step_y != 0.0 && step_y.abs() < COARSEST;
        if !(is_grid && on_the_globe) || (is_south_up && scale.is_some() && matrix.is_none()) {
            return Ok(Err(format!(
                "its grid (corner {x}, {y}; steps {step_x}, {step_y}) is not one of degrees eastwards and southwards; \
                 reproject it: gdalwarp -s_srs SYSTEM_IT_IS_IN -t_srs EPSG:4326 in.tif out.tif"
            )));
        }
        Ok(Ok(Self { west, north, step_x, step_y: step_y.abs(), is_south_up }))
    }
}
