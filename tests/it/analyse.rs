//! Analyses from the command line: the same results as over GraphQL, written to files that other programs can read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn walkshed(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_walkshed"));
    command.args(args).arg("--data").arg(folder).current_dir(folder).env_clear().output().unwrap()
}

fn done(folder: &Path, args: &[&str]) -> String {
    let output = walkshed(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&done(folder, &args)).unwrap()
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn features(path: &Path) -> Vec<geojson::Feature> {
    let text = std::fs::read_to_string(path).unwrap();
    let collection: geojson::FeatureCollection = text.parse::<geojson::GeoJson>().unwrap().try_into().unwrap();
    assert!(text.contains("OpenStreetMap"), "the file contains the attribution");
    collection.features
}

/// Checks that GDAL reads the expected number of features, if it is installed.
fn gdal_counts(path: &Path, features: usize) {
    let Ok(output) = Command::new("ogrinfo").args(["-so", "-al"]).arg(path).output() else {
        walkshed_testing::skip(&format!(
            "ogrinfo is not installed (apt install gdal-bin): GDAL did not read {}",
            path.display()
        ));
        return;
    };
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(summary.contains(&format!("Feature Count: {features}")), "{summary}");
    assert!(summary.contains("WGS 84"), "{summary}");
}

#[test]
fn coverage_prints_a_summary_and_writes_files() {
    let folder = city::folder();
    let at = folder.path();
    let health = ["coverage", "--category", "health_care", "--minutes", "5"];
    let found = json(at, &health);
    assert_eq!(
        (&found["people"], &found["covered"], &found["offNetwork"]),
        (&1000.0.into(), &500.0.into(), &0.0.into())
    );
    let text = done(at, &[&health[..], &["--out", "cells.csv"]].concat());
    assert!(text.contains("500 of 1000 people (50.0 %) are covered within 5 minutes, 500 are not"), "{text}");
    let cells = rows(&at.join("cells.csv"));
    assert_eq!(cells.len(), 3);
    let covered: f64 = cells.iter().map(|r| r[2].parse::<f64>().unwrap()).sum();
    assert_eq!(covered.to_string(), "500");
    done(at, &[&health[..], &["--out", "cells.geojson"]].concat());
    assert_eq!(features(&at.join("cells.geojson")).len(), 3);
    done(at, &[&health[..], &["--out", "map.svg", "--resolution", "8"]].concat());
    let svg = std::fs::read_to_string(at.join("map.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.contains("50.0 % of 1000 people"));
    done(at, &[&health[..], &["--out", "cells.fgb"]].concat());
    let mut start = [0; 8];
    start.copy_from_slice(&std::fs::read(at.join("cells.fgb")).unwrap()[..8]);
    assert_eq!(&start[..4], b"fgb\x03");
    gdal_counts(&at.join("cells.fgb"), 3);
    done(at, &[&health[..], &["--out", "cells.parquet"]].concat());
    assert!(std::fs::read(at.join("cells.parquet")).unwrap().starts_with(b"PAR1"));
    // All seven categories, and a limit in metres.
    let all = done(at, &["coverage"]);
    assert!(all.contains("Employment and entrepreneurship 0.0 %"), "{all}");
    assert_eq!(json(at, &["coverage", "--category", "life_services", "--metres", "800"])["covered"], 800.0);
}

#[test]
fn gaps_sites_and_assessments_match_the_small_city() {
    let folder = city::folder();
    let at = folder.path();
    let health = ["--category", "health_care", "--minutes", "5"];
    let gaps = json(at, &[&["gaps"], &health[..], &["--out", "gaps.geojson"]].concat());
    assert_eq!((&gaps["gaps"], &gaps["largest"][0]["people"]), (&2.into(), &300.0.into()));
    assert_eq!(features(&at.join("gaps.geojson")).len(), 2);
    done(at, &[&["gaps"], &health[..], &["--min-people", "250", "--out", "gaps.csv"]].concat());
    assert_eq!(rows(&at.join("gaps.csv")).len(), 1);
    let sites = json(at, &[&["sites"], &health[..], &["--count", "2", "--out", "sites.csv"]].concat());
    let gained: Vec<f64> = sites["sites"].as_array().unwrap().iter().map(|s| s["gained"].as_f64().unwrap()).collect();
    assert_eq!(gained, [300.0, 200.0]);
    assert_eq!((&sites["after"], &sites["gap"]), (&1000.0.into(), &0.0.into()));
    assert_eq!(rows(&at.join("sites.csv"))[0][0], "1");
    let full = json(at, &[&["sites"], &health[..], &["--count", "2", "--capacity", "50"]].concat());
    assert_eq!(
        (&full["before"], &full["after"]),
        (&500.0.into(), &600.0.into()),
        "50 more people at each of two sites"
    );
    let refused = walkshed(at, &["sites", "--category", "health_care", "--capacity", "0"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--capacity 0: must be more than 0"));
    done(at, &[&["sites"], &health[..], &["--out", "sites.geojson"]].concat());
    assert_eq!(features(&at.join("sites.geojson")).len(), 2);
    done(at, &[&["sites"], &health[..], &["--out", "sites.svg"]].concat());
    let few = json(at, &[&["sites"], &health[..], &["--objective", "min-facilities", "--share", "0.5"]].concat());
    assert_eq!((few["sites"].as_array().unwrap().len(), &few["fewest"]), (1, &1.into()));
    let best = json(at, &[&["sites"], &health[..], &["--count", "2", "--exact"]].concat());
    assert_eq!((&best["gained"], &best["bound"], &best["exact"]), (&500.0.into(), &500.0.into(), &true.into()));
    let assessed = json(at, &["assess", "--out", "table.csv"]);
    assert_eq!(assessed["requirements"].as_array().unwrap().len(), 7);
    assert!(assessed["score"].as_f64().unwrap() > 40.0);
    assert_eq!(rows(&at.join("table.csv")).len(), 1);
    done(at, &["assess", "--standard", "gb_50180_2018", "--out", "table.geojson"]);
    assert!(features(&at.join("table.geojson"))[0].property("kindergarten").is_some());
}

#[test]
fn assesses_by_a_configured_standard() {
    let folder = city::folder();
    let at = folder.path();
    std::fs::write(
        at.join("walkshed.toml"),
        "[standards.ours]\nname = \"我们的\"\nname_en = \"Ours\"\nsource = \"the planning bureau\"\n\
         [[standards.ours.requirements]]\nkey = \"doctor\"\nname = \"医生\"\nname_en = \"A doctor\"\ncategory = \"health_care\"\nminutes = 5\n",
    )
    .unwrap();
    let text = done(at, &["assess", "--standard", "ours"]);
    assert!(text.contains("Ours: 50.0 of 100 for 1000 people") && text.contains("not met A doctor"), "{text}");
}

#[test]
fn rejects_invalid_arguments() {
    let folder = city::folder();
    for (args, message) in [
        (&["coverage", "--out", "map.png"][..], ".geojson, .fgb, .parquet, .csv or .svg"),
        (&["coverage", "--minutes", "0"], "--minutes 0: must be more than 0"),
        (&["coverage", "--metres", "99999"], "--metres 99999"),
        (&["coverage", "--min-count", "11"], "--min-count 11"),
        (&["coverage", "--kinds", "moon base"], "moon base"),
        (&["coverage", "--region", "500199"], "--region 500199"),
        (&["coverage", "--group", "nobody"], "--group nobody"),
        (&["coverage", "--capacity"], "one category"),
        (&["coverage", "--category", "health_care", "--out", "x.csv", "--resolution", "12"], "--resolution 12"),
        (&["sites"], "one category"),
        (&["sites", "--category", "health_care", "--share", "2"], "--share 2"),
        (&["assess", "--standard", "none"], "gb_50180_2018"),
        (&["assess", "--met-share", "2"], "--met-share 2"),
        (&["assess", "--out", "x.svg"], ".geojson, .fgb, .parquet or .csv"),
        (&["assess", "--out", "x.fgb"], "write .csv"),
        (&["gaps", "--category", "health_care", "--out", "no/such/folder/x.csv"], "no/such/folder"),
    ] {
        let output = walkshed(folder.path(), args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(message), "{args:?}: {text}");
    }
    assert!(!folder.path().join("x.csv").exists());
}
