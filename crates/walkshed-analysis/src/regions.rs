//! Results by region.

use crate::coverage::{Coverage, Share};
use std::collections::BTreeMap;
use walkshed_register::{CellDivisions, RegionCode, Register, child_region};

/// Coverage of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionShare {
    /// `None` for people in no known region.
    pub code: Option<String>,
    pub name: Option<String>,
    pub share: Share,
}

/// The regions one level below some region, or below the whole city, and which one each population cell is in.
pub(super) struct Subregions<'r> {
    register: &'r Register,
    divisions: &'r CellDivisions,
    /// Per division: the code of its region.
    codes: Vec<&'r str>,
}

impl<'r> Subregions<'r> {
    /// Finds the regions one level below `region`.
    pub fn of(register: &'r Register, region: Option<&RegionCode>) -> Self {
        let divisions = register.cell_divisions();
        let codes = (0..divisions.codes()).map(|index| child_region(divisions.code_at(index), region)).collect();
        Self { register, divisions, codes }
    }

    /// Returns the code of the region that a population cell, by index, is in, if known.
    pub fn code_of(&self, cell: u32) -> Option<&'r str> {
        self.divisions.index_of(cell as usize).map(|index| self.codes[index])
    }

    /// Returns the name of a region, or of the center of a division.
    pub fn name_of(&self, code: &str) -> Option<String> {
        let region = self.register.regions.find(code).map(|r| r.name.clone());
        region.or_else(|| self.register.centers.find(code).map(|c| c.name.clone()))
    }
}

impl Coverage {
    /// Returns the coverage of each region one level below the region of the question, ordered by code. The rows add up to
    /// the total.
    #[must_use]
    pub fn by_region(&self, register: &Register) -> Vec<RegionShare> {
        let regions = Subregions::of(register, self.question.region.as_ref());
        let mut shares: BTreeMap<Option<&str>, Share> = BTreeMap::new();
        for cell in &self.cells {
            shares.entry(regions.code_of(cell.index)).or_default().add(cell);
        }
        let located = shares.values().fold(0.0, |sum, s| sum + s.people);
        let elsewhere = self.total.people - located;
        if elsewhere > located * 1e-9 {
            let share = shares.entry(None).or_default();
            share.people += elsewhere;
            share.off_network += elsewhere;
        }
        let row = |(code, share): (Option<&str>, Share)| RegionShare {
            code: code.map(str::to_owned),
            name: code.and_then(|code| regions.name_of(code)),
            share,
        };
        shares.into_iter().map(row).collect()
    }
}
