//! Answers packed for those who can unpack them: which coding, and how.

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::LazyLock;
use tokio::sync::Semaphore;
use walkshed_graphql::{Budget, Full, Written};

/// Shorter answers are not packed: they fit into one packet as they are.
const LEAST: usize = 1024;
/// More bytes than these are packed away from the threads that answer.
const LONG: usize = 48 * 1024;
/// Three quarters of what the best level saves, in a fifth of its time.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

/// So many are packed at a time.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    /// As headers name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// May it be sent packed by gzip, where it is there in no other form? Clients that say nothing take anything.
    pub fn takes_gzip(headers: &HeaderMap) -> bool {
        !headers.contains_key(ACCEPT_ENCODING) || weights(headers).0 > 0.0
    }

    /// What the client prefers; of equals the one that packs better. `None` when it is to be sent as it is.
    pub fn wanted(headers: &HeaderMap) -> Option<Self> {
        let (gzip, zstd, identity) = weights(headers);
        let best = [(gzip, Self::Gzip), (zstd, Self::Zstd)]
            .into_iter()
            .filter(|(quality, _)| *quality > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(quality, _)| identity.is_none_or(|identity| identity <= *quality)).map(|(_, coding)| coding)
    }

    fn pack(self, bytes: &[u8], budget: Budget) -> Result<(Vec<u8>, Budget), Full> {
        let mut out = Written::new(budget);
        let packed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(&mut out, Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes).and_then(|()| encoder.try_finish())
            }
            Self::Zstd => zstd::Encoder::new(&mut out, ZSTD_LEVEL).and_then(|mut encoder| {
                // What is known to be short takes less memory.
                encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }),
        };
        if let Err(error) = packed
            && out.full().is_none()
        {
            tracing::error!(%error, "an answer cannot be packed");
        }
        out.finish()
    }
}

/// How much gzip, zstd and no coding at all are wanted.
fn weights(headers: &HeaderMap) -> (f32, f32, Option<f32>) {
    let (mut gzip, mut zstd, mut identity, mut others) = (None, None, None, None);
    for part in headers.get_all(ACCEPT_ENCODING).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let quality = pieces.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        // A weight that is none is the least there is.
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

/// Packs an answer where that is wanted and worth it. Where there is no room to pack it, it stays as it is.
pub async fn packed(
    bytes: Vec<u8>,
    budget: Budget,
    coding: Option<Coding>,
) -> Result<(Vec<u8>, Budget, Option<Coding>), tokio::task::JoinError> {
    let Some(coding) = coding.filter(|_| bytes.len() >= LEAST) else { return Ok((bytes, budget, None)) };
    let is_long = bytes.len() > LONG;
    let pack = move || match coding.pack(&bytes, budget.another()) {
        Ok((packed, other)) if packed.len() < bytes.len() => (packed, other, Some(coding)),
        _ => (bytes, budget, None),
    };
    if !is_long {
        return Ok(pack());
    }
    // An error says that it is closed, which it never is.
    let _turn = TURNS.acquire().await.ok();
    tokio::task::spawn_blocking(pack).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use std::io::Read;
    use std::sync::Arc;
    use walkshed_graphql::UnderWay;

    #[test]
    fn the_coding_follows_the_weights() {
        for (accept, wanted) in [
            (None, None),
            (Some(""), None),
            (Some("gzip"), Some(Coding::Gzip)),
            (Some("GZIP"), Some(Coding::Gzip)),
            (Some("gzip, deflate, br, zstd"), Some(Coding::Zstd)),
            (Some("gzip, deflate"), Some(Coding::Gzip)),
            (Some("zstd;q=0.5, gzip;q=0.9"), Some(Coding::Gzip)),
            (Some("gzip;q=0"), None),
            (Some("gzip;q=0, *"), Some(Coding::Zstd)),
            (Some("*"), Some(Coding::Zstd)),
            (Some("*;q=0"), None),
            (Some("zstd;q=0, *;q=0.1"), Some(Coding::Gzip)),
            (Some("identity, gzip;q=0.5"), None),
            (Some("identity;q=0.5, gzip;q=0.5"), Some(Coding::Gzip)),
            (Some("identity;q=0, gzip;q=0.1"), Some(Coding::Gzip)),
            (Some("gzip;q=much"), None),
            (Some("br"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            }
            assert_eq!(Coding::wanted(&headers), wanted, "{accept:?}");
        }
    }

    #[test]
    fn what_is_packed_is_counted_and_comes_out_as_it_was() {
        let all = Arc::new(UnderWay::new(1 << 20));
        let text = "walkshed ".repeat(20_000).into_bytes();
        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pack = |coding, most| rt.block_on(packed(text.clone(), Budget::new(all.clone(), most), coding)).unwrap();
        for coding in [Coding::Gzip, Coding::Zstd] {
            let (bytes, budget, is) = pack(Some(coding), 1 << 20);
            assert!(bytes.len() * 20 < text.len() && budget.used() >= bytes.len() && is == Some(coding));
            let mut out = Vec::new();
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap(),
                Coding::Zstd => zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut out).unwrap(),
            };
            assert_eq!(out, text);
            // Without room for the packed form the plain one is sent.
            let (bytes, _, is) = pack(Some(coding), 10);
            assert_eq!((bytes.len(), is), (text.len(), None));
        }
        assert_eq!((pack(None, 10).2, all.bytes()), (None, 0));
    }
}
