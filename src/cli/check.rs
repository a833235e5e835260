//! `walkshed check`: opens everything, says what is there and what is wrong.

use super::import::streets_text;
use super::output::{Failure, Output};
use super::settings::Settings;
use serde_json::json;
use std::process::ExitCode;

/// Opens the data folder, the database and the prepared streets.
pub async fn check(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    if !settings.data.is_dir() {
        return Err(Failure::from(format!(
            "there is no data folder at {}; the first start or import makes it (or name another with --data)",
            settings.data.display()
        )));
    }
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let world = folder.world(&store).await?;
    store.close().await;
    let damaged = folder.streets_stamp().is_some() && world.network().is_err();
    let problems = world.problems();
    let streets = world.network().ok().map(|n| (&n.meta().report, n.size_bytes()));
    let value = json!({
        "data": folder.path(),
        "database": folder.database(),
        "version": world.version,
        "streets": streets.map(|(report, bytes)| json!({ "bytes": bytes, "report": report })),
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
    });
    let mut lines = vec![format!("data folder {}, database {}", folder.path().display(), folder.database())];
    if let Some((report, bytes)) = streets {
        lines.push(streets_text(report, &folder.streets(), bytes).replace("written to", "read from"));
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
    if problems.is_empty() {
        lines.push("nothing is wrong".into());
    } else {
        lines.push("still to do:".into());
        lines.extend(problems.iter().map(|p| format!("  - {p}")));
    }
    output.result(&value, &lines.join("\n"));
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
