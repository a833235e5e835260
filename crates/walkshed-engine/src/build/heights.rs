//! Heights of vertices, and along segments.

use crate::access::Kind;
use crate::elevation::{Elevation, Sampled};
use crate::geo::{Fixed, Metric};

/// Distance between height samples along a segment, metres.
pub(super) const SAMPLE_M: f64 = 30.0;
/// Maximum number of samples per segment. Only on segments longer than 30 km are samples farther apart than
/// [`SAMPLE_M`].
const MAX_SAMPLES: f64 = 1000.0;

/// The properties of a segment that determine its heights.
pub(super) struct Segment<'a> {
    pub tail: u32,
    pub head: u32,
    pub length_m: f64,
    pub kind: Kind,
    /// Whether it is neither a bridge, a tunnel, nor underground.
    pub is_on_terrain: bool,
    pub shape: &'a [Fixed],
}

impl Segment<'_> {
    /// Returns whether the segment lies on the terrain, so that the height of the terrain applies.
    fn on_ground(&self) -> bool {
        self.is_on_terrain
            && matches!(self.kind, Kind::Street | Kind::Path | Kind::Steps | Kind::Escalator | Kind::Plaza)
    }
}

/// Heights of all vertices.
pub(super) struct VertexHeights {
    /// Metres, by vertex.
    pub metres: Vec<f32>,
    /// Number of vertices in voids of the rasters whose heights were interpolated.
    pub filled: u64,
    /// Number of vertices in voids that cannot be interpolated. They take the height of a neighbour.
    pub in_voids: u64,
    /// Number of vertices outside the rasters. They take the height of a neighbour.
    pub outside: u64,
}

/// Computes the heights of all vertices, and counts those without a height in the rasters.
///
/// A vertex where only bridges, tunnels, lifts and the like meet is not on the terrain. Its height is interpolated, by
/// distance, between the ends that are on the ground.
pub(super) fn vertex_heights(points: &[Fixed], segments: &[Segment], elevation: &Elevation) -> VertexHeights {
    let [mut filled, mut in_voids, mut outside] = [0; 3];
    let mut height = |&at: &Fixed| match elevation.find(at) {
        Sampled::Height(height) => height,
        Sampled::Filled(height) => {
            filled += 1;
            height
        }
        Sampled::Void => {
            in_voids += 1;
            f32::NAN
        }
        Sampled::Outside => {
            outside += 1;
            f32::NAN
        }
    };
    let mut heights: Vec<f32> = points.iter().map(&mut height).collect();
    if elevation.is_empty() {
        // All ground counts as level.
        return VertexHeights { metres: vec![0.0; points.len()], filled, in_voids, outside };
    }
    spread_to_unknown(&mut heights, segments);

    let mut grounded = vec![false; points.len()];
    for s in segments.iter().filter(|s| s.on_ground()) {
        grounded[s.tail as usize] = true;
        grounded[s.head as usize] = true;
    }
    let mut off_terrain: Vec<Vec<(u32, f64)>> = vec![Vec::new(); points.len()];
    for s in segments.iter().filter(|s| !s.on_ground()) {
        let weight = 1.0 / s.length_m.max(0.1);
        off_terrain[s.tail as usize].push((s.head, weight));
        off_terrain[s.head as usize].push((s.tail, weight));
    }
    let unknown: Vec<usize> = (0..points.len()).filter(|&v| !grounded[v] && !off_terrain[v].is_empty()).collect();
    // Gauss-Seidel iteration. Chains of bridge segments are short, and a precision of 1 cm suffices.
    for _ in 0..500 {
        let mut change = 0.0_f64;
        for &v in &unknown {
            let (sum, weight) = off_terrain[v]
                .iter()
                .fold((0.0, 0.0), |(s, w), &(o, k)| (s + f64::from(heights[o as usize]) * k, w + k));
            let new = (sum / weight) as f32;
            change = change.max(f64::from((new - heights[v]).abs()));
            heights[v] = new;
        }
        if change < 0.01 {
            break;
        }
    }
    VertexHeights { metres: heights, filled, in_voids, outside }
}

/// Vertices without a height take that of the nearest vertex (in steps along the streets), or 0 if there is none.
fn spread_to_unknown(heights: &mut [f32], segments: &[Segment]) {
    while heights.iter().any(|h| h.is_nan()) {
        let mut found = Vec::new();
        for s in segments {
            let (a, b) = (heights[s.tail as usize], heights[s.head as usize]);
            match (a.is_nan(), b.is_nan()) {
                (true, false) => found.push((s.tail, b)),
                (false, true) => found.push((s.head, a)),
                _ => {}
            }
        }
        if found.is_empty() {
            heights.iter_mut().filter(|h| h.is_nan()).for_each(|h| *h = 0.0);
        }
        for (v, h) in found {
            heights[v as usize] = h;
        }
    }
}

/// Appends the heights at equal distances along a segment, including both ends (at least two values).
pub(super) fn along(segment: &Segment, ends: (f32, f32), elevation: &Elevation, out: &mut Vec<f32>) {
    let parts = if segment.on_ground() && !elevation.is_empty() {
        (segment.length_m / SAMPLE_M).ceil().clamp(1.0, MAX_SAMPLES) as usize
    } else {
        1
    };
    let first = out.len();
    out.push(ends.0);
    if parts > 1 {
        let metric = Metric::at(segment.shape[0].lat());
        let step = segment.length_m / parts as f64;
        let (mut part, mut before) = (0, 0.0);
        for i in 1..parts {
            let want = step * i as f64;
            let (a, b, len) = loop {
                let (a, b) = (segment.shape[part], segment.shape[part + 1]);
                let len = metric.distance(a, b);
                if before + len >= want || part + 2 >= segment.shape.len() {
                    break (a, b, len);
                }
                before += len;
                part += 1;
            };
            let t = if len > 0.0 { ((want - before) / len).clamp(0.0, 1.0) } else { 0.0 };
            let line = ends.0 + (ends.1 - ends.0) * (i as f32 / parts as f32);
            out.push(elevation.sample(a.lerp(b, t)).unwrap_or(line));
        }
    }
    out.push(ends.1);
    smooth(&mut out[first..]);
}

/// Smooths the inner samples with a binomial kernel (1/4, 1/2, 1/4), because rasters in whole metres turn slopes into
/// steps.
fn smooth(heights: &mut [f32]) {
    let mut before = heights[0];
    for i in 1..heights.len() - 1 {
        let here = heights[i];
        heights[i] = 0.25 * before + 0.5 * here + 0.25 * heights[i + 1];
        before = here;
    }
}
