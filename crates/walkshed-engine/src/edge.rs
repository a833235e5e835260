//! The record of a street segment, as stored in the prepared file.

use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::profile::ProfileSet;
use crate::units::{Deciseconds, VertexId};

/// A street segment. Takes 44 bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Edge {
    /// The vertex at the start of the segment.
    pub tail: VertexId,
    /// The vertex at the end of the segment.
    pub head: VertexId,
    /// Index of the first shape point. The range ends where that of the next edge begins.
    pub shape: u32,
    /// Index of the first height. The range ends where that of the next edge begins.
    pub heights: u32,
    /// Length in metres.
    pub length_m: f32,
    /// Index of the name, or [`Edge::NO_NAME`].
    pub name: u32,
    /// Scheduled duration in seconds (ferries), rise in centimetres (lifts), or the encoded [`Ground`](crate::ground::Ground) (all others).
    pub extra: u32,
    /// The arc from tail to head, then the arc from head to tail.
    pub arcs: [u32; 2],
    /// Who may travel it, by direction.
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
    /// and ends there. The module [`crate::zone`] finds the way out of a zone.
    pub(crate) fn write_costs(&self, both: [Deciseconds; 2], tables: &mut [Vec<Deciseconds>; 2]) {
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
    pub const fn set_disconnected(&mut self, cut_off: ProfileSet, fragment: ProfileSet) {
        self.cut_off = cut_off.0;
        self.fragment = fragment.0;
    }
}
