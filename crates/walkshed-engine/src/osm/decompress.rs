//! Decompresses the blobs of a PBF file within a memory budget.
//!
//! A small malicious file could expand to a lot of memory, because zlib expands up to about 1,000 times. Therefore the
//! decompressed size of each block and of all blocks together is limited.

use super::error::BlobError;
use super::protobuf::{Reader, Value};
use flate2::read::ZlibDecoder;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Maximum decompressed size of a block, defined by the format.
const MAX_BLOCK: usize = 32 << 20;
/// Limit on the decompressed size of all blocks: a multiple of the file size plus a constant. Real extracts expand 2 to
/// 5 times.
const DECOMPRESSED_BYTES_PER_FILE_BYTE: u64 = 12;
const DECOMPRESSED_BYTES_EXTRA: u64 = 2 << 20;

/// The remaining budget for decompressing the blobs of a file.
#[derive(Debug)]
pub struct DecompressionBudget {
    limit: u64,
    left: AtomicU64,
}

impl DecompressionBudget {
    /// Creates the budget for a file of `size` bytes.
    pub const fn of(size: u64) -> Self {
        let limit = size.saturating_mul(DECOMPRESSED_BYTES_PER_FILE_BYTE).saturating_add(DECOMPRESSED_BYTES_EXTRA);
        Self { limit, left: AtomicU64::new(limit) }
    }

    /// Restores the full budget for the next pass over the file.
    pub fn reset(&self) {
        self.left.store(self.limit, Relaxed);
    }

    /// Returns how many bytes the next block may decompress to.
    fn block_limit(&self) -> usize {
        usize::try_from(self.left.load(Relaxed)).unwrap_or(usize::MAX).min(MAX_BLOCK)
    }

    /// Deducts `bytes` from the budget.
    ///
    /// # Errors
    /// Returns an error if the budget is exceeded.
    pub fn take(&self, bytes: u64) -> Result<(), BlobError> {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| BlobError::Expansion { limit: DECOMPRESSED_BYTES_PER_FILE_BYTE })
    }
}

/// Decompresses a blob (the message after its header).
///
/// # Errors
/// Returns an error if the blob is damaged, too large, or compressed with anything other than zlib.
pub fn decompress(blob: &[u8], budget: &DecompressionBudget) -> Result<Vec<u8>, BlobError> {
    let mut reader = Reader(blob);
    let (mut raw, mut zlib, mut declared, mut other) = (None, None, None, false);
    while let Some((field, value)) = reader.field()? {
        match (field, value) {
            (1, Value::Bytes(bytes)) => raw = Some(bytes),
            (2, Value::Number(size)) => declared = Some(size),
            (3, Value::Bytes(bytes)) => zlib = Some(bytes),
            (4..=7, Value::Bytes(_)) => other = true,
            _ => {}
        }
    }
    if let Some(raw) = raw {
        budget.take(raw.len() as u64)?;
        return Ok(raw.to_vec());
    }
    let Some(zlib) = zlib else {
        return Err(if other { BlobError::Compression } else { BlobError::Empty });
    };
    // The declared size is trusted only as far as zlib could have compressed it.
    let declared_size = usize::try_from(declared.unwrap_or(0)).unwrap_or(usize::MAX);
    if declared_size > MAX_BLOCK {
        return Err(BlobError::TooLarge { limit_mib: MAX_BLOCK >> 20 });
    }
    let limit = budget.block_limit();
    let mut bytes = Vec::with_capacity(declared_size.min(zlib.len().saturating_mul(1040)).min(limit));
    let read = ZlibDecoder::new(zlib).take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| BlobError::Zlib(e.to_string()))?;
    if bytes.len() > MAX_BLOCK {
        return Err(BlobError::TooLarge { limit_mib: MAX_BLOCK >> 20 });
    }
    budget.take(bytes.len() as u64)?;
    Ok(bytes)
}

/// Returns the blob of a span: the bytes after the header length and the header.
pub fn after_header(span: &[u8]) -> Option<&[u8]> {
    let header = usize::try_from(u32::from_be_bytes(span.get(..4)?.try_into().ok()?)).ok()?;
    span.get(4..)?.get(header..)
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::bytes;
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(content).unwrap();
        bytes(3, &zlib.finish().unwrap())
    }

    #[test]
    fn bounds_decompression() {
        let of = |blob: &[u8], budget: &DecompressionBudget| decompress(blob, budget);
        let small = DecompressionBudget { limit: 10_000, left: AtomicU64::new(10_000) };
        assert_eq!(of(&packed(&[7; 9000]), &small).unwrap(), [7; 9000]);
        // All blobs share one limit.
        assert!(of(&packed(&[7; 9000]), &small).unwrap_err().to_string().contains("12 times its size"));
        let large = DecompressionBudget::of(1 << 40);
        assert!(of(&packed(&vec![0; MAX_BLOCK + 1]), &large).unwrap_err().to_string().contains("32 MiB"));
        // A declared size alone allocates no memory.
        let declared_size = [[2 << 3].as_slice(), &[0xff, 0xff, 0xff, 0x0f], &packed(b"x")].concat();
        assert_eq!(of(&declared_size, &large).unwrap(), b"x");
        for (blob, expected) in [
            (bytes(4, b"lzma"), "not zlib"),
            (bytes(9, b"x"), "empty"),
            (vec![], "empty"),
            (bytes(3, b"no zlib"), "zlib"),
            (vec![0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f], "truncated"),
        ] {
            let error = of(&blob, &large).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
