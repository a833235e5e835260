//! Who is served where each facility has room for so many: demand goes to the nearest facility that has room, in the order
//! of time, as AccessMod of the World Health Organization assigns it (Ray and Ebener 2008, doi:10.1186/1476-072X-7-63).

use super::pairs::Pairs;
use walkshed_engine::Deciseconds;
use walkshed_engine::task::{self, Stopped};

/// Pairs settled between two looks at whether to go on.
const PAIRS_BETWEEN_LOOKS: usize = 64 * 1024;
/// Spans of time that pairs are sorted in.
const SPANS: u32 = 255;

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
///
/// # Errors
/// [`Stopped`].
pub fn assign(pairs: &Pairs, people: &[f64], capacity: &[Option<f64>]) -> Result<Assigned, Stopped> {
    let mut order: Vec<(Deciseconds, i64, u32, u32)> = Vec::with_capacity(pairs.len());
    for (n, site) in pairs.sites.iter().enumerate() {
        let cells = pairs.of(n);
        task::work(cells.len())?;
        order.extend(cells.iter().map(|&(cell, time)| (time, site.id, cell, n as u32)));
    }
    sort_by_time(&mut order)?;
    let mut assigned =
        Assigned { served: vec![0.0; people.len()], load: vec![0.0; pairs.sites.len()], left: capacity.to_vec() };
    for (n, (_, _, cell, site)) in order.into_iter().enumerate() {
        if n % PAIRS_BETWEEN_LOOKS == 0 {
            task::work(PAIRS_BETWEEN_LOOKS)?;
        }
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
    Ok(assigned)
}

/// Sorts pairs, the nearest first: those of one time after the other, so that it can be stopped in between.
fn sort_by_time(order: &mut Vec<(Deciseconds, i64, u32, u32)>) -> Result<(), Stopped> {
    let Some(last) = order.iter().map(|pair| pair.0.0).max() else { return Ok(()) };
    // By counting into spans of time, each of which is sorted by itself.
    let span = last / SPANS + 1;
    let mut begins = vec![0usize; SPANS as usize + 1];
    for pair in order.iter() {
        begins[(pair.0.0 / span) as usize + 1] += 1;
    }
    for n in 1..begins.len() {
        begins[n] += begins[n - 1];
    }
    let mut next = begins.clone();
    let mut sorted = vec![(Deciseconds(0), 0, 0, 0); order.len()];
    for &pair in order.iter() {
        let place = &mut next[(pair.0.0 / span) as usize];
        sorted[*place] = pair;
        *place += 1;
    }
    for ends in begins.windows(2) {
        task::work(ends[1] - ends[0])?;
        sorted[ends[0]..ends[1]].sort_unstable();
    }
    *order = sorted;
    Ok(())
}
