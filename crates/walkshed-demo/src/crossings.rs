//! How streets cross expressways.

use crate::layout::Key;
use std::collections::BTreeMap;

/// The direction of a street: along the ridges or across them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    Along,
    Across,
}

/// The way to cross an expressway on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// Closed.
    Closed,
    /// A street; the expressway passes over it.
    Street,
    Underpass,
    Footbridge,
}

/// The crossing types of lattice edges that cross an expressway, by their first key and their axis.
pub struct Crossings(pub BTreeMap<(Key, Axis), Crossing>);

impl Crossings {
    /// Returns whether the street from a node to the next one is closed.
    pub fn cuts(&self, key: Key, axis: Axis) -> bool {
        self.0.get(&(key, axis)).is_some_and(|c| *c != Crossing::Street)
    }
}
