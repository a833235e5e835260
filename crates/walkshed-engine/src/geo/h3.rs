//! Parsing of H3 cells, and conversion between cells and positions.

use super::position::Position;
use h3o::{CellIndex, LatLng, Resolution};

/// The error for a text that is not an H3 cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an H3 cell: expected 15 or 16 hexadecimal digits such as 89a901291abffff")]
pub struct CellParseError(pub String);

/// Parses an H3 cell from its hexadecimal form, with or without `0x`, in upper or lower case.
///
/// ```
/// use walkshed_engine::geo::{cell_centre, cell_of, parse_cell};
///
/// let cell = parse_cell("89a901291abffff")?;
/// assert_eq!(cell_of(cell_centre(cell), cell.resolution()), cell);
/// assert!(parse_cell("somewhere").is_err());
/// # Ok::<(), walkshed_engine::geo::CellParseError>(())
/// ```
///
/// # Errors
/// Returns a [`CellParseError`] with the text if it is not the index of a cell.
pub fn parse_cell(text: &str) -> Result<CellIndex, CellParseError> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    u64::from_str_radix(digits, 16)
        .ok()
        .and_then(|bits| CellIndex::try_from(bits).ok())
        .ok_or_else(|| CellParseError(text.chars().take(40).collect()))
}

/// Returns the centre of a cell.
#[must_use]
pub fn cell_centre(cell: CellIndex) -> Position {
    let centre = LatLng::from(cell);
    // The centre of a cell is always in range; the clamp only removes rounding errors at the antimeridian.
    Position::new(centre.lng().clamp(-180.0, 180.0), centre.lat().clamp(-90.0, 90.0))
        .unwrap_or_else(|_| unreachable!("H3 centres are in range"))
}

/// Returns the cell at `resolution` that contains a position.
#[must_use]
pub fn cell_of(position: Position, resolution: Resolution) -> CellIndex {
    LatLng::new(position.lat(), position.lon())
        .map_or_else(|_| unreachable!("a Position is finite"), |p| p.to_cell(resolution))
}
