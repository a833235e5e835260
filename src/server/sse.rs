//! Subscriptions as server-sent events, by the GraphQL-over-SSE protocol (distinct connections): an event `next` for each
//! answer, `complete` at the end.

use super::auth::Session;
use super::followers::Place;
use super::sending::Pieces;
use super::{Shared, followers};
use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, VARY};
use actix_web::web::{Bytes, Data};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Interval, MissedTickBehavior};
use walkshed_graphql::{ApiRequest, EventText, Told};

const COMPLETE: &str = "event: complete\ndata: {}\n\n";
const TOKEN_ENDED: &str = "event: next\ndata: {\"errors\":[{\"message\":\"the token is not in force any more\",\
                           \"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}\n\nevent: complete\ndata: {}\n\n";

/// Does the client want events?
pub fn wanted(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/event-stream"))
}

/// One that follows.
struct Follower {
    told: BoxStream<'static, Told>,
    session: Session,
    ended: BoxFuture<'static, ()>,
    stopped: BoxFuture<'static, ()>,
    ticks: Interval,
    shared: Data<Shared>,
    _place: Place,
}

/// Follows a request.
pub async fn follow(shared: &Data<Shared>, request: ApiRequest, session: Session) -> HttpResponse {
    let Some(place) = shared.followers.enter() else { return followers::full(shared) };
    let (ended, stopped) = (session.ended(shared).boxed(), shared.live.stopped().boxed());
    let (caller, live) = (Some(session.caller.clone()), Some(shared.live.clone()));
    let told = shared.api.follow(ApiRequest { queries_only: false, caller, live, ..request }).await;
    // A line that means nothing: proxies see that the connection lives, and one that does not is noticed.
    let mut ticks = tokio::time::interval(shared.limits.ping_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = Follower { told, session, ended, stopped, ticks, shared: shared.clone(), _place: place };
    let events = stream::unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        let (event, goes_on) = follower.next().await;
        Some((stream::iter(event), goes_on.then_some(follower)))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "Accept, Authorization"))
        .insert_header(("X-Accel-Buffering", "no"))
        .body(Pieces::new(events.flatten()))
}

impl Follower {
    /// What to send next, and whether more will come.
    async fn next(&mut self) -> (Vec<Bytes>, bool) {
        let fixed = |text: &'static str| vec![Bytes::from_static(text.as_bytes())];
        tokio::select! {
            biased;
            () = &mut self.ended => (fixed(TOKEN_ENDED), false),
            () = &mut self.stopped => (fixed(COMPLETE), false),
            told = self.told.next() => match told {
                // What was told before a token ended is not for who has none.
                Some(Told::Next(_)) if !self.session.holds(&self.shared) => (fixed(TOKEN_ENDED), false),
                Some(Told::Next(text)) => (event("event: next\ndata: ", text, "\n\n"), true),
                Some(Told::Error(errors)) => {
                    let mut pieces = event("event: next\ndata: {\"errors\":", errors, "}\n\n");
                    pieces.push(Bytes::from_static(COMPLETE.as_bytes()));
                    (pieces, false)
                }
                Some(Told::Complete) | None => (fixed(COMPLETE), false),
            },
            _ = self.ticks.tick() => (fixed(":\n\n"), true),
        }
    }
}

/// Longer texts are sent without a copy.
const SHORT: usize = 16 * 1024;

fn event(before: &'static str, text: EventText, after: &'static str) -> Vec<Bytes> {
    let is_break = |b: &u8| matches!(b, b'\n' | b'\r');
    // Breaks between the parts of JSON mean nothing there, and would end the line here.
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
