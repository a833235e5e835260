//! The prepared street network, as every query sees it.
//!
//! Vertices are junctions in Hilbert order. Edges are street segments with both directions together; each has two
//! arcs, and the arcs of a vertex lie side by side (CSR). A reverse search walks the same arcs with the costs of the
//! opposite direction, so one topology serves both. Shapes and heights lie apart.

use super::access::{Access, Kind, ProfileSet, Structure};
use super::build::StreetsReport;
use super::cost::{self, cost};
pub use super::format::FileError;
use super::format::{Sections, Writer, replace_file};
use super::profile::{Profile, Profiles};
use super::units::{Deciseconds, Direction, EdgeId, VertexId};
use crate::geo::Fixed;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A street segment. 44 bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Edge {
    pub tail: VertexId,
    pub head: VertexId,
    /// First point in the table of shape points; the next edge's marks the end.
    pub shape: u32,
    /// First value in the table of heights.
    pub heights: u32,
    pub length_m: f32,
    /// Number of its name, [`Edge::NO_NAME`] for none.
    pub name: u32,
    /// Seconds of a timetable, or the rise of a lift in centimetres.
    pub extra: u32,
    /// The arc from tail to head, and the one back.
    pub arcs: [u32; 2],
    pub access: Access,
    kind: u8,
    structure: u8,
    usable: u8,
    island: u8,
    pad: u16,
}

impl Edge {
    /// No name.
    pub const NO_NAME: u32 = u32::MAX;

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from_u8(self.kind)
    }

    /// On the ground, a bridge or a tunnel.
    #[must_use]
    pub const fn structure(&self) -> Structure {
        Structure::from_u8(self.structure)
    }

    /// Who can travel it in at least one direction.
    #[must_use]
    pub const fn usable(&self) -> ProfileSet {
        ProfileSet(self.usable)
    }

    /// For whom it belongs to a small separate piece.
    #[must_use]
    pub const fn island(&self) -> ProfileSet {
        ProfileSet(self.island)
    }

    /// Can places be put on it?
    #[must_use]
    pub fn can_be_snapped_to(&self) -> bool {
        self.kind().can_be_snapped_to() && self.structure() == Structure::Ground
    }

    /// A record for the builder.
    #[must_use]
    pub const fn new(tail: VertexId, head: VertexId, kind: Kind, structure: Structure, access: Access) -> Self {
        Self {
            tail,
            head,
            access,
            kind: kind as u8,
            structure: structure as u8,
            shape: 0,
            heights: 0,
            length_m: 0.0,
            name: Self::NO_NAME,
            extra: 0,
            arcs: [0; 2],
            usable: 0,
            island: 0,
            pad: 0,
        }
    }

    /// Sets the profile masks.
    pub const fn set_masks(&mut self, usable: ProfileSet, island: ProfileSet) {
        self.usable = usable.0;
        self.island = island.0;
    }
}

/// What the file says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meta {
    pub report: StreetsReport,
    pub profiles: Profiles,
    pub island_size: u32,
    pub has_elevation: bool,
    /// West, south, east, north in degrees.
    pub bounds: [f64; 4],
}

/// Sections of the file. The costs of profile p are at `COSTS + 2 p` (from the tail on) and one after (towards it).
pub(super) mod section {
    pub const META: usize = 0;
    pub const VERTICES: usize = 1;
    pub const FIRST_ARC: usize = 2;
    pub const ARC_HEADS: usize = 3;
    pub const ARC_EDGES: usize = 4;
    pub const EDGES: usize = 5;
    pub const SHAPES: usize = 6;
    pub const HEIGHTS: usize = 7;
    pub const NAME_ENDS: usize = 8;
    pub const NAMES: usize = 9;
    pub const SNAP_PIECES: usize = 10;
    pub const SNAP_BOXES: usize = 11;
    pub const SNAP_LEVELS: usize = 12;
    pub const COSTS: usize = 13;
    pub const COUNT: usize = COSTS + 2 * super::Profile::COUNT;
}

fn element_sizes() -> [usize; section::COUNT] {
    let mut sizes = [4; section::COUNT];
    sizes[section::META] = 1;
    sizes[section::NAMES] = 1;
    sizes[section::VERTICES] = size_of::<Fixed>();
    sizes[section::SHAPES] = size_of::<Fixed>();
    sizes[section::EDGES] = size_of::<Edge>();
    sizes[section::SNAP_PIECES] = size_of::<[u32; 2]>();
    sizes[section::SNAP_BOXES] = size_of::<[i32; 4]>();
    sizes
}

/// The plain tables a network is made of, in the order of the file.
#[derive(Default)]
pub struct Tables {
    pub vertices: Vec<Fixed>,
    pub first_arc: Vec<u32>,
    pub arc_heads: Vec<u32>,
    /// Edge number times two, plus one for the backward arc.
    pub arc_edges: Vec<u32>,
    /// One more than there are edges: the last marks the ends.
    pub edges: Vec<Edge>,
    pub shapes: Vec<Fixed>,
    pub heights: Vec<f32>,
    pub names: Vec<String>,
    pub snap_pieces: Vec<[u32; 2]>,
    pub snap_boxes: Vec<[i32; 4]>,
    pub snap_levels: Vec<u32>,
    /// By profile, by direction (from, towards), by arc.
    pub costs: Vec<[Vec<Deciseconds>; 2]>,
}

/// A prepared street network. Cheap to share, never changed.
pub struct Network {
    file: Arc<Sections>,
    meta: Meta,
    profiles: Profiles,
    /// Costs made anew because the profiles in force are not those of the import.
    overridden: Vec<Option<[Vec<Deciseconds>; 2]>>,
    /// Set where lengths are counted and not times: by profile, made when they are first asked for.
    lengths: Option<[OnceLock<[Vec<Deciseconds>; 2]>; Profile::COUNT]>,
    /// This network with lengths counted.
    by_length: OnceLock<Box<Self>>,
}

/// On a network that counts lengths everyone is taken to travel at 1 m/s, so that a decisecond is a decimetre.
const ONE_M_S_IN_KMH: f64 = 3.6;

impl Network {
    /// Puts a network together in memory.
    ///
    /// # Errors
    /// [`FileError::Damaged`] when the tables contradict each other.
    pub fn from_tables(tables: &Tables, meta: &Meta) -> Result<Self, FileError> {
        let mut w = Writer::default();
        w.push(&serde_json::to_vec(meta).unwrap_or_default());
        w.push(&tables.vertices);
        w.push(&tables.first_arc);
        w.push(&tables.arc_heads);
        w.push(&tables.arc_edges);
        w.push(&tables.edges);
        w.push(&tables.shapes);
        w.push(&tables.heights);
        let mut end = 0u32;
        let ends: Vec<u32> = tables
            .names
            .iter()
            .map(|n| {
                end = end.saturating_add(u32::try_from(n.len()).unwrap_or(u32::MAX));
                end
            })
            .collect();
        w.push(&ends);
        w.push(tables.names.concat().as_bytes());
        w.push(&tables.snap_pieces);
        w.push(&tables.snap_boxes);
        w.push(&tables.snap_levels);
        for [from, towards] in &tables.costs {
            w.push(from);
            w.push(towards);
        }
        let file = Sections::from_words(w.finish(), &element_sizes())?;
        Self::check(file, Path::new("(in memory)"))
    }

    /// Opens a prepared file.
    ///
    /// # Errors
    /// [`FileError`], whose text says what to run.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::check(Sections::open(path, &element_sizes())?, path)
    }

    /// Writes the network, replacing what is there in one step.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        replace_file(path, self.file.bytes())
    }

    fn check(file: Sections, path: &Path) -> Result<Self, FileError> {
        let damaged = |why: &str| FileError::Damaged { path: path.to_owned(), why: why.to_owned() };
        let meta: Meta = serde_json::from_slice(file.get(section::META)).map_err(|e| damaged(&e.to_string()))?;
        let vertices = file.get::<Fixed>(section::VERTICES).len();
        let arcs = file.get::<u32>(section::ARC_HEADS).len();
        let first = file.get::<u32>(section::FIRST_ARC);
        let sizes_fit = first.len() == vertices + 1
            && first.last().copied() == u32::try_from(arcs).ok()
            && file.get::<u32>(section::ARC_EDGES).len() == arcs
            && !file.get::<Edge>(section::EDGES).is_empty()
            && (0..2 * Profile::COUNT).all(|i| file.get::<Deciseconds>(section::COSTS + i).len() == arcs);
        if !sizes_fit {
            return Err(damaged("its tables do not fit each other"));
        }
        let profiles = meta.profiles.clone();
        Ok(Self {
            file: Arc::new(file),
            meta,
            profiles,
            overridden: vec![None; Profile::COUNT],
            lengths: None,
            by_length: OnceLock::new(),
        })
    }

    /// The same streets with lengths counted in place of times: everything asked of it is in decimetres where this one
    /// says deciseconds, the way between a place and the street included. Who may go where is the same.
    #[must_use]
    pub fn by_length(&self) -> &Self {
        self.by_length.get_or_init(|| {
            let mut profiles = self.profiles.clone();
            for profile in Profile::ALL {
                let params = profiles.get_mut(profile);
                params.level_kmh = ONE_M_S_IN_KMH;
                params.off_network_factor = 1.0;
            }
            Box::new(Self {
                file: self.file.clone(),
                meta: self.meta.clone(),
                profiles,
                overridden: self.overridden.clone(),
                lengths: Some(Default::default()),
                by_length: OnceLock::new(),
            })
        })
    }

    /// Does it count lengths and not times?
    #[must_use]
    pub const fn counts_lengths(&self) -> bool {
        self.lengths.is_some()
    }

    /// Puts other profiles in force. Costs of those that differ from the import's are made anew.
    #[must_use]
    pub fn with_profiles(mut self, profiles: &Profiles) -> Self {
        for profile in Profile::ALL {
            self.overridden[profile.index()] = (profiles.get(profile) != self.meta.profiles.get(profile)).then(|| {
                let params = profiles.get(profile);
                let arcs = self.arc_heads().len();
                let mut table = [vec![Deciseconds::NEVER; arcs], vec![Deciseconds::NEVER; arcs]];
                for id in self.edge_ids() {
                    let (edge, segment) = (self.edge(id), self.cost_segment(id));
                    let both = [cost(&segment, params, true), cost(&segment, params, false)];
                    for (i, &arc) in edge.arcs.iter().enumerate() {
                        table[0][arc as usize] = both[i];
                        table[1][arc as usize] = both[1 - i];
                    }
                }
                table
            });
        }
        self.profiles = profiles.clone();
        self
    }

    fn cost_segment(&self, id: EdgeId) -> cost::Segment<'_> {
        let edge = self.edge(id);
        let is_lift = edge.kind() == Kind::Lift;
        cost::Segment {
            length_m: f64::from(edge.length_m),
            kind: edge.kind(),
            access: edge.access,
            duration_s: if is_lift { 0 } else { edge.extra },
            rise_m: if is_lift { f64::from(edge.extra) / 100.0 } else { 0.0 },
            heights: self.heights(id),
        }
    }

    /// What the file says about itself.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The profiles in force.
    #[must_use]
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Size of the prepared file in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.file.len()
    }

    /// Positions of all junctions.
    #[must_use]
    pub fn vertices(&self) -> &[Fixed] {
        self.file.get(section::VERTICES)
    }

    /// For every junction the first of its arcs; one more entry marks the end.
    #[must_use]
    pub fn first_arc(&self) -> &[u32] {
        self.file.get(section::FIRST_ARC)
    }

    /// For every arc the junction it leads to.
    #[must_use]
    pub fn arc_heads(&self) -> &[u32] {
        self.file.get(section::ARC_HEADS)
    }

    /// For every arc its edge times two, plus one when it runs from head to tail.
    #[must_use]
    pub fn arc_edges(&self) -> &[u32] {
        self.file.get(section::ARC_EDGES)
    }

    /// For every arc the time to travel it: [`Direction::From`] along it, [`Direction::Towards`] against it.
    #[must_use]
    pub fn costs(&self, profile: Profile, direction: Direction) -> &[Deciseconds] {
        let way = usize::from(direction == Direction::Towards);
        match &self.lengths {
            Some(tables) => &tables[profile.index()].get_or_init(|| self.lengths_of(profile))[way],
            None => self.times(profile, way),
        }
    }

    fn times(&self, profile: Profile, way: usize) -> &[Deciseconds] {
        match &self.overridden[profile.index()] {
            Some(tables) => &tables[way],
            None => self.file.get(section::COSTS + 2 * profile.index() + way),
        }
    }

    fn lengths_of(&self, profile: Profile) -> [Vec<Deciseconds>; 2] {
        let edges = self.edges();
        [0, 1].map(|way| {
            let times = self.times(profile, way).iter().zip(self.arc_edges());
            let length = |(time, &edge): (&Deciseconds, &u32)| {
                if time.is_some() {
                    Deciseconds::from_seconds(f64::from(edges[edge as usize / 2].length_m))
                } else {
                    Deciseconds::NEVER
                }
            };
            times.map(length).collect()
        })
    }

    /// How many edges there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.file.get::<Edge>(section::EDGES).len() - 1
    }

    /// Every edge.
    pub fn edge_ids(&self) -> impl Iterator<Item = EdgeId> + use<> {
        (0..self.edge_count() as u32).map(EdgeId)
    }

    /// The edges themselves; the last entry only marks ends.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        self.file.get(section::EDGES)
    }

    /// One edge.
    #[must_use]
    pub fn edge(&self, id: EdgeId) -> &Edge {
        &self.edges()[id.index()]
    }

    /// The points of an edge from tail to head, at least two.
    #[must_use]
    pub fn shape(&self, id: EdgeId) -> &[Fixed] {
        let edges = self.edges();
        &self.shapes()[edges[id.index()].shape as usize..edges[id.index() + 1].shape as usize]
    }

    /// The shape points of all edges.
    #[must_use]
    pub fn shapes(&self) -> &[Fixed] {
        self.file.get(section::SHAPES)
    }

    /// Heights in metres at equal distances along an edge from tail to head, at least two.
    #[must_use]
    pub fn heights(&self, id: EdgeId) -> &[f32] {
        let edges = self.edges();
        &self.file.get(section::HEIGHTS)[edges[id.index()].heights as usize..edges[id.index() + 1].heights as usize]
    }

    /// The name of an edge.
    #[must_use]
    pub fn name(&self, id: EdgeId) -> Option<&str> {
        let number = self.edge(id).name as usize;
        let ends: &[u32] = self.file.get(section::NAME_ENDS);
        let end = *ends.get(number)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| ends[before] as usize);
        std::str::from_utf8(self.file.get::<u8>(section::NAMES).get(start..end)?).ok()
    }

    /// The segments places can be put on: edge number and the number of its first shape point.
    #[must_use]
    pub(super) fn snap_pieces(&self) -> &[[u32; 2]] {
        self.file.get(section::SNAP_PIECES)
    }

    /// Boxes (west, south, east, north) over them, all levels one after the other.
    #[must_use]
    pub(super) fn snap_boxes(&self) -> &[[i32; 4]] {
        self.file.get(section::SNAP_BOXES)
    }

    /// Where each level of boxes begins; one more entry marks the end.
    #[must_use]
    pub(super) fn snap_levels(&self) -> &[u32] {
        self.file.get(section::SNAP_LEVELS)
    }
}
