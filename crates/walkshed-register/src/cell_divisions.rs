//! Assigns each population cell to a division: by the outlines of regions, or else by the nearest center.

use super::center::Center;
use super::code::district_of;
use super::population::PopulationCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use walkshed_engine::geo::{Fixed, Metric, Position, cell_centre};
use walkshed_engine::parallel;

/// Minimum number of cells per thread.
const CELLS_PER_THREAD: usize = 32;

/// The code of the smallest known region of each population cell.
#[derive(Debug, Default)]
pub struct CellDivisions {
    /// Distinct codes, sorted; `of_cell` refers to them by index.
    codes: Vec<String>,
    of_cell: Vec<Option<u32>>,
}

impl CellDivisions {
    /// Assigns all population cells. A cell is in the smallest region whose outline contains its centre. Within that region it
    /// belongs to the division of the nearest center (in a straight line). A cell outside all outlines belongs to the division
    /// of the nearest center of all. `outlined_region` returns the code of the smallest region whose outline contains a position.
    #[must_use]
    pub fn assign<'r>(
        centers: &[Arc<Center>],
        population: &[PopulationCell],
        outlined_region: impl Fn(Position) -> Option<&'r str> + Sync,
    ) -> Self {
        let all: Vec<CenterAt<'_>> = centers.iter().map(|c| (c.position.into(), &**c)).collect();
        let mut by_district: BTreeMap<&str, Vec<CenterAt<'_>>> = BTreeMap::new();
        for &(at, center) in &all {
            by_district.entry(center.code.district()).or_default().push((at, center));
        }
        let division = |cell: &PopulationCell| -> Option<String> {
            let at = cell_centre(cell.cell);
            let outlined = outlined_region(at);
            // Only centers inside the region count. For a district or smaller, only those of the district are compared.
            let (near, within) = match outlined {
                Some(code) if code.len() < 6 => (Some(&all), code),
                Some(code) => (by_district.get(district_of(code)), code),
                None => (Some(&all), ""),
            };
            let nearest = nearest(near.map_or(&[][..], Vec::as_slice), within, at.into());
            nearest.map(|c| c.code.as_str().to_owned()).or_else(|| outlined.map(str::to_owned))
        };
        let divisions: Vec<Option<String>> = parallel::map(population, CELLS_PER_THREAD, division);
        let mut codes: Vec<String> = divisions.iter().flatten().cloned().collect();
        codes.sort_unstable();
        codes.dedup();
        let index_of =
            |code: &Option<String>| code.as_ref().and_then(|c| codes.binary_search(c).ok()).map(|i| i as u32);
        let of_cell = divisions.iter().map(index_of).collect();
        Self { codes, of_cell }
    }

    /// Returns the region code of a cell, by its index in the population; `None` if unknown.
    #[must_use]
    pub fn code(&self, cell: usize) -> Option<&str> {
        let index = (*self.of_cell.get(cell)?)?;
        self.codes.get(index as usize).map(String::as_str)
    }

    /// Returns the number of distinct codes.
    #[must_use]
    pub const fn codes(&self) -> usize {
        self.codes.len()
    }

    /// Returns the index of a cell's code among the distinct codes.
    #[must_use]
    pub fn index_of(&self, cell: usize) -> Option<usize> {
        self.of_cell.get(cell).copied().flatten().map(|p| p as usize)
    }

    /// Returns the code at an index.
    #[must_use]
    pub fn code_at(&self, index: usize) -> &str {
        &self.codes[index]
    }
}

type CenterAt<'a> = (Fixed, &'a Center);

/// Returns the center nearest in a straight line whose code begins with `within`; the first of several at the same distance.
fn nearest<'a>(centers: &[CenterAt<'a>], within: &str, at: Fixed) -> Option<&'a Center> {
    let metric = Metric::at(at.lat());
    let distance2 = |other: Fixed| {
        let (dx, dy) = metric.vector(at, other.align_longitude(at.x));
        dx * dx + dy * dy
    };
    let mut best: Option<(f64, &Center)> = None;
    for &(position, center) in centers {
        let d2 = distance2(position);
        if best.is_none_or(|b| d2 < b.0) && center.code.as_str().starts_with(within) {
            best = Some((d2, center));
        }
    }
    best.map(|b| b.1)
}
