//! How finely walkshed polygons are drawn.

use std::str::FromStr;

/// The tolerance in cells: two diagonals of a cell. [`Field`](super::Field) and [`outlines`](super::outlines) keep it
/// together.
pub const TOLERANCE_CELLS: f64 = 2.0 * std::f64::consts::SQRT_2;

/// How finely polygons are drawn. Larger cells are drawn faster, and their outlines have fewer points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Detail {
    /// Cells of 10 m, or 1/400 of the longer side of the walkshed if that is more.
    Fine,
    /// Cells of 20 m, or 1/200 of the longer side.
    #[default]
    Normal,
    /// Cells of 60 m, or 1/60 of the longer side.
    Coarse,
}

impl Detail {
    /// All levels, finest first.
    pub const ALL: [Self; 3] = [Self::Fine, Self::Normal, Self::Coarse];

    /// Returns the name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Normal => "normal",
            Self::Coarse => "coarse",
        }
    }

    /// Minimum size of a cell in metres.
    const fn min_cell_m(self) -> f64 {
        match self {
            Self::Fine => 10.0,
            Self::Normal => 20.0,
            Self::Coarse => 60.0,
        }
    }

    /// Maximum number of cells along the longer side of a walkshed.
    const fn max_cells(self) -> f64 {
        match self {
            Self::Fine => 400.0,
            Self::Normal => 200.0,
            Self::Coarse => 60.0,
        }
    }

    /// Returns the size of a cell in metres for a walkshed whose longer side is `extent_m` and whose off-network legs
    /// are at most `off_limit_m` long.
    pub(super) fn cell_m(self, extent_m: f64, off_limit_m: f64) -> f64 {
        // The margin of a grid grows with the off-network legs. The last term limits it if a profile allows long ones.
        (extent_m / self.max_cells()).max(self.min_cell_m()).max(off_limit_m / 64.0)
    }
}

/// The name of no level of detail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown detail \"{0}\". Available: fine, normal, coarse")]
pub struct UnknownDetail(String);

impl FromStr for Detail {
    type Err = UnknownDetail;

    fn from_str(name: &str) -> Result<Self, UnknownDetail> {
        Self::ALL.into_iter().find(|detail| detail.name() == name).ok_or_else(|| UnknownDetail(name.to_owned()))
    }
}
