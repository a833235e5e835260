//! What an answer takes for granted, in sentences for the reader of a report.

use walkshed_engine::{Network, Profile};

/// The assumptions behind every time of a profile on this network.
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
        "No elevation was imported: all ground counts as level, so real times on slopes are longer.".to_owned()
    });
    list.push(if p.steps {
        format!(
            "Steps are climbed at {} and descended at {} m/s along the horizontal.",
            p.steps_up_m_s, p.steps_down_m_s
        )
    } else {
        "Steps are barred.".to_owned()
    });
    list.push(format!(
        "From a place to the nearest street one travels straight, at {} times that speed, {} m at most.",
        p.off_network_factor, p.snap_limit_m
    ));
    list.push("Waiting at crossings and traffic lights is not counted.".to_owned());
    list
}
