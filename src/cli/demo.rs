//! `walkshed demo`: the demonstration city, made, kept as files, taken away.

use super::COMMAND_LINE;
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
    Contents, Files, Installed, LandmarkKind, MARK_TEXT, Options, Stage, Staging, install, write_files,
};
use walkshed_live::folder::DataFolder;
use walkshed_register::Demonstration;
use walkshed_store::{Removed, Store};

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Share of each district's towns to make, over 0 to 1; 1 is the whole city of 11,251 centers.
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// Another seed makes another city of the same names; the same one the same, byte for byte.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the files (OSM PBF, GeoTIFF, CSV, GeoJSON) in this folder, which must be empty or new. Where the data folder is not
    /// empty, only the files are made.
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// Take the demonstration city away whole, with all that was added to it or changed in it: facilities, scenarios, standards,
    /// jobs. What users have added is named. Tokens and the audit log stay.
    #[arg(long, conflicts_with_all = ["scale", "seed", "export"])]
    remove: bool,
    /// Stop when standard input ends: it ends with the process that waits for this one, however that goes.
    #[arg(long, hide = true)]
    attached: bool,
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= 1.0 => Ok(scale),
        _ => Err("must be over 0 and at most 1, such as 0.1".into()),
    }
}

fn now() -> String {
    Timestamp::now().round(jiff::Unit::Second).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// What is in a data folder, as far as a demonstration city goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// A city that was cut off while it was brought in.
    Part,
    Demonstration,
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

/// Carries out `walkshed demo`.
pub async fn demo(args: &DemoArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let work = async {
        if args.remove { remove(&folder, &store, output).await } else { make(args, &folder, &store, output).await }
    };
    let done = tokio::select! {
        done = work => done,
        () = told_to_stop(args.attached) => {
            // Threads are still at work in there; what they leave is removed at the next start.
            Staging::abandon(folder.path());
            output.say("stopped: the demonstration city was not brought in");
            std::process::exit(INTERRUPTED);
        }
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// As shells have it, for what was ended by an interrupt.
const INTERRUPTED: i32 = 130;

/// Waits for a signal to stop, and for the end of standard input where a process waits at its other end.
async fn told_to_stop(attached: bool) {
    let left = async {
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
        () = left => {}
        _ = crate::server::stop_signal() => {}
    }
}

async fn remove(folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    let Some(removed) = store.remove_demonstration(COMMAND_LINE, &now()).await? else {
        return Err(format!("{} holds no demonstration city; nothing was removed", folder.path().display()).into());
    };
    Staging::remove_from(folder.path());
    let streets = remove_streets(folder).err();
    let mut lines =
        vec!["the demonstration city is gone; `walkshed import --help` says how to bring in your own".to_owned()];
    lines.extend(removed_text(&removed));
    if let Some(why) = &streets {
        lines.push(format!("Its streets are still there: {why}; remove that file"));
    }
    let value = json!({
        "removed": true,
        "data": folder.path(),
        "rows": removed.rows,
        "addedByUsers": removed.of_users,
        "streetsLeft": streets,
    });
    output.result(&value, &lines.join("\n"));
    Ok(())
}

/// What went with the city, and what of it others had added.
fn removed_text(removed: &Removed) -> Vec<String> {
    let rows: Vec<String> = removed
        .rows
        .iter()
        .filter(|(t, _)| **t != "demonstration")
        .map(|(table, n)| format!("{n} of {table}"))
        .collect();
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(format!("  rows removed: {}", rows.join(", ")));
    }
    if !removed.of_users.is_empty() {
        lines.push("  among them what users had added or changed (the audit log still has it):".to_owned());
        lines.extend(removed.of_users.iter().map(|(kind, keys)| format!("    {kind}: {}", keys.join(", "))));
    }
    lines
}

fn remove_streets(folder: &DataFolder) -> Result<(), String> {
    match std::fs::remove_file(folder.streets()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {e}", folder.streets().display()))
        }
        _ => Ok(()),
    }
}

async fn make(args: &DemoArgs, folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    let options = Options { seed: args.seed, scale: args.scale };
    let held = holds(folder, store).await?;
    let brings_in = matches!(held, Holds::Nothing | Holds::Part);
    if !brings_in && args.export.is_none() {
        let what = if held == Holds::Demonstration {
            "holds a demonstration city already; take it away first with `walkshed demo --remove`"
        } else {
            "holds data; the demonstration city needs an empty one: choose another with --data"
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
            return Err(format!("--export {}: the folder is not empty; choose a new one", export.display()).into());
        }
    }
    let (contents, installed) = build(options, folder, store, args.export.as_deref(), brings_in, output).await?;
    let streets = installed.as_ref().map(|i| &i.streets);
    let landmarks: BTreeMap<&str, usize> =
        LandmarkKind::ALL.map(LandmarkKind::key).into_iter().zip(contents.landmarks).collect();
    let value = json!({
        "synthetic": true,
        "seed": options.seed,
        "scale": options.scale,
        "districts": contents.districts,
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
    if let Some(streets) = streets {
        lines.push(format!("  {} street segments between {} junctions", streets.edges, streets.vertices));
    }
    if let Some(export) = &args.export {
        lines.push(format!("The files are in {}", export.display()));
    }
    let data = folder.path().display();
    lines.push(if brings_in {
        format!("It is in {data}: `walkshed serve` serves it")
    } else {
        format!("{data} was not empty, and is left as it was")
    });
    output.result(&value, &lines.join("\n"));
    Ok(())
}

/// Makes the files, and where wanted brings them in. All of it is put together in a folder of its own within the data folder.
async fn build(
    options: Options,
    folder: &DataFolder,
    store: &Store,
    export: Option<&Path>,
    brings_in: bool,
    output: &Output,
) -> Result<(Contents, Option<Installed>), Failure> {
    // Stage by stage, as far as one looks: drawing, then each table beside the streets.
    let bar = output.progress(12);
    bar.set_message("drawing the city");
    let staging = Staging::new(folder)?;
    let target = export.map_or_else(|| staging.files(), Path::to_path_buf);
    std::fs::create_dir_all(&target).map_err(|e| format!("{} cannot be made: {e}", target.display()))?;
    let made = tokio::task::spawn_blocking(move || write_files(options, &target))
        .await
        .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    let outcome = match made {
        Ok(files) if brings_in => {
            bar.inc(1);
            let told = bar.clone();
            let tell = move |stage| match stage {
                Stage::Streets => {}
                Stage::StreetsDone => told.inc(1),
                Stage::Table(name) => {
                    told.set_message(format!("importing {name}"));
                    told.inc(1);
                }
            };
            let mark = Demonstration { seed: options.seed, scale: options.scale, is_whole: false };
            bring_in(mark, &staging, folder, store, &files, tell).await.map(|i| (files, Some(i)))
        }
        Ok(files) => Ok((files, None)),
        Err(e) => Err(e.into()),
    };
    bar.finish_and_clear();
    let (files, installed) = outcome?;
    // Only who keeps the files reads what is written of them; the city is there either way.
    if export.is_some()
        && let Err(why) = walkshed_demo::describe(&files, options, installed.as_ref())
    {
        output.say(&format!("the files are not described: {why}"));
    }
    Ok((files.contents, installed))
}

/// Puts the city together aside, then puts it in its place. Cut off before that, nothing of it is there; cut off in between,
/// it is marked as not whole, and is begun again.
async fn bring_in(
    mark: Demonstration,
    staging: &Staging,
    folder: &DataFolder,
    store: &Store,
    files: &Files,
    tell: impl Fn(Stage) + Send + Sync + Clone + 'static,
) -> Result<Installed, Failure> {
    let staged = staging.data();
    let aside = staged.store().await?;
    store.lend_numbers(&aside).await?;
    let installed = install(files, staged, &aside, tell).await;
    aside.close().await;
    let installed = installed?;
    let file = aside.file().ok_or("the database that was put together has no file")?;
    store.mark_demonstration(mark, &now()).await?;
    let placed = async {
        std::fs::rename(staged.streets(), folder.streets())
            .map_err(|e| format!("{} cannot be put in place: {e}", folder.streets().display()))?;
        Ok::<_, Failure>(store.take_demonstration(file, mark, &now()).await?)
    }
    .await;
    if let Err(why) = placed {
        // What cannot be taken back either is marked as not whole.
        let _ = store.remove_demonstration(COMMAND_LINE, &now()).await;
        let _ = remove_streets(folder);
        return Err(why);
    }
    Ok(installed)
}

/// The first start: an empty data folder gets the whole city. Another process makes it, with this one's settings: what it
/// takes for that, near a gigabyte, is the machine's again before the server answers.
pub async fn fill_if_empty(folder: &DataFolder, store: &Store, output: &Output) -> Result<(), Failure> {
    if !matches!(holds(folder, store).await?, Holds::Nothing | Holds::Part) {
        return Ok(());
    }
    let started = Instant::now();
    output.say("The data folder is empty: making the demonstration city, some half a minute ...");
    // `walkshed` alone has no arguments but those that every command has. The child ends with its standard input, which this
    // process holds: it leaves no orphan behind, however this one is stopped.
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).args(["demo", "--attached"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let made = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn()?;
        // `wait` would close it.
        let held = child.stdin.take();
        let status = child.wait();
        drop(held);
        status
    })
    .await
    .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
    if !made.success() {
        return Err(format!(
            "the demonstration city was not made ({made}); try `walkshed demo`, or start without it: `walkshed serve`"
        )
        .into());
    }
    output
        .say(&format!("... made in {:.0} s. `walkshed demo --remove` takes it away.", started.elapsed().as_secs_f64()));
    Ok(())
}
