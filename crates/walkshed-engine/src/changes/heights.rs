//! Heights of the joints of new streets.

use super::line::{Joint, Line};
use crate::polyline::length_m;

/// Interpolates the heights of joints on no street of the file from those of their neighbours along the lines, by
/// Gauss-Seidel iteration.
pub(crate) fn interpolate_heights(lines: &[Line<'_>], joints: &mut [Joint]) {
    let fixed: Vec<bool> = joints.iter().map(|j| j.on.is_some()).collect();
    // A scenario has few lines, so a fixed number of rounds is enough.
    for _ in 0..100 {
        for n in (0..joints.len()).filter(|&n| !fixed[n]) {
            let (mut sum, mut weights) = (0.0, 0.0);
            for line in lines {
                let long = length_m(&line.points).max(0.1);
                let mut stops: Vec<(f64, usize)> = line.joints.clone();
                stops.insert(0, (0.0, line.ends[0]));
                stops.push((1.0, line.ends[1]));
                for pair in stops.windows(2) {
                    let other = match (pair[0].1 == n, pair[1].1 == n) {
                        (true, false) => pair[1].1,
                        (false, true) => pair[0].1,
                        _ => continue,
                    };
                    let weight = 1.0 / ((pair[1].0 - pair[0].0) * long).max(0.1);
                    sum += weight * f64::from(joints[other].height);
                    weights += weight;
                }
            }
            if weights > 0.0 {
                joints[n].height = (sum / weights) as f32;
            }
        }
    }
}
