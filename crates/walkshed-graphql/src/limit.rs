//! How often someone without a token may hand in a suggestion.

use governor::clock::{Clock, DefaultClock};
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

type Limiter = RateLimiter<IpAddr, governor::state::keyed::DefaultKeyedStateStore<IpAddr>, DefaultClock>;

/// Suggestions an hour for each address, as many of them at once.
pub struct SuggestionLimit(Option<Limiter>);

impl SuggestionLimit {
    /// So many an hour; 0 for no limit.
    #[must_use]
    pub fn new(per_hour: u32) -> Self {
        Self(NonZeroU32::new(per_hour).map(|n| RateLimiter::keyed(Quota::per_hour(n))))
    }

    /// Counts one.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many.
    pub fn check(&self, address: Option<IpAddr>) -> Result<(), u64> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        // Addresses of one household or office in IPv6 differ in their second half.
        let key = match address {
            Some(IpAddr::V6(v6)) => IpAddr::from(std::net::Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
            Some(v4) => v4,
            None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        if limiter.len() > 100_000 {
            limiter.retain_recent();
        }
        let clock = DefaultClock::default();
        limiter.check_key(&key).map_err(|not_until| not_until.wait_time_from(clock.now()).as_secs() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_limit() {
        let limit = SuggestionLimit::new(3);
        let a: IpAddr = "10.0.0.1".parse().unwrap();
        let b: IpAddr = "10.0.0.2".parse().unwrap();
        assert!((0..3).all(|_| limit.check(Some(a)).is_ok()));
        let wait = limit.check(Some(a)).unwrap_err();
        assert!((1..=1201).contains(&wait), "{wait}");
        assert!(limit.check(Some(b)).is_ok());
        let (one, other): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        assert!((0..3).all(|_| limit.check(Some(one)).is_ok()) && limit.check(Some(other)).is_err());
        assert!((0..50).all(|_| SuggestionLimit::new(0).check(Some(a)).is_ok()));
    }
}
