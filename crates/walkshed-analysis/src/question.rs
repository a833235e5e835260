//! The question that all analyses of a population share: what is needed, how people travel, and which people are considered.

use crate::demand::Demand;
use crate::exact::{ExactError, TooLarge};
use crate::need::{Need, Part, Travel};
use crate::world::NetworkUnavailable;
use walkshed_engine::task::Stopped;
use walkshed_register::{EVERYONE, RegionCode, Register};

/// A coverage question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub need: Need,
    pub travel: Travel,
    /// Restricts the people to a region; `None` means the whole city.
    pub region: Option<RegionCode>,
    /// The population group.
    pub group: String,
    /// Respects the capacity of each facility and assigns the nearest people first (see [`assign`](crate::assign)). Requires
    /// a need of one part with a `min_count` of 1.
    pub with_capacity: bool,
}

impl Question {
    /// Returns the people of the question's group in the whole city.
    ///
    /// # Errors
    /// [`QuestionError::UnknownGroup`].
    pub fn demand(&self, register: &Register) -> Result<Demand, QuestionError> {
        Demand::of(register, &self.group).ok_or_else(|| QuestionError::UnknownGroup {
            group: self.group.clone(),
            available: std::iter::once(EVERYONE.to_owned()).chain(register.groups.keys().cloned()).collect(),
        })
    }

    /// Returns the only part of the need, or `None` if there are several parts.
    #[must_use]
    pub fn single_part(&self) -> Option<&Part> {
        match &self.need.parts[..] {
            [part] => Some(part),
            _ => None,
        }
    }
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    #[error("unknown population group \"{group}\". Available: {}", available.join(", "))]
    UnknownGroup { group: String, available: Vec<String> },
    #[error("capacities require a need of one category, kinds or one service, with minCount 1")]
    CapacityNeedsOnePart,
    #[error("access measures require a need of one category, kinds or one service")]
    AccessNeedsOnePart,
    #[error("site suggestions require a need of one category, kinds or one service, with minCount 1")]
    SitesNeedOnePart,
    #[error("a capacity can be combined with the objectives maximum coverage and fewest facilities, not with the mean")]
    CapacityWithMeanObjective,
    #[error(
        "sites with a capacity cannot be solved exactly, because the nearest-first assignment of people has no integer-programming formulation here"
    )]
    ExactWithCapacity,
    #[error("a budget can be combined with the objectives maximum coverage and least mean, not with fewest facilities")]
    BudgetWithMinFacilities,
    #[error("facility {0} is not among the open facilities that meet this need")]
    NotOpenToday(i64),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    NoNetwork(#[from] NetworkUnavailable),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl From<ExactError> for QuestionError {
    fn from(e: ExactError) -> Self {
        match e {
            ExactError::TooLarge(e) => e.into(),
            ExactError::Stopped(e) => e.into(),
        }
    }
}
