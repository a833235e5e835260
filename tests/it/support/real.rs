//! The real sample city: its street network, population, schools and health facilities.

use super::read;
use walkshed_engine::Network;
use walkshed_engine::geo::Position;
use walkshed_exchange::Kind;
use walkshed_register::{Category, Edit, Facility, RegisterRows};
use walkshed_testing::{porto_alegre, porto_alegre_network};

/// Returns the network and the register of Porto Alegre, if its files are available.
pub fn world_parts() -> Option<(Network, RegisterRows)> {
    let grid = porto_alegre()?.join("poa_hexgrid.csv");
    let mut population = match &read(&grid, Kind::Population).edits[..] {
        [Edit::Population { cells, .. }] => cells.clone(),
        other => panic!("{} holds the population: {} edits", grid.display(), other.len()),
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
                let position = Position::new(row[lon].parse().unwrap(), row[lat].parse().unwrap()).unwrap();
                let (external, title) = (format!("{name}-{}-{n}", &row[0]), format!("{name} {} in {}", n + 1, &row[0]));
                facilities.push(Facility { id, version: 1, ..Facility::new(external, title, category, position) });
            }
        }
    }
    let rows = RegisterRows { version: 1, facilities, population, ..RegisterRows::default() };
    Some((porto_alegre_network()?, rows))
}
