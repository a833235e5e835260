//! The kind of a way and who may use it, by the access rules of OpenStreetMap for foot and bicycle (wiki pages
//! "Key:access", "OSM tags for routing/Access restrictions", "Key:oneway", "Key:conveying", "Key:ramp").

use super::measures::{duration_s, incline, levels};
use super::permission::{Allowed, Permission, lookup};
use super::tags::Tags;
use super::way_access::{bike_oneway, bike_permission, foot_oneway, foot_permission, ramp_bits};
use super::way_class::{ClassifiedWay, ExclusionReason, Outline, StreetRules, WayClass};
use super::way_defaults::{default_of, is_platform_or_pier, is_tunnel};
use super::way_ground::{flags_of, ground_of};
use crate::access::{Access, Kind, Structure};

/// Classifies a way.
///
/// Returns `None` for ways that are not streets (buildings, rivers), and `Some(Err)` for streets that nobody can use.
///
/// ```
/// use walkshed_engine::access::Kind;
/// use walkshed_engine::osm::{ExclusionReason, Outline, StreetRules, Tags, classify};
///
/// let kind = |tags: &[(&'static str, &'static str)]| {
///     let tags: Tags = tags.iter().copied().collect();
///     classify(&tags, Outline::Line, StreetRules::default()).map(|way| way.map(|kept| kept.class.kind))
/// };
/// assert_eq!(kind(&[("highway", "steps")]), Some(Ok(Kind::Steps)));
/// assert_eq!(kind(&[("highway", "motorway")]), Some(Err(ExclusionReason::MotorTraffic)));
/// assert_eq!(kind(&[("building", "yes")]), None);
/// ```
#[must_use]
pub fn classify(tags: &Tags, outline: Outline, rules: StreetRules) -> Option<Result<ClassifiedWay, ExclusionReason>> {
    let base = match default_of(tags, rules)? {
        Ok(base) => base,
        Err(reason) => return Some(Err(reason)),
    };
    let is_impassable = tags.is("impassable", "yes");
    let (foot, bike) = if is_impassable {
        (Permission::No, Permission::No)
    } else {
        let foot = foot_permission(tags, &base);
        (foot, bike_permission(tags, &base, foot))
    };
    let allowed = Allowed::of(foot, bike);
    if !allowed.foot && !allowed.bike {
        // Tags for bicycles do not change the reason why a motorway is left out.
        let is_forbidden = is_impassable || lookup(tags, &["foot", "access"]) == Some(Permission::No);
        return Some(Err(if is_forbidden { ExclusionReason::Forbidden } else { base.closed_by }));
    }
    let is_default = !allowed.foot && !base.foot && lookup(tags, &["foot", "access"]).is_none();
    let closed_on_foot = (is_default && matches!(base.closed_by, ExclusionReason::Trunk | ExclusionReason::RoadTunnel))
        .then_some(base.closed_by);

    let mut access = allowed.private_bit();
    if allowed.foot {
        access = access.with(match foot_oneway(tags, base.kind) {
            None => Access::FOOT,
            Some(true) => Access::FOOT_FORWARD,
            Some(false) => Access::FOOT_BACKWARD,
        });
    }
    if allowed.bike {
        let one_way = if base.kind == Kind::Steps { None } else { bike_oneway(tags) };
        access = access.with(match one_way {
            None => Access::BIKE,
            Some(true) => Access::BIKE_FORWARD,
            Some(false) => Access::BIKE_BACKWARD,
        });
        if bike == Permission::Dismount || base.kind == Kind::Steps {
            access = access.with(Access::DISMOUNT);
        }
    }
    if base.kind == Kind::Steps {
        access = access.with(ramp_bits(tags));
    }
    let is_chair_lift = tags.is("aerialway", "chair_lift");
    if tags.is("wheelchair", "no") || is_chair_lift && !tags.says_yes("wheelchair") {
        access = access.with(Access::NO_WHEELCHAIR);
    }
    if tags.is("stroller", "no") || is_chair_lift && !tags.says_yes("stroller") {
        access = access.with(Access::NO_STROLLER);
    }
    match tags.get("incline").map(|v| (v, incline(v).unwrap_or(0.0))) {
        Some(("up", _)) => access = access.with(Access::STEPS_UP_FORWARD),
        Some(("down", _)) => access = access.with(Access::STEPS_UP_BACKWARD),
        Some((_, g)) if g > 0.0 => access = access.with(Access::STEPS_UP_FORWARD),
        Some((_, g)) if g < 0.0 => access = access.with(Access::STEPS_UP_BACKWARD),
        _ => {}
    }

    let structure = if tags.yes("bridge") {
        Structure::Bridge
    } else if is_tunnel(tags) {
        Structure::Tunnel
    } else {
        Structure::Ground
    };
    let is_area = allowed.foot && is_plaza(tags, outline);
    let kind = if is_area { Kind::Plaza } else { base.kind };
    let has_timetable = matches!(kind, Kind::Ferry | Kind::Aerialway | Kind::Funicular);
    let class = WayClass {
        access,
        kind,
        structure,
        flags: flags_of(tags, structure, allowed.foot),
        ground: ground_of(tags, kind),
        duration_s: has_timetable.then(|| tags.get("duration").and_then(duration_s)).flatten(),
        is_area,
        levels: tags.get("level").and_then(levels),
        name: tags.get("name").map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned),
    };
    Some(Ok(ClassifiedWay { class, closed_on_foot }))
}

/// Returns whether this is an area that people walk across.
fn is_plaza(tags: &Tags, outline: Outline) -> bool {
    let by_class = tags.is_any("highway", &["pedestrian", "footway", "platform", "living_street", "path", "corridor"])
        || is_platform_or_pier(tags);
    by_class
        && match outline {
            Outline::Line => false,
            Outline::Multipolygon => true,
            // A closed street may go around a block. A closed platform or pier is an area.
            Outline::Ring => tags.is("area", "yes") || tags.get("highway").is_none() && !tags.is("area", "no"),
        }
}
