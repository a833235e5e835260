//! The prepared street network, as every query sees it.
//!
//! Vertices are junctions in Hilbert order. An edge is a street segment; it has two arcs, one for each direction. The
//! arcs of a vertex are contiguous (CSR). A reverse search follows the same arcs with the costs of the opposite
//! direction, so one topology serves both. Shapes and heights are stored in separate tables.

mod lengths;
mod open;
mod profiles;
mod tables;
mod verify;

pub use tables::{Meta, Tables};

use crate::edge::Edge;
use crate::format::Sections;
use crate::geo::Fixed;
use crate::overlay::Overlay;
use crate::polyline::height_along;
use crate::profile::{Profile, Profiles};
use crate::spatial_index::SnapTables;
use crate::units::{Deciseconds, Direction, EdgeId};
use std::sync::{Arc, OnceLock};
use tables::section;

/// A prepared street network. Immutable.
///
/// [`build`](crate::build::build) creates a network from OpenStreetMap data, [`Network::open`] opens a prepared file.
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

/// Edges and their points, each table of edges with a sentinel at its end: those of the file, and the added ones.
#[derive(Clone, Copy)]
pub(crate) struct StreetTables<'a> {
    base: (&'a [Edge], &'a [Fixed]),
    added: (&'a [Edge], &'a [Fixed]),
}

impl<'a> StreetTables<'a> {
    /// Returns an edge and its points, as [`Network::edge`] and [`Network::shape`] do.
    pub(crate) fn street(&self, id: EdgeId) -> (&'a Edge, &'a [Fixed]) {
        let ((edges, shapes), index) = match id.index().checked_sub(self.base.0.len() - 1) {
            None => (self.base, id.index()),
            Some(index) => (self.added, index),
        };
        let edge = &edges[index];
        (edge, &shapes[edge.shape as usize..edges[index + 1].shape as usize])
    }

    /// Returns an edge.
    pub(crate) fn edge(&self, id: EdgeId) -> &'a Edge {
        match id.index().checked_sub(self.base.0.len() - 1) {
            None => &self.base.0[id.index()],
            Some(index) => &self.added.0[index],
        }
    }
}

impl Network {
    /// Returns the network with an overlay in place of the current one. Shares the file.
    pub(crate) fn with_overlay(&self, overlay: Overlay) -> Self {
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
    pub(crate) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_deref()
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

    /// Returns the checksum of the prepared file, which identifies its content.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        self.file.checksum()
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

    /// Returns the tables of edges and their points, for many look-ups.
    pub(crate) fn street_tables(&self) -> StreetTables<'_> {
        let added = self.overlay.as_ref().map_or((&[][..], &[][..]), |o| (&o.edges[..], &o.shapes[..]));
        StreetTables { base: (self.base_edges(), self.file.get(section::SHAPES)), added }
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
    pub(crate) fn base_vertices(&self) -> &[Fixed] {
        self.file.get(section::VERTICES)
    }

    pub(crate) fn base_first_arc(&self) -> &[u32] {
        self.file.get(section::FIRST_ARC)
    }

    pub(crate) fn base_arc_heads(&self) -> &[u32] {
        self.file.get(section::ARC_HEADS)
    }

    pub(crate) fn base_arc_edges(&self) -> &[u32] {
        self.file.get(section::ARC_EDGES)
    }

    /// Returns the edges of the file, followed by the sentinel.
    pub(crate) fn base_edges(&self) -> &[Edge] {
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
    pub(crate) fn name_count(&self) -> usize {
        self.file.get::<u32>(section::NAME_ENDS).len()
    }

    /// Returns the spatial indexes: the one of the file, then the one of the added streets.
    pub(crate) fn snap_tables(&self) -> impl Iterator<Item = SnapTables<'_>> {
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
