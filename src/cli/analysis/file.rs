//! The output file of an analysis.

use crate::cli::output::Failure;
use clap::Args;
use std::path::{Path, PathBuf};
use walkshed_analysis::world::World;
use walkshed_engine::replace_file;
use walkshed_exchange::{flatgeobuf, geoparquet};

/// The output file.
#[derive(Args, Debug)]
#[group(skip)]
pub struct OutputFileArgs {
    /// Write the result to this file. The extension selects the format: .geojson, .fgb (FlatGeobuf), .parquet (GeoParquet), .csv,
    /// or .svg (a map; not for compare and assess).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The format of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    GeoJson,
    FlatGeobuf,
    GeoParquet,
    Csv,
    Svg,
}

impl OutputFileArgs {
    /// Returns the format and path. Called before the analysis, so that a wrong extension is reported at once.
    pub fn format(&self) -> Result<Option<(Format, &Path)>, Failure> {
        let Some(path) = &self.out else { return Ok(None) };
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let format = match extension.as_str() {
            "geojson" | "json" => Format::GeoJson,
            "fgb" => Format::FlatGeobuf,
            "parquet" | "geoparquet" => Format::GeoParquet,
            "csv" => Format::Csv,
            "svg" => Format::Svg,
            _ => {
                return Err(
                    format!("--out {}: must end in .geojson, .fgb, .parquet, .csv or .svg", path.display()).into()
                );
            }
        };
        Ok(Some((format, path)))
    }
}

pub fn write(path: &Path, format: Format, text: &str, world: &World) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| format!("--out {}: {why}", path.display());
    let mut left_out = 0;
    let packed = match format {
        Format::FlatGeobuf => {
            let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or("walkshed");
            let file = flatgeobuf(text, name, world.attribution()).map_err(|e| failed(&e))?;
            left_out = file.without_geometry;
            Some(file.bytes)
        }
        Format::GeoParquet => Some(geoparquet(text, world.attribution()).map_err(|e| failed(&e))?),
        // CSV has no metadata, so the notice goes into every row.
        Format::Csv if world.register.demonstration.is_some() => Some(with_notice(text).map_err(|e| failed(&e))?),
        Format::GeoJson | Format::Csv | Format::Svg => None,
    };
    let bytes = packed.as_deref().unwrap_or(text.as_bytes());
    replace_file(path, bytes).map_err(|e| failed(&e))?;
    let note = if left_out > 0 { format!("; without {left_out} regions that have no outline") } else { String::new() };
    Ok(format!("Written to {} ({:.0} kB){note}", path.display(), bytes.len() as f64 / 1000.0))
}

/// Adds a column `notice` with the value `SYNTHETIC` to a CSV table.
fn with_notice(text: &str) -> csv::Result<Vec<u8>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = reader.headers()?.clone();
    header.push_field("notice");
    writer.write_record(&header)?;
    for row in reader.records() {
        let mut row = row?;
        row.push_field("SYNTHETIC");
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}
