//! The demonstration city: the same each time, sums right, connected, uneven, walked as a textbook would, and taken away whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod support;

use geo::{Contains, MultiPolygon, Point};
use osmpbf::{Element, ElementReader};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use walkshed::coverage::{NearbyQuery, Wishes, nearby};
use walkshed::demo::{Options, write_files};
use walkshed::folder::DataFolder;
use walkshed::geo::{Fixed, Metric, Position, cell_centre, read_area};
use walkshed::network::build::{BuildOptions, OWN_NETWORK_KM, build};
use walkshed::network::osm::StreetRules;
use walkshed::network::{Deciseconds, Direction, Profile, Profiles, Start, route};
use walkshed::registry::{Category, Demonstration, PositionQuality};
use walkshed::world::{PlacedPoint, World};

const SCALE: &str = "0.05";

fn walkshed(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_walkshed")).args(args).current_dir(folder).env_clear().output().unwrap()
}

fn told(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A small city, made and brought in once for all tests: the files in `files`, the data in `data`.
fn city() -> &'static Path {
    static CITY: OnceLock<tempfile::TempDir> = OnceLock::new();
    CITY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = walkshed(folder.path(), &["demo", "--scale", SCALE, "--export", "files", "--data", "data"]);
        assert!(made.status.success(), "{}", told(&made));
        folder
    })
    .path()
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let folder = DataFolder::new(&city().join("data"), None, Profiles::default()).unwrap();
        let rt = tokio::runtime::Runtime::new().unwrap();
        rt.block_on(async {
            let store = folder.store().await.unwrap();
            folder.world(&store).await.unwrap()
        })
    })
}

/// Districts and their outlines.
fn outlines() -> Vec<(String, MultiPolygon<f64>)> {
    let regions = world().register.regions.iter().filter(|r| r.code.as_str().len() == 6);
    regions.map(|r| (r.code.as_str().to_owned(), read_area(r.outline.as_deref().unwrap()).unwrap())).collect()
}

fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(city().join("files").join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
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
        write_files(Options { seed, scale: 0.01 }, folder.path()).unwrap();
        let mut all = BTreeMap::new();
        files(folder.path(), folder.path(), &mut all);
        all
    };
    let (first, again, other) = (make(1), make(1), make(2));
    assert_eq!(first.len(), 19, "{:?}", first.keys());
    for (name, bytes) in &first {
        assert!(again[name] == *bytes, "{name} differs");
        // Services and what was reported of them are told, not made up; the rest is another city.
        assert!(
            name.contains("services") || other[name] != *bytes || name.starts_with("reported"),
            "{name} is the same"
        );
    }
}

#[test]
fn people_sum_to_the_districts() {
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
        assert!(
            (of_cells[code] - *people as f64).abs() < 1e-6,
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
fn everything_is_marked_and_almost_all_lies_on_streets() {
    let world = world();
    let register = &world.register;
    assert!(register.demonstration.is_some_and(|d| d.is_whole && d.seed == 1));
    assert!(register.centers.iter().all(|c| c.position_quality == PositionQuality::Synthetic));
    assert!(register.facilities.iter().all(|f| f.position_quality == PositionQuality::Synthetic));
    assert!(world.attribution().contains("SYNTHETIC"));
    let off = world.facilities_off_network() as f64 / register.facilities.len() as f64;
    assert!(off <= 0.005, "{off} of the facilities lie on no street");
    assert_eq!(world.population_off_network().0, 0);
    for category in Category::ALL {
        assert!(register.facilities.iter().any(|f| f.category == category), "{category:?}");
    }
    // The reported centers, with their facts, where the city has put them.
    for code in ["500106013004", "500113003009", "500105002002"] {
        assert!(register.centers.find(code).is_some_and(|c| c.name_en.is_some()), "{code}");
    }
    assert_eq!(register.centers.find("500113003009").unwrap().residents_served, Some(22_000));
    let idle = register.visits.values().filter(|v| v.len() > 700).count();
    assert_eq!(idle, 300);
}

/// Streets of the extract, read without walkshed: positions by id, and ways with their tags.
type Ways = Vec<(Vec<i64>, HashMap<String, String>)>;

fn extract() -> (HashMap<i64, Fixed>, Ways) {
    let (mut nodes, mut ways) = (HashMap::new(), Vec::new());
    let fixed = |lon: i32, lat: i32| Fixed { x: lon, y: lat };
    ElementReader::from_path(city().join("files/streets.osm.pbf"))
        .unwrap()
        .for_each(|element| match element {
            Element::DenseNode(n) => drop(nodes.insert(n.id(), fixed(n.decimicro_lon(), n.decimicro_lat()))),
            Element::Way(w) => {
                let tags = w.tags().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                ways.push((w.refs().collect(), tags));
            }
            _ => {}
        })
        .unwrap();
    (nodes, ways)
}

/// The root of a node in a disjoint-set forest.
fn root(parent: &mut HashMap<i64, i64>, mut n: i64) -> i64 {
    while parent[&n] != n {
        let up = parent[&parent[&n]];
        parent.insert(n, up);
        n = up;
    }
    n
}

#[test]
fn the_network_is_one_with_a_few_islands() {
    let (nodes, ways) = extract();
    assert!(ways.iter().all(|(_, tags)| tags.get("source").is_some_and(|s| s == "SYNTHETIC")));
    let mut parent: HashMap<i64, i64> = nodes.keys().map(|&n| (n, n)).collect();
    for (refs, _) in &ways {
        for pair in refs.windows(2) {
            let (a, b) = (root(&mut parent, pair[0]), root(&mut parent, pair[1]));
            parent.insert(a, b);
        }
    }
    let mut sizes: HashMap<i64, usize> = HashMap::new();
    for &n in nodes.keys() {
        *sizes.entry(root(&mut parent, n)).or_default() += 1;
    }
    let mut sizes: Vec<usize> = sizes.into_values().collect();
    sizes.sort_unstable_by_key(|&n| Reverse(n));
    assert_eq!(sizes[1..], [16; 5]);
    assert!(sizes[0] > 40_000, "{}", sizes[0]);
}

/// Is there something of a category within a quarter of an hour of each cell? By district: people with and without.
#[test]
fn each_category_has_gaps_and_coverage_in_twenty_districts() {
    let world = world();
    let network = world.network().unwrap();
    let outlines = outlines();
    let wishes = Wishes::default();
    let mut sums: HashMap<(usize, Category), [f64; 2]> = HashMap::new();
    for cell in world.register.population.iter() {
        let centre = cell_centre(cell.cell);
        let point = Point::new(centre.lon(), centre.lat());
        let Some(district) = outlines.iter().position(|(_, area)| area.contains(&point)) else { continue };
        let Ok(place) = PlacedPoint::new(network, centre, Profile::Adult) else { continue };
        let query = NearbyQuery {
            place: &place,
            profile: Profile::Adult,
            direction: Direction::From,
            limit: Deciseconds::from_seconds(900.0),
            wishes: &wishes,
            from: None,
            first: usize::MAX,
            with_stats: false,
        };
        let found = nearby(world, network, &query);
        for category in Category::ALL {
            let has = found.neighbours.iter().any(|n| world.register.facilities[n.index as usize].category == category);
            sums.entry((district, category)).or_default()[usize::from(has)] += cell.people;
        }
    }
    for category in Category::ALL {
        let districts =
            |which: usize| (0..38).filter(|&d| sums.get(&(d, category)).is_some_and(|s| s[which] > 0.0)).count();
        assert!(districts(0) >= 20, "{category:?} has gaps in {} districts only", districts(0));
        assert!(districts(1) >= 20, "{category:?} has coverage in {} districts only", districts(1));
    }
}

/// Walking times on level ground against a textbook search over the extract, read without walkshed: metres by the sphere
/// of 47 CFR 73.208, 4.8 km/h, the mean of both ways on stairs, waiting at lifts, ferries and the cable car.
#[test]
fn walking_times_are_those_of_a_textbook() {
    let (nodes, ways) = extract();
    let mut next: HashMap<i64, Vec<(i64, f64)>> = HashMap::new();
    for (refs, tags) in &ways {
        let tag = |key: &str| tags.get(key).map(String::as_str);
        for pair in refs.windows(2) {
            let (a, b) = (nodes[&pair[0]], nodes[&pair[1]]);
            let metres = Metric::at(f64::midpoint(a.lat(), b.lat())).distance(a, b);
            let seconds = match (tag("highway"), tag("route"), tag("aerialway")) {
                (Some("steps"), ..) if tag("conveying").is_some() => metres / 0.5,
                (Some("steps"), ..) => f64::midpoint(metres / 0.50, metres / 0.67),
                (Some("elevator"), ..) => 30.0 + metres,
                (None, Some("ferry"), _) => 300.0 + 480.0,
                (None, _, Some("cable_car")) => 120.0 + 300.0,
                (Some(_), ..) => metres / (4.8 / 3.6),
                other => panic!("{other:?}"),
            };
            next.entry(pair[0]).or_default().push((pair[1], seconds));
            if tag("conveying").is_none() {
                next.entry(pair[1]).or_default().push((pair[0], seconds));
            }
        }
    }
    let options = BuildOptions {
        streets: city().join("files/streets.osm.pbf"),
        elevation: Vec::new(),
        own_network_km: OWN_NETWORK_KM,
        profiles: Profiles::default(),
        rules: StreetRules::default(),
    };
    let network = build(&options, &|_| {}).unwrap();
    let place = |id: i64| {
        let at = nodes[&id];
        (at, Start::new(&network, network.snap(at, Profile::Adult).unwrap(), Profile::Adult))
    };
    // No place is put on bridges, in tunnels or on what carries people; nodes of those alone are no places.
    let is_ground = |tags: &HashMap<String, String>| {
        ["bridge", "tunnel", "conveying"].iter().all(|key| !tags.contains_key(*key))
            && tags.get("highway").is_some_and(|h| h != "elevator")
    };
    let mut ids: Vec<i64> =
        ways.iter().filter(|(_, tags)| is_ground(tags)).flat_map(|(refs, _)| refs.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut compared = 0;
    for from in ids.iter().step_by(ids.len() / 40).copied() {
        // Seconds and segments to everything within half an hour.
        let mut best: HashMap<i64, (f64, u32)> = HashMap::new();
        let mut heap = BinaryHeap::from([(Reverse(0u64), 0u32, from)]);
        while let Some((Reverse(millis), count, node)) = heap.pop() {
            let seconds = millis as f64 / 1000.0;
            if best.contains_key(&node) || seconds > 1800.0 {
                continue;
            }
            best.insert(node, (seconds, count));
            for &(to, more) in next.get(&node).into_iter().flatten() {
                heap.push((Reverse(((seconds + more) * 1000.0).round() as u64), count + 1, to));
            }
        }
        let mut reached: Vec<i64> = best.keys().copied().filter(|id| ids.binary_search(id).is_ok()).collect();
        reached.sort_unstable();
        let start = place(from);
        for to in reached.iter().step_by(reached.len() / 8 + 1).copied().filter(|&to| to != from) {
            let (seconds, segments) = best[&to];
            let end = place(to);
            let limit = Deciseconds::from_seconds(3600.0);
            let found = route(&network, Profile::Adult, (start.0, &start.1), (end.0, &end.1), limit).unwrap();
            // Each segment is rounded to a tenth of a second, and the textbook to milliseconds.
            let allowed = 0.06 * f64::from(segments + 2) + 0.5;
            let ours = found.time.0 as f64 / 10.0;
            assert!((ours - seconds).abs() <= allowed, "{from} to {to}: {ours} s, by the textbook {seconds} s");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn it_is_taken_away_whole_and_nothing_is_imported_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let made = walkshed(at, &["--json", "demo", "--scale", "0.01", "--export", "files"]);
    let value: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!((&value["synthetic"], &value["imported"]), (&json!(true), &json!(true)));
    // Again: refused, but the files may be made elsewhere, and nowhere over others.
    let again = walkshed(at, &["demo"]);
    assert!(!again.status.success() && told(&again).contains("walkshed demo --remove"), "{}", told(&again));
    let over = walkshed(at, &["demo", "--scale", "0.01", "--export", "files"]);
    assert!(!over.status.success() && told(&over).contains("not empty"), "{}", told(&over));
    for (kind, file) in [("centers", "centers.csv"), ("population", "population.csv"), ("streets", "streets.osm.pbf")] {
        let refused = walkshed(at, &["import", kind, &format!("files/{file}")]);
        assert!(!refused.status.success(), "{kind} were imported over the demonstration city");
        assert!(told(&refused).contains("walkshed demo --remove"), "{}", told(&refused));
    }
    assert!(walkshed(at, &["demo", "--remove"]).status.success());
    assert!(!at.join("walkshed-data/streets.walkshed").exists());
    let checked: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    assert_eq!((&checked["centers"], &checked["facilities"]), (&json!(0), &json!(0)));
    assert!(!walkshed(at, &["demo", "--remove"]).status.success());
    // Its files come in like any others then, and are a demonstration no more: the positions say SYNTHETIC still.
    let own = walkshed(at, &["--json", "import", "centers", "files/centers.csv"]);
    assert!(own.status.success(), "{}", told(&own));
    let beside = walkshed(at, &["demo"]);
    assert!(!beside.status.success() && told(&beside).contains("--data"), "{}", told(&beside));
    for bad in ["0", "1.5", "-1", "x"] {
        assert_eq!(walkshed(at, &["demo", &format!("--scale={bad}")]).status.code(), Some(2), "{bad}");
    }
}

/// What is taken away from it says that it is made up, whatever it is written as.
#[test]
fn files_taken_away_say_that_they_are_made_up() {
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
        let made = walkshed(folder.path(), &[command, &["--data", &data, "--out", file]].concat());
        assert!(made.status.success(), "{}", told(&made));
        let bytes = std::fs::read(folder.path().join(file)).unwrap();
        assert!(bytes.windows(9).any(|w| w == b"SYNTHETIC"), "{file}");
        if Path::new(file).extension().is_some_and(|e| e == "csv") {
            let mut reader = csv::Reader::from_reader(&bytes[..]);
            let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert!(!rows.is_empty() && rows.iter().all(|r| r.iter().next_back() == Some("SYNTHETIC")), "{file}");
        }
    }
}

/// Killed while it was brought in: what is there is no city, is not built upon, and is begun again.
#[test]
fn a_city_that_was_cut_off_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(walkshed(at, &["demo", "--scale", "0.01"]).status.success());
    let whole: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    let data = DataFolder::new(&at.join("walkshed-data"), None, Profiles::default()).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = data.store().await.unwrap();
        let mark = store.demonstration().await.unwrap().unwrap();
        store.mark_demonstration(Demonstration { is_whole: false, ..mark }, "2026-11-25T00:00:00Z").await.unwrap();
        store.close().await;
    });
    std::fs::write(data.streets(), b"half a file").unwrap();
    let refused = walkshed(at, &["import", "centers", "nothing.csv"]);
    assert!(!refused.status.success());
    let again = walkshed(at, &["demo", "--scale", "0.01"]);
    assert!(again.status.success(), "{}", told(&again));
    let found: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    for what in ["centers", "facilities", "population"] {
        assert_eq!(found[what], whole[what], "{what}");
    }
    assert!(found["centers"].as_u64().unwrap() > 0, "{found}");
}

/// osmium-tool and GDAL, where they are.
#[test]
fn other_tools_read_the_files() {
    let files = city().join("files");
    let run = |tool: &str, args: &[&str]| Command::new(tool).args(args).current_dir(&files).output().ok();
    match run("osmium", &["fileinfo", "-e", "--no-progress", "streets.osm.pbf"]) {
        None => println!("SKIPPED: osmium is not installed (apt install osmium-tool)"),
        Some(out) => {
            let text = told(&out);
            assert!(out.status.success() && text.contains("Objects ordered (by type and id): yes"), "{text}");
        }
    }
    match run("gdalinfo", &["-json", "-mm", "elevation-core.tif"]) {
        None => println!("SKIPPED: GDAL is not installed (apt install gdal-bin)"),
        Some(out) => {
            let value: Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!(value["size"], json!([1512, 1800]));
            assert_eq!(value["stac"]["proj:epsg"], json!(4326));
            assert!(value["bands"][0]["computedMin"].as_f64().unwrap() >= 200.0, "{value}");
        }
    }
    if run("valhalla_build_tiles", &["--version"]).is_none() {
        println!("SKIPPED: Valhalla is not installed");
        return;
    }
    let tiles = tempfile::tempdir().unwrap();
    let config = tiles.path().join("valhalla.json");
    let path = tiles.path().display().to_string();
    let made = run("valhalla_build_config", &["--mjolnir-tile-dir", &path, "--mjolnir-tile-extract", ""]).unwrap();
    std::fs::write(&config, made.stdout).unwrap();
    let built = run("valhalla_build_tiles", &["-c", &config.display().to_string(), "streets.osm.pbf"]).unwrap();
    assert!(built.status.success(), "{}", told(&built));
}

#[test]
fn positions_are_wgs84_of_chongqing() {
    for center in world().register.centers.iter() {
        let Position { .. } = center.position;
        assert!((105.0..110.5).contains(&center.position.lon()) && (27.9..32.4).contains(&center.position.lat()));
    }
}
