//! The population: people in H3 cells of resolution 9 along the streets of their division, with sums equal to each
//! district's population; and the outlines of districts.

use super::landmarks::Landmark;
use super::layout::Layout;
use super::places::District;
use super::random::{Random, apportion, noise};
use super::streets::network::Streets;
use super::supply::Csv;
use h3o::geom::SolventBuilder;
use h3o::{CellIndex, Resolution};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use walkshed_engine::geo::{Position, cell_of, multi_polygon_text};

/// The people in one cell.
#[derive(Debug, Clone, Copy, Default)]
struct People {
    district: usize,
    all: u64,
    urban: u64,
}

/// Generates the population table and the district outlines as `GeoJSON`. An outline contains the centres of all
/// populated cells of its district and of no other.
#[must_use]
pub fn demand(seed: u64, districts: &[District], layout: &Layout, streets: &Streets) -> (Csv, String) {
    let mut owners = layout.owners.clone();
    let mut compounds: HashMap<usize, Vec<&Landmark>> = HashMap::new();
    for landmark in streets.landmarks.iter().filter(|l| l.people > 0.0) {
        compounds.entry(landmark.site.unwrap_or(usize::MAX)).or_default().push(landmark);
    }
    // Only cells with a street get people. Residents at the back of a compound are counted at its gate.
    let at = |node: u32| Position::from(streets.nodes[node as usize]);
    let with_streets: HashSet<CellIndex> =
        streets.nodes_by_site.par_iter().flatten_iter().map(|&node| cell_of(at(node), Resolution::Nine)).collect();
    let mut cells: BTreeMap<CellIndex, People> = BTreeMap::new();
    for (s, site) in layout.sites.iter().enumerate() {
        let division = &districts[site.district].towns[site.town].divisions[site.division];
        let mut here: BTreeMap<CellIndex, f64> = BTreeMap::new();
        let streetside = streets.nodes_by_site[s].iter().map(|&node| (at(node), 1.0));
        let behind_walls = compounds.get(&s).into_iter().flatten().flat_map(|compound| {
            let share = compound.people / compound.places.len() as f64;
            let has_street = |place: Position| with_streets.contains(&cell_of(place, Resolution::Nine));
            compound.places.iter().map(move |&place| (if has_street(place) { place } else { compound.street }, share))
        });
        for (home, weight) in streetside.chain(behind_walls) {
            let cell = cell_of(home, Resolution::Nine);
            let Some(parent) = cell.parent(Resolution::Eight) else { continue };
            // People of one district do not live in cells of another.
            if *owners.entry(parent).or_insert(site.district) == site.district {
                *here.entry(cell).or_default() += weight;
            }
        }
        if here.is_empty()
            && let Some(&node) = streets.nodes_by_site[s].first()
        {
            here.insert(cell_of(Position::from(streets.nodes[node as usize]), Resolution::Nine), 1.0);
        }
        let mut random = Random::of(seed, 50, s as u64);
        let weights: Vec<f64> = here.values().map(|n| n * random.between(0.5, 1.5)).collect();
        for (&cell, people) in here.keys().zip(apportion(division.people, &weights)) {
            let entry = cells.entry(cell).or_insert(People { district: site.district, ..People::default() });
            entry.all += people;
            entry.urban += if division.is_village { 0 } else { people };
        }
    }
    let mut csv = Csv {
        file: "population.csv",
        header: ["cell", "group", "population"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    let mut row = |cell: CellIndex, group: &str, people: u64| {
        if people > 0 {
            csv.rows.push(vec![cell.to_string(), group.to_owned(), people.to_string()]);
        }
    };
    for (&cell, people) in &cells {
        row(cell, "all", people.all);
    }
    // Older people stay in villages and old quarters, young people move to new quarters, couriers live where rents are
    // low.
    for (&cell, people) in &cells {
        let at = walkshed_engine::geo::cell_centre(cell);
        let wave = |n: u64, degrees: f64| noise(seed.wrapping_add(n), at.lon() / degrees, at.lat() / degrees);
        let urban = people.urban as f64 / (people.all as f64).max(1.0);
        let old = (0.34 - 0.17 * urban + 0.07 * wave(21, 0.03)).clamp(0.05, 0.5);
        let small = (0.045 + 0.025 * urban - 0.02 * wave(21, 0.03)).clamp(0.01, 0.12);
        let new_jobs = urban * (0.03 + 0.045 * wave(22, 0.02)).clamp(0.0, 0.12);
        let share = |s: f64| (people.all as f64 * s) as u64;
        row(cell, "60_plus", share(old));
        row(cell, "0_6", share(small));
        row(cell, "new_employment", share(new_jobs));
    }
    (csv, outlines(districts, &cells))
}

/// Returns the districts with the area of their populated cells as `GeoJSON`, and their towns without geometry.
fn outlines(districts: &[District], cells: &BTreeMap<CellIndex, People>) -> String {
    let mut ground: HashMap<usize, Vec<CellIndex>> = HashMap::new();
    for (cell, people) in cells {
        ground.entry(people.district).or_default().extend(cell.parent(Resolution::Eight));
    }
    let solvent = SolventBuilder::new().build();
    let features = districts.iter().enumerate().flat_map(|(d, district)| {
        let mut own = ground.remove(&d).unwrap_or_default();
        own.sort_unstable();
        own.dedup();
        // Each cell has the same resolution and occurs once, so dissolving cannot fail.
        let area = solvent.dissolve(own).map_or_else(|_| "null".into(), |area| multi_polygon_text(&area));
        let whole = format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{}\",\"name\":\"{}\",\"name_en\":\"{}\"}},\"geometry\":{area}}}",
            district.code, district.name, district.name_en
        );
        let towns = district.towns.iter().map(|town| {
            format!(
                "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{}\",\"name\":\"{}\"}},\"geometry\":null}}",
                town.code, town.name
            )
        });
        std::iter::once(whole).chain(towns)
    });
    let features: Vec<String> = features.collect();
    format!(
        "{{\"type\":\"FeatureCollection\",\"description\":\"{}\",\"features\":[\n{}\n]}}\n",
        crate::mark::MARK_TEXT,
        features.join(",\n")
    )
}
