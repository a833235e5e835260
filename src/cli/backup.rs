//! `walkshed backup` and `walkshed restore`. Both work while servers are running.

use super::actor::COMMAND_LINE;
use super::output::{Failure, Output};
use super::settings::Settings;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Writes the register to a new file.
pub async fn backup(file: &Path, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    if !settings.data.is_dir() && settings.database.is_none() {
        return Err(format!("the data folder {} does not exist: nothing to back up", settings.data.display()).into());
    }
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let bytes = store.backup(file).await;
    store.close().await;
    let bytes = bytes?;
    let text = format!(
        "Backed up the register to {} ({:.1} MB). The streets are not included; import them again from their extract.",
        file.display(),
        bytes as f64 / 1e6
    );
    output.result(&json!({ "file": file, "bytes": bytes }), &text);
    Ok(ExitCode::SUCCESS)
}

/// Replaces the register by a backup.
pub async fn restore(file: &Path, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let outcome = store.restore(file, COMMAND_LINE).await;
    store.close().await;
    outcome?;
    // It holds the replaced records. A server that is running writes a new one.
    let _ = std::fs::remove_file(folder.prepared_register());
    let text = format!("Restored the register from {}. A running server loads it within two seconds.", file.display());
    output.result(&json!({ "restored": file }), &text);
    Ok(ExitCode::SUCCESS)
}
