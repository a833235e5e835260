//! The prepared street network, as every query sees it.
//!
//! Vertices are junctions in Hilbert order. Edges are street segments with both directions together; each has two
//! arcs, and the arcs of a vertex lie side by side (CSR). A reverse search walks the same arcs with the costs of the
//! opposite direction, so one topology serves both. Shapes and heights lie apart.

use super::access::{Access, EdgeFlags, Kind, ProfileSet, Structure};
use super::build::StreetsReport;
use super::build::connectivity::{Arcs, mark_separate};
use super::cost::{self, cost};
pub use super::format::FileError;
use super::format::{Sections, Writer, replace_file};
use super::ground::Ground;
use super::overlay::Overlay;
use super::profile::{Profile, Profiles};
use super::snap::SnapTables;
use super::units::{Deciseconds, Direction, EdgeId, VertexId};
use super::verify::refers_within;
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
    /// Seconds of a timetable, or the rise of a lift in centimetres; of all else what wheels meet ([`Ground`]).
    pub extra: u32,
    /// The arc from tail to head, and the one back.
    pub arcs: [u32; 2],
    pub access: Access,
    kind: u8,
    structure: u8,
    usable: u8,
    cut_off: u8,
    fragment: u8,
    flags: EdgeFlags,
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

    /// For whom it is cut off from the networks that count: a piece of its own, or a street one cannot leave or enter.
    #[must_use]
    pub const fn cut_off(&self) -> ProfileSet {
        ProfileSet(self.cut_off)
    }

    /// For whom it is a piece of its own because this profile may not use what joins it (steps, steep streets).
    #[must_use]
    pub const fn fragment(&self) -> ProfileSet {
        ProfileSet(self.fragment)
    }

    /// Where it runs and who may pass.
    #[must_use]
    pub const fn flags(&self) -> EdgeFlags {
        self.flags
    }

    /// Is it in a restricted zone, passable only as the first and the last leg of a trip?
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.flags.has(EdgeFlags::RESTRICTED)
    }

    /// Is it the passage from a street (its tail) into a restricted zone (its head)?
    #[must_use]
    pub const fn is_entry(&self) -> bool {
        self.flags.has(EdgeFlags::ENTRY)
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
            cut_off: 0,
            fragment: 0,
            flags: EdgeFlags(0),
        }
    }

    /// The same record with these flags.
    #[must_use]
    pub const fn with_flags(self, flags: EdgeFlags) -> Self {
        Self { flags, ..self }
    }

    /// Puts its costs from tail to head and back into the tables of the arcs, those along them and those against them.
    ///
    /// A passage into a restricted zone is passed inwards alone, in both tables: what is searched from a place outside
    /// goes in and ends there. The way out is [`super::zone`]'s.
    pub(super) fn lay_costs(&self, both: [Deciseconds; 2], tables: &mut [Vec<Deciseconds>; 2]) {
        let [inwards, outwards] = self.arcs.map(|arc| arc as usize);
        if self.is_entry() {
            for table in tables {
                table[inwards] = both[0];
                table[outwards] = Deciseconds::NEVER;
            }
            return;
        }
        for (side, arc) in [inwards, outwards].into_iter().enumerate() {
            tables[0][arc] = both[side];
            tables[1][arc] = both[1 - side];
        }
    }

    /// Sets who can travel it.
    pub const fn set_usable(&mut self, usable: ProfileSet) {
        self.usable = usable.0;
    }

    /// Sets for whom it is cut off, and for whom a fragment.
    pub const fn set_separate(&mut self, cut_off: ProfileSet, fragment: ProfileSet) {
        self.cut_off = cut_off.0;
        self.fragment = fragment.0;
    }
}

/// What the file says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meta {
    pub report: StreetsReport,
    pub profiles: Profiles,
    /// A separate piece with so many kilometres of streets is a network of its own.
    pub own_network_km: f64,
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
    overridden: Arc<Vec<Option<[Vec<Deciseconds>; 2]>>>,
    /// The edges of the file with the masks of these profiles, where they are not those of the import.
    remarked: Option<Arc<Vec<Edge>>>,
    /// Set where lengths are counted and not times: by profile, made when they are first asked for.
    lengths: Option<[OnceLock<[Vec<Deciseconds>; 2]>; Profile::COUNT]>,
    /// This network with lengths counted.
    by_length: OnceLock<Box<Self>>,
    /// Streets added and closed since.
    overlay: Option<Arc<Overlay>>,
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
        if !sizes_fit || !refers_within(&file) {
            return Err(damaged("its tables do not fit each other"));
        }
        let profiles = meta.profiles.clone();
        Ok(Self {
            file: Arc::new(file),
            meta,
            profiles,
            overridden: Arc::new(vec![None; Profile::COUNT]),
            remarked: None,
            lengths: None,
            by_length: OnceLock::new(),
            overlay: None,
        })
    }

    /// These streets with others added or closed. The file is shared.
    pub(super) fn under(&self, overlay: Overlay) -> Self {
        Self {
            file: self.file.clone(),
            meta: self.meta.clone(),
            profiles: self.profiles.clone(),
            overridden: self.overridden.clone(),
            remarked: self.remarked.clone(),
            lengths: self.lengths.as_ref().map(|_| Default::default()),
            by_length: OnceLock::new(),
            overlay: Some(Arc::new(overlay)),
        }
    }

    /// What was added and closed.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_deref()
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
                remarked: self.remarked.clone(),
                lengths: Some(Default::default()),
                by_length: OnceLock::new(),
                overlay: self.overlay.clone(),
            })
        })
    }

    /// Does it count lengths and not times?
    #[must_use]
    pub const fn counts_lengths(&self) -> bool {
        self.lengths.is_some()
    }

    /// Puts other profiles in force. Costs of those that differ from the import's are made anew, and so is what depends on
    /// them: who can use which street, and what is cut off for whom.
    #[must_use]
    pub fn with_profiles(mut self, profiles: &Profiles) -> Self {
        (self.overridden, self.remarked) = (Arc::new(vec![None; Profile::COUNT]), None);
        let made = Profile::ALL.map(|profile| {
            (profiles.get(profile) != self.meta.profiles.get(profile)).then(|| {
                let params = profiles.get(profile);
                let arcs = self.arc_heads().len();
                let mut table = [vec![Deciseconds::NEVER; arcs], vec![Deciseconds::NEVER; arcs]];
                for id in self.edge_ids() {
                    let (edge, segment) = (self.edge(id), self.cost_segment(id));
                    let both = [cost(&segment, params, true), cost(&segment, params, false)];
                    edge.lay_costs(both, &mut table);
                }
                table
            })
        });
        let is_changed = made.iter().any(Option::is_some);
        self.overridden = Arc::new(made.into());
        self.profiles = profiles.clone();
        if is_changed {
            let mut edges = self.edges_before().to_vec();
            let end = edges.len() - 1;
            let arcs = Arcs { first_arc: self.first_arc_before(), heads: self.arc_heads_before() };
            let costs: Vec<[&[Deciseconds]; 2]> =
                Profile::ALL.iter().map(|&p| [0, 1].map(|way| self.times_before(p, way))).collect();
            mark_separate(&mut edges[..end], arcs, &costs, self.meta.own_network_km);
            self.remarked = Some(Arc::new(edges));
        }
        self
    }

    fn cost_segment(&self, id: EdgeId) -> cost::Segment<'_> {
        let edge = self.edge(id);
        let is_lift = edge.kind() == Kind::Lift;
        cost::Segment {
            length_m: f64::from(edge.length_m),
            kind: edge.kind(),
            access: edge.access,
            ground: Ground::of_segment(edge.kind(), edge.extra),
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
        match &self.overlay {
            Some(overlay) => &overlay.vertices,
            None => self.vertices_before(),
        }
    }

    /// For every junction the first of its arcs; one more entry marks the end.
    #[must_use]
    pub fn first_arc(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.first_arc,
            None => self.first_arc_before(),
        }
    }

    /// For every arc the junction it leads to.
    #[must_use]
    pub fn arc_heads(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.arc_heads,
            None => self.arc_heads_before(),
        }
    }

    /// For every arc its edge times two, plus one when it runs from head to tail.
    #[must_use]
    pub fn arc_edges(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.arc_edges,
            None => self.arc_edges_before(),
        }
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
        match &self.overlay {
            Some(overlay) => &overlay.times(profile, || [0, 1].map(|way| self.times_before(profile, way)))[way],
            None => self.times_before(profile, way),
        }
    }

    /// Without what was added or closed since.
    fn times_before(&self, profile: Profile, way: usize) -> &[Deciseconds] {
        match &self.overridden[profile.index()] {
            Some(tables) => &tables[way],
            None => self.file.get(section::COSTS + 2 * profile.index() + way),
        }
    }

    fn lengths_of(&self, profile: Profile) -> [Vec<Deciseconds>; 2] {
        let (edges, arc_edges) = (self.edges_before(), self.arc_edges_before());
        let before = [0, 1].map(|way| {
            let times = self.times_before(profile, way).iter().zip(arc_edges);
            let length = |(time, &edge): (&Deciseconds, &u32)| {
                if time.is_some() {
                    Deciseconds::from_seconds(f64::from(edges[edge as usize / 2].length_m))
                } else {
                    Deciseconds::NEVER
                }
            };
            times.map(length).collect::<Vec<_>>()
        });
        match &self.overlay {
            Some(overlay) => overlay.lengths(profile, [&before[0], &before[1]]),
            None => before,
        }
    }

    /// How many edges there are, closed ones included.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges_before().len() - 1 + self.overlay.as_ref().map_or(0, |o| o.edges.len() - 1)
    }

    /// Every edge that can be gone along: none that is closed or cut.
    pub fn edge_ids(&self) -> impl Iterator<Item = EdgeId> + '_ {
        (0..self.edge_count() as u32).map(EdgeId).filter(|&id| !self.is_gone(id))
    }

    /// As [`Network::vertices`], without what was added since; so the three after it.
    pub(super) fn vertices_before(&self) -> &[Fixed] {
        self.file.get(section::VERTICES)
    }

    pub(super) fn first_arc_before(&self) -> &[u32] {
        self.file.get(section::FIRST_ARC)
    }

    pub(super) fn arc_heads_before(&self) -> &[u32] {
        self.file.get(section::ARC_HEADS)
    }

    pub(super) fn arc_edges_before(&self) -> &[u32] {
        self.file.get(section::ARC_EDGES)
    }

    /// The edges of the file; the last entry only marks ends.
    pub(super) fn edges_before(&self) -> &[Edge] {
        match &self.remarked {
            Some(edges) => edges,
            None => self.file.get(section::EDGES),
        }
    }

    /// The tables an edge is in, its place there, and the number of the first edge of the overlay.
    fn tables_of(&self, id: EdgeId) -> (&[Edge], &[Fixed], &[f32], usize) {
        let edges = self.edges_before();
        match &self.overlay {
            Some(o) if id.index() + 1 >= edges.len() => {
                (&o.edges, &o.shapes, &o.heights, id.index() - (edges.len() - 1))
            }
            _ => (edges, self.file.get(section::SHAPES), self.file.get(section::HEIGHTS), id.index()),
        }
    }

    /// One edge.
    #[must_use]
    pub fn edge(&self, id: EdgeId) -> &Edge {
        let edges = self.edges_before();
        match &self.overlay {
            Some(o) if id.index() + 1 >= edges.len() => &o.edges[id.index() - (edges.len() - 1)],
            _ => &edges[id.index()],
        }
    }

    /// Has the edge been closed, or cut into pieces that stand for it? No arc leads along it then.
    #[must_use]
    pub fn is_gone(&self, id: EdgeId) -> bool {
        self.overlay.as_ref().is_some_and(|o| o.gone.binary_search(&id.0).is_ok())
    }

    /// The points of an edge from tail to head, at least two.
    #[must_use]
    pub fn shape(&self, id: EdgeId) -> &[Fixed] {
        let (edges, shapes, _, place) = self.tables_of(id);
        &shapes[edges[place].shape as usize..edges[place + 1].shape as usize]
    }

    /// Heights in metres at equal distances along an edge from tail to head, at least two.
    #[must_use]
    pub fn heights(&self, id: EdgeId) -> &[f32] {
        let (edges, _, heights, place) = self.tables_of(id);
        &heights[edges[place].heights as usize..edges[place + 1].heights as usize]
    }

    /// The height of a point of an edge in metres.
    #[must_use]
    pub fn height_at(&self, id: EdgeId, fraction: f64) -> f64 {
        height_along(self.heights(id), fraction)
    }

    /// The name of an edge.
    #[must_use]
    pub fn name(&self, id: EdgeId) -> Option<&str> {
        let number = self.edge(id).name as usize;
        let ends: &[u32] = self.file.get(section::NAME_ENDS);
        let Some(&end) = ends.get(number) else {
            // Names of added streets come after those of the file.
            return self.overlay.as_ref()?.names.get(number - ends.len()).map(String::as_str);
        };
        let start = number.checked_sub(1).map_or(0, |before| ends[before] as usize);
        std::str::from_utf8(self.file.get::<u8>(section::NAMES).get(start..end as usize)?).ok()
    }

    /// How many names the file has.
    pub(super) fn name_count(&self) -> usize {
        self.file.get::<u32>(section::NAME_ENDS).len()
    }

    /// The tables places are looked up in: those of the file, and those of what was added.
    pub(super) fn snap_tables(&self) -> impl Iterator<Item = SnapTables<'_>> {
        let of_file = SnapTables {
            first_edge: 0,
            edges: self.edges_before(),
            shapes: self.file.get(section::SHAPES),
            pieces: self.file.get(section::SNAP_PIECES),
            boxes: self.file.get(section::SNAP_BOXES),
            levels: self.file.get(section::SNAP_LEVELS),
            gone: self.overlay.as_ref().map_or(&[], |o| &o.gone),
        };
        let first_edge = self.edges_before().len() as u32 - 1;
        std::iter::once(of_file).chain(self.overlay.as_ref().map(|o| o.snap_tables(first_edge)))
    }
}

/// The height at a fraction of a line along which heights stand at equal distances.
#[must_use]
pub fn height_along(heights: &[f32], fraction: f64) -> f64 {
    let last = (heights.len() - 1) as f64;
    let x = (fraction * last).clamp(0.0, last);
    let i = (x.floor() as usize).min(heights.len().saturating_sub(2));
    let t = x - i as f64;
    f64::from(heights[i]) * (1.0 - t) + f64::from(heights[i + 1]) * t
}
