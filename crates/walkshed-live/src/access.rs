//! Authentication and authorization: bearer tokens and roles.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};
use walkshed_register::Role;

/// Prefix of all tokens, which makes them recognizable in logs and for secret scanners.
pub const PREFIX: &str = "wsk_";
const RANDOM_BYTES: usize = 32;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub role: Role,
    /// Name of the token; `None` for anonymous callers.
    pub token: Option<String>,
    /// Client address, for rate limits.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Creates a caller without a token.
    #[must_use]
    pub const fn anonymous(address: Option<IpAddr>) -> Self {
        Self { role: Role::Reader, token: None, address }
    }

    /// Returns the network of the caller: the address, or for IPv6 its first 64 bits, because clients can change the rest.
    #[must_use]
    pub fn network(&self) -> Option<IpAddr> {
        self.address.map(|address| match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::from(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
            IpAddr::V4(v4) => IpAddr::V4(v4),
        })
    }

    /// Returns the name in the audit log.
    #[must_use]
    pub fn actor(&self) -> String {
        self.token.as_ref().map_or_else(|| "anonymous".to_owned(), |name| format!("token {name}"))
    }

    /// Returns whether the caller has the permissions of a role.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }
}

/// Creates a token of 256 random bits.
///
/// # Errors
/// A message, if the system provides no random numbers.
pub fn new_token() -> Result<String, String> {
    let mut bytes = [0u8; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system provides no random numbers: {e}"))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns the stored hash of a token. A plain hash is sufficient, because the token is fully random.
#[must_use]
pub fn hash(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Returns the token in an `Authorization` header.
#[must_use]
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_hashed() {
        let (a, b) = (new_token().unwrap(), new_token().unwrap());
        assert!(a.starts_with(PREFIX) && a.len() == PREFIX.len() + 43 && a != b);
        assert_ne!(hash(a.as_bytes()), hash(b.as_bytes()));
        // SHA-256 of "abc", from FIPS 180-2.
        assert_eq!(hash(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn parses_bearer_tokens() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer ", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(bearer(header), token, "{header}");
        }
    }

    #[test]
    fn roles_include_preceding_roles() {
        let caller = |role| Caller { role, ..Caller::anonymous(None) };
        assert!(caller(Role::Admin).may(Role::Editor) && caller(Role::Editor).may(Role::Contributor));
        assert!(!caller(Role::Contributor).may(Role::Editor) && !caller(Role::Reader).may(Role::Contributor));
    }
}
