//! The cost of a request, in units of one plain field (0.7 microseconds), and the choice of the thread for costly work.
//!
//! Costs are limited twice. Before a request runs, its cost is computed from the document and the arguments alone
//! (`complexity`) and compared with [`Limits::max_complexity`]: this limits fields and rows. Before each piece of work
//! starts, its cost is estimated from the size of the city and the number of facilities ([`charge`]) and compared with
//! [`Limits::max_work`]: this limits computation. Estimates assume an empty cache: a cached result costs the same, so that
//! the state of the cache does not decide whether a request is refused.

mod city;
mod fields;
mod meter;
mod run;

pub use city::{City, GAINED, Reach, SETTLED, SUMMED, rated};
pub use fields::*;
pub use meter::{WorkCharger, WorkMeter, charge, charge_rows};
pub use run::{charge_and_run, run};
