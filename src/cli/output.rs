//! What commands print: plain sentences or JSON on standard output, progress on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use walkshed_engine::task::{Task, within};

/// Steps of a bar of work whose own steps are not known beforehand.
const STEPS: u64 = 100;

/// Why a command failed, in a sentence that says how to mend it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    /// More for scripts, such as the refused rows.
    details: Option<Value>,
}

impl Failure {
    /// A failure with details for scripts.
    pub fn with_details(message: String, details: Value) -> Self {
        Self { message, details: Some(details) }
    }
}

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { message: error.to_string(), details: None }
    }
}

/// Where a command's answer goes.
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or for scripts.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the answer in the form wanted.
    pub fn result(&self, value: &Value, text: &str) {
        if self.json {
            self.text(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            self.text(text);
        }
    }

    /// Prints a text.
    #[expect(clippy::unused_self, reason = "everything a command prints goes through its output")]
    pub fn text(&self, text: &str) {
        // A reader that has gone away (a closed pipe) is not our failure.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Tells those who watch what goes on; answers go to standard output.
    #[expect(clippy::unused_self, reason = "everything a command prints goes through its output")]
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Says why a command failed.
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

    /// Works something out, with a bar on a terminal that shows how far it has come.
    pub fn working<T>(&self, what: &'static str, work: impl FnOnce() -> T) -> T {
        let bar = self.progress(STEPS);
        bar.set_message(what);
        let shown = bar.clone();
        // What is expected grows as the work is understood; the bar does not go back.
        let task = Task::told_to(move |share| {
            let step = (share * STEPS as f64) as u64;
            if step > shown.position() {
                shown.set_position(step);
            }
        });
        let done = within(Some(Arc::new(task)), work);
        bar.finish_and_clear();
        done
    }

    /// A progress bar on a terminal, nothing elsewhere.
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
