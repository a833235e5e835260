//! Subscriptions over WebSocket, by the protocol `graphql-transport-ws`.

use super::{Shared, auth};
use crate::access::{Caller, bearer};
use crate::graphql::ApiRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason};
use async_graphql::http::{WebSocket, WebSocketProtocols, WsMessage};
use async_graphql::{Data as SessionData, Executor, Request, Response, ServerError};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PROTOCOL: &str = "graphql-transport-ws";
/// Bytes of a message; documents are shorter.
const MAX_MESSAGE: usize = 256 * 1024;
/// Subscriptions of one connection at a time.
const MAX_FOLLOWED: usize = 50;
/// Silence after which a connection is closed.
const SILENCE: Duration = Duration::from_mins(1);
const PING_EVERY: Duration = Duration::from_secs(25);

/// Does the client want to upgrade?
pub fn wanted(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).and_then(|v| v.to_str().ok()).is_some_and(|v| v.eq_ignore_ascii_case("websocket"))
}

/// May a page of this origin connect? Browsers send the origin and do not hold WebSockets to CORS, so that we must.
fn may_connect(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|v| v.to_str().ok()) else { return true };
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    own || shared.cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin)
}

/// Opens a connection.
pub fn open(shared: &Data<Shared>, request: &HttpRequest, body: Payload) -> HttpResponse {
    let headers = request.headers();
    if !may_connect(shared, headers) {
        return HttpResponse::Forbidden().body("pages of this origin may not connect; see the setting cors_origins");
    }
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|v| v.to_str().ok());
    if !offered.flat_map(|v| v.split(',')).any(|p| p.trim() == PROTOCOL) {
        return HttpResponse::BadRequest().body(format!("the WebSocket protocol must be {PROTOCOL}"));
    }
    // Who has sent a token in a header is known already; others may send it when the connection is initialised.
    let from_header = match auth::caller(shared, request) {
        Ok(caller) => Some(caller),
        Err(_) if request.headers().get(actix_web::http::header::AUTHORIZATION).is_none() => None,
        Err(error) => return HttpResponse::Unauthorized().body(error.message),
    };
    let (mut response, session, messages) = match actix_ws::handle(request, body) {
        Ok(opened) => opened,
        Err(error) => return error.error_response(),
    };
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let address = auth::address(shared, request);
    let messages = messages.max_frame_size(MAX_MESSAGE).aggregate_continuations().max_continuation_size(MAX_MESSAGE);
    actix_web::rt::spawn(talk(shared.clone(), session, messages, from_header, address));
    response
}

async fn talk(
    shared: Data<Shared>,
    session: actix_ws::Session,
    messages: actix_ws::AggregatedMessageStream,
    from_header: Option<Caller>,
    address: Option<std::net::IpAddr>,
) {
    let pongs = session.clone();
    let texts = texts(messages, pongs);
    let stopped = shared.live.stopped();
    let executor = Followed { shared: shared.clone(), followed: Arc::default() };
    let socket = WebSocket::new(executor, texts, WebSocketProtocols::GraphQLWS)
        .keepalive_timeout(async_graphql::runtime::TokioTimer::default(), SILENCE)
        .on_connection_init(move |payload: serde_json::Value| async move {
            let told = payload.get("Authorization").or_else(|| payload.get("authorization"));
            let caller = match (told.and_then(|v| v.as_str()), from_header) {
                (Some(header), _) => auth::token_caller(&shared, bearer(header).unwrap_or_default(), address),
                (None, Some(caller)) => Ok(caller),
                (None, None) => auth::without_token(&shared, address),
            };
            let mut data = SessionData::default();
            data.insert(caller.map_err(|e| async_graphql::Error::new(e.message))?);
            Ok(data)
        });
    let mut session = session;
    let mut out = socket.boxed_local();
    let mut pings = tokio::time::interval(PING_EVERY);
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => {
                let reason = CloseReason { code: CloseCode::Away, description: Some("the server stops".into()) };
                let _ = session.close(Some(reason)).await;
                return;
            }
            message = out.next() => match message {
                Some(WsMessage::Text(text)) => {
                    if session.text(text).await.is_err() {
                        return;
                    }
                }
                Some(WsMessage::Close(code, why)) => {
                    let reason = CloseReason { code: CloseCode::from(code), description: Some(why) };
                    let _ = session.close(Some(reason)).await;
                    return;
                }
                None => {
                    let _ = session.close(None).await;
                    return;
                }
            },
            _ = pings.tick() => {
                if session.ping(b"").await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The texts of a connection; pings are answered on the way.
fn texts(messages: actix_ws::AggregatedMessageStream, session: actix_ws::Session) -> impl Stream<Item = Vec<u8>> {
    let state = (messages, session);
    let all = futures_util::stream::unfold(state, |(mut messages, mut session)| async move {
        loop {
            match messages.recv().await {
                Some(Ok(AggregatedMessage::Text(text))) => {
                    return Some((text.as_bytes().to_vec(), (messages, session)));
                }
                Some(Ok(AggregatedMessage::Binary(bytes))) => return Some((bytes.to_vec(), (messages, session))),
                Some(Ok(AggregatedMessage::Ping(bytes))) => {
                    if session.pong(&bytes).await.is_err() {
                        return None;
                    }
                }
                Some(Ok(AggregatedMessage::Pong(_))) => {}
                Some(Ok(AggregatedMessage::Close(_)) | Err(_)) | None => return None,
            }
        }
    });
    all.boxed_local()
}

/// Answers the requests of one connection.
#[derive(Clone)]
struct Followed {
    shared: Data<Shared>,
    followed: Arc<AtomicUsize>,
}

/// Counts one subscription for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Executor for Followed {
    async fn execute(&self, request: Request) -> Response {
        self.execute_stream(request, None).next().await.unwrap_or_default()
    }

    fn execute_stream(&self, request: Request, session_data: Option<Arc<SessionData>>) -> BoxStream<'static, Response> {
        let now = self.followed.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(self.followed.clone());
        if now >= MAX_FOLLOWED {
            let why = format!("more than {MAX_FOLLOWED} subscriptions on one connection");
            let refused = Response::from_errors(vec![ServerError::new(why, None)]);
            return futures_util::stream::once(std::future::ready(refused)).boxed();
        }
        let caller = session_data
            .as_ref()
            .and_then(|data| data.get(&TypeId::of::<Caller>()))
            .and_then(|caller| caller.downcast_ref::<Caller>())
            .cloned();
        let request = ApiRequest {
            query: request.query,
            operation_name: request.operation_name,
            variables: request.variables,
            caller,
            live: Some(self.shared.live.clone()),
            ..ApiRequest::default()
        };
        let answers = self.shared.api.follow(request);
        answers
            .map(move |response| {
                let _while_followed = &counted;
                response
            })
            .boxed()
    }
}
