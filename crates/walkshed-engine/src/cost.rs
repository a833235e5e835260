//! The travel time of a segment.

use super::access::{Access, AccessMode, Kind};
use super::ground::Ground;
use super::profile::{ProfileParams, SlopeModel};
use super::units::Deciseconds;

/// The properties of a segment that determine its cost.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Length in metres.
    pub length_m: f64,
    /// The kind of the segment.
    pub kind: Kind,
    /// Who may use it, and in which direction.
    pub access: Access,
    /// What wheels meet.
    pub ground: Ground,
    /// Seconds from the `duration` tag (ferries, aerialways, funiculars), or 0.
    pub duration_s: u32,
    /// Rise of a lift in metres.
    pub rise_m: f64,
    /// Heights in metres at equal distances, at least two.
    pub heights: &'a [f32],
}

/// Returns the cost of a segment in one direction, or [`Deciseconds::NEVER`] if the profile may not use it.
#[must_use]
pub fn cost(segment: &Segment, params: &ProfileParams, forward: bool) -> Deciseconds {
    let is_open = is_usable(segment, params) && segment.access.allows(params.access, forward);
    if !is_open || segment.ground.stops(segment.kind, params) || is_too_steep(segment, params) {
        return Deciseconds::NEVER;
    }
    Deciseconds::from_seconds(seconds(segment, params, forward))
}

/// Returns whether the profile can use this kind of segment, or a ramp on it.
fn is_usable(s: &Segment, params: &ProfileParams) -> bool {
    match s.kind {
        Kind::Steps => params.steps || params.ramps && s.access.has_ramp_for(params.access),
        Kind::Escalator => params.escalators,
        Kind::Lift => params.lifts,
        Kind::Ferry => params.ferries,
        Kind::Aerialway => params.aerialways,
        Kind::Funicular => params.funiculars,
        Kind::Street | Kind::Path | Kind::Plaza | Kind::Gate | Kind::OffNetwork => true,
    }
}

/// Slopes block both directions: people who cannot go up a slope do not go down it either.
fn is_too_steep(s: &Segment, params: &ProfileParams) -> bool {
    let counts = match s.kind {
        Kind::Street | Kind::Path | Kind::Plaza => true,
        // A ramp on steps is as steep as the steps. Strollers are pushed up it all the same; wheelchairs are not.
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
        Kind::Ferry => params.ferry_wait_s + scheduled_s(s).unwrap_or(s.length_m / (params.ferry_kmh / 3.6)),
        Kind::Aerialway => params.aerialway_wait_s + scheduled_s(s).unwrap_or(s.length_m / params.aerialway_m_s),
        Kind::Funicular => params.funicular_wait_s + scheduled_s(s).unwrap_or(s.length_m / params.funicular_m_s),
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

fn scheduled_s(s: &Segment) -> Option<f64> {
    (s.duration_s > 0).then_some(f64::from(s.duration_s))
}

/// The direction comes from the `incline` tag, else from the heights. If neither is known, the time is the mean of both
/// directions.
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
    let parts = s.heights.len() - 1;
    let part_m = s.length_m / parts as f64;
    if part_m <= 0.0 {
        return 0.0;
    }
    let limit = s.ground.speed_limit_m_s(params);
    // Cyclists push where riding is no faster than walking.
    let pushing = if params.slope_model == SlopeModel::Cycling { params.dismounted_m_s() } else { 0.0 };
    s.heights
        .windows(2)
        .map(|h| {
            let g = f64::from(h[1] - h[0]) / part_m;
            part_m / params.speed_m_s(if forward { g } else { -g }).min(limit).max(pushing)
        })
        .sum()
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
