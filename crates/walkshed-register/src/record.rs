//! The interface common to all record types, a record of any type, and edits.

use super::center::Center;
use super::event::Event;
use super::facility::Facility;
use super::keyed_enum::keyed_enum;
use super::population::PopulationCell;
use super::region::Region;
use super::scenario::Scenario;
use super::service::{Offer, Service};
use super::standard::Standard;
use super::suggestion::Suggestion;
use super::visits::VisitDay;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

keyed_enum! {
    /// A type of record in the register.
    RecordKind, "a kind of record", {
        Center = "center", "中心";
        Facility = "facility", "设施";
        Service = "service", "服务";
        Offer = "offer", "服务项目";
        Event = "event", "活动";
        Visits = "visits", "客流";
        Suggestion = "suggestion", "建议";
        Region = "region", "区划";
        Population = "population", "人口";
        Scenario = "scenario", "情景";
        Standard = "standard", "标准";
    }
}

/// A record with an id, a version and a unique key.
pub trait Record: Clone + PartialEq {
    /// The type of the record.
    const KIND: RecordKind;

    /// Returns the database id; 0 before the record is stored.
    fn id(&self) -> i64;

    /// Returns the version, which is incremented with every change; 0 before the record is stored.
    fn version(&self) -> i64;

    /// Returns the key that identifies the record in files; unique within its type.
    fn key(&self) -> Cow<'_, str>;

    /// Sets the id and the version.
    fn set_id_and_version(&mut self, id: i64, version: i64);

    /// Returns the record if it is of this type.
    fn from_any(any: &AnyRecord) -> Option<&Self>;
}

macro_rules! record {
    ($type:ident, |$this:ident| $key:expr) => {
        impl Record for $type {
            const KIND: RecordKind = RecordKind::$type;

            fn id(&self) -> i64 {
                self.id
            }

            fn version(&self) -> i64 {
                self.version
            }

            fn key(&self) -> Cow<'_, str> {
                let $this = self;
                $key
            }

            fn set_id_and_version(&mut self, id: i64, version: i64) {
                self.id = id;
                self.version = version;
            }

            fn from_any(any: &AnyRecord) -> Option<&Self> {
                match any {
                    AnyRecord::$type(record) => Some(record),
                    _ => None,
                }
            }
        }

        impl From<$type> for Box<AnyRecord> {
            fn from(record: $type) -> Self {
                Self::new(AnyRecord::$type(record))
            }
        }
    };
}

record!(Center, |c| Cow::Borrowed(c.code.as_str()));
record!(Facility, |f| Cow::Borrowed(&f.external_id));
record!(Service, |s| Cow::Borrowed(&s.key));
record!(Offer, |o| Cow::Owned(o.key_text()));
record!(Event, |e| Cow::Borrowed(&e.external_id));
record!(Suggestion, |s| Cow::Borrowed(&s.external_id));
record!(Region, |r| Cow::Borrowed(r.code.as_str()));
record!(Scenario, |s| Cow::Borrowed(&s.key));
record!(Standard, |s| Cow::Borrowed(&s.key));

/// A record of any type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnyRecord {
    Center(Center),
    Facility(Facility),
    Service(Service),
    Offer(Offer),
    Event(Event),
    Suggestion(Suggestion),
    Region(Region),
    Scenario(Scenario),
    Standard(Standard),
}

/// Evaluates the same expression for the record of whichever type.
#[macro_export]
macro_rules! with_record {
    ($any:expr, $record:ident => $does:expr) => {
        match $any {
            $crate::AnyRecord::Center($record) => $does,
            $crate::AnyRecord::Facility($record) => $does,
            $crate::AnyRecord::Service($record) => $does,
            $crate::AnyRecord::Offer($record) => $does,
            $crate::AnyRecord::Event($record) => $does,
            $crate::AnyRecord::Suggestion($record) => $does,
            $crate::AnyRecord::Region($record) => $does,
            $crate::AnyRecord::Scenario($record) => $does,
            $crate::AnyRecord::Standard($record) => $does,
        }
    };
}

pub(crate) use with_record;

impl AnyRecord {
    /// Returns the type of the record.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        fn of<T: Record>(_: &T) -> RecordKind {
            T::KIND
        }
        with_record!(self, r => of(r))
    }

    /// Returns the database id; 0 before the record is stored.
    #[must_use]
    pub fn id(&self) -> i64 {
        with_record!(self, r => r.id)
    }

    /// Returns the version, which is incremented with every change; 0 before the record is stored.
    #[must_use]
    pub fn version(&self) -> i64 {
        with_record!(self, r => r.version)
    }

    /// Returns the key that identifies the record in files.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        with_record!(self, r => Record::key(r))
    }
}

/// One change to the register.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Inserts a record with id 0, or replaces the record of the same id if its stored version is still the same.
    Put(Box<AnyRecord>),
    /// Deletes a record if its stored version is still `version`.
    Delete { kind: RecordKind, id: i64, version: i64 },
    /// Replaces the visit counts of one center on one day.
    Visits(VisitDay),
    /// Replaces the whole population of one group.
    Population { group: String, cells: Vec<PopulationCell> },
}

/// The result of an edit in the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// The record as stored.
    Put(Box<AnyRecord>),
    Deleted {
        kind: RecordKind,
        id: i64,
    },
    Visits(VisitDay),
    Population {
        group: String,
        cells: Vec<PopulationCell>,
    },
    /// The stored record was already equal.
    Unchanged,
}
