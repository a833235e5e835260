//! `walkshed backup` and `walkshed restore`: the register to a file and back, while servers run.

use super::COMMAND_LINE;
use super::output::{Failure, Output};
use super::settings::Settings;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Writes everything to a new file.
pub async fn backup(file: &Path, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    if !settings.data.is_dir() && settings.database.is_none() {
        return Err(format!("there is no data folder at {}: nothing to back up", settings.data.display()).into());
    }
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let bytes = store.backup(file).await;
    store.close().await;
    let bytes = bytes?;
    let text = format!(
        "the register is in {} ({:.1} MB); the streets are not: they are made anew from their extract",
        file.display(),
        bytes as f64 / 1e6
    );
    output.result(&json!({ "file": file, "bytes": bytes }), &text);
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup back.
pub async fn restore(file: &Path, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let outcome = store.restore(file, COMMAND_LINE).await;
    store.close().await;
    outcome?;
    let text = format!("the register is again as in {}; a running server notices within two seconds", file.display());
    output.result(&json!({ "restored": file }), &text);
    Ok(ExitCode::SUCCESS)
}
