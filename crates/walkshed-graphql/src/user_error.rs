//! Errors in the input of a mutation.

use async_graphql::{Enum, SimpleObject};
use walkshed_register::{Problem, ProblemCode};

/// The kind of an error, for programs.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ProblemCode")]
pub enum UserErrorCode {
    /// A required value is missing.
    Required,
    /// A value is out of range or malformed.
    Invalid,
    /// A text or list is too long.
    TooLong,
    /// A value that must be unique exists already.
    Taken,
    /// A referenced record does not exist.
    NotFound,
    /// The record has changed since it was read. Read it again before changing it.
    Conflict,
    /// Other records refer to this one.
    InUse,
    /// The idempotency key was used before with a different input.
    KeyReused,
}

/// An error in the input.
#[derive(SimpleObject, Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// The input field.
    pub field: String,
    /// A description of the error.
    pub message: String,
    /// The kind of error, for programs.
    pub code: UserErrorCode,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        let field = camel_case(problem.field);
        Self { message: format!("{field} {}", problem.message), field, code: problem.code.into() }
    }
}

/// Converts snake case to camel case.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        all + &head.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_field_names_to_camel_case() {
        assert_eq!(camel_case("opening_hours"), "openingHours");
        assert_eq!(camel_case("floor_area_m2"), "floorAreaM2");
        assert_eq!(camel_case("code"), "code");
    }
}
