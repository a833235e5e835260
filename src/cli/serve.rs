//! `walkshed serve`: starts the server and prints what it serves.

use super::output::{Failure, Output};
use super::settings::{LogFormat, Settings};
use crate::server;
use serde_json::json;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use walkshed_analysis::world::World;
use walkshed_live::Live;
use walkshed_live::folder::DataFolder;
use walkshed_register::DEMONSTRATION_NOTICE;

/// Runs the server until it receives a stop signal. With `create_demo`, an empty data folder first gets the demonstration city.
pub async fn serve(settings: &Settings, create_demo: bool, output: &Output) -> Result<ExitCode, Failure> {
    start_logs(settings)?;
    let folder = settings.folder()?;
    let store = folder.store().await?;
    if walkshed_demo::Staging::remove_from(folder.path()) {
        tracing::info!("removed the leftovers of an interrupted installation of the demonstration city");
    }
    if create_demo {
        super::demo::fill_if_empty(&folder, &store, output).await?;
    }
    let running = server::start(folder.clone(), store, &settings.server).await?;
    let address = running.addresses.first().map(ToString::to_string).unwrap_or_default();
    let world = running.live.world();
    let value = json!({
        "listening": running.addresses,
        "playground": format!("http://{address}/graphql"),
        "health": format!("http://{address}/health/ready"),
        "schema": format!("http://{address}/schema"),
        "data": folder.path(),
        "synthetic": world.register.demonstration.is_some(),
        "problems": running.live.problems(&world),
    });
    let stale = world.network().map(|n| settings.not_imported(n.meta().report.rules)).unwrap_or_default();
    for warning in &stale {
        tracing::warn!("{warning}");
    }
    output.result(&value, &banner(&running.live, &world, &folder, &address));
    drop(world);
    running.run().await?;
    Ok(ExitCode::SUCCESS)
}

fn banner(live: &Live, world: &World, folder: &DataFolder, address: &str) -> String {
    let mut lines = vec![format!("walkshed {}: data in {}", env!("CARGO_PKG_VERSION"), folder.path().display())];
    let is_synthetic = world.register.demonstration.is_some();
    if is_synthetic {
        lines.push(format!("  {DEMONSTRATION_NOTICE}"));
        lines.push("  `walkshed demo --remove` removes it".into());
    }
    if let Ok(network) = world.network() {
        let report = &network.meta().report;
        let attribution = if is_synthetic { String::new() } else { format!(" ({})", world.attribution()) };
        lines.push(format!(
            "  streets     {} segments, {:.0} km, from {}{attribution}",
            report.edges, report.length_km, report.source
        ));
    }
    lines.push(format!(
        "  register    {} centers, {} facilities, {:.0} people in {} cells",
        world.register.centers.len(),
        world.register.facilities.len(),
        world.total_population(),
        world.register.population.len()
    ));
    lines.push(format!("  playground  http://{address}/graphql"));
    lines.push(format!("  health      http://{address}/health/ready"));
    lines.push(format!("  schema      http://{address}/schema"));
    let problems = live.problems(world);
    if !problems.is_empty() {
        lines.push("Problems (imports take effect while the server runs):".into());
        lines.extend(problems.iter().map(|p| format!("  - {p}")));
    }
    lines.push("Stop with Ctrl-C.".into());
    lines.join("\n")
}

fn start_logs(settings: &Settings) -> Result<(), Failure> {
    // At level info, sqlx logs slow statements and actix logs the start of every worker.
    let filter = if settings.log.contains('=') || settings.log.contains(',') {
        settings.log.clone()
    } else {
        format!("{0},sqlx=warn,actix_server=warn", settings.log)
    };
    let filter = EnvFilter::try_new(&filter).map_err(|e| format!("log = \"{}\": {e}", settings.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}
