//! The real sample city as a whole world: its streets and slopes, people, schools and health places.

use super::{porto_alegre, porto_alegre_network};
use walkshed::exchange::{Kind, Options, Records, read_records};
use walkshed::geo::Position;
use walkshed::network::Network;
use walkshed::registry::{Category, Facility, RegisterRows};

/// Streets and register of Porto Alegre, where its files are to hand.
pub fn world_parts() -> Option<(Network, RegisterRows)> {
    let grid = porto_alegre()?.join("poa_hexgrid.csv");
    let Ok((Records::Population(mut population), _, _)) = read_records(&grid, Kind::Population, Options::default())
    else {
        panic!("{} holds the population", grid.display());
    };
    population.sort_by_key(|c| c.cell);
    let mut reader = csv::Reader::from_path(&grid).unwrap();
    let column = |headers: &csv::StringRecord, name| headers.iter().position(|h| h == name).unwrap();
    let headers = reader.headers().unwrap().clone();
    let (lon, lat) = (column(&headers, "lon"), column(&headers, "lat"));
    let kinds = [("schools", Category::LifelongEducation), ("healthcare", Category::HealthCare)];
    let mut facilities = Vec::new();
    for row in reader.records().map(Result::unwrap) {
        for (name, category) in kinds {
            for n in 0..row[column(&headers, name)].parse().unwrap_or(0) {
                let id = facilities.len() as i64 + 1;
                facilities.push(Facility {
                    id,
                    external_id: format!("{name}-{}-{n}", &row[0]),
                    name: format!("{name} {} in {}", n + 1, &row[0]),
                    name_en: None,
                    category,
                    position: Position::new(row[lon].parse().unwrap(), row[lat].parse().unwrap()).unwrap(),
                    address: None,
                    center: None,
                });
            }
        }
    }
    let rows = RegisterRows { version: 1, facilities, population, ..RegisterRows::default() };
    Some((porto_alegre_network()?, rows))
}
