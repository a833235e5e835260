//! Subscriptions as server-sent events, with the GraphQL-over-SSE protocol (distinct connections mode): an event `next` for
//! each response, `complete` at the end.

use super::auth::Session;
use super::response_bodies::StreamedBody;
use super::shared::Shared;
use super::subscribers;
use super::subscribers::SubscriberSlot;
use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, VARY};
use actix_web::web::{Bytes, Data};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Interval, MissedTickBehavior};
use walkshed_graphql::{ApiRequest, EventText, SubscriptionMessage};

const COMPLETE: &str = "event: complete\ndata: {}\n\n";
const TOKEN_ENDED: &str = "event: next\ndata: {\"errors\":[{\"message\":\"The token has expired or was revoked.\",\
                           \"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}\n\nevent: complete\ndata: {}\n\n";

/// Returns whether the client accepts server-sent events.
pub fn accepts_events(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/event-stream"))
}

/// The source of one event stream.
struct EventSource {
    messages: BoxStream<'static, SubscriptionMessage>,
    session: Session,
    ended: BoxFuture<'static, ()>,
    stopped: BoxFuture<'static, ()>,
    ticks: Interval,
    shared: Data<Shared>,
    _slot: SubscriberSlot,
}

/// Starts a subscription and returns its event stream.
pub async fn follow(shared: &Data<Shared>, request: ApiRequest, session: Session) -> HttpResponse {
    let Some(slot) = shared.subscriber_slots.enter() else { return subscribers::full(&shared.subscriber_slots) };
    let (ended, stopped) = (session.ended(shared).boxed(), shared.live.stopped().boxed());
    let (caller, live) = (Some(session.caller.clone()), Some(shared.live.clone()));
    let messages = shared.api.subscribe(ApiRequest { queries_only: false, caller, live, ..request }).await;
    // Comment lines keep the connection open in proxies, and detect a closed one.
    let mut ticks = tokio::time::interval(shared.limits.ping_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = EventSource { messages, session, ended, stopped, ticks, shared: shared.clone(), _slot: slot };
    let events = stream::unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        let (event, continues) = follower.next().await;
        Some((stream::iter(event), continues.then_some(follower)))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "Accept, Authorization"))
        .insert_header(("X-Accel-Buffering", "no"))
        .body(StreamedBody::new(events.flatten()))
}

impl EventSource {
    /// Returns the next event, and whether more events follow.
    async fn next(&mut self) -> (Vec<Bytes>, bool) {
        let fixed = |text: &'static str| vec![Bytes::from_static(text.as_bytes())];
        tokio::select! {
            biased;
            () = &mut self.ended => (fixed(TOKEN_ENDED), false),
            () = &mut self.stopped => (fixed(COMPLETE), false),
            message = self.messages.next() => match message {
                // The token may have ended after the message was produced.
                Some(SubscriptionMessage::Next(_)) if !self.session.is_valid(&self.shared) => (fixed(TOKEN_ENDED), false),
                Some(SubscriptionMessage::Next(text)) => (event("event: next\ndata: ", text, "\n\n"), true),
                Some(SubscriptionMessage::Error(errors)) => {
                    let mut pieces = event("event: next\ndata: {\"errors\":", errors, "}\n\n");
                    pieces.push(Bytes::from_static(COMPLETE.as_bytes()));
                    (pieces, false)
                }
                Some(SubscriptionMessage::Complete) | None => (fixed(COMPLETE), false),
            },
            _ = self.ticks.tick() => (fixed(":\n\n"), true),
        }
    }
}

/// Longer data is sent without a copy.
const SHORT: usize = 16 * 1024;

fn event(before: &'static str, text: EventText, after: &'static str) -> Vec<Bytes> {
    let is_break = |b: &u8| matches!(b, b'\n' | b'\r');
    // Line breaks in JSON are insignificant; in an event they would end the line.
    let data: Bytes = if text.bytes().iter().any(is_break) {
        text.bytes().iter().map(|b| if is_break(b) { b' ' } else { *b }).collect::<Vec<u8>>().into()
    } else {
        Bytes::from_owner(text)
    };
    if data.len() <= SHORT {
        return vec![[before.as_bytes(), &data, after.as_bytes()].concat().into()];
    }
    vec![Bytes::from_static(before.as_bytes()), data, Bytes::from_static(after.as_bytes())]
}
