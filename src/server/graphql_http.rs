//! GraphQL over HTTP, by the specification of that name: which media type, which status, what is refused and how.

use super::parameters::{Refusal, read_body, read_parameters};
use super::{Shared, auth, playground, sse, ws};
use crate::graphql::{Answer, ApiRequest, Outcome};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderMap, HeaderValue, VARY, WWW_AUTHENTICATE};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::{ServerError, Value};
use serde::Serialize;
use std::collections::HashMap;

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

/// `GET /graphql`: the playground for browsers, a WebSocket for those who upgrade, queries for everyone else.
pub async fn get(shared: Data<Shared>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    if ws::wanted(request.headers()) {
        return ws::open(&shared, &request, body);
    }
    if wants_page(request.headers()) {
        return playground::page();
    }
    answer(&shared, &request, true, || read_parameters(request.query_string())).await
}

/// `POST /graphql`.
pub async fn post(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answer(&shared, &request, false, || {
        let body = body.map_err(|e| {
            let status = e.as_response_error().status_code();
            Refusal::new(status, format!("the body cannot be read: {e}"))
        })?;
        read_body(request.headers(), &body)
    })
    .await
}

/// Any other method.
pub async fn wrong_method() -> HttpResponse {
    let error = ServerError::new("use POST, or GET for queries", None);
    let mut response = write(Media::Json, StatusCode::METHOD_NOT_ALLOWED, None, &[error], HashMap::new());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

/// Browsers name HTML first; programs do not name it.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accept.contains("text/html") && !accept.contains("json")
}

async fn answer(
    shared: &Data<Shared>,
    request: &HttpRequest,
    queries_only: bool,
    read: impl FnOnce() -> Result<ApiRequest, Refusal>,
) -> HttpResponse {
    let headers = request.headers();
    let follows = sse::wanted(headers);
    let Some(media) = Media::wanted(headers).or(follows.then_some(Media::Json)) else {
        let why = "Accept must allow application/graphql-response+json, application/json or text/event-stream";
        return write(Media::Json, StatusCode::NOT_ACCEPTABLE, None, &[ServerError::new(why, None)], HashMap::new());
    };
    let caller = match auth::caller(shared, request) {
        Ok(caller) => caller,
        Err(error) => {
            shared.metrics.graphql("refused");
            let mut reply = write(media, StatusCode::UNAUTHORIZED, None, &[error], HashMap::new());
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return reply;
        }
    };
    let live = Some(shared.live.clone());
    let request = match read() {
        Ok(request) => ApiRequest { queries_only, caller: Some(caller), live, ..request },
        Err(refusal) => {
            shared.metrics.graphql("refused");
            return write(media, refusal.status, None, &[coded(refusal.message)], HashMap::new());
        }
    };
    if follows {
        shared.metrics.graphql("followed");
        return sse::follow(shared, request);
    }
    let world = shared.live.world();
    let Answer { response, outcome, budget: _budget, .. } = shared.api.execute(&world, request).await;
    let (data, status) = match (outcome, media) {
        (Outcome::Executed, _) => (Some(&response.data), StatusCode::OK),
        (Outcome::NotAQuery, _) => (None, StatusCode::METHOD_NOT_ALLOWED),
        (Outcome::Refused | Outcome::IsSubscription, Media::Response) => (None, StatusCode::BAD_REQUEST),
        (Outcome::Refused | Outcome::IsSubscription, Media::Json) => (None, StatusCode::OK),
    };
    shared.metrics.graphql(match outcome {
        Outcome::Executed if response.errors.is_empty() => "ok",
        Outcome::Executed => "failed fields",
        Outcome::Refused | Outcome::NotAQuery | Outcome::IsSubscription => "refused",
    });
    let extensions = response.extensions.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let mut reply = write(media, status, data, &response.errors, extensions);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    reply
}

fn coded(message: String) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", "BAD_REQUEST");
    error
}

fn write(
    media: Media,
    status: StatusCode,
    data: Option<&Value>,
    errors: &[ServerError],
    extensions: HashMap<&str, &Value>,
) -> HttpResponse {
    let body = serde_json::to_vec(&Body { data, errors, extensions });
    let mut response = HttpResponse::build(status);
    response.content_type(media.content_type()).insert_header((VARY, "Accept"));
    match body {
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
