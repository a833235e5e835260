//! Exports results as GeoJSON and CSV. GeoJSON includes the attribution of the street data.

use crate::assessment::{Assessment, RegionRating};
use crate::comparison::Comparison;
use crate::coverage::{Coverage, Share};
use crate::gaps::Gap;
use crate::need::Measure;
use crate::sites::{SiteSuggestion, Suggestions};
use geo::{Coord, LineString, Polygon};
use h3o::{CellIndex, Resolution};
use serde_json::{Value, json};
use std::fmt::Write;
use walkshed_engine::geo::{area_text, make_continuous, multi_polygon_text};
use walkshed_register::Register;
use walkshed_register::spreadsheet::CsvTable;

/// Writes a FeatureCollection with an `attribution` member.
fn feature_collection(attribution: &str, features: impl Iterator<Item = (String, Value)>) -> String {
    let mut out = format!(r#"{{"type":"FeatureCollection","attribution":{},"features":["#, json!(attribution));
    for (i, (geometry, properties)) in features.enumerate() {
        let comma = if i == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(out, r#"{comma}{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#);
    }
    out.push_str("]}");
    out
}

/// Writes a header and rows.
fn csv(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = CsvTable::new(header);
    for row in rows {
        table.push_row(row);
    }
    table.into_string()
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Returns a cell as a GeoJSON Polygon with seven decimals, or a MultiPolygon if it crosses the 180th meridian.
fn hexagon(cell: CellIndex) -> String {
    let corners: Vec<Coord> = cell.boundary().iter().map(|c| Coord { x: c.lng(), y: c.lat() }).collect();
    area_text(&make_continuous(Polygon::new(LineString(corners), Vec::new()).into()))
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (value * unit).round() / unit + 0.0
}

/// Formats an optional distance; an empty text if there is none.
fn distance_field(distance: Option<f64>) -> String {
    distance.map_or_else(String::new, |d| rounded(d, 4).to_string())
}

/// Returns the cells as a FeatureCollection of hexagons. `covered` restricts them to cells with covered people, or without.
#[must_use]
pub fn cells_geojson(found: &Coverage, resolution: Resolution, covered: Option<bool>, attribution: &str) -> String {
    let unit = found.question.need.measure.name();
    let cells = found.aggregated(resolution).into_iter();
    let selected = cells.filter(|(_, share, _)| covered.is_none_or(|c| (share.covered > 0.0) == c));
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
    feature_collection(attribution, selected.map(feature))
}

/// Returns the cells as CSV, one row per cell. At their own resolution, rows also have the nearest facility, the missing
/// categories and the region.
#[must_use]
pub fn cells_csv(found: &Coverage, register: &Register, resolution: Resolution) -> String {
    let measure = found.question.need.measure;
    let mut header = columns(&["cell", "people", "covered", "off_network", "share", measure.name()]);
    if found.cells.is_empty() || found.resolution() != resolution {
        let row = |(cell, share, mean): (CellIndex, Share, Option<f64>)| {
            vec![
                cell.to_string(),
                share.people.to_string(),
                share.covered.to_string(),
                share.off_network.to_string(),
                rounded(share.share(), 6).to_string(),
                distance_field(mean),
            ]
        };
        return csv(&header, found.aggregated(resolution).into_iter().map(row));
    }
    header.extend(columns(&["nearest_facility", "missing", "region"]));
    let divisions = register.cell_divisions();
    let rows = found.cells.iter().map(|cell| {
        let facility = cell.nearest.and_then(|n| register.facilities.get(n.1)).map_or("", |f| f.external_id.as_str());
        let missing: Vec<String> =
            found.missing_parts(cell).map(|p| p.category.map_or_else(String::new, |c| c.to_string())).collect();
        vec![
            cell.cell.to_string(),
            cell.people.to_string(),
            cell.covered.to_string(),
            if cell.on_network { 0.0 } else { cell.people }.to_string(),
            rounded(cell.covered / cell.people, 6).to_string(),
            distance_field(measure.value(cell.time)),
            facility.to_owned(),
            missing.join(";"),
            divisions.code(cell.index as usize).unwrap_or_default().to_owned(),
        ]
    });
    csv(&header, rows)
}

fn gap_properties(found: &Coverage, register: &Register, gap: &Gap) -> Value {
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

/// Returns gaps as a FeatureCollection of their outlines.
#[must_use]
pub fn gaps_geojson(found: &Coverage, register: &Register, gaps: &[Gap], attribution: &str) -> String {
    let feature = |gap: &Gap| (multi_polygon_text(&found.outline(&gap.cells)), gap_properties(found, register, gap));
    feature_collection(attribution, gaps.iter().map(feature))
}

/// Returns gaps as CSV, one row per gap.
#[must_use]
pub fn gaps_csv(found: &Coverage, register: &Register, gaps: &[Gap]) -> String {
    let unit = found.question.need.measure.name();
    let header =
        columns(&["people", "cells", "district", "district_name", "missed", "missed_by", "nearest_facility", unit]);
    let rows = gaps.iter().map(|gap| {
        let properties = gap_properties(found, register, gap);
        let field = |column: &String| match &properties[column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        header.iter().map(field).collect()
    });
    csv(&header, rows)
}

/// Returns suggested sites as a FeatureCollection of points, in order of rank.
#[must_use]
pub fn sites_geojson(found: &Suggestions, attribution: &str) -> String {
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
    feature_collection(attribution, found.list.iter().enumerate().map(feature))
}

/// Returns suggested sites as CSV, one row per site.
#[must_use]
pub fn sites_csv(found: &Suggestions) -> String {
    let header = columns(&["rank", "lon", "lat", "cell", "street", "gained", "covered", "mean"]);
    let rows = found.list.iter().enumerate().map(|(n, site)| {
        vec![
            (n + 1).to_string(),
            format!("{:.7}", site.position.lon()),
            format!("{:.7}", site.position.lat()),
            site.cell.to_string(),
            site.street.clone().unwrap_or_default(),
            rounded(site.gained, 2).to_string(),
            rounded(site.covered, 2).to_string(),
            rounded(site.mean, 4).to_string(),
        ]
    });
    csv(&header, rows)
}

/// Returns the ranking of an assessment as a FeatureCollection of region outlines; the geometry is null if there is none.
#[must_use]
pub fn regions_geojson(found: &Assessment, register: &Register, attribution: &str) -> String {
    let feature = |(n, rated): (usize, &RegionRating)| {
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
    feature_collection(attribution, found.regions.iter().enumerate().map(feature))
}

/// Returns the ranking of an assessment as CSV, one row per region, one column per requirement.
#[must_use]
pub fn regions_csv(found: &Assessment) -> String {
    let mut header = columns(&["rank", "code", "name", "people", "score"]);
    header.extend(found.standard.requirements.iter().map(|r| r.key.clone()));
    let rows = found.regions.iter().enumerate().map(|(n, rated)| {
        let mut row = vec![
            (n + 1).to_string(),
            rated.code.clone().unwrap_or_default(),
            rated.name.clone().unwrap_or_default(),
            rounded(rated.people, 2).to_string(),
            rounded(rated.score, 3).to_string(),
        ];
        row.extend(rated.shares.iter().map(|s| rounded(*s, 6).to_string()));
        row
    });
    csv(&header, rows)
}

/// Returns the cells of a comparison with any change as a FeatureCollection of hexagons.
#[must_use]
pub fn changes_geojson(found: &Comparison, attribution: &str) -> String {
    let measure = found.before.question.need.measure;
    let unit = measure.name();
    let features = found.changed_cells().into_iter().map(|i| {
        let (before, after, balance) = (&found.before.cells[i], &found.after.cells[i], found.of_cell(i));
        let value = |time| measure.value(time).map(|v| rounded(v, 4));
        let properties = json!({
            "cell": before.cell.to_string(),
            "people": rounded(before.people, 2),
            "covered_before": rounded(before.covered, 2),
            "covered_after": rounded(after.covered, 2),
            "gained": rounded(balance.gained, 2),
            "lost": rounded(balance.lost, 2),
            format!("{unit}_before"): value(before.time),
            format!("{unit}_after"): value(after.time),
        });
        (hexagon(before.cell), properties)
    });
    feature_collection(attribution, features)
}

/// Returns the cells of a comparison with any change as CSV.
#[must_use]
pub fn changes_csv(found: &Comparison) -> String {
    let measure = found.before.question.need.measure;
    let mut header = columns(&["cell", "people", "covered_before", "covered_after"]);
    header.extend([format!("{}_before", measure.name()), format!("{}_after", measure.name())]);
    let rows = found.changed_cells().into_iter().map(|i| {
        let (before, after) = (&found.before.cells[i], &found.after.cells[i]);
        vec![
            before.cell.to_string(),
            before.people.to_string(),
            before.covered.to_string(),
            after.covered.to_string(),
            distance_field(measure.value(before.time)),
            distance_field(measure.value(after.time)),
        ]
    });
    csv(&header, rows)
}
