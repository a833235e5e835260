//! The binary form of a register, for prepared files. It is read several times faster than the database.
//!
//! The form depends on the record types: increment [`FORMAT`] whenever a field or variant is added, removed or moved. A test
//! compares the form of fixed records with a known hash.

use super::Register;
use crate::calendar::Calendar;
use crate::demonstration::Demonstration;
use crate::population::PopulationCell;
use crate::record::Record;
use crate::rows::Rows;
use crate::visits::CenterVisits;
use h3o::CellIndex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use walkshed_engine::parallel;

/// The version of the binary form.
pub const FORMAT: u32 = 1;

/// The binary form of a register, in parts that are read at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterBytes<B> {
    pub facilities: B,
    /// Everything except the facilities.
    pub others: B,
}

/// Bytes that are not the binary form of a register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    #[error("a value is damaged: {0}")]
    Value(#[from] postcard::Error),
    #[error("the {0} are not in order")]
    Order(&'static str),
    #[error("{0} is not a valid {1}")]
    Invalid(u64, &'static str),
    #[error("{0} bytes are left over")]
    LeftOver(usize),
}

impl Register {
    /// Returns the binary form. It contains the records, and none of the indexes.
    #[must_use]
    pub fn to_bytes(&self) -> RegisterBytes<Vec<u8>> {
        let mut facilities = Writer::default();
        facilities.rows(&self.facilities);
        let mut others = Writer::default();
        others.put(&self.version);
        others.rows(&self.centers);
        others.rows(&self.services);
        others.rows(&self.offers);
        others.rows(&self.events);
        others.rows(&self.suggestions);
        others.rows(&self.regions);
        others.rows(&self.scenarios);
        others.rows(&self.standards);
        let visits: BTreeMap<i64, &Arc<CenterVisits>> = self.visits.iter().map(|(id, visits)| (*id, visits)).collect();
        others.put(&visits.len());
        for (center, visits) in visits {
            others.put(&center);
            others.put(&**visits);
        }
        others.population(&self.population);
        others.put(&self.groups.len());
        for (name, cells) in &*self.groups {
            others.put(name);
            others.population(cells);
        }
        others.put(&*self.imports);
        others.put(&self.demonstration.map(|mark| (mark.seed, mark.scale, mark.is_whole)));
        RegisterBytes { facilities: facilities.0, others: others.0 }
    }

    /// Reads the binary form, and builds the indexes.
    ///
    /// # Errors
    /// [`BinaryError`].
    pub fn from_bytes(bytes: &RegisterBytes<&[u8]>, calendar: Arc<Calendar>) -> Result<Self, BinaryError> {
        let (facilities, others) = parallel::both(
            || {
                let mut reader = Reader(bytes.facilities);
                let rows = reader.rows("facilities")?;
                reader.end(rows)
            },
            || Self::from_others(bytes.others, calendar),
        );
        Ok(Self { facilities: facilities?, ..others? }.with_indexes())
    }

    /// Reads everything except the facilities.
    fn from_others(bytes: &[u8], calendar: Arc<Calendar>) -> Result<Self, BinaryError> {
        let mut reader = Reader(bytes);
        let version = reader.get()?;
        let centers = reader.rows("centers")?;
        let services = reader.rows("services")?;
        let offers = reader.rows("offers")?;
        let events = reader.rows("events")?;
        let suggestions = reader.rows("suggestions")?;
        let regions = reader.rows("regions")?;
        let scenarios = reader.rows("scenarios")?;
        let standards = reader.rows("standards")?;
        let count = reader.count()?;
        let mut visits = HashMap::with_capacity(count);
        for _ in 0..count {
            let (center, of_center): (i64, CenterVisits) = (reader.get()?, reader.get()?);
            visits.insert(center, Arc::new(of_center));
        }
        let population = Arc::new(reader.population()?);
        let mut groups = BTreeMap::new();
        for _ in 0..reader.count()? {
            let name: String = reader.get()?;
            groups.insert(name, Arc::new(reader.population()?));
        }
        let imports = Arc::new(reader.get()?);
        let mark: Option<(u64, f64, bool)> = reader.get()?;
        reader.end(Self {
            version,
            centers,
            services,
            offers,
            events,
            suggestions,
            regions,
            scenarios,
            standards,
            visits: Arc::new(visits),
            population,
            groups: Arc::new(groups),
            imports,
            demonstration: mark.map(|(seed, scale, is_whole)| Demonstration { seed, scale, is_whole }),
            calendar,
            ..Self::default()
        })
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Only a sequence of unknown length cannot be written; no record has one.
        self.0 = postcard::to_extend(value, std::mem::take(&mut self.0))
            .unwrap_or_else(|e| unreachable!("every record has a binary form: {e}"));
    }

    fn rows<T: Serialize>(&mut self, rows: &[Arc<T>]) {
        self.put(&rows.len());
        for row in rows {
            self.put(&**row);
        }
    }

    fn population(&mut self, cells: &[PopulationCell]) {
        self.put(&cells.len());
        for cell in cells {
            self.put(&(u64::from(cell.cell), cell.people));
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn get<T: DeserializeOwned>(&mut self) -> Result<T, BinaryError> {
        let (value, rest) = postcard::take_from_bytes(self.0)?;
        self.0 = rest;
        Ok(value)
    }

    /// Reads the length of a list. Its elements have at least one byte each, which bounds the memory for a wrong length.
    fn count(&mut self) -> Result<usize, BinaryError> {
        let count: usize = self.get()?;
        if count > self.0.len() { Err(BinaryError::Invalid(count as u64, "number of rows")) } else { Ok(count) }
    }

    fn rows<T: Record + DeserializeOwned>(&mut self, what: &'static str) -> Result<Rows<T>, BinaryError> {
        let count = self.count()?;
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push(Arc::new(self.get()?));
        }
        Rows::from_sorted(rows).ok_or(BinaryError::Order(what))
    }

    fn population(&mut self) -> Result<Vec<PopulationCell>, BinaryError> {
        let count = self.count()?;
        let mut cells = Vec::with_capacity(count);
        for _ in 0..count {
            let (cell, people): (u64, f64) = self.get()?;
            let cell = CellIndex::try_from(cell).map_err(|_| BinaryError::Invalid(cell, "cell"))?;
            cells.push(PopulationCell { cell, people });
        }
        Ok(cells)
    }

    /// Returns a value if all bytes have been read.
    fn end<T>(self, value: T) -> Result<T, BinaryError> {
        if self.0.is_empty() { Ok(value) } else { Err(BinaryError::LeftOver(self.0.len())) }
    }
}
