//! What stands on a node: barriers that stop some or all, kerbs, and lifts.

use super::measures::metres;
use super::permission::{Allowed, Permission, lookup};
use super::tags::Tags;
use crate::access::Access;
use crate::ground::{Ground, NodeGround, Obstacle};

/// What a node does to those who pass it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NodeRule {
    /// A barrier; what remains passable, for whom (no bits: nobody), and what wheels meet.
    Barrier(Access, Ground),
    /// The kerbs of a crossing, on the node where it meets the carriageway: they are met by those who cross, not by those
    /// who stay on the carriageway.
    Crossing(Access, Ground),
    /// A lift between the ways that meet here.
    Lift(Access),
}

/// Walls and the like, that have no opening unless tagged.
const WALLS: [&str; 9] =
    ["wall", "fence", "hedge", "retaining_wall", "city_wall", "ditch", "cable_barrier", "wire_fence", "debris"];
/// Openings too narrow for a bicycle.
const NARROW: [&str; 6] =
    ["stile", "horse_stile", "kissing_gate", "turnstile", "full-height_turnstile", "hampshire_gate"];
/// Doors that can be shut.
const GATES: [&str; 9] = [
    "gate",
    "lift_gate",
    "swing_gate",
    "wicket_gate",
    "sliding_gate",
    "sliding_beam",
    "hampshire_gate",
    "door",
    "entrance",
];
/// `kerb` values that are raised.
const RAISED: [&str; 4] = ["raised", "yes", "regular", "normal"];

/// The rule of a node, `None` where it lets everyone pass.
#[must_use]
pub fn node_rule(tags: &Tags) -> Option<NodeRule> {
    if tags.is("highway", "elevator") {
        return Some(NodeRule::Lift(lift(tags)));
    }
    let is_crossing = tags.is("highway", "crossing");
    let barrier = tags.get("barrier");
    let is_door = ["entrance", "door"].iter().any(|k| tags.yes(k));
    if barrier.is_none() && tags.get("kerb").is_none() && !is_door && !is_crossing {
        return None;
    }
    let mut access = if barrier.is_some() || is_door {
        barrier_access(tags, barrier.unwrap_or("door"))
    } else {
        Access::FOOT.with(Access::BIKE)
    };
    if tags.is("wheelchair", "no") {
        access = access.with(Access::NO_WHEELCHAIR);
    }
    if tags.is("stroller", "no") {
        access = access.with(Access::NO_STROLLER);
    }
    let ground = ground_of(tags, barrier);
    let stops = access != Access::FOOT.with(Access::BIKE) || ground != Ground::default();
    let rule = if is_crossing && barrier.is_none() { NodeRule::Crossing } else { NodeRule::Barrier };
    stops.then(|| rule(access, ground))
}

fn lift(tags: &Tags) -> Access {
    let foot = lookup(tags, &["foot", "access"]).unwrap_or(Permission::Yes);
    let bike = if tags.is("bicycle", "no") { Permission::No } else { foot };
    let bits = Allowed::of(foot, bike).bits();
    if tags.is("wheelchair", "no") { bits.with(Access::NO_WHEELCHAIR) } else { bits }
}

/// Who passes a barrier. A wall is passed where a tag lets somebody pass; whatever else is called closed to the public
/// (`access=no`), or is locked, has residents with a key: it is the ordinary gate of a compound. `foot=no` is meant as said.
fn barrier_access(tags: &Tags, barrier: &str) -> Access {
    let is_wall = WALLS.contains(&barrier);
    let general = match tags.get("access") {
        Some("no" | "0" | "false") if !is_wall => Some(Permission::Private),
        _ => lookup(tags, &["access"]),
    };
    let otherwise = general.unwrap_or(if is_wall {
        Permission::No
    } else if GATES.contains(&barrier) && tags.is("locked", "yes") {
        Permission::Private
    } else {
        Permission::Yes
    });
    let foot = lookup(tags, &["foot"]).unwrap_or(otherwise);
    let by_default = if NARROW.contains(&barrier) && general.is_none() { Permission::No } else { otherwise };
    let bike = lookup(tags, &["bicycle", "vehicle"]).unwrap_or(by_default);
    Allowed::of(foot, bike).bits()
}

/// What wheels meet.
fn ground_of(tags: &Tags, barrier: Option<&str>) -> Ground {
    let kerb = tags.get("kerb");
    let is_kerb = barrier == Some("kerb") || barrier.is_none() && kerb.is_some();
    let height = |key: &str| tags.get(key).and_then(metres).filter(|h| *h > 0.0);
    let step_m = if is_kerb {
        height("kerb:height").or_else(|| height("height")).or_else(|| height("kerb"))
    } else if barrier == Some("step") {
        height("height")
    } else {
        None
    };
    let obstacle = if is_kerb {
        // A kerb without a word of its height is an ordinary one.
        kerb.is_none_or(|k| RAISED.contains(&k)).then(|| Obstacle::named("kerb")).flatten()
    } else {
        barrier.and_then(Obstacle::named)
    };
    let says_yes = |key: &str| tags.is_any(key, &["yes", "designated"]);
    Ground::from(NodeGround {
        obstacle,
        step_m,
        width_m: tags.get("maxwidth:physical").and_then(metres),
        wheelchair_fits: says_yes("wheelchair"),
        stroller_fits: says_yes("stroller"),
    })
}
