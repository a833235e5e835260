use super::*;
use crate::profile::{Profile, Profiles};

const WAY: WayGround = WayGround {
    surface: None,
    smoothness: None,
    width_m: None,
    incline: None,
    sac_scale: SacScale::NONE,
    wheelchair_fits: false,
    stroller_fits: false,
    has_sidewalk: false,
};

fn surface(name: &str) -> Option<Surface> {
    let found = Surface::named(name);
    assert!(found.is_some(), "{name}");
    found
}

fn smoothness(name: &str) -> Option<Smoothness> {
    let found = Smoothness::named(name);
    assert!(found.is_some(), "{name}");
    found
}

#[test]
fn packed_values_round_trip() {
    assert!(Surface::NAMES.len() < 63 && Obstacle::NAMES.len() < 63, "must fit in six bits, with 0 for none");
    for name in Surface::NAMES {
        let ground = Ground::from(WayGround { surface: surface(name), ..WAY });
        assert_eq!(ground.surface().unwrap().name(), *name);
    }
    let all = WayGround {
        surface: surface("stepping_stones"),
        smoothness: smoothness("impassable"),
        width_m: Some(1.23),
        incline: Some(-0.0833),
        sac_scale: SacScale::named("difficult_alpine_hiking").unwrap(),
        wheelchair_fits: true,
        stroller_fits: true,
        has_sidewalk: true,
    };
    let ground = Ground::from(all);
    assert_eq!(
        (ground.surface(), ground.smoothness(), ground.sac_scale()),
        (all.surface, all.smoothness, all.sac_scale)
    );
    assert!((ground.width_m().unwrap() - 1.2).abs() < 1e-9 && (ground.incline() - 0.083).abs() < 1e-9);
    assert_eq!(Ground::of_segment(Kind::Street, ground.bits()), ground);
    // Ferries and lifts store their times there.
    assert_eq!(Ground::of_segment(Kind::Ferry, 900), Ground::default());
    assert_eq!(Ground::from(WAY), Ground::default());
}

#[test]
fn widths_round_down_and_large_widths_are_unknown() {
    let width = |m| Ground::from(WayGround { width_m: Some(m), ..WAY }).width_m();
    for (metres, kept) in
        [(0.9, Some(0.9)), (0.88, Some(0.85)), (3.15, Some(3.15)), (3.2, None), (0.0, None), (40.0, None)]
    {
        match (width(metres), kept) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{metres}: {found}"),
            (found, expected) => assert_eq!(found, expected, "{metres}"),
        }
    }
    assert!((Ground::from(WayGround { incline: Some(3.0), ..WAY }).incline() - 0.511).abs() < 1e-9);
}

#[test]
fn surface_spellings_are_unified() {
    for (tag, name) in [
        ("cobblestone:flattened", Some("sett")),
        ("paving_stones:30", Some("paving_stones")),
        ("dirt/sand", Some("dirt")),
        ("unknown;gravel", Some("gravel")),
        ("brick", Some("bricks")),
        ("lava", None),
        ("", None),
    ] {
        assert_eq!(Surface::of_tag(tag).map(Surface::name), name, "{tag}");
    }
}

/// Returns who passes: adult, stroller, wheelchair, bicycle; `-` for those who are stopped.
fn passes(kind: Kind, ground: Ground) -> String {
    let profiles = Profiles::default();
    [(Profile::Adult, 'a'), (Profile::Stroller, 's'), (Profile::Wheelchair, 'w'), (Profile::Bicycle, 'b')]
        .iter()
        .map(|(p, letter)| if ground.stops(kind, profiles.get(*p)) { '-' } else { *letter })
        .collect()
}

#[test]
fn surface_smoothness_width_and_difficulty_stop_wheels() {
    let way = |way: WayGround| passes(Kind::Path, way.into());
    assert_eq!(way(WAY), "aswb");
    for (name, expected) in [
        ("asphalt", "aswb"),
        ("compacted", "aswb"),
        ("fine_gravel", "aswb"),
        ("sett", "aswb"),
        ("gravel", "as-b"),
        ("cobblestone", "as-b"),
        ("grass", "as-b"),
        ("sand", "a--b"),
        ("mud", "a--b"),
        ("pebblestone", "a--b"),
        ("unhewn_cobblestone", "a--b"),
    ] {
        assert_eq!(way(WayGround { surface: surface(name), ..WAY }), expected, "{name}");
    }
    for (name, expected) in [
        ("good", "aswb"),
        ("intermediate", "aswb"),
        ("bad", "as-b"),
        ("very_bad", "a--b"),
        ("horrible", "a--b"),
        ("very_horrible", "a--b"),
        // `smoothness` is about wheels: pedestrians pass.
        ("impassable", "a---"),
    ] {
        assert_eq!(way(WayGround { smoothness: smoothness(name), ..WAY }), expected, "{name}");
    }
    for (width_m, expected) in [(0.9, "aswb"), (0.89, "as-b"), (0.7, "as-b"), (0.6, "a--b")] {
        assert_eq!(way(WayGround { width_m: Some(width_m), ..WAY }), expected, "{width_m}");
    }
    for (name, expected) in [("none", "aswb"), ("hiking", "as-b"), ("mountain_hiking", "a---")] {
        assert_eq!(way(WayGround { sac_scale: SacScale::named(name).unwrap(), ..WAY }), expected, "{name}");
    }
}

#[test]
fn confirmed_access_wins_and_sidewalks_ignore_the_carriageway_surface() {
    let rough = WayGround { surface: surface("sand"), smoothness: smoothness("very_bad"), width_m: Some(0.5), ..WAY };
    assert_eq!(passes(Kind::Path, rough.into()), "a--b");
    assert_eq!(passes(Kind::Path, WayGround { wheelchair_fits: true, ..rough }.into()), "aswb");
    assert_eq!(passes(Kind::Path, WayGround { stroller_fits: true, ..rough }.into()), "as-b");
    assert_eq!(passes(Kind::Street, WayGround { has_sidewalk: true, ..rough }.into()), "aswb");
    let bicycle = Profiles::default().get(Profile::Bicycle).clone();
    let on_street = Ground::from(WayGround { has_sidewalk: true, ..rough });
    assert!((on_street.speed_limit_m_s(&bicycle) * 3.6 - 4.0).abs() < 1e-9, "cyclists use the carriageway");
}

#[test]
fn obstacles_and_step_heights_stop_wheels() {
    let node = |node: NodeGround| passes(Kind::Gate, node.into());
    let named = |name: &str| NodeGround { obstacle: Obstacle::named(name), ..NodeGround::default() };
    for (name, expected) in [
        ("kerb", "as-b"),
        ("block", "as-b"),
        ("cycle_barrier", "as-b"),
        ("cattle_grid", "as-b"),
        ("step", "a--b"),
        ("log", "a--b"),
        ("stile", "a--b"),
        ("turnstile", "a--b"),
    ] {
        assert_eq!(node(named(name)), expected, "{name}");
    }
    for (step_m, expected) in [(0.02, "aswb"), (0.03, "aswb"), (0.04, "as-b"), (0.2, "as-b"), (0.25, "a--b")] {
        assert_eq!(node(NodeGround { step_m: Some(step_m), ..named("step") }), expected, "{step_m}");
    }
    assert_eq!(node(NodeGround { width_m: Some(0.8), ..NodeGround::default() }), "as-b");
    assert_eq!(Ground::from(NodeGround { wheelchair_fits: true, ..named("block") }), Ground::default());
}

#[test]
fn every_part_of_a_slope_is_compared_with_the_limit() {
    let profiles = Profiles::default();
    let steep = |profile, length_m, heights: &[f32]| {
        Ground::default().is_steeper_than(profiles.get(profile), length_m, heights)
    };
    // The limit is 8.3 %, up or down; one part of 30 m suffices.
    assert!(!steep(Profile::Wheelchair, 30.0, &[10.0, 12.49]));
    assert!(steep(Profile::Wheelchair, 30.0, &[10.0, 12.55]) && steep(Profile::Wheelchair, 30.0, &[12.55, 10.0]));
    assert!(steep(Profile::Wheelchair, 90.0, &[0.0, 0.0, 3.0, 3.0]));
    assert!(!steep(Profile::Wheelchair, 90.0, &[0.0, 1.0, 2.0, 3.0]));
    // A short ramp may be 12.5 %.
    assert!(!steep(Profile::Wheelchair, 2.4, &[0.0, 0.3]) && steep(Profile::Wheelchair, 2.4, &[0.0, 0.32]));
    assert!(steep(Profile::Wheelchair, 3.1, &[0.0, 0.3]));
    assert!(!steep(Profile::Stroller, 30.0, &[0.0, 3.75]) && steep(Profile::Stroller, 30.0, &[0.0, 3.9]));
    assert!(!steep(Profile::Adult, 30.0, &[0.0, 30.0]) && !steep(Profile::Bicycle, 30.0, &[0.0, 30.0]));
    // The tagged incline applies where the heights do not show it.
    let tagged = |slope| Ground::from(WayGround { incline: Some(slope), ..WAY });
    for (slope, bars) in [(0.08, false), (0.083, false), (1.0 / 12.0, false), (0.084, true), (-0.1, true)] {
        let found = tagged(slope).is_steeper_than(profiles.get(Profile::Wheelchair), 30.0, &[0.0, 0.0]);
        assert_eq!(found, bars, "{slope}");
    }
    assert!(!steep(Profile::Wheelchair, 0.0, &[5.0, 5.0]));
}
