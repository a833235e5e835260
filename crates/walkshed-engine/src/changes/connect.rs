//! Connects new streets to existing ones and to each other.

use super::heights::interpolate_heights;
use super::line::{Joint, Line, propagate_marks};
use super::street_change::{JOIN_LIMIT_M, StreetChange, StreetChangeError};
use crate::access::Structure;
use crate::geo::{Fixed, Metric, chord_length_m};
use crate::network::Network;
use crate::polyline::length_m;
use crate::profile::Profile;
use crate::units::EdgeId;

/// Ends of new streets within this distance share a vertex, metres.
const SAME_PLACE_M: f64 = 3.0;

/// New lines connected to streets and to each other.
pub(super) struct ConnectedLines<'a> {
    pub lines: Vec<Line<'a>>,
    pub joints: Vec<Joint>,
    /// By line: the index of its change.
    pub change_of_line: Vec<usize>,
}

impl Network {
    /// Connects the new lines to streets and to each other. Ignores the closed edges.
    ///
    /// # Errors
    /// Returns the index of a change that cannot be made, with the reason.
    pub(super) fn connect_lines<'c>(
        &self,
        changes: &'c [StreetChange],
        closed: &[EdgeId],
    ) -> Result<ConnectedLines<'c>, (usize, StreetChangeError)> {
        let (mut lines, mut change_of_line) = (Vec::new(), Vec::new());
        for (n, change) in changes.iter().enumerate() {
            let StreetChange::Add { kind, line, name } = change else { continue };
            if line.len() < 2 {
                return Err((n, StreetChangeError::TooShort(line.len())));
            }
            let points = line.iter().map(|&p| self.align_longitude(p.into())).collect();
            lines.push(Line {
                kind: *kind,
                points,
                name: name.as_deref(),
                ends: [0; 2],
                joints: Vec::new(),
                is_restricted: false,
            });
            change_of_line.push(n);
        }
        // Ends at the same place share a joint, unless they are the two ends of one line.
        let mut joints: Vec<Joint> = Vec::new();
        for (l, line) in lines.iter().enumerate() {
            for end in [0, 1] {
                let at = line.end(end);
                let near = |j: &&mut Joint| {
                    chord_length_m(j.at, at) <= SAME_PLACE_M && j.ends.iter().all(|(other, _)| *other != l)
                };
                match joints.iter_mut().find(near) {
                    Some(joint) => joint.ends.push((l, end)),
                    None => joints.push(Joint { at, ends: vec![(l, end)], height: 0.0, street: None, on: None }),
                }
            }
        }
        let closed: Vec<u32> = closed.iter().map(|id| id.0).collect();
        let street_near = |at: Fixed, limit_m: f64| self.snap_to_base(at, Profile::Adult, limit_m, &closed);
        let mut on_lines = Vec::new();
        for (n, joint) in joints.iter_mut().enumerate() {
            // Where new lines meet each other they need no street, but they join one that is there.
            let limit_m = if joint.ends.len() > 1 { SAME_PLACE_M } else { JOIN_LIMIT_M };
            let street = street_near(joint.at, limit_m);
            let line = nearest_line(&lines, joint, limit_m);
            match (street, line) {
                (street, Some((d, l, fraction, at))) if street.is_none_or(|s| d < s.off_m) => {
                    on_lines.push((l, fraction, n));
                    joint.at = at;
                    joint.street = lines[l].name.map(str::to_owned);
                }
                (Some(snap), _) => {
                    joint.at = snap.at;
                    joint.street = self.name(snap.edge).map(str::to_owned);
                    joint.height = self.height_at(snap.edge, snap.fraction) as f32;
                    joint.on = Some((snap.edge, snap.fraction));
                }
                (None, _) if joint.ends.len() > 1 => {}
                (None, _) => {
                    let (l, end) = joint.ends[0];
                    let anywhere = street_near(joint.at, f64::INFINITY);
                    let why = StreetChangeError::EndNotConnected {
                        end: ["start", "end"][end],
                        at: joint.at.into(),
                        nearest_m: anywhere.map(|s| s.off_m),
                    };
                    return Err((change_of_line[l], why));
                }
            }
        }
        for (n, joint) in joints.iter().enumerate() {
            for &(l, end) in &joint.ends {
                let points = &mut lines[l].points;
                let index = if end == 0 { 0 } else { points.len() };
                points.insert(index, joint.at);
                lines[l].ends[end] = n;
            }
        }
        for (l, fraction, n) in on_lines {
            lines[l].joints.push((fraction, n));
        }
        for (line, &n) in lines.iter_mut().zip(&change_of_line) {
            line.points.dedup();
            if line.points.len() < 2 {
                return Err((n, StreetChangeError::NoLength(line.points[0].into())));
            }
            line.joints.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        if let Some(l) = find_unconnected(&lines, &joints) {
            return Err((change_of_line[l], StreetChangeError::NotConnected));
        }
        self.mark_restricted(&mut lines, &joints);
        interpolate_heights(&lines, &mut joints);
        Ok(ConnectedLines { lines, joints, change_of_line })
    }

    /// Marks new lines that meet only restricted streets, directly or through other new lines.
    fn mark_restricted(&self, lines: &mut [Line<'_>], joints: &[Joint]) {
        let is_open = |joint: &Joint| joint.on.is_some_and(|(edge, _)| !self.edge(edge).is_restricted());
        let mut open: Vec<bool> = joints.iter().map(is_open).collect();
        // Zones can be left only by entries: open access spreads along new lines, not through restricted streets.
        propagate_marks(lines, &mut open);
        for line in lines {
            line.is_restricted = !open[line.ends[0]];
        }
    }
}

/// Returns the point of another line nearest to a joint: metres, line, fraction, point.
fn nearest_line(lines: &[Line<'_>], joint: &Joint, limit_m: f64) -> Option<(f64, usize, f64, Fixed)> {
    let metric = Metric::at(joint.at.lat());
    let own = |l: usize| joint.ends.iter().any(|(other, _)| *other == l);
    let can_be_joined = |line: &Line<'_>| {
        let (kind, structure, _) = line.kind.parts();
        kind.can_be_snapped_to() && structure == Structure::Ground
    };
    let mut best: Option<(f64, usize, f64, Fixed)> = None;
    for (l, line) in lines.iter().enumerate().filter(|(l, line)| !own(*l) && can_be_joined(line)) {
        let whole = length_m(&line.points);
        let mut before = 0.0;
        for pair in line.points.windows(2) {
            let (t, d2) = metric.project(joint.at, pair[0], pair[1]);
            let long = chord_length_m(pair[0], pair[1]);
            if d2.sqrt() <= limit_m && whole > 0.0 && best.is_none_or(|b| d2.sqrt() < b.0) {
                best = Some((d2.sqrt(), l, (before + t * long) / whole, pair[0].lerp(pair[1], t)));
            }
            before += long;
        }
    }
    best
}

/// Returns a line that no street of the file is connected to, directly or through other new lines.
fn find_unconnected(lines: &[Line<'_>], joints: &[Joint]) -> Option<usize> {
    let mut reached: Vec<bool> = joints.iter().map(|j| j.on.is_some()).collect();
    propagate_marks(lines, &mut reached);
    lines.iter().position(|line| !reached[line.ends[0]])
}
