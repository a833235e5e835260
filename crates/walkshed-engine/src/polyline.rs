//! Parts, lengths and heights of lines.

use crate::geo::{Fixed, Metric, chord_length_m};

/// Returns the length of a line in metres.
pub(crate) fn length_m(points: &[Fixed]) -> f64 {
    points.windows(2).map(|p| chord_length_m(p[0], p[1])).sum()
}

/// Returns the part of a line between two fractions of its length.
pub(crate) fn cut(shape: &[Fixed], metric: &Metric, low: f64, high: f64) -> Vec<Fixed> {
    let total: f64 = shape.windows(2).map(|p| metric.distance(p[0], p[1])).sum();
    let (from, to) = (low * total, high * total);
    let mut out = Vec::with_capacity(shape.len());
    let mut before = 0.0;
    for pair in shape.windows(2) {
        let len = metric.distance(pair[0], pair[1]);
        let after = before + len;
        if after >= from && before <= to && len > 0.0 {
            if out.is_empty() {
                out.push(pair[0].lerp(pair[1], ((from - before) / len).clamp(0.0, 1.0)));
            }
            out.push(pair[0].lerp(pair[1], ((to - before) / len).clamp(0.0, 1.0)));
        }
        before = after;
    }
    if out.is_empty() {
        out.push(shape[0]);
    }
    out.dedup();
    out
}

/// Interpolates the height at a fraction of a line whose heights are sampled at equal distances.
#[must_use]
pub(crate) fn height_along(heights: &[f32], fraction: f64) -> f64 {
    let last = (heights.len() - 1) as f64;
    let x = (fraction * last).clamp(0.0, last);
    let i = (x.floor() as usize).min(heights.len().saturating_sub(2));
    let t = x - i as f64;
    f64::from(heights[i]) * (1.0 - t) + f64::from(heights[i + 1]) * t
}

/// Returns the heights of a part of a line, at equal distances.
pub(crate) fn resample(heights: &[f32], from: f64, to: f64) -> Vec<f32> {
    let pieces = (((heights.len() - 1) as f64) * (to - from)).ceil().max(1.0);
    let at = |i: usize| height_along(heights, from + (to - from) * i as f64 / pieces) as f32;
    (0..=pieces as usize).map(at).collect()
}
