//! The command line: thin commands over the rooms below.

mod analyse;
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

use clap::{Args, Parser, Subcommand};
use output::{Failure, Output};
use settings::{Flags, Settings};
use std::path::PathBuf;
use std::process::ExitCode;
use walkshed_engine::build::OWN_NETWORK_KM;
use walkshed_engine::geo::Datum;
use walkshed_exchange::{Encoding, encoding_named};
use walkshed_register::{Category, Role};

/// Walking-time reach of services over a real street network, answered through one GraphQL API.
///
/// Without a command, walkshed serves; an empty data folder it first fills with the demonstration city.
#[derive(Parser, Debug)]
#[command(
    version,
    max_term_width = 110,
    after_help = "Examples:\n  walkshed\n  walkshed import streets city.osm.pbf --elevation city.tif\n  walkshed import facilities places.csv\n  walkshed check\n\nExit codes: 0 done; 1 failed, nothing was changed unless it says so; 2 the command line is wrong; 3 imported, but some rows were refused.\nEvery setting can also be given as WALKSHED_NAME in the environment or in walkshed.toml; `walkshed config` shows them."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args, Debug)]
struct Common {
    /// Folder of the prepared streets and the embedded database [default: walkshed-data].
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// Database to use in place of the embedded one, such as `sqlite:///srv/walkshed.db`.
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Configuration file [default: walkshed.toml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    /// What to log: error, warn, info, debug, or a filter such as `walkshed=debug` [default: info].
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the GraphQL API and the playground (the default).
    #[command(after_help = "Example:\n  walkshed serve --listen 0.0.0.0:8080 --data /srv/walkshed")]
    Serve(ServeArgs),
    /// Bring in streets, facilities, centers or population.
    #[command(subcommand, after_help = "Example:\n  walkshed import facilities places.csv --datum gcj02")]
    Import(Import),
    /// Make the demonstration city: 11,251 centers, streets, facilities, people, all made up but names, codes and populations.
    #[command(
        after_help = "Examples:\n  walkshed demo --scale 0.1\n  walkshed demo --export city-files\n  walkshed demo --remove"
    )]
    Demo(demo::DemoArgs),
    /// Who has what they need within reach, by region; as a map, GeoJSON or CSV with --out.
    #[command(
        after_help = "Examples:\n  walkshed coverage --category elderly_care --region 500106 --out map.svg\n  walkshed coverage --kinds kindergarten --metres 300 --out cells.csv"
    )]
    Coverage(analyse::CoverageArgs),
    /// What a scenario would change: who gains and who loses, by group and region; cells as GeoJSON or CSV with --out.
    #[command(
        after_help = "Example:\n  walkshed compare --scenario bridge --category elderly_care --region 500106 --out gains.geojson"
    )]
    Compare(analyse::CompareArgs),
    /// Where people live who have not, the largest areas first.
    #[command(after_help = "Example:\n  walkshed gaps --category health_care --minutes 15 --out gaps.geojson")]
    Gaps(analyse::GapsArgs),
    /// Where the next facilities help most.
    #[command(
        after_help = "Examples:\n  walkshed sites --category elderly_care --region 500106 --count 3 --out sites.svg\n  walkshed sites --kinds clinic --objective min-facilities --share 0.95 --count 50 --out sites.csv"
    )]
    Sites(analyse::SitesArgs),
    /// A region against a planning standard, with a league table of its parts.
    #[command(after_help = "Example:\n  walkshed assess --standard gb_50180_2018 --region 500106 --out towns.csv")]
    Assess(analyse::AssessArgs),
    /// Print the GraphQL schema.
    #[command(after_help = "Example:\n  walkshed schema > schema.graphql")]
    Schema,
    /// Open everything, read the whole database file; say what is there, what is wrong or damaged, and what to do about it.
    #[command(after_help = "Example:\n  walkshed check --json")]
    Check,
    /// Print the settings in force and where each came from.
    #[command(after_help = "Example:\n  WALKSHED_LISTEN=0.0.0.0:80 walkshed config")]
    Config,
    /// Make, list and revoke the tokens that let people change the register.
    #[command(subcommand, after_help = "Example:\n  walkshed token create --role editor --name \"district office\"")]
    Token(Token),
    /// Write the whole register to a new file, also while a server runs.
    #[command(after_help = "Example:\n  walkshed backup /backup/walkshed-2026-11-25.db")]
    Backup(FileArgs),
    /// Put a backup back in place of the whole register, also while a server runs.
    #[command(after_help = "Example:\n  walkshed restore /backup/walkshed-2026-11-25.db")]
    Restore(FileArgs),
    /// Draw a walkshed as an SVG picture.
    #[command(
        after_help = "Example:\n  walkshed picture --point=-51.2287,-30.0277 --minutes 5,10,15 --out walkshed.svg"
    )]
    Picture(picture::PictureArgs),
}

#[derive(Args, Debug, Default)]
struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Threads that answer; 0 for one a core [default: 0].
    #[arg(long, value_name = "N")]
    workers: Option<String>,
}

/// Who changes the register from here, as the audit log says.
const COMMAND_LINE: &str = "command line";

#[derive(Args, Debug)]
struct FileArgs {
    /// The file.
    file: PathBuf,
}

#[derive(Subcommand, Debug)]
enum Token {
    /// Make a token; it is shown once.
    #[command(after_help = "Example:\n  walkshed token create --role contributor --name \"door counter\" --days 365")]
    Create {
        /// What it may do: reader, contributor (visits, suggestions), editor (the register) or admin (all, and the audit log).
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// What or whom it is for; the audit log names it. No two tokens have the same name, also when one of them is revoked.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Days until it ends [default: never].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List all tokens, without themselves.
    #[command(after_help = "Example:\n  walkshed token list --json")]
    List,
    /// Revoke a token for good.
    #[command(after_help = "Example:\n  walkshed token revoke 3")]
    Revoke {
        /// Its number, as `token list` says.
        number: i64,
    },
}

#[derive(Subcommand, Debug)]
enum Import {
    /// Streets from an OpenStreetMap extract (.osm.pbf), replacing those before.
    #[command(
        after_help = "Examples:\n  walkshed import streets city.osm.pbf --elevation city.tif\n  walkshed import streets city.osm.pbf --elevation N29E106.hgt --elevation N29E107.hgt"
    )]
    Streets(StreetsArgs),
    /// Facilities from CSV, Excel or GeoJSON: name, category or kind, lon, lat, and where known id, center, opening_hours, capacity,
    /// ...; or the amenities of an OpenStreetMap extract (.osm.pbf).
    #[command(
        after_help = "Examples:\n  walkshed import facilities places.csv\n  walkshed import facilities schools.geojson --category lifelong_education\n  walkshed import facilities amap.csv --datum gcj02 --keep-going\n  walkshed import facilities city.osm.pbf"
    )]
    Facilities(FacilitiesArgs),
    /// Centers from CSV, Excel or GeoJSON: code (12 digits), name, lon, lat, and where known kind, status, address, opening_hours,
    /// residents_served, ...
    #[command(after_help = "Example:\n  walkshed import centers centers.csv --datum cgcs2000")]
    Centers(RegisterArgs),
    /// Services: key, name, category, and where known audiences, fee, appointment, description.
    #[command(after_help = "Example:\n  walkshed import services services.xlsx")]
    Services(RegisterArgs),
    /// Where services are offered: service (its key), center (its code) or facility (its id), and where known opening_hours,
    /// item_count, note.
    #[command(after_help = "Example:\n  walkshed import offers offers.csv --dry-run")]
    Offers(RegisterArgs),
    /// Events: id, name, center or facility, starts, duration_minutes, and where known rrule, dates, except, services, ...
    #[command(after_help = "Example:\n  walkshed import events events.csv")]
    Events(RegisterArgs),
    /// Visits: center (its code), day, count, and where known hour, audience; a day in the file replaces that day.
    #[command(after_help = "Example:\n  walkshed import visits november.csv")]
    Visits(RegisterArgs),
    /// Suggestions: text, center (its code) or lon and lat, and where known id, status, answer, received_at, ...
    #[command(after_help = "Example:\n  walkshed import suggestions suggestions.csv")]
    Suggestions(RegisterArgs),
    /// Regions: code, name; as GeoJSON with their outlines.
    #[command(after_help = "Example:\n  walkshed import regions districts.geojson")]
    Regions(RegisterArgs),
    /// Who lives where: cell (H3, resolution 7 to 10), population, and where known group; replaces the groups in the file.
    #[command(after_help = "Example:\n  walkshed import population hexgrid.csv")]
    Population(RegisterArgs),
}

#[derive(Args, Debug)]
struct StreetsArgs {
    /// The extract.
    file: PathBuf,
    /// Elevation: GeoTIFF in degrees (with its scale, offset, unit and nodata) or SRTM .hgt; may be given several times. Without
    /// it all ground counts as level.
    #[arg(long, value_name = "FILE", num_args = 1)]
    elevation: Vec<PathBuf>,
    /// Streets without connection to the rest count as a network of their own from this length on, or when they are at
    /// least half of the largest; shorter pieces are joined to the nearest streets by legs off the network.
    #[arg(long, value_name = "KM", default_value_t = OWN_NETWORK_KM)]
    own_network_km: f64,
    /// Let people walk and ride on trunk roads unless a tag says otherwise; by default only where a tag allows it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    walk_on_trunk: Option<bool>,
    /// Let people walk in tunnels of streets unless a tag says otherwise; by default only where a tag allows it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    walk_in_road_tunnels: Option<bool>,
}

#[derive(Args, Debug)]
struct RegisterArgs {
    /// The file: .csv, .tsv, .xlsx, .json or .geojson; UTF-8, UTF-16 or GB18030.
    file: PathBuf,
    /// What the positions are in: wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu).
    #[arg(long, value_name = "DATUM", default_value = "wgs84")]
    datum: Datum,
    /// The encoding of the text, such as gb18030, big5, shift_jis or windows-1252 [default: UTF-8, or what is found]
    #[arg(long, value_name = "ENCODING", value_parser = encoding_named)]
    encoding: Option<&'static Encoding>,
    /// Import the good rows, and write the refused ones to a file beside the input.
    #[arg(long)]
    keep_going: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
struct FacilitiesArgs {
    #[command(flatten)]
    rows: RegisterArgs,
    /// The category of rows that name none.
    #[arg(long, value_name = "CATEGORY")]
    category: Option<Category>,
}

/// Runs what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.common.json);
    let fills = cli.command.is_none();
    let command = cli.command.unwrap_or_else(|| Command::Serve(ServeArgs::default()));
    match run(&cli.common, command, fills, &output) {
        Ok(code) => code,
        Err(failure) => output.fail(&failure),
    }
}

fn run(common: &Common, command: Command, fills: bool, output: &Output) -> Result<ExitCode, Failure> {
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
    match command {
        Command::Serve(_) => actix_web::rt::System::new().block_on(serve::serve(&settings, fills, output)),
        Command::Import(import) => actix_web::rt::System::new().block_on(import::import(import, &settings, output)),
        Command::Schema => {
            output.text(walkshed_graphql::Api::new(settings.server.limits).sdl().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(args) => actix_web::rt::System::new().block_on(demo::demo(&args, &settings, output)),
        Command::Check => actix_web::rt::System::new().block_on(check::check(&settings, output)),
        Command::Token(what) => actix_web::rt::System::new().block_on(tokens::tokens(what, &settings, output)),
        Command::Backup(args) => actix_web::rt::System::new().block_on(backup::backup(&args.file, &settings, output)),
        Command::Restore(args) => actix_web::rt::System::new().block_on(backup::restore(&args.file, &settings, output)),
        Command::Config => Ok(config(&settings, output)),
        Command::Coverage(args) => {
            actix_web::rt::System::new().block_on(analyse::coverage_of(&args, &settings, output))
        }
        Command::Compare(args) => actix_web::rt::System::new().block_on(analyse::compare_of(&args, &settings, output)),
        Command::Gaps(args) => actix_web::rt::System::new().block_on(analyse::gaps_of(&args, &settings, output)),
        Command::Sites(args) => actix_web::rt::System::new().block_on(analyse::sites_of(&args, &settings, output)),
        Command::Assess(args) => actix_web::rt::System::new().block_on(analyse::assess(&args, &settings, output)),
        Command::Picture(args) => actix_web::rt::System::new().block_on(picture::picture(&args, &settings, output)),
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
