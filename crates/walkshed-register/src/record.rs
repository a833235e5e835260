//! What all records have in common, and the sum of them.

use super::center::Center;
use super::event::Event;
use super::facility::Facility;
use super::keyed::keyed_enum;
use super::population::PopulationCell;
use super::region::Region;
use super::rules::{Problem, Rules};
use super::scenario::Scenario;
use super::service::{Offer, Service};
use super::standard::Standard;
use super::suggestion::Suggestion;
use super::visits::VisitDay;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

keyed_enum! {
    /// What the register holds.
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

/// A row with a number, a version and a key of its own.
pub trait Record: Clone + PartialEq {
    /// What it is.
    const KIND: RecordKind;

    /// Its number; 0 before it is stored.
    fn id(&self) -> i64;

    /// Counts its changes; 0 before it is stored.
    fn version(&self) -> i64;

    /// What it is known by in files; unique among its kind.
    fn key(&self) -> Cow<'_, str>;

    /// Gives it a number and a version.
    fn numbered(&mut self, id: i64, version: i64);

    /// Itself, out of the sum of all kinds.
    fn of_any(any: &AnyRecord) -> Option<&Self>;

    /// What is wrong with it.
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem>;
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

            fn numbered(&mut self, id: i64, version: i64) {
                self.id = id;
                self.version = version;
            }

            fn of_any(any: &AnyRecord) -> Option<&Self> {
                match any {
                    AnyRecord::$type(record) => Some(record),
                    _ => None,
                }
            }

            fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
                self.check(rules)
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

/// A record of any kind.
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

/// Does the same with whichever record it is.
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

impl AnyRecord {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        fn of<T: Record>(_: &T) -> RecordKind {
            T::KIND
        }
        with_record!(self, r => of(r))
    }

    /// Its number; 0 before it is stored.
    #[must_use]
    pub fn id(&self) -> i64 {
        with_record!(self, r => r.id)
    }

    /// Counts its changes; 0 before it is stored.
    #[must_use]
    pub fn version(&self) -> i64 {
        with_record!(self, r => r.version)
    }

    /// What it is known by in files.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        with_record!(self, r => Record::key(r))
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        with_record!(self, r => r.problems(rules))
    }
}

/// One change of the register.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Adds a record without a number, or replaces the one with its number if that still has its version.
    Put(Box<AnyRecord>),
    /// Takes a record out, if it still has this version.
    Delete { kind: RecordKind, id: i64, version: i64 },
    /// Replaces what was counted on a day.
    Visits(VisitDay),
    /// Replaces the whole population of a group.
    Population { group: String, cells: Vec<PopulationCell> },
}

/// What has become of a change in the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// The record as it is now.
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
    /// It was so already.
    Unchanged,
}
