//! Bodies of requests: read within limits of bytes and time, unpacked as they come.

use super::Shared;
use super::connections::Connection;
use super::parameters::Refusal;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::Payload;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use walkshed_graphql::{Budget, Full, UnderWay, Written};

/// How long a body is read before its rate is judged, and again and again.
const WINDOW: Duration = Duration::from_secs(10);
/// Bytes of a short body.
const SHORT: u64 = 64 * 1024;
/// As RFC 9659 has it: 8 MB, which is what a sender may count on.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The sink of a body, as it was packed.
enum Unpacking {
    Plain(Written),
    Gzip(Box<MultiGzDecoder<Written>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Written>>),
}

impl Unpacking {
    fn new(headers: &HeaderMap, out: Written) -> Result<Self, Refusal> {
        let coding = headers.get(CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        match coding.as_deref() {
            None | Some("" | "identity") => Ok(Self::Plain(out)),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(out)))),
            Some("zstd") => {
                let decoder = zstd::stream::write::Decoder::new(out).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                    Ok(decoder)
                });
                let failed = |e| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("cannot unpack: {e}"));
                Ok(Self::Zstd(Box::new(decoder.map_err(failed)?)))
            }
            Some(other) => {
                let why = format!("the Content-Encoding must be gzip, zstd or none; it is \"{other}\"");
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

    fn full(&self) -> Option<Full> {
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
            // Flushes what is complete.
            Self::Zstd(decoder) => decoder.flush(),
        }
    }

    fn into_written(self) -> std::io::Result<Written> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(decoder) => decoder.finish(),
            Self::Zstd(decoder) => Ok(decoder.into_inner()),
        }
    }
}

/// Reads a body.
///
/// # Errors
/// What to answer instead: it is too long, comes too slowly, or cannot be unpacked.
pub async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    mut payload: Payload,
    connection: Option<&Arc<Connection>>,
) -> Result<(Vec<u8>, Budget), Refusal> {
    let most = shared.limits.max_body_bytes;
    let too_long = || {
        let why = format!("the body has more bytes than maxBodyBytes allows ({most})");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_long());
    }
    // Short bodies, which is most of them, are read however many long ones there are.
    let is_short = length.is_some_and(|length| length <= SHORT) && !headers.contains_key(CONTENT_ENCODING);
    let all = if is_short { Arc::new(UnderWay::new(usize::MAX)) } else { shared.bodies.clone() };
    let budget = Budget::new(all, most);
    let mut unpacking = Unpacking::new(headers, Written::new(budget))?;
    let refuse = |full: Full| match full {
        Full::TooLarge(_) => too_long(),
        Full::Busy => {
            let why =
                "the requests that are being read hold all the memory there is for them; try again in a few seconds";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    };
    // Whoever is slow makes room for others while the body is not there.
    let while_it_comes = connection.map(|connection| connection.reads_body());
    let expected = shared.limits.min_receive_rate.saturating_mul(WINDOW.as_secs());
    let (mut window, mut received) = (Box::pin(tokio::time::sleep(WINDOW)), 0u64);
    loop {
        let chunk = tokio::select! {
            chunk = payload.next() => chunk,
            () = &mut window => {
                if received < expected {
                    return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"));
                }
                (window, received) = (Box::pin(tokio::time::sleep(WINDOW)), 0);
                continue;
            }
        };
        let chunk = match chunk {
            None => break,
            Some(chunk) => chunk.map_err(|e| Refusal::bad(format!("the body cannot be read: {e}")))?,
        };
        received = received.saturating_add(chunk.len() as u64);
        if let Err(error) = unpacking.write(&chunk) {
            return Err(unpacking.full().map_or_else(|| Refusal::bad(cannot_unpack(&error)), refuse));
        }
    }
    drop(while_it_comes);
    if let Err(error) = unpacking.finish() {
        return Err(unpacking.full().map_or_else(|| Refusal::bad(cannot_unpack(&error)), refuse));
    }
    let written = unpacking.into_written().map_err(|e| Refusal::bad(cannot_unpack(&e)))?;
    written.finish().map_err(refuse)
}

fn cannot_unpack(error: &std::io::Error) -> String {
    format!("the body cannot be unpacked: {error}")
}
