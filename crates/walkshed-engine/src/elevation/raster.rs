//! A raster of heights: sampled between its samples, its voids filled from their rims.

use crate::geo::{Fixed, Metric};

/// One raster of heights in metres; row 0 is the northernmost.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    /// Longitude and latitude of the centre of the first (north-western) sample.
    pub west: f64,
    pub north: f64,
    /// Degrees between samples.
    pub step_x: f64,
    pub step_y: f64,
    pub columns: usize,
    pub rows: usize,
    heights: Vec<f32>,
    voids: Voids,
}

/// Which samples had no height in the file.
#[derive(Debug, Clone)]
enum Voids {
    None,
    /// A bit for each sample; they hold what their rims give.
    Some(Vec<u64>),
    /// Every sample, so that there is no rim.
    All,
}

/// What a raster says of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampled {
    /// Metres above sea level.
    Height(f32),
    /// The position lies in a void; the height is that of its rims.
    Filled(f32),
    /// The position lies in a void without a rim: there is no height in the file.
    Void,
    /// The position lies outside the files.
    Outside,
}

/// Where a raster lies.
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
    /// A raster of `heights` (row by row, NaN in voids), whose voids are filled from their rims.
    ///
    /// A sample in a void takes the mean of the nearest heights in the eight directions of the grid, each weighted by one
    /// over its distance. It lies between the least and the greatest of them, and continues a slope where both sides of it
    /// are known.
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

    /// Bilinear between the four samples around a position; the nearest ones where the position lies within half a
    /// sample outside. Where samples of voids weigh half or more, the position lies in the void.
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
            sum += f64::from(self.heights[index]) * weight;
            if self.is_void(index) {
                of_voids += weight;
            }
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

    /// Has it a height anywhere?
    pub(super) fn has_heights(&self) -> bool {
        !matches!(self.voids, Voids::All)
    }

    /// Fills `count` voids: one pass over the raster from its first sample to its last for the four directions of what came
    /// before, one back for the other four. A void that sees no height in any direction sees one that has been filled in the
    /// next round, at the latest.
    fn fill(&mut self, count: usize) {
        let (voids, mut count) = (bits_of_nan(&self.heights), count);
        let mut pending = voids.clone();
        while count > 0 {
            let mut weights = vec![0.0f32; count];
            self.sweep(&pending, &mut weights, false);
            self.sweep(&pending, &mut weights, true);
            pending = bits_of_nan(&self.heights);
            count = pending.iter().map(|b| b.count_ones() as usize).sum();
        }
        self.voids = Voids::Some(voids);
    }

    /// Gives every pending sample the nearest heights of its row and of the rows before it; of those after it when the
    /// raster is turned by half a circle. `weights` are the sums of the weights of pending samples, in their order.
    fn sweep(&mut self, pending: &[u64], weights: &mut [f32], is_turned: bool) {
        /// The nearest height in a direction, and how many samples away; NaN and whatever where there is none.
        type Seen = (f32, u32);
        const NOTHING: Seen = (f32::NAN, 0);
        let farther = |(height, steps): Seen| (height, steps.saturating_add(1));
        let (columns, rows, last) = (self.columns, self.rows, self.heights.len() - 1);
        // By column of the row before, with one more on either side: what is seen straight on, from the left, from the right.
        let mut above = vec![[NOTHING; 3]; columns + 2];
        let mut here = above.clone();
        let mut number = 0;
        for row in 0..rows {
            let lat = self.north - (if is_turned { rows - 1 - row } else { row }) as f64 * self.step_y;
            let metric = Metric::at(lat.clamp(-89.9, 89.9));
            let (dx, dy) = (self.step_x * metric.kx * Fixed::PER_DEGREE, self.step_y * metric.ky * Fixed::PER_DEGREE);
            let metres = [dy, dx.hypot(dy), dx.hypot(dy), dx];
            let mut before = NOTHING;
            for column in 0..columns {
                let index = if is_turned { last - (row * columns + column) } else { row * columns + column };
                if !has_bit(pending, index) {
                    before = (self.heights[index], 0);
                    here[column + 1] = [before; 3];
                    continue;
                }
                let seen = [above[column + 1][0], above[column][1], above[column + 2][2], before].map(farther);
                here[column + 1] = [seen[0], seen[1], seen[2]];
                before = seen[3];
                let of_void = if is_turned { weights.len() - 1 - number } else { number };
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
