//! Which columns a table of each kind may have, and what is said of those that are not read.

use super::{Column, Kind, Table};
use std::collections::HashSet;

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
    let mut seen: HashSet<&str> = HashSet::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let list = match Column::of(name) {
            None => &mut unknown,
            Some(column) if !kind.columns().contains(&column) => &mut unused,
            Some(_) => continue,
        };
        if seen.insert(name) {
            list.push(name);
        }
    }
    let unnamed: Vec<usize> = table.values_without_name().collect();
    let told = |list: &[&str], what: &str| (!list.is_empty()).then(|| format!("{what}: {}", named(list)));
    [
        told(&unknown, "columns that are not known, and were not read"),
        told(&unused, &format!("columns that {} do not have, and were not read", kind.name())),
        (!unnamed.is_empty())
            .then(|| format!("columns without a name that hold values, and were not read: {}", numbered(&unnamed))),
    ]
    .into_iter()
    .flatten()
}

fn numbered(list: &[usize]) -> String {
    let text = list.iter().take(MOST_NAMES).map(usize::to_string).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MOST_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

fn named(list: &[&str]) -> String {
    let shown = |name: &&str| format!("\"{}\"", name.chars().take(60).collect::<String>());
    let text = list.iter().take(MOST_NAMES).map(shown).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MOST_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Read, Row, read_edits};
    use std::collections::HashMap;
    use walkshed_engine::geo::Position;
    use walkshed_register::{Calendar, Category, Center, DivisionCode, Kinds, Register, RegisterRows, Rules, Service};

    /// A column that is not in the list of its kind must not matter, or it would be told that it was not read.
    #[test]
    fn what_is_told_not_to_be_read_is_not_read() {
        let code = DivisionCode::new("500106013004").unwrap();
        let center = Center::new(code, "中心".into(), Position::new(106.5, 29.5).unwrap());
        let service = Service::new("haircut".into(), "理发".into(), Category::LifeServices);
        let rows = RegisterRows {
            centers: vec![Center { id: 1, version: 1, ..center }],
            services: vec![Service { id: 1, version: 1, ..service }],
            ..RegisterRows::default()
        };
        let (register, kinds, calendar) =
            (Register::new(rows, std::sync::Arc::default()), Kinds::default(), Calendar::default());
        let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
        let read = |kind: Kind, fields: &[(Column, &str)]| -> Read {
            let row = Row::of_feature(2, fields.iter().map(|(c, v)| (*c, (*v).to_owned())), "");
            let table = Table { rows: vec![row], ..Table::default() };
            read_edits(&table, kind, Options::default(), rules).unwrap()
        };
        for kind in Kind::ALL {
            let of: HashMap<Column, &str> = [
                (Column::Id, "a"),
                (Column::Code, "500106013005"),
                (Column::Key, "k"),
                (Column::Name, "名称"),
                (Column::Category, "employment"),
                (Column::Lon, "106.5"),
                (Column::Lat, "29.5"),
                (Column::Service, "haircut"),
                (Column::Center, "500106013004"),
                (Column::Starts, "2026-01-01T09:00"),
                (Column::DurationMinutes, "60"),
                (Column::Day, "2026-01-01"),
                (Column::Count, "5"),
                (Column::Text, "灯坏了"),
                (Column::Cell, "89a901291abffff"),
                (Column::People, "10"),
                (Column::TownCode, "500106013"),
                (Column::TownName, "土湾街道"),
            ]
            .into_iter()
            .filter(|(column, _)| kind.columns().contains(column))
            .collect();
            let fields: Vec<(Column, &str)> = of.into_iter().collect();
            let plain = read(kind, &fields);
            assert!(!plain.edits.is_empty() && plain.refused.is_empty(), "{}: {:?}", kind.name(), plain.refused);
            for column in Column::all() {
                let mut more = fields.clone();
                more.retain(|(c, _)| *c != column);
                more.push((column, "\u{1}nothing"));
                // An id in place of a key or a cell is read where there is none of those.
                let stands_in = column == Column::Id && matches!(kind, Kind::Services | Kind::Population);
                let expected = kind.columns().contains(&column) && !stands_in;
                assert_eq!(read(kind, &more) != plain, expected, "{}: {}", kind.name(), column.name());
            }
            assert!(
                kind.needs().iter().flat_map(|any| any.iter()).all(|c| kind.columns().contains(c)),
                "{}",
                kind.name()
            );
        }
    }
}
