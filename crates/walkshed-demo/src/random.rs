//! Chance that is the same everywhere and every time: numbers from a seed, and smooth noise over the plane.

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers. The library's generators may change theirs from one release to the next; a city may not.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed for one purpose and one thing, independent of all others.
    #[must_use]
    pub const fn of(seed: u64, purpose: u64, thing: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(GOLDEN))
            ^ mix(purpose.wrapping_mul(GOLDEN))
            ^ mix(thing.wrapping_add(GOLDEN << 1))))
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0 up to, not including, 1.
    pub const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From 0 to `n - 1`; 0 for none.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Yes, with this likelihood.
    pub fn chance(&mut self, likelihood: f64) -> bool {
        self.unit() < likelihood
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A whole number whose mean is `mean`: the floor, or one more with the likelihood of the rest.
    pub fn about(&mut self, mean: f64) -> usize {
        mean.max(0.0) as usize + usize::from(self.chance(mean.max(0.0).fract()))
    }

    /// Roughly normal, mean 0, deviation 1: the sum of twelve uniform numbers less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).fold(-6.0, |sum, _| sum + self.unit())
    }
}

/// Smooth noise between -1 and 1: random values at whole coordinates, and a quintic between them.
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

/// Parts of a whole by weights, as whole numbers that sum to it exactly: floors first, then one more for the largest
/// remainders (ties by place). All weights nothing: the first part takes all.
#[must_use]
pub fn apportion(whole: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if weights.is_empty() {
        return Vec::new();
    }
    let exact: Vec<f64> = weights.iter().map(|w| if sum > 0.0 { whole as f64 * w / sum } else { 0.0 }).collect();
    let mut parts: Vec<u64> = exact.iter().map(|e| *e as u64).collect();
    let mut left = whole - parts.iter().sum::<u64>().min(whole);
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
    fn streams_are_the_same_and_apart() {
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
    fn noise_is_smooth_and_meets_at_whole_coordinates() {
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
        for whole in [1, 7, 1_564_400] {
            let weights: Vec<f64> = (0..97).map(|_| r.unit()).collect();
            assert_eq!(apportion(whole, &weights).iter().sum::<u64>(), whole);
        }
    }
}
