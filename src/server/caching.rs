//! HTTP caching: entity tags and "304 Not Modified".

use super::encoding::{ContentCoding, compress};
use super::response_bodies::BudgetedBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use quick_cache::sync::Cache;
use std::sync::Arc;
use walkshed_graphql::{MemoryBudget, MemoryPool};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// The value of `Vary`: the request headers that responses depend on.
pub const VARY_HEADERS: &str = "Accept, Accept-Encoding, Authorization";
/// Number of remembered entity tags.
const REMEMBERED: usize = 20_000;

/// An entity tag: a hash of the media type and the uncompressed bytes. It is weak, because it does not depend on the content
/// coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag(u128);

impl EntityTag {
    pub fn of(media: &str, bytes: &[u8]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(media.as_bytes());
        hash.update(&[0]);
        hash.update(bytes);
        Self(hash.digest128())
    }

    pub fn header(self) -> HeaderValue {
        HeaderValue::from_str(&format!("W/\"{:032x}\"", self.0)).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
    }

    /// Returns whether `If-None-Match` holds this tag.
    pub fn matches(self, headers: &HeaderMap) -> bool {
        let own = format!("{:032x}", self.0);
        let mut tags = headers.get_all(IF_NONE_MATCH).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
        tags.any(|tag| {
            let tag = tag.trim();
            // The weak comparison of RFC 9110.
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == own
        })
    }
}

/// The tags of cacheable responses, so that an unchanged response need not be computed again.
pub struct EntityTagCache(Cache<u128, u128>);

/// A hash of everything that a response depends on.
#[derive(Clone, Copy)]
pub struct CacheKey(u128);

impl CacheKey {
    /// Hashes the parts with their lengths, so that `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn new(parts: &[&str]) -> Self {
        let mut all = Vec::new();
        for part in parts {
            all.extend_from_slice(&part.len().to_le_bytes());
            all.extend_from_slice(part.as_bytes());
        }
        Self(xxh3_128(&all))
    }
}

impl EntityTagCache {
    pub fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    pub fn find(&self, key: CacheKey) -> Option<EntityTag> {
        self.0.get(&key.0).map(EntityTag)
    }

    pub fn remember(&self, key: CacheKey, tag: EntityTag) {
        self.0.insert(key.0, tag.0);
    }
}

/// Returns "304 Not Modified".
pub fn not_modified(tag: EntityTag, cache_control: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_MODIFIED)
        .insert_header((ETAG, tag.header()))
        .insert_header((CACHE_CONTROL, cache_control))
        .insert_header((VARY, VARY_HEADERS))
        .finish()
}

/// Adds the body to a response, compressed if the client accepts it.
pub async fn with_body(
    mut response: HttpResponseBuilder,
    bytes: Vec<u8>,
    budget: MemoryBudget,
    coding: Option<ContentCoding>,
) -> HttpResponse {
    match compress(bytes, budget, coding).await {
        Ok((bytes, budget, coding)) => {
            if let Some(coding) = coding {
                response.insert_header((CONTENT_ENCODING, coding.name()));
            }
            response.body(BudgetedBody::new(bytes, budget))
        }
        Err(error) => {
            tracing::error!(%error, "a response could not be compressed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Returns static bytes with an entity tag.
pub async fn static_response(request: &HttpRequest, media: &str, cache_control: &str, bytes: &[u8]) -> HttpResponse {
    let tag = EntityTag::of(media, bytes);
    if tag.matches(request.headers()) {
        return not_modified(tag, cache_control);
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type(media)
        .insert_header((ETAG, tag.header()))
        .insert_header((CACHE_CONTROL, cache_control))
        .insert_header((VARY, VARY_HEADERS));
    let budget = MemoryBudget::new(Arc::new(MemoryPool::new(usize::MAX)), usize::MAX);
    with_body(response, bytes.to_vec(), budget, ContentCoding::negotiate(request.headers())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let tag = EntityTag::of("text/plain", b"abc");
        assert!(tag != EntityTag::of("text/html", b"abc") && tag != EntityTag::of("text/plain", b"abd"));
        let own = tag.header();
        let own = own.to_str().unwrap();
        for (header, matches) in [
            (own.to_owned(), true),
            (own[2..].to_owned(), true),
            (format!("\"x\", {own}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&header).unwrap());
            assert_eq!(tag.matches(&headers), matches, "{header}");
        }
        assert!(!tag.matches(&HeaderMap::new()));
        assert!(CacheKey::new(&["ab", "c"]).0 != CacheKey::new(&["a", "bc"]).0);
    }
}
