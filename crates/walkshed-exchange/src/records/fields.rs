//! Fields of a row to values: texts, numbers, words, lists, positions, dates.

use super::{Column, Reader, Row};
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt::Display;
use std::str::FromStr;
use walkshed_engine::geo::Position;
use walkshed_register::{Category, DivisionCode, Host, WrittenTime, Zone};

/// Signs between the entries of a list, in both scripts.
const BETWEEN: [char; 5] = [';', '；', '|', '、', '\n'];
/// Signs within an entry.
const WITHIN: [char; 2] = [':', '：'];

/// The entries of a list in one field.
pub fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty())
}

/// The parts of an entry: `name:role:count`.
pub fn parts(entry: &str) -> Vec<&str> {
    entry.split(WITHIN).map(str::trim).collect()
}

/// Yes or no, as people write it.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" | "y" | "是" | "有" => Ok(true),
        "no" | "false" | "0" | "n" | "否" | "无" => Ok(false),
        _ => Err("is neither yes nor no".into()),
    }
}

/// A number.
pub fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("is not a number".into()),
    }
}

/// A share, 0.43 or 43%.
pub fn share(text: &str) -> Result<f64, String> {
    match text.strip_suffix(['%', '％']) {
        Some(percent) => number(percent.trim()).map(|n| n / 100.0),
        None => number(text),
    }
}

/// A count.
pub fn whole(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "is not a whole number from 0 on".into())
}

/// A day; of a time, the day it is in the city then.
pub fn day(text: &str, zone: Zone) -> Result<Date, String> {
    let written = text.parse::<WrittenTime>().map_err(|_| "is not a day such as 2026-11-25".to_owned())?;
    Ok(written.day(zone))
}

/// A moment: with its offset, or by the city's clock.
pub fn moment(text: &str, zone: Zone) -> Result<Timestamp, String> {
    let written = text.parse::<WrittenTime>().map_err(|e| e.to_string())?;
    written.moment(zone).ok_or_else(|| "is a day without a time, as 2026-11-25T09:00 has".to_owned())
}

/// A word of a list, or a date.
pub fn word<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: T::Err| e.to_string())
}

/// A list of words.
pub fn words<T: FromStr<Err: Display>>(text: &str) -> Result<Vec<T>, String> {
    // Commas part single words too; none has one.
    entries(text)
        .flat_map(|e| e.split([',', '，']))
        .map(|w| word(w.trim()).map_err(|e| format!("\"{w}\" {e}")))
        .collect()
}

impl Reader<'_> {
    /// Sets an optional value, where the file has its column; an empty field clears it.
    pub fn set<T>(
        &mut self,
        row: &Row,
        column: Column,
        target: &mut Option<T>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<()> {
        if row.has(column) {
            *target = match row.get(column).map(read).transpose() {
                Ok(value) => value,
                Err(why) => return self.refuse(row, column, why),
            };
        }
        Some(())
    }

    /// Sets a value that is always there; an empty field leaves it as it is.
    pub fn set_always<T>(
        &mut self,
        row: &Row,
        column: Column,
        target: &mut T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<()> {
        match row.get(column).map(read) {
            None => Some(()),
            Some(Ok(value)) => {
                *target = value;
                Some(())
            }
            Some(Err(why)) => self.refuse(row, column, why),
        }
    }

    /// Sets a list, where the file has its column; an empty field empties it.
    pub fn set_list<T>(
        &mut self,
        row: &Row,
        column: Column,
        target: &mut Vec<T>,
        read: impl FnOnce(&str) -> Result<Vec<T>, String>,
    ) -> Option<()> {
        if row.has(column) {
            *target = match row.get(column).map_or(Ok(Vec::new()), read) {
                Ok(list) => list,
                Err(why) => return self.refuse(row, column, why),
            };
        }
        Some(())
    }

    /// Sets a text.
    pub fn set_text(&mut self, row: &Row, column: Column, target: &mut Option<String>) -> Option<()> {
        self.set(row, column, target, |text| Ok(text.to_owned()))
    }

    /// A text that must be there.
    pub fn text(&mut self, row: &Row, column: Column) -> Option<String> {
        match row.get(column) {
            Some(text) => Some(text.to_owned()),
            None => self.refuse(row, column, "is missing"),
        }
    }

    /// A value that must be there.
    pub fn value<T>(&mut self, row: &Row, column: Column, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match row.get(column).map(read) {
            Some(Ok(value)) => Some(value),
            Some(Err(why)) => self.refuse(row, column, why),
            None => self.refuse(row, column, "is missing"),
        }
    }

    /// The position of a row, taken to WGS-84.
    pub fn position(&mut self, row: &Row) -> Option<Position> {
        let (lon, lat) = (self.value(row, Column::Lon, number)?, self.value(row, Column::Lat, number)?);
        match self.options.datum.to_wgs84(lon, lat) {
            // Nothing stands there: the commonest stand-in for "unknown".
            Ok(p) if p.lon() == 0.0 && p.lat() == 0.0 => {
                self.refuse(row, Column::Lon, "0, 0 is no position but a missing one")
            }
            Ok(p) => Some(p),
            Err(e) => {
                let column = if (-90.0..=90.0).contains(&lat) { Column::Lon } else { Column::Lat };
                self.refuse(row, column, e)
            }
        }
    }

    /// A position where the row has one at all.
    pub fn set_position(&mut self, row: &Row, target: &mut Option<Position>) -> Option<()> {
        if row.get(Column::Lon).is_some() || row.get(Column::Lat).is_some() {
            *target = Some(self.position(row)?);
        }
        Some(())
    }

    /// A division code.
    pub fn set_code(&mut self, row: &Row, column: Column, target: &mut Option<DivisionCode>) -> Option<()> {
        self.set(row, column, target, |text| DivisionCode::new(text).map_err(|e| e.to_string()))
    }

    /// The category: the row's own, or that of its kind, or that of the whole file.
    pub fn category(&mut self, row: &Row, of_kind: Option<Category>, known: Option<Category>) -> Option<Category> {
        match row.get(Column::Category).map(str::parse::<Category>) {
            Some(Ok(category)) => Some(category),
            Some(Err(e)) => self.refuse(row, Column::Category, e),
            None => match self.options.category.or(known).or(of_kind) {
                Some(category) => Some(category),
                None => self.refuse(row, Column::Category, "is missing"),
            },
        }
    }

    /// The number of the center with the code in a column.
    pub fn center_id(&mut self, row: &Row, column: Column) -> Option<i64> {
        let code = self.value(row, column, |text| DivisionCode::new(text).map_err(|e| e.to_string()))?;
        match self.rules.register.centers.find(code.as_str()) {
            Some(center) => Some(center.id),
            None => self.refuse(row, column, "is the code of no center in the register"),
        }
    }

    /// The center or facility of a row: exactly one of the two.
    pub fn host(&mut self, row: &Row) -> Option<Host> {
        match (row.get(Column::Center), row.get(Column::Facility)) {
            (Some(_), None) => Some(Host::Center(self.center_id(row, Column::Center)?)),
            (None, Some(id)) => match self.rules.register.facilities.find(id) {
                Some(facility) => Some(Host::Facility(facility.id)),
                None => self.refuse(row, Column::Facility, "is the id of no facility in the register"),
            },
            (Some(_), Some(_)) => self.refuse(row, Column::Facility, "is given beside a center: give one of the two"),
            (None, None) => self.refuse(row, Column::Center, "is missing, and so is the facility"),
        }
    }
}
