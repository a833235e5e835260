//! Rate limit for suggestions by anonymous callers.

use governor::clock::{Clock, DefaultClock};
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

type Limiter = RateLimiter<IpAddr, governor::state::keyed::DefaultKeyedStateStore<IpAddr>, DefaultClock>;

/// Limits suggestions per hour for each address. All of them may come at once.
pub struct SuggestionLimit(Option<Limiter>);

impl SuggestionLimit {
    /// Creates a limit; 0 disables it.
    #[must_use]
    pub fn new(per_hour: u32) -> Self {
        Self(NonZeroU32::new(per_hour).map(|n| RateLimiter::keyed(Quota::per_hour(n))))
    }

    /// Counts a suggestion.
    ///
    /// # Errors
    /// The seconds to wait, when the limit is reached.
    pub fn check(&self, address: Option<IpAddr>) -> Result<(), u64> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        // The IPv6 addresses of one household or office share their first 64 bits.
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
