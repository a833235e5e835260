//! The distribution of distances over the people of a coverage.

use crate::coverage::Coverage;
use crate::need::Measure;
use crate::statistics::weighted_mean;
use walkshed_engine::Deciseconds;

/// Number of histogram bins. The last one is unbounded.
const BINS: usize = 13;

/// A histogram bin: people with a distance above `from` and at most `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramBin {
    /// Lower bound in the unit of the need, exclusive except for 0.
    pub from: f64,
    /// Upper bound, inclusive; `None` for the last bin.
    pub to: Option<f64>,
    pub people: f64,
}

impl Coverage {
    /// Returns people by distance in bins of 5 minutes or 250 m. The last bin is unbounded.
    #[must_use]
    pub fn histogram(&self) -> Vec<HistogramBin> {
        let measure = self.question.need.measure;
        let width = match measure {
            Measure::Minutes => 5.0,
            Measure::Metres => 250.0,
        };
        let mut bins: Vec<HistogramBin> = (0..BINS)
            .map(|n| {
                let from = n as f64 * width;
                HistogramBin { from, to: (n + 1 < BINS).then_some(from + width), people: 0.0 }
            })
            .collect();
        for (time, people) in self.reached_people() {
            let value = measure.value(time).unwrap_or_default();
            let bin = ((value / width).ceil() as usize).saturating_sub(1).min(BINS - 1);
            bins[bin].people += people;
        }
        bins
    }

    fn reached_people(&self) -> impl Iterator<Item = (Deciseconds, f64)> + '_ {
        self.cells.iter().filter(|c| c.on_network && c.time.is_some()).map(|c| (c.time, c.people))
    }

    /// Returns the people on the network who reach nothing within the horizon.
    #[must_use]
    pub fn not_reached(&self) -> f64 {
        self.cells.iter().filter(|c| c.on_network && !c.time.is_some()).fold(0.0, |sum, c| sum + c.people)
    }

    /// Returns the mean distance of the people who reach something within the horizon, or `None` if nobody does.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let measure = self.question.need.measure;
        weighted_mean(self.reached_people().map(|(time, people)| (measure.value(time).unwrap_or_default(), people)))
    }

    /// Returns, for each share (0 to 1), the distance within which that share of the people on the network is served, or
    /// `None` if it lies beyond the horizon.
    #[must_use]
    pub fn percentiles(&self, shares: &[f64]) -> Vec<Option<f64>> {
        let mut list: Vec<(Deciseconds, f64)> = self.reached_people().collect();
        list.sort_unstable_by_key(|entry| entry.0);
        let all = list.iter().map(|e| e.1).sum::<f64>() + self.not_reached();
        let at = |share: f64| {
            let mut sum = 0.0;
            // The tolerance keeps rounding of the sum from excluding the last person.
            let target = share * all * (1.0 - 1e-12);
            let found = list.iter().find(|(_, people)| {
                sum += people;
                sum >= target
            });
            found.and_then(|(time, _)| self.question.need.measure.value(*time))
        };
        shares.iter().map(|&share| at(share)).collect()
    }
}
