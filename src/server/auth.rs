//! Authentication: finds the caller of a request by its bearer token.

use super::shared::Shared;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::ServerError;
use serde_json::json;
use std::net::IpAddr;
use walkshed_graphql::code;
use walkshed_live::access::{Caller, bearer, hash};

/// An authenticated or anonymous caller.
#[derive(Clone)]
pub struct Session {
    pub caller: Caller,
    /// The hash of the token; `None` for an anonymous caller.
    hash: Option<[u8; 32]>,
}

impl Session {
    /// Returns whether the token is still valid and has the same role as before.
    pub fn is_valid(&self, shared: &Shared) -> bool {
        let caller = |hash| shared.live.caller_by_hash(hash, None);
        self.hash.as_ref().is_none_or(|hash| caller(hash).is_ok_and(|c| c.role == self.caller.role))
    }

    /// Waits until the token is no longer valid.
    pub fn ended(&self, shared: &Shared) -> impl Future<Output = ()> + Send + 'static {
        let token = self.hash.map(|hash| shared.live.token_ended(hash, self.caller.role));
        async move {
            match token {
                Some(ended) => ended.await,
                None => std::future::pending().await,
            }
        }
    }
}

/// Returns the address of the client.
pub fn address(shared: &Shared, request: &HttpRequest) -> Option<IpAddr> {
    shared.proxies.client(request.peer_addr().map(|a| a.ip()), request.headers())
}

/// Authenticates a request.
///
/// # Errors
/// An error to send with status 401: the token is invalid, or missing although the server requires one.
pub fn session(shared: &Shared, request: &HttpRequest) -> Result<Session, ServerError> {
    let address = address(shared, request);
    match request.headers().get(AUTHORIZATION) {
        Some(header) => {
            let token = header.to_str().ok().and_then(bearer);
            token_session(shared, token.unwrap_or_default(), address)
        }
        None => without_token(shared, address),
    }
}

/// Authenticates a token.
///
/// # Errors
/// As [`session`].
pub fn token_session(shared: &Shared, token: &str, address: Option<IpAddr>) -> Result<Session, ServerError> {
    let hash = hash(token.as_bytes());
    let caller = shared.live.caller_by_hash(&hash, address).map_err(|e| refused(&e.to_string()))?;
    Ok(Session { caller, hash: Some(hash) })
}

/// Returns an anonymous session, if the server allows it.
///
/// # Errors
/// As [`session`].
pub fn without_token(shared: &Shared, address: Option<IpAddr>) -> Result<Session, ServerError> {
    if shared.anonymous {
        Ok(Session { caller: Caller::anonymous(address), hash: None })
    } else {
        Err(refused("This server requires a token. Send it as `Authorization: Bearer TOKEN`."))
    }
}

/// Returns the response with status 401 for a caller who may not read, for routes other than GraphQL; `None` for others.
pub fn refusal(shared: &Shared, request: &HttpRequest) -> Option<HttpResponse> {
    let error = session(shared, request).err()?;
    let mut reply = HttpResponse::Unauthorized();
    reply.insert_header((WWW_AUTHENTICATE, "Bearer")).insert_header((CACHE_CONTROL, "no-store"));
    Some(reply.json(json!({ "error": error.message })))
}

fn refused(why: &str) -> ServerError {
    let mut error = ServerError::new(why, None);
    error.extensions.get_or_insert_default().set("code", code::UNAUTHENTICATED);
    error
}
