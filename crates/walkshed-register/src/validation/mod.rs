//! Validation of records. Files and mutations are checked by the same rules.

mod center;
mod event;
mod facility;
mod region;
mod rules;
mod scenario;
mod service;
mod standard;
mod suggestion;
mod validator;
mod visits;

use crate::problem::{Problem, ProblemCode};
use crate::record::{AnyRecord, with_record};
pub use rules::Rules;

use validator::Validator;

/// A record that can be validated.
pub trait Validate {
    /// Returns the validation problems of the record; empty if it is valid.
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem>;
}

impl Validate for AnyRecord {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        with_record!(self, record => record.problems(rules))
    }
}
