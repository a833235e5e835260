//! Where a way lies, and what wheels meet on it.

use super::measures::{incline, levels, metres};
use super::permission::{Permission, lookup};
use super::tags::Tags;
use super::way_defaults::{Sidewalk, is_platform_or_pier};
use crate::access::{EdgeFlags, Kind, Structure};
use crate::ground::{Ground, SacScale, Smoothness, Surface, WayGround};

/// Returns where a way lies, and whether it is unusual for pedestrians.
pub(super) fn flags_of(tags: &Tags, structure: Structure, on_foot: bool) -> EdgeFlags {
    let storeys = tags.get("level").and_then(levels);
    let layers = tags.get("layer").and_then(levels);
    // Steps and ramps between storeys that touch the ground with one end count as on the ground.
    let is_below = |range: Option<(i16, i16)>| range.is_some_and(|(_, high)| high < 0);
    let leads_up = storeys.is_some_and(|(low, high)| low < 0 && high >= 0);
    let is_passage = structure == Structure::Bridge || tags.is("tunnel", "building_passage");
    let is_platform = tags.is("highway", "platform") || is_platform_or_pier(tags);
    let is_subway_platform = is_platform && tags.is("subway", "yes") && storeys.is_none() && layers.is_none();

    let mut flags = EdgeFlags::default();
    if is_below(storeys)
        || is_below(layers) && !is_passage && !leads_up
        || tags.is_any("location", &["underground", "underwater"])
        || is_subway_platform
    {
        flags = flags.with(EdgeFlags::UNDERGROUND);
    }
    // A level above 0 alone does not make a way indoor: on a hillside, the street at the upper door of a lift has one.
    // A platform with such a level is in a station above the streets.
    let is_high_platform = is_platform && storeys.is_some_and(|(low, _)| low > 0);
    if tags.yes("indoor") || tags.is("location", "indoor") || tags.is("highway", "corridor") || is_high_platform {
        flags = flags.with(EdgeFlags::INDOOR);
    }
    let carries_traffic = |class: &str| {
        let class = class.strip_suffix("_link").unwrap_or(class);
        ["trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"].contains(&class)
    };
    if tags.get("highway").is_some_and(carries_traffic) {
        flags = flags.with(EdgeFlags::THROUGH);
    }
    if on_foot && is_unusual_on_foot(tags) {
        flags = flags.with(EdgeFlags::UNUSUAL_ON_FOOT);
    }
    flags
}

fn is_unusual_on_foot(tags: &Tags) -> bool {
    let names_walkers = lookup(tags, &["foot"]).is_some_and(Permission::is_public) || tags.get("segregated").is_some();
    let has_sidewalk = Sidewalk::of(tags) == Sidewalk::Yes;
    let by_class = match tags.get("highway").unwrap_or_default() {
        "cycleway" | "bridleway" => !names_walkers && !has_sidewalk,
        "path" => !names_walkers && tags.is_any("bicycle", &["designated", "official"]),
        "motorway" | "motorway_link" | "trunk" | "trunk_link" | "busway" | "bus_guideway" | "raceway" => !has_sidewalk,
        _ => tags.is("motorroad", "yes") && !has_sidewalk,
    };
    by_class || sac_scale(tags) > SacScale::HIKING || tags.is_any("trail_visibility", &["bad", "horrible", "no"])
}

fn sac_scale(tags: &Tags) -> SacScale {
    // "strolling" is a newer value that means no hiking at all.
    tags.get("sac_scale").and_then(SacScale::named).unwrap_or(SacScale::NONE)
}

/// Returns what wheels meet on a way.
pub(super) fn ground_of(tags: &Tags, kind: Kind) -> Ground {
    if !matches!(kind, Kind::Street | Kind::Path | Kind::Plaza | Kind::Steps) {
        return Ground::default();
    }
    let width = |key: &str| tags.get(key).and_then(metres).filter(|w| *w > 0.0);
    Ground::from(WayGround {
        surface: tags.get("surface").and_then(Surface::of_tag),
        smoothness: smoothness(tags),
        width_m: [width("maxwidth:physical"), width("width").or_else(|| width("est_width"))]
            .into_iter()
            .flatten()
            .reduce(f64::min),
        incline: tags.get("incline").and_then(incline),
        sac_scale: sac_scale(tags),
        wheelchair_fits: tags.says_yes("wheelchair"),
        stroller_fits: tags.says_yes("stroller"),
        has_sidewalk: kind == Kind::Street && Sidewalk::of(tags) == Sidewalk::Yes,
    })
}

/// Returns the `smoothness` tag, else the equivalent of `tracktype`. `mtb:scale` can make it worse (rocks and roots).
fn smoothness(tags: &Tags) -> Option<Smoothness> {
    let tagged = tags.get("smoothness").and_then(Smoothness::named);
    let by_track = || {
        let name = match tags.get("tracktype")? {
            "grade2" => "intermediate",
            "grade3" => "bad",
            "grade4" => "very_bad",
            "grade5" => "horrible",
            _ => return None,
        };
        Smoothness::named(name)
    };
    let by_mtb = tags.get("mtb:scale").and_then(|v| v.chars().next()).and_then(|grade| {
        let name = match grade {
            '1' => "very_bad",
            '2' => "horrible",
            '3'..='6' => "very_horrible",
            _ => return None,
        };
        Smoothness::named(name)
    });
    tagged.or_else(by_track).max(by_mtb)
}
