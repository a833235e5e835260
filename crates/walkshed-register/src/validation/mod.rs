//! Validation of records. Files and mutations are checked by the same rules.

mod center;
mod event;
mod facility;
mod region;
mod scenario;
mod service;
mod standard;
mod suggestion;
mod validator;
mod visits;

use crate::{AnyRecord, Calendar, Kinds, Problem, ProblemCode, Register, with_record};
use validator::Validator;

/// The context records are validated against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub register: &'a Register,
    pub kinds: &'a Kinds,
    pub calendar: &'a Calendar,
}

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
