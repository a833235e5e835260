//! The generated files: reproducible, with correct sums, and marked as generated.

use super::*;
use walkshed_testing::structure::import_cycles;

#[test]
fn the_same_seed_gives_the_same_files() {
    fn files(folder: &Path, under: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, under, into);
            } else {
                let name = path.strip_prefix(under).unwrap().display().to_string();
                into.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let make = |seed| {
        let folder = tempfile::tempdir().unwrap();
        write_files(Options { seed, scale: 0.01, ..Options::default() }, folder.path()).unwrap();
        let mut all = BTreeMap::new();
        files(folder.path(), folder.path(), &mut all);
        all
    };
    let (first, again, other) = (make(1), make(1), make(2));
    assert_eq!(first.len(), 20, "{:?}", first.keys());
    for (name, bytes) in &first {
        assert!(again[name] == *bytes, "{name} differs");
        // Services and reported facts do not depend on the seed; everything else does.
        assert!(
            name.contains("services") || other[name] != *bytes || name.starts_with("reported"),
            "{name} is the same"
        );
    }
}

#[test]
fn residents_sum_to_the_districts() {
    let world = world();
    let mut of_centers: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows("centers.csv") {
        *of_centers.entry(row["code"][..6].to_owned()).or_default() += row["residents_served"].parse::<u64>().unwrap();
    }
    let mut of_cells: BTreeMap<String, f64> = BTreeMap::new();
    let outlines = outlines();
    for cell in world.register.population.iter() {
        let centre = cell_centre(cell.cell);
        let point = Point::new(centre.lon(), centre.lat());
        let inside: Vec<&String> =
            outlines.iter().filter(|(_, area)| area.contains(&point)).map(|(code, _)| code).collect();
        assert_eq!(inside.len(), 1, "cell {} is in {inside:?}", cell.cell);
        *of_cells.entry(inside[0].clone()).or_default() += cell.people;
    }
    assert_eq!(of_centers.len(), 38);
    for (code, people) in &of_centers {
        // In three divisions the number of residents is reported, or unknown; only their cells have generated people.
        let more = of_cells[code] - *people as f64;
        let has_reported = ["500105", "500106", "500113"].contains(&code.as_str());
        assert!(
            if has_reported { (1000.0..40_000.0).contains(&more) } else { more.abs() < 1e-6 },
            "{code}: {} in cells, {people} in divisions",
            of_cells[code]
        );
    }
    for group in ["60_plus", "0_6", "new_employment"] {
        let all: HashMap<_, f64> = world.register.population.iter().map(|c| (c.cell, c.people)).collect();
        let cells = world.register.people(group).unwrap();
        assert!(!cells.is_empty() && cells.iter().all(|c| c.people <= all[&c.cell]), "{group}");
    }
}

#[test]
fn everything_is_marked_as_generated_and_near_streets() {
    let world = world();
    let register = &world.register;
    assert!(register.demonstration.is_some_and(|d| d.is_whole && d.seed == 1));
    assert!(register.centers.iter().all(|c| c.position_quality == PositionQuality::Synthetic));
    assert!(register.facilities.iter().all(|f| f.position_quality == PositionQuality::Synthetic));
    assert!(world.attribution().contains("SYNTHETIC"));
    let off = world.facilities_off_network() as f64 / register.facilities.len() as f64;
    assert!(off <= 0.005, "{off} of the facilities are not near a street");
    assert_eq!(world.population_off_network().0, 0);
    for category in Category::ALL {
        assert!(register.facilities.iter().any(|f| f.category == category), "{category:?}");
    }
    // The reported centers, with their facts, at their generated positions.
    for code in ["500106013004", "500113003009", "500105002002"] {
        assert!(register.centers.find(code).is_some_and(|c| c.name_en.is_some()), "{code}");
    }
    assert_eq!(register.centers.find("500113003009").unwrap().residents_served, Some(22_000));
    let idle = register.visits.values().filter(|v| v.len() > 700).count();
    assert_eq!(idle, 300);
}

/// Exported results are marked as generated, in every format.
#[test]
fn exported_files_are_marked_as_synthetic() {
    let folder = tempfile::tempdir().unwrap();
    let data = city().join("data").display().to_string();
    for (command, file) in [
        (&["coverage"][..], "cells.csv"),
        (&["coverage"], "cells.geojson"),
        (&["coverage"], "cells.fgb"),
        (&["coverage"], "cells.parquet"),
        (&["gaps"], "gaps.csv"),
        (&["sites", "--category", "elderly_care"], "sites.svg"),
        (&["sites", "--category", "elderly_care"], "sites.csv"),
        (&["assess"], "table.csv"),
    ] {
        let created = walkshed(folder.path(), &[command, &["--data", &data, "--out", file]].concat());
        assert!(created.status.success(), "{}", output_text(&created));
        let bytes = std::fs::read(folder.path().join(file)).unwrap();
        assert!(bytes.windows(9).any(|w| w == b"SYNTHETIC"), "{file}");
        if Path::new(file).extension().is_some_and(|e| e == "csv") {
            let mut reader = csv::Reader::from_reader(&bytes[..]);
            let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert!(!rows.is_empty() && rows.iter().all(|r| r.iter().next_back() == Some("SYNTHETIC")), "{file}");
        }
    }
}

/// osmium-tool and GDAL, if installed.
#[test]
fn other_tools_can_read_the_files() {
    let files = city().join("files");
    let run = |tool: &str, args: &[&str]| Command::new(tool).args(args).current_dir(&files).output().ok();
    match run("osmium", &["fileinfo", "-e", "--no-progress", "streets.osm.pbf"]) {
        None => walkshed_testing::skip("osmium is not installed (apt install osmium-tool)"),
        Some(out) => {
            let text = output_text(&out);
            assert!(out.status.success() && text.contains("Objects ordered (by type and id): yes"), "{text}");
        }
    }
    match run("gdalinfo", &["-json", "-mm", "elevation-core.tif"]) {
        None => walkshed_testing::skip("GDAL is not installed (apt install gdal-bin)"),
        Some(out) => {
            let value: Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(value["size"], json!([1512, 1800]));
            assert_eq!(value["stac"]["proj:epsg"], json!(4326));
            assert!(value["bands"][0]["computedMin"].as_f64().unwrap() >= 200.0, "{value}");
        }
    }
    if run("valhalla_build_tiles", &["--version"]).is_none() {
        walkshed_testing::skip("Valhalla is not installed");
        return;
    }
    let tiles = tempfile::tempdir().unwrap();
    let config = tiles.path().join("valhalla.json");
    let path = tiles.path().display().to_string();
    let created = run("valhalla_build_config", &["--mjolnir-tile-dir", &path, "--mjolnir-tile-extract", ""]).unwrap();
    std::fs::write(&config, created.stdout).unwrap();
    let built = run("valhalla_build_tiles", &["-c", &config.display().to_string(), "streets.osm.pbf"]).unwrap();
    assert!(built.status.success(), "{}", output_text(&built));
}

#[test]
fn positions_are_in_chongqing() {
    for center in world().register.centers.iter() {
        let Position { .. } = center.position;
        assert!((105.0..110.5).contains(&center.position.lon()) && (27.9..32.4).contains(&center.position.lat()));
    }
}

#[test]
fn source_files_do_not_import_each_other_in_a_circle() {
    let cycles = import_cycles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/walkshed-demo/src"));
    assert!(cycles.is_empty(), "files that import each other: {cycles:#?}");
}
