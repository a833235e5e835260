//! Planning standards and their requirements.

use crate::ids::{NodeId, decode, encode};
use crate::types::{Category, CoverageUnit};
use async_graphql::{ID, Object};
use walkshed_analysis::{self as analysis, Standards};
use walkshed_register::{Kinds, RecordKind};

/// Prefix of the global ids of standards that have a key and no number.
const BY_KEY: &str = "Standard:key:";

/// A requirement of a planning standard.
pub struct Requirement(pub analysis::Requirement);

/// A requirement of a planning standard.
#[Object(name = "StandardRequirement")]
impl Requirement {
    /// The key of the requirement within the standard.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The name in Chinese.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The name in English.
    async fn name_en(&self) -> &str {
        &self.0.name_en
    }

    /// The required category. Null if the requirement names kinds.
    async fn category(&self) -> Option<Category> {
        self.0.category.map(Into::into)
    }

    /// The required kinds, any of which counts. Empty if the requirement names a category.
    async fn kinds(&self) -> &[String] {
        &self.0.kinds
    }

    /// The unit of the limit.
    async fn unit(&self) -> CoverageUnit {
        self.0.measure.into()
    }

    /// The limit, in the unit given by `unit`. A distance equal to the limit is within it.
    async fn limit(&self) -> f64 {
        self.0.limit
    }

    /// The number of facilities that must be within the limit.
    async fn min_count(&self) -> u64 {
        self.0.min_count as u64
    }

    /// The capacity that the facilities of a region must have for each 1,000 of its people. Null if there is no such
    /// requirement.
    async fn places_per1000(&self) -> Option<f64> {
        self.0.places_per_1000
    }

    /// The service circle that the requirement belongs to, in minutes: 5, 10 or 15.
    async fn circle(&self) -> Option<u32> {
        self.0.circle
    }
}

/// A planning standard: built in, defined in the configuration (`[standards.KEY]`), or added with `createStandard`.
#[derive(Clone)]
pub struct Standard {
    pub standard: analysis::Standard,
    /// Number and version, if it was added with `createStandard`.
    pub row: Option<(i64, i64)>,
}

impl Standard {
    /// Returns a standard that was added. `None` if it can no longer be read.
    pub fn of_row(row: &walkshed_register::Standard, kinds: &Kinds) -> Option<Self> {
        let standard = analysis::Standard::of_row(row, kinds).ok()?;
        Some(Self { standard, row: Some((row.id, row.version)) })
    }

    /// Finds a built-in or configured standard by the key in its global id.
    pub fn of_id(standards: &Standards, id: &str) -> Option<Self> {
        let text = decode(id)?;
        let standard = standards.find(text.strip_prefix(BY_KEY)?)?.clone();
        Some(Self { standard, row: None })
    }
}

/// A planning standard: built in, defined in the configuration (`[standards.KEY]`), or added with `createStandard`.
#[Object]
impl Standard {
    /// The global id. Only standards added with `createStandard` can be changed.
    pub async fn id(&self) -> ID {
        match self.row {
            Some((id, _)) => NodeId::new(RecordKind::Standard, id).into(),
            None => ID(encode(&format!("{BY_KEY}{}", self.standard.key))),
        }
    }

    /// The version, increased by every change. Null if the standard was not added with `createStandard`.
    async fn version(&self) -> Option<i64> {
        self.row.map(|(_, version)| version)
    }

    /// The key, used as the argument `standard` of `assessment`.
    async fn key(&self) -> &str {
        &self.standard.key
    }

    /// The name in Chinese.
    async fn name(&self) -> &str {
        &self.standard.name
    }

    /// The name in English.
    async fn name_en(&self) -> &str {
        &self.standard.name_en
    }

    /// The source of the values.
    async fn source(&self) -> &str {
        &self.standard.source
    }

    /// What to consider before using the standard in a report.
    async fn note(&self) -> Option<&str> {
        self.standard.note.as_deref()
    }

    /// The requirements.
    async fn requirements(&self) -> Vec<Requirement> {
        self.standard.requirements.iter().cloned().map(Requirement).collect()
    }
}
