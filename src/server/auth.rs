//! Who sends a request: by its bearer token, or someone without one.

use super::Shared;
use crate::access::{Caller, bearer};
use crate::graphql::code;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use async_graphql::ServerError;
use std::net::IpAddr;

/// Where a request comes from.
pub fn address(shared: &Shared, request: &HttpRequest) -> Option<IpAddr> {
    if shared.behind_proxy
        && let Some(told) = request.connection_info().realip_remote_addr()
    {
        let told = told.trim_matches(['[', ']']);
        return told.parse().ok().or_else(|| told.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()));
    }
    request.peer_addr().map(|a| a.ip())
}

/// Who sends a request.
///
/// # Errors
/// What to answer with 401: a token that is not in force, or none where one is needed.
pub fn caller(shared: &Shared, request: &HttpRequest) -> Result<Caller, ServerError> {
    let address = address(shared, request);
    match request.headers().get(AUTHORIZATION) {
        Some(header) => {
            let token = header.to_str().ok().and_then(bearer);
            token_caller(shared, token.unwrap_or_default(), address)
        }
        None => without_token(shared, address),
    }
}

/// Who a token belongs to.
pub fn token_caller(shared: &Shared, token: &str, address: Option<IpAddr>) -> Result<Caller, ServerError> {
    shared.live.caller(token, address).map_err(|e| refused(&e.to_string()))
}

/// Someone without a token, where that is allowed.
pub fn without_token(shared: &Shared, address: Option<IpAddr>) -> Result<Caller, ServerError> {
    if shared.anonymous {
        Ok(Caller::anonymous(address))
    } else {
        Err(refused("this server answers those with a token alone: send it as `Authorization: Bearer TOKEN`"))
    }
}

fn refused(why: &str) -> ServerError {
    let mut error = ServerError::new(why, None);
    error.extensions.get_or_insert_default().set("code", code::UNAUTHENTICATED);
    error
}
