//! A dense city: the streets of Porto Alegre, or a synthetic city, with 100,000 facilities.

use crate::support::{city, real};
use std::path::Path;
use walkshed_engine::Network;
use walkshed_engine::geo::{Fixed, Position};
use walkshed_register::{Category, Facility};
use walkshed_testing::Random;

pub const FACILITIES: usize = 100_000;
/// Percentage of the facilities that have the category the queries ask for. In Porto Alegre, some 900 of them are within 15
/// minutes of a place.
const ASKED_PERCENT: usize = 36;
const OTHERS: [Category; 4] =
    [Category::LifeServices, Category::CultureSports, Category::ElderlyCare, Category::LifelongEducation];
const HOURS: [&str; 5] =
    ["24/7", "Mo-Fr 09:00-18:00; PH off", "Mo-Sa 08:00-18:00; PH off", "08:00-21:30", "Mo-Fr 09:00-12:00,14:00-18:00"];

/// Saves the city in a data folder. Returns its streets.
pub fn fill(folder: &Path) -> Network {
    let (network, mut rows) = real::world_parts().unwrap_or_else(|| {
        let streets = walkshed_testing::random_network(3, 20_000);
        (streets, city::rows())
    });
    network.save(&folder.join("streets.walkshed")).unwrap();
    let mut r = Random(7);
    rows.facilities = (0..FACILITIES)
        .map(|n| {
            let category =
                if r.below(100) < ASKED_PERCENT { Category::HealthCare } else { OTHERS[r.below(OTHERS.len())] };
            let position = place(&network, &mut r);
            let hours = HOURS[r.below(HOURS.len())].to_owned();
            let facility = Facility::new(format!("f-{n}"), format!("Facility {n}"), category, position);
            Facility { id: n as i64 + 1, version: 1, opening_hours: Some(hours), ..facility }
        })
        .collect();
    rows.imports = city::rows().imports;
    city::fill(folder, &rows);
    network
}

/// Returns a random place beside a junction.
pub fn place(network: &Network, r: &mut Random) -> Position {
    let vertices = network.vertices();
    let at = vertices[r.below(vertices.len())];
    let mut aside = || r.below(3000) as i32 - 1500;
    Position::from(Fixed { x: at.x + aside(), y: at.y + aside() })
}
