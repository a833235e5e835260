//! GraphQL over HTTP, by the specification of that name: which media type, which status, what is refused and how.

use super::caching::{DEPENDS_ON, Question, Tag, finish, not_modified};
use super::connections::Connection;
use super::encoding::Coding;
use super::parameters::{Refusal, read_body, read_parameters};
use super::requests::connection;
use super::{Shared, auth, bodies, playground, sse, ws};
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::{Response, ServerError, Value};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use walkshed_graphql::{Answer, ApiRequest, Budget, Full, Outcome, UnderWay, Written, code};

/// An answer that holds more bytes is written away from the threads that answer others.
const LONG: usize = 256 * 1024;
/// What was changed, or went wrong, is nobody's to keep.
const NOT_KEPT: &str = "no-store";

/// What the client wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    /// `application/json`: 200 whenever the request itself was well-formed.
    Json,
    /// `application/graphql-response+json`: the status says what became of it.
    Response,
}

impl Media {
    /// The content type of an answer.
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Response => "application/graphql-response+json; charset=utf-8",
        }
    }

    /// Chooses by `Accept`; `None` when nothing we can write is wanted. Of equals the first one is taken; without a
    /// wish it is JSON, as clients from before the specification expect.
    fn wanted(headers: &HeaderMap) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        let mut any = false;
        for part in headers.get_all(ACCEPT).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
            any = true;
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
        if any { best.map(|(_, media)| media) } else { Some(Self::Json) }
    }
}

/// `GET` and `HEAD /graphql`: the playground for browsers, a WebSocket for those who upgrade, queries for everyone else.
pub async fn get(shared: Data<Shared>, request: HttpRequest, body: Payload) -> HttpResponse {
    let headers = request.headers();
    if ws::wanted(&request) {
        return ws::open(&shared, &request, body);
    }
    if wants_page(headers) {
        return playground::page(&request).await;
    }
    let (media, session) = match begin(&shared, &request) {
        Ok(begun) => begun,
        Err(reply) => return *reply,
    };
    let read = match read_parameters(request.query_string()) {
        Ok(read) => read,
        Err(refusal) => return refuse(&shared, media, &refusal),
    };
    if sse::wanted(headers) && request.method() == Method::GET {
        return follow(&shared, read, session).await;
    }
    let caller = session.caller;
    let world = shared.live.world();
    let keeping = if caller.token.is_some() { "private, no-cache" } else { "no-cache" };
    // Who asks counts: the role says what may be seen, and a token is shown its own name.
    let role = caller.role.to_string();
    let token = caller.token.as_deref().map_or_else(String::new, |name| format!("token {name}"));
    let question = Question::new(&[&world.version, &role, &token, media.content_type(), request.query_string()]);
    if let Some(tag) = shared.tags.find(question).filter(|tag| tag.is_known(headers)) {
        shared.metrics.graphql("not modified");
        return not_modified(tag, keeping);
    }
    let live = Some(shared.live.clone());
    let read = ApiRequest { queries_only: true, caller: Some(caller), live, ..read };
    let answer = shared.api.execute(&world, read).await;
    let lasting = answer.lasting;
    let written = match write_answer(&shared, media, answer).await {
        Ok(written) => written,
        Err(reply) => return reply,
    };
    let Text { bytes, budget, status, is_whole } = written;
    let mut reply = HttpResponse::build(status);
    reply.content_type(media.content_type()).insert_header((VARY, DEPENDS_ON));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        reply.insert_header((ALLOW, "POST"));
    }
    if is_whole {
        let tag = Tag::of(media.content_type(), &bytes);
        if lasting {
            shared.tags.remember(question, tag);
        }
        if tag.is_known(headers) {
            return not_modified(tag, keeping);
        }
        reply.insert_header((ETAG, tag.header())).insert_header((CACHE_CONTROL, keeping));
    } else {
        reply.insert_header((CACHE_CONTROL, NOT_KEPT));
    }
    finish(reply, bytes, budget, Coding::wanted(headers)).await
}

/// `POST /graphql`.
pub async fn post(shared: Data<Shared>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let headers = request.headers();
    // Who may not ask at all is told so before a body is read.
    let (media, session) = match begin(&shared, &request) {
        Ok(begun) => begun,
        Err(reply) => return *reply,
    };
    let read = match read(&shared, headers, payload, connection(&request)).await {
        Ok(read) => read,
        Err(refusal) => return refuse(&shared, media, &refusal),
    };
    if sse::wanted(headers) {
        return follow(&shared, read, session).await;
    }
    let live = Some(shared.live.clone());
    let read = ApiRequest { queries_only: false, caller: Some(session.caller), live, ..read };
    let world = shared.live.world();
    let answer = shared.api.execute(&world, read).await;
    drop(world);
    let Text { bytes, budget, status, .. } = match write_answer(&shared, media, answer).await {
        Ok(written) => written,
        Err(reply) => return reply,
    };
    let mut reply = HttpResponse::build(status);
    reply.content_type(media.content_type()).insert_header((VARY, DEPENDS_ON)).insert_header((CACHE_CONTROL, NOT_KEPT));
    finish(reply, bytes, budget, Coding::wanted(headers)).await
}

/// Any other method.
pub async fn wrong_method() -> HttpResponse {
    let error = coded("use POST, or GET for queries");
    let mut response = refusal(Media::Json, StatusCode::METHOD_NOT_ALLOWED, &[error]);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// Browsers name HTML first; programs do not name it.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accept.contains("text/html") && !accept.contains("json")
}

/// What the client reads, and who it is; or what to answer at once.
fn begin(shared: &Shared, request: &HttpRequest) -> Result<(Media, auth::Session), Box<HttpResponse>> {
    let headers = request.headers();
    let Some(media) = Media::wanted(headers).or(sse::wanted(headers).then_some(Media::Json)) else {
        let why = "Accept must allow application/graphql-response+json, application/json or text/event-stream";
        return Err(Box::new(refusal(Media::Json, StatusCode::NOT_ACCEPTABLE, &[coded(why)])));
    };
    auth::session(shared, request).map(|session| (media, session)).map_err(|error| {
        shared.metrics.graphql("refused");
        let mut reply = refusal(media, StatusCode::UNAUTHORIZED, &[error]);
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        Box::new(reply)
    })
}

async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    payload: Payload,
    connection: Option<&Arc<Connection>>,
) -> Result<ApiRequest, Refusal> {
    let (body, _while_it_is_there) = bodies::read(shared, headers, payload, connection).await?;
    read_body(headers, &body)
}

async fn follow(shared: &Data<Shared>, request: ApiRequest, session: auth::Session) -> HttpResponse {
    shared.metrics.graphql("followed");
    Box::pin(sse::follow(shared, request, session)).await
}

/// An answer as bytes.
struct Text {
    bytes: Vec<u8>,
    budget: Budget,
    status: StatusCode,
    /// It was carried out, and nothing failed.
    is_whole: bool,
}

async fn write_answer(shared: &Shared, media: Media, answer: Answer) -> Result<Text, HttpResponse> {
    let Answer { response, outcome, budget, .. } = answer;
    let (has_data, status) = match (outcome, media) {
        (Outcome::Executed, _) => (true, StatusCode::OK),
        (Outcome::NotAQuery, _) => (false, StatusCode::METHOD_NOT_ALLOWED),
        (Outcome::Refused | Outcome::IsSubscription, Media::Response) => (false, StatusCode::BAD_REQUEST),
        (Outcome::Refused | Outcome::IsSubscription, Media::Json) => (false, StatusCode::OK),
    };
    let is_whole = outcome == Outcome::Executed && response.errors.is_empty();
    let is_long = budget.used() > LONG;
    let write = move || {
        let written = to_bytes(&response, has_data, budget.another());
        written.map(|(bytes, budget)| (bytes, budget, is_whole)).or_else(|full| {
            // Half of an answer is none: all of it is given up before the error is written.
            drop((response, budget));
            let error = async_graphql::Error::from(full).into_server_error(async_graphql::Pos::default());
            let room = Budget::new(Arc::new(UnderWay::new(usize::MAX)), usize::MAX);
            let (bytes, budget) = to_bytes(&Response::from_errors(vec![error]), has_data, room)?;
            Ok((bytes, budget, false))
        })
    };
    let written = if is_long { tokio::task::spawn_blocking(write).await } else { Ok(write()) };
    let failed = |why: &dyn std::fmt::Debug| {
        tracing::error!(?why, "an answer cannot be written");
        HttpResponse::InternalServerError().insert_header((CACHE_CONTROL, NOT_KEPT)).finish()
    };
    let written: Result<_, Full> = written.map_err(|e| failed(&e))?;
    let (bytes, budget, is_whole) = written.map_err(|e| failed(&e))?;
    shared.metrics.graphql(match outcome {
        Outcome::Executed if is_whole => "ok",
        Outcome::Executed => "failed fields",
        Outcome::Refused | Outcome::NotAQuery | Outcome::IsSubscription => "refused",
    });
    Ok(Text { bytes, budget, status, is_whole })
}

/// An answer's body. A refused request has no `data` at all, one that was carried out has it even when it is null.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    extensions: HashMap<&'a str, &'a Value>,
}

fn to_bytes(response: &Response, has_data: bool, budget: Budget) -> Result<(Vec<u8>, Budget), Full> {
    let data = has_data.then_some(&response.data);
    let extensions = response.extensions.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let mut out = Written::new(budget);
    if let Err(error) = serde_json::to_writer(&mut out, &Body { data, errors: &response.errors, extensions })
        && out.full().is_none()
    {
        tracing::error!(%error, "an answer cannot be written");
    }
    out.finish()
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

/// An answer without data.
fn refusal(media: Media, status: StatusCode, errors: &[ServerError]) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .content_type(media.content_type())
        .insert_header((VARY, DEPENDS_ON))
        .insert_header((CACHE_CONTROL, NOT_KEPT));
    match serde_json::to_vec(&Body { data: None, errors, extensions: HashMap::new() }) {
        Ok(body) => response.body(body),
        Err(e) => HttpResponse::InternalServerError().body(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_follows_the_accept_header() {
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
            assert_eq!(Media::wanted(&headers), wanted, "{accept:?}");
        }
    }
}
