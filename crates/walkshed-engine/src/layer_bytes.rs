//! The tables of a layer as bytes, so that a later process need not compute them.
//!
//! | content | element |
//! | --- | --- |
//! | numbers of points, vertices and entries | u32 |
//! | snaps, by point | [`SnapRow`] |
//! | entries, grouped by vertex | [`EntryRow`] |

use crate::geo::Fixed;
use crate::layer::{PointLayer, Snapped};
use crate::network::Network;
use crate::profile::Profile;
use crate::snap::Snap;
use crate::units::{Deciseconds, Direction, EdgeId};
use bytemuck::{Pod, Zeroable, bytes_of, cast_slice, pod_read_unaligned};
use std::sync::OnceLock;

/// A snap, or a point that cannot be snapped.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct SnapRow {
    fraction: f64,
    off_m: f64,
    x: i32,
    y: i32,
    edge: u32,
    /// 1 if the point is snapped, otherwise 0.
    is_snapped: u32,
}

/// A point that is reached from a vertex, with the times of both directions.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct EntryRow {
    vertex: u32,
    point: u32,
    times: [u32; 2],
}

impl From<&Option<Snap>> for SnapRow {
    fn from(snap: &Option<Snap>) -> Self {
        snap.as_ref().map_or_else(Self::zeroed, |snap| Self {
            fraction: snap.fraction,
            off_m: snap.off_m,
            x: snap.at.x,
            y: snap.at.y,
            edge: snap.edge.0,
            is_snapped: 1,
        })
    }
}

impl SnapRow {
    /// Returns the snap; `None` if the row is not valid in a network of this many edges.
    fn read(&self, edges: usize) -> Option<Option<Snap>> {
        let snap = Snap {
            edge: EdgeId(self.edge),
            fraction: self.fraction,
            off_m: self.off_m,
            at: Fixed { x: self.x, y: self.y },
        };
        match self.is_snapped {
            0 => Some(None),
            1 => {
                let is_valid = snap.edge.index() < edges && (0.0..=1.0).contains(&snap.fraction) && snap.off_m >= 0.0;
                is_valid.then_some(Some(snap))
            }
            _ => None,
        }
    }
}

/// Reads `count` rows from the front of `bytes`.
fn take<'a, T: Pod>(bytes: &mut &'a [u8], count: usize) -> Option<impl ExactSizeIterator<Item = T> + use<'a, T>> {
    let (rows, rest) = bytes.split_at_checked(count.checked_mul(size_of::<T>())?)?;
    *bytes = rest;
    Some(rows.chunks_exact(size_of::<T>()).map(pod_read_unaligned))
}

impl PointLayer {
    /// Returns the tables of a profile for both directions as bytes. Computes those that are missing.
    #[must_use]
    pub fn to_bytes(&self, network: &Network, profile: Profile) -> Vec<u8> {
        for direction in [Direction::From, Direction::Towards] {
            self.prepare(network, profile, direction);
        }
        let snapped = self.snapped(network, profile);
        let get = |direction: Direction| snapped.entries[direction as usize].get().map_or(&[][..], Vec::as_slice);
        let (from, towards) = (get(Direction::From), get(Direction::Towards));
        let first = snapped.first.get().map_or(&[][..], Vec::as_slice);
        let counts = [snapped.snaps.len(), first.len().saturating_sub(1), from.len()].map(|n| n as u32);
        let snap_bytes = snapped.snaps.len() * size_of::<SnapRow>();
        let mut bytes = Vec::with_capacity(size_of_val(&counts) + snap_bytes + from.len() * size_of::<EntryRow>());
        bytes.extend_from_slice(cast_slice(&counts));
        for snap in &snapped.snaps {
            bytes.extend_from_slice(bytes_of(&SnapRow::from(snap)));
        }
        for (vertex, range) in (0u32..).zip(first.windows(2)) {
            for index in range[0] as usize..range[1] as usize {
                let times = [from[index].1.0, towards[index].1.0];
                bytes.extend_from_slice(bytes_of(&EntryRow { vertex, point: from[index].0, times }));
            }
        }
        bytes
    }

    /// Returns the layer with tables that [`PointLayer::to_bytes`] has written for the same points, network and profile.
    /// Returns `None` if they cannot belong to these points and this network, so that using them would fail.
    #[must_use]
    pub fn with_bytes(self, network: &Network, profile: Profile, mut bytes: &[u8]) -> Option<Self> {
        let counts: Vec<usize> = take::<u32>(&mut bytes, 3)?.map(|n| n as usize).collect();
        let vertices = network.vertices().len();
        if counts[..2] != [self.points().len(), vertices] {
            return None;
        }
        let edges = network.edge_count();
        let snaps: Vec<Option<Snap>> =
            take::<SnapRow>(&mut bytes, counts[0])?.map(|row| row.read(edges)).collect::<Option<_>>()?;
        let rows = take::<EntryRow>(&mut bytes, counts[2])?;
        if !bytes.is_empty() {
            return None;
        }
        let mut first = vec![0u32; vertices + 1];
        let mut entries = [Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len())];
        let mut last = 0;
        for row in rows {
            let vertex = row.vertex as usize;
            if vertex < last || vertex >= vertices || row.point as usize >= snaps.len() {
                return None;
            }
            last = vertex;
            first[vertex + 1] += 1;
            for (list, time) in entries.iter_mut().zip(row.times) {
                list.push((row.point, Deciseconds(time)));
            }
        }
        for v in 1..first.len() {
            first[v] += first[v - 1];
        }
        let snapped = Snapped { snaps, first: OnceLock::from(first), entries: entries.map(OnceLock::from) };
        // The layer is new, so no tables of this profile exist.
        self.by_profile[profile.index()].set(snapped).is_ok().then_some(self)
    }
}
