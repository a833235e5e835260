//! `walkshed demo`: creates, exports and removes the demonstration city.

use super::actor::COMMAND_LINE;
use super::output::{Failure, Output};
use super::settings::Settings;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use walkshed_demo::{
    Contents, Files, Installed, LandmarkKind, MARK_TEXT, MAX_SCALE, Options, Stage, Staging, install, write_files,
};
use walkshed_live::folder::DataFolder;
use walkshed_register::Demonstration;
use walkshed_store::{RemovedDemonstration, Store};

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Size of the city, more than 0 and at most 8. Up to 1, the share of each district's towns to create; the whole city has
    /// 11,251 centers. Above 1, made-up districts are added around it: 2 has twice the streets, centers, facilities and people.
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// Random seed. The same seed always creates the same city, byte for byte; names do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the source files (OSM PBF, GeoTIFF, CSV, GeoJSON) to this folder, which must be empty or new. If the data folder is
    /// not empty, only the files are created.
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// Remove the demonstration city and everything users have added to it: facilities, scenarios, standards, jobs. Lists what
    /// users have added. Tokens and the audit log stay.
    #[arg(long, conflicts_with_all = ["scale", "seed", "export"])]
    remove: bool,
    /// Stop when standard input closes, that is, when the parent process ends in any way.
    #[arg(long, hide = true)]
    attached: bool,
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= MAX_SCALE => Ok(scale),
        _ => Err(format!("must be more than 0 and at most {MAX_SCALE}, such as 0.1 or 2")),
    }
}

fn now() -> String {
    Timestamp::now().round(jiff::Unit::Second).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The contents of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// An incomplete demonstration city, whose installation was interrupted.
    Part,
    Demonstration,
    /// Other data.
    Data,
}

async fn holds(folder: &DataFolder, store: &Store) -> Result<Holds, Failure> {
    Ok(match store.demonstration().await? {
        Some(mark) if mark.is_whole => Holds::Demonstration,
        Some(_) => Holds::Part,
        None if !folder.streets().exists() && store.is_empty().await? => Holds::Nothing,
        None => Holds::Data,
    })
}

/// Runs `walkshed demo`.
pub async fn demo(args: &DemoArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let work = async {
        if args.remove { remove(&folder, &store, output).await } else { make(args, &folder, &store, output).await }
    };
    let done = tokio::select! {
        done = work => done,
        () = stop_requested(args.attached) => {
            // Threads still write to the staging folder; the next start removes it.
            Staging::abandon(folder.path());
            output.say("Stopped: the demonstration city was not installed.");
            std::process::exit(INTERRUPTED);
        }
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// The exit code of a process ended by an interrupt, as in shells.
const INTERRUPTED: i32 = 130;

/// Waits for a stop signal or, if `attached`, for the end of standard input.
async fn stop_requested(attached: bool) {
    let input_closed = async {
        if !attached {
            return std::future::pending().await;
        }
        let (sender, closed) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            drop(sender);
        });
        let _ = closed.await;
    };
    tokio::select! {
        () = input_closed => {}
        _ = crate::server::stop_signal() => {}
    }
}

async fn remove(folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    let Some(removed) = store.remove_demonstration(COMMAND_LINE, &now()).await? else {
        return Err(format!("{} contains no demonstration city; nothing was removed", folder.path().display()).into());
    };
    Staging::remove_from(folder.path());
    // It holds the removed records. A server that is running writes a new one.
    let _ = std::fs::remove_file(folder.prepared_register());
    let streets = remove_streets(folder).err();
    let mut lines =
        vec!["Removed the demonstration city. `walkshed import --help` shows how to import your own data.".to_owned()];
    lines.extend(removed_text(&removed));
    if let Some(why) = &streets {
        lines.push(format!("The streets file remains: {why}; delete it yourself"));
    }
    let value = json!({
        "removed": true,
        "data": folder.path(),
        "rows": removed.rows,
        "addedByUsers": removed.added_by_users,
        "streetsLeft": streets,
    });
    output.result(&value, &lines.join("\n"));
    Ok(())
}

/// Lists the removed rows, and the keys of those that users had added.
fn removed_text(removed: &RemovedDemonstration) -> Vec<String> {
    let rows: Vec<String> =
        removed.rows.iter().filter(|(t, _)| **t != "demonstration").map(|(table, n)| format!("{n} {table}")).collect();
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(format!("  rows removed: {}", rows.join(", ")));
    }
    if !removed.added_by_users.is_empty() {
        lines.push("  including records that users had added or changed (still in the audit log):".to_owned());
        lines.extend(removed.added_by_users.iter().map(|(kind, keys)| format!("    {kind}: {}", keys.join(", "))));
    }
    lines
}

fn remove_streets(folder: &DataFolder) -> Result<(), String> {
    match std::fs::remove_file(folder.streets()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot delete {}: {e}", folder.streets().display()))
        }
        _ => Ok(()),
    }
}

async fn make(args: &DemoArgs, folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    let options = Options { seed: args.seed, scale: args.scale, ..Options::default() };
    let contents = holds(folder, store).await?;
    let installs = matches!(contents, Holds::Nothing | Holds::Part);
    if !installs && args.export.is_none() {
        let what = if contents == Holds::Demonstration {
            "already contains the demonstration city; remove it first with `walkshed demo --remove`"
        } else {
            "contains data, but the demonstration city needs an empty folder; choose another folder with --data"
        };
        return Err(format!("{} {what}", folder.path().display()).into());
    }
    if let Some(export) = &args.export {
        let mut entries = match std::fs::read_dir(export) {
            Ok(entries) => Some(entries),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("--export {}: {e}", export.display()).into()),
        };
        if entries.as_mut().is_some_and(|e| e.next().is_some()) {
            return Err(format!("--export {}: the folder is not empty; choose another", export.display()).into());
        }
    }
    let (contents, installed) = build(options, folder, store, args.export.as_deref(), installs, output).await?;
    let streets = installed.as_ref().map(|i| &i.streets);
    let landmarks: BTreeMap<&str, usize> =
        LandmarkKind::ALL.map(LandmarkKind::key).into_iter().zip(contents.landmarks).collect();
    let value = json!({
        "synthetic": true,
        "seed": options.seed,
        "scale": options.scale,
        "districts": contents.districts,
        "madeUpDistricts": contents.made_up_districts,
        "centers": contents.centers,
        "facilities": contents.facilities,
        "people": contents.people,
        "landmarks": landmarks,
        "expresswayKm": contents.expressway_km,
        "viaductKm": contents.viaduct_km,
        "files": args.export,
        "imported": installed.is_some(),
        "streets": streets,
    });
    let mut lines = vec![
        MARK_TEXT.to_owned(),
        format!(
            "  {} districts, {} centers, {} facilities, {} people (seed {}, scale {})",
            contents.districts, contents.centers, contents.facilities, contents.people, options.seed, options.scale
        ),
        format!("  {}", contents.special_features()),
    ];
    lines.extend(contents.made_up().map(|text| format!("  {text}")));
    if let Some(streets) = streets {
        lines.push(format!("  {} street segments between {} junctions", streets.edges, streets.vertices));
    }
    if let Some(export) = &args.export {
        lines.push(format!("The source files are in {}.", export.display()));
    }
    let data = folder.path().display();
    lines.push(if installs {
        format!("The city is installed in {data}. Start the server with `walkshed serve`.")
    } else {
        format!("{data} was not empty and is unchanged.")
    });
    output.result(&value, &lines.join("\n"));
    Ok(())
}

/// Creates the source files and, with `installs`, imports them. Works in a staging folder inside the data folder.
async fn build(
    options: Options,
    folder: &DataFolder,
    store: &Store,
    export: Option<&Path>,
    installs: bool,
    output: &Output,
) -> Result<(Contents, Option<Installed>), Failure> {
    // The steps: drawing the city, the streets, and each table.
    let bar = output.progress(12);
    bar.set_message("drawing the city");
    let staging = Staging::new(folder)?;
    let target = export.map_or_else(|| staging.files(), Path::to_path_buf);
    std::fs::create_dir_all(&target).map_err(|e| format!("cannot create {}: {e}", target.display()))?;
    let made = tokio::task::spawn_blocking(move || write_files(options, &target))
        .await
        .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    let outcome = match made {
        Ok(files) if installs => {
            bar.inc(1);
            let stage_bar = bar.clone();
            let on_stage = move |stage| match stage {
                Stage::Streets => {}
                Stage::StreetsDone => stage_bar.inc(1),
                Stage::Table(name) => {
                    stage_bar.set_message(format!("importing {name}"));
                    stage_bar.inc(1);
                }
            };
            let mark = Demonstration { seed: options.seed, scale: options.scale, is_whole: false };
            install_city(mark, &staging, folder, store, &files, on_stage).await.map(|i| (files, Some(i)))
        }
        Ok(files) => Ok((files, None)),
        Err(e) => Err(e.into()),
    };
    bar.finish_and_clear();
    let (files, installed) = outcome?;
    // The description is part of an export; if it fails, the city is installed anyway.
    if export.is_some()
        && let Err(why) = walkshed_demo::describe(&files, options, installed.as_ref())
    {
        output.say(&format!("Cannot write the description of the source files: {why}"));
    }
    Ok((files.contents, installed))
}

/// Builds the city in the staging folder, then moves it to the data folder. If interrupted before the move, the data folder
/// stays empty; if interrupted during the move, the city is marked as incomplete and the next start builds it again.
async fn install_city(
    mark: Demonstration,
    staging: &Staging,
    folder: &DataFolder,
    store: &Store,
    files: &Files,
    on_stage: impl Fn(Stage) + Send + Sync + Clone + 'static,
) -> Result<Installed, Failure> {
    let staged = staging.data();
    let aside = staged.store().await?;
    store.reserve_ids(&aside).await?;
    let installed = install(files, staged, &aside, on_stage).await;
    aside.close().await;
    let installed = installed?;
    let file = aside.file().ok_or("the staging database is not a file")?;
    store.mark_demonstration(mark, &now()).await?;
    let placed = async {
        std::fs::rename(staged.streets(), folder.streets())
            .map_err(|e| format!("cannot move the streets to {}: {e}", folder.streets().display()))?;
        Ok::<_, Failure>(store.install_demonstration(file, mark, &now()).await?)
    }
    .await;
    if let Err(why) = placed {
        // If this fails too, the city stays marked as incomplete.
        let _ = store.remove_demonstration(COMMAND_LINE, &now()).await;
        let _ = remove_streets(folder);
        return Err(why);
    }
    Ok(installed)
}

/// Creates the whole demonstration city in an empty data folder, at the first start. A child process with the same settings
/// does it, so that nearly a gigabyte of memory is returned to the system before the server starts.
pub async fn fill_if_empty(folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    if !matches!(holds(folder, store).await?, Holds::Nothing | Holds::Part) {
        return Ok(());
    }
    let started = Instant::now();
    output.say("The data folder is empty: creating the demonstration city, which takes about half a minute ...");
    // Without a command, the arguments are only those common to all commands. The child ends when its standard input closes,
    // which this process holds open: however this process ends, no orphan remains.
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).args(["demo", "--attached"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let made = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn()?;
        // Taken out because `wait` would close it.
        let input = child.stdin.take();
        let status = child.wait();
        drop(input);
        status
    })
    .await
    .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
    if !made.success() {
        return Err(format!(
            "the demonstration city was not created ({made}); try `walkshed demo`, or start without it: `walkshed serve`"
        )
        .into());
    }
    output
        .say(&format!("... created in {:.0} s. `walkshed demo --remove` removes it.", started.elapsed().as_secs_f64()));
    Ok(())
}
