//! Coverage as text to take away: GeoJSON and CSV, with the notice of who made the streets.

use super::assess::{Assessment, Rated};
use super::cover::{Coverage, Gap, Share};
use super::need::Measure;
use super::sites::{SiteSuggestion, Suggestions};
use geo::{Coord, LineString, Polygon};
use h3o::{CellIndex, Resolution};
use serde_json::{Value, json};
use std::fmt::Write;
use walkshed_engine::geo::{area_text, continuous, multi_polygon_text};
use walkshed_register::Register;
use walkshed_register::spreadsheet::csv_field;

/// A collection of features, with a notice that goes wherever the file goes.
pub(super) fn collection(notice: &str, features: impl Iterator<Item = (String, Value)>) -> String {
    let mut out = format!(r#"{{"type":"FeatureCollection","attribution":{},"features":["#, json!(notice));
    for (i, (geometry, properties)) in features.enumerate() {
        let comma = if i == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(out, r#"{comma}{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#);
    }
    out.push_str("]}");
    out
}

/// A hexagon as a GeoJSON Polygon, to ten-millionths of a degree; a MultiPolygon where it crosses the 180th meridian.
pub(super) fn hexagon(cell: CellIndex) -> String {
    let corners: Vec<Coord> = cell.boundary().iter().map(|c| Coord { x: c.lng(), y: c.lat() }).collect();
    area_text(&continuous(Polygon::new(LineString(corners), Vec::new()).into()))
}

pub(super) fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (value * unit).round() / unit + 0.0
}

/// Cells put together to a resolution: cell, people, and the mean distance of those reached.
fn cells_at(found: &Coverage, resolution: Resolution) -> Vec<(CellIndex, Share, Option<f64>)> {
    found.aggregated(resolution)
}

/// The cells as a FeatureCollection of hexagons. `covered`: only those with covered people, or only those without.
#[must_use]
pub fn cells_text(found: &Coverage, resolution: Resolution, covered: Option<bool>, notice: &str) -> String {
    let unit = found.question.need.measure.name();
    let cells = cells_at(found, resolution).into_iter();
    let wanted = cells.filter(|(_, share, _)| covered.is_none_or(|c| (share.covered > 0.0) == c));
    let feature = |(cell, share, mean): (CellIndex, Share, Option<f64>)| {
        let properties = json!({
            "cell": cell.to_string(),
            "people": rounded(share.people, 2),
            "covered": rounded(share.covered, 2),
            "off_network": rounded(share.off_network, 2),
            "share": rounded(share.share(), 6),
            unit: mean.map(|m| rounded(m, 4)),
        });
        (hexagon(cell), properties)
    };
    collection(notice, wanted.map(feature))
}

/// The cells as CSV, a row each.
#[must_use]
pub fn cells_csv(found: &Coverage, register: &Register, resolution: Resolution) -> String {
    let unit = found.question.need.measure.name();
    let own = found.cells.first().map(|c| c.cell.resolution());
    let mut out = format!("cell,people,covered,off_network,share,{unit}");
    if own == Some(resolution) {
        // Of single cells it is known which facility and where.
        out.push_str(",nearest_facility,missing,region\n");
        let names: Vec<String> =
            found.question.need.parts.iter().map(|p| p.category.map_or_else(String::new, |c| c.to_string())).collect();
        for cell in &found.cells {
            let time =
                found.question.need.measure.value(cell.time).map_or_else(String::new, |v| rounded(v, 4).to_string());
            let facility =
                cell.nearest.and_then(|n| register.facilities.get(n.1)).map_or("", |f| f.external_id.as_str());
            let missing: Vec<&str> =
                (0..names.len()).filter(|n| cell.missing & (1 << n) != 0).map(|n| names[n].as_str()).collect();
            let region = register.homes().code(cell.place as usize).unwrap_or_default();
            let (covered, off) = (cell.covered, if cell.on_network { 0.0 } else { cell.people });
            let share = rounded(cell.covered / cell.people, 6);
            let _ = writeln!(
                out,
                "{},{},{covered},{off},{share},{time},{},{},{region}",
                cell.cell,
                cell.people,
                csv_field(facility),
                csv_field(&missing.join(";"))
            );
        }
    } else {
        out.push('\n');
        for (cell, share, mean) in cells_at(found, resolution) {
            let mean = mean.map_or_else(String::new, |m| rounded(m, 4).to_string());
            let _ = writeln!(
                out,
                "{cell},{},{},{},{},{mean}",
                share.people,
                share.covered,
                share.off_network,
                rounded(share.share(), 6)
            );
        }
    }
    out
}

fn gap_values(found: &Coverage, register: &Register, gap: &Gap) -> Value {
    let measure: Measure = found.question.need.measure;
    let nearest = gap.nearest.and_then(|n| Some((n.0, register.facilities.get(n.1)?)));
    json!({
        "people": rounded(gap.people, 2),
        "cells": gap.cells.len(),
        "district": gap.district,
        "district_name": gap.district.as_deref().and_then(|d| register.regions.find(d)).map(|r| r.name.as_str()),
        "missed": found.category_of(gap.missed.0).map(|c| c.to_string()),
        "missed_by": rounded(gap.missed.1, 2),
        "nearest_facility": nearest.map(|n| n.1.external_id.as_str()),
        measure.name(): nearest.and_then(|n| measure.value(n.0)).map(|v| rounded(v, 4)),
    })
}

/// Gaps as a FeatureCollection of their outlines.
#[must_use]
pub fn gaps_text(found: &Coverage, register: &Register, gaps: &[Gap], notice: &str) -> String {
    let feature = |gap: &Gap| (multi_polygon_text(&found.outline(&gap.cells)), gap_values(found, register, gap));
    collection(notice, gaps.iter().map(feature))
}

/// Gaps as CSV, a row each, with the cell in their middle row by row.
#[must_use]
pub fn gaps_csv(found: &Coverage, register: &Register, gaps: &[Gap]) -> String {
    let unit = found.question.need.measure.name();
    let columns = ["people", "cells", "district", "district_name", "missed", "missed_by", "nearest_facility", unit];
    let mut out = format!("{}\n", columns.join(","));
    for gap in gaps {
        let values = gap_values(found, register, gap);
        let row: Vec<String> = columns
            .iter()
            .map(|&column| match &values[column] {
                Value::Null => String::new(),
                Value::String(text) => csv_field(text),
                other => other.to_string(),
            })
            .collect();
        let _ = writeln!(out, "{}", row.join(","));
    }
    out
}

/// Suggested sites as a FeatureCollection of points, in the order of their choice.
#[must_use]
pub fn sites_text(found: &Suggestions, notice: &str) -> String {
    let feature = |(n, site): (usize, &SiteSuggestion)| {
        let geometry =
            json!({"type": "Point", "coordinates": [rounded(site.position.lon(), 7), rounded(site.position.lat(), 7)]});
        let properties = json!({
            "rank": n + 1,
            "cell": site.cell.to_string(),
            "street": site.street,
            "gained": rounded(site.gained, 2),
            "covered": rounded(site.covered, 2),
            "mean": rounded(site.mean, 4),
        });
        (geometry.to_string(), properties)
    };
    collection(notice, found.list.iter().enumerate().map(feature))
}

/// Suggested sites as CSV, a row each.
#[must_use]
pub fn sites_csv(found: &Suggestions) -> String {
    let mut out = String::from("rank,lon,lat,cell,street,gained,covered,mean\n");
    for (n, site) in found.list.iter().enumerate() {
        let _ = writeln!(
            out,
            "{},{:.7},{:.7},{},{},{},{},{}",
            n + 1,
            site.position.lon(),
            site.position.lat(),
            site.cell,
            csv_field(site.street.as_deref().unwrap_or_default()),
            rounded(site.gained, 2),
            rounded(site.covered, 2),
            rounded(site.mean, 4)
        );
    }
    out
}

/// The league table of an assessment as a FeatureCollection of the outlines of its regions; null geometries where none is known.
#[must_use]
pub fn regions_text(found: &Assessment, register: &Register, notice: &str) -> String {
    let feature = |(n, rated): (usize, &Rated)| {
        let region = rated.code.as_deref().and_then(|c| register.regions.find(c));
        let outline = region.and_then(|r| r.outline.clone()).unwrap_or_else(|| "null".to_owned());
        let mut properties = json!({
            "rank": n + 1,
            "code": rated.code,
            "name": rated.name,
            "people": rounded(rated.people, 2),
            "score": rounded(rated.score, 3),
        });
        for (requirement, share) in found.standard.requirements.iter().zip(&rated.shares) {
            properties[&requirement.key] = json!(rounded(*share, 6));
        }
        (outline, properties)
    };
    collection(notice, found.regions.iter().enumerate().map(feature))
}

/// The league table of an assessment as CSV, a row a region, a column a requirement.
#[must_use]
pub fn regions_csv(found: &Assessment) -> String {
    let keys: Vec<String> = found.standard.requirements.iter().map(|r| csv_field(&r.key)).collect();
    let mut out = format!("rank,code,name,people,score,{}\n", keys.join(","));
    for (n, rated) in found.regions.iter().enumerate() {
        let shares: Vec<String> = rated.shares.iter().map(|s| rounded(*s, 6).to_string()).collect();
        let _ = writeln!(
            out,
            "{},{},{},{},{},{}",
            n + 1,
            csv_field(rated.code.as_deref().unwrap_or_default()),
            csv_field(rated.name.as_deref().unwrap_or_default()),
            rounded(rated.people, 2),
            rounded(rated.score, 3),
            shares.join(",")
        );
    }
    out
}
