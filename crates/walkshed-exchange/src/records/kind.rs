//! The types of records that files hold.

use crate::header::Column;

/// The type of the records in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Centers,
    Facilities,
    Services,
    Offers,
    Events,
    Visits,
    Suggestions,
    Regions,
    Population,
}

impl Kind {
    /// All kinds, ordered so that each refers only to preceding ones.
    pub const ALL: [Self; 9] = [
        Self::Regions,
        Self::Centers,
        Self::Facilities,
        Self::Services,
        Self::Offers,
        Self::Events,
        Self::Visits,
        Self::Suggestions,
        Self::Population,
    ];

    /// Returns the name in commands and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Centers => "centers",
            Self::Facilities => "facilities",
            Self::Services => "services",
            Self::Offers => "offers",
            Self::Events => "events",
            Self::Visits => "visits",
            Self::Suggestions => "suggestions",
            Self::Regions => "regions",
            Self::Population => "population",
        }
    }

    /// Returns the required columns; at least one of each inner list.
    pub(super) const fn needs(self) -> &'static [&'static [Column]] {
        match self {
            Self::Centers => &[&[Column::Code], &[Column::Name], &[Column::Lon], &[Column::Lat]],
            Self::Facilities => &[&[Column::Name, Column::Id], &[Column::Lon], &[Column::Lat]],
            Self::Services => &[&[Column::Key, Column::Id], &[Column::Name], &[Column::Category]],
            Self::Offers => &[&[Column::Service], &[Column::Center, Column::Facility]],
            Self::Events => &[
                &[Column::Id],
                &[Column::Name],
                &[Column::Center, Column::Facility],
                &[Column::Starts],
                &[Column::DurationMinutes],
            ],
            Self::Visits => &[&[Column::Center], &[Column::Day], &[Column::Count]],
            Self::Suggestions => &[&[Column::Text], &[Column::Center, Column::Lon]],
            Self::Regions => &[&[Column::Code], &[Column::Name]],
            Self::Population => &[&[Column::Cell, Column::Id], &[Column::People]],
        }
    }
}
