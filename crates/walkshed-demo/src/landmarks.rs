//! Landmarks: places that are hard to reach on a map, and the street each is reached from.

use walkshed_engine::geo::Position;

/// The kind of a landmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LandmarkKind {
    /// Homes behind walls, with private gates.
    Compound,
    /// Homes behind walls without a mapped gate.
    CompoundWithoutGate,
    /// A pedestrian area that shares no node with a street.
    Square,
    /// Ground beside a viaduct, far from streets on the ground.
    Viaduct,
    /// A street cut by an expressway.
    Expressway,
    /// A metro platform.
    Platform,
    /// An underground shopping passage.
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

    /// Returns the name used in files.
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
    /// The index of its site in the layout.
    pub(super) site: Option<usize>,
    pub name: String,
    /// The storey; 0 is the ground.
    pub floor: i8,
    /// Building entrances or places for shops; at least one, the main one first.
    pub places: Vec<Position>,
    /// Its weight when residents are distributed; a node of a public street has weight 1.
    pub(super) people: f64,
    /// A place on a public street outside: at the gate of a gated compound, on the other side of an expressway, else
    /// nearby.
    pub street: Position,
}

/// Returns the landmarks as `GeoJSON`, one feature per place.
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
        crate::mark::MARK_TEXT,
        features.join(",\n")
    )
}
