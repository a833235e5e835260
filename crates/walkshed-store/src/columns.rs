//! How records lie in their tables: one list of columns each, bound and read in the same order.

use super::StoreError;
use super::fields::{FromField, Source};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Sqlite, Type};
use std::fmt::Display;
use std::str::FromStr;
use walkshed_engine::geo::Position;
use walkshed_register::{
    Center, DivisionCode, Event, Facility, Host, Offer, Record, Region, RegionCode, Scenario, Service, Standard,
    Suggestion,
};

/// A record with a table of its own.
pub trait Stored: Record + Serialize {
    /// The name of the table.
    const TABLE: &'static str;
    /// The columns beside `id`, `version`, `created_at`, `updated_at`.
    const COLUMNS: &'static [&'static str];
    /// Those of them that hold numbers which need not be whole.
    const REALS: &'static [&'static str] = &[];

    /// Binds the columns in their order.
    ///
    /// # Errors
    /// [`StoreError`] when a value cannot be encoded.
    fn bind(&self, values: &mut Values) -> Result<(), StoreError>;

    /// Reads the columns in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a value that no door lets in.
    fn read(id: i64, version: i64, row: &mut Columns<'_>) -> Result<Self, StoreError>;
}

/// Values on their way into a statement.
#[derive(Default)]
pub struct Values(pub SqliteArguments);

impl Values {
    /// The next value.
    pub fn add<'v, T: Encode<'v, Sqlite> + Type<Sqlite> + 'v>(&mut self, value: T) -> Result<(), StoreError> {
        Arguments::add(&mut self.0, value).map_err(|e| sqlx::Error::Encode(e).into())
    }

    fn shown(&mut self, value: Option<impl Display>) -> Result<(), StoreError> {
        self.add(value.map(|v| v.to_string()))
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        self.add(serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(Box::new(e)))?)
    }
}

/// A row, read column by column.
pub struct Columns<'r> {
    row: Source<'r>,
    table: &'static str,
    names: &'static [&'static str],
    id: i64,
    next: usize,
}

impl<'r> Columns<'r> {
    /// Of a row whose first columns are `id` and `version`.
    pub fn of<T: Stored>(row: Source<'r>) -> Result<T, StoreError> {
        let (id, version) = (row.get(0)?, row.get(1)?);
        T::read(id, version, &mut Self { row, table: T::TABLE, names: T::COLUMNS, id, next: 2 })
    }

    fn get<T: FromField<'r>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// What is wrong with the column that was read last, `id` and `version` not counted.
    fn corrupt(&self, why: impl Display) -> StoreError {
        let column = self.next.checked_sub(3).and_then(|n| self.names.get(n)).unwrap_or(&"row");
        StoreError::Corrupt { table: self.table, id: self.id.to_string(), why: format!("{column} {why}") }
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self) -> Result<T, StoreError> {
        let text: &str = self.get()?;
        text.parse().map_err(|e| self.corrupt(format_args!("\"{text}\" {e}")))
    }

    fn parsed_option<T: FromStr<Err: Display>>(&mut self) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.get()?;
        text.map(|t| t.parse().map_err(|e| self.corrupt(format_args!("\"{t}\" {e}")))).transpose()
    }

    fn json<T: DeserializeOwned + Default>(&mut self) -> Result<T, StoreError> {
        let text: &str = self.get()?;
        // Most lists are empty, and there are many of them.
        if text == "[]" {
            Ok(T::default())
        } else {
            serde_json::from_str(text).map_err(|e| self.corrupt(format_args!("{text} {e}")))
        }
    }

    fn position(&mut self) -> Result<Position, StoreError> {
        let (lon, lat) = (self.get()?, self.get()?);
        Position::new(lon, lat).map_err(|e| self.corrupt(e))
    }

    fn code(&mut self) -> Result<Option<DivisionCode>, StoreError> {
        let text: Option<&str> = self.get()?;
        text.map(|t| DivisionCode::new(t).map_err(|e| self.corrupt(e))).transpose()
    }

    fn host(&mut self) -> Result<Host, StoreError> {
        match (self.get::<Option<i64>>()?, self.get::<Option<i64>>()?) {
            (Some(center), None) => Ok(Host::Center(center)),
            (None, Some(facility)) => Ok(Host::Facility(facility)),
            _ => Err(self.corrupt("is neither of a center nor of a facility")),
        }
    }
}

impl Stored for Center {
    const TABLE: &'static str = "center";
    const REALS: &'static [&'static str] = &["lon", "lat", "floor_area_m2", "open_share"];
    const COLUMNS: &'static [&'static str] = &[
        "code",
        "name",
        "name_en",
        "kind",
        "status",
        "lon",
        "lat",
        "position_quality",
        "address",
        "phone",
        "description",
        "floor_area_m2",
        "open_share",
        "residents_served",
        "groups_served",
        "opened_on",
        "renovated_on",
        "closed_on",
        "operating_model",
        "operating_note",
        "partners",
        "funding",
        "step_free",
        "night_entrance",
        "access_note",
        "opening_hours",
    ];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.code.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.kind.key())?;
        v.add(self.status.key())?;
        v.add(self.position.lon())?;
        v.add(self.position.lat())?;
        v.add(self.position_quality.key())?;
        v.add(self.address.as_deref())?;
        v.add(self.phone.as_deref())?;
        v.add(self.description.as_deref())?;
        v.add(self.floor_area_m2)?;
        v.add(self.open_share)?;
        v.add(self.residents_served)?;
        v.json(&self.groups_served)?;
        v.shown(self.opened_on)?;
        v.shown(self.renovated_on)?;
        v.shown(self.closed_on)?;
        v.shown(self.operating_model)?;
        v.add(self.operating_note.as_deref())?;
        v.json(&self.partners)?;
        v.json(&self.funding)?;
        v.add(self.step_free)?;
        v.add(self.night_entrance)?;
        v.add(self.access_note.as_deref())?;
        v.add(self.opening_hours.as_deref())
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            code: c.code()?.ok_or_else(|| c.corrupt("has no code"))?,
            name: c.get()?,
            name_en: c.get()?,
            kind: c.parsed()?,
            status: c.parsed()?,
            position: c.position()?,
            position_quality: c.parsed()?,
            address: c.get()?,
            phone: c.get()?,
            description: c.get()?,
            floor_area_m2: c.get()?,
            open_share: c.get()?,
            residents_served: c.get()?,
            groups_served: c.json()?,
            opened_on: c.parsed_option()?,
            renovated_on: c.parsed_option()?,
            closed_on: c.parsed_option()?,
            operating_model: c.parsed_option()?,
            operating_note: c.get()?,
            partners: c.json()?,
            funding: c.json()?,
            step_free: c.get()?,
            night_entrance: c.get()?,
            access_note: c.get()?,
            opening_hours: c.get()?,
        })
    }
}

impl Stored for Facility {
    const TABLE: &'static str = "facility";
    const REALS: &'static [&'static str] = &["lon", "lat", "capacity", "floor_area_m2", "grounds_area_m2"];
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "name",
        "name_en",
        "category",
        "kind",
        "status",
        "lon",
        "lat",
        "position_quality",
        "address",
        "phone",
        "description",
        "center_code",
        "division",
        "floor",
        "capacity",
        "capacity_unit",
        "floor_area_m2",
        "grounds_area_m2",
        "audiences",
        "step_free",
        "access_note",
        "opened_on",
        "closed_on",
        "opening_hours",
    ];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.external_id.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.category.key())?;
        v.add(self.kind.as_deref())?;
        v.add(self.status.key())?;
        v.add(self.position.lon())?;
        v.add(self.position.lat())?;
        v.add(self.position_quality.key())?;
        v.add(self.address.as_deref())?;
        v.add(self.phone.as_deref())?;
        v.add(self.description.as_deref())?;
        v.add(self.center.as_ref().map(DivisionCode::as_str))?;
        v.add(self.division.as_ref().map(DivisionCode::as_str))?;
        v.add(self.floor.as_deref())?;
        v.add(self.capacity)?;
        v.add(self.capacity_unit.as_deref())?;
        v.add(self.floor_area_m2)?;
        v.add(self.grounds_area_m2)?;
        v.json(&self.audiences)?;
        v.add(self.step_free)?;
        v.add(self.access_note.as_deref())?;
        v.shown(self.opened_on)?;
        v.shown(self.closed_on)?;
        v.add(self.opening_hours.as_deref())
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            external_id: c.get()?,
            name: c.get()?,
            name_en: c.get()?,
            category: c.parsed()?,
            kind: c.get()?,
            status: c.parsed()?,
            position: c.position()?,
            position_quality: c.parsed()?,
            address: c.get()?,
            phone: c.get()?,
            description: c.get()?,
            center: c.code()?,
            division: c.code()?,
            floor: c.get()?,
            capacity: c.get()?,
            capacity_unit: c.get()?,
            floor_area_m2: c.get()?,
            grounds_area_m2: c.get()?,
            audiences: c.json()?,
            step_free: c.get()?,
            access_note: c.get()?,
            opened_on: c.parsed_option()?,
            closed_on: c.parsed_option()?,
            opening_hours: c.get()?,
        })
    }
}

impl Stored for Service {
    const TABLE: &'static str = "service";
    const COLUMNS: &'static [&'static str] =
        &["key", "name", "name_en", "category", "audiences", "fee", "appointment", "description"];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.key.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.category.key())?;
        v.json(&self.audiences)?;
        v.shown(self.fee)?;
        v.add(self.appointment)?;
        v.add(self.description.as_deref())
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            key: c.get()?,
            name: c.get()?,
            name_en: c.get()?,
            category: c.parsed()?,
            audiences: c.json()?,
            fee: c.parsed_option()?,
            appointment: c.get()?,
            description: c.get()?,
        })
    }
}

impl Stored for Offer {
    const TABLE: &'static str = "offer";
    const COLUMNS: &'static [&'static str] =
        &["service_id", "center_id", "facility_id", "opening_hours", "item_count", "note"];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.service)?;
        v.add(self.host.center())?;
        v.add(self.host.facility())?;
        v.add(self.opening_hours.as_deref())?;
        v.add(self.item_count)?;
        v.add(self.note.as_deref())
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            service: c.get()?,
            host: c.host()?,
            opening_hours: c.get()?,
            item_count: c.get()?,
            note: c.get()?,
        })
    }
}

impl Stored for Event {
    const TABLE: &'static str = "event";
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "name",
        "name_en",
        "description",
        "category",
        "center_id",
        "facility_id",
        "starts",
        "duration_min",
        "rrule",
        "dates",
        "except_days",
        "audiences",
        "services",
        "fee",
    ];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.external_id.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.description.as_deref())?;
        v.shown(self.category)?;
        v.add(self.host.center())?;
        v.add(self.host.facility())?;
        v.shown(Some(self.starts))?;
        v.add(self.duration_min)?;
        v.add(self.rrule.as_deref())?;
        v.json(&self.dates)?;
        v.json(&self.except)?;
        v.json(&self.audiences)?;
        v.json(&self.services)?;
        v.shown(self.fee)
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            external_id: c.get()?,
            name: c.get()?,
            name_en: c.get()?,
            description: c.get()?,
            category: c.parsed_option()?,
            host: c.host()?,
            starts: c.parsed()?,
            duration_min: c.get()?,
            rrule: c.get()?,
            dates: c.json()?,
            except: c.json()?,
            audiences: c.json()?,
            services: c.json()?,
            fee: c.parsed_option()?,
        })
    }
}

impl Stored for Suggestion {
    const TABLE: &'static str = "suggestion";
    const REALS: &'static [&'static str] = &["lon", "lat"];
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "center_id",
        "lon",
        "lat",
        "place",
        "text",
        "category",
        "contact",
        "status",
        "answer",
        "done_note",
        "received_at",
        "answered_at",
        "closed_at",
    ];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.external_id.as_str())?;
        v.add(self.center)?;
        v.add(self.position.map(Position::lon))?;
        v.add(self.position.map(Position::lat))?;
        v.add(self.place.as_deref())?;
        v.add(self.text.as_str())?;
        v.shown(self.category)?;
        v.add(self.contact.as_deref())?;
        v.add(self.status.key())?;
        v.add(self.answer.as_deref())?;
        v.add(self.done_note.as_deref())?;
        v.shown(Some(self.received_at))?;
        v.shown(self.answered_at)?;
        v.shown(self.closed_at)
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            external_id: c.get()?,
            center: c.get()?,
            position: match (c.get::<Option<f64>>()?, c.get::<Option<f64>>()?) {
                (Some(lon), Some(lat)) => Some(Position::new(lon, lat).map_err(|e| c.corrupt(e))?),
                _ => None,
            },
            place: c.get()?,
            text: c.get()?,
            category: c.parsed_option()?,
            contact: c.get()?,
            status: c.parsed()?,
            answer: c.get()?,
            done_note: c.get()?,
            received_at: c.parsed()?,
            answered_at: c.parsed_option()?,
            closed_at: c.parsed_option()?,
        })
    }
}

impl Stored for Region {
    const TABLE: &'static str = "region";
    const COLUMNS: &'static [&'static str] = &["code", "name", "name_en", "outline"];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.code.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.outline.as_deref())
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        let code: &str = c.get()?;
        Ok(Self {
            id,
            version,
            code: RegionCode::new(code).map_err(|e| c.corrupt(e))?,
            name: c.get()?,
            name_en: c.get()?,
            outline: c.get()?,
        })
    }
}

impl Stored for Scenario {
    const TABLE: &'static str = "scenario";
    const COLUMNS: &'static [&'static str] = &["key", "name", "name_en", "description", "changes"];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.key.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_deref())?;
        v.add(self.description.as_deref())?;
        v.json(&self.changes)
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            key: c.get()?,
            name: c.get()?,
            name_en: c.get()?,
            description: c.get()?,
            changes: c.json()?,
        })
    }
}

impl Stored for Standard {
    const TABLE: &'static str = "standard";
    const COLUMNS: &'static [&'static str] = &["key", "name", "name_en", "source", "note", "requirements"];

    fn bind(&self, v: &mut Values) -> Result<(), StoreError> {
        v.add(self.key.as_str())?;
        v.add(self.name.as_str())?;
        v.add(self.name_en.as_str())?;
        v.add(self.source.as_str())?;
        v.add(self.note.as_deref())?;
        v.json(&self.requirements)
    }

    fn read(id: i64, version: i64, c: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            version,
            key: c.get()?,
            name: c.get()?,
            name_en: c.get()?,
            source: c.get()?,
            note: c.get()?,
            requirements: c.json()?,
        })
    }
}
