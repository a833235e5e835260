//! The demonstration city: reproducible, with correct sums, connected, unevenly supplied, routed like a textbook
//! implementation, and removed completely.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use geo::{Contains, MultiPolygon, Point};
use osmpbf::{Element, ElementReader};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use walkshed_analysis::world::{PlacedPoint, World};
use walkshed_analysis::{NearbyQuery, Wishes, nearby};
use walkshed_demo::{Landmark, LandmarkKind, Options, write_files};
use walkshed_engine::build::{BuildOptions, build};
use walkshed_engine::geo::{Fixed, Metric, Position, Storey, cell_centre, cell_of, read_area};
use walkshed_engine::{Deciseconds, Direction, Profile, Profiles, Start, route};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, Demonstration, Edit, PositionQuality};
use walkshed_store::Edition;

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
        write_files(Options { seed, scale: 0.01 }, folder.path()).unwrap();
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
    LANDMARKS.get_or_init(|| walkshed_demo::landmarks(Options { seed: 1, scale: SCALE.parse().unwrap() }))
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

#[test]
fn network_is_connected_except_for_a_few_islands() {
    let extract = extract();
    assert!(extract.ways.iter().all(|w| w.is("source", "SYNTHETIC")));
    let whole = pieces(extract, extract.ways.iter());
    let (main, all) = sizes(&whole);
    assert!(all[&main] > 40_000, "{}", all[&main]);
    // Only squares, compounds without a gate and the islands in the river are disconnected.
    let squares: HashSet<i64> = extract.ways.iter().filter(|w| w.is_square()).map(|w| whole[&w.refs[0]]).collect();
    let of_kind = |kind: LandmarkKind| landmarks().iter().filter(|l| l.kind == kind).count();
    assert_eq!(squares.len(), of_kind(LandmarkKind::Square));
    assert!(!squares.contains(&main));
    let entrances: HashSet<i64> =
        extract.marks.iter().filter(|(_, tags)| tags.contains_key("entrance")).map(|(n, _)| whole[n]).collect();
    let walled: HashSet<i64> = entrances.into_iter().filter(|piece| *piece != main).collect();
    assert_eq!(walled.len(), of_kind(LandmarkKind::CompoundWithoutGate));
    let rest: Vec<usize> = all
        .iter()
        .filter(|(r, _)| **r != main && !squares.contains(r) && !walled.contains(r))
        .map(|(_, n)| *n)
        .collect();
    assert_eq!(rest, [16; 5]);
    // Without gates and expressways, every additional component is a compound behind a gate.
    let public = public_pieces(extract);
    let (open, _) = sizes(&public);
    let gated: HashSet<i64> = extract
        .ways
        .iter()
        .filter(|w| w.is_walked())
        .flat_map(|w| &w.refs)
        .filter(|n| public[n] != open && whole[n] == main && !extract.has(**n, "barrier"))
        .map(|n| public[n])
        .collect();
    assert_eq!(gated.len(), of_kind(LandmarkKind::Compound));
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

/// Compares with the tags in the file.
#[test]
fn has_gates_squares_viaducts_expressways_and_a_metro() {
    let extract = extract();
    let ways = |is_of: &dyn Fn(&OsmWay) -> bool| extract.ways.iter().filter(|w| is_of(w)).count();
    let of_kind = |kind: LandmarkKind| landmarks().iter().filter(|l| l.kind == kind).count();
    // Compounds: gates of all kinds, few of them closed to everybody; paths inside are private in some and untagged in
    // others.
    let gates = extract.marks.values().filter(|tags| tags.contains_key("barrier")).count();
    assert!(of_kind(LandmarkKind::Compound) >= 250, "{}", of_kind(LandmarkKind::Compound));
    assert!(of_kind(LandmarkKind::CompoundWithoutGate) >= 5, "{}", of_kind(LandmarkKind::CompoundWithoutGate));
    assert!((of_kind(LandmarkKind::Compound)..4 * of_kind(LandmarkKind::Compound)).contains(&gates), "{gates}");
    for barrier in ["gate", "lift_gate", "swing_gate"] {
        assert!(extract.count("barrier", barrier) * 30 > gates, "{barrier}");
    }
    let by_access = ["private", "residents", "permit", "no"].map(|access| extract.count("access", access));
    assert_eq!(by_access.iter().sum::<usize>(), gates);
    assert!(by_access[0] * 2 > gates && by_access[1] * 20 > gates && by_access[2] * 20 > gates, "{by_access:?}");
    assert!(by_access[3] > 0 && by_access[3] * 20 < gates, "{by_access:?}");
    let private = ways(&|w| w.is("access", "private"));
    assert!(private > 1000, "{private}");
    assert!(extract.count("entrance", "yes") > 2 * of_kind(LandmarkKind::Compound));
    // Squares: many corners, no shared node with a street, 2 to 30 m from the nearest street.
    let streets = Near::of(extract, |w| w.is_walked() && !w.is_square() && w.is_on_ground());
    let used: HashSet<i64> = extract.ways.iter().filter(|w| !w.is_square()).flat_map(|w| w.refs.clone()).collect();
    let squares: Vec<&OsmWay> = extract.ways.iter().filter(|w| w.is_square()).collect();
    assert!(squares.len() >= 10, "{}", squares.len());
    for square in squares {
        assert!(square.refs.first() == square.refs.last() && square.refs.len() > 16, "{:?}", square.refs);
        assert!(square.refs.iter().all(|n| !used.contains(n)));
        let away = square.refs.iter().filter_map(|n| streets.nearest(extract, extract.nodes[n])).map(|n| n.0);
        let away = away.fold(f64::MAX, f64::min);
        assert!((2.0..=30.0).contains(&away), "{away}");
    }
    // Expressways: trunk roads without tags for pedestrians, on the ground, on viaducts, and in tunnels, with slip
    // roads.
    let trunk = |w: &OsmWay| w.is("highway", "trunk") && w.is_expressway();
    assert!(extract.ways.iter().filter(|w| trunk(w)).all(|w| w.tag("foot").is_none() && w.tag("sidewalk").is_none()));
    assert!(ways(&|w| trunk(w) && w.is("bridge", "viaduct")) >= 5);
    assert!(ways(&|w| trunk(w) && w.is("tunnel", "yes")) >= 1);
    assert!(ways(&|w| trunk(w) && w.is_on_ground()) >= 5);
    assert!(ways(&|w| w.is("highway", "trunk_link")) >= 3);
    // Streets on viaducts in up to three layers, with open ground below.
    let raised = |w: &OsmWay| w.is("highway", "secondary") && w.is("bridge", "yes") && w.refs.len() > 10;
    assert!(ways(&|w| raised(w)) >= 3, "{}", ways(&|w| raised(w)));
    for layer in ["2", "3"] {
        assert!(ways(&|w| w.tag("bridge").is_some() && w.is("layer", layer)) > 0, "{layer}");
    }
    for place in landmarks().iter().filter(|l| l.kind == LandmarkKind::Viaduct) {
        let at = Fixed::from(place.places[0]);
        let above = Near::of(extract, raised).nearest(extract, at).unwrap().0;
        let ground = streets.nearest(extract, at).unwrap().0;
        assert!(above < 25.0 && ground > 2.5 * above, "{above} m below a viaduct, {ground} m from a street");
    }
    // The metro: platforms two storeys below the ground, halls one, and entrances with stairs, escalators and lifts.
    let stations = of_kind(LandmarkKind::Platform);
    assert!(stations >= 3, "{stations}");
    let platform = |w: &OsmWay| (w.is("railway", "platform") || w.is("highway", "platform")) && w.is("level", "-2");
    assert_eq!(ways(&platform), stations);
    assert!(extract.ways.iter().filter(|w| platform(w)).all(|w| w.is("layer", "-2")));
    assert!(ways(&|w| w.is("highway", "corridor") && w.is("indoor", "yes") && w.is("level", "-1")) >= 2 * stations);
    assert!(ways(&|w| w.is("highway", "footway") && w.is("indoor", "yes") && w.is("layer", "-1")) >= stations);
    assert!(ways(&|w| w.is("highway", "steps") && w.is("level", "-1;0") && w.tag("conveying").is_none()) >= stations);
    assert!(ways(&|w| w.is("level", "-1;0") && w.is("conveying", "forward")) >= stations);
    assert!(
        extract.count("highway", "elevator") >= stations && extract.count("railway", "subway_entrance") >= 2 * stations
    );
    // Each of them has a facility, with its storey.
    let facilities = rows("facilities.csv");
    let on = |floor: &str| facilities.iter().filter(|f| f["floor"] == floor).count();
    assert!(on("-2") >= stations && on("-1") >= of_kind(LandmarkKind::Passage) && of_kind(LandmarkKind::Passage) > 0);
    let at: HashSet<(String, String)> = facilities.iter().map(|f| (f["lon"].clone(), f["lat"].clone())).collect();
    for landmark in landmarks() {
        let holds = |p: &Position| at.contains(&(format!("{:.6}", p.lon()), format!("{:.6}", p.lat())));
        let may_be_empty = [LandmarkKind::Compound, LandmarkKind::CompoundWithoutGate, LandmarkKind::Expressway];
        assert!(may_be_empty.contains(&landmark.kind) || landmark.places.iter().any(holds), "{landmark:?}");
    }
    for kind in [LandmarkKind::Compound, LandmarkKind::CompoundWithoutGate] {
        let holds = |p: &Position| at.contains(&(format!("{:.6}", p.lon()), format!("{:.6}", p.lat())));
        let with = landmarks().iter().filter(|l| l.kind == kind && l.places.iter().any(holds)).count();
        assert!(with * 3 > of_kind(kind), "{with} of {} have a facility", of_kind(kind));
    }
}

/// No street on the ground crosses an expressway on the ground.
#[test]
fn streets_cross_expressways_only_at_crossings() {
    let extract = extract();
    let side = |p: (f64, f64), q: (f64, f64), r: (f64, f64)| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    let streets = Near::of(extract, |w| w.is_walked() && w.is_on_ground());
    let (mut pieces, mut passed) = (0, 0);
    for ends in extract.segments(|w| w.is("highway", "trunk") && w.is_expressway() && w.is_on_ground()) {
        pieces += 1;
        let [a, b] = ends.map(|n| plane(extract.nodes[&n]));
        let (x, y) = Near::square(a);
        let around = (x - 2..=x + 2).flat_map(|i| (y - 2..=y + 2).map(move |j| (i, j)));
        for i in around.filter_map(|square| streets.squares.get(&square)).flatten() {
            let [c, d] = streets.segments[*i].0.map(|n| plane(extract.nodes[&n]));
            let crosses = side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0;
            assert!(!crosses, "{:?} is crossed by {:?}", ends, streets.segments[*i]);
        }
    }
    assert!(pieces >= 50, "{pieces}");
    // There are underpasses, and bridges with steps.
    for way in &extract.ways {
        passed += usize::from(way.is("highway", "footway") && way.is("tunnel", "yes"));
    }
    assert!(passed >= 3, "{passed}");
}

/// The share of people, in cities and towns, whose nearest street is behind a gate or behind walls without one.
#[test]
fn many_people_live_in_compounds() {
    let extract = extract();
    let public = public_pieces(extract);
    let whole = pieces(extract, extract.ways.iter());
    let ((open, _), (main, _)) = (sizes(&public), sizes(&whole));
    let squares: HashSet<i64> = extract.ways.iter().filter(|w| w.is_square()).map(|w| whole[&w.refs[0]]).collect();
    let streets = Near::of(extract, |w| w.is_walked() && w.is_on_ground() && !w.is_square());
    let behind = |n: i64| public[&n] != open && (whole[&n] == main || !squares.contains(&whole[&n]));
    // The core, and the seats of districts outside it.
    let core = |p: Position| (106.34..=106.76).contains(&p.lon()) && (29.33..=29.83).contains(&p.lat());
    let centers = &world().register.centers;
    let villages: HashSet<_> = centers
        .iter()
        .filter(|c| c.code.as_str()[9..] >= *"200")
        .map(|c| cell_of(c.position, h3o::Resolution::Nine))
        .collect();
    let mut sums = [[0.0; 2]; 2];
    let mut cells = [[0u32; 2]; 2];
    for cell in world().register.population.iter().filter(|c| !villages.contains(&c.cell) && c.people > 250.0) {
        let at = cell_centre(cell.cell);
        let Some((_, ends, _)) = streets.nearest(extract, at.into()) else { continue };
        let (place, walled) = (usize::from(!core(at)), usize::from(ends.iter().any(|n| behind(*n))));
        sums[place][walled] += cell.people;
        cells[place][walled] += 1;
    }
    let share = |[out, within]: [f64; 2]| within / (out + within);
    println!(
        "core {:.3} of people, {:?} cells; elsewhere {:.3}, {:?}",
        share(sums[0]),
        cells[0],
        share(sums[1]),
        cells[1]
    );
    assert!((0.35..=0.55).contains(&share(sums[0])), "{}", share(sums[0]));
    assert!((0.10..=0.40).contains(&share(sums[1])), "{}", share(sums[1]));
}

/// Routes from compounds, squares, viaducts and underground places to the nearest street and back; and across
/// expressways.
#[test]
fn places_in_compounds_on_squares_and_underground_are_reachable() {
    let network = world().network().unwrap();
    let limit = Deciseconds::from_seconds(3600.0);
    for kind in LandmarkKind::ALL {
        let all: Vec<&Landmark> = landmarks().iter().filter(|l| l.kind == kind).collect();
        assert!(!all.is_empty(), "{kind:?}");
        for landmark in all.iter().step_by(all.len().div_ceil(40)) {
            let storey = Storey::of_level(f64::from(landmark.floor));
            let street = PlacedPoint::new(network, landmark.street, Profile::Adult).unwrap();
            for place in &landmark.places {
                let place = PlacedPoint::on(network, *place, storey, Profile::Adult).unwrap();
                let ends = |p: &PlacedPoint| (Fixed::from(p.position), p.start);
                for (from, to) in [(&place, &street), (&street, &place)] {
                    let (from, to) = (ends(from), ends(to));
                    let found = route(network, Profile::Adult, (from.0, &from.1), (to.0, &to.1), limit);
                    let Some(found) = found else { panic!("no route to {landmark:?}") };
                    let metres = Metric::at(29.6).distance(from.0, to.0);
                    if kind == LandmarkKind::Expressway {
                        assert!(found.time.0 as f64 / 10.0 > 1.5 * metres / 1.34, "{landmark:?}: {:?}", found.time);
                    } else {
                        // The street below a viaduct is reached only through its ends.
                        let most = if kind == LandmarkKind::Viaduct { 2400.0 } else { 1200.0 };
                        assert!(found.time <= Deciseconds::from_seconds(most), "{landmark:?}: {:?}", found.time);
                    }
                }
            }
        }
    }
    // Every facility can reach another one.
    let register = &world().register;
    let step = register.facilities.len() / 400 + 1;
    for facility in register.facilities.iter().step_by(step) {
        let place = PlacedPoint::new(network, facility.position, Profile::Adult).unwrap();
        let query = NearbyQuery {
            place: &place,
            profile: Profile::Adult,
            direction: Direction::Towards,
            limit,
            wishes: &Wishes::default(),
            from: None,
            first: 30,
            with_stats: false,
        };
        let found = nearby(world(), network, &query).neighbours.len();
        assert!(found > 1, "{}: only {found} in an hour", facility.name);
    }
}

/// Counts, by district, the people with and without a facility of each category within 15 minutes.
#[test]
fn every_category_has_gaps_and_coverage_in_twenty_districts() {
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
        // Every division has an open center, so few people lack community governance.
        let least = if category == Category::CommunityGovernance { 10 } else { 20 };
        assert!(districts(0) >= least, "{category:?} has gaps in {} districts only", districts(0));
        assert!(districts(1) >= 20, "{category:?} has coverage in {} districts only", districts(1));
    }
}

/// Compares walking times on level ground with a textbook search over the extract, read independently of walkshed:
/// lengths by the metric of 47 CFR 73.208, 4.8 km/h, the mean of both directions on stairs, and waiting times for
/// lifts, ferries and the cable car.
#[test]
fn walking_times_match_a_textbook_dijkstra() {
    let extract = extract();
    let nodes = &extract.nodes;
    let (public, mut next) = (public_pieces(extract), HashMap::<i64, Vec<(i64, f64)>>::new());
    let (main, _) = sizes(&public);
    for way in extract.ways.iter().filter(|w| w.is_walked() && !w.tags.contains_key("area")) {
        for pair in way.refs.windows(2).filter(|pair| pair.iter().all(|n| public[n] == main)) {
            let (a, b) = (nodes[&pair[0]], nodes[&pair[1]]);
            let metres = Metric::at(f64::midpoint(a.lat(), b.lat())).distance(a, b);
            // A lift on a node connects two ways: 30 s and 3 m, half of it on each.
            let lifts = pair.iter().filter(|n| extract.has(**n, "highway")).count() as f64 * 16.5;
            let seconds = match (way.tag("highway"), way.tag("route"), way.tag("aerialway")) {
                (Some("steps"), ..) if way.tag("conveying").is_some() => metres / 0.5,
                (Some("steps"), ..) => f64::midpoint(metres / 0.50, metres / 0.67),
                (Some("elevator"), ..) => 30.0 + metres,
                (None, Some("ferry"), _) => 300.0 + 480.0,
                (None, _, Some("cable_car")) => 120.0 + 300.0,
                (Some(_), ..) => metres / (4.8 / 3.6) + lifts,
                other => panic!("{other:?}"),
            };
            next.entry(pair[0]).or_default().push((pair[1], seconds));
            if way.tag("conveying").is_none() {
                next.entry(pair[1]).or_default().push((pair[0], seconds));
            }
        }
    }
    let options = BuildOptions::new(city().join("files/streets.osm.pbf"));
    let network = build(&options, &|_| {}).unwrap();
    let place = |id: i64| {
        let at = nodes[&id];
        (at, Start::new(&network, network.snap(at, Profile::Adult).unwrap(), Profile::Adult))
    };
    // Places do not snap to bridges, tunnels or ways that carry people, so nodes of those ways only are excluded.
    let is_place = |w: &OsmWay| {
        let carries = w.tags.contains_key("conveying") || w.is("highway", "elevator");
        w.tags.contains_key("highway") && w.is_walked() && w.is_on_ground() && !carries && !w.tags.contains_key("area")
    };
    let mut ids: Vec<i64> = extract.ways.iter().filter(|w| is_place(w)).flat_map(|w| w.refs.clone()).collect();
    ids.retain(|n| public[n] == main && !extract.marks.contains_key(n));
    ids.sort_unstable();
    ids.dedup();
    let mut compared = 0;
    for from in ids.iter().step_by(ids.len() / 40).copied() {
        // Seconds and number of segments to everything within 30 minutes.
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
            // Each segment is rounded to 0.1 s; the textbook search rounds to milliseconds.
            let allowed = 0.06 * f64::from(segments + 2) + 0.5;
            let ours = found.time.0 as f64 / 10.0;
            assert!((ours - seconds).abs() <= allowed, "{from} to {to}: {ours} s, expected {seconds} s");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn removes_the_city_completely_and_rejects_imports_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let created = walkshed(at, &["--json", "demo", "--scale", "0.01", "--export", "files"]);
    let value: Value = serde_json::from_slice(&created.stdout).unwrap();
    assert_eq!((&value["synthetic"], &value["imported"]), (&json!(true), &json!(true)));
    // A second city is rejected. Its files may be exported elsewhere, but not over existing files.
    let again = walkshed(at, &["demo"]);
    assert!(
        !again.status.success() && output_text(&again).contains("walkshed demo --remove"),
        "{}",
        output_text(&again)
    );
    let over = walkshed(at, &["demo", "--scale", "0.01", "--export", "files"]);
    assert!(!over.status.success() && output_text(&over).contains("not empty"), "{}", output_text(&over));
    for (kind, file) in [("centers", "centers.csv"), ("population", "population.csv"), ("streets", "streets.osm.pbf")] {
        let rejected = walkshed(at, &["import", kind, &format!("files/{file}")]);
        assert!(!rejected.status.success(), "{kind} were imported over the demonstration city");
        assert!(output_text(&rejected).contains("walkshed demo --remove"), "{}", output_text(&rejected));
    }
    // Records added by users, including standards, are removed with it and reported.
    let data = DataFolder::new(&at.join("walkshed-data"), None, Profiles::default()).unwrap();
    let rt = tokio::runtime::Runtime::new().unwrap();
    rt.block_on(async {
        let store = data.store().await.unwrap();
        let rows = store.load().await.unwrap();
        assert!(rows.demonstration.unwrap().is_whole && rows.scenarios.len() == 1, "{:?}", rows.demonstration);
        let standard = walkshed_register::Standard {
            id: 0,
            version: 0,
            key: "ours".into(),
            name: "我们".into(),
            name_en: "Ours".into(),
            source: "us".into(),
            note: None,
            requirements: Vec::new(),
        };
        let mut center = rows.centers[0].clone();
        center.phone = Some("023".into());
        let edits = vec![Edit::Put(standard.into()), Edit::Put(center.into())];
        let edition =
            Edition { edits, actor: "token desk".into(), at: "2026-11-27T00:00:00Z".into(), ..Edition::default() };
        store.edit(&edition).await.unwrap();
        store.close().await;
    });
    let removed = walkshed(at, &["--json", "demo", "--remove"]);
    assert!(removed.status.success(), "{}", output_text(&removed));
    let removed: Value = serde_json::from_slice(&removed.stdout).unwrap();
    assert_eq!(removed["addedByUsers"]["standard"], json!(["ours"]), "{removed}");
    assert_eq!(removed["addedByUsers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["center", "standard"]);
    assert_eq!((&removed["rows"]["standard"], &removed["rows"]["scenario"]), (&json!(1), &json!(1)));
    rt.block_on(async {
        let store = data.store().await.unwrap();
        assert!(store.is_empty().await.unwrap());
        store.close().await;
    });
    assert!(!at.join("walkshed-data/streets.walkshed").exists());
    let checked: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    assert_eq!((&checked["centers"], &checked["facilities"]), (&json!(0), &json!(0)));
    assert!(!walkshed(at, &["demo", "--remove"]).status.success());
    // Its files can then be imported like any others. This is no longer a demonstration, but the position quality still
    // says SYNTHETIC.
    let own = walkshed(at, &["--json", "import", "centers", "files/centers.csv"]);
    assert!(own.status.success(), "{}", output_text(&own));
    let beside = walkshed(at, &["demo"]);
    assert!(!beside.status.success() && output_text(&beside).contains("--data"), "{}", output_text(&beside));
    for bad in ["0", "1.5", "-1", "x"] {
        assert_eq!(walkshed(at, &["demo", &format!("--scale={bad}")]).status.code(), Some(2), "{bad}");
    }
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

/// Killed during the import: the incomplete city is reported, cannot be extended, and is created again.
#[test]
fn an_incomplete_city_is_created_again() {
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
    // `check` reports it, with the command to run.
    let half: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    assert!(half["problems"][0].as_str().unwrap().contains("not whole"), "{half}");
    assert!(half["problems"][0].as_str().unwrap().contains("run `walkshed demo`"), "{half}");
    std::fs::write(data.streets(), b"half a file").unwrap();
    let rejected = walkshed(at, &["import", "centers", "nothing.csv"]);
    assert!(!rejected.status.success());
    let again = walkshed(at, &["demo", "--scale", "0.01"]);
    assert!(again.status.success(), "{}", output_text(&again));
    let found: Value = serde_json::from_slice(&walkshed(at, &["--json", "check"]).stdout).unwrap();
    for what in ["centers", "facilities", "population"] {
        assert_eq!(found[what], whole[what], "{what}");
    }
    assert!(found["centers"].as_u64().unwrap() > 0, "{found}");
}

/// Returns the child processes of a process.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let task = format!("/proc/{of}/task/{of}/children");
    // Every thread has its own list.
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).map(|d| d.flatten().map(|t| t.path().join("children")));
    let lists = tasks.map_or_else(|_| vec![task.into()], Iterator::collect::<Vec<std::path::PathBuf>>);
    let lists = lists.iter().filter_map(|list| std::fs::read_to_string(list).ok());
    lists.flat_map(|l| l.split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u32>>()).collect()
}

/// However the creation is stopped, no process continues, and no incomplete city looks complete.
#[cfg(target_os = "linux")]
#[test]
fn stopping_the_creation_leaves_no_process_and_no_partial_city() {
    use std::time::{Duration, Instant};
    for (signal, arguments) in [("-KILL", &[][..]), ("-TERM", &[]), ("-INT", &["demo"]), ("-KILL", &["demo"])] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("WALKSHED_LISTEN", "127.0.0.1:0")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let part = folder.path().join("walkshed-data/demo.part");
        let began = Instant::now();
        while !part.join("files").exists() {
            assert!(
                began.elapsed() < Duration::from_secs(30) && process.try_wait().unwrap().is_none(),
                "the city is not created"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let started = children(process.id());
        assert_eq!(
            started.len(),
            usize::from(arguments.is_empty()),
            "a first start creates the city in another process"
        );
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
        assert!(sent.success() && !process.wait().unwrap().success());
        let began = Instant::now();
        // A process that has ended and has not been waited for is a zombie until its new parent notices.
        let lives = |pid: &u32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            !status.is_empty() && !status.contains("State:\tZ")
        };
        while started.iter().any(lives) {
            assert!(began.elapsed() < Duration::from_secs(10), "{signal}: an orphan is still running");
            std::thread::sleep(Duration::from_millis(20));
        }
        let checked: Value = serde_json::from_slice(&walkshed(folder.path(), &["--json", "check"]).stdout).unwrap();
        assert_eq!((&checked["centers"], &checked["streets"]), (&json!(0), &Value::Null), "{signal}");
        // The next start removes whatever was left. Checking this once is enough.
        if (signal, arguments.len()) != ("-KILL", 1) {
            continue;
        }
        let created = walkshed(folder.path(), &["demo", "--scale", "0.01"]);
        assert!(created.status.success() && !part.exists(), "{}", output_text(&created));
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
