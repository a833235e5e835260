//! GraphQL errors. Each carries `extensions.code` for programs and a message that says how to correct the request.

use async_graphql::{Error, ErrorExtensions, ServerError};
use walkshed_engine::Unsnappable;
use walkshed_engine::task::Stopped;
use walkshed_store::{EditError, StoreError};

/// Values of `extensions.code`.
pub mod code {
    /// The request is malformed, or this transport does not allow the operation.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The document cannot be parsed.
    pub const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not match the schema.
    pub const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// An argument is out of range or refers to nothing.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// No street is close enough to the position.
    pub const UNSNAPPABLE: &str = "UNSNAPPABLE";
    /// The requested object does not exist.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// The request exceeds a limit.
    pub const TOO_COMPLEX: &str = "TOO_COMPLEX";
    /// Data that the request needs has not been imported yet.
    pub const NOT_READY: &str = "NOT_READY";
    /// The operation requires a token, and none or an invalid one was sent.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The token's role may not do this.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// Too many requests in too short a time.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// The queue for analyses, jobs, imports or changes is full.
    pub const BUSY: &str = "BUSY";
    /// The referenced data has changed or no longer exists.
    pub const STALE: &str = "STALE";
    /// No document with this hash is cached: send its text too.
    pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
    /// No document has this id.
    pub const PERSISTED_DOCUMENT_NOT_FOUND: &str = "PERSISTED_DOCUMENT_NOT_FOUND";
    /// The document is not in the manifest of trusted ones.
    pub const NOT_TRUSTED: &str = "DOCUMENT_NOT_TRUSTED";
    /// The disk of the database is full or failing; nothing was changed. Retry after the disk problem is fixed.
    pub const STORAGE_FULL: &str = "STORAGE_FULL";
    /// The request exceeded its time limit or was cancelled.
    pub const TIMEOUT: &str = "TIMEOUT";
    /// An internal server error.
    pub const INTERNAL: &str = "INTERNAL";
}

fn coded(message: String, code: &str) -> Error {
    Error::new(message).extend_with(|_, e| e.set("code", code))
}

/// Returns an error with a code, for errors that are not errors of a field.
pub fn server_error(message: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Returns a `BAD_USER_INPUT` error for an argument.
pub fn bad_input(field: &str, value: impl std::fmt::Display, why: impl std::fmt::Display) -> Error {
    Error::new(format!("{field}: {value} {why}")).extend_with(|_, e| {
        e.set("code", code::BAD_USER_INPUT);
        e.set("field", field);
    })
}

/// Returns a `BAD_USER_INPUT` error for an argument without showing its value.
pub fn invalid(field: &str, why: impl std::fmt::Display) -> Error {
    Error::new(format!("{field}: {why}")).extend_with(|_, e| {
        e.set("code", code::BAD_USER_INPUT);
        e.set("field", field);
    })
}

/// Returns a `NOT_FOUND` error.
pub fn not_found(field: &str, value: &str, what: &str) -> Error {
    Error::new(format!("{field}: no {what} \"{}\" exists", value.chars().take(80).collect::<String>())).extend_with(
        |_, e| {
            e.set("code", code::NOT_FOUND);
            e.set("field", field);
        },
    )
}

/// Returns an `UNSNAPPABLE` error.
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

/// Returns a `TOO_COMPLEX` error that names the limit.
pub fn too_many(limit_name: &str, message: String) -> Error {
    Error::new(message).extend_with(|_, e| {
        e.set("code", code::TOO_COMPLEX);
        e.set("limit", limit_name);
    })
}

/// Returns a `TOO_COMPLEX` error with the limit, the argument, the value and the maximum.
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

/// Checks the length of a list argument.
///
/// # Errors
/// `TOO_COMPLEX` with field, value and maximum.
pub fn within_bound(limit: &str, field: &str, count: usize, maximum: usize) -> async_graphql::Result<()> {
    if count <= maximum {
        return Ok(());
    }
    let why = format!("{field}: {count} items exceed {limit} ({maximum})");
    Err(over_limit(limit, Some(field), count, maximum, why))
}

/// Returns a `TIMEOUT` error for work that was stopped early.
pub fn stopped(why: Stopped) -> Error {
    match why {
        Stopped::Cancelled => coded("the request was cancelled".into(), code::TIMEOUT),
        Stopped::DeadlineExceeded { seconds } => {
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let why = format!(
                "The request was stopped after {seconds} {unit}, the limit maxSeconds. Ask for fewer minutes, a smaller region or less data at a time, retry when the server is less busy, or start a job (startJob), which has no time limit."
            );
            Error::new(why).extend_with(|_, e| {
                e.set("code", code::TIMEOUT);
                e.set("limit", "maxSeconds");
                e.set("maximum", seconds);
            })
        }
    }
}

/// Returns a `NOT_READY` error.
pub fn not_ready(why: &str) -> Error {
    coded(why.to_owned(), code::NOT_READY)
}

/// Returns the error for a server without a database.
pub fn read_only() -> Error {
    not_ready("this server is read-only: it has no database")
}

/// Returns a `STALE` error for stored data that no longer matches the register.
pub fn stale(field: &str, why: impl std::fmt::Display) -> Error {
    Error::new(format!("{field}: {why}")).extend_with(|_, e| {
        e.set("code", code::STALE);
        e.set("field", field);
    })
}

/// Returns an `INTERNAL` error.
pub fn internal(why: impl std::fmt::Display) -> Error {
    coded(format!("Internal server error: {why}"), code::INTERNAL)
}

/// Returns `UNAUTHENTICATED` for a caller without a token, `FORBIDDEN` for a token with another role.
pub fn forbidden(needed: walkshed_register::Role, caller: &walkshed_live::access::Caller) -> Error {
    match &caller.token {
        None => coded(
            format!("This requires a token with the role {needed}. Send it as `Authorization: Bearer TOKEN`."),
            code::UNAUTHENTICATED,
        ),
        Some(name) => coded(
            format!("This requires the role {needed}; the token \"{name}\" has the role {}.", caller.role),
            code::FORBIDDEN,
        ),
    }
}

/// Returns a `BUSY` error: the queue for analyses is full.
pub fn busy(waiting: usize) -> Error {
    let why = format!("{waiting} analyses are already waiting; try again in a few seconds.");
    coded(why, code::BUSY)
}

/// Returns a `BUSY` error: the queue for jobs is full.
pub fn busy_jobs(waiting: usize) -> Error {
    let why = format!("{waiting} jobs are already waiting; try again when some of them are done.");
    coded(why, code::BUSY)
}

/// Converts a failed write to an error that says whether anything was changed.
pub fn not_stored(error: &EditError) -> Error {
    match error {
        EditError::Busy { .. } => coded(format!("{error}; nothing was changed"), code::BUSY),
        EditError::Store(StoreError::Full(_) | StoreError::Disk(_)) => {
            tracing::error!(%error, "a change could not be stored");
            // Messages of the database name files of the server: they go to the log only.
            let why = "The change was not stored because the server's disk is full or failing; nothing was changed. \
                       Try again after the disk problem is fixed.";
            coded(why.to_owned(), code::STORAGE_FULL)
        }
        EditError::Store(_) => {
            tracing::error!(%error, "a change could not be stored");
            internal("the change was not stored; nothing was changed")
        }
        EditError::CommitUnknown(_) | EditError::Problem { .. } | EditError::Demonstration => internal(error),
    }
}

/// Returns a `BUSY` error: the queue for imports is full.
pub fn busy_imports(waiting: usize) -> Error {
    let why = format!("{waiting} imports are already waiting; try again when some of them are done.");
    coded(why, code::BUSY)
}

/// Returns a `BUSY` error: the memory for responses is used up.
pub fn busy_answers() -> Error {
    coded("The memory for responses (maxAnswersBytes) is used up; try again in a few seconds.".into(), code::BUSY)
}

/// Returns a `RATE_LIMITED` error.
pub fn rate_limited(seconds: u64) -> Error {
    Error::new(format!("Too many requests; try again in {seconds} seconds.")).extend_with(|_, e| {
        e.set("code", code::RATE_LIMITED);
        e.set("retryAfterSeconds", seconds);
    })
}
