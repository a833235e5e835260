//! Determines the address of a client behind trusted proxies.

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A network in CIDR notation: addresses that share a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Converts an IPv4-mapped IPv6 address to IPv4.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

impl Network {
    /// Returns whether an address belongs to the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, canonical(address)) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
            _ => return false,
        };
        // Shifting by the full width would overflow, so zero bits are handled apart.
        self.bits == 0 || (own ^ other) >> (width - u32::from(self.bits)) == 0
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| ()))?;
        if bits <= width { Ok(Self { address, bits }) } else { Err(()) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The proxies whose forwarding headers are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Every peer is a proxy; the last address in its headers is the client.
    pub peer: bool,
    /// Networks of trusted proxies.
    pub trusted: Vec<Network>,
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// Returns the client of a request: the nearest address that does not belong to a trusted proxy. Addresses before it in
    /// the headers are ignored, because clients can forge them.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.map(canonical);
        if !self.peer && !peer.is_some_and(|peer| self.trusts(peer)) {
            return peer;
        }
        let mut nearest = peer;
        for entry in chain(headers).into_iter().rev() {
            // An entry without an address ends the chain.
            let Some(address) = entry else { return nearest };
            nearest = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }
}

/// Returns the addresses in the forwarding headers, nearest last; `None` for an entry that is not an address. `Forwarded`
/// takes precedence over `X-Forwarded-For`.
fn chain(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = |name: &HeaderName| -> Vec<String> {
        headers.get_all(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect()
    };
    let forwarded = lines(&FORWARDED);
    if forwarded.is_empty() {
        return lines(&X_FORWARDED_FOR).iter().flat_map(|l| l.split(',')).map(|part| address(part.trim())).collect();
    }
    forwarded.iter().flat_map(|line| split(line, ',')).map(|element| address(&node(&element)?)).collect()
}

/// Returns the parameter `for` of an element of `Forwarded`.
fn node(element: &str) -> Option<String> {
    split(element, ';').iter().find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| unquoted(value.trim()))
    })
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        None => value.to_owned(),
        Some(inner) => {
            let mut chars = inner.chars();
            let mut out = String::new();
            while let Some(c) = chars.next() {
                out.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            out
        }
    }
}

/// Splits a text at a character outside of quotes.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut is_quoted, mut is_escaped) = (vec![String::new()], false, false);
    for c in text.chars() {
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            c if c == at && !is_quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        is_escaped = c == '\\' && is_quoted && !is_escaped;
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Parses an address, with or without brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()));
    found.map(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().ok(), &map).map_or_else(|| "none".into(), |a| a.to_string())
    }

    /// TrustedDocuments proxies, peer, headers, expected client.
    type Case<'a> = (&'a Proxies, &'a str, &'a [(&'static str, &'a str)], &'a str);

    #[test]
    fn the_client_is_the_nearest_untrusted_address() {
        let none = Proxies::default();
        let one = Proxies { peer: true, trusted: Vec::new() };
        let listed = Proxies {
            peer: false,
            trusted: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].iter().map(|n| n.parse().unwrap()).collect(),
        };
        let x = "x-forwarded-for";
        let cases: &[Case<'_>] = &[
            // No proxy is trusted: headers are ignored.
            (&none, "9.9.9.9", &[(x, "1.1.1.1")], "9.9.9.9"),
            (&none, "9.9.9.9", &[("forwarded", "for=1.1.1.1")], "9.9.9.9"),
            // One proxy: it has added the last address; the client may have sent the others.
            (&one, "9.9.9.9", &[(x, "6.6.6.6, 1.1.1.1")], "1.1.1.1"),
            (&one, "9.9.9.9", &[(x, "6.6.6.6"), (x, "1.1.1.1")], "1.1.1.1"),
            (&one, "9.9.9.9", &[], "9.9.9.9"),
            (&one, "9.9.9.9", &[("forwarded", "for=6.6.6.6, for=1.1.1.1;proto=https")], "1.1.1.1"),
            // TrustedDocuments addresses are skipped from the right.
            (&listed, "127.0.0.1", &[(x, "6.6.6.6, 1.1.1.1, 10.2.3.4")], "1.1.1.1"),
            (&listed, "127.0.0.1", &[(x, "10.9.9.9, 1.1.1.1, 10.2.3.4")], "1.1.1.1"),
            (&listed, "9.9.9.9", &[(x, "1.1.1.1")], "9.9.9.9"),
            (&listed, "::ffff:127.0.0.1", &[(x, "1.1.1.1")], "1.1.1.1"),
            (&listed, "11.0.0.1", &[(x, "1.1.1.1")], "11.0.0.1"),
            // All addresses are trusted: the farthest one is the client.
            (&listed, "127.0.0.1", &[(x, "10.1.1.1, 10.2.3.4")], "10.1.1.1"),
            // Brackets, ports and quotes; parameter names in any case.
            (&listed, "127.0.0.1", &[("forwarded", "For=\"[2001:db9::7]:4711\"")], "2001:db9::7"),
            (&listed, "127.0.0.1", &[("forwarded", "proto=http;by=1.2.3.4;for=\"1.1.1.1:80\"")], "1.1.1.1"),
            (&listed, "127.0.0.1", &[("forwarded", "for=6.6.6.6;host=\"a,for=7.7.7.7\", for=1.1.1.1")], "1.1.1.1"),
            (&listed, "127.0.0.1", &[("forwarded", "for=1.1.1.1, for=\"[2001:db8::1]\"")], "1.1.1.1"),
            (&listed, "2001:db8::5", &[(x, "[2001:db9::7]:1")], "2001:db9::7"),
            (&listed, "127.0.0.1", &[(x, "1.1.1.1:5000")], "1.1.1.1"),
            // An entry that is not an address ends the chain.
            (&listed, "127.0.0.1", &[(x, "1.1.1.1, unknown, 10.2.3.4")], "10.2.3.4"),
            (&listed, "127.0.0.1", &[("forwarded", "for=1.1.1.1, for=_hidden")], "127.0.0.1"),
            (&listed, "127.0.0.1", &[("forwarded", "for=1.1.1.1, proto=http")], "127.0.0.1"),
            // `Forwarded` takes precedence.
            (&listed, "127.0.0.1", &[(x, "6.6.6.6"), ("forwarded", "for=1.1.1.1")], "1.1.1.1"),
        ];
        for (proxies, peer, headers, expected) in cases {
            assert_eq!(client(proxies, peer, headers), *expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn parses_networks() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.168.1.7", "192.168.1.7", "192.168.1.8"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("::/0", "2001::1", "1.1.1.1"),
        ] {
            let network: Network = text.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{text}");
            assert!(!network.contains(outside.parse().unwrap()), "{text}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
