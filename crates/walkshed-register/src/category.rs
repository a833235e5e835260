//! The seven categories of service that people should find within a quarter of an hour.

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

/// A text that names no category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not one of the seven categories; they are {}", Category::ALL.map(|c| format!("{} ({})", c.key(), c.chinese())).join(", "))]
pub struct UnknownCategory;

impl Category {
    /// All seven, in the order of the policy.
    pub const ALL: [Self; 7] = [
        Self::CommunityGovernance,
        Self::LifeServices,
        Self::CultureSports,
        Self::HealthCare,
        Self::ElderlyCare,
        Self::LifelongEducation,
        Self::Employment,
    ];

    /// The name in files and in the database.
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

    /// The name in English.
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

    /// The name in Chinese.
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

    /// Its place in [`Category::ALL`].
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

    /// Reads the key, the English or the Chinese name, whatever the case and the separators.
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
    fn names_are_read_in_both_languages() {
        for c in Category::ALL {
            for name in [c.key(), c.english(), c.chinese(), &c.key().to_uppercase(), &c.key().replace('_', "-")] {
                assert_eq!(name.parse(), Ok(c), "{name}");
            }
        }
        assert!("shopping".parse::<Category>().unwrap_err().to_string().contains("life_services (生活性服务)"));
    }
}
