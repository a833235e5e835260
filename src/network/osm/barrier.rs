//! What stands on a node: barriers that stop some or all, and lifts.

use super::tags::Tags;
use crate::network::access::Access;

/// What a node does to those who pass it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NodeRule {
    /// A barrier; what remains passable, for whom (no bits: nobody).
    Barrier(Access),
    /// A lift between the ways that meet here.
    Lift(Access),
}

/// Walls and the like, that have no opening unless tagged.
const WALLS: [&str; 9] =
    ["wall", "fence", "hedge", "retaining_wall", "city_wall", "ditch", "cable_barrier", "wire_fence", "debris"];
/// Openings too narrow for a wheelchair, a stroller or a bicycle.
const NARROW: [&str; 5] = ["stile", "kissing_gate", "turnstile", "full-height_turnstile", "hampshire_gate"];
/// Doors that can be shut.
const GATES: [&str; 7] = ["gate", "lift_gate", "swing_gate", "wicket_gate", "sliding_gate", "door", "entrance"];

fn says(tags: &Tags, key: &str) -> Option<bool> {
    match tags.get(key)? {
        "yes" | "designated" | "permissive" | "official" | "public" | "destination" | "customers" => Some(true),
        "no" | "private" | "military" | "permit" | "residents" | "delivery" | "agricultural" | "forestry"
        | "emergency" => Some(false),
        _ => None,
    }
}

/// The rule of a node, `None` where it lets everyone pass.
#[must_use]
pub fn node_rule(tags: &Tags) -> Option<NodeRule> {
    if tags.is("highway", "elevator") {
        let access = says(tags, "foot").or_else(|| says(tags, "access")).unwrap_or(true);
        let mut bits = if access { Access::FOOT } else { Access::default() };
        if access && !tags.is("bicycle", "no") {
            bits = bits.with(Access::BIKE);
        }
        if tags.is("wheelchair", "no") {
            bits = bits.with(Access::NO_WHEELCHAIR);
        }
        return Some(NodeRule::Lift(bits));
    }
    let barrier = tags.get("barrier")?;
    let wall = WALLS.contains(&barrier);
    let narrow = NARROW.contains(&barrier);
    let locked = GATES.contains(&barrier) && tags.is("locked", "yes");
    let general = says(tags, "access");

    let foot = says(tags, "foot").or(general).unwrap_or(!wall && !locked);
    let bike =
        says(tags, "bicycle").or_else(|| says(tags, "vehicle")).or(general).unwrap_or(!wall && !locked && !narrow);
    let wheelchair = says(tags, "wheelchair").unwrap_or(!narrow);

    let mut bits = Access::default();
    if foot {
        bits = bits.with(Access::FOOT);
    }
    if bike {
        bits = bits.with(Access::BIKE);
    }
    if !wheelchair {
        bits = bits.with(Access::NO_WHEELCHAIR);
    }
    if narrow {
        bits = bits.with(Access::NO_STROLLER);
    }
    (bits != Access::FOOT.with(Access::BIKE)).then_some(NodeRule::Barrier(bits))
}
