//! Compression of responses: negotiation of the content coding, and encoding.

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::LazyLock;
use tokio::sync::Semaphore;
use walkshed_graphql::{BudgetExceeded, BudgetedBuffer, MemoryBudget};

/// Shorter responses are not compressed: they fit into one packet.
const MIN_BYTES: usize = 1024;
/// Longer responses are compressed on a blocking thread.
const LONG: usize = 48 * 1024;
/// Saves three quarters of what the best level saves, in a fifth of its time.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

/// Limits the long responses that are compressed at the same time to the number of cores.
static PERMITS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCoding {
    Gzip,
    Zstd,
}

impl ContentCoding {
    /// Returns the name in HTTP headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Returns whether the client accepts gzip. A client without `Accept-Encoding` accepts any coding.
    pub fn takes_gzip(headers: &HeaderMap) -> bool {
        !headers.contains_key(ACCEPT_ENCODING) || weights(headers).0 > 0.0
    }

    /// Returns the coding that the client prefers, zstd if it has no preference; `None` for no compression.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let (gzip, zstd, identity) = weights(headers);
        let best = [(gzip, Self::Gzip), (zstd, Self::Zstd)]
            .into_iter()
            .filter(|(quality, _)| *quality > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(quality, _)| identity.is_none_or(|identity| identity <= *quality)).map(|(_, coding)| coding)
    }

    fn compress(self, bytes: &[u8], budget: MemoryBudget) -> Result<(Vec<u8>, MemoryBudget), BudgetExceeded> {
        let mut out = BudgetedBuffer::new(budget);
        let compressed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(&mut out, Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes).and_then(|()| encoder.try_finish())
            }
            Self::Zstd => zstd::Encoder::new(&mut out, ZSTD_LEVEL).and_then(|mut encoder| {
                // With a known size, the encoder allocates less memory for short responses.
                encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }),
        };
        if let Err(error) = compressed
            && out.full().is_none()
        {
            tracing::error!(%error, "a response could not be compressed");
        }
        out.finish()
    }
}

/// Returns the quality values of gzip, zstd and identity in `Accept-Encoding`.
fn weights(headers: &HeaderMap) -> (f32, f32, Option<f32>) {
    let (mut gzip, mut zstd, mut identity, mut others) = (None, None, None, None);
    for part in headers.get_all(ACCEPT_ENCODING).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let quality = pieces.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        // An invalid quality counts as 0.
        let quality: f32 = quality.map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        match name.as_str() {
            "gzip" | "x-gzip" => gzip = Some(quality),
            "zstd" => zstd = Some(quality),
            "identity" => identity = Some(quality),
            "*" => others = Some(quality),
            _ => {}
        }
    }
    let weight = |own: Option<f32>| own.or(others).unwrap_or(0.0);
    (weight(gzip), weight(zstd), identity)
}

/// Compresses a response. Returns it unchanged if it is short, does not get smaller, or exceeds the memory budget while it
/// is compressed.
pub async fn compress(
    bytes: Vec<u8>,
    budget: MemoryBudget,
    coding: Option<ContentCoding>,
) -> Result<(Vec<u8>, MemoryBudget, Option<ContentCoding>), tokio::task::JoinError> {
    let Some(coding) = coding.filter(|_| bytes.len() >= MIN_BYTES) else { return Ok((bytes, budget, None)) };
    let is_long = bytes.len() > LONG;
    let work = move || match coding.compress(&bytes, budget.another()) {
        Ok((compressed, new_budget)) if compressed.len() < bytes.len() => (compressed, new_budget, Some(coding)),
        _ => (bytes, budget, None),
    };
    if !is_long {
        return Ok(work());
    }
    // The semaphore is never closed, so this does not fail.
    let _permit = PERMITS.acquire().await.ok();
    tokio::task::spawn_blocking(work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use std::io::Read;
    use std::sync::Arc;
    use walkshed_graphql::MemoryPool;

    #[test]
    fn the_coding_follows_the_quality_values() {
        for (accept, wanted) in [
            (None, None),
            (Some(""), None),
            (Some("gzip"), Some(ContentCoding::Gzip)),
            (Some("GZIP"), Some(ContentCoding::Gzip)),
            (Some("gzip, deflate, br, zstd"), Some(ContentCoding::Zstd)),
            (Some("gzip, deflate"), Some(ContentCoding::Gzip)),
            (Some("zstd;q=0.5, gzip;q=0.9"), Some(ContentCoding::Gzip)),
            (Some("gzip;q=0"), None),
            (Some("gzip;q=0, *"), Some(ContentCoding::Zstd)),
            (Some("*"), Some(ContentCoding::Zstd)),
            (Some("*;q=0"), None),
            (Some("zstd;q=0, *;q=0.1"), Some(ContentCoding::Gzip)),
            (Some("identity, gzip;q=0.5"), None),
            (Some("identity;q=0.5, gzip;q=0.5"), Some(ContentCoding::Gzip)),
            (Some("identity;q=0, gzip;q=0.1"), Some(ContentCoding::Gzip)),
            (Some("gzip;q=much"), None),
            (Some("br"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            }
            assert_eq!(ContentCoding::negotiate(&headers), wanted, "{accept:?}");
        }
    }

    #[test]
    fn compressed_responses_are_charged_and_decompress_to_the_original() {
        let all = Arc::new(MemoryPool::new(1 << 20));
        let text = "walkshed ".repeat(20_000).into_bytes();
        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pack =
            |coding, most| rt.block_on(compress(text.clone(), MemoryBudget::new(all.clone(), most), coding)).unwrap();
        for coding in [ContentCoding::Gzip, ContentCoding::Zstd] {
            let (bytes, budget, is) = pack(Some(coding), 1 << 20);
            assert!(bytes.len() * 20 < text.len() && budget.used() >= bytes.len() && is == Some(coding));
            let mut out = Vec::new();
            match coding {
                ContentCoding::Gzip => flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap(),
                ContentCoding::Zstd => zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut out).unwrap(),
            };
            assert_eq!(out, text);
            // Without memory for the compressed form the plain one is sent.
            let (bytes, _, is) = pack(Some(coding), 10);
            assert_eq!((bytes.len(), is), (text.len(), None));
        }
        assert_eq!((pack(None, 10).2, all.bytes()), (None, 0));
    }
}
