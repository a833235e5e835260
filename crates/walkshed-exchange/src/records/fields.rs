//! Parses the fields of a row: texts, numbers, enumerations, lists, positions, dates.

use super::{Column, Reader, Row};
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt::Display;
use std::str::FromStr;
use walkshed_engine::geo::Position;
use walkshed_register::{Category, DivisionCode, Host, TimeInput, Zone};

/// Separators of list entries, in Latin and Chinese script.
const ENTRY_SEPARATORS: [char; 5] = [';', '；', '|', '、', '\n'];
/// Separators of the parts of an entry.
const PART_SEPARATORS: [char; 2] = [':', '：'];

/// Splits a list in one field into its entries.
pub fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(ENTRY_SEPARATORS).map(str::trim).filter(|part| !part.is_empty())
}

/// Splits an entry such as `name:role:count` into its parts.
pub fn parts(entry: &str) -> Vec<&str> {
    entry.split(PART_SEPARATORS).map(str::trim).collect()
}

/// Parses a yes-or-no value.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" | "y" | "是" | "有" => Ok(true),
        "no" | "false" | "0" | "n" | "否" | "无" => Ok(false),
        _ => Err("is not yes or no".into()),
    }
}

/// Parses a finite number.
pub fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("is not a number".into()),
    }
}

/// Parses a share such as `0.43` or `43%`.
pub fn share(text: &str) -> Result<f64, String> {
    match text.strip_suffix(['%', '％']) {
        Some(percent) => number(percent.trim()).map(|n| n / 100.0),
        None => number(text),
    }
}

/// Parses a count.
pub fn whole(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "is not a whole number of 0 or more".into())
}

/// Parses a date. Of a time, the local date is used.
pub fn day(text: &str, zone: Zone) -> Result<Date, String> {
    let written = text.parse::<TimeInput>().map_err(|_| "is not a day such as 2026-11-25".to_owned())?;
    Ok(written.day(zone))
}

/// Parses a moment: a time with an offset, or a local time.
pub fn moment(text: &str, zone: Zone) -> Result<Timestamp, String> {
    let written = text.parse::<TimeInput>().map_err(|e| e.to_string())?;
    written.moment(zone).ok_or_else(|| "is a date without a time; write for example 2026-11-25T09:00".to_owned())
}

/// Parses a value of any type with `FromStr`.
pub fn word<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: T::Err| e.to_string())
}

/// Parses a list of values.
pub fn words<T: FromStr<Err: Display>>(text: &str) -> Result<Vec<T>, String> {
    // Commas separate values too, because no value contains one.
    entries(text)
        .flat_map(|e| e.split([',', '，']))
        .map(|w| word(w.trim()).map_err(|e| format!("\"{w}\" {e}")))
        .collect()
}

impl Reader<'_> {
    /// Sets an optional value if the file has its column. An empty field clears it.
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

    /// Sets a required value. An empty field leaves it unchanged.
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

    /// Sets a list if the file has its column. An empty field clears it.
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

    /// Sets an optional text if the file has its column. An empty field clears it.
    pub fn set_text(&mut self, row: &Row, column: Column, target: &mut Option<String>) -> Option<()> {
        self.set(row, column, target, |text| Ok(text.to_owned()))
    }

    /// Returns a required text.
    pub fn text(&mut self, row: &Row, column: Column) -> Option<String> {
        match row.get(column) {
            Some(text) => Some(text.to_owned()),
            None => self.refuse(row, column, "is missing"),
        }
    }

    /// Returns a required value.
    pub fn value<T>(&mut self, row: &Row, column: Column, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match row.get(column).map(read) {
            Some(Ok(value)) => Some(value),
            Some(Err(why)) => self.refuse(row, column, why),
            None => self.refuse(row, column, "is missing"),
        }
    }

    /// Returns the position of a row, converted to WGS-84.
    pub fn position(&mut self, row: &Row) -> Option<Position> {
        let (lon, lat) = (self.value(row, Column::Lon, number)?, self.value(row, Column::Lat, number)?);
        match self.options.datum.to_wgs84(lon, lat) {
            // The most common placeholder for an unknown position.
            Ok(p) if p.lon() == 0.0 && p.lat() == 0.0 => {
                self.refuse(row, Column::Lon, "0, 0 is a placeholder for a missing position")
            }
            Ok(p) => Some(p),
            Err(e) => {
                let column = if (-90.0..=90.0).contains(&lat) { Column::Lon } else { Column::Lat };
                self.refuse(row, column, e)
            }
        }
    }

    /// Sets an optional position if the row has one.
    pub fn set_position(&mut self, row: &Row, target: &mut Option<Position>) -> Option<()> {
        if row.get(Column::Lon).is_some() || row.get(Column::Lat).is_some() {
            *target = Some(self.position(row)?);
        }
        Some(())
    }

    /// Sets an optional division code.
    pub fn set_code(&mut self, row: &Row, column: Column, target: &mut Option<DivisionCode>) -> Option<()> {
        self.set(row, column, target, |text| DivisionCode::new(text).map_err(|e| e.to_string()))
    }

    /// Returns the category of the row, or else of the import options, of the existing record or of the kind.
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

    /// Returns the id of the center with the code in a column.
    pub fn center_id(&mut self, row: &Row, column: Column) -> Option<i64> {
        let code = self.value(row, column, |text| DivisionCode::new(text).map_err(|e| e.to_string()))?;
        match self.rules.register.centers.find(code.as_str()) {
            Some(center) => Some(center.id),
            None => self.refuse(row, column, "is not the code of a center in the register"),
        }
    }

    /// Returns the center or facility of a row, which must have exactly one of the two.
    pub fn host(&mut self, row: &Row) -> Option<Host> {
        match (row.get(Column::Center), row.get(Column::Facility)) {
            (Some(_), None) => Some(Host::Center(self.center_id(row, Column::Center)?)),
            (None, Some(id)) => match self.rules.register.facilities.find(id) {
                Some(facility) => Some(Host::Facility(facility.id)),
                None => self.refuse(row, Column::Facility, "is not the id of a facility in the register"),
            },
            (Some(_), Some(_)) => self.refuse(row, Column::Facility, "is given together with a center; give only one"),
            (None, None) => self.refuse(row, Column::Center, "is missing; give a center or a facility"),
        }
    }
}
