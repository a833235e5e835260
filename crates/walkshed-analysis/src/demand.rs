//! Where the people of a group live.

use std::collections::HashMap;
use walkshed_register::{EVERYONE, RegionCode, Register};

/// The people of a group per population cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    pub group: String,
    /// By index of the cell in the total population.
    pub people: Vec<f64>,
    /// People of the group in cells that the total population lacks. They have no place on the network.
    pub elsewhere: f64,
}

impl Demand {
    /// Reads a group from a register. Returns `None` if the group is unknown.
    #[must_use]
    pub fn of(register: &Register, group: &str) -> Option<Self> {
        let cells = register.people(group)?;
        let everyone = &register.population;
        let mut demand = Self { group: group.to_owned(), people: vec![0.0; everyone.len()], elsewhere: 0.0 };
        if group == EVERYONE {
            demand.people = everyone.iter().map(|c| c.people).collect();
            return Some(demand);
        }
        // The store returns both in ascending order of the signed cell number; tests and files may use another order.
        let index: HashMap<u64, usize> = everyone.iter().enumerate().map(|(i, c)| (u64::from(c.cell), i)).collect();
        for cell in cells.iter() {
            match index.get(&u64::from(cell.cell)) {
                Some(&i) => demand.people[i] += cell.people,
                None => demand.elsewhere += cell.people,
            }
        }
        Some(demand)
    }
}

/// Returns the indices of the population cells of a region, or of all cells.
#[must_use]
pub fn cells_in(register: &Register, region: Option<&RegionCode>) -> Vec<u32> {
    let all = 0..register.population.len() as u32;
    let Some(region) = region else { return all.collect() };
    let divisions = register.cell_divisions();
    let is_inside: Vec<bool> = (0..divisions.codes()).map(|p| region.contains(divisions.code_at(p))).collect();
    all.filter(|&c| divisions.index_of(c as usize).is_some_and(|p| is_inside[p])).collect()
}
