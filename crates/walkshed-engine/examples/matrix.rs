//! Prints the walking times between all pairs of places, in minutes.
//!
//! ```sh
//! cargo run --release -p walkshed-engine --example matrix -- CITY.osm.pbf LON,LAT LON,LAT [LON,LAT ...]
//! ```

use std::error::Error;
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::Position;
use walkshed_engine::{Deciseconds, Profile, Start, matrix};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [extract, places @ ..] = arguments.as_slice() else {
        return Err("usage: matrix CITY.osm.pbf LON,LAT LON,LAT [LON,LAT ...]".into());
    };
    let network = build(&BuildOptions::new(extract.into()), &|_| {})?;
    let mut starts = Vec::new();
    for place in places {
        let (lon, lat) = place.split_once(',').ok_or("places are written as LON,LAT")?;
        let snap = network.snap(Position::new(lon.parse()?, lat.parse()?)?, Profile::Adult)?;
        starts.push(Some(Start::new(&network, snap, Profile::Adult)));
    }
    let times = matrix(&network, Profile::Adult, &starts, &starts, Deciseconds::from_minutes(120.0))?;
    for row in times {
        let cells: Vec<String> =
            row.iter().map(|time| time.map_or("-".into(), |t| format!("{:.1}", t.minutes()))).collect();
        println!("{}", cells.join("\t"));
    }
    Ok(())
}
