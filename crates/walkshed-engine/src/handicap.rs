//! Handicaps of edges in snapping.
//!
//! Edges along which people seldom live or walk have a handicap in metres, which is added to their distance from a place,
//! so that an ordinary street that is nearly as near is preferred.

use crate::access::{EdgeFlags, Kind, Structure};
use crate::edge::Edge;
use crate::geo::Storey;
use crate::profile::Profile;

/// Handicap of a street on a bridge or viaduct, metres.
pub const BRIDGE_HANDICAP_M: f64 = 30.0;

/// Handicap of an edge on which people seldom walk (a cycleway), for all profiles except the bicycle, metres.
pub const UNUSUAL_HANDICAP_M: f64 = 20.0;

/// Handicap of an edge of an island that only off-network legs connect to the network, metres.
pub const DETACHED_HANDICAP_M: f64 = 50.0;

/// Handicap of an edge of a fragment, which the profile cannot leave (steps, slopes or kerbs all around), metres. It is
/// small because an off-network leg crosses no barrier.
pub const FRAGMENT_HANDICAP_M: f64 = 10.0;

/// Handicap of an edge on the ground for a place below the ground, metres.
pub const OTHER_STOREY_HANDICAP_M: f64 = 100.0;

/// Returns the handicap of an edge in metres, which snapping adds to its distance; `None` if a place on this storey never
/// joins the edge.
#[must_use]
pub fn handicap_m(edge: &Edge, profile: Profile, storey: Storey) -> Option<f64> {
    const OFF_GROUND: u8 = EdgeFlags::UNDERGROUND.0 | EdgeFlags::INDOOR.0;
    let (structure, flags) = (edge.structure(), edge.flags().0);
    let on_ground = structure == Structure::Ground && flags & OFF_GROUND == 0;
    let below = structure == Structure::Tunnel || flags & EdgeFlags::UNDERGROUND.0 != 0;
    let mut handicap = match storey {
        Storey::Below if below => 0.0,
        Storey::Above if flags & EdgeFlags::INDOOR.0 != 0 => 0.0,
        _ if on_ground => match storey {
            Storey::Below => OTHER_STOREY_HANDICAP_M,
            Storey::Ground | Storey::Above => 0.0,
        },
        _ if structure == Structure::Bridge && flags & OFF_GROUND == 0 && edge.kind() == Kind::Street => {
            BRIDGE_HANDICAP_M
        }
        _ => return None,
    };
    if flags & EdgeFlags::UNUSUAL_ON_FOOT.0 != 0 && profile != Profile::Bicycle {
        handicap += UNUSUAL_HANDICAP_M;
    }
    if flags & EdgeFlags::DETACHED.0 != 0 {
        handicap += DETACHED_HANDICAP_M;
    } else if edge.fragment().contains(profile) {
        handicap += FRAGMENT_HANDICAP_M;
    }
    Some(handicap)
}
