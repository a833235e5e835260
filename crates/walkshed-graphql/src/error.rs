//! Errors of the API. Each carries `extensions.code` for programs and a sentence that says how to mend the request.

use async_graphql::{Error, ErrorExtensions};
use walkshed_engine::Unsnappable;
use walkshed_engine::task::Stopped;
use walkshed_store::{EditError, StoreError};

/// What `extensions.code` may hold.
pub mod code {
    /// The request cannot be read, or came by a way that does not fit it.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The document cannot be parsed.
    pub const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not fit the schema.
    pub const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// An argument is out of range or names nothing.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// No street is near enough to the place.
    pub const UNSNAPPABLE: &str = "UNSNAPPABLE";
    /// What was named does not exist.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// The request asks for more than one request may.
    pub const TOO_COMPLEX: &str = "TOO_COMPLEX";
    /// What the request needs has not been imported yet.
    pub const NOT_READY: &str = "NOT_READY";
    /// It needs a token, and there is none or one that is not in force.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The token's role may not do this.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// Too often in too little time.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// Too many analyses, jobs or changes are waiting already.
    pub const BUSY: &str = "BUSY";
    /// What it refers to has changed or gone since.
    pub const STALE: &str = "STALE";
    /// No document of this hash is known: send its text too.
    pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
    /// No document has this id.
    pub const PERSISTED_DOCUMENT_NOT_FOUND: &str = "PERSISTED_DOCUMENT_NOT_FOUND";
    /// The document is not in the manifest of trusted ones.
    pub const NOT_TRUSTED: &str = "DOCUMENT_NOT_TRUSTED";
    /// The disk of the database is full or fails; nothing was changed. Try again when that is mended.
    pub const STORAGE_FULL: &str = "STORAGE_FULL";
    /// It has taken as long as a request may.
    pub const TIMEOUT: &str = "TIMEOUT";
    /// A fault of the server.
    pub const INTERNAL: &str = "INTERNAL";
}

fn coded(message: String, code: &str) -> Error {
    Error::new(message).extend_with(|_, e| e.set("code", code))
}

/// An argument that cannot be used.
pub fn bad_input(field: &str, value: impl std::fmt::Display, why: impl std::fmt::Display) -> Error {
    Error::new(format!("{field}: {value} {why}")).extend_with(|_, e| {
        e.set("code", code::BAD_USER_INPUT);
        e.set("field", field);
    })
}

/// Nothing of that name.
pub fn not_found(field: &str, value: &str, what: &str) -> Error {
    Error::new(format!("{field}: there is no {what} \"{}\"", value.chars().take(80).collect::<String>())).extend_with(
        |_, e| {
            e.set("code", code::NOT_FOUND);
            e.set("field", field);
        },
    )
}

/// A place no street is near to.
pub fn unsnappable(field: &str, why: Unsnappable) -> Error {
    Error::new(format!("{field}: {why}")).extend_with(|_, e| {
        e.set("code", code::UNSNAPPABLE);
        e.set("field", field);
        e.set("limitMetres", why.limit_m);
        if let Some(nearest_m) = why.nearest_m {
            e.set("nearestMetres", nearest_m.round());
        }
    })
}

/// More than one request may ask for.
pub fn too_many(limit_name: &str, message: String) -> Error {
    Error::new(message).extend_with(|_, e| {
        e.set("code", code::TOO_COMPLEX);
        e.set("limit", limit_name);
    })
}

/// More than a limit allows: which one, of which argument, the value and the maximum.
pub fn over_limit(limit: &str, field: Option<&str>, value: usize, maximum: usize, message: String) -> Error {
    Error::new(message).extend_with(|_, e| {
        e.set("code", code::TOO_COMPLEX);
        e.set("limit", limit);
        e.set("value", value);
        e.set("maximum", maximum);
        if let Some(field) = field {
            e.set("field", field);
        }
    })
}

/// A list in an argument, within its bound.
///
/// # Errors
/// `TOO_COMPLEX` with field, value and maximum.
pub fn within_bound(limit: &str, field: &str, count: usize, maximum: usize) -> async_graphql::Result<()> {
    if count <= maximum {
        return Ok(());
    }
    let why = format!("{field}: {count} items are more than {limit} allows ({maximum})");
    Err(over_limit(limit, Some(field), count, maximum, why))
}

/// Work that has ended before it was done.
pub fn stopped(why: Stopped) -> Error {
    match why {
        Stopped::Cancelled => coded("the request was cancelled".into(), code::TIMEOUT),
        Stopped::DeadlineExceeded { seconds } => {
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let why = format!(
                "it was stopped after {seconds} {unit}, as long as maxSeconds allows; ask for fewer minutes, a smaller region or less at a time, try again when the server is less busy, or start a job (startJob), which may take longer"
            );
            Error::new(why).extend_with(|_, e| {
                e.set("code", code::TIMEOUT);
                e.set("limit", "maxSeconds");
                e.set("maximum", seconds);
            })
        }
    }
}

/// Something has to be imported first.
pub fn not_ready(why: &str) -> Error {
    coded(why.to_owned(), code::NOT_READY)
}

/// Something kept that does not fit the city any more.
pub fn stale(field: &str, why: impl std::fmt::Display) -> Error {
    Error::new(format!("{field}: {why}")).extend_with(|_, e| {
        e.set("code", code::STALE);
        e.set("field", field);
    })
}

/// A fault of ours.
pub fn internal(why: impl std::fmt::Display) -> Error {
    coded(format!("the server failed: {why}"), code::INTERNAL)
}

/// Who may not do this.
pub fn forbidden(needed: walkshed_register::Role, caller: &walkshed_live::access::Caller) -> Error {
    match &caller.token {
        None => coded(
            format!("this needs a token of the role {needed}: send it as `Authorization: Bearer TOKEN`"),
            code::UNAUTHENTICATED,
        ),
        Some(name) => coded(
            format!("this needs the role {needed}; the token \"{name}\" has the role {}", caller.role),
            code::FORBIDDEN,
        ),
    }
}

/// Too many wait already.
pub fn busy(waiting: usize) -> Error {
    let why = format!("{waiting} analyses are waiting already; try again in a few seconds");
    coded(why, code::BUSY)
}

/// The line for jobs is full.
pub fn busy_jobs(waiting: usize) -> Error {
    let why = format!("{waiting} jobs are waiting already; try again when some of them are done");
    coded(why, code::BUSY)
}

/// Why a change was not stored, and whether that is certain.
pub fn not_stored(error: &EditError) -> Error {
    match error {
        EditError::Busy { .. } => coded(format!("{error}; nothing was changed"), code::BUSY),
        EditError::Store(StoreError::Full(_) | StoreError::Disk(_)) => {
            tracing::error!(%error, "a change could not be stored");
            // What the database says of its files is for the log.
            let why = "the change could not be stored, the server's disk is full or fails; nothing was changed: try again \
                       when it is mended";
            coded(why.to_owned(), code::STORAGE_FULL)
        }
        EditError::Store(_) => {
            tracing::error!(%error, "a change could not be stored");
            internal("the change could not be stored; nothing was changed")
        }
        EditError::Unsure(_) | EditError::Problem { .. } | EditError::Demonstration => internal(error),
    }
}

/// The line for imports is full.
pub fn busy_imports(waiting: usize) -> Error {
    let why = format!("{waiting} imports are waiting already; try again when some of them are done");
    coded(why, code::BUSY)
}

/// Too many bytes of answers are under way.
pub fn busy_answers() -> Error {
    coded(
        "the answers that are being sent hold all the memory there is for them; try again in a few seconds".into(),
        code::BUSY,
    )
}

/// Too often in too little time.
pub fn rate_limited(seconds: u64) -> Error {
    Error::new(format!("that was too often; try again in {seconds} seconds")).extend_with(|_, e| {
        e.set("code", code::RATE_LIMITED);
        e.set("retryAfterSeconds", seconds);
    })
}
