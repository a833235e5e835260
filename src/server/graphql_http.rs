//! The GraphQL endpoint, according to the specification "GraphQL over HTTP": media types, status codes, errors.

use super::caching::{CacheKey, EntityTag, VARY_HEADERS, not_modified, with_body};
use super::connections::Connection;
use super::encoding::ContentCoding;
use super::middleware::connection;
use super::parameters::{Refusal, read_body, read_parameters};
use super::shared::Shared;
use super::{auth, playground, request_bodies, sse, ws};
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::{Response, ServerError};
use std::io::Write;
use std::sync::Arc;
use walkshed_graphql::{
    Answer, ApiRequest, BudgetExceeded, BudgetedBuffer, MemoryBudget, MemoryPool, Outcome, code, write_value,
};

/// Responses that use more bytes are serialized on a blocking thread.
const LONG: usize = 256 * 1024;
/// The cache policy for mutations and errors.
const NO_STORE: &str = "no-store";

/// The media type of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    /// `application/json`: status 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`: the status reflects the outcome.
    Response,
}

impl Media {
    /// Returns the value of `Content-Type`.
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Response => "application/graphql-response+json; charset=utf-8",
        }
    }

    /// Selects a media type by `Accept`; `None` when the client accepts neither. The first of equally preferred types wins.
    /// Without `Accept` the result is JSON, as clients older than the specification expect.
    fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        let mut has_accept = false;
        for part in headers.get_all(ACCEPT).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
            has_accept = true;
            let mut pieces = part.split(';').map(str::trim);
            let kind = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let quality = pieces.find_map(|p| p.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            let media = match kind.as_str() {
                "application/graphql-response+json" => Self::Response,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            if quality > 0.0 && best.is_none_or(|(q, _)| quality > q) {
                best = Some((quality, media));
            }
        }
        if has_accept { best.map(|(_, media)| media) } else { Some(Self::Json) }
    }
}

/// `GET` and `HEAD /graphql`: serves the playground to browsers, upgrades to WebSocket, and executes queries.
pub async fn get(shared: Data<Shared>, request: HttpRequest, body: Payload) -> HttpResponse {
    let headers = request.headers();
    if ws::is_upgrade(&request) {
        return ws::open(&shared, &request, body);
    }
    if wants_page(headers) {
        return playground::page(&request).await;
    }
    let (media, session) = match begin(&shared, &request) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let parameters = match read_parameters(request.query_string()) {
        Ok(parameters) => parameters,
        Err(refusal) => return refuse(&shared, media, &refusal),
    };
    if sse::accepts_events(headers) && request.method() == Method::GET {
        return follow(&shared, parameters, session).await;
    }
    let caller = session.caller;
    let world = shared.live.world();
    let cache_policy = if caller.token.is_some() { "private, no-cache" } else { "no-cache" };
    // The response depends on the caller: on the role, and on the name of the token, which `viewer` returns.
    let role = caller.role.to_string();
    let token = caller.token.as_deref().map_or_else(String::new, |name| format!("token {name}"));
    let cache_key = CacheKey::new(&[&world.version, &role, &token, media.content_type(), request.query_string()]);
    if let Some(tag) = shared.tags.find(cache_key).filter(|tag| tag.matches(headers)) {
        shared.metrics.graphql("not modified");
        return not_modified(tag, cache_policy);
    }
    let live = Some(shared.live.clone());
    let api_request = ApiRequest { queries_only: true, caller: Some(caller), live, ..parameters };
    let answer = shared.api.execute(&world, api_request).await;
    let is_cacheable = answer.is_cacheable;
    let serialized = match serialize(&shared, media, answer).await {
        Ok(serialized) => serialized,
        Err(reply) => return reply,
    };
    let Serialized { bytes, budget, status, has_succeeded } = serialized;
    let mut reply = HttpResponse::build(status);
    reply.content_type(media.content_type()).insert_header((VARY, VARY_HEADERS));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        reply.insert_header((ALLOW, "POST"));
    }
    if has_succeeded {
        let tag = EntityTag::of(media.content_type(), &bytes);
        if is_cacheable {
            shared.tags.remember(cache_key, tag);
        }
        if tag.matches(headers) {
            return not_modified(tag, cache_policy);
        }
        reply.insert_header((ETAG, tag.header())).insert_header((CACHE_CONTROL, cache_policy));
    } else {
        reply.insert_header((CACHE_CONTROL, NO_STORE));
    }
    with_body(reply, bytes, budget, ContentCoding::negotiate(headers)).await
}

/// `POST /graphql`: executes queries and mutations.
pub async fn post(shared: Data<Shared>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let headers = request.headers();
    // An unauthenticated caller is refused before the body is read.
    let (media, session) = match begin(&shared, &request) {
        Ok(accepted) => accepted,
        Err(reply) => return *reply,
    };
    let parameters = match read_request_body(&shared, headers, payload, connection(&request)).await {
        Ok(parameters) => parameters,
        Err(refusal) => return refuse(&shared, media, &refusal),
    };
    if sse::accepts_events(headers) {
        return follow(&shared, parameters, session).await;
    }
    let live = Some(shared.live.clone());
    let api_request = ApiRequest { queries_only: false, caller: Some(session.caller), live, ..parameters };
    let world = shared.live.world();
    let answer = shared.api.execute(&world, api_request).await;
    drop(world);
    let Serialized { bytes, budget, status, .. } = match serialize(&shared, media, answer).await {
        Ok(serialized) => serialized,
        Err(reply) => return reply,
    };
    let mut reply = HttpResponse::build(status);
    reply
        .content_type(media.content_type())
        .insert_header((VARY, VARY_HEADERS))
        .insert_header((CACHE_CONTROL, NO_STORE));
    with_body(reply, bytes, budget, ContentCoding::negotiate(headers)).await
}

/// Any other method: status 405.
pub async fn wrong_method() -> HttpResponse {
    let error = coded("Use POST, or GET for queries.");
    let mut response = refusal(Media::Json, StatusCode::METHOD_NOT_ALLOWED, &[error]);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// Returns whether the client is a browser: only browsers accept HTML.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accept.contains("text/html") && !accept.contains("json")
}

/// Negotiates the media type and authenticates the caller.
///
/// # Errors
/// The response to send: status 406 or 401.
fn begin(shared: &Shared, request: &HttpRequest) -> Result<(Media, auth::Session), Box<HttpResponse>> {
    let headers = request.headers();
    let Some(media) = Media::negotiate(headers).or(sse::accepts_events(headers).then_some(Media::Json)) else {
        let why = "Accept must allow application/graphql-response+json, application/json or text/event-stream.";
        return Err(Box::new(refusal(Media::Json, StatusCode::NOT_ACCEPTABLE, &[coded(why)])));
    };
    auth::session(shared, request).map(|session| (media, session)).map_err(|error| {
        shared.metrics.graphql("refused");
        let mut reply = refusal(media, StatusCode::UNAUTHORIZED, &[error]);
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        Box::new(reply)
    })
}

async fn read_request_body(
    shared: &Shared,
    headers: &HeaderMap,
    payload: Payload,
    connection: Option<&Arc<Connection>>,
) -> Result<ApiRequest, Refusal> {
    // The budget counts the body until it has been parsed.
    let (body, _budget) = request_bodies::read(shared, headers, payload, connection).await?;
    read_body(headers, &body)
}

async fn follow(shared: &Data<Shared>, request: ApiRequest, session: auth::Session) -> HttpResponse {
    shared.metrics.graphql("followed");
    Box::pin(sse::follow(shared, request, session)).await
}

/// A serialized response.
struct Serialized {
    bytes: Vec<u8>,
    budget: MemoryBudget,
    status: StatusCode,
    /// Whether the request was executed without errors.
    has_succeeded: bool,
}

async fn serialize(shared: &Shared, media: Media, answer: Answer) -> Result<Serialized, HttpResponse> {
    let Answer { response, outcome, budget, .. } = answer;
    let (has_data, status) = match (outcome, media) {
        (Outcome::Executed, _) => (true, StatusCode::OK),
        (Outcome::NotAQuery, _) => (false, StatusCode::METHOD_NOT_ALLOWED),
        (Outcome::Refused | Outcome::IsSubscription, Media::Response) => (false, StatusCode::BAD_REQUEST),
        (Outcome::Refused | Outcome::IsSubscription, Media::Json) => (false, StatusCode::OK),
    };
    let has_succeeded = outcome == Outcome::Executed && response.errors.is_empty();
    let is_long = budget.used() > LONG;
    let serialize = move || {
        let serialized = to_bytes(&response, has_data, budget.another());
        serialized.map(|(bytes, budget)| (bytes, budget, has_succeeded)).or_else(|full| {
            // The response is dropped, to free its memory, and replaced by the error.
            drop((response, budget));
            let error = async_graphql::Error::from(full).into_server_error(async_graphql::Pos::default());
            let unlimited = MemoryBudget::new(Arc::new(MemoryPool::new(usize::MAX)), usize::MAX);
            let (bytes, budget) = to_bytes(&Response::from_errors(vec![error]), has_data, unlimited)?;
            Ok((bytes, budget, false))
        })
    };
    let serialized = if is_long { tokio::task::spawn_blocking(serialize).await } else { Ok(serialize()) };
    let failed = |why: &dyn std::fmt::Debug| {
        tracing::error!(?why, "a response could not be serialized");
        HttpResponse::InternalServerError().insert_header((CACHE_CONTROL, NO_STORE)).finish()
    };
    let serialized: Result<_, BudgetExceeded> = serialized.map_err(|e| failed(&e))?;
    let (bytes, budget, has_succeeded) = serialized.map_err(|e| failed(&e))?;
    shared.metrics.graphql(match outcome {
        Outcome::Executed if has_succeeded => "ok",
        Outcome::Executed => "failed fields",
        Outcome::Refused | Outcome::NotAQuery | Outcome::IsSubscription => "refused",
    });
    Ok(Serialized { bytes, budget, status, has_succeeded })
}

fn to_bytes(
    response: &Response,
    has_data: bool,
    budget: MemoryBudget,
) -> Result<(Vec<u8>, MemoryBudget), BudgetExceeded> {
    let mut out = BudgetedBuffer::new(budget);
    if let Err(error) = write_body(&mut out, response, has_data)
        && out.full().is_none()
    {
        tracing::error!(%error, "a response could not be serialized");
    }
    out.finish()
}

/// Writes the body of a response. A refused request has no `data`; an executed one has `data` even when it is null.
fn write_body(out: &mut BudgetedBuffer, response: &Response, has_data: bool) -> std::io::Result<()> {
    let mut separator: &[u8] = b"{";
    if has_data {
        out.write_all(b"{\"data\":")?;
        write_value(out, &response.data)?;
        separator = b",";
    }
    if !response.errors.is_empty() {
        out.write_all(separator)?;
        out.write_all(b"\"errors\":")?;
        serde_json::to_writer(&mut *out, &response.errors)?;
        separator = b",";
    }
    if !response.extensions.is_empty() {
        out.write_all(separator)?;
        out.write_all(b"\"extensions\":")?;
        serde_json::to_writer(&mut *out, &response.extensions)?;
        separator = b",";
    }
    if separator == b"{" { out.write_all(b"{}") } else { out.write_all(b"}") }
}

fn refuse(shared: &Shared, media: Media, why: &Refusal) -> HttpResponse {
    shared.metrics.graphql("refused");
    let error = coded(why.message.clone());
    let mut reply = refusal(media, why.status, &[error]);
    if why.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        reply.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
    }
    if why.status == StatusCode::SERVICE_UNAVAILABLE {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    reply
}

fn coded(why: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(why, None);
    error.extensions.get_or_insert_default().set("code", code::BAD_REQUEST);
    error
}

/// Builds a response without data.
fn refusal(media: Media, status: StatusCode, errors: &[ServerError]) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .content_type(media.content_type())
        .insert_header((VARY, VARY_HEADERS))
        .insert_header((CACHE_CONTROL, NO_STORE));
    response.json(serde_json::json!({ "errors": errors }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_the_media_type_by_the_accept_header() {
        for (accept, wanted) in [
            (None, Some(Media::Json)),
            (Some("*/*"), Some(Media::Json)),
            (Some("application/json"), Some(Media::Json)),
            (Some("application/graphql-response+json"), Some(Media::Response)),
            (Some("application/graphql-response+json, application/json;q=0.9"), Some(Media::Response)),
            (Some("application/json, application/graphql-response+json"), Some(Media::Json)),
            (Some("application/json;q=0.5, application/graphql-response+json"), Some(Media::Response)),
            (Some("application/graphql-response+json;q=0, application/json"), Some(Media::Json)),
            (Some("text/plain"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(Media::negotiate(&headers), wanted, "{accept:?}");
        }
    }
}
