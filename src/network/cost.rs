//! The time to travel a segment.

use super::access::{Access, Kind};
use super::profile::{AccessMode, ProfileParams};
use super::units::Deciseconds;

/// A segment as far as its cost goes.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub length_m: f64,
    pub kind: Kind,
    pub access: Access,
    /// Seconds from the `duration` tag (ferries, aerialways), 0 for none.
    pub duration_s: u32,
    /// Rise of a lift in metres.
    pub rise_m: f64,
    /// Heights at equal distances, at least two.
    pub heights: &'a [f32],
}

/// The cost of a segment in one direction, [`Deciseconds::NEVER`] where the profile may not go.
#[must_use]
pub fn cost(segment: &Segment, params: &ProfileParams, forward: bool) -> Deciseconds {
    if !segment.kind.open_to(params) || !segment.access.allows(params.access, forward) {
        return Deciseconds::NEVER;
    }
    Deciseconds::from_seconds(seconds(segment, params, forward))
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
        Kind::Steps => steps(s, params, forward),
        Kind::Street | Kind::Path | Kind::Plaza => {
            let dismounted = params.access == AccessMode::Bicycle && s.access.has(Access::DISMOUNT);
            let scale = if dismounted { params.level_kmh / params.dismounted_kmh } else { 1.0 };
            slopes(s, params, forward) * scale
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
    s.heights
        .windows(2)
        .map(|h| {
            let g = f64::from(h[1] - h[0]) / piece_m;
            piece_m / params.slope_m_s(if forward { g } else { -g })
        })
        .sum()
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
