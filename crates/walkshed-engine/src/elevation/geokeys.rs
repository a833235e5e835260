//! The coordinate system and the sample grid of a `GeoTIFF`.

use super::error::ElevationError;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tiff::tags::Tag;

/// A TIFF file being read.
pub(super) type Tiff = tiff::decoder::Decoder<BufReader<File>>;

/// Coordinate systems that agree with WGS-84 to within a metre.
const LIKE_WGS84: [u16; 5] = [4326, 4490, 4258, 4269, 4979];
/// The key value for "user-defined".
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
/// Maximum distance between samples, degrees.
const MAX_STEP: f64 = 10.0;
/// Smallest plausible distance between samples, in degrees: a centimetre. Smaller ones are an error of the file, and would make
/// distances between samples vanish.
const MIN_STEP: f64 = 1e-7;

/// Advice for files in another coordinate system.
const REPROJECT: &str = "reproject it: gdalwarp -t_srs EPSG:4326 in.tif out.tif";

/// The `GeoKey` directory: a header, then rows of four numbers (key, location of the value, count, value).
pub(super) struct GeoKeys(Vec<u16>);

impl GeoKeys {
    pub(super) fn of(tiff: &mut Tiff) -> tiff::TiffResult<Self> {
        let keys = tiff.find_tag_unsigned_vec::<u16>(Tag::from_u16_exhaustive(GEO_KEYS))?;
        Ok(Self(keys.unwrap_or_default()))
    }

    /// Returns the value of a key, if it is a number.
    pub(super) fn get(&self, key: u16) -> Option<u16> {
        self.0.get(4..)?.chunks_exact(4).find(|row| row[0] == key && row[1] == 0).map(|row| row[3])
    }

    /// Checks that the coordinate system is longitude and latitude in degrees on a datum like WGS-84.
    ///
    /// # Errors
    /// Returns an error that names the coordinate system and the command to run.
    pub(super) fn check(&self, path: &Path, warnings: &mut Vec<String>) -> Result<(), ElevationError> {
        let unusable = |why: String| Err(ElevationError::Unusable { path: path.to_owned(), why });
        let projected = self.get(PROJECTED_TYPE);
        if let Some(model) = self.get(MODEL_TYPE).or(projected.map(|_| 1)).filter(|&m| m != GEOGRAPHIC) {
            let epsg = projected.map_or_else(String::new, |e| format!(" (EPSG:{e})"));
            return unusable(format!(
                "the coordinates are not longitude and latitude in degrees (model type {model}{epsg}); {REPROJECT}"
            ));
        }
        if let Some(unit) = self.get(ANGULAR_UNITS).filter(|u| !DEGREES.contains(u)) {
            return unusable(format!("the coordinates are in units of EPSG:{unit}, not in degrees; {REPROJECT}"));
        }
        if let Some(meridian) = self.get(PRIME_MERIDIAN).filter(|&m| m != GREENWICH) {
            return unusable(format!("the prime meridian is EPSG:{meridian}, not Greenwich; {REPROJECT}"));
        }
        match self.get(GEOGRAPHIC_TYPE) {
            Some(epsg) if LIKE_WGS84.contains(&epsg) => {}
            // EPSG:4801 to 4821 and some others use another prime meridian (Ferro, Paris, Bern, ...) or grads.
            Some(epsg @ 4800..=4899) => {
                return unusable(format!("EPSG:{epsg} may use another prime meridian or grads; {REPROJECT}"));
            }
            Some(epsg @ 4000..=4999) => warnings.push(format!(
                "{}: EPSG:{epsg} is treated as WGS-84; the two can differ by about 100 m",
                path.display()
            )),
            Some(UNDEFINED) | None => {
                warnings
                    .push(format!("{} does not name its coordinate system; it is treated as WGS-84", path.display()));
            }
            Some(other) => {
                return unusable(format!("EPSG:{other} is not a supported geographic coordinate system; {REPROJECT}"));
            }
        }
        Ok(())
    }
}

/// The grid of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Centre of the north-western sample, degrees.
    pub west: f64,
    pub north: f64,
    /// Distance between samples, degrees, positive.
    pub step_x: f64,
    pub step_y: f64,
    /// Whether the first row of the file is the southernmost.
    pub is_south_up: bool,
}

impl Grid {
    /// Reads the grid. As in GDAL, a pixel scale with a tie point takes precedence over a transformation matrix.
    ///
    /// # Errors
    /// Returns an error if the grid is not aligned with longitude and latitude, with the command to run.
    pub(super) fn of(tiff: &mut Tiff, keys: &GeoKeys, rows: usize) -> tiff::TiffResult<Result<Self, String>> {
        let mut numbers = |tag: Tag| -> tiff::TiffResult<Option<Vec<f64>>> {
            tiff.find_tag(tag)?.map(tiff::decoder::ifd::Value::into_f64_vec).transpose()
        };
        let scale = numbers(Tag::ModelPixelScaleTag)?;
        let tie = numbers(Tag::ModelTiepointTag)?;
        let matrix = numbers(Tag::from_u16_exhaustive(MODEL_TRANSFORMATION))?;
        // The steps to the east and north between neighbouring samples, and the position of the first.
        let (step_x, step_y, x, y) = match (scale.as_deref(), tie.as_deref(), matrix.as_deref()) {
            (Some(&[sx, sy, ..]), Some(&[i, j, _, x, y, ..]), _) if sx != 0.0 && sy != 0.0 => {
                (sx, -sy, x - i * sx, y + j * sy)
            }
            (_, _, Some(&[a, b, _, x, d, e, _, y, ..])) => {
                if b != 0.0 || d != 0.0 {
                    return Ok(Err(format!("the raster is rotated; {REPROJECT}")));
                }
                (a, e, x, y)
            }
            (_, Some(ties), _) if ties.len() > 6 => {
                return Ok(Err(format!("the raster has only ground control points; {REPROJECT}")));
            }
            _ => {
                return Ok(Err("the raster has no position (no ModelPixelScale and ModelTiepoint, no \
                               ModelTransformation); if there is a world file: gdal_translate -a_srs EPSG:4326 in.tif out.tif"
                    .into()));
            }
        };
        // The position is the corner of a pixel, unless the file declares pixels as points.
        let half = if keys.get(RASTER_TYPE) == Some(PIXEL_IS_POINT) { 0.0 } else { 0.5 };
        let (west, first) = (x + half * step_x, y + half * step_y);
        let is_south_up = step_y > 0.0;
        let north = if is_south_up { first + (rows as f64 - 1.0) * step_y } else { first };
        let south = north - (rows as f64 - 1.0) * step_y.abs();
        // The poles may be at the outermost samples, or half a step inside.
        let is_in_range = west.abs() <= 361.0 && north <= 90.0 + step_y.abs() && south >= -90.0 - step_y.abs();
        let is_step = |step: f64| (MIN_STEP..MAX_STEP).contains(&step);
        let is_grid = is_step(step_x) && is_step(step_y.abs()) && west.is_finite() && first.is_finite();
        if !(is_grid && is_in_range) || (is_south_up && scale.is_some() && matrix.is_none()) {
            return Ok(Err(format!(
                "the grid (corner {x}, {y}; steps {step_x}, {step_y}) is not in degrees eastwards and southwards; \
                 reproject it: gdalwarp -s_srs SOURCE_SYSTEM -t_srs EPSG:4326 in.tif out.tif"
            )));
        }
        Ok(Ok(Self { west, north, step_x, step_y: step_y.abs(), is_south_up }))
    }
}
