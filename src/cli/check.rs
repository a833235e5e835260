//! `walkshed check`: opens the data folder and reports its contents and problems.

use super::import::streets_text;
use super::output::{Failure, Output};
use super::settings::Settings;
use serde_json::json;
use std::process::ExitCode;
use walkshed_analysis::world::{CutOff, CutOffPiece};
use walkshed_live::folder::DataFolder;

/// Number of disconnected components that are listed.
const MAX_LISTED: usize = 10;

/// Checks the data folder, the database and the prepared streets.
pub async fn check(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    if !settings.data.is_dir() {
        return Err(Failure::from(format!(
            "the data folder {} does not exist; the first start or import creates it (choose another folder with --data)",
            settings.data.display()
        )));
    }
    let folder = settings.folder()?;
    let store = match folder.store().await {
        Ok(store) => store,
        Err(error) => return Ok(unreadable(&folder, &[error.to_string()], output)),
    };
    let damage = store.integrity_errors().await.unwrap_or_else(|e| vec![e.to_string()]);
    let world = folder.world(&store).await;
    store.close().await;
    let world = match world {
        Ok(world) => world,
        Err(error) => return Ok(unreadable(&folder, &[&[error.to_string()], &damage[..]].concat(), output)),
    };
    let streets_damaged = folder.streets_stamp().is_some() && world.network().is_err();
    let damaged = streets_damaged || !damage.is_empty();
    let problems = [damage_lines(&damage), world.problems()].concat();
    let streets = world.network().ok().map(|n| (&n.meta().report, n.size_bytes()));
    let cut_off = world.cut_off();
    let pieces: Vec<_> = cut_off.pieces.iter().take(MAX_LISTED).map(piece_json).collect();
    let value = json!({
        "data": folder.path(),
        "database": folder.database().to_string(),
        "version": world.version,
        "streets": streets.map(|(report, bytes)| json!({ "bytes": bytes, "report": report })),
        "cutOff": {
            "pieces": cut_off.pieces.len(),
            "people": cut_off.totals(false).0,
            "facilities": cut_off.totals(false).1,
            "peopleWithoutWayOut": cut_off.totals(true).0,
            "facilitiesWithoutWayOut": cut_off.totals(true).1,
            "peopleInRestrictedZones": cut_off.restricted_people,
            "facilitiesInRestrictedZones": cut_off.restricted_facilities,
            "largest": pieces,
        },
        "centers": world.register.centers.len(),
        "facilities": world.register.facilities.len(),
        "services": world.register.services.len(),
        "offers": world.register.offers.len(),
        "events": world.register.events.len(),
        "visitDays": world.register.visit_days(),
        "suggestions": world.register.suggestions.len(),
        "regions": world.register.regions.len(),
        "populationCells": world.register.population.len(),
        "population": world.total_population(),
        "imports": world.register.imports,
        "problems": problems,
        "damaged": damaged,
        "databaseDamage": damage,
    });
    let mut lines = vec![format!("data folder {}, database {}", folder.path().display(), folder.database())];
    if let Some((report, bytes)) = streets {
        lines.push(streets_text(report, &folder.streets(), bytes).replace("Written to", "Read from"));
    }
    lines.push(format!(
        "{} centers, {} facilities, {:.0} people in {} cells",
        world.register.centers.len(),
        world.register.facilities.len(),
        world.total_population(),
        world.register.population.len()
    ));
    lines.push(format!(
        "{} services, {} offers, {} events, {} days of visits, {} suggestions, {} regions",
        world.register.services.len(),
        world.register.offers.len(),
        world.register.events.len(),
        world.register.visit_days(),
        world.register.suggestions.len(),
        world.register.regions.len()
    ));
    if streets.is_some() {
        lines.extend(cut_off_lines(cut_off));
    }
    if problems.is_empty() {
        lines.push("No problems found.".into());
    } else {
        lines.push("Problems:".into());
        lines.extend(problems.iter().map(|p| format!("  - {p}")));
    }
    output.result(&value, &lines.join("\n"));
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the damage of the database file and how to repair it.
fn damage_lines(damage: &[String]) -> Vec<String> {
    if damage.is_empty() {
        return Vec::new();
    }
    let found = damage.iter().map(|line| format!("The database file is damaged: {line}"));
    found.chain([REPAIR.to_owned()]).collect()
}

const REPAIR: &str = "Stop the server, move the database file away together with its -wal and -shm files, and restore a backup: \
                      `walkshed restore FILE`";

/// Reports a register that cannot be read, and what is known about the streets.
fn unreadable(folder: &DataFolder, errors: &[String], output: &Output) -> ExitCode {
    let streets = folder.network();
    let mut problems: Vec<String> = errors.to_vec();
    problems.push(REPAIR.to_owned());
    problems.extend(streets.as_ref().err().cloned());
    let value = json!({
        "data": folder.path(),
        "database": folder.database().to_string(),
        "streets": streets.ok().map(|n| json!({ "bytes": n.size_bytes(), "report": n.meta().report })),
        "problems": problems,
        "damaged": true,
        "databaseDamage": errors,
    });
    let mut lines = vec![
        format!("data folder {}, database {}", folder.path().display(), folder.database()),
        "The register cannot be read:".to_owned(),
    ];
    lines.extend(problems.iter().map(|p| format!("  - {p}")));
    output.result(&value, &lines.join("\n"));
    ExitCode::FAILURE
}

fn piece_json(found: &CutOffPiece) -> serde_json::Value {
    let CutOffPiece { piece, people, facilities } = found;
    json!({
        "lon": piece.at.lon(),
        "lat": piece.at.lat(),
        "lengthKm": piece.length_m / 1000.0,
        "segments": piece.segments,
        "people": people,
        "facilities": facilities,
        "legM": piece.leg_m,
    })
}

fn cut_off_lines(cut_off: &CutOff) -> Vec<String> {
    let ((people, facilities), (alone, facilities_alone)) = (cut_off.totals(false), cut_off.totals(true));
    let mut lines = vec![
        format!(
            "{:.0} people and {} facilities in gated compounds and on private roads",
            cut_off.restricted_people, cut_off.restricted_facilities
        ),
        format!(
            "{people:.0} people and {facilities} facilities on {} disconnected components; of these, {alone:.0} people and {facilities_alone} facilities have no way out",
            cut_off.pieces.len()
        ),
    ];
    lines.extend(cut_off.pieces.iter().take(MAX_LISTED).map(|CutOffPiece { piece, people, facilities }| {
        let joined =
            piece.leg_m.map_or("no street within 300 m".to_owned(), |m| format!("{m:.0} m from the nearest street"));
        format!(
            "  - at {:.5},{:.5}: {:.1} km, {people:.0} people, {facilities} facilities, {joined}",
            piece.at.lon(),
            piece.at.lat(),
            piece.length_m / 1000.0
        )
    }));
    lines
}
