//! The demonstration city: reproducible, with correct sums, connected, unevenly supplied, routed like a textbook
//! implementation, and removed completely.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod files;
mod lifecycle;
mod made_up;
mod network;
mod people;

use geo::{Contains, MultiPolygon, Point};
use osmpbf::{Element, ElementReader};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use walkshed_analysis::world::{SnappedPoint, World};
use walkshed_analysis::{FacilityCriteria, NearbyQuery, nearby};
use walkshed_demo::{Landmark, LandmarkKind, Options, write_files};
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::{Fixed, Metric, Position, Storey, cell_centre, cell_of, read_area};
use walkshed_engine::{Deciseconds, Direction, Profile, Profiles, Start, route};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, Demonstration, Edit, PositionQuality};
use walkshed_store::ChangeSet;

const SCALE: &str = "0.05";

fn walkshed(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_walkshed")).args(args).current_dir(folder).env_clear().output().unwrap()
}

fn output_text(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A small city, generated and imported once for all tests: the files in `files`, the data in `data`.
fn city() -> &'static Path {
    static CITY: OnceLock<tempfile::TempDir> = OnceLock::new();
    CITY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let created = walkshed(folder.path(), &["demo", "--scale", SCALE, "--export", "files", "--data", "data"]);
        assert!(created.status.success(), "{}", output_text(&created));
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

/// The streets of the extract, read independently of walkshed: positions and tags by id, ways.
struct Extract {
    nodes: HashMap<i64, Fixed>,
    marks: HashMap<i64, HashMap<String, String>>,
    ways: Vec<OsmWay>,
}

#[derive(Clone, Debug)]
struct OsmWay {
    refs: Vec<i64>,
    tags: HashMap<String, String>,
}

impl Extract {
    fn has(&self, node: i64, key: &str) -> bool {
        self.marks.get(&node).is_some_and(|tags| tags.contains_key(key))
    }

    /// Returns the number of nodes with a tag.
    fn count(&self, key: &str, value: &str) -> usize {
        self.marks.values().filter(|tags| tags.get(key).is_some_and(|v| v == value)).count()
    }

    /// Returns the segments of some ways as pairs of nodes.
    fn segments<'a>(&'a self, is_of: impl Fn(&OsmWay) -> bool + 'a) -> impl Iterator<Item = [i64; 2]> + 'a {
        self.ways.iter().filter(move |w| is_of(w)).flat_map(|w| w.refs.windows(2).map(|pair| [pair[0], pair[1]]))
    }
}

impl OsmWay {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.tag(key) == Some(value)
    }

    fn is_expressway(&self) -> bool {
        self.tag("highway").is_some_and(|h| h.starts_with("trunk")) && !self.is("sidewalk", "both")
    }

    fn is_walked(&self) -> bool {
        !self.is_expressway()
    }

    fn is_square(&self) -> bool {
        self.is("highway", "pedestrian") && self.is("area", "yes")
    }

    fn is_on_ground(&self) -> bool {
        ["bridge", "tunnel", "level"].iter().all(|key| !self.tags.contains_key(*key))
    }
}

fn extract() -> &'static Extract {
    static EXTRACT: OnceLock<Extract> = OnceLock::new();
    EXTRACT.get_or_init(|| {
        let (mut nodes, mut marks, mut ways) = (HashMap::new(), HashMap::new(), Vec::new());
        ElementReader::from_path(city().join("files/streets.osm.pbf"))
            .unwrap()
            .for_each(|element| match element {
                Element::DenseNode(n) => {
                    nodes.insert(n.id(), Fixed { x: n.decimicro_lon(), y: n.decimicro_lat() });
                    let tags: HashMap<_, _> = n.tags().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                    if !tags.is_empty() {
                        marks.insert(n.id(), tags);
                    }
                }
                Element::Way(w) => {
                    let tags = w.tags().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                    ways.push(OsmWay { refs: w.refs().collect(), tags });
                }
                _ => {}
            })
            .unwrap();
        Extract { nodes, marks, ways }
    })
}

/// The landmarks according to the generator of the same city.
fn landmarks() -> &'static [Landmark] {
    static LANDMARKS: OnceLock<Vec<Landmark>> = OnceLock::new();
    LANDMARKS.get_or_init(|| walkshed_demo::landmarks(Options { scale: SCALE.parse().unwrap(), ..Options::default() }))
}

/// Returns the root of a node in a disjoint-set forest.
fn root_of(parent: &mut HashMap<i64, i64>, mut n: i64) -> i64 {
    while parent[&n] != n {
        let up = parent[&parent[&n]];
        parent.insert(n, up);
        n = up;
    }
    n
}

/// Returns the component of each node, for the given ways.
fn pieces<'a>(extract: &Extract, ways: impl Iterator<Item = &'a OsmWay>) -> HashMap<i64, i64> {
    let mut parent: HashMap<i64, i64> = extract.nodes.keys().map(|&n| (n, n)).collect();
    for pair in ways.flat_map(|w| w.refs.windows(2)) {
        let (a, b) = (root_of(&mut parent, pair[0]), root_of(&mut parent, pair[1]));
        parent.insert(a, b);
    }
    let all: Vec<i64> = parent.keys().copied().collect();
    all.into_iter().map(|n| (n, root_of(&mut parent, n))).collect()
}

/// Returns the largest component, and the size of every other.
fn sizes(pieces: &HashMap<i64, i64>) -> (i64, BTreeMap<i64, usize>) {
    let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
    for &r in pieces.values() {
        *sizes.entry(r).or_default() += 1;
    }
    let (&main, _) = sizes.iter().max_by_key(|(_, n)| **n).unwrap();
    (main, sizes)
}

/// Returns the components that pedestrians can use without passing a gate.
fn public_pieces(extract: &Extract) -> HashMap<i64, i64> {
    let ways: Vec<OsmWay> = extract
        .ways
        .iter()
        .filter(|w| w.is_walked())
        .flat_map(|w| {
            // Split ways at gates.
            let parts = w.refs.split(|n| extract.has(*n, "barrier"));
            parts.map(|refs| OsmWay { refs: refs.to_vec(), tags: w.tags.clone() }).collect::<Vec<_>>()
        })
        .collect();
    pieces(extract, ways.iter())
}

/// The local metric, and the south-western corner that positions are relative to.
fn metric() -> (Metric, Fixed) {
    (Metric::at(29.6), Fixed { x: 1_050_000_000, y: 280_000_000 })
}

fn plane(at: Fixed) -> (f64, f64) {
    let (metric, origin) = metric();
    metric.vector(origin, at)
}

/// Segments by squares of 100 m, for nearest-segment queries.
struct Near<'a> {
    segments: Vec<([i64; 2], &'a OsmWay)>,
    squares: HashMap<(i64, i64), Vec<usize>>,
}

impl<'a> Near<'a> {
    fn of(extract: &'a Extract, is_of: impl Fn(&OsmWay) -> bool) -> Self {
        let segments: Vec<_> = extract
            .ways
            .iter()
            .filter(|w| is_of(w))
            .flat_map(|w| w.refs.windows(2).map(move |pair| ([pair[0], pair[1]], w)))
            .collect();
        let mut squares: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
        for (i, (ends, _)) in segments.iter().enumerate() {
            let [(ax, ay), (bx, by)] = ends.map(|n| Self::square(plane(extract.nodes[&n])));
            for x in ax.min(bx)..=ax.max(bx) {
                for y in ay.min(by)..=ay.max(by) {
                    squares.entry((x, y)).or_default().push(i);
                }
            }
        }
        Self { segments, squares }
    }

    fn square((x, y): (f64, f64)) -> (i64, i64) {
        ((x / 100.0).floor() as i64, (y / 100.0).floor() as i64)
    }

    /// Returns the nearest segment within 500 m, and its distance.
    fn nearest(&self, extract: &Extract, at: Fixed) -> Option<(f64, [i64; 2], &'a OsmWay)> {
        let (metric, (x, y)) = (metric().0, Self::square(plane(at)));
        let mut best: Option<(f64, usize)> = None;
        for ring in 0..=5i64 {
            if best.is_some_and(|(d, _)| d < (ring - 1) as f64 * 100.0) {
                break;
            }
            let around = (x - ring..=x + ring).flat_map(|i| (y - ring..=y + ring).map(move |j| (i, j)));
            for square in around.filter(|(i, j)| (i - x).abs() == ring || (j - y).abs() == ring) {
                for &i in self.squares.get(&square).into_iter().flatten() {
                    let [a, b] = self.segments[i].0.map(|n| extract.nodes[&n]);
                    let d = metric.project(at, a, b).1.sqrt();
                    if best.is_none_or(|(least, _)| d < least) {
                        best = Some((d, i));
                    }
                }
            }
        }
        best.map(|(d, i)| (d, self.segments[i].0, self.segments[i].1))
    }
}
