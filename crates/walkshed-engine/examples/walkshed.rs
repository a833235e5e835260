//! Prints the area within a walking time of a place as GeoJSON.
//!
//! ```sh
//! cargo run --release -p walkshed-engine --example walkshed -- CITY.osm.pbf LON LAT MINUTES [ELEVATION.tif ...]
//! ```

use std::error::Error;
use std::path::PathBuf;
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::Position;
use walkshed_engine::walkshed::{Field, Reach, outlines};
use walkshed_engine::{Deciseconds, Direction, Profile, Start};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [extract, lon, lat, minutes, elevation @ ..] = arguments.as_slice() else {
        return Err("usage: walkshed CITY.osm.pbf LON LAT MINUTES [ELEVATION.tif ...]".into());
    };
    let place = Position::new(lon.parse()?, lat.parse()?)?;
    let limit = Deciseconds::from_minutes(minutes.parse()?);

    let mut options = BuildOptions::new(extract.into());
    options.elevation = elevation.iter().map(PathBuf::from).collect();
    let network = build(&options, &|_| {})?;

    let snap = network.snap(place, Profile::Adult)?;
    let start = Start::new(&network, snap, Profile::Adult);
    let reach = Reach::find(&network, Profile::Adult, Direction::From, start, limit);
    for outline in outlines(&Field::draw(&network, &reach), &[limit]) {
        println!("{}", outline.geojson());
    }
    Ok(())
}
