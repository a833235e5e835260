//! Reads SRTM `.hgt` files: one square degree of big-endian 16-bit heights. The file name gives the position
//! (`N29E106.hgt`).

use super::error::{ElevationError, io_error};
use super::extent::{Extent, SHIFTS};
use super::implausible::remove_implausible;
use super::raster::{Frame, Raster};
use std::path::Path;

/// The "no data" value.
const VOID: i16 = -32768;

/// Reads a file. Returns nothing if it does not intersect `extent`.
pub(super) fn read(path: &Path, extent: Extent, warnings: &mut Vec<String>) -> Result<Vec<Raster>, ElevationError> {
    let unusable = |why: String| ElevationError::Unusable { path: path.to_owned(), why };
    let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    let (south, west) = corner(name).ok_or_else(|| {
        unusable("the name of an .hgt file must be its south-western corner, such as N29E106.hgt".into())
    })?;
    let bytes = std::fs::read(path).map_err(io_error(path))?;
    let side = match bytes.len() {
        2_884_802 => 1201,
        25_934_402 => 3601,
        other => {
            return Err(unusable(format!(
                "an .hgt file has 2884802 bytes (3 arc-seconds) or 25934402 (1 arc-second); this one has {other}"
            )));
        }
    };
    let step = 1.0 / (side as f64 - 1.0);
    let meets = |shift: &f64| {
        let Extent { west: low, south: bottom, east: high, north: top } = extent.shifted_west(*shift);
        low - step <= west + 1.0 && high + step >= west && bottom - step <= south + 1.0 && top + step >= south
    };
    let Some(shift) = SHIFTS.into_iter().find(meets) else { return Ok(Vec::new()) };
    let mut heights: Vec<f32> = bytes
        .chunks_exact(2)
        .map(|b| match i16::from_be_bytes([b[0], b[1]]) {
            VOID => f32::NAN,
            h => f32::from(h),
        })
        .collect();
    remove_implausible(path, &mut heights, "in whole metres, the unit of .hgt files", warnings)?;
    let frame = Frame { west: west + shift, north: south + 1.0, step_x: step, step_y: step, columns: side, rows: side };
    Ok(vec![Raster::new(frame, heights)])
}

fn corner(name: &str) -> Option<(f64, f64)> {
    let upper = name.to_ascii_uppercase();
    let (ns, rest) = upper.split_at_checked(1)?;
    let (lat, rest) = rest.split_at_checked(2)?;
    let (ew, rest) = rest.split_at_checked(1)?;
    let lon = rest.get(..3)?;
    let sign = |c: &str, plus: &str, minus: &str| match c {
        c if c == plus => Some(1.0),
        c if c == minus => Some(-1.0),
        _ => None,
    };
    let lat: u8 = lat.parse().ok()?;
    let lon: u8 = lon.parse().ok()?;
    (lat <= 90 && lon <= 180).then_some(())?;
    Some((sign(ns, "N", "S")? * f64::from(lat), sign(ew, "E", "W")? * f64::from(lon)))
}
