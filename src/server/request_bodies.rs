//! Reads request bodies within limits of size and time, and decompresses them while they arrive.

use super::connections::Connection;
use super::parameters::Refusal;
use super::shared::Shared;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::Payload;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use walkshed_graphql::{BudgetExceeded, BudgetedBuffer, MemoryBudget, MemoryPool};

/// Period over which the rate of a body is measured.
const WINDOW: Duration = Duration::from_secs(10);
/// Maximum length of a short body in bytes.
const SHORT: u64 = 64 * 1024;
/// The window of 8 MB that decoders must support (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// A decoder for the content coding of a body.
enum Decoder {
    Plain(BudgetedBuffer),
    Gzip(Box<MultiGzDecoder<BudgetedBuffer>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, BudgetedBuffer>>),
}

impl Decoder {
    fn new(headers: &HeaderMap, out: BudgetedBuffer) -> Result<Self, Refusal> {
        let coding = headers.get(CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        match coding.as_deref() {
            None | Some("" | "identity") => Ok(Self::Plain(out)),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(out)))),
            Some("zstd") => {
                let decoder = zstd::stream::write::Decoder::new(out).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                    Ok(decoder)
                });
                let failed = |e| {
                    let why = format!("The zstd decoder could not be created: {e}");
                    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why)
                };
                Ok(Self::Zstd(Box::new(decoder.map_err(failed)?)))
            }
            Some(other) => {
                let why = format!("Unsupported Content-Encoding \"{other}\". Supported: gzip, zstd.");
                Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Zstd(decoder) => decoder.write_all(bytes),
        }
    }

    fn full(&self) -> Option<BudgetExceeded> {
        match self {
            Self::Plain(out) => out.full(),
            Self::Gzip(decoder) => decoder.get_ref().full(),
            Self::Zstd(decoder) => decoder.get_ref().full(),
        }
    }

    fn finish(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            // Writes the decoded data that is still buffered.
            Self::Zstd(decoder) => decoder.flush(),
        }
    }

    fn into_buffer(self) -> std::io::Result<BudgetedBuffer> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(decoder) => decoder.finish(),
            Self::Zstd(decoder) => Ok(decoder.into_inner()),
        }
    }
}

/// Reads and decompresses a body.
///
/// # Errors
/// [`Refusal`] when the body is too long, arrives too slowly, or cannot be decompressed.
pub async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    mut payload: Payload,
    connection: Option<&Arc<Connection>>,
) -> Result<(Vec<u8>, MemoryBudget), Refusal> {
    let max = shared.limits.max_body_bytes;
    let too_long = || {
        let why = format!("The body exceeds maxBodyBytes ({max}).");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if length.is_some_and(|length| length > max as u64) {
        return Err(too_long());
    }
    // Short bodies do not count towards the memory of all bodies, so that they are never refused because of long ones.
    let is_short = length.is_some_and(|length| length <= SHORT) && !headers.contains_key(CONTENT_ENCODING);
    let pool = if is_short { Arc::new(MemoryPool::new(usize::MAX)) } else { shared.bodies.clone() };
    let budget = MemoryBudget::new(pool, max);
    let mut decoder = Decoder::new(headers, BudgetedBuffer::new(budget))?;
    let refuse = |full: BudgetExceeded| match full {
        BudgetExceeded::TooLarge(_) => too_long(),
        BudgetExceeded::Busy => {
            let why = "The memory for request bodies (maxBodiesBytes) is used up; try again in a few seconds.";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    };
    // While its body arrives, this connection may be closed to make room for others.
    let body_read = connection.map(|connection| connection.reads_body());
    let expected = shared.limits.min_receive_rate.saturating_mul(WINDOW.as_secs());
    let (mut window, mut received) = (Box::pin(tokio::time::sleep(WINDOW)), 0u64);
    loop {
        let chunk = tokio::select! {
            chunk = payload.next() => chunk,
            () = &mut window => {
                if received < expected {
                    return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "The body arrived too slowly."));
                }
                (window, received) = (Box::pin(tokio::time::sleep(WINDOW)), 0);
                continue;
            }
        };
        let chunk = match chunk {
            None => break,
            Some(chunk) => chunk.map_err(|e| Refusal::bad(format!("The body could not be read: {e}")))?,
        };
        received = received.saturating_add(chunk.len() as u64);
        if let Err(error) = decoder.write(&chunk) {
            return Err(decoder.full().map_or_else(|| Refusal::bad(decoding_failed(&error)), refuse));
        }
    }
    drop(body_read);
    if let Err(error) = decoder.finish() {
        return Err(decoder.full().map_or_else(|| Refusal::bad(decoding_failed(&error)), refuse));
    }
    let buffer = decoder.into_buffer().map_err(|e| Refusal::bad(decoding_failed(&e)))?;
    buffer.finish().map_err(refuse)
}

fn decoding_failed(error: &std::io::Error) -> String {
    format!("The body could not be decompressed: {error}")
}
