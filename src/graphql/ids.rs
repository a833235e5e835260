//! Global ids (Relay): opaque to clients, `Type:number` in base64 to us.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a global id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeId {
    Center(i64),
    Facility(i64),
}

impl NodeId {
    /// Reads an id; `None` when it is not one of ours.
    pub fn parse(id: &str) -> Option<Self> {
        let text = decode(id)?;
        let (kind, number) = text.split_once(':')?;
        let number = number.parse().ok().filter(|n: &i64| *n > 0)?;
        match kind {
            "Center" => Some(Self::Center(number)),
            "Facility" => Some(Self::Facility(number)),
            _ => None,
        }
    }
}

impl From<NodeId> for ID {
    fn from(id: NodeId) -> Self {
        Self(match id {
            NodeId::Center(n) => encode(&format!("Center:{n}")),
            NodeId::Facility(n) => encode(&format!("Facility:{n}")),
        })
    }
}

/// Text to an opaque token, for ids and cursors.
pub fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// An opaque token back to text.
pub fn decode(token: &str) -> Option<String> {
    (token.len() <= 200).then(|| URL_SAFE_NO_PAD.decode(token).ok())?.and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_there_and_back() {
        for id in [NodeId::Center(1), NodeId::Facility(i64::MAX)] {
            assert_eq!(NodeId::parse(&ID::from(id)), Some(id));
        }
        for wrong in ["", "x", "é", &encode("Facility"), &encode("Facility:-1"), &encode("Region:1"), &"A".repeat(1000)]
        {
            assert_eq!(NodeId::parse(wrong), None, "{wrong}");
        }
    }
}
