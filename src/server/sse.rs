//! Subscriptions as server-sent events, by the GraphQL-over-SSE protocol (distinct connections): an event `next` for each
//! answer, `complete` at the end.

use super::Shared;
use crate::graphql::ApiRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, HeaderMap};
use actix_web::web::{Bytes, Data};
use futures_util::{StreamExt, stream};
use std::time::Duration;

/// How often a line is sent that means nothing, so that proxies see that the connection lives.
const ALIVE_EVERY: Duration = Duration::from_secs(12);

/// Does the client want events?
pub fn wanted(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Follows a request.
pub fn follow(shared: &Data<Shared>, request: ApiRequest) -> HttpResponse {
    let answers = shared.api.follow(request).take_until(shared.live.stopped()).map(|response| {
        let data = serde_json::to_string(&response).unwrap_or_default();
        Some(format!("event: next\ndata: {data}\n\n"))
    });
    // The answers end with `None`; the ticks, which never end, with them.
    let ended = answers.chain(stream::once(std::future::ready(None)));
    let mut ticks = tokio::time::interval(ALIVE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let alive = stream::unfold(ticks, |mut ticks| async move {
        ticks.tick().await;
        Some((Some(":\n\n".to_owned()), ticks))
    });
    let both = stream::select(ended.boxed(), alive.boxed());
    let until_end = both.take_while(|event| std::future::ready(event.is_some())).filter_map(std::future::ready);
    let complete = stream::once(std::future::ready("event: complete\ndata: {}\n\n".to_owned()));
    let body = until_end.chain(complete).map(|text| Ok::<_, actix_web::Error>(Bytes::from(text)));
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        // Said to be packed already, so that events are not held back until there are enough to pack.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body)
}
