//! Reproducible pseudo-random numbers and smooth noise, identical on every platform and in every release.

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of pseudo-random numbers. It is implemented here because generators of libraries may change between
/// releases, and a seed must always give the same city.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Creates the stream for a seed, a purpose and an item. Streams are independent of each other.
    #[must_use]
    pub const fn of(seed: u64, purpose: u64, item: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(GOLDEN))
            ^ mix(purpose.wrapping_mul(GOLDEN))
            ^ mix(item.wrapping_add(GOLDEN << 1))))
    }

    /// Returns the next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Returns a number from 0 (inclusive) to 1 (exclusive).
    pub const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number between `low` and `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Returns an integer from 0 to `n - 1`, or 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Returns true with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns a random item of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Returns an integer with mean `mean`: its floor, or one more with the probability of the fraction.
    pub fn rounded_randomly(&mut self, mean: f64) -> usize {
        mean.max(0.0) as usize + usize::from(self.chance(mean.max(0.0).fract()))
    }

    /// Returns an approximately normal number with mean 0 and standard deviation 1: the sum of twelve uniform numbers
    /// minus six.
    pub fn normal(&mut self) -> f64 {
        (0..12).fold(-6.0, |sum, _| sum + self.unit())
    }
}

/// Returns smooth noise between -1 and 1: random values at integer coordinates, interpolated by a quintic.
#[must_use]
pub fn noise(seed: u64, x: f64, y: f64) -> f64 {
    let (fx, fy) = (x.floor(), y.floor());
    let (tx, ty) = (x - fx, y - fy);
    let smooth = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let value = |ix: i64, iy: i64| {
        let bits = mix(seed ^ (ix as u64).wrapping_mul(GOLDEN) ^ mix((iy as u64).wrapping_add(GOLDEN)));
        (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let (ix, iy) = (fx as i64, fy as i64);
    let (sx, sy) = (smooth(tx), smooth(ty));
    let south = value(ix, iy) + (value(ix + 1, iy) - value(ix, iy)) * sx;
    let north = value(ix, iy + 1) + (value(ix + 1, iy + 1) - value(ix, iy + 1)) * sx;
    south + (north - south) * sy
}

/// Divides a total into integer parts proportional to weights, with an exact sum (largest remainder method; ties go to
/// the lower index). If all weights are zero, the first part takes everything.
#[must_use]
pub fn apportion(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if weights.is_empty() {
        return Vec::new();
    }
    let exact: Vec<f64> = weights.iter().map(|w| if sum > 0.0 { total as f64 * w / sum } else { 0.0 }).collect();
    let mut parts: Vec<u64> = exact.iter().map(|e| *e as u64).collect();
    let mut left = total - parts.iter().sum::<u64>().min(total);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    for &i in order.iter().cycle() {
        if left == 0 {
            break;
        }
        if sum <= 0.0 {
            parts[0] += left;
            break;
        }
        if weights[i] > 0.0 {
            parts[i] += 1;
            left -= 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_independent() {
        let draw = |mut r: Random| (0..4).map(|_| r.bits()).collect::<Vec<_>>();
        assert_eq!(draw(Random::of(1, 2, 3)), draw(Random::of(1, 2, 3)));
        let all =
            [Random::of(1, 2, 3), Random::of(1, 3, 2), Random::of(2, 1, 3), Random::of(0, 0, 0), Random::of(3, 2, 1)];
        let firsts: std::collections::HashSet<u64> = all.into_iter().map(|mut r| r.bits()).collect();
        assert_eq!(firsts.len(), 5);
        let mut r = Random::of(7, 0, 0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            let x = r.normal();
            sum += x;
            squares += x * x;
        }
        assert!((sum / 20_000.0).abs() < 0.03 && (squares / 20_000.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn noise_is_bounded_and_continuous() {
        for i in 0..500 {
            let (x, y) = (f64::from(i) * 0.37 - 40.0, f64::from(i) * 0.21 - 30.0);
            let here = noise(9, x, y);
            assert!((-1.0..=1.0).contains(&here));
            assert!((noise(9, x + 1e-4, y) - here).abs() < 1e-3, "{x} {y}");
        }
    }

    #[test]
    fn parts_sum_to_the_whole() {
        assert_eq!(apportion(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(apportion(0, &[1.0, 2.0]), [0, 0]);
        assert_eq!(apportion(5, &[0.0, 0.0]), [5, 0]);
        assert_eq!(apportion(5, &[0.0, 3.0]), [0, 5]);
        let mut r = Random::of(5, 0, 0);
        for total in [1, 7, 1_564_400] {
            let weights: Vec<f64> = (0..97).map(|_| r.unit()).collect();
            assert_eq!(apportion(total, &weights).iter().sum::<u64>(), total);
        }
    }
}
