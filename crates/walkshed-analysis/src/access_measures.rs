//! Access measures: how much people can reach, and how unequally access is distributed.
//!
//! P is the people of cell i, S the supply of facility j (1, or its capacity), t the travel time between them:
//! - cumulative: the sum of S over all facilities within the limit (Vickerman 1974, doi:10.1068/a060675);
//! - gravity: the sum of S f(t) with a decay function f (Hansen 1959, doi:10.1080/01944365908978307);
//! - two-step floating catchment area (2SFCA): R of a facility is S divided by the people within its limit; the access of a
//!   cell is the sum of R over all facilities within the limit (Luo and Wang 2003, doi:10.1068/b29120);
//! - enhanced two-step (E2SFCA): the same with both sums weighted by f(t) (Luo and Qi 2009,
//!   doi:10.1016/j.healthplace.2009.06.002);
//! - time to the k-th nearest facility; lower is better. For inequality it is converted to the remaining share of the limit,
//!   1 - t / limit, and 0 beyond the limit (the negative linear function of Kwan 1998,
//!   doi:10.1111/j.1538-4632.1998.tb00396.x). Then higher is better for all measures, and people with nothing within the
//!   limit have 0, as with the cumulative measure.

use crate::pairs::Pairs;
use walkshed_engine::Deciseconds;
use walkshed_engine::task::{self, Stopped};

/// A distance decay function. Distances have the unit of the limit (minutes or metres).
#[derive(Debug, Clone, PartialEq)]
pub enum Decay {
    /// Weight 1 for everything within the limit.
    None,
    /// exp(-beta t).
    Exponential { beta: f64 },
    /// max(t, 1)^(-alpha). Distances below one unit count as one unit.
    Power { alpha: f64 },
    /// exp(-t^2 / (2 sigma^2)).
    Gaussian { sigma: f64 },
    /// 1 / (1 + exp((t - midpoint) / scale)).
    Logistic { midpoint: f64, scale: f64 },
}

impl Decay {
    /// Returns the weight of a distance.
    #[must_use]
    pub fn weight(&self, t: f64) -> f64 {
        match *self {
            Self::None => 1.0,
            Self::Exponential { beta } => (-beta * t).exp(),
            Self::Power { alpha } => t.max(1.0).powf(-alpha),
            Self::Gaussian { sigma } => (-t * t / (2.0 * sigma * sigma)).exp(),
            Self::Logistic { midpoint, scale } => 1.0 / (1.0 + ((t - midpoint) / scale).exp()),
        }
    }
}

/// Returns, per cell, the supply of all sites within reach, weighted by the decay. `supply` is per site; `unit` converts
/// a network cost to the unit of the decay.
///
/// # Errors
/// [`Stopped`].
pub fn gravity(
    pairs: &Pairs,
    cells: usize,
    supply: &[f64],
    decay: &Decay,
    unit: impl Fn(Deciseconds) -> f64,
) -> Result<Vec<f64>, Stopped> {
    let mut access = vec![0.0; cells];
    for (site, &offered) in supply.iter().enumerate() {
        let near = pairs.cells_of(site);
        task::work(near.len())?;
        for &(cell, time) in near {
            access[cell as usize] += offered * decay.weight(unit(time));
        }
    }
    Ok(access)
}

/// Returns, per cell, the access by two-step floating catchment areas; enhanced if there is a decay. `people` is per cell,
/// `supply` per site. A site that nobody reaches contributes nothing.
///
/// # Errors
/// [`Stopped`].
pub fn two_step(
    pairs: &Pairs,
    people: &[f64],
    supply: &[f64],
    decay: &Decay,
    unit: impl Fn(Deciseconds) -> f64,
) -> Result<Vec<f64>, Stopped> {
    let ratio: Vec<f64> = supply
        .iter()
        .enumerate()
        .map(|(site, offered)| {
            let near = pairs.cells_of(site);
            task::work(near.len())?;
            let demand: f64 = near.iter().map(|&(cell, time)| people[cell as usize] * decay.weight(unit(time))).sum();
            Ok(if demand > 0.0 { offered / demand } else { 0.0 })
        })
        .collect::<Result<_, Stopped>>()?;
    gravity(pairs, people.len(), &ratio, decay, unit)
}

/// Returns the remaining share of a limit, 1 - `value` / `limit`: 0 at the limit, beyond it, and for `None`. Both have the
/// same unit.
#[must_use]
pub fn remaining_share(limit: f64, value: Option<f64>) -> f64 {
    value.map_or(0.0, |value| (1.0 - value / limit).clamp(0.0, 1.0))
}

/// Inequality of a distribution in which higher values are better.
#[derive(Debug, Clone, PartialEq)]
pub struct Inequality {
    /// Gini coefficient: 0 if all have the same, towards 1 if one has all (Gini 1912). `None` if the total is 0.
    pub gini: Option<f64>,
    /// Lorenz curve from (0, 0) to (1, 1): share of people, the worst served first, and their share of the total.
    pub lorenz: Vec<(f64, f64)>,
    /// Palma ratio: the total of the best served 10 % divided by the total of the worst served 40 % (Palma 2011). `None` if
    /// the latter is 0.
    pub palma: Option<f64>,
}

/// Number of intervals of the returned Lorenz curve.
const LORENZ_POINTS: usize = 20;

/// Computes the inequality of (value, people) pairs. Higher values must be better.
///
/// ```
/// use walkshed_analysis::inequality;
///
/// // A quarter of the people has everything.
/// let found = inequality(&[(8.0, 1.0), (0.0, 3.0)]);
/// assert_eq!(found.gini, Some(0.75));
/// ```
#[must_use]
pub fn inequality(values: &[(f64, f64)]) -> Inequality {
    let mut sorted: Vec<(f64, f64)> = values.iter().copied().filter(|v| v.1 > 0.0).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let people: f64 = sorted.iter().map(|v| v.1).sum();
    let total: f64 = sorted.iter().map(|v| v.0 * v.1).sum();
    // The full curve, with a vertex for every value.
    let mut curve = vec![(0.0, 0.0)];
    let (mut p, mut a) = (0.0, 0.0);
    for (value, count) in sorted {
        p += count;
        a += value * count;
        curve.push((p / people, if total > 0.0 { a / total } else { 0.0 }));
    }
    let at = |share: f64| -> f64 {
        let i = curve.partition_point(|c| c.0 < share).min(curve.len() - 1);
        let (low, high) = (curve[i.saturating_sub(1)], curve[i]);
        if high.0 > low.0 {
            low.1 + (high.1 - low.1) * ((share - low.0) / (high.0 - low.0)).clamp(0.0, 1.0)
        } else {
            high.1
        }
    };
    let area: f64 = curve.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1)).sum();
    let some = total > 0.0 && people > 0.0;
    let (top, bottom) = (1.0 - at(0.9), at(0.4));
    Inequality {
        gini: some.then(|| (1.0 - area).max(0.0)),
        lorenz: (0..=LORENZ_POINTS)
            .map(|n| n as f64 / LORENZ_POINTS as f64)
            .map(|share| (share, if share >= 1.0 && some { 1.0 } else { at(share) }))
            .collect(),
        palma: (some && bottom > 0.0).then(|| top / bottom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn computes_gini_palma_and_lorenz_of_known_distributions() {
        // All have the same.
        let even = inequality(&[(2.0, 10.0), (2.0, 30.0)]);
        assert!(close(even.gini.unwrap(), 0.0) && close(even.palma.unwrap(), 0.1 / 0.4));
        // A quarter of the people has everything. The area under the curve is one triangle, G = 1 - 1/4.
        let one = inequality(&[(8.0, 1.0), (0.0, 3.0)]);
        assert!(close(one.gini.unwrap(), 0.75) && one.palma.is_none());
        // Values 1, 2, 3, 4 for one person each: G = 0.25.
        let four = inequality(&[(4.0, 1.0), (1.0, 1.0), (3.0, 1.0), (2.0, 1.0)]);
        assert!(close(four.gini.unwrap(), 0.25));
        // Bottom 40 %: 1 + 0.6 of 2 = 2.2 of 10; top 10 %: 0.4 of 4 = 1.6 of 10.
        assert!(close(four.palma.unwrap(), 1.6 / 2.2));
        assert_eq!((four.lorenz[0], four.lorenz[20]), ((0.0, 0.0), (1.0, 1.0)));
        assert!(close(four.lorenz[10].1, 0.3));
        // A weight of two equals two people.
        let (merged, apart) =
            (inequality(&[(1.0, 2.0), (5.0, 1.0)]), inequality(&[(1.0, 1.0), (5.0, 1.0), (1.0, 1.0)]));
        assert!(close(merged.gini.unwrap(), apart.gini.unwrap()));
        for none in [inequality(&[]), inequality(&[(0.0, 5.0)]), inequality(&[(3.0, 0.0)])] {
            assert_eq!((none.gini, none.palma), (None, None));
        }
    }

    #[test]
    fn decay_weights_start_near_one_and_decrease() {
        for decay in [
            Decay::Exponential { beta: 0.1 },
            Decay::Power { alpha: 1.5 },
            Decay::Gaussian { sigma: 8.0 },
            Decay::Logistic { midpoint: 15.0, scale: 3.0 },
        ] {
            let weights: Vec<f64> = (0..60).map(|t| decay.weight(f64::from(t))).collect();
            assert!(weights.is_sorted_by(|a, b| a >= b) && weights[0] <= 1.0 && weights[0] > 0.99, "{decay:?}");
            assert!(weights[59] < 0.05);
        }
        assert!(close(Decay::Logistic { midpoint: 15.0, scale: 3.0 }.weight(15.0), 0.5));
        assert!(close(Decay::Gaussian { sigma: 8.0 }.weight(8.0), (-0.5f64).exp()));
    }
}
