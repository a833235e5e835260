//! In which division people live: by the outlines of regions, and where there are none by the nearest center.

use super::center::Center;
use super::code::district_of;
use super::population::PopulationCell;
use super::register::Register;
use geo::{Intersects, Point};
use std::collections::BTreeMap;
use walkshed_engine::geo::{Fixed, Metric, Position, cell_centre};
use walkshed_engine::parallel;

/// Cells that are worth another thread.
const CELLS_A_THREAD: usize = 32;

/// The code of the region each population cell is in, as exactly as it is known.
#[derive(Debug, Default)]
pub struct Homes {
    /// Codes, in their order; a cell has the place of its own.
    codes: Vec<String>,
    of_cell: Vec<Option<u32>>,
}

impl Homes {
    /// Finds the homes of all population cells. A cell is in the smallest region whose outline holds its centre. Below
    /// that it belongs to the division of the nearest center (in a straight line) in that region; where no outline holds
    /// it, to that of the nearest center of all.
    #[must_use]
    pub fn find(register: &Register) -> Self {
        let all: Vec<Placed<'_>> = register.centers.iter().map(|c| (c.position.into(), &**c)).collect();
        let mut by_district: BTreeMap<&str, Vec<Placed<'_>>> = BTreeMap::new();
        for &(at, center) in &all {
            by_district.entry(center.code.district()).or_default().push((at, center));
        }
        let home = |cell: &PopulationCell| -> Option<String> {
            let at = cell_centre(cell.cell);
            let outlined = register.outlined_region_at(at);
            // Of an outlined region only its own centers, of a district or less only those of the district.
            let (near, within) = match outlined {
                Some(code) if code.len() < 6 => (Some(&all), code),
                Some(code) => (by_district.get(district_of(code)), code),
                None => (Some(&all), ""),
            };
            let nearest = nearest(near.map_or(&[][..], Vec::as_slice), within, at.into());
            nearest.map(|c| c.code.as_str().to_owned()).or_else(|| outlined.map(str::to_owned))
        };
        let homes: Vec<Option<String>> = parallel::map(&register.population, CELLS_A_THREAD, home);
        let mut codes: Vec<String> = homes.iter().flatten().cloned().collect();
        codes.sort_unstable();
        codes.dedup();
        let place = |code: &Option<String>| code.as_ref().and_then(|c| codes.binary_search(c).ok()).map(|i| i as u32);
        let of_cell = homes.iter().map(place).collect();
        Self { codes, of_cell }
    }

    /// The code of the region a cell is in, by its place in the population; `None` where it is not known.
    #[must_use]
    pub fn code(&self, cell: usize) -> Option<&str> {
        let place = (*self.of_cell.get(cell)?)?;
        self.codes.get(place as usize).map(String::as_str)
    }

    /// How many different codes there are.
    #[must_use]
    pub const fn codes(&self) -> usize {
        self.codes.len()
    }

    /// The place of a cell's code among all of them.
    #[must_use]
    pub fn place(&self, cell: usize) -> Option<usize> {
        self.of_cell.get(cell).copied().flatten().map(|p| p as usize)
    }

    /// The code at a place.
    #[must_use]
    pub fn code_at(&self, place: usize) -> &str {
        &self.codes[place]
    }
}

type Placed<'a> = (Fixed, &'a Center);

/// The center that is nearest in a straight line, of those whose codes begin with `within`; of equals the first.
fn nearest<'a>(centers: &[Placed<'a>], within: &str, at: Fixed) -> Option<&'a Center> {
    let metric = Metric::at(at.lat());
    let distance2 = |other: Fixed| {
        let (dx, dy) = metric.vector(at, other.beside(at.x));
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

impl Register {
    /// The code of the smallest region whose outline holds a position.
    fn outlined_region_at(&self, at: Position) -> Option<&str> {
        let point = Point::new(at.lon(), at.lat());
        let holds = |place: usize| {
            self.area(place).is_some_and(|(bounds, polygons)| bounds.intersects(&point) && polygons.intersects(&point))
        };
        let holding = self.regions.iter().enumerate().filter(|(place, _)| holds(*place));
        // Of two that meet at the point, the one with the lower code.
        holding.map(|(_, r)| r.code.as_str()).min_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)))
    }
}
