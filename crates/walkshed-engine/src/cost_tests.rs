use super::*;
use crate::ground::{NodeGround, Obstacle, SacScale, Smoothness, Surface, WayGround};
use crate::profile::{Profile, Profiles};

fn segment(kind: Kind, heights: &[f32]) -> Segment<'_> {
    Segment {
        length_m: 100.0,
        kind,
        access: Access::FOOT.with(Access::BIKE),
        ground: Ground::default(),
        duration_s: 0,
        rise_m: 0.0,
        heights,
    }
}

fn time(s: &Segment, profile: Profile, forward: bool) -> u32 {
    cost(s, Profiles::default().get(profile), forward).0
}

fn is_barred(s: &Segment, profile: Profile) -> bool {
    let both = [true, false].map(|forward| cost(s, Profiles::default().get(profile), forward).is_some());
    assert_eq!(both[0], both[1], "barred in one direction only");
    !both[0]
}

fn ground(surface: Option<&str>, smoothness: Option<&str>) -> Ground {
    Ground::from(WayGround {
        surface: surface.map(|s| Surface::named(s).unwrap()),
        smoothness: smoothness.map(|s| Smoothness::named(s).unwrap()),
        width_m: None,
        incline: None,
        sac_scale: SacScale::NONE,
        wheelchair_fits: false,
        stroller_fits: false,
        has_sidewalk: false,
    })
}

#[test]
fn level_time_is_length_over_speed() {
    let s = segment(Kind::Street, &[10.0, 10.0]);
    assert_eq!(time(&s, Profile::Adult, true), 750); // 100 m at 4.8 km/h = 75 s
    assert_eq!(time(&s, Profile::Bicycle, false), 240);
    assert_eq!(time(&s, Profile::Wheelchair, true), 1200);
}

#[test]
fn uphill_is_slower_than_downhill_and_slopes_are_capped() {
    let s = segment(Kind::Path, &[0.0, 10.0]);
    // exp(-3.5 (0.15 - 0.05)) = exp(-0.35) uphill; at -10 % the level speed.
    assert_eq!(time(&s, Profile::Adult, true), (750.0 * 0.35_f64.exp()).round() as u32);
    assert_eq!(time(&s, Profile::Adult, false), 750);
    let cliff = segment(Kind::Path, &[0.0, 500.0]);
    let capped = segment(Kind::Path, &[0.0, 40.0]);
    assert_eq!(time(&cliff, Profile::Adult, true), time(&capped, Profile::Adult, true));
}

/// Slope in per cent, and seconds for 100 m.
const CYCLING: [(f32, f64); 16] = [
    (-10.0, 14.40),
    (-5.0, 14.40),
    (-2.0, 14.40),
    (-1.0, 17.35),
    (-0.5, 20.19),
    (0.0, 24.00),
    (1.0, 24.00),
    (2.0, 31.04),
    (3.0, 39.38),
    (4.0, 48.35),
    (5.0, 57.66),
    (6.0, 67.12),
    (8.0, 86.26),
    (9.0, 90.00),
    (10.0, 90.00),
    (15.0, 90.00),
];

/// Seconds for 100 m on slopes in per cent. The power 90 kg x 9.81 (sin + 0.0077 cos) v + 0.5 x 1.2 x 0.56 v³ is 90 W
/// uphill and 52.63 W (that of 15 km/h on level ground) downhill. Speeds are at most 15 km/h uphill and 25 km/h
/// downhill, and at least the 4 km/h of pushing. Computed by bisection outside of this project.
#[test]
fn cycling_speed_follows_power() {
    for (percent, seconds) in CYCLING {
        let (up, down) = ([100.0, 100.0 + percent], [100.0 + percent, 100.0]);
        let s = segment(Kind::Street, &up);
        let found = f64::from(time(&s, Profile::Bicycle, true)) / 10.0;
        assert!((found - seconds).abs() < 0.06, "{percent} %: {found} s, expected {seconds} s");
        // In the opposite direction the slope is negated.
        let back = segment(Kind::Street, &down);
        assert_eq!(time(&s, Profile::Bicycle, true), time(&back, Profile::Bicycle, false), "{percent} %");
    }
}

#[test]
fn cycling_speed_is_between_pushing_and_downhill_limit() {
    for percent in -60..=60_i8 {
        let heights = [0.0, f32::from(percent)];
        let s = segment(Kind::Path, &heights);
        let kmh = 3600.0 / f64::from(time(&s, Profile::Bicycle, true));
        assert!((3.99..=25.1).contains(&kmh), "{percent} %: {kmh} km/h");
    }
}

#[test]
fn step_direction_comes_from_incline_then_heights_then_mean() {
    let up = segment(Kind::Steps, &[0.0, 30.0]);
    let up = Segment { access: Access::FOOT, ..up };
    assert_eq!((time(&up, Profile::Adult, true), time(&up, Profile::Adult, false)), (2000, 1493));
    let tagged = Segment { access: up.access.with(Access::STEPS_UP_BACKWARD), ..up };
    assert_eq!((time(&tagged, Profile::Adult, true), time(&tagged, Profile::Adult, false)), (1493, 2000));
    let flat = segment(Kind::Steps, &[5.0, 5.0]);
    assert_eq!(time(&flat, Profile::Adult, true), time(&flat, Profile::Adult, false));
    for barred in [Profile::Wheelchair, Profile::Stroller, Profile::Bicycle] {
        assert!(is_barred(&up, barred));
    }
}

#[test]
fn ramps_on_steps_are_open_to_their_modes() {
    let steps = Segment { access: Access::FOOT, ..segment(Kind::Steps, &[0.0, 8.0]) };
    let with = |bits: Access| Segment { access: steps.access.with(bits), ..steps };
    // 100 m at 0.4 m/s, up and down.
    let stroller = with(Access::STROLLER_RAMP);
    assert_eq!((time(&stroller, Profile::Stroller, true), time(&stroller, Profile::Stroller, false)), (2500, 2500));
    assert!(is_barred(&stroller, Profile::Wheelchair) && is_barred(&stroller, Profile::Bicycle));
    assert_eq!(time(&with(Access::WHEELCHAIR_RAMP), Profile::Wheelchair, true), 2500);
    assert_eq!(time(&with(Access::BIKE.with(Access::DISMOUNT)), Profile::Bicycle, true), 2500);
    // Pedestrians use the steps beside the ramp.
    assert_eq!(time(&stroller, Profile::Adult, true), 2000);
    // A ramp for strollers is as steep as its steps, too steep for wheelchairs.
    let steep = Segment { heights: &[0.0, 30.0], ..with(Access::STROLLER_RAMP.with(Access::WHEELCHAIR_RAMP)) };
    assert_eq!(time(&steep, Profile::Stroller, true), 2500);
    assert!(is_barred(&steep, Profile::Wheelchair));
    // A ramp does not override an explicit prohibition.
    let forbidden = with(Access::WHEELCHAIR_RAMP.with(Access::NO_WHEELCHAIR));
    assert!(is_barred(&forbidden, Profile::Wheelchair));
}

#[test]
fn steep_ways_stop_wheels_in_both_directions() {
    let pieces: [(&[f32], bool, bool); 4] = [
        (&[0.0, 8.0], false, false),
        (&[0.0, 10.0], true, false),
        (&[0.0, 13.0], true, true),
        // One part of four.
        (&[0.0, 0.0, 2.2, 2.2, 2.2], true, false),
    ];
    for (heights, wheelchair, stroller) in pieces {
        let s = segment(Kind::Street, heights);
        let found =
            [Profile::Wheelchair, Profile::Stroller, Profile::Adult, Profile::Bicycle].map(|p| is_barred(&s, p));
        assert_eq!(found, [wheelchair, stroller, false, false], "{heights:?}");
    }
    // Ways that carry people have no slope limit.
    for kind in [Kind::Lift, Kind::Funicular, Kind::Aerialway] {
        assert!(!is_barred(&segment(kind, &[0.0, 50.0]), Profile::Wheelchair), "{kind:?}");
    }
}

#[test]
fn surfaces_stop_wheelchairs_and_slow_bicycles() {
    let on = |surface, smoothness| Segment { ground: ground(surface, smoothness), ..segment(Kind::Path, &[0.0, 0.0]) };
    assert!(is_barred(&on(Some("gravel"), None), Profile::Wheelchair));
    assert_eq!(time(&on(Some("gravel"), None), Profile::Adult, true), 750);
    assert_eq!(time(&on(Some("asphalt"), None), Profile::Bicycle, true), 240); // 15 km/h
    assert_eq!(time(&on(Some("gravel"), None), Profile::Bicycle, true), 300); // 12 km/h
    assert_eq!(time(&on(Some("sand"), None), Profile::Bicycle, true), 900); // pushed
    assert_eq!(time(&on(None, Some("very_bad")), Profile::Bicycle, true), 600); // 6 km/h
    assert_eq!(time(&on(Some("gravel"), Some("very_bad")), Profile::Bicycle, true), 600); // the slower of both
    assert!(is_barred(&on(None, Some("impassable")), Profile::Bicycle));
    assert_eq!(time(&on(None, Some("impassable")), Profile::Adult, true), 750);
}

#[test]
fn gates_with_a_step_stop_wheels() {
    let gate = Segment { length_m: 0.0, ..segment(Kind::Gate, &[0.0, 0.0]) };
    let step = NodeGround { obstacle: Obstacle::named("step"), ..NodeGround::default() };
    let barred = Segment { ground: step.into(), ..gate };
    assert!(is_barred(&barred, Profile::Wheelchair) && is_barred(&barred, Profile::Stroller));
    assert_eq!((time(&barred, Profile::Adult, true), time(&gate, Profile::Wheelchair, true)), (0, 0));
}

#[test]
fn lifts_wait_then_rise() {
    let s = Segment { length_m: 0.0, rise_m: 12.0, ..segment(Kind::Lift, &[7.0, 7.0]) };
    assert_eq!(time(&s, Profile::Adult, true), 420);
    assert_eq!(time(&s, Profile::Wheelchair, true), 420);
}

#[test]
fn ferries_and_cable_cars_use_their_duration() {
    let s = Segment { length_m: 1000.0, duration_s: 600, ..segment(Kind::Ferry, &[0.0, 0.0]) };
    assert_eq!(time(&s, Profile::Adult, true), 9000);
    let free = Segment { duration_s: 0, ..s };
    assert_eq!(time(&free, Profile::Adult, true), 3000 + 3600);
    let car = Segment { kind: Kind::Aerialway, duration_s: 0, ..s };
    assert_eq!(time(&car, Profile::Adult, true), 1200 + 2000);
    let funicular = Segment { kind: Kind::Funicular, ..s };
    assert_eq!(time(&funicular, Profile::Adult, true), 3000 + 6000);
    let funicular = Segment { kind: Kind::Funicular, duration_s: 0, ..s };
    assert_eq!(time(&funicular, Profile::Wheelchair, true), 3000 + 5000);
}

#[test]
fn dismounted_cyclists_push_and_escalators_have_their_speed() {
    let s = segment(Kind::Path, &[0.0, 0.0]);
    let pushed = Segment { access: s.access.with(Access::DISMOUNT), ..s };
    assert_eq!(time(&pushed, Profile::Bicycle, true), 900); // 100 m at 4 km/h
    assert_eq!(time(&pushed, Profile::Adult, true), 750);
    let down = Segment { heights: &[5.0, 0.0], ..pushed };
    assert_eq!(time(&down, Profile::Bicycle, true), 900);
    let moving = Segment { access: Access::FOOT_FORWARD, ..segment(Kind::Escalator, &[0.0, 20.0]) };
    assert_eq!(time(&moving, Profile::Adult, true), 2000);
    assert_eq!(cost(&moving, Profiles::default().get(Profile::Adult), false), Deciseconds::NEVER);
}
