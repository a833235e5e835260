//! The seven service categories of the 15-minute service circle.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A service category of the 15-minute service circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    CommunityGovernance,
    LifeServices,
    CultureSports,
    HealthCare,
    ElderlyCare,
    LifelongEducation,
    Employment,
}

/// A text that is not a category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not one of the seven categories. Allowed: {}", Category::ALL.map(|c| format!("{} ({})", c.key(), c.chinese())).join(", "))]
pub struct UnknownCategory;

impl Category {
    /// All categories, in the order of the policy.
    pub const ALL: [Self; 7] = [
        Self::CommunityGovernance,
        Self::LifeServices,
        Self::CultureSports,
        Self::HealthCare,
        Self::ElderlyCare,
        Self::LifelongEducation,
        Self::Employment,
    ];

    /// Returns the key in files and in the database.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::CommunityGovernance => "community_governance",
            Self::LifeServices => "life_services",
            Self::CultureSports => "culture_sports",
            Self::HealthCare => "health_care",
            Self::ElderlyCare => "elderly_care",
            Self::LifelongEducation => "lifelong_education",
            Self::Employment => "employment",
        }
    }

    /// Returns the English name.
    #[must_use]
    pub const fn english(self) -> &'static str {
        match self {
            Self::CommunityGovernance => "Community governance",
            Self::LifeServices => "Life services",
            Self::CultureSports => "Culture and sports",
            Self::HealthCare => "Health care",
            Self::ElderlyCare => "Elderly care",
            Self::LifelongEducation => "Lifelong education",
            Self::Employment => "Employment and entrepreneurship",
        }
    }

    /// Returns the Chinese name.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::CommunityGovernance => "社区治理",
            Self::LifeServices => "生活性服务",
            Self::CultureSports => "文化体育",
            Self::HealthCare => "医疗健康",
            Self::ElderlyCare => "养老服务",
            Self::LifelongEducation => "终身教育",
            Self::Employment => "就业创业",
        }
    }

    /// Returns the index in [`Category::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    /// Parses the key, the English or the Chinese name. Letter case and separators do not matter.
    fn from_str(s: &str) -> Result<Self, UnknownCategory> {
        let plain =
            |t: &str| t.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        let given = plain(s);
        Self::ALL
            .into_iter()
            .find(|c| [c.key(), c.english(), c.chinese()].iter().any(|name| plain(name) == given))
            .ok_or(UnknownCategory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_keys_and_names_in_both_languages() {
        for c in Category::ALL {
            for name in [c.key(), c.english(), c.chinese(), &c.key().to_uppercase(), &c.key().replace('_', "-")] {
                assert_eq!(name.parse(), Ok(c), "{name}");
            }
        }
        assert!("shopping".parse::<Category>().unwrap_err().to_string().contains("life_services (生活性服务)"));
    }
}
