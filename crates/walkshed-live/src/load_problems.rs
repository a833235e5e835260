//! Data that could not be loaded, and when to try again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use walkshed_store::StoreError;

/// Delay before data that failed to load are loaded again although nothing has changed. It doubles with each failure.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// A part of the data that is loaded separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Streets,
    Register,
    Tokens,
}

/// The parts of the data that could not be loaded: a sentence each, until they load again.
#[derive(Debug, Default)]
pub struct LoadProblems {
    /// Indexed by [`Part`].
    problems: Mutex<[Option<String>; 3]>,
    /// Time of the next retry, and the delay after that.
    retry: Mutex<Option<(Instant, Duration)>>,
}

impl LoadProblems {
    /// Returns the current problems.
    pub fn list(&self) -> Vec<String> {
        self.lock().iter().flatten().cloned().collect()
    }

    /// Returns whether a part could not be loaded.
    pub fn has(&self, part: Part) -> bool {
        self.lock()[part as usize].is_some()
    }

    /// Records that a part could not be loaded, or that it could. Logs the change.
    pub fn set(&self, part: Part, problem: Option<String>) {
        let mut problems = self.lock();
        let known = &mut problems[part as usize];
        if *known == problem {
            return;
        }
        match (&problem, &known) {
            (Some(problem), _) => tracing::error!("{problem}"),
            (None, Some(before)) => tracing::info!(before, "data that could not be loaded before are now loaded"),
            (None, None) => {}
        }
        *known = problem;
    }

    /// Records that the register could not be loaded.
    pub fn set_register(&self, error: &StoreError) {
        let why = format!("The register cannot be read; the previous one stays in use until it can: {error}");
        self.set(Part::Register, Some(why));
    }

    /// Returns whether failed loads should be retried now. If so, sets the time of the next retry.
    pub fn is_time_to_retry(&self) -> bool {
        let (mut retry, now) = (self.retry.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let wait = match *retry {
            Some((at, _)) if now < at => return false,
            Some((_, wait)) => (wait * 2).min(LONGEST_RETRY),
            None => FIRST_RETRY,
        };
        *retry = Some((now + wait, wait));
        true
    }

    /// Resets the delay after everything has been loaded.
    pub fn reset_retry(&self) {
        *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn lock(&self) -> MutexGuard<'_, [Option<String>; 3]> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
