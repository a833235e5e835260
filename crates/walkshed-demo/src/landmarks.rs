//! Places that are hard to reach on a map: what they are, where they lie, and the street one comes from.

use walkshed_engine::geo::Position;

/// What a landmark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LandmarkKind {
    /// Homes behind walls, with private gates.
    Compound,
    /// Homes behind walls whose gates nobody has mapped.
    CompoundWithoutGate,
    /// An area for walkers that shares no node with a street.
    Square,
    /// Ground beside a viaduct, far from streets on the ground.
    Viaduct,
    /// A street that an expressway cuts.
    Expressway,
    /// A platform of the metro.
    Platform,
    /// A street of shops under the ground.
    Passage,
}

impl LandmarkKind {
    pub const ALL: [Self; 7] = [
        Self::Compound,
        Self::CompoundWithoutGate,
        Self::Square,
        Self::Viaduct,
        Self::Expressway,
        Self::Platform,
        Self::Passage,
    ];

    /// The word for it in files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Compound => "compound",
            Self::CompoundWithoutGate => "compound_without_gate",
            Self::Square => "square",
            Self::Viaduct => "viaduct",
            Self::Expressway => "expressway",
            Self::Platform => "platform",
            Self::Passage => "passage",
        }
    }
}

/// A landmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmark {
    pub kind: LandmarkKind,
    /// The site it lies in, by its place in the layout.
    pub(super) site: Option<usize>,
    pub name: String,
    /// The storey, 0 at the street.
    pub floor: i8,
    /// Entrances of buildings, places for shops; at least one, the main one first.
    pub places: Vec<Position>,
    /// Its weight when people are distributed: 1 for each node of a public street.
    pub(super) people: f64,
    /// A place on a public street outside: for a gated compound at its gate, for an expressway on its other side, else nearby.
    pub street: Position,
}

/// Landmarks as `GeoJSON`, one feature a place.
#[must_use]
pub fn text(landmarks: &[Landmark]) -> String {
    let features = landmarks.iter().flat_map(|l| {
        l.places.iter().map(move |place| {
            format!(
                "{{\"type\":\"Feature\",\"properties\":{{\"kind\":\"{}\",\"name\":\"{}\",\"floor\":{}}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{:.7},{:.7}]}}}}",
                l.kind.key(),
                l.name,
                l.floor,
                place.lon(),
                place.lat()
            )
        })
    });
    let features: Vec<String> = features.collect();
    format!(
        "{{\"type\":\"FeatureCollection\",\"description\":\"{}\",\"features\":[\n{}\n]}}\n",
        super::MARK_TEXT,
        features.join(",\n")
    )
}
