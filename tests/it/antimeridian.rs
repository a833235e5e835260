//! An island on both sides of the 180th meridian, such as Taveuni. Results equal those of the same island elsewhere,
//! and every geometry lies within 180 degrees (RFC 7946, section 3.1.9).
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{answer, ask_with};
use geo::{Area, Geometry, MultiPolygon, Validation};
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::Network;
use walkshed_engine::build::{BuildError, BuildOptions, build};
use walkshed_engine::geo::{Fixed, Position, cell_of};
use walkshed_graphql::{Api, Limits};
use walkshed_register::{Category, Center, DivisionCode, Facility, PopulationCell, RegisterRows};
use walkshed_testing::pbf::Extract;

const STREET: [(&str, &str); 1] = [("highway", "residential")];
const TURN: i64 = 3_600_000_000;

/// A position in millionths of a degree east of a meridian and north of 16.8 S.
fn at(meridian: i64, east: i64, north: i64) -> Fixed {
    let x = meridian * 10_000_000 + east * 10;
    // Files hold longitudes within 180 degrees; 180 itself is written with either sign.
    let x = if x > TURN / 2 { x - TURN } else { x };
    Fixed { x: i32::try_from(x).unwrap(), y: -168_000_000 + i32::try_from(north * 10).unwrap() }
}

/// Eleven streets across the meridian and eleven along it, about 110 m apart. The first street across is continuous;
/// the others end at the meridian on one side and start again on the other. One of them has a lift.
fn island(meridian: i64) -> Extract {
    let mut extract = Extract::new();
    let id = |column: i64, row: i64| 1 + row * 100 + column + 20;
    for row in 0..11 {
        for column in (-5..=5).filter(|c| *c != 0) {
            let tags: &[(&str, &str)] = if (column, row) == (-2, 1) { &[("highway", "elevator")] } else { &[] };
            extract.node_at(id(column, row), at(meridian, column * 1000, row * 1000), tags);
        }
        let ways: Vec<Vec<i64>> = if row == 0 {
            vec![(-5..=5).filter(|c| *c != 0).map(|c| id(c, row)).collect()]
        } else {
            // One node, or the two nodes at 180 and -180 degrees.
            let (west, east) = (id(0, row), if meridian == 180 { id(9, row) } else { id(0, row) });
            extract.node_at(west, at(meridian, 0, row * 1000), &[]);
            if east != west {
                extract.node_at(east, Fixed { x: -1_800_000_000, ..at(meridian, 0, row * 1000) }, &[]);
            }
            let (mut left, mut right): (Vec<i64>, Vec<i64>) =
                ((-5..0).map(|c| id(c, row)).collect(), (1..=5).map(|c| id(c, row)).collect());
            left.push(west);
            right.insert(0, east);
            vec![left, right]
        };
        for (n, refs) in (0..).zip(ways) {
            extract.way(1000 + row * 10 + n, &refs, &STREET);
        }
    }
    for column in (-5..=5).filter(|c| *c != 0) {
        let refs: Vec<i64> = (0..11).map(|row| id(column, row)).collect();
        extract.way(2000 + column, &refs, &STREET);
    }
    extract
}

fn network(extract: &Extract) -> Result<Network, BuildError> {
    let folder = tempfile::tempdir().unwrap();
    let streets = folder.path().join("island.osm.pbf");
    extract.write(&streets);
    build(&BuildOptions::new(streets), &|_| {})
}

fn place(meridian: i64, east: i64, north: i64) -> Position {
    at(meridian, east, north).into()
}

/// The island with two centers, two clinics and three populated places.
fn world(meridian: i64) -> Arc<World> {
    let code = |n: u32| DivisionCode::new(&format!("5001060130{n:02}")).unwrap();
    let center =
        |id: i64, n: u32, at: Position| Center { id, version: 1, ..Center::new(code(n), format!("center {id}"), at) };
    let facility = |id: i64, at: Position| Facility {
        id,
        version: 1,
        ..Facility::new(format!("f-{id}"), format!("clinic {id}"), Category::HealthCare, at)
    };
    let homes = [(-1500, 2500, 100.0), (50, 5000, 200.0), (2500, 8000, 400.0)];
    let mut population: Vec<PopulationCell> = homes
        .map(|(e, n, people)| PopulationCell { cell: cell_of(place(meridian, e, n), h3o::Resolution::Nine), people })
        .to_vec();
    population.sort_by_key(|c| c.cell);
    let rows = RegisterRows {
        centers: vec![center(1, 4, place(meridian, -800, 5000)), center(2, 5, place(meridian, 4000, 5000))],
        facilities: vec![facility(1, place(meridian, 1500, 3000)), facility(2, place(meridian, -4000, 9000))],
        population,
        ..RegisterRows::default()
    };
    Arc::new(World::new(Ok(Arc::new(network(&island(meridian)).unwrap())), rows))
}

fn ask(world: &Arc<World>, query: &str) -> Value {
    let api = Api::new(Limits { max_complexity: 500_000, ..Limits::default() });
    let found = answer(&ask_with(&api, world, query, Value::Null));
    assert_eq!(found.get("errors"), None, "{query}: {found}");
    found["data"].clone()
}

/// Collects every geometry of an answer.
fn geometries(value: &Value, into: &mut Vec<Geometry<f64>>) {
    match value {
        Value::Object(map) if map.contains_key("coordinates") => {
            let read: geojson::Geometry = serde_json::from_value(value.clone()).unwrap();
            into.push(read.try_into().unwrap());
        }
        Value::Object(map) => map.values().for_each(|v| geometries(v, into)),
        Value::Array(list) => list.iter().for_each(|v| geometries(v, into)),
        _ => {}
    }
}

/// Checks that every geometry is valid, within 180 degrees, and without an edge across the globe.
fn check(value: &Value) -> Vec<Geometry<f64>> {
    use geo::{CoordsIter, LinesIter};
    let mut all = Vec::new();
    geometries(value, &mut all);
    for geometry in &all {
        assert!(geometry.coords_iter().all(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0), "{geometry:?}");
        assert!(geometry.is_valid(), "{geometry:?}");
        let lines: Vec<geo::Line<f64>> = match geometry {
            Geometry::LineString(line) => line.lines().collect(),
            Geometry::MultiLineString(lines) => lines.lines_iter().collect(),
            Geometry::Polygon(polygon) => polygon.lines_iter().collect(),
            Geometry::MultiPolygon(area) => area.lines_iter().collect(),
            _ => Vec::new(),
        };
        for line in lines {
            assert!(line.dx().abs() < 1.0 && line.start != line.end, "{line:?} of {geometry:?}");
        }
    }
    all
}

#[test]
fn streets_continue_across_the_meridian() {
    let (here, there) = (network(&island(180)).unwrap(), network(&island(0)).unwrap());
    let (a, b) = (&here.meta().report, &there.meta().report);
    assert_eq!((a.vertices, a.edges, a.length_km.to_bits()), (b.vertices, b.edges, b.length_km.to_bits()));
    assert!(a.length_km < 30.0, "{}", a.length_km);
    assert_eq!(
        a.warnings[0],
        "merged 10 pairs of nodes at 180 and -180 degrees of longitude, so that streets continue across the 180th meridian"
    );
    assert!(!b.warnings.iter().any(|w| w.contains("180")));
}

#[test]
fn answers_equal_those_of_the_island_elsewhere() {
    let (here, there) = (world(180), world(0));
    let query = |meridian: i64| {
        let point = |e, n| {
            let p = place(meridian, e, n);
            format!("{{point: {{lon: {}, lat: {}}}}}", p.lon(), p.lat())
        };
        format!(
            "{{ near: nearby(from: {a}, minutes: 20) {{ edges {{ minutes node {{ name }} }} }}
                back: nearby(from: {b}, minutes: 20) {{ edges {{ minutes node {{ name }} }} }}
                walkshed(from: {a}, minutes: [3, 6]) {{ bands {{ areaKm2 }} streetKm toleranceM }}
                route(from: {a}, to: {b}) {{ minutes metres }}
                travelTimes(origins: [{a}, {b}], destinations: [{c}, {b}]) {{ minutes }}
                coverage(need: {{category: HEALTH_CARE, minutes: 30}}) {{ total {{ people covered offNetwork }} mean }}
                accessibility(measure: KTH_NEAREST, need: {{category: HEALTH_CARE, minutes: 30}}) {{ mean withoutValue }}
                centers(orderBy: {{by: DISTANCE, from: {b}}}) {{ nodes {{ name }} }}
                catchment(of: {{center: \"500106013004\"}}, minutes: 30) {{ people exclusivePeople }} }}",
            a = point(-1500, 2500),
            b = point(700, 5200),
            c = point(-300, 4800),
        )
    };
    let (a, b) = (ask(&here, &query(180)), ask(&there, &query(0)));
    assert_eq!(a["near"]["edges"][0]["node"]["name"], "clinic 1", "{a}");
    assert_eq!(a["centers"]["nodes"], json!([{"name": "center 1"}, {"name": "center 2"}]), "{a}");
    same(&a, &b, "");
}

/// Compares values with a tolerance, because hexagons differ slightly between the two places.
fn same(a: &Value, b: &Value, path: &str) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for (key, value) in x {
                same(value, &y[key], &format!("{path}/{key}"));
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len(), "{path}: {a} {b}");
            x.iter().zip(y).enumerate().for_each(|(i, (a, b))| same(a, b, &format!("{path}/{i}")));
        }
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            // Population is at the centres of cells, up to about 150 m from where it was entered.
            let tolerance = if path.contains("mean") { 3.0 } else { 0.02 * y.abs() };
            assert!((x - y).abs() <= tolerance, "{path}: {x} differs from {y}");
        }
        _ => assert_eq!(a, b, "{path}"),
    }
}

#[test]
fn every_geometry_is_within_180_degrees() {
    let world = world(180);
    let (a, b) = (place(180, -1000, 5000), place(180, 700, 5200));
    let found = ask(
        &world,
        &format!(
            "{{ walkshed(from: {{point: {{lon: {}, lat: {}}}}}, minutes: [3, 6]) {{
                    bands {{ areaKm2 polygon }} segments cells(resolution: 10) {{ cells minutes }} }}
                route(from: {{point: {{lon: {0}, lat: {1}}}}}, to: {{point: {{lon: {}, lat: {}}}}}) {{ geometry }}
                nowhere: route(from: {{point: {{lon: {0}, lat: {1}}}}}, to: {{point: {{lon: {0}, lat: {1}}}}}) {{ geometry minutes }}
                coverage(need: {{category: HEALTH_CARE, minutes: 1}}) {{ cellsGeojson gapsGeojson coarse: cellsGeojson(resolution: 7)
                    gaps {{ nodes {{ outline people }} }} }}
                catchment(of: {{center: \"500106013004\"}}, minutes: 9) {{ polygon areaKm2 }}
                dataset {{ streets {{ bounds {{ west south east north }} }} }} }}",
            a.lon(),
            a.lat(),
            b.lon(),
            b.lat()
        ),
    );
    let all = check(&found);
    assert!(all.len() > 60, "{}", all.len());
    // On both sides, with the reported area.
    for band in found["walkshed"]["bands"].as_array().unwrap() {
        let shape: geojson::Geometry = serde_json::from_value(band["polygon"].clone()).unwrap();
        let shape: MultiPolygon<f64> = shape.try_into().unwrap();
        assert!(shape.0.len() >= 2 && shape.iter().any(|p| p.exterior().0[0].x > 0.0), "{shape:?}");
        assert!(shape.iter().any(|p| p.exterior().0[0].x < 0.0), "{shape:?}");
        let km2 = shape.unsigned_area() * 111.0 * 111.0 * 16.8_f64.to_radians().cos();
        assert!((km2 / band["areaKm2"].as_f64().unwrap() - 1.0).abs() < 0.02, "{km2} {band}");
    }
    let cells = found["walkshed"]["cells"]["cells"].as_array().unwrap();
    let centres = cells.iter().map(|c| {
        let cell: h3o::CellIndex = c.as_str().unwrap().parse().unwrap();
        h3o::LatLng::from(cell).lng()
    });
    let (west, east): (Vec<f64>, Vec<f64>) = centres.partition(|lon| *lon > 0.0);
    assert!(west.len() > 5 && east.len() > 5, "{} and {}", west.len(), east.len());
    assert_eq!(found["route"]["geometry"]["type"], "MultiLineString");
    assert_eq!((&found["nowhere"]["geometry"]["type"], &found["nowhere"]["minutes"]), (&json!("Point"), &json!(0.0)));
    // Segments have a length: the lift and its neighbours produce no line with one position.
    for feature in found["walkshed"]["segments"]["features"].as_array().unwrap() {
        let kind = feature["geometry"]["type"].as_str().unwrap();
        assert!(kind == "LineString" || kind == "MultiLineString", "{feature}");
    }
    let bounds = &found["dataset"]["streets"]["bounds"];
    assert_eq!((&bounds["west"], &bounds["east"]), (&json!(179.995), &json!(-179.995)));
}

/// If all streets are on one side, polygons around them still extend across.
#[test]
fn geometry_of_a_city_beside_the_meridian_covers_both_sides() {
    let mut extract = Extract::new();
    for row in 0..5i64 {
        for column in 0..5i64 {
            extract.node_at(1 + row * 10 + column, at(180, -5010 + column * 1250, row * 1000), &[]);
        }
        extract.way(row + 1, &(0..5).map(|c| 1 + row * 10 + c).collect::<Vec<_>>(), &STREET);
    }
    for column in 0..5 {
        extract.way(100 + column, &(0..5).map(|r| 1 + r * 10 + column).collect::<Vec<_>>(), &STREET);
    }
    // Places on the other side snap to the streets on this side.
    let home = place(180, 400, 2000);
    let rows = RegisterRows {
        facilities: vec![Facility {
            id: 1,
            version: 1,
            ..Facility::new("f-1".into(), "clinic".into(), Category::HealthCare, place(180, 300, 1000))
        }],
        population: vec![PopulationCell { cell: cell_of(home, h3o::Resolution::Nine), people: 10.0 }],
        ..RegisterRows::default()
    };
    let world = Arc::new(World::new(Ok(Arc::new(network(&extract).unwrap())), rows));
    let found = ask(
        &world,
        &format!(
            "{{ walkshed(from: {{point: {{lon: {0}, lat: {1}}}}}, minutes: [2, 5]) {{
                    bands {{ polygon population }} segments cells(resolution: 11) {{ cells }} }}
                nearby(from: {{point: {{lon: {0}, lat: {1}}}}}, minutes: 10) {{ edges {{ node {{ name }} }} }}
                coverage(need: {{category: HEALTH_CARE}}) {{ total {{ covered offNetwork }} cellsGeojson }} }}",
            home.lon(),
            home.lat()
        ),
    );
    assert!(home.lon() < -179.999);
    check(&found);
    assert_eq!(found["nearby"]["edges"][0]["node"]["name"], "clinic", "{found}");
    assert_eq!(found["coverage"]["total"], json!({"covered": 10.0, "offNetwork": 0.0}));
    let polygons = found["walkshed"]["bands"][1]["polygon"]["coordinates"].as_array().unwrap();
    let side = |p: &Value| p[0][0][0].as_f64().unwrap() > 0.0;
    assert!(polygons.iter().any(side) && polygons.iter().any(|p| !side(p)), "{found}");
}

#[test]
fn streets_can_be_added_across_the_meridian_and_pictures_are_complete() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    network(&island(180)).unwrap().save(&folder.path().join("streets.walkshed")).unwrap();
    let home = place(180, 50, 5000);
    crate::support::city::fill(
        folder.path(),
        &RegisterRows {
            facilities: vec![Facility::new(
                "f-1".into(),
                "clinic".into(),
                Category::HealthCare,
                place(180, 1500, 3000),
            )],
            population: vec![PopulationCell { cell: cell_of(home, h3o::Resolution::Nine), people: 10.0 }],
            ..RegisterRows::default()
        },
    );
    let desk =
        crate::support::server_with_tokens::ServerWithTokens::over(folder, walkshed::server::ServerOptions::default());
    let point = |e: i64, n: i64| {
        let p = place(180, e, n);
        json!({"lon": p.lon(), "lat": p.lat()})
    };
    let input = json!({"i": {"key": "bridge", "name": "bridge", "changes": [
        {"addStreet": {"kind": "FOOTBRIDGE", "line": [point(-1500, 900), point(1500, 900)]}},
        {"closeStreet": {"at": point(20, 4000), "kind": "STREET"}}]}});
    let made = desk.edit(
        "mutation($i: CreateScenarioInput!) { createScenario(input: $i) {
             scenario { problem changes { street { lengthM geometry } } } userErrors { field message } } }",
        &input,
    );
    let made = &made["createScenario"];
    assert_eq!((&made["userErrors"], &made["scenario"]["problem"]), (&json!([]), &Value::Null), "{made}");
    check(made);
    let streets: Vec<&Value> = made["scenario"]["changes"].as_array().unwrap().iter().map(|c| &c["street"]).collect();
    // 0.003 degrees at 16.8 S are 320 m, and both ends extend by 11 m to the next street.
    let long = streets[0]["lengthM"].as_f64().unwrap();
    assert!(long > 318.0 && long < 345.0, "{long}");
    assert_eq!(streets[0]["geometry"]["type"], "MultiLineString");
    assert!(streets[1]["lengthM"].as_f64().unwrap() < 250.0, "{made}");
    let run = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(arguments)
            .env("WALKSHED_DATA", desk.folder.path())
            .current_dir(desk.folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let origin = format!("{},{}", home.lon(), home.lat());
    run(&["picture", "--point", &origin, "--minutes", "5", "--out", "walk.svg"]);
    run(&["coverage", "--category", "health_care", "--out", "cover.svg"]);
    for name in ["walk.svg", "cover.svg"] {
        let svg = std::fs::read_to_string(desk.folder.path().join(name)).unwrap();
        // A picture as wide as the globe would draw all streets in one point.
        let view: Vec<f64> = svg
            .split("viewBox=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .split(' ')
            .map(|n| n.parse().unwrap())
            .collect();
        assert!(view[3] > 300.0, "{name}: {view:?}");
        let street = svg.split("stroke=\"#5d6470\"").next().unwrap().rsplit("<path d=\"").next().unwrap();
        let xs: Vec<f64> = street.split(['M', 'L']).filter_map(|p| p.split(' ').next()?.parse().ok()).collect();
        let (least, most) = xs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
        assert!(most - least > 300.0 && least > -5000.0 && most < 5000.0, "{name}: {least} to {most}");
    }
}

#[test]
fn rejects_extracts_around_the_globe_if_streets_cross_the_meridian() {
    let mut extract = Extract::new();
    let degrees = |lon: i32| Fixed { x: lon * 10_000_000, y: 0 };
    // Places on all meridians except those near 0.
    for (id, lon) in (10..).zip((-175..=-20).step_by(5).chain((20..=175).step_by(5))) {
        extract.node_at(id, degrees(lon), &[]).node_at(1000 + id, Fixed { y: 1000, ..degrees(lon) }, &[]);
        extract.way(id, &[id, 1000 + id], &STREET);
    }
    assert!(network(&extract).is_ok(), "no street crosses the meridian");
    extract.node_at(1, Fixed { x: 1_799_990_000, y: 0 }, &[]).node_at(2, Fixed { x: -1_799_990_000, y: 0 }, &[]);
    extract.way(1, &[1, 2], &STREET);
    let error = network(&extract).err().unwrap().to_string();
    for expected in ["island.osm.pbf: ", "cross the 180th meridian", "from 179.999 to -179.999", "osmium extract"] {
        assert!(error.contains(expected), "{error}");
    }
}
