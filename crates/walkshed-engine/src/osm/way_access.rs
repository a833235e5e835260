//! Who may use a way, and in which direction.

use super::permission::{Permission, lookup};
use super::tags::Tags;
use super::way_defaults::WayDefaults;
use crate::access::{Access, Kind};

/// Returns whether the way is one-way for cyclists. `Some(true)`: forward only; `Some(false)`: backward only.
pub(super) fn bike_oneway(tags: &Tags) -> Option<bool> {
    match tags.get("oneway:bicycle") {
        Some("no") => return None,
        Some("yes" | "1") => return Some(true),
        Some("-1") => return Some(false),
        _ => {}
    }
    let contraflow = tags.is_any("cycleway", &["opposite", "opposite_lane", "opposite_track", "opposite_share_busway"])
        || ["cycleway:left", "cycleway:right"].iter().any(|k| tags.get(k).is_some_and(|v| v.starts_with("opposite")))
        || ["cycleway:left:oneway", "cycleway:right:oneway", "cycleway:both:oneway"]
            .iter()
            .any(|k| tags.is_any(k, &["no", "-1"]));
    if contraflow {
        return None;
    }
    match tags.get("oneway") {
        Some("no" | "0" | "false") => None,
        tag => oneway(tag).or_else(|| {
            (tags.is_any("junction", &["roundabout", "circular"])
                || tags.is_any("highway", &["motorway", "motorway_link"]))
            .then_some(true)
        }),
    }
}

fn oneway(value: Option<&str>) -> Option<bool> {
    match value {
        Some("yes" | "1" | "true") => Some(true),
        Some("-1" | "reverse") => Some(false),
        _ => None,
    }
}

/// Returns whether the way is one-way for pedestrians. Plain `oneway` applies to vehicles, also on footways and steps
/// (wiki "Key:oneway"). It applies to people only where no vehicle can be meant.
pub(super) fn foot_oneway(tags: &Tags, kind: Kind) -> Option<bool> {
    match tags.get("conveying") {
        Some("forward") => return Some(true),
        Some("backward") => return Some(false),
        _ => {}
    }
    if matches!(kind, Kind::Ferry | Kind::Aerialway | Kind::Funicular | Kind::Escalator) {
        // In OpenStreetMap, only drag lifts are one-way by default, and they are left out.
        return oneway(tags.get("oneway"));
    }
    oneway(tags.get("oneway:foot").or_else(|| tags.get("foot:oneway"))).or_else(|| {
        match (tags.get("foot:forward"), tags.get("foot:backward")) {
            (Some("no"), _) => Some(false),
            (_, Some("no")) => Some(true),
            _ => None,
        }
    })
}

/// Returns whether pedestrians may use a way: by the most specific tag, else by the default for the kind of way.
pub(super) fn foot_permission(tags: &Tags, base: &WayDefaults) -> Permission {
    let is_open = base.foot && !tags.is("motorroad", "yes");
    match lookup(tags, &["foot", "access"]) {
        None if is_open => Permission::Yes,
        // On motorways and busways, a general access=yes refers to cars. Only foot=* allows pedestrians.
        Some(tagged) if is_open || lookup(tags, &["foot"]).is_some() => tagged,
        None | Some(_) => Permission::No,
    }
}

/// Returns whether cyclists may use a way. `foot` is the permission of pedestrians.
pub(super) fn bike_permission(tags: &Tags, base: &WayDefaults, foot: Permission) -> Permission {
    let is_open = base.bike && !tags.is("motorroad", "yes");
    match base.kind {
        // Cyclists push their bicycles up a ramp, as pedestrians.
        Kind::Steps if has_bicycle_ramp(tags) && foot.is_public() => Permission::Dismount,
        Kind::Steps if has_bicycle_ramp(tags) => foot,
        Kind::Steps | Kind::Escalator => Permission::No,
        Kind::Lift if !tags.is("bicycle", "no") => foot,
        _ => match lookup(tags, &["bicycle", "vehicle", "access"]) {
            None if is_open => Permission::Yes,
            Some(tagged) if is_open || lookup(tags, &["bicycle"]).is_some() => tagged,
            None | Some(_) => Permission::No,
        },
    }
}

/// Returns whether steps have a ramp for pushing bicycles. Any ramp counts, whoever it was built for.
fn has_bicycle_ramp(tags: &Tags) -> bool {
    const THERE: [&str; 2] = ["yes", "automatic"];
    ["ramp:bicycle", "ramp:stroller", "ramp:wheelchair"].iter().any(|k| tags.is_any(k, &THERE))
        || tags.is("ramp", "yes") && !tags.is("ramp:bicycle", "no") && !tags.is("bicycle", "no")
}

/// Returns the ramps for wheelchairs and strollers on steps. A plain `ramp=yes` is usually a bicycle channel and does
/// not count.
pub(super) fn ramp_bits(tags: &Tags) -> Access {
    let wheelchair = tags.is("ramp:wheelchair", "yes");
    let mut bits = Access::default();
    if wheelchair {
        bits = bits.with(Access::WHEELCHAIR_RAMP);
    }
    if wheelchair && !tags.is("ramp:stroller", "no") || tags.is("ramp:stroller", "yes") {
        bits = bits.with(Access::STROLLER_RAMP);
    }
    bits
}
