use super::*;
use crate::network::profile::{Profile, Profiles};

fn segment(kind: Kind, heights: &[f32]) -> Segment<'_> {
    Segment { length_m: 100.0, kind, access: Access::FOOT.with(Access::BIKE), duration_s: 0, rise_m: 0.0, heights }
}

fn time(s: &Segment, profile: Profile, forward: bool) -> u32 {
    cost(s, Profiles::default().get(profile), forward).0
}

#[test]
fn level_ground_is_length_over_speed() {
    let s = segment(Kind::Street, &[10.0, 10.0]);
    assert_eq!(time(&s, Profile::Adult, true), 750); // 100 m at 4.8 km/h = 75 s
    assert_eq!(time(&s, Profile::Bicycle, false), 240);
    assert_eq!(time(&s, Profile::Wheelchair, true), 1200);
}

#[test]
fn uphill_is_slower_than_downhill_and_caps_hold() {
    let s = segment(Kind::Path, &[0.0, 10.0]);
    // exp(-3.5 (0.15 - 0.05)) = exp(-0.35) uphill; at -10 % the level speed again.
    assert_eq!(time(&s, Profile::Adult, true), (750.0 * 0.35_f64.exp()).round() as u32);
    assert_eq!(time(&s, Profile::Adult, false), 750);
    let cliff = segment(Kind::Path, &[0.0, 500.0]);
    let capped = segment(Kind::Path, &[0.0, 40.0]);
    assert_eq!(time(&cliff, Profile::Adult, true), time(&capped, Profile::Adult, true));
}

#[test]
fn steps_go_by_incline_then_heights_then_the_mean() {
    let up = segment(Kind::Steps, &[0.0, 30.0]);
    assert_eq!((time(&up, Profile::Adult, true), time(&up, Profile::Adult, false)), (2000, 1493));
    let tagged = Segment { access: up.access.with(Access::STEPS_UP_BACKWARD), ..up };
    assert_eq!((time(&tagged, Profile::Adult, true), time(&tagged, Profile::Adult, false)), (1493, 2000));
    let flat = segment(Kind::Steps, &[5.0, 5.0]);
    assert_eq!(time(&flat, Profile::Adult, true), time(&flat, Profile::Adult, false));
    for barred in [Profile::Wheelchair, Profile::Stroller, Profile::Bicycle] {
        assert_eq!(cost(&up, Profiles::default().get(barred), true), Deciseconds::NEVER);
    }
}

#[test]
fn lifts_wait_then_rise() {
    let s = Segment { length_m: 0.0, rise_m: 12.0, ..segment(Kind::Lift, &[7.0, 7.0]) };
    assert_eq!(time(&s, Profile::Adult, true), 420);
    assert_eq!(time(&s, Profile::Wheelchair, true), 420);
}

#[test]
fn ferries_and_cable_cars_keep_their_timetable() {
    let s = Segment { length_m: 1000.0, duration_s: 600, ..segment(Kind::Ferry, &[0.0, 0.0]) };
    assert_eq!(time(&s, Profile::Adult, true), 9000);
    let free = Segment { duration_s: 0, ..s };
    assert_eq!(time(&free, Profile::Adult, true), 3000 + 3600);
    let car = Segment { kind: Kind::Aerialway, duration_s: 0, ..s };
    assert_eq!(time(&car, Profile::Adult, true), 1200 + 2000);
}

#[test]
fn dismounted_cyclists_push_and_escalators_carry() {
    let s = segment(Kind::Path, &[0.0, 0.0]);
    let pushed = Segment { access: s.access.with(Access::DISMOUNT), ..s };
    assert_eq!(time(&pushed, Profile::Bicycle, true), 900); // 100 m at 4 km/h
    assert_eq!(time(&pushed, Profile::Adult, true), 750);
    let moving = Segment { access: Access::FOOT_FORWARD, ..segment(Kind::Escalator, &[0.0, 20.0]) };
    assert_eq!(time(&moving, Profile::Adult, true), 2000);
    assert_eq!(cost(&moving, Profiles::default().get(Profile::Adult), false), Deciseconds::NEVER);
}
