//! The tags of OpenStreetMap that ways and nodes get.

/// Keys and values.
pub type Tags = &'static [(&'static str, &'static str)];

/// What a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A trunk road without any tag about walkers.
    Expressway,
    ExpresswayLink,
    Trunk,
    /// A street on a viaduct, with the ramps at its ends.
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
    /// An area for walkers.
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

    /// What it says of walkers where it lies: tunnels of streets without a sidewalk are closed to them.
    #[must_use]
    pub const fn tags_in(self, lies: Lies) -> Tags {
        match (self, lies) {
            (Self::Secondary | Self::Tertiary | Self::Residential | Self::Service, Lies::InTunnel) => {
                &[("sidewalk", "both")]
            }
            _ => &[],
        }
    }

    /// Do people walk on it?
    #[must_use]
    pub const fn is_walked(self) -> bool {
        !matches!(self, Self::Expressway | Self::ExpresswayLink)
    }
}

/// Where a way lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lies {
    OnGround,
    OnBridge(Layer),
    OnViaduct(Layer),
    InTunnel,
    Below(Storeys),
}

/// How high a bridge is above what it crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    One,
    Two,
    Three,
}

/// Storeys under the ground: one, or those that stairs and lifts join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Storeys {
    First,
    Second,
    GroundToFirst,
    FirstToSecond,
}

impl Lies {
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

/// What stands on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
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

impl Mark {
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
