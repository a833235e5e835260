//! Problems of the data, for the operator.

use super::snapshot::World;

impl World {
    /// Returns data problems as sentences that say which command to run.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut list = Vec::new();
        if self.register.demonstration.is_some_and(|mark| !mark.is_whole) {
            list.push(
                "The demonstration city is incomplete because its creation was interrupted. Run `walkshed demo` to create it again, or `walkshed demo --remove` to remove it".into(),
            );
        }
        match self.network() {
            Err(why) => list.push(why.to_string()),
            Ok(network) if !network.meta().has_elevation => list.push(
                "The streets have no elevation, so all ground is treated as level. Run `walkshed import streets FILE.osm.pbf --elevation DEM.tif`".into(),
            ),
            Ok(_) => {}
        }
        if self.register.facilities.is_empty() {
            list.push("There are no facilities. Run `walkshed import facilities FILE.csv`".into());
        }
        if self.register.centers.is_empty() {
            list.push("There are no centers. Run `walkshed import centers FILE.csv`".into());
        }
        if self.register.population.is_empty() {
            list.push("There is no population. Run `walkshed import population FILE.csv`".into());
        }
        match self.facilities_off_network() {
            0 => {}
            n => list.push(format!(
                "{n} of {} facilities are too far from any street to be reached. Check their positions and the datum (--datum)",
                self.register.facilities.len()
            )),
        }
        match self.population_off_network() {
            (0, _) => {}
            (cells, people) => list.push(format!(
                "{cells} of {} population cells ({people:.0} people) are too far from any street and are not in any walkshed",
                self.register.population.len()
            )),
        }
        match self.cut_off().totals(true) {
            (people, 0) if people <= 0.0 => {}
            (people, facilities) => list.push(format!(
                "{people:.0} people and {facilities} facilities are on streets that are not connected to the network. `walkshed check` lists the largest such pieces"
            )),
        }
        let unread = self.register.unparsable_hours();
        if let Some((first, text)) = unread.first() {
            let more = if unread.len() > 1 { ", and others" } else { "" };
            list.push(format!(
                "{} opening hours can no longer be parsed and count as unknown ({first}: \"{text}\"{more}). Correct them",
                unread.len()
            ));
        }
        list
    }
}
