//! What people need within reach: facilities, a limit, and how people travel.

use walkshed_engine::{Deciseconds, Direction, Network, Profile};
use walkshed_register::Category;
use walkshed_register::query::FacilityCriteria;

/// The unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Measure {
    /// Travel time.
    #[default]
    Minutes,
    /// Length of the path over the network.
    Metres,
}

/// Minimum search limit of a sweep in minutes, larger than usual limits. Anything farther counts as unreachable.
pub const HORIZON_MINUTES: f64 = 120.0;
/// Minimum search limit of a sweep in metres.
pub const HORIZON_METRES: f64 = 10_000.0;

impl Measure {
    /// Returns the network whose edge costs have this unit.
    #[must_use]
    pub fn network(self, network: &Network) -> &Network {
        match self {
            Self::Minutes => network,
            Self::Metres => network.by_length(),
        }
    }

    /// Converts a limit in minutes or metres to a network cost.
    #[must_use]
    pub fn to_cost(self, value: f64) -> Deciseconds {
        match self {
            Self::Minutes => Deciseconds::from_minutes(value),
            // The length network has a speed of 1 m/s, so one decisecond is one decimetre.
            Self::Metres => Deciseconds::from_seconds(value),
        }
    }

    /// Converts a network cost to minutes or metres. Returns `None` for what was not reached.
    #[must_use]
    pub fn value(self, cost: Deciseconds) -> Option<f64> {
        cost.is_some().then(|| match self {
            Self::Minutes => cost.minutes(),
            Self::Metres => f64::from(cost.0) / 10.0,
        })
    }

    /// Returns the minimum search limit of a sweep in this unit.
    #[must_use]
    pub fn horizon(self) -> f64 {
        match self {
            Self::Minutes => HORIZON_MINUTES,
            Self::Metres => HORIZON_METRES,
        }
    }

    /// Returns `minutes` or `metres`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Metres => "metres",
        }
    }
}

/// One type of facility that must be within reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The category, if the part is exactly one category.
    pub category: Option<Category>,
    /// The facilities that count.
    pub criteria: FacilityCriteria,
}

/// What people need within reach. If there are several parts, all of them are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    pub parts: Vec<Part>,
    /// Unit of the limit.
    pub measure: Measure,
    /// Minutes or metres, inclusive.
    pub limit: f64,
    /// Required number of facilities of each part, 1 to [`MAX_NEAREST`](walkshed_engine::MAX_NEAREST).
    pub min_count: usize,
}

impl Need {
    /// Creates a need for all seven categories within a number of minutes.
    #[must_use]
    pub fn all_categories(minutes: f64) -> Self {
        let parts = Self::parts_for(None, FacilityCriteria::default());
        Self { parts, measure: Measure::Minutes, limit: minutes, min_count: 1 }
    }

    /// Creates a need of one part.
    #[must_use]
    pub fn single(criteria: FacilityCriteria, measure: Measure, limit: f64) -> Self {
        let category = match criteria.categories[..] {
            [category] => Some(category),
            _ => None,
        };
        Self { parts: vec![Part { category, criteria }], measure, limit, min_count: 1 }
    }

    /// Returns the parts of a need: one for `category`, one for the kinds or services in `criteria`, or one for each of the seven
    /// categories if none of them is given. All parts share the other criteria in `criteria`.
    #[must_use]
    pub fn parts_for(category: Option<Category>, criteria: FacilityCriteria) -> Vec<Part> {
        let of = |category: Category| Part {
            category: Some(category),
            criteria: FacilityCriteria { categories: vec![category], ..criteria.clone() },
        };
        match category {
            Some(category) => vec![of(category)],
            None if criteria.kinds.is_empty() && criteria.services.is_empty() => {
                Category::ALL.into_iter().map(of).collect()
            }
            None => vec![Part { category: None, criteria }],
        }
    }

    /// Returns the limit as a network cost.
    #[must_use]
    pub fn limit_cost(&self) -> Deciseconds {
        self.measure.to_cost(self.limit)
    }

    /// Returns the search limit of the sweeps as a network cost.
    #[must_use]
    pub fn horizon(&self) -> Deciseconds {
        self.measure.to_cost(self.measure.horizon().max(self.limit))
    }
}

/// The travel profile and the direction of travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Travel {
    pub profile: Profile,
    pub direction: Direction,
}

impl Default for Travel {
    fn default() -> Self {
        Self { profile: Profile::Adult, direction: Direction::Towards }
    }
}
