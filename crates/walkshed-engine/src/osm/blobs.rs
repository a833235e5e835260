//! Reads the blobs of a PBF file on all cores.

use super::block::{Block, required_features};
use super::decompress::{DecompressionBudget, after_header, decompress};
use super::error::{BlobError, OsmError};
use super::framing::{BlobKind, BlobSpan, FramingError, blob_spans};
use rayon::prelude::*;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// The blobs of a file, and the remaining budget for decompression.
pub(super) struct Blobs<'p> {
    path: &'p Path,
    size: u64,
    pub(super) data: Vec<BlobSpan>,
    pub(super) budget: DecompressionBudget,
}

impl<'p> Blobs<'p> {
    /// Finds the blobs and checks that the required features are supported.
    ///
    /// # Errors
    /// Returns an [`OsmError`] if the file is not a complete, readable PBF file.
    pub(super) fn open(path: &'p Path) -> Result<Self, OsmError> {
        let spans = blob_spans(path)?;
        let size = spans.iter().map(|s| s.len as u64).sum();
        let data = spans.iter().copied().filter(|s| s.kind == BlobKind::Data).collect();
        let blobs = Self { path, size, data, budget: DecompressionBudget::of(size) };
        for span in spans.iter().filter(|s| s.kind == BlobKind::Header) {
            let damaged = |source| OsmError::Damaged { offset: span.offset, source };
            let features = required_features(&blobs.bytes(*span)?).map_err(damaged)?;
            if let Some(unknown) = features.into_iter().find(|f| !matches!(f.as_str(), "OsmSchema-V0.6" | "DenseNodes"))
            {
                return Err(OsmError::Feature(unknown));
            }
        }
        Ok(blobs)
    }

    /// Returns the size of the file in bytes.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    fn bytes(&self, span: BlobSpan) -> Result<Vec<u8>, OsmError> {
        let damaged = |source| OsmError::Damaged { offset: span.offset, source };
        let bytes = read_span(self.path, span)?;
        let blob = after_header(&bytes).ok_or_else(|| damaged(BlobError::Empty))?;
        decompress(blob, &self.budget).map_err(damaged)
    }

    /// Decompresses one blob and passes its block to `read`.
    pub(super) fn with_block<T>(
        &self,
        span: BlobSpan,
        read: impl FnOnce(&Block<'_>) -> Result<T, BlobError>,
    ) -> Result<T, OsmError> {
        let damaged = |source| OsmError::Damaged { offset: span.offset, source };
        let bytes = self.bytes(span)?;
        Block::new(&bytes).and_then(|block| read(&block)).map_err(damaged)
    }

    /// Reads every data block on all cores. Results are in file order.
    ///
    /// # Errors
    /// Returns an [`OsmError`] if the file is not a complete, readable PBF file.
    pub(super) fn with_blocks<T: Send>(
        &self,
        read: impl Fn(&Block<'_>) -> Result<T, BlobError> + Sync,
    ) -> Result<Vec<T>, OsmError> {
        self.budget.reset();
        self.data.par_iter().map(|span| self.with_block(*span, &read)).collect()
    }
}

fn read_span(path: &Path, span: BlobSpan) -> Result<Vec<u8>, FramingError> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(span.offset))?;
    let mut bytes = vec![0; span.len];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
