//! Who is served where each facility has room for so many: demand goes to the nearest facility that has room, in the order
//! of time, as AccessMod of the World Health Organization assigns it (Ray and Ebener 2008, doi:10.1186/1476-072X-7-63).

use super::pairs::Pairs;
use crate::network::Deciseconds;

/// Who is served, and by whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assigned {
    /// By cell: people who found room.
    pub served: Vec<f64>,
    /// By site: people it takes.
    pub load: Vec<f64>,
    /// By site: room that is left; `None` where there is no limit.
    pub left: Vec<Option<f64>>,
}

/// Assigns people to sites within reach, nearest pairs first; of equals those of the site with the lower number, and of
/// these the cell that comes first. A site without a capacity takes all.
#[must_use]
pub fn assign(pairs: &Pairs, people: &[f64], capacity: &[Option<f64>]) -> Assigned {
    let mut order: Vec<(Deciseconds, i64, u32, u32)> = Vec::with_capacity(pairs.len());
    for (n, site) in pairs.sites.iter().enumerate() {
        order.extend(pairs.of(n).iter().map(|&(cell, time)| (time, site.id, cell, n as u32)));
    }
    order.sort_unstable();
    let mut assigned =
        Assigned { served: vec![0.0; people.len()], load: vec![0.0; pairs.sites.len()], left: capacity.to_vec() };
    for (_, _, cell, site) in order {
        let (cell, site) = (cell as usize, site as usize);
        let waiting = people[cell] - assigned.served[cell];
        let room = assigned.left[site].unwrap_or(f64::INFINITY);
        let taken = waiting.min(room);
        if taken <= 0.0 {
            continue;
        }
        // Whoever is left takes exactly what is left, so that no crumbs of rounding remain.
        assigned.served[cell] = if room >= waiting { people[cell] } else { assigned.served[cell] + taken };
        assigned.load[site] += taken;
        if let Some(left) = &mut assigned.left[site] {
            *left -= taken;
        }
    }
    assigned
}
