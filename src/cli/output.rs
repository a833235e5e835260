//! The output of commands: text or JSON on standard output, progress and errors on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use walkshed_engine::task::{Task, within};

/// Steps of a progress bar when the number of work steps is unknown.
const STEPS: u64 = 100;

/// Why a command failed, in a sentence that says how to fix it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    /// Additional JSON, such as the refused rows.
    details: Option<Value>,
}

impl Failure {
    /// Creates a failure with additional JSON.
    pub fn with_details(message: String, details: Value) -> Self {
        Self { message, details: Some(details) }
    }
}

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { message: error.to_string(), details: None }
    }
}

/// Prints the results of commands.
pub struct Output {
    json: bool,
}

impl Output {
    /// Creates an output that prints JSON or text.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result: `value` as JSON or `text`.
    pub fn result(&self, value: &Value, text: &str) {
        if self.json {
            self.text(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            self.text(text);
        }
    }

    /// Prints a text to standard output.
    #[expect(clippy::unused_self, reason = "everything a command prints goes through its output")]
    pub fn text(&self, text: &str) {
        // A closed pipe is not an error of the command.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Prints a status message to standard error.
    #[expect(clippy::unused_self, reason = "everything a command prints goes through its output")]
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Prints why a command failed, and returns its exit code.
    pub fn fail(&self, failure: &Failure) -> ExitCode {
        if self.json {
            let mut error = json!({ "error": { "message": failure.message } });
            if let Some(details) = &failure.details {
                error["error"]["details"] = details.clone();
            }
            self.text(&serde_json::to_string_pretty(&error).unwrap_or_default());
        } else {
            let _ = writeln!(std::io::stderr().lock(), "error: {}", failure.message);
        }
        ExitCode::FAILURE
    }

    /// Runs a computation with a progress bar.
    pub fn working<T>(&self, what: &'static str, work: impl FnOnce() -> T) -> T {
        let bar = self.progress(STEPS);
        bar.set_message(what);
        let shown = bar.clone();
        // The total can grow during the computation; the bar never moves back.
        let task = Task::with_listener(move |share| {
            let step = (share * STEPS as f64) as u64;
            if step > shown.position() {
                shown.set_position(step);
            }
        });
        let done = within(Some(Arc::new(task)), work);
        bar.finish_and_clear();
        done
    }

    /// Creates a progress bar, which is hidden unless standard error is a terminal.
    pub fn progress(&self, length: u64) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template("{msg:24} {bar:40} {percent:>3}% {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}
