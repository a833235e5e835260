//! The access tokens in use.

use crate::access::{Caller, hash};
use crate::load_problems::{LoadProblems, Part};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use walkshed_register::Role;
use walkshed_store::{Store, StoreError, TokenRow};

/// Longest time until the expiry of a token is checked again.
const MAX_EXPIRY_WAIT: Duration = Duration::from_hours(24);

/// A rejected token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("unknown token; create one with `walkshed token create --role reader --name NAME`")]
    Unknown,
    #[error("the token \"{0}\" has expired")]
    Expired(String),
    #[error("the token \"{0}\" has been revoked")]
    Revoked(String),
}

/// The access tokens in use.
pub struct Tokens {
    list: ArcSwap<Vec<TokenRow>>,
    /// Notifies subscriptions that their tokens may have ended.
    changed: watch::Sender<()>,
    /// Serialises reading and publishing the list, so that an older list never replaces a newer one.
    reading: Mutex<()>,
}

impl Tokens {
    /// Reads all tokens.
    pub async fn load(store: &Store, problems: &LoadProblems) -> Result<Self, StoreError> {
        let (list, errors) = store.readable_tokens().await?;
        problems.set(Part::Tokens, problem(&errors));
        Ok(Self { list: ArcSwap::from_pointee(list), changed: watch::Sender::new(()), reading: Mutex::default() })
    }

    /// Reads all tokens again. If that fails, the previous ones stay valid.
    pub async fn reload(&self, store: &Store, problems: &LoadProblems) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading.lock().await;
        match store.readable_tokens().await {
            Ok((list, errors)) => {
                if **self.list.load() != list {
                    self.list.store(Arc::new(list));
                    self.changed.send_replace(());
                }
                problems.set(Part::Tokens, problem(&errors));
                Ok(())
            }
            Err(error) => {
                let why = format!("The tokens cannot be read; the previous ones stay valid: {error}");
                problems.set(Part::Tokens, Some(why));
                Err(error)
            }
        }
    }

    /// Returns the caller that a token identifies.
    pub fn caller(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, TokenError> {
        self.caller_by_hash(&hash(token.as_bytes()), address)
    }

    /// Returns the caller that a token identifies, by the hash of the token.
    pub fn caller_by_hash(&self, hash: &[u8; 32], address: Option<IpAddr>) -> Result<Caller, TokenError> {
        let now = Timestamp::now();
        let tokens = self.list.load();
        // Comparing hashes instead of tokens: the duration of the comparison reveals nothing useful.
        let token = tokens.iter().find(|t| t.hash == *hash).ok_or(TokenError::Unknown)?;
        if token.revoked_at.is_some() {
            return Err(TokenError::Revoked(token.name.clone()));
        }
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Expired(token.name.clone()));
        }
        Ok(Caller { role: token.role, token: Some(token.name.clone()), address })
    }

    /// Waits until a token is expired, revoked or unknown, or its role changes.
    pub async fn ended(&self, hash: [u8; 32], role: Role) {
        let mut changed = self.changed.subscribe();
        while self.caller_by_hash(&hash, None).is_ok_and(|caller| caller.role == role) {
            let expiry = self.list.load().iter().find(|t| t.hash == hash).and_then(|t| t.expires_at);
            let left = expiry.map(|at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
            // Bounded, because clocks may be adjusted and timers have a maximum duration.
            let left = left.unwrap_or(MAX_EXPIRY_WAIT).min(MAX_EXPIRY_WAIT) + Duration::from_millis(1);
            if let Ok(Err(_)) = tokio::time::timeout(left, changed.changed()).await {
                return;
            }
        }
    }

    /// Returns whether an unrevoked token of this role exists.
    pub fn has_role(&self, role: Role) -> bool {
        self.list.load().iter().any(|t| t.role == role && t.revoked_at.is_none())
    }

    /// Changes the list without reading it, for changes that are stored but cannot be read again.
    pub fn change(&self, change: impl Fn(&mut Vec<TokenRow>)) {
        self.list.rcu(|tokens| {
            let mut tokens = Vec::clone(tokens);
            change(&mut tokens);
            tokens
        });
    }
}

/// Describes tokens that cannot be read.
fn problem(errors: &[StoreError]) -> Option<String> {
    let first = errors.first()?;
    let more = if errors.len() > 1 { format!(" ({} in total)", errors.len()) } else { String::new() };
    Some(format!("A token cannot be read and is rejected{more}: {first}"))
}
