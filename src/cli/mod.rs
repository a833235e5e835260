//! The command line: argument parsing and thin commands over the other modules.

mod actor;
mod analysis;
mod args;
mod backup;
mod check;
mod demo;
mod import;
mod map;
mod output;
mod picture;
mod serve;
mod settings;
mod tokens;

use args::{Cli, Command, Common, ServeArgs};
use clap::Parser;
use output::{Failure, Output};
use settings::{Flags, Settings};
use std::process::ExitCode;

/// Parses the command line, runs the command and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.common.json);
    let create_demo = cli.command.is_none();
    let command = cli.command.unwrap_or_else(|| Command::Serve(ServeArgs::default()));
    match run(&cli.common, command, create_demo, &output) {
        Ok(code) => code,
        Err(failure) => output.fail(&failure),
    }
}

fn run(common: &Common, command: Command, create_demo: bool, output: &Output) -> Result<ExitCode, Failure> {
    let mut flags = Flags {
        config: common.config.clone(),
        data: common.data.clone(),
        database: common.database.clone(),
        log: common.log.clone(),
        ..Flags::default()
    };
    if let Command::Serve(args) = &command {
        flags.listen.clone_from(&args.listen);
        flags.workers.clone_from(&args.workers);
    }
    let settings = Settings::read(&flags, &|name| std::env::var(name).ok())?;
    actix_web::rt::System::new().block_on(run_command(command, create_demo, &settings, output))
}

async fn run_command(
    command: Command,
    create_demo: bool,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(_) => serve::serve(settings, create_demo, output).await,
        Command::Import(import) => import::import(import, settings, output).await,
        Command::Schema => {
            output.text(walkshed_graphql::Api::new(settings.server.limits.clone()).sdl().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(args) => demo::demo(&args, settings, output).await,
        Command::Check => check::check(settings, output).await,
        Command::Token(command) => tokens::tokens(command, settings, output).await,
        Command::Backup(args) => backup::backup(&args.file, settings, output).await,
        Command::Restore(args) => backup::restore(&args.file, settings, output).await,
        Command::Config => Ok(config(settings, output)),
        Command::Coverage(args) => analysis::coverage::run(&args, settings, output).await,
        Command::Compare(args) => analysis::compare::run(&args, settings, output).await,
        Command::Gaps(args) => analysis::gaps::run(&args, settings, output).await,
        Command::Sites(args) => analysis::sites::run(&args, settings, output).await,
        Command::Assess(args) => analysis::assess::run(&args, settings, output).await,
        Command::Picture(args) => picture::picture(&args, settings, output).await,
    }
}

fn config(settings: &Settings, output: &Output) -> ExitCode {
    let value = serde_json::Value::Object(
        settings
            .list
            .iter()
            .map(|s| (s.key.clone(), serde_json::json!({ "value": s.value, "source": s.source.to_string() })))
            .collect(),
    );
    let width = settings.list.iter().map(|s| s.key.len()).max().unwrap_or_default();
    let values = settings.list.iter().map(|s| s.value.len()).max().unwrap_or_default();
    let lines: Vec<String> =
        settings.list.iter().map(|s| format!("{:width$}  {:values$}  ({})", s.key, s.value, s.source)).collect();
    output.result(&value, &lines.join("\n"));
    ExitCode::SUCCESS
}
