//! Parses the parameters of a GraphQL request from a query string, a JSON body, or the payload of a message.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web;
use serde::Deserialize;
use walkshed_graphql::{ApiRequest, Persisted, Value, Variables, has_reserved_name};

/// An error that precedes the execution of a GraphQL request.
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
}

impl Refusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

/// The body of a request without extensions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyWithoutExtensions {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<Variables>,
}

/// Parses the parameters of a query string.
pub fn read_parameters(query: &str) -> Result<ApiRequest, Refusal> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|e| Refusal::bad(format!("The query string is malformed: {e}")))?;
    let mut map = serde_json::Map::new();
    for (key, value) in pairs.into_inner() {
        if matches!(key.as_str(), "variables" | "extensions") {
            refuse_reserved_names(value.as_bytes())?;
        }
        let value = match key.as_str() {
            "variables" | "extensions" if !value.is_empty() => serde_json::from_str(&value)
                .map_err(|e| Refusal::bad(format!("The parameter {key} is not JSON: {e}")))?,
            "variables" | "extensions" => serde_json::Value::Null,
            "operationName" if value.is_empty() => serde_json::Value::Null,
            _ => serde_json::Value::String(value),
        };
        map.insert(key, value);
    }
    read_request(map)
}

/// Refuses JSON with a name that `serde_json` treats specially: see [`has_reserved_name`]. Text that is not JSON passes.
pub fn refuse_reserved_names(text: &[u8]) -> Result<(), Refusal> {
    match serde_json::from_slice::<Value>(text) {
        Ok(value) if has_reserved_name(&value) => {
            Err(Refusal::bad("The name $serde_json::private::RawValue is reserved."))
        }
        _ => Ok(()),
    }
}

/// Parses the parameters of a JSON body.
pub fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<ApiRequest, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut pieces = kind.split(';').map(|p| p.trim().to_ascii_lowercase());
    if pieces.next().as_deref() != Some("application/json") {
        let found = if kind.is_empty() { "missing".to_owned() } else { format!("\"{kind}\"") };
        let why = format!("The Content-Type must be application/json; it is {found}.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    if let Some(charset) = pieces.find_map(|p| p.strip_prefix("charset=").map(|c| c.trim_matches('"').to_owned()))
        && charset != "utf-8"
    {
        let why = format!("The charset must be utf-8; it is \"{charset}\".");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    // Most requests have these parameters and no others. Their variables are read without a JSON value in between.
    // serde would accept a JSON array as this struct.
    if body.trim_ascii_start().starts_with(b"{")
        && let Ok(BodyWithoutExtensions { query: Some(query), operation_name, variables }) =
            serde_json::from_slice(body)
        && !query.is_empty()
    {
        let variables = variables.unwrap_or_default();
        return Ok(ApiRequest { query, operation_name, variables, ..ApiRequest::default() });
    }
    refuse_reserved_names(body)?;
    match serde_json::from_slice(body) {
        Ok(serde_json::Value::Object(map)) => read_request(map),
        Ok(serde_json::Value::Array(_)) => Err(Refusal::bad("Batches are not supported; send one request at a time.")),
        Ok(_) => Err(Refusal::bad("The body must be a JSON object with a query.")),
        Err(_) if body.is_empty() => Err(Refusal::bad("The body is empty. It must be a JSON object with a query.")),
        Err(e) => Err(Refusal::bad(format!("The body is not JSON: {e}"))),
    }
}

/// Parses the parameters of a request from a JSON object.
pub fn read_request(mut map: serde_json::Map<String, serde_json::Value>) -> Result<ApiRequest, Refusal> {
    use serde_json::Value as Json;
    let wrong = |key: &str, expected: &str| Refusal::bad(format!("The parameter {key} must be {expected}."));
    let query = match map.remove("query") {
        Some(Json::String(text)) => text,
        None | Some(Json::Null) => String::new(),
        Some(_) => return Err(wrong("query", "a string")),
    };
    let operation_name = match map.remove("operationName") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name),
        Some(_) => return Err(wrong("operationName", "a string")),
    };
    let variables = match map.remove("variables") {
        None | Some(Json::Null) => Variables::default(),
        Some(object @ Json::Object(_)) => Variables::from_json(object),
        Some(_) => return Err(wrong("variables", "an object")),
    };
    let extensions = match map.remove("extensions") {
        None | Some(Json::Null) => serde_json::Map::new(),
        Some(Json::Object(extensions)) => extensions,
        Some(_) => return Err(wrong("extensions", "an object")),
    };
    let document_id = match map.remove("documentId") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) => Some(Persisted::Id(id)),
        Some(_) => return Err(wrong("documentId", "a string")),
    };
    let persisted = document_id.map_or_else(|| by_hash(&extensions), |id| Ok(Some(id)))?;
    if query.is_empty() && persisted.is_none() {
        return Err(Refusal::bad("The parameter query is missing."));
    }
    let wants_cost = match extensions.get("cost") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(wants)) => *wants,
        Some(_) => return Err(wrong("extensions.cost", "true or false")),
    };
    Ok(ApiRequest { query, persisted, operation_name, variables, wants_cost, ..ApiRequest::default() })
}

/// Parses the hash of an automatic persisted query (Apollo).
fn by_hash(extensions: &serde_json::Map<String, serde_json::Value>) -> Result<Option<Persisted>, Refusal> {
    let Some(persisted) = extensions.get("persistedQuery").filter(|p| !p.is_null()) else { return Ok(None) };
    if persisted.get("version").and_then(serde_json::Value::as_u64) != Some(1) {
        return Err(Refusal::bad("extensions.persistedQuery.version must be 1."));
    }
    match persisted.get("sha256Hash") {
        Some(serde_json::Value::String(hash)) => Ok(Some(Persisted::Hash(hash.clone()))),
        _ => Err(Refusal::bad("extensions.persistedQuery.sha256Hash must be a string.")),
    }
}
