//! Removes heights that no land has, which mean a wrong unit or an unmarked void.

use super::error::ElevationError;
use std::path::Path;

/// The range of plausible heights on land, metres: the shore of the Dead Sea is at -430, Mount Everest at 8849.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = -500.0..=9000.0;

/// Replaces implausible heights by voids.
///
/// # Errors
/// Returns an error if most heights are implausible: then the unit or the scale of the file is not what it declares.
pub(super) fn remove_implausible(
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
