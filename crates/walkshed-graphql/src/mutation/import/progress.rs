//! Progress reports of imports.

use crate::error::bad_input;
use async_graphql::Result;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use walkshed_live::{ImportProgress, Live};

/// Number of characters of a progress id. Whoever knows the id can follow the import, so it must not be easy to guess.
const PROGRESS_ID: RangeInclusive<usize> = 8..=200;

/// Checks a progress id.
///
/// # Errors
/// `BAD_USER_INPUT` with the name of the argument.
pub fn check_progress_id(field: &str, id: &str) -> Result<()> {
    if PROGRESS_ID.contains(&id.chars().count()) && !id.contains(char::is_control) {
        return Ok(());
    }
    let (min, max) = (PROGRESS_ID.start(), PROGRESS_ID.end());
    let shown: String = id.chars().take(20).collect();
    Err(bad_input(field, format_args!("\"{shown}\""), format_args!("must have {min} to {max} characters")))
}

type Report = Box<dyn Fn(ImportProgress) + Send + Sync>;

/// Reports the progress of an import to the subscribers of its id. The end is always reported, even if the import is
/// aborted.
pub struct Progress {
    /// `None` if no id was given.
    to: Option<(String, Report)>,
    has_ended: std::sync::atomic::AtomicBool,
}

impl Progress {
    /// Creates a reporter for the subscribers of an id.
    pub fn new(live: &Live, id: Option<String>) -> Arc<Self> {
        let to = id.map(|id| (id, Box::new(live.progress_sender()) as Report));
        Arc::new(Self { to, has_ended: false.into() })
    }

    /// Reports a stage, unless the final one was reported already.
    pub fn report(&self, stage: &'static str, done: u64, total: u64) {
        if let Some((id, report)) = &self.to {
            let progress = ImportProgress { id: id.clone(), stage, done, total };
            // Nothing is reported after the final step.
            let is_last = progress.is_last();
            if !(self.has_ended.load(SeqCst) || (is_last && self.has_ended.swap(true, SeqCst))) {
                report(progress);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.report("failed", 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_short_progress_ids() {
        for (id, fits) in [
            ("", false),
            ("mine", false),
            ("1234567", false),
            ("12345678", true),
            ("进度编号一二三四", true),
            ("with\na line", false),
        ] {
            assert_eq!(check_progress_id("id", id).is_ok(), fits, "{id}");
        }
        assert!(
            check_progress_id("id", &"x".repeat(200)).is_ok() && check_progress_id("id", &"x".repeat(201)).is_err()
        );
    }

    #[test]
    fn reports_the_end_exactly_once() {
        let stages: Arc<std::sync::Mutex<Vec<&'static str>>> = Arc::default();
        let progress = || {
            let stages = stages.clone();
            let report: Report = Box::new(move |p| stages.lock().unwrap().push(p.stage));
            Progress { to: Some(("12345678".to_owned(), report)), has_ended: false.into() }
        };
        let aborted = progress();
        aborted.report("reading", 0, 0);
        drop(aborted);
        let finished = progress();
        finished.report("done", 1, 1);
        finished.report("storing", 1, 1);
        drop(finished);
        assert_eq!(*stages.lock().unwrap(), ["reading", "failed", "done"]);
    }
}
