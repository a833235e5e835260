//! What records are validated against.

use crate::calendar::Calendar;
use crate::kinds::Kinds;
use crate::register::Register;

/// The context records are validated against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub register: &'a Register,
    pub kinds: &'a Kinds,
    pub calendar: &'a Calendar,
}
