//! Generates a city and writes its files.

use crate::error::DemoError;
use crate::files::{Contents, Files, Options};
use crate::groups::{Group, bounds};
use crate::landmarks::{Landmark, LandmarkKind};
use crate::mark::MARK_TEXT;
use crate::{dem, demand, facts, ground, layout, pbf, places, streets, supply};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use walkshed_register::spreadsheet::protected;

/// Samples per degree of the elevation models: one arc second (about 30 m) in the core, six outside.
const FINE: u32 = 3600;
const COARSE: u32 = 600;

/// A city before its files are written.
struct Plan {
    districts: Vec<places::District>,
    ground: ground::Ground,
    layout: layout::Layout,
    streets: streets::network::Streets,
}

impl Plan {
    fn new(options: Options) -> Self {
        let districts = places::districts(options.seed, options.scale, options.towns);
        let seats: Vec<(f64, f64)> = districts.iter().map(|d| d.seat).collect();
        let ground = ground::Ground::new(options.seed, options.groups(), &seats);
        let layout = layout::lay_out(options.seed, &districts, &ground);
        let streets = streets::draw::draw(options.seed, &districts, &layout, &ground);
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
    let (tables, places) = supply::tables(options, &districts, &layout, &streets);
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
    dem::write_coarse(&ground, bounds(Group::first(options.groups())), COARSE, out).map_err(DemoError::write(&path))?;
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
    let text = crate::landmarks::text(&streets.landmarks);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(DemoError::write(&path))?;
    let contents = Contents {
        districts: districts.len(),
        made_up_districts: districts.iter().filter(|d| d.group != Group::REAL).count(),
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
