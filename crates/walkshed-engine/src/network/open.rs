//! How a network is opened, created in memory and saved.

use super::Network;
use super::tables::{Meta, Tables, element_sizes, section};
use super::verify::indices_are_valid;
use crate::edge::Edge;
use crate::format::{FileError, Sections, Writer};
use crate::geo::Fixed;
use crate::profile::Profile;
use crate::replace_file::replace_file;
use crate::units::Deciseconds;
use std::path::Path;
use std::sync::{Arc, OnceLock};

impl Network {
    /// Creates a network in memory.
    ///
    /// # Errors
    /// Returns [`FileError::Damaged`] if the tables are inconsistent.
    pub fn from_tables(tables: &Tables, meta: &Meta) -> Result<Self, FileError> {
        let mut w = Writer::default();
        w.push(&serde_json::to_vec(meta).unwrap_or_default());
        w.push(&tables.vertices);
        w.push(&tables.first_arc);
        w.push(&tables.arc_heads);
        w.push(&tables.arc_edges);
        w.push(&tables.edges);
        w.push(&tables.shapes);
        w.push(&tables.heights);
        let mut end = 0u32;
        let ends: Vec<u32> = tables
            .names
            .iter()
            .map(|n| {
                end = end.saturating_add(u32::try_from(n.len()).unwrap_or(u32::MAX));
                end
            })
            .collect();
        w.push(&ends);
        w.push(tables.names.concat().as_bytes());
        w.push(&tables.snap_pieces);
        w.push(&tables.snap_boxes);
        w.push(&tables.snap_levels);
        for [from, towards] in &tables.costs {
            w.push(from);
            w.push(towards);
        }
        let file = Sections::from_words(w.finish(), &element_sizes())?;
        Self::check(file, Path::new("(in memory)"))
    }

    /// Opens a prepared file and verifies its checksum and its tables.
    ///
    /// # Errors
    /// Returns a [`FileError`] if the file is missing, unreadable, of another format version, or damaged. Its message
    /// names the command that creates the file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("streets.walkshed");
    /// use walkshed_engine::{FileError, Network};
    ///
    /// assert!(matches!(Network::open(&path), Err(FileError::Missing(_))));
    /// # let built = walkshed_testing::grid(10, 100.0);
    /// built.save(&path)?;
    /// let network = Network::open(&path)?;
    /// assert_eq!(network.vertices().len(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::check(Sections::open(path, &element_sizes())?, path)
    }

    /// Writes the network to a file. Replaces an existing file atomically.
    ///
    /// # Errors
    /// Returns [`FileError::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        replace_file(path, self.file.bytes())
    }

    fn check(file: Sections, path: &Path) -> Result<Self, FileError> {
        let damaged = |why: &str| FileError::Damaged { path: path.to_owned(), why: why.to_owned() };
        let meta: Meta = serde_json::from_slice(file.get(section::META)).map_err(|e| damaged(&e.to_string()))?;
        let vertices = file.get::<Fixed>(section::VERTICES).len();
        let arcs = file.get::<u32>(section::ARC_HEADS).len();
        let first = file.get::<u32>(section::FIRST_ARC);
        let sizes_fit = first.len() == vertices + 1
            && first.last().copied() == u32::try_from(arcs).ok()
            && file.get::<u32>(section::ARC_EDGES).len() == arcs
            && !file.get::<Edge>(section::EDGES).is_empty()
            && (0..2 * Profile::COUNT).all(|i| file.get::<Deciseconds>(section::COSTS + i).len() == arcs);
        if !sizes_fit || !indices_are_valid(&file) {
            return Err(damaged("its tables are inconsistent"));
        }
        let profiles = meta.profiles.clone();
        Ok(Self {
            file: Arc::new(file),
            meta,
            profiles,
            recomputed_costs: Arc::new(vec![None; Profile::COUNT]),
            recomputed_edges: None,
            lengths: None,
            by_length: OnceLock::new(),
            overlay: None,
        })
    }
}
