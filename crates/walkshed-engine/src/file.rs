//! The prepared street network, as every query sees it.
//!
//! Vertices are junctions in Hilbert order. An edge is a street segment; it has two arcs, one for each direction. The
//! arcs of a vertex are contiguous (CSR). A reverse search follows the same arcs with the costs of the opposite
//! direction, so one topology serves both. Shapes and heights are stored in separate tables.

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

/// A street segment. Takes 44 bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Edge {
    pub tail: VertexId,
    pub head: VertexId,
    /// Index of the first shape point. The range ends where that of the next edge begins.
    pub shape: u32,
    /// Index of the first height. The range ends where that of the next edge begins.
    pub heights: u32,
    pub length_m: f32,
    /// Index of the name, or [`Edge::NO_NAME`].
    pub name: u32,
    /// Scheduled duration in seconds (ferries), rise in centimetres (lifts), or the encoded [`Ground`] (all others).
    pub extra: u32,
    /// The arc from tail to head, then the arc from head to tail.
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
    /// The value of [`Edge::name`] for an edge without a name.
    pub const NO_NAME: u32 = u32::MAX;

    /// Returns the kind of the edge.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from_u8(self.kind)
    }

    /// Returns whether the edge is on the ground, a bridge or a tunnel.
    #[must_use]
    pub const fn structure(&self) -> Structure {
        Structure::from_u8(self.structure)
    }

    /// Returns the profiles that can travel the edge in at least one direction.
    #[must_use]
    pub const fn usable(&self) -> ProfileSet {
        ProfileSet(self.usable)
    }

    /// Returns the profiles for which the edge is cut off from the main networks: it is part of an island, or it can only
    /// be entered or only be left.
    #[must_use]
    pub const fn cut_off(&self) -> ProfileSet {
        ProfileSet(self.cut_off)
    }

    /// Returns the profiles for which the edge is part of a fragment: its connections to the network exist but the
    /// profile cannot use them (steps, steep streets).
    #[must_use]
    pub const fn fragment(&self) -> ProfileSet {
        ProfileSet(self.fragment)
    }

    /// Returns the flags of the edge (location and restrictions).
    #[must_use]
    pub const fn flags(&self) -> EdgeFlags {
        self.flags
    }

    /// Returns whether the edge is in a restricted zone, which only the first and the last leg of a trip may use.
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.flags.has(EdgeFlags::RESTRICTED)
    }

    /// Returns whether the edge is the entry from a street (its tail) into a restricted zone (its head).
    #[must_use]
    pub const fn is_entry(&self) -> bool {
        self.flags.has(EdgeFlags::ENTRY)
    }

    /// Creates an edge without shape, heights, costs or flags; the builder fills them in.
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

    /// Returns the same edge with other flags.
    #[must_use]
    pub const fn with_flags(self, flags: EdgeFlags) -> Self {
        Self { flags, ..self }
    }

    /// Writes the costs of the edge (tail to head, head to tail) into the cost tables of the arcs: first along each arc,
    /// then against it.
    ///
    /// An entry of a restricted zone can only be passed inwards, in both tables: a search from outside enters the zone
    /// and ends there. The module [`super::zone`] finds the way out of a zone.
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

    /// Sets the profiles that can travel the edge.
    pub const fn set_usable(&mut self, usable: ProfileSet) {
        self.usable = usable.0;
    }

    /// Sets the profiles for which the edge is cut off, and those for which it is part of a fragment.
    pub const fn set_separate(&mut self, cut_off: ProfileSet, fragment: ProfileSet) {
        self.cut_off = cut_off.0;
        self.fragment = fragment.0;
    }
}

/// The metadata of a prepared file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meta {
    pub report: StreetsReport,
    pub profiles: Profiles,
    /// Kilometres of streets from which a connected component counts as a network rather than an island.
    pub own_network_km: f64,
    pub has_elevation: bool,
    /// Bounding box in degrees: west, south, east, north.
    pub bounds: [f64; 4],
}

/// Section numbers of the file. The costs of profile p are in `COSTS + 2 p` (along the arcs) and `COSTS + 2 p + 1`
/// (against them).
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

/// The tables of a network, in the order of the file.
#[derive(Default)]
pub struct Tables {
    pub vertices: Vec<Fixed>,
    pub first_arc: Vec<u32>,
    pub arc_heads: Vec<u32>,
    /// For every arc: twice its edge number, plus one for the arc from head to tail.
    pub arc_edges: Vec<u32>,
    /// The edges, followed by a sentinel that ends the ranges of the last edge.
    pub edges: Vec<Edge>,
    pub shapes: Vec<Fixed>,
    pub heights: Vec<f32>,
    pub names: Vec<String>,
    pub snap_pieces: Vec<[u32; 2]>,
    pub snap_boxes: Vec<[i32; 4]>,
    pub snap_levels: Vec<u32>,
    /// By profile, direction (from, towards) and arc.
    pub costs: Vec<[Vec<Deciseconds>; 2]>,
}

/// A prepared street network. Immutable.
pub struct Network {
    file: Arc<Sections>,
    meta: Meta,
    profiles: Profiles,
    /// By profile: costs recomputed because the current profile differs from the one of the import.
    recomputed_costs: Arc<Vec<Option<[Vec<Deciseconds>; 2]>>>,
    /// The edges of the file with usability masks recomputed for the current profiles; `None` if the profiles are those of
    /// the import.
    recomputed_edges: Option<Arc<Vec<Edge>>>,
    /// Set if costs are lengths instead of times. Computed for each profile on first use.
    lengths: Option<[OnceLock<[Vec<Deciseconds>; 2]>; Profile::COUNT]>,
    /// The same network with lengths as costs.
    by_length: OnceLock<Box<Self>>,
    /// Streets added and closed by a scenario.
    overlay: Option<Arc<Overlay>>,
}

/// If costs are lengths, every profile travels at 1 m/s, so that a decisecond is a decimetre.
const ONE_M_S_IN_KMH: f64 = 3.6;

impl Network {
    /// Creates a network in memory.
    ///
    /// # Errors
    /// Returns [`FileError::Damaged`] if the tables are inconsistent.
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

    /// Opens a prepared file and verifies its checksum and its tables.
    ///
    /// # Errors
    /// Returns a [`FileError`] if the file is missing, unreadable, of another format version, or damaged. Its message
    /// names the command that creates the file.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::check(Sections::open(path, &element_sizes())?, path)
    }

    /// Writes the network to a file. Replaces an existing file atomically.
    ///
    /// # Errors
    /// Returns [`FileError::Io`] if the file cannot be written.
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
            return Err(damaged("its tables are inconsistent"));
        }
        let profiles = meta.profiles.clone();
        Ok(Self {
            file: Arc::new(file),
            meta,
            profiles,
            recomputed_costs: Arc::new(vec![None; Profile::COUNT]),
            recomputed_edges: None,
            lengths: None,
            by_length: OnceLock::new(),
            overlay: None,
        })
    }

    /// Returns the network with an overlay in place of the current one. Shares the file.
    pub(super) fn with_overlay(&self, overlay: Overlay) -> Self {
        Self {
            file: self.file.clone(),
            meta: self.meta.clone(),
            profiles: self.profiles.clone(),
            recomputed_costs: self.recomputed_costs.clone(),
            recomputed_edges: self.recomputed_edges.clone(),
            lengths: self.lengths.as_ref().map(|_| Default::default()),
            by_length: OnceLock::new(),
            overlay: Some(Arc::new(overlay)),
        }
    }

    /// Returns the streets added and closed, if any.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_deref()
    }

    /// Returns the same network with lengths in place of times: every [`Deciseconds`] value is then a length in
    /// decimetres, off-network legs included. Access rules are unchanged.
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
                recomputed_costs: self.recomputed_costs.clone(),
                recomputed_edges: self.recomputed_edges.clone(),
                lengths: Some(Default::default()),
                by_length: OnceLock::new(),
                overlay: self.overlay.clone(),
            })
        })
    }

    /// Returns whether costs are lengths instead of times (see [`Network::by_length`]).
    #[must_use]
    pub const fn counts_lengths(&self) -> bool {
        self.lengths.is_some()
    }

    /// Replaces the profiles. Recomputes the costs of profiles that differ from those of the import, and the masks that
    /// depend on costs: usable, cut off, fragment.
    #[must_use]
    pub fn with_profiles(mut self, profiles: &Profiles) -> Self {
        (self.recomputed_costs, self.recomputed_edges) = (Arc::new(vec![None; Profile::COUNT]), None);
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
        self.recomputed_costs = Arc::new(made.into());
        self.profiles = profiles.clone();
        if is_changed {
            let mut edges = self.base_edges().to_vec();
            let end = edges.len() - 1;
            let arcs = Arcs { first_arc: self.base_first_arc(), heads: self.base_arc_heads() };
            let costs: Vec<[&[Deciseconds]; 2]> =
                Profile::ALL.iter().map(|&p| [0, 1].map(|way| self.base_times(p, way))).collect();
            mark_separate(&mut edges[..end], arcs, &costs, self.meta.own_network_km);
            self.recomputed_edges = Some(Arc::new(edges));
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

    /// Returns the metadata of the file.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns the current profiles.
    #[must_use]
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Returns the size of the prepared file in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.file.len()
    }

    /// Returns the positions of all vertices.
    #[must_use]
    pub fn vertices(&self) -> &[Fixed] {
        match &self.overlay {
            Some(overlay) => &overlay.vertices,
            None => self.base_vertices(),
        }
    }

    /// Returns the index of the first outgoing arc of every vertex, followed by the number of arcs.
    #[must_use]
    pub fn first_arc(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.first_arc,
            None => self.base_first_arc(),
        }
    }

    /// Returns the head vertex of every arc.
    #[must_use]
    pub fn arc_heads(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.arc_heads,
            None => self.base_arc_heads(),
        }
    }

    /// Returns, for every arc, twice its edge number, plus one if the arc runs from head to tail.
    #[must_use]
    pub fn arc_edges(&self) -> &[u32] {
        match &self.overlay {
            Some(overlay) => &overlay.arc_edges,
            None => self.base_arc_edges(),
        }
    }

    /// Returns the travel time of every arc: along it for [`Direction::From`], against it for [`Direction::Towards`].
    /// [`Deciseconds::NEVER`] marks an arc that the profile cannot use.
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
            Some(overlay) => &overlay.times(profile, || [0, 1].map(|way| self.base_times(profile, way)))[way],
            None => self.base_times(profile, way),
        }
    }

    /// Returns the times without the overlay.
    fn base_times(&self, profile: Profile, way: usize) -> &[Deciseconds] {
        match &self.recomputed_costs[profile.index()] {
            Some(tables) => &tables[way],
            None => self.file.get(section::COSTS + 2 * profile.index() + way),
        }
    }

    fn lengths_of(&self, profile: Profile) -> [Vec<Deciseconds>; 2] {
        let (edges, arc_edges) = (self.base_edges(), self.base_arc_edges());
        let before = [0, 1].map(|way| {
            let times = self.base_times(profile, way).iter().zip(arc_edges);
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

    /// Returns the number of edges, including closed and cut ones.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.base_edges().len() - 1 + self.overlay.as_ref().map_or(0, |o| o.edges.len() - 1)
    }

    /// Returns all edges except those that are closed or cut.
    pub fn edge_ids(&self) -> impl Iterator<Item = EdgeId> + '_ {
        (0..self.edge_count() as u32).map(EdgeId).filter(|&id| !self.is_removed(id))
    }

    /// Returns [`Network::vertices`] without the overlay; the three functions below do likewise for arcs.
    pub(super) fn base_vertices(&self) -> &[Fixed] {
        self.file.get(section::VERTICES)
    }

    pub(super) fn base_first_arc(&self) -> &[u32] {
        self.file.get(section::FIRST_ARC)
    }

    pub(super) fn base_arc_heads(&self) -> &[u32] {
        self.file.get(section::ARC_HEADS)
    }

    pub(super) fn base_arc_edges(&self) -> &[u32] {
        self.file.get(section::ARC_EDGES)
    }

    /// Returns the edges of the file, followed by the sentinel.
    pub(super) fn base_edges(&self) -> &[Edge] {
        match &self.recomputed_edges {
            Some(edges) => edges,
            None => self.file.get(section::EDGES),
        }
    }

    /// Returns the tables that hold an edge (edges, shapes, heights), and its index in the first of them.
    fn tables_of(&self, id: EdgeId) -> (&[Edge], &[Fixed], &[f32], usize) {
        let edges = self.base_edges();
        match &self.overlay {
            Some(o) if id.index() + 1 >= edges.len() => {
                (&o.edges, &o.shapes, &o.heights, id.index() - (edges.len() - 1))
            }
            _ => (edges, self.file.get(section::SHAPES), self.file.get(section::HEIGHTS), id.index()),
        }
    }

    /// Returns an edge.
    ///
    /// # Panics
    /// Panics if the network has no edge of this number.
    #[must_use]
    pub fn edge(&self, id: EdgeId) -> &Edge {
        let edges = self.base_edges();
        match &self.overlay {
            Some(o) if id.index() + 1 >= edges.len() => &o.edges[id.index() - (edges.len() - 1)],
            _ => &edges[id.index()],
        }
    }

    /// Returns whether a scenario has closed the edge, or cut it into pieces that replace it. No arc refers to such an edge.
    #[must_use]
    pub fn is_removed(&self, id: EdgeId) -> bool {
        self.overlay.as_ref().is_some_and(|o| o.removed.binary_search(&id.0).is_ok())
    }

    /// Returns the points of an edge from tail to head, at least two.
    #[must_use]
    pub fn shape(&self, id: EdgeId) -> &[Fixed] {
        let (edges, shapes, _, index) = self.tables_of(id);
        &shapes[edges[index].shape as usize..edges[index + 1].shape as usize]
    }

    /// Returns the heights of an edge in metres, at equal distances from tail to head, at least two.
    #[must_use]
    pub fn heights(&self, id: EdgeId) -> &[f32] {
        let (edges, _, heights, index) = self.tables_of(id);
        &heights[edges[index].heights as usize..edges[index + 1].heights as usize]
    }

    /// Returns the height in metres at a fraction of an edge.
    #[must_use]
    pub fn height_at(&self, id: EdgeId, fraction: f64) -> f64 {
        height_along(self.heights(id), fraction)
    }

    /// Returns the name of an edge.
    #[must_use]
    pub fn name(&self, id: EdgeId) -> Option<&str> {
        let number = self.edge(id).name as usize;
        let ends: &[u32] = self.file.get(section::NAME_ENDS);
        let Some(&end) = ends.get(number) else {
            // Names of added streets follow those of the file.
            return self.overlay.as_ref()?.names.get(number - ends.len()).map(String::as_str);
        };
        let start = number.checked_sub(1).map_or(0, |before| ends[before] as usize);
        std::str::from_utf8(self.file.get::<u8>(section::NAMES).get(start..end as usize)?).ok()
    }

    /// Returns the number of names in the file.
    pub(super) fn name_count(&self) -> usize {
        self.file.get::<u32>(section::NAME_ENDS).len()
    }

    /// Returns the spatial indexes: the one of the file, then the one of the added streets.
    pub(super) fn snap_tables(&self) -> impl Iterator<Item = SnapTables<'_>> {
        let of_file = SnapTables {
            first_edge: 0,
            edges: self.base_edges(),
            shapes: self.file.get(section::SHAPES),
            pieces: self.file.get(section::SNAP_PIECES),
            boxes: self.file.get(section::SNAP_BOXES),
            levels: self.file.get(section::SNAP_LEVELS),
            removed: self.overlay.as_ref().map_or(&[], |o| &o.removed),
        };
        let first_edge = self.base_edges().len() as u32 - 1;
        std::iter::once(of_file).chain(self.overlay.as_ref().map(|o| o.snap_tables(first_edge)))
    }
}

/// Interpolates the height at a fraction of a line whose heights are sampled at equal distances.
#[must_use]
pub fn height_along(heights: &[f32], fraction: f64) -> f64 {
    let last = (heights.len() - 1) as f64;
    let x = (fraction * last).clamp(0.0, last);
    let i = (x.floor() as usize).min(heights.len().saturating_sub(2));
    let t = x - i as f64;
    f64::from(heights[i]) * (1.0 - t) + f64::from(heights[i + 1]) * t
}
