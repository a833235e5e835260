//! Types of settings that are neither texts nor numbers.

use crate::server::Network;
use std::fmt;
use std::str::FromStr;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Json { "json" } else { "text" })
    }
}

/// Whether clients without a token may read.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous(pub bool);

impl FromStr for Anonymous {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "reader" => Ok(Self(true)),
            "none" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Anonymous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "reader" } else { "none" })
    }
}

/// Addresses and networks: a TOML list or a comma-separated text.
#[derive(Debug, Clone)]
pub struct TrustedProxies(pub Vec<Network>);

impl FromStr for TrustedProxies {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        let list = s.trim().trim_start_matches('[').trim_end_matches(']').split(',');
        let items = list.map(|item| item.trim().trim_matches(['"', '\'']).trim()).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, ()>>().map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&list.join(", "))
    }
}

/// A time limit of searches, 1 to 600 minutes.
#[derive(Debug, Clone, Copy)]
pub struct Minutes(pub f64);

impl FromStr for Minutes {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        s.parse().ok().filter(|m| (1.0..=600.0).contains(m)).map(Self).ok_or(())
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
