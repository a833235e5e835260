//! Prints the points of a file that are nearest to a place by walking time.
//!
//! ```sh
//! cargo run --release -p walkshed-engine --example nearest -- CITY.osm.pbf POINTS.csv LON LAT COUNT MINUTES
//! ```
//!
//! Lines of the points file start with `lon,lat,`; the rest of the line is printed. Other lines (such as a header) are
//! skipped.

use std::error::Error;
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::Position;
use walkshed_engine::{Deciseconds, Direction, Profile, Start, Sweep};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [extract, points, lon, lat, count, minutes] = arguments.as_slice() else {
        return Err("usage: nearest CITY.osm.pbf POINTS.csv LON LAT COUNT MINUTES".into());
    };
    let place = Position::new(lon.parse()?, lat.parse()?)?;
    let limit = Deciseconds::from_minutes(minutes.parse()?);
    let text = std::fs::read_to_string(points)?;
    let points: Vec<(Position, &str)> = text.lines().filter_map(parse_point).collect();

    let network = build(&BuildOptions::new(extract.into()), &|_| {})?;
    let start_at = |at: Position| Some(Start::new(&network, network.snap(at, Profile::Adult).ok()?, Profile::Adult));
    let starts = points.iter().map(|&(at, _)| start_at(at)).collect();
    // One pass finds the nearest points of every vertex, so that any number of places can be asked about.
    let sweep = Sweep::run(&network, Profile::Adult, Direction::Towards, starts, count.parse()?, limit)?;

    let mut found = Vec::new();
    sweep.nearest_to(&network, &network.snap(place, Profile::Adult)?, &mut found);
    for (time, point) in found {
        println!("{:.1} min\t{}", time.minutes(), points[point as usize].1);
    }
    Ok(())
}

fn parse_point(line: &str) -> Option<(Position, &str)> {
    let mut fields = line.splitn(3, ',');
    let mut number = || fields.next()?.trim().parse().ok();
    let at = Position::new(number()?, number()?).ok()?;
    Some((at, fields.next().unwrap_or_default()))
}
