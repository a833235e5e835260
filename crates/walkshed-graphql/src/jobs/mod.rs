//! Jobs: queries that run in the background. A limited number runs at the same time, the others wait in a queue. Results are
//! kept for a day.

mod job;
mod queue;
mod run;
mod schema;

pub use job::{Job, current_job, ticks};
pub use queue::Jobs;
pub use run::{JobSchema, limits_of_jobs};
pub use schema::{JobMutation, JobQuery};
