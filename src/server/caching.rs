//! What clients may keep: entity tags, and answers of "not modified".

use super::encoding::{Coding, packed};
use super::sending::Whole;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use quick_cache::sync::Cache;
use std::sync::Arc;
use walkshed_graphql::{Budget, UnderWay};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// What answers depend on beside the address.
pub const DEPENDS_ON: &str = "Accept, Accept-Encoding, Authorization";
/// Tags of answers that are remembered.
const REMEMBERED: usize = 20_000;

/// The tag of a representation: of its media type and its bytes before they are packed. It is a weak one, since it is the
/// same however they are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(u128);

impl Tag {
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

    /// Has the client this one already?
    pub fn is_known(self, headers: &HeaderMap) -> bool {
        let own = format!("{:032x}", self.0);
        let mut told = headers.get_all(IF_NONE_MATCH).filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
        told.any(|tag| {
            let tag = tag.trim();
            // Compared weakly, as RFC 9110 has it.
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == own
        })
    }
}

/// The tags of answers that stay as they are until the data change, by all that they depend on.
pub struct Tags(Cache<u128, u128>);

/// All that an answer depends on.
#[derive(Clone, Copy)]
pub struct Question(u128);

impl Question {
    /// Parts in their order; where one ends and the next begins counts.
    pub fn new(parts: &[&str]) -> Self {
        let mut all = Vec::new();
        for part in parts {
            all.extend_from_slice(&part.len().to_le_bytes());
            all.extend_from_slice(part.as_bytes());
        }
        Self(xxh3_128(&all))
    }
}

impl Tags {
    pub fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    pub fn find(&self, question: Question) -> Option<Tag> {
        self.0.get(&question.0).map(Tag)
    }

    pub fn remember(&self, question: Question, tag: Tag) {
        self.0.insert(question.0, tag.0);
    }
}

/// Says that the client has it already.
pub fn not_modified(tag: Tag, cache_control: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_MODIFIED)
        .insert_header((ETAG, tag.header()))
        .insert_header((CACHE_CONTROL, cache_control))
        .insert_header((VARY, DEPENDS_ON))
        .finish()
}

/// Ends an answer with a body that may be packed.
pub async fn finish(
    mut response: HttpResponseBuilder,
    bytes: Vec<u8>,
    budget: Budget,
    coding: Option<Coding>,
) -> HttpResponse {
    match packed(bytes, budget, coding).await {
        Ok((bytes, budget, coding)) => {
            if let Some(coding) = coding {
                response.insert_header((CONTENT_ENCODING, coding.name()));
            }
            response.body(Whole::new(bytes, budget))
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be packed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Answers with bytes that do not change as long as the server runs, or not often.
pub async fn fixed(request: &HttpRequest, media: &str, cache_control: &str, bytes: &[u8]) -> HttpResponse {
    let tag = Tag::of(media, bytes);
    if tag.is_known(request.headers()) {
        return not_modified(tag, cache_control);
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type(media)
        .insert_header((ETAG, tag.header()))
        .insert_header((CACHE_CONTROL, cache_control))
        .insert_header((VARY, DEPENDS_ON));
    let budget = Budget::new(Arc::new(UnderWay::new(usize::MAX)), usize::MAX);
    finish(response, bytes.to_vec(), budget, Coding::wanted(request.headers())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let tag = Tag::of("text/plain", b"abc");
        assert!(tag != Tag::of("text/html", b"abc") && tag != Tag::of("text/plain", b"abd"));
        let own = tag.header();
        let own = own.to_str().unwrap();
        for (told, known) in [
            (own.to_owned(), true),
            (own[2..].to_owned(), true),
            (format!("\"x\", {own}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&told).unwrap());
            assert_eq!(tag.is_known(&headers), known, "{told}");
        }
        assert!(!tag.is_known(&HeaderMap::new()));
        assert!(Question::new(&["ab", "c"]).0 != Question::new(&["a", "bc"]).0);
    }
}
