//! Reads rows of visits, suggestions and population.

use super::fields::{day, moment, number, whole, word};
use super::{Column, Reader, Row};
use h3o::Resolution;
use jiff::civil::Date;
use walkshed_engine::geo::parse_cell;
use walkshed_register::{Audience, EVERYONE, PopulationCell, Suggestion, SuggestionStatus, VisitCount, group_name};

/// The center and day of a row of visits, and its count unless the row was rejected.
type Visit = ((i64, Date), Option<VisitCount>);

impl Reader<'_> {
    /// Reads a visit count; `None` if not even its day is known.
    pub fn visit(&mut self, row: &Row) -> Option<Visit> {
        self.readable(row)?;
        let center = self.center_id(row, Column::Center)?;
        let zone = self.rules.calendar.zone;
        let day = self.value(row, Column::Day, |text| day(text, zone))?;
        let mut read = || {
            let mut count = VisitCount { hour: None, audience: Audience::Everyone, count: 0 };
            count.count = self.value(row, Column::Count, whole)?;
            self.set_always(row, Column::Audiences, &mut count.audience, word)?;
            self.set(row, Column::Hour, &mut count.hour, |text| {
                text.parse().ok().filter(|h| *h < 24).ok_or_else(|| "is not an hour from 0 to 23".to_owned())
            })?;
            Some(count)
        };
        Some(((center, day), read()))
    }

    /// Reads a suggestion; `None` if the row is rejected.
    pub fn suggestion(&mut self, row: &Row) -> Option<Suggestion> {
        self.readable(row)?;
        let text = self.text(row, Column::Text)?;
        let zone = self.rules.calendar.zone;
        let moment = |text: &str| moment(text, zone);
        let received = match row.get(Column::ReceivedAt) {
            Some(_) => self.value(row, Column::ReceivedAt, moment)?,
            None => self.options.now,
        };
        // A suggestion without an id is identified by its text, center and position.
        let at = |column| row.get(column).unwrap_or_default();
        let id = row.get(Column::Id).map_or_else(
            || {
                let all = format!("{}|{}|{}|{text}", at(Column::Center), at(Column::Lon), at(Column::Lat));
                format!("text-{:016x}", xxhash_rust::xxh3::xxh3_64(all.as_bytes()))
            },
            str::to_owned,
        );
        let mut s = match self.rules.register.suggestions.find(&id).cloned() {
            Some(known) => Suggestion { text, ..(*known).clone() },
            None => Suggestion::new(id, text, received),
        };
        if row.has(Column::Center) {
            s.center = match row.get(Column::Center) {
                Some(_) => Some(self.center_id(row, Column::Center)?),
                None => None,
            };
        }
        self.set_position(row, &mut s.position)?;
        self.set_text(row, Column::Place, &mut s.place)?;
        self.set(row, Column::Category, &mut s.category, word)?;
        self.set_text(row, Column::Contact, &mut s.contact)?;
        self.set_text(row, Column::Answer, &mut s.answer)?;
        self.set_text(row, Column::DoneNote, &mut s.done_note)?;
        self.set(row, Column::AnsweredAt, &mut s.answered_at, moment)?;
        self.set(row, Column::ClosedAt, &mut s.closed_at, moment)?;
        let mut status: SuggestionStatus = s.status;
        self.set_always(row, Column::Status, &mut status, word)?;
        if let Err(problem) = s.advance(status, self.options.now) {
            return self.refuse(row, Column::Status, problem.message);
        }
        if s.answered_at.is_some_and(|at| at < s.received_at) {
            return self.refuse(row, Column::AnsweredAt, "is before the time of receipt");
        }
        if s.closed_at.is_some_and(|at| at < s.received_at) {
            return self.refuse(row, Column::ClosedAt, "is before the time of receipt");
        }
        let s = self.valid(row, s)?;
        self.once(row, Column::Id, &s.external_id)?;
        Some(s)
    }

    /// Reads the group and population of a cell; `None` if the row is rejected.
    pub fn population(&mut self, row: &Row) -> Option<(String, PopulationCell)> {
        self.readable(row)?;
        let column = if row.get(Column::Cell).is_some() { Column::Cell } else { Column::Id };
        let Some(text) = row.get(column) else { return self.refuse(row, Column::Cell, "is missing") };
        let cell = match parse_cell(text) {
            Ok(cell) => cell,
            Err(e) => return self.refuse(row, column, e),
        };
        let resolution = cell.resolution();
        if !(Resolution::Seven..=Resolution::Ten).contains(&resolution) {
            return self.refuse(row, column, format!("is a cell of resolution {resolution}. Allowed: 7 to 10"));
        }
        let (first, line) = *self.resolution.get_or_insert((resolution, row.line));
        if first != resolution {
            let why = format!(
                "is a cell of resolution {resolution}, but line {line} has {first}; all cells must have the same resolution"
            );
            return self.refuse(row, column, why);
        }
        let mut group = EVERYONE.to_owned();
        self.set_always(row, Column::Group, &mut group, |text| group_name(text).map_err(|e| e.to_string()))?;
        let people = self.value(row, Column::People, number)?;
        if people < 0.0 {
            return self.refuse(row, Column::People, "is negative");
        }
        self.once(row, column, &format!("{group} {cell}"))?;
        Some((group, PopulationCell { cell, people }))
    }
}
