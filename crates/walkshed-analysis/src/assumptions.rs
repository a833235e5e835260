//! The assumptions behind an answer, as sentences for a report.

use walkshed_engine::{Network, Profile};

/// Returns the assumptions behind the travel times of a profile on a network.
#[must_use]
pub fn assumptions(network: &Network, profile: Profile) -> Vec<String> {
    let p = network.profiles().get(profile);
    let mut list = vec![format!("The profile {profile} travels {} km/h on level ground.", p.level_kmh)];
    list.push(if network.meta().has_elevation {
        format!(
            "Slopes change the speed by exp(-{0} (|g + {1}| - {1})), g being rise over run up to {2} (after Tobler 1993).",
            p.slope_decay, p.slope_offset, p.slope_cap
        )
    } else {
        "No elevation was imported. All ground is treated as level, so real times on slopes are longer.".to_owned()
    });
    list.push(if p.steps {
        format!(
            "Steps are climbed at {} m/s and descended at {} m/s, measured horizontally.",
            p.steps_up_m_s, p.steps_down_m_s
        )
    } else {
        "The profile cannot use steps.".to_owned()
    });
    list.push(format!(
        "The off-network leg from a place to the nearest street is a straight line of at most {1} m, at {0} times that speed.",
        p.off_network_factor, p.snap_limit_m
    ));
    list.push("Waiting at crossings and traffic lights is not included.".to_owned());
    list
}
