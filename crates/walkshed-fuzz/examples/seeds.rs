//! Writes the seeds of `fuzz/corpus` that are not text: `cargo run -p walkshed-fuzz --example seeds`. Needed when the format of
//! prepared files changes.
#![allow(clippy::unwrap_used, reason = "a tool of developers: it stops where it cannot write")]

use std::path::Path;
use walkshed_testing::pbf::Extract;
use walkshed_testing::{grid, random_network};

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(corpus.join(target)).unwrap();
        std::fs::write(corpus.join(target).join(name), bytes).unwrap();
    };
    let mut crossing = Extract::new();
    crossing.node(1, 0.0, 0.0, &[]).node(2, 100.0, 0.0, &[("barrier", "gate"), ("access", "private")]);
    crossing.node(3, 200.0, 0.0, &[("highway", "elevator"), ("level", "0;1")]).node(4, 100.0, 100.0, &[]);
    crossing.way(1, &[1, 2, 3], &[("highway", "residential"), ("name", "Main"), ("maxspeed", "30")]);
    crossing.way(2, &[2, 4], &[("highway", "steps"), ("step_count", "12"), ("incline", "up")]);
    write("pbf", "crossing.osm.pbf", &crossing.bytes());
    let mut plaza = Extract::new();
    for (id, (x, y)) in [(0.0, 0.0), (80.0, 0.0), (80.0, 80.0), (0.0, 80.0), (-50.0, 0.0)].into_iter().enumerate() {
        plaza.node(id as i64 + 1, x, y, &[]);
    }
    plaza.way(1, &[1, 2, 3, 4, 1], &[]).way(2, &[5, 1], &[("highway", "footway"), ("wheelchair", "no")]);
    plaza.relation(1, &[(1, "outer")], &[("type", "multipolygon"), ("highway", "pedestrian"), ("area", "yes")]);
    write("pbf", "plaza.osm.pbf", &plaza.bytes());
    let mut ferry = Extract::new();
    ferry.node(1, 0.0, 0.0, &[]).node(2, 900.0, 0.0, &[]);
    ferry.way(1, &[1, 2], &[("route", "ferry"), ("duration", "00:20"), ("foot", "yes"), ("bicycle", "no")]);
    write("pbf", "ferry.osm.pbf", &ferry.bytes());
    for (name, network) in [("grid", grid(2, 100.0)), ("streets", grid(3, 100.0)), ("crooked", random_network(1, 8))] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        network.save(&path).unwrap();
        write("prepared_file", &format!("{name}.walkshed"), &std::fs::read(path).unwrap());
    }
}
