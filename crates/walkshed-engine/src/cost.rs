//! The time to travel a segment.

use super::access::{Access, Kind};
use super::ground::Ground;
use super::profile::{AccessMode, ProfileParams, SlopeModel};
use super::units::Deciseconds;

/// A segment as far as its cost goes.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub length_m: f64,
    pub kind: Kind,
    pub access: Access,
    pub ground: Ground,
    /// Seconds from the `duration` tag (ferries, aerialways, funiculars), 0 for none.
    pub duration_s: u32,
    /// Rise of a lift in metres.
    pub rise_m: f64,
    /// Heights at equal distances, at least two.
    pub heights: &'a [f32],
}

/// The cost of a segment in one direction, [`Deciseconds::NEVER`] where the profile may not go.
#[must_use]
pub fn cost(segment: &Segment, params: &ProfileParams, forward: bool) -> Deciseconds {
    let is_open = is_open_to(segment, params) && segment.access.allows(params.access, forward);
    if !is_open || segment.ground.bars(segment.kind, params) || is_too_steep(segment, params) {
        return Deciseconds::NEVER;
    }
    Deciseconds::from_seconds(seconds(segment, params, forward))
}

fn is_open_to(s: &Segment, params: &ProfileParams) -> bool {
    s.kind.open_to(params) || s.kind == Kind::Steps && params.ramps && s.access.has_ramp_for(params.access)
}

/// Slopes bar both directions: whoever cannot go up does not dare to go down.
fn is_too_steep(s: &Segment, params: &ProfileParams) -> bool {
    let counts = match s.kind {
        Kind::Street | Kind::Path | Kind::Plaza => true,
        // A ramp on steps is as steep as they are: strollers are pushed up on it all the same, wheelchairs are not.
        Kind::Steps => !params.steps && params.access == AccessMode::Wheelchair,
        Kind::Escalator
        | Kind::Lift
        | Kind::Ferry
        | Kind::Aerialway
        | Kind::Funicular
        | Kind::Gate
        | Kind::OffNetwork => false,
    };
    counts && s.ground.is_steeper_than(params, s.length_m, s.heights)
}

fn seconds(s: &Segment, params: &ProfileParams, forward: bool) -> f64 {
    match s.kind {
        Kind::Gate => 0.0,
        Kind::OffNetwork => s.length_m / params.off_network_m_s(),
        Kind::Lift => {
            let climb = f64::from(s.heights[s.heights.len() - 1] - s.heights[0]).abs();
            params.lift_wait_s + s.rise_m.max(climb).max(s.length_m) / params.lift_m_s
        }
        Kind::Escalator => s.length_m / params.escalator_m_s,
        Kind::Ferry => params.ferry_wait_s + timetable(s).unwrap_or(s.length_m / (params.ferry_kmh / 3.6)),
        Kind::Aerialway => params.aerialway_wait_s + timetable(s).unwrap_or(s.length_m / params.aerialway_m_s),
        Kind::Funicular => params.funicular_wait_s + timetable(s).unwrap_or(s.length_m / params.funicular_m_s),
        Kind::Steps if params.steps => steps(s, params, forward),
        Kind::Steps => s.length_m / params.ramp_m_s,
        Kind::Street | Kind::Path | Kind::Plaza => {
            if params.access == AccessMode::Bicycle && s.access.has(Access::DISMOUNT) {
                s.length_m / params.dismounted_m_s()
            } else {
                slopes(s, params, forward)
            }
        }
    }
}

fn timetable(s: &Segment) -> Option<f64> {
    (s.duration_s > 0).then_some(f64::from(s.duration_s))
}

/// Up or down by the `incline` tag, else by the heights; where neither tells, the mean of both times.
fn steps(s: &Segment, params: &ProfileParams, forward: bool) -> f64 {
    let (up, down) = (s.length_m / params.steps_up_m_s, s.length_m / params.steps_down_m_s);
    let rise = f64::from(s.heights[s.heights.len() - 1] - s.heights[0]);
    let climbs_forward = if s.access.has(Access::STEPS_UP_FORWARD) {
        Some(true)
    } else if s.access.has(Access::STEPS_UP_BACKWARD) {
        Some(false)
    } else {
        (rise != 0.0).then_some(rise > 0.0)
    };
    match climbs_forward {
        None => f64::midpoint(up, down),
        Some(climbs) if climbs == forward => up,
        Some(_) => down,
    }
}

fn slopes(s: &Segment, params: &ProfileParams, forward: bool) -> f64 {
    let pieces = s.heights.len() - 1;
    let piece_m = s.length_m / pieces as f64;
    if piece_m <= 0.0 {
        return 0.0;
    }
    let limit = s.ground.speed_limit_m_s(params);
    // Where riding is no faster than walking, one pushes.
    let pushing = if params.slope_model == SlopeModel::Cycling { params.dismounted_m_s() } else { 0.0 };
    s.heights
        .windows(2)
        .map(|h| {
            let g = f64::from(h[1] - h[0]) / piece_m;
            piece_m / params.speed_m_s(if forward { g } else { -g }).min(limit).max(pushing)
        })
        .sum()
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
