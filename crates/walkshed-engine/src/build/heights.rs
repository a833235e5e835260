//! Heights of junctions and along segments.

use crate::access::Kind;
use crate::elevation::{Elevation, Sampled};
use crate::geo::{Fixed, Metric};

/// Heights are sampled this close together along a segment, metres.
pub(super) const SAMPLE_M: f64 = 30.0;
/// And no more of them on one segment: on a segment of more than 30 km, which no street is, they stand farther apart.
const MOST_SAMPLES: f64 = 1000.0;

/// A segment as far as heights go.
pub(super) struct Segment<'a> {
    pub tail: u32,
    pub head: u32,
    pub length_m: f64,
    pub kind: Kind,
    /// Neither bridge nor tunnel, nor underground.
    pub is_on_terrain: bool,
    pub shape: &'a [Fixed],
}

impl Segment<'_> {
    /// Does it lie on the terrain, so that the terrain's height is its own?
    fn on_ground(&self) -> bool {
        self.is_on_terrain
            && matches!(self.kind, Kind::Street | Kind::Path | Kind::Steps | Kind::Escalator | Kind::Plaza)
    }
}

/// Heights of all vertices.
pub(super) struct VertexHeights {
    /// Metres, by vertex.
    pub metres: Vec<f32>,
    /// Vertices in voids of the rasters: filled from the rims.
    pub filled: u64,
    /// Vertices in voids that have no rim: they take the height of a neighbour.
    pub in_voids: u64,
    /// Vertices outside the rasters: they take the height of a neighbour.
    pub outside: u64,
}

/// Heights of all vertices, and how many had none in the rasters.
///
/// A vertex where only bridges, tunnels, lifts and the like meet is not on the terrain: it takes the height in between
/// those of the ends on the ground, by distance.
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
    let mut hanging: Vec<Vec<(u32, f64)>> = vec![Vec::new(); points.len()];
    for s in segments.iter().filter(|s| !s.on_ground()) {
        let weight = 1.0 / s.length_m.max(0.1);
        hanging[s.tail as usize].push((s.head, weight));
        hanging[s.head as usize].push((s.tail, weight));
    }
    let floating: Vec<usize> = (0..points.len()).filter(|&v| !grounded[v] && !hanging[v].is_empty()).collect();
    // Gauss-Seidel: chains of bridge pieces are short, and a centimetre is enough.
    for _ in 0..500 {
        let mut change = 0.0_f64;
        for &v in &floating {
            let (sum, weight) =
                hanging[v].iter().fold((0.0, 0.0), |(s, w), &(o, k)| (s + f64::from(heights[o as usize]) * k, w + k));
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

/// Vertices without a value take that of the nearest one (in steps along the streets), or 0 when there is none.
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

/// Heights at equal distances along a segment, both ends included (at least two values).
pub(super) fn along(segment: &Segment, ends: (f32, f32), elevation: &Elevation, out: &mut Vec<f32>) {
    let pieces = if segment.on_ground() && !elevation.is_empty() {
        (segment.length_m / SAMPLE_M).ceil().clamp(1.0, MOST_SAMPLES) as usize
    } else {
        1
    };
    let first = out.len();
    out.push(ends.0);
    if pieces > 1 {
        let metric = Metric::at(segment.shape[0].lat());
        let step = segment.length_m / pieces as f64;
        let (mut piece, mut before) = (0, 0.0);
        for i in 1..pieces {
            let want = step * i as f64;
            let (a, b, len) = loop {
                let (a, b) = (segment.shape[piece], segment.shape[piece + 1]);
                let len = metric.distance(a, b);
                if before + len >= want || piece + 2 >= segment.shape.len() {
                    break (a, b, len);
                }
                before += len;
                piece += 1;
            };
            let t = if len > 0.0 { ((want - before) / len).clamp(0.0, 1.0) } else { 0.0 };
            let line = ends.0 + (ends.1 - ends.0) * (i as f32 / pieces as f32);
            out.push(elevation.sample(a.lerp(b, t)).unwrap_or(line));
        }
    }
    out.push(ends.1);
    smooth(&mut out[first..]);
}

/// A binomial kernel (1/4, 1/2, 1/4) over the inner samples: rasters in whole metres make steps of what is a slope.
fn smooth(heights: &mut [f32]) {
    let mut before = heights[0];
    for i in 1..heights.len() - 1 {
        let here = heights[i];
        heights[i] = 0.25 * before + 0.5 * here + 0.25 * heights[i + 1];
        before = here;
    }
}
