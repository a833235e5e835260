//! The OpenStreetMap tags of generated ways and nodes.

/// Keys and values.
pub type Tags = &'static [(&'static str, &'static str)];

/// The class of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A trunk road without tags for pedestrians.
    Expressway,
    ExpresswayLink,
    Trunk,
    /// A street on a viaduct, including the ramps at its ends.
    Elevated,
    Secondary,
    Tertiary,
    Residential,
    Service,
    Lane,
    Steps,
    Track,
    Path,
    Footbridge,
    EscalatorUp,
    EscalatorDown,
    Lift,
    CableCar,
    Ferry,
    /// A pedestrian area.
    Square,
    /// The edge of a platform, as a line.
    PlatformEdge,
    /// A platform, as an area.
    Platform,
    /// The halls of a station.
    Corridor,
    /// An underground street of shops.
    Passage,
}

impl Class {
    #[must_use]
    pub const fn tags(self) -> Tags {
        match self {
            Self::Expressway => &[("highway", "trunk"), ("lanes", "6"), ("maxspeed", "80")],
            Self::ExpresswayLink => &[("highway", "trunk_link"), ("sidewalk", "no")],
            Self::Trunk => &[("highway", "trunk"), ("sidewalk", "both")],
            Self::Elevated | Self::Secondary => &[("highway", "secondary")],
            Self::Tertiary => &[("highway", "tertiary")],
            Self::Residential => &[("highway", "residential")],
            Self::Service => &[("highway", "service")],
            Self::Lane => &[("highway", "footway")],
            Self::Steps => &[("highway", "steps")],
            Self::Track => &[("highway", "track")],
            Self::Path => &[("highway", "path")],
            Self::Footbridge => &[("highway", "footway"), ("bridge", "yes"), ("layer", "1")],
            Self::EscalatorUp => &[("highway", "steps"), ("conveying", "forward"), ("incline", "up")],
            Self::EscalatorDown => &[("highway", "steps"), ("conveying", "forward"), ("incline", "down")],
            Self::Lift => &[("highway", "elevator")],
            Self::CableCar => &[("aerialway", "cable_car"), ("foot", "yes"), ("duration", "00:05")],
            Self::Ferry => &[("route", "ferry"), ("foot", "yes"), ("bicycle", "yes"), ("duration", "00:08")],
            Self::Square => &[("highway", "pedestrian"), ("area", "yes")],
            Self::PlatformEdge => &[("highway", "platform")],
            Self::Platform => &[("railway", "platform"), ("area", "yes")],
            Self::Corridor => &[("highway", "corridor"), ("indoor", "yes")],
            Self::Passage => &[("highway", "footway"), ("indoor", "yes")],
        }
    }

    /// Returns additional tags that depend on the placement: road tunnels without a sidewalk tag are closed to
    /// pedestrians.
    #[must_use]
    pub const fn tags_in(self, placement: Placement) -> Tags {
        match (self, placement) {
            (Self::Secondary | Self::Tertiary | Self::Residential | Self::Service, Placement::InTunnel) => {
                &[("sidewalk", "both")]
            }
            _ => &[],
        }
    }

    /// Returns whether pedestrians may use it.
    #[must_use]
    pub const fn is_walkable(self) -> bool {
        !matches!(self, Self::Expressway | Self::ExpresswayLink)
    }
}

/// The vertical placement of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placement {
    OnGround,
    OnBridge(Layer),
    OnViaduct(Layer),
    InTunnel,
    Below(Storeys),
}

/// The layer of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    One,
    Two,
    Three,
}

/// Underground storeys: one, or two that stairs and lifts connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Storeys {
    First,
    Second,
    GroundToFirst,
    FirstToSecond,
}

impl Placement {
    #[must_use]
    pub const fn tags(self) -> Tags {
        match self {
            Self::OnGround => &[],
            Self::OnBridge(Layer::One) => &[("bridge", "yes"), ("layer", "1")],
            Self::OnBridge(Layer::Two) => &[("bridge", "yes"), ("layer", "2")],
            Self::OnBridge(Layer::Three) => &[("bridge", "yes"), ("layer", "3")],
            Self::OnViaduct(Layer::One) => &[("bridge", "viaduct"), ("layer", "1")],
            Self::OnViaduct(Layer::Two) => &[("bridge", "viaduct"), ("layer", "2")],
            Self::OnViaduct(Layer::Three) => &[("bridge", "viaduct"), ("layer", "3")],
            Self::InTunnel => &[("tunnel", "yes"), ("layer", "-1")],
            Self::Below(Storeys::First) => &[("level", "-1"), ("layer", "-1")],
            Self::Below(Storeys::Second) => &[("level", "-2"), ("layer", "-2")],
            Self::Below(Storeys::GroundToFirst) => &[("level", "-1;0"), ("layer", "-1")],
            Self::Below(Storeys::FirstToSecond) => &[("level", "-2;-1"), ("layer", "-2")],
        }
    }
}

/// A tagged feature of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeTag {
    Gate {
        barrier: &'static str,
        access: &'static str,
    },
    /// The entrance of a building.
    Entrance,
    /// A lift between storeys.
    Lift(Storeys),
    MetroEntrance,
}

impl NodeTag {
    #[must_use]
    pub fn tags(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Gate { barrier, access } => vec![("barrier", barrier), ("access", access)],
            Self::Entrance => vec![("entrance", "yes")],
            Self::Lift(Storeys::FirstToSecond | Storeys::Second) => {
                vec![("highway", "elevator"), ("level", "-2;-1")]
            }
            Self::Lift(_) => vec![("highway", "elevator"), ("level", "-1;0")],
            Self::MetroEntrance => vec![("railway", "subway_entrance")],
        }
    }
}
