//! Gaps in coverage: groups of adjacent uncovered cells.

use crate::coverage::Coverage;
use geo::MultiPolygon;
use h3o::CellIndex;
use h3o::geom::SolventBuilder;
use std::collections::{BTreeMap, HashMap};
use walkshed_engine::Deciseconds;
use walkshed_engine::geo::make_continuous;
use walkshed_register::{Register, district_of};

/// A gap: a group of adjacent uncovered cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Indices into [`Coverage::cells`].
    pub cells: Vec<u32>,
    /// Uncovered people.
    pub people: f64,
    /// Code of the district with most of these people.
    pub district: Option<String>,
    /// Smallest cost from any of the cells to a facility, and the facility's id.
    pub nearest: Option<(Deciseconds, i64)>,
    /// Index of the part that most people lack, and their number.
    pub missed: (usize, f64),
}

impl Coverage {
    /// Returns the gaps, those with most people first.
    #[must_use]
    pub fn gaps(&self, register: &Register) -> Vec<Gap> {
        let open: HashMap<CellIndex, u32> =
            self.cells.iter().enumerate().filter(|(_, c)| c.is_uncovered()).map(|(i, c)| (c.cell, i as u32)).collect();
        let mut seen = vec![false; self.cells.len()];
        let mut gaps = Vec::new();
        for (i, cell) in self.cells.iter().enumerate() {
            if seen[i] || !open.contains_key(&cell.cell) {
                continue;
            }
            seen[i] = true;
            let mut members = vec![i as u32];
            let mut next = 0;
            while let Some(&member) = members.get(next) {
                next += 1;
                for near in self.cells[member as usize].cell.grid_disk::<Vec<CellIndex>>(1) {
                    if let Some(&j) = open.get(&near)
                        && !std::mem::replace(&mut seen[j as usize], true)
                    {
                        members.push(j);
                    }
                }
            }
            members.sort_unstable();
            gaps.push(self.gap(register, members));
        }
        // Ties are broken by the smallest cell number, so that the order of the population does not matter.
        gaps.sort_by(|a, b| b.people.total_cmp(&a.people).then_with(|| self.first_cell(a).cmp(&self.first_cell(b))));
        gaps
    }

    /// Returns the smallest cell number of a gap, which identifies the gap.
    #[must_use]
    pub fn first_cell(&self, gap: &Gap) -> i64 {
        gap.cells.iter().map(|&c| self.cells[c as usize].number()).min().unwrap_or_default()
    }

    fn gap(&self, register: &Register, cells: Vec<u32>) -> Gap {
        let divisions = register.cell_divisions();
        let mut districts: BTreeMap<&str, f64> = BTreeMap::new();
        let mut missed = vec![0.0; self.question.need.parts.len()];
        let (mut people, mut nearest) = (0.0, None);
        for cell in cells.iter().map(|&c| &self.cells[c as usize]) {
            let uncovered = cell.people - cell.covered;
            people += uncovered;
            if let Some(code) = divisions.code(cell.index as usize) {
                *districts.entry(district_of(code)).or_default() += uncovered;
            }
            for (n, missed) in missed.iter_mut().enumerate() {
                // With capacities, a facility within the limit may be full.
                if cell.misses(n) || self.capacity.is_some() {
                    *missed += uncovered;
                }
            }
            nearest = [nearest, cell.nearest].into_iter().flatten().min();
        }
        let most = |list: BTreeMap<&str, f64>| {
            list.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(code, _)| code.to_owned())
        };
        let missed = missed.into_iter().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap_or_default();
        Gap { cells, people, district: most(districts), nearest, missed }
    }

    /// Returns the outline of some cells, continuous across the 180th meridian.
    #[must_use]
    pub fn outline(&self, cells: &[u32]) -> MultiPolygon<f64> {
        let cells = cells.iter().map(|&c| self.cells[c as usize].cell);
        // The cells of a population are unique and of one resolution, so dissolving them cannot fail.
        make_continuous(SolventBuilder::new().build().dissolve(cells).unwrap_or_else(|_| MultiPolygon::new(Vec::new())))
    }
}
