//! `walkshed token`: creates, lists and revokes access tokens.

use super::actor::COMMAND_LINE;
use super::args::Token;
use super::output::{Failure, Output};
use super::settings::Settings;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use std::process::ExitCode;
use walkshed_live::access::{hash, new_token};
use walkshed_store::{Store, StoreError, TokenRow};

/// Runs a token command.
pub async fn tokens(what: Token, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let outcome = match what {
        Token::Create { role, name, days } => create(&store, role, name, days, output).await,
        Token::List => list(&store, output).await,
        Token::Revoke { number } => revoke(&store, number, output).await,
    };
    store.close().await;
    outcome
}

async fn create(
    store: &Store,
    role: walkshed_register::Role,
    name: String,
    days: Option<u32>,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(format!("--name \"{name}\": must have 1 to 100 characters, and no control characters").into());
    }
    let now = Timestamp::now();
    let expires_at = days
        .map(|days| now.checked_add((i64::from(days) * 24).hours()))
        .transpose()
        .map_err(|e| format!("--days: {e}"))?;
    let token = new_token()?;
    let row = TokenRow {
        id: 0,
        name: name.clone(),
        role,
        hash: hash(token.as_bytes()),
        created_at: now,
        expires_at,
        revoked_at: None,
    };
    let number = store.add_token(&row, COMMAND_LINE).await.map_err(|e| match e {
        StoreError::TokenNameTaken(_) => Failure::from(format!("--name \"{name}\": {e}")),
        other => other.into(),
    })?;
    let value = json!({ "number": number, "name": name, "role": role, "expiresAt": expires_at, "token": token });
    let until = expires_at.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {at}"));
    let text = format!(
        "Token {number} for {name}, role {role}, valid {until}:\n\n  {token}\n\nIt is shown only this once. Send it as `Authorization: Bearer {token}`.\nA running server accepts it within two seconds."
    );
    output.result(&value, &text);
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, output: &Output) -> Result<ExitCode, Failure> {
    let now = Timestamp::now();
    let state = |t: &TokenRow| match (t.revoked_at, t.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) if at <= now => format!("expired {at}"),
        (None, Some(at)) => format!("valid until {at}"),
        (None, None) => "valid".to_owned(),
    };
    let tokens = store.tokens().await?;
    let values: Vec<Value> = tokens
        .iter()
        .map(|t| {
            json!({ "number": t.id, "name": t.name, "role": t.role, "createdAt": t.created_at,
                    "expiresAt": t.expires_at, "revokedAt": t.revoked_at })
        })
        .collect();
    let lines: Vec<String> =
        tokens.iter().map(|t| format!("{:>4}  {:11}  {}  ({})", t.id, t.role.key(), t.name, state(t))).collect();
    let text = if lines.is_empty() {
        "There are no tokens. Create one with `walkshed token create --role editor --name NAME`.".to_owned()
    } else {
        lines.join("\n")
    };
    output.result(&json!(values), &text);
    Ok(ExitCode::SUCCESS)
}

async fn revoke(store: &Store, number: i64, output: &Output) -> Result<ExitCode, Failure> {
    if !store.revoke_token(number, Timestamp::now(), COMMAND_LINE).await? {
        return Err(format!("no valid token has the number {number}; `walkshed token list` lists all tokens").into());
    }
    output.result(
        &json!({ "revoked": number }),
        &format!("Revoked token {number}. A running server rejects it within two seconds."),
    );
    Ok(ExitCode::SUCCESS)
}
