//! Which columns a table of each kind may have, and what is said of those that are not read.

use super::{Column, Kind, Table};

/// Names told in one note at most.
const MOST_NAMES: usize = 40;

impl Kind {
    /// The columns that are read for it.
    const fn columns(self) -> &'static [Column] {
        use Column as C;
        match self {
            Self::Centers => &[
                C::Code,
                C::Name,
                C::NameEn,
                C::Lon,
                C::Lat,
                C::Kind,
                C::Status,
                C::PositionQuality,
                C::Address,
                C::Phone,
                C::Description,
                C::FloorArea,
                C::OpenShare,
                C::ResidentsServed,
                C::GroupsServed,
                C::OpenedOn,
                C::RenovatedOn,
                C::ClosedOn,
                C::OperatingModel,
                C::OperatingNote,
                C::Partners,
                C::Funding,
                C::StepFree,
                C::NightEntrance,
                C::AccessNote,
                C::OpeningHours,
            ],
            Self::Facilities => &[
                C::Id,
                C::Name,
                C::NameEn,
                C::Kind,
                C::Category,
                C::Lon,
                C::Lat,
                C::Status,
                C::PositionQuality,
                C::Address,
                C::Phone,
                C::Description,
                C::Center,
                C::Division,
                C::Floor,
                C::Capacity,
                C::CapacityUnit,
                C::FloorArea,
                C::GroundsArea,
                C::Audiences,
                C::StepFree,
                C::AccessNote,
                C::OpenedOn,
                C::ClosedOn,
                C::OpeningHours,
            ],
            Self::Services => {
                &[C::Key, C::Id, C::Name, C::NameEn, C::Category, C::Audiences, C::Fee, C::Appointment, C::Description]
            }
            Self::Offers => &[C::Service, C::Center, C::Facility, C::OpeningHours, C::ItemCount, C::Note],
            Self::Events => &[
                C::Id,
                C::Name,
                C::NameEn,
                C::Description,
                C::Category,
                C::Center,
                C::Facility,
                C::Starts,
                C::DurationMinutes,
                C::Rrule,
                C::Dates,
                C::Except,
                C::Audiences,
                C::Services,
                C::Fee,
            ],
            Self::Visits => &[C::Center, C::Day, C::Hour, C::Audiences, C::Count],
            Self::Suggestions => &[
                C::Id,
                C::Text,
                C::Center,
                C::Lon,
                C::Lat,
                C::Place,
                C::Category,
                C::Contact,
                C::Status,
                C::Answer,
                C::DoneNote,
                C::ReceivedAt,
                C::AnsweredAt,
                C::ClosedAt,
            ],
            Self::Regions => &[C::Code, C::Name, C::NameEn, C::Outline, C::TownCode, C::TownName],
            Self::Population => &[C::Cell, C::Id, C::People, C::Group],
        }
    }
}

/// What is to be said of columns that were not read: names that mean nothing, columns that this kind has not, and values
/// under no name.
pub fn column_notes(table: &Table, kind: Kind) -> impl Iterator<Item = String> {
    let names = if table.header.is_empty() { &table.properties } else { &table.header };
    let (mut unknown, mut unused): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let list = match Column::of(name) {
            None => &mut unknown,
            Some(column) if !kind.columns().contains(&column) => &mut unused,
            Some(_) => continue,
        };
        if !list.contains(&name) {
            list.push(name);
        }
    }
    let unnamed: Vec<String> = table.values_without_name().map(|column| column.to_string()).collect();
    let told = |list: &[&str], what: &str| (!list.is_empty()).then(|| format!("{what}: {}", named(list)));
    [
        told(&unknown, "columns that are not known, and were not read"),
        told(&unused, &format!("columns that {} do not have, and were not read", kind.name())),
        (!unnamed.is_empty())
            .then(|| format!("columns without a name that hold values, and were not read: {}", unnamed.join(", "))),
    ]
    .into_iter()
    .flatten()
}

fn named(list: &[&str]) -> String {
    let shown = |name: &&str| format!("\"{}\"", name.chars().take(60).collect::<String>());
    let text = list.iter().take(MOST_NAMES).map(shown).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MOST_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
