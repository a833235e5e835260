//! Global ids (Relay): opaque to clients; encoded as `Type:number` in base64.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use walkshed_register::RecordKind;

/// Record kinds with global ids, and the names of their GraphQL types.
const NODES: [(RecordKind, &str); 9] = [
    (RecordKind::Center, "Center"),
    (RecordKind::Facility, "Facility"),
    (RecordKind::Service, "Service"),
    (RecordKind::Offer, "Offer"),
    (RecordKind::Event, "Event"),
    (RecordKind::Suggestion, "Suggestion"),
    (RecordKind::Region, "Region"),
    (RecordKind::Scenario, "Scenario"),
    (RecordKind::Standard, "Standard"),
];
/// Maximum length of a token. The longest is a cursor with a name of 500 characters.
const MAX_TOKEN: usize = 4000;

/// The record that a global id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId {
    pub kind: RecordKind,
    pub number: i64,
}

impl NodeId {
    /// Returns the id of a record.
    pub const fn new(kind: RecordKind, number: i64) -> Self {
        Self { kind, number }
    }

    /// Parses an id. Returns `None` if it is not a valid global id.
    pub fn parse(id: &str) -> Option<Self> {
        let text = decode(id)?;
        let (name, number) = text.split_once(':')?;
        let number = number.parse().ok().filter(|n: &i64| *n > 0)?;
        NODES.iter().find(|(_, type_name)| *type_name == name).map(|(kind, _)| Self { kind: *kind, number })
    }

    /// Returns the number in an id of this kind. `None` if the id is invalid or of another kind.
    pub fn number_of(kind: RecordKind, id: &str) -> Option<i64> {
        Self::parse(id).filter(|id| id.kind == kind).map(|id| id.number)
    }
}

impl From<NodeId> for ID {
    fn from(id: NodeId) -> Self {
        let name = NODES.iter().find(|(kind, _)| *kind == id.kind).map_or("", |(_, name)| name);
        Self(encode(&format!("{name}:{}", id.number)))
    }
}

/// Encodes text as an opaque token, for ids and cursors.
pub fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Decodes an opaque token.
pub fn decode(token: &str) -> Option<String> {
    let bytes = (token.len() <= MAX_TOKEN).then(|| URL_SAFE_NO_PAD.decode(token).ok())?;
    bytes.and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for (kind, _) in NODES {
            for number in [1, i64::MAX] {
                let id = NodeId { kind, number };
                assert_eq!(NodeId::parse(&ID::from(id)), Some(id));
            }
        }
        for wrong in ["", "x", "é", &encode("Facility"), &encode("Facility:-1"), &encode("Visits:1"), &"A".repeat(9000)]
        {
            assert_eq!(NodeId::parse(wrong), None, "{wrong}");
        }
        let center = ID::from(NodeId::new(RecordKind::Center, 7));
        assert_eq!(NodeId::number_of(RecordKind::Center, &center), Some(7));
        assert_eq!(NodeId::number_of(RecordKind::Facility, &center), None);
    }
}
