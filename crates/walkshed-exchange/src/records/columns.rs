//! The columns of each kind of file, and notes on columns that are ignored.

use super::kind::Kind;
use crate::header::Column;
use crate::table::Table;
use std::collections::HashSet;

/// Maximum number of names listed in one note.
const MAX_LISTED_NAMES: usize = 40;

impl Kind {
    /// Returns the columns that are read.
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

/// Returns notes on ignored columns: unknown names, columns that this kind does not have, and unnamed columns with values.
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
    let note = |list: &[&str], what: &str| (!list.is_empty()).then(|| format!("{what}: {}", named(list)));
    [
        note(&unknown, "unknown columns were ignored"),
        note(&unused, &format!("columns that do not apply to {} were ignored", kind.name())),
        (!unnamed.is_empty())
            .then(|| format!("columns without a name were ignored although they have values: {}", numbered(&unnamed))),
    ]
    .into_iter()
    .flatten()
}

fn numbered(list: &[usize]) -> String {
    let text = list.iter().take(MAX_LISTED_NAMES).map(usize::to_string).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MAX_LISTED_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

fn named(list: &[&str]) -> String {
    let shown = |name: &&str| format!("\"{}\"", name.chars().take(60).collect::<String>());
    let text = list.iter().take(MAX_LISTED_NAMES).map(shown).collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MAX_LISTED_NAMES) {
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

    /// Columns outside the list of a kind must have no effect, because a note says that they are ignored.
    #[test]
    fn ignored_columns_have_no_effect() {
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
                // An id is read only as a substitute for a missing key or cell.
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
