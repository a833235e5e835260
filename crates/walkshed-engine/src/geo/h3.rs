//! H3 cells as users write them.

use super::position::Position;
use h3o::{CellIndex, LatLng, Resolution};

/// A text that is not an H3 cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an H3 cell: expected 15 or 16 hexadecimal digits such as 89a901291abffff")]
pub struct CellParseError(pub String);

/// Reads an H3 cell from its hexadecimal form (with or without `0x`, either case).
///
/// # Errors
/// [`CellParseError`] with the text, when it is not the index of a cell.
pub fn parse_cell(text: &str) -> Result<CellIndex, CellParseError> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    u64::from_str_radix(digits, 16)
        .ok()
        .and_then(|bits| CellIndex::try_from(bits).ok())
        .ok_or_else(|| CellParseError(text.chars().take(40).collect()))
}

/// The centre of a cell.
#[must_use]
pub fn cell_centre(cell: CellIndex) -> Position {
    let centre = LatLng::from(cell);
    // A cell's centre is always on the globe; the clamp only removes rounding at the antimeridian.
    Position::new(centre.lng().clamp(-180.0, 180.0), centre.lat().clamp(-90.0, 90.0))
        .unwrap_or_else(|_| unreachable!("H3 centres are on the globe"))
}

/// The cell of a resolution that holds a position.
#[must_use]
pub fn cell_of(position: Position, resolution: Resolution) -> CellIndex {
    LatLng::new(position.lat(), position.lon())
        .map_or_else(|_| unreachable!("a Position is finite"), |p| p.to_cell(resolution))
}
