//! A raster of heights with bilinear sampling and filled voids.

use crate::geo::{Fixed, Metric};

/// A raster of heights in metres. Row 0 is the northernmost.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    /// Longitude and latitude of the centre of the first (north-western) sample, degrees.
    pub west: f64,
    pub north: f64,
    /// Distance between samples, degrees.
    pub step_x: f64,
    pub step_y: f64,
    pub columns: usize,
    pub rows: usize,
    heights: Vec<f32>,
    voids: Voids,
}

/// The samples without a height in the file.
#[derive(Debug, Clone)]
enum Voids {
    None,
    /// One bit per sample. Their heights are interpolated from the edge of the void.
    Some(Vec<u64>),
    /// All samples: there is nothing to interpolate from.
    All,
}

/// The result of sampling a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampled {
    /// A measured height, metres above sea level.
    Height(f32),
    /// The position is in a void. The height, in metres, is interpolated from the edge of the void.
    Filled(f32),
    /// The position is in a raster without any height.
    Void,
    /// The position is outside all rasters.
    Outside,
}

/// The position and size of a raster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub west: f64,
    pub north: f64,
    pub step_x: f64,
    pub step_y: f64,
    pub columns: usize,
    pub rows: usize,
}

impl Raster {
    /// Creates a raster from `heights` (row by row, NaN in voids) and fills its voids.
    ///
    /// A void sample gets the mean of the nearest heights in the eight directions of the grid, weighted by the inverse
    /// of their distance. The result lies between the lowest and the highest of them, and continues a slope if both
    /// sides are known.
    pub(super) fn new(frame: Frame, heights: Vec<f32>) -> Self {
        let Frame { west, north, step_x, step_y, columns, rows } = frame;
        let mut raster = Self { west, north, step_x, step_y, columns, rows, heights, voids: Voids::None };
        let count = raster.heights.iter().filter(|h| h.is_nan()).count();
        if count == raster.heights.len() {
            raster.voids = Voids::All;
        } else if count > 0 {
            raster.fill(count);
        }
        raster
    }

    /// Interpolates bilinearly between the four samples around a position. Up to half a sample outside the raster, the
    /// nearest samples count. The position is in a void if void samples have at least half the weight.
    pub(super) fn sample(&self, at: Fixed) -> Sampled {
        let fx = (at.lon() - self.west) / self.step_x;
        let fy = (self.north - at.lat()) / self.step_y;
        let (max_x, max_y) = (self.columns as f64 - 1.0, self.rows as f64 - 1.0);
        if !(-0.5..=max_x + 0.5).contains(&fx) || !(-0.5..=max_y + 0.5).contains(&fy) {
            return Sampled::Outside;
        }
        if matches!(self.voids, Voids::All) {
            return Sampled::Void;
        }
        let (fx, fy) = (fx.clamp(0.0, max_x), fy.clamp(0.0, max_y));
        let (x0, y0) = (fx.floor() as usize, fy.floor() as usize);
        let (x1, y1) = ((x0 + 1).min(self.columns - 1), (y0 + 1).min(self.rows - 1));
        let (tx, ty) = (fx - x0 as f64, fy - y0 as f64);
        let (mut sum, mut of_voids) = (0.0, 0.0);
        for (x, y, weight) in
            [(x0, y0, (1.0 - tx) * (1.0 - ty)), (x1, y0, tx * (1.0 - ty)), (x0, y1, (1.0 - tx) * ty), (x1, y1, tx * ty)]
        {
            let index = y * self.columns + x;
            if weight > 0.0 {
                sum += f64::from(self.heights[index]) * weight;
            }
            if self.is_void(index) {
                of_voids += weight;
            }
        }
        if sum.is_nan() {
            return Sampled::Void;
        }
        if of_voids < 0.5 { Sampled::Height(sum as f32) } else { Sampled::Filled(sum as f32) }
    }

    fn is_void(&self, index: usize) -> bool {
        match &self.voids {
            Voids::None => false,
            Voids::Some(bits) => has_bit(bits, index),
            Voids::All => true,
        }
    }

    /// Returns whether any sample has a height.
    pub(super) fn has_heights(&self) -> bool {
        !matches!(self.voids, Voids::All)
    }

    /// Fills `count` void samples. Each round has two passes: first to last sample for the four directions towards
    /// preceding samples, and back for the other four. A void sample without a height in any direction uses filled ones
    /// in the next round.
    fn fill(&mut self, count: usize) {
        let (voids, mut count) = (bits_of_nan(&self.heights), count);
        let mut pending = voids.clone();
        while count > 0 {
            let mut weights = vec![0.0f32; count];
            self.sweep(&pending, &mut weights, false);
            self.sweep(&pending, &mut weights, true);
            pending = bits_of_nan(&self.heights);
            let remaining = pending.iter().map(|b| b.count_ones() as usize).sum();
            if remaining == count {
                break;
            }
            count = remaining;
        }
        self.voids = Voids::Some(voids);
    }

    /// Adds to every pending sample the nearest heights in its row and in the preceding rows; in the following rows if
    /// `is_rotated` (the raster is rotated by 180 degrees). `weights` holds the sums of weights of the pending samples,
    /// in their order.
    fn sweep(&mut self, pending: &[u64], weights: &mut [f32], is_rotated: bool) {
        /// The nearest height in a direction and its distance in samples. The height is NaN if there is none.
        type Nearest = (f32, u32);
        const NO_HEIGHT: Nearest = (f32::NAN, 0);
        let farther = |(height, steps): Nearest| (height, steps.saturating_add(1));
        let (columns, rows, last) = (self.columns, self.rows, self.heights.len() - 1);
        // By column of the preceding row, with one extra column on each side: the nearest heights straight up, up-left,
        // and up-right.
        let mut above = vec![[NO_HEIGHT; 3]; columns + 2];
        let mut here = above.clone();
        let mut number = 0;
        for row in 0..rows {
            let lat = self.north - (if is_rotated { rows - 1 - row } else { row }) as f64 * self.step_y;
            let metric = Metric::at(lat.clamp(-89.9, 89.9));
            let (dx, dy) = (self.step_x * metric.kx * Fixed::PER_DEGREE, self.step_y * metric.ky * Fixed::PER_DEGREE);
            let metres = [dy, dx.hypot(dy), dx.hypot(dy), dx];
            let mut before = NO_HEIGHT;
            for column in 0..columns {
                let index = if is_rotated { last - (row * columns + column) } else { row * columns + column };
                if !has_bit(pending, index) {
                    before = (self.heights[index], 0);
                    here[column + 1] = [before; 3];
                    continue;
                }
                let seen = [above[column + 1][0], above[column][1], above[column + 2][2], before].map(farther);
                here[column + 1] = [seen[0], seen[1], seen[2]];
                before = seen[3];
                let of_void = if is_rotated { weights.len() - 1 - number } else { number };
                number += 1;
                let (mut mean, mut sum) = (f64::from(self.heights[index]), f64::from(weights[of_void]));
                for ((height, steps), metres) in seen.into_iter().zip(metres).filter(|(s, _)| !s.0.is_nan()) {
                    let (height, weight) = (f64::from(height), 1.0 / (f64::from(steps) * metres));
                    sum += weight;
                    mean = if mean.is_nan() { height } else { mean + (height - mean) * (weight / sum) };
                }
                (self.heights[index], weights[of_void]) = (mean as f32, sum as f32);
            }
            std::mem::swap(&mut above, &mut here);
        }
    }
}

fn has_bit(bits: &[u64], index: usize) -> bool {
    bits[index / 64] >> (index % 64) & 1 == 1
}

fn bits_of_nan(heights: &[f32]) -> Vec<u64> {
    let word = |chunk: &[f32]| chunk.iter().enumerate().fold(0, |word, (i, h)| word | u64::from(h.is_nan()) << i);
    heights.chunks(64).map(word).collect()
}
