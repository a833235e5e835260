//! Middleware for every request: the request id, the log and the metrics.

use super::connections::Connection;
use super::response_bodies::TrackedBody;
use super::shared::Shared;
use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Slower requests are logged as warnings.
const SLOW: Duration = Duration::from_secs(1);
/// Maximum length of a request id from a client.
const MAX_ID: usize = 64;

/// Runs a request with its id, log entry and metrics.
pub async fn track(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<TrackedBody>, actix_web::Error> {
    let busy = request.conn_data::<Arc<Connection>>().map(Connection::begin);
    let began = Instant::now();
    let id = request.headers().get(&REQUEST_ID).filter(|v| is_valid_id(v)).cloned().unwrap_or_else(new_id);
    let shared = request.app_data::<Data<Shared>>().cloned();
    // Dropped with the response, even when the client is gone.
    let running = shared.as_ref().map(|shared| shared.metrics.begin());
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let outcome = next.call(request).await;
    let took = began.elapsed();
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let route = outcome.as_ref().ok().and_then(|r| r.request().match_pattern()).unwrap_or_else(|| "other".into());
    if let Some(shared) = &shared {
        shared.metrics.end(&route, status.as_u16(), took);
    }
    let (status, milliseconds) = (status.as_u16(), took.as_secs_f64() * 1000.0);
    let id_text = id.to_str().unwrap_or_default();
    if status == 503 {
        // The server is overloaded: a flood of these requests must not fill the log.
        tracing::debug!(request_id = id_text, %method, path, status, milliseconds, "request refused");
    } else if status >= 500 {
        tracing::error!(request_id = id_text, %method, path, status, milliseconds, "request failed");
    } else if took > SLOW && status < 400 {
        // Slow requests with a status of 400 or more are caused by clients, and must not fill the log.
        tracing::warn!(request_id = id_text, %method, path, status, milliseconds, "slow request");
    } else {
        tracing::debug!(request_id = id_text, %method, path, status, milliseconds, "request");
    }
    outcome.map(|mut response| {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
        response.map_body(|_, body| TrackedBody::new(body.boxed(), running, busy))
    })
}

/// Returns the connection of a request.
pub fn connection(request: &HttpRequest) -> Option<&Arc<Connection>> {
    request.conn_data()
}

fn is_valid_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_ID).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// Returns a new id, unique across requests and restarts.
fn new_id() -> HeaderValue {
    static START: LazyLock<u64> = LazyLock::new(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        now.as_nanos() as u64 ^ u64::from(std::process::id()) << 32
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::from_str(&format!("{:012x}-{n:06x}", *START & 0xffff_ffff_ffff))
        .unwrap_or_else(|_| HeaderValue::from_static("none"))
}
