//! The arguments of all commands.

use super::{analysis, demo, picture};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use walkshed_engine::build::OWN_NETWORK_KM;
use walkshed_engine::geo::Datum;
use walkshed_exchange::{Encoding, encoding_by_label};
use walkshed_register::{Category, Role};

/// Measures which services people can reach on foot over the street network, and serves the results through a GraphQL API.
///
/// Without a command, walkshed starts the server. If the data folder is empty, it first creates the demonstration city.
#[derive(Parser, Debug)]
#[command(
    version,
    max_term_width = 110,
    after_help = "Examples:\n  walkshed\n  walkshed import streets city.osm.pbf --elevation city.tif\n  walkshed import facilities places.csv\n  walkshed check\n\nExit codes: 0 success; 1 failure, nothing was changed unless the message says otherwise; 2 invalid command line; 3 imported, but some rows were refused.\nEvery setting can also be set in the environment as WALKSHED_NAME or in walkshed.toml; `walkshed config` lists them."
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Heading of the options that all commands share, in help texts.
const GLOBAL: &str = "Global options";

#[derive(Args, Debug)]
pub struct Common {
    /// Folder that contains the prepared streets and the embedded database [default: walkshed-data].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub data: Option<String>,
    /// URL of a database to use instead of the embedded one, such as `sqlite:///srv/walkshed.db`.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub database: Option<String>,
    /// Configuration file [default: walkshed.toml in the current folder, if it exists].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// Log level: error, warn, info or debug; or a filter such as `walkshed=debug` [default: info].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "LEVEL")]
    pub log: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Start the server with the GraphQL API and the playground (the default command).
    #[command(after_help = "Example:\n  walkshed serve --listen 0.0.0.0:8080 --data /srv/walkshed")]
    Serve(ServeArgs),
    /// Import streets, centers, facilities, population and other tables.
    #[command(subcommand, after_help = "Example:\n  walkshed import facilities places.csv --datum gcj02")]
    Import(Import),
    /// Create, export or remove the demonstration city.
    ///
    /// The city has 11,251 centers. Everything in it is synthetic, except names, division codes and district populations.
    #[command(
        after_help = "Examples:\n  walkshed demo --scale 0.1\n  walkshed demo --scale 2\n  walkshed demo --export city-files\n  walkshed demo --remove"
    )]
    Demo(demo::DemoArgs),
    /// Measure how many people have the required facilities within reach.
    ///
    /// With --out, also writes the cells as a map, GeoJSON, CSV or another format.
    #[command(
        after_help = "Examples:\n  walkshed coverage --category elderly_care --region 500106 --out map.svg\n  walkshed coverage --kinds kindergarten --metres 300 --out cells.csv"
    )]
    Coverage(analysis::coverage::CoverageArgs),
    /// Compare coverage before and after a scenario, by group and region.
    ///
    /// With --out, also writes the cells as GeoJSON, CSV or another format.
    #[command(
        after_help = "Example:\n  walkshed compare --scenario bridge --category elderly_care --region 500106 --out gains.geojson"
    )]
    Compare(analysis::compare::CompareArgs),
    /// List under-served areas, largest first.
    #[command(after_help = "Example:\n  walkshed gaps --category health_care --minutes 15 --out gaps.geojson")]
    Gaps(analysis::gaps::GapsArgs),
    /// Suggest sites for new facilities.
    #[command(
        after_help = "Examples:\n  walkshed sites --category elderly_care --region 500106 --count 3 --out sites.svg\n  walkshed sites --kinds clinic --objective min-facilities --share 0.95 --count 50 --out sites.csv"
    )]
    Sites(analysis::sites::SitesArgs),
    /// Assess a region against a planning standard, and rank its parts.
    #[command(after_help = "Example:\n  walkshed assess --standard gb_50180_2018 --region 500106 --out towns.csv")]
    Assess(analysis::assess::AssessArgs),
    /// Print the GraphQL schema.
    #[command(after_help = "Example:\n  walkshed schema > schema.graphql")]
    Schema,
    /// Check the streets and the database, and report contents, problems and damage.
    ///
    /// Reads the whole database file. Every problem comes with the command that fixes it. Exits with code 1 if a file is damaged.
    #[command(after_help = "Example:\n  walkshed check --json")]
    Check,
    /// Print all settings and the origin of each value.
    #[command(after_help = "Example:\n  WALKSHED_LISTEN=0.0.0.0:80 walkshed config")]
    Config,
    /// Create, list and revoke access tokens.
    #[command(subcommand, after_help = "Example:\n  walkshed token create --role editor --name \"district office\"")]
    Token(Token),
    /// Back up the register to a new file.
    ///
    /// Works while a server is running. The streets are not included: import them again from their extract.
    #[command(after_help = "Example:\n  walkshed backup /backup/walkshed-2026-11-25.db")]
    Backup(BackupFileArgs),
    /// Replace the whole register by a backup.
    ///
    /// Works while a server is running.
    #[command(after_help = "Example:\n  walkshed restore /backup/walkshed-2026-11-25.db")]
    Restore(BackupFileArgs),
    /// Draw a walkshed as an SVG picture.
    #[command(
        after_help = "Example:\n  walkshed picture --point=-51.2287,-30.0277 --minutes 5,10,15 --out walkshed.svg"
    )]
    Picture(picture::PictureArgs),
}

#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Number of worker threads; 0 means one per core [default: 0].
    #[arg(long, value_name = "N")]
    pub workers: Option<String>,
}

#[derive(Args, Debug)]
pub struct BackupFileArgs {
    /// Path of the backup file.
    pub file: PathBuf,
}

#[derive(Subcommand, Debug)]
pub enum Token {
    /// Create a token.
    ///
    /// The token is shown only once.
    #[command(after_help = "Example:\n  walkshed token create --role contributor --name \"door counter\" --days 365")]
    Create {
        /// Role: reader, contributor (may add visits and suggestions), editor (may change the register) or admin (may do
        /// everything and read the audit log).
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// Name of the token's user or purpose, as shown in the audit log. Names are unique, including revoked tokens.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Days until the token expires, 1 to 36500 [default: never].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List all tokens with role, name and state. The secrets are not shown.
    #[command(after_help = "Example:\n  walkshed token list --json")]
    List,
    /// Revoke a token permanently.
    #[command(after_help = "Example:\n  walkshed token revoke 3")]
    Revoke {
        /// Number of the token, as printed by `walkshed token list`.
        number: i64,
    },
}

#[derive(Subcommand, Debug)]
pub enum Import {
    /// Import streets from an OpenStreetMap extract (.osm.pbf).
    ///
    /// Replaces the previous streets.
    #[command(
        after_help = "Examples:\n  walkshed import streets city.osm.pbf --elevation city.tif\n  walkshed import streets city.osm.pbf --elevation N29E106.hgt --elevation N29E107.hgt"
    )]
    Streets(StreetsArgs),
    /// Import facilities from a table, or the amenities of an OpenStreetMap extract.
    ///
    /// Required columns of a table: name, category or kind, lon, lat. Optional columns: id, center, opening_hours, capacity and
    /// others.
    #[command(
        after_help = "Examples:\n  walkshed import facilities places.csv\n  walkshed import facilities schools.geojson --category lifelong_education\n  walkshed import facilities amap.csv --datum gcj02 --keep-going\n  walkshed import facilities city.osm.pbf"
    )]
    Facilities(FacilitiesArgs),
    /// Import centers.
    ///
    /// Required columns: code (12 digits), name, lon, lat. Optional columns: kind, status, address, opening_hours,
    /// residents_served and others.
    #[command(after_help = "Example:\n  walkshed import centers centers.csv --datum cgcs2000")]
    Centers(RegisterArgs),
    /// Import services.
    ///
    /// Required columns: key, name, category. Optional columns: audiences, fee, appointment, description.
    #[command(after_help = "Example:\n  walkshed import services services.xlsx")]
    Services(RegisterArgs),
    /// Import offers: which service is offered where.
    ///
    /// Required columns: service (key), and center (code) or facility (id). Optional columns: opening_hours, item_count, note.
    #[command(after_help = "Example:\n  walkshed import offers offers.csv --dry-run")]
    Offers(RegisterArgs),
    /// Import events.
    ///
    /// Required columns: id, name, center or facility, starts, duration_minutes. Optional columns: rrule, dates, except, services
    /// and others.
    #[command(after_help = "Example:\n  walkshed import events events.csv")]
    Events(RegisterArgs),
    /// Import visit counts.
    ///
    /// Required columns: center (code), day, count. Optional columns: hour, audience. The rows of a center and day replace all
    /// previous counts of that center and day.
    #[command(after_help = "Example:\n  walkshed import visits november.csv")]
    Visits(RegisterArgs),
    /// Import suggestions.
    ///
    /// Required columns: text, and center (code) or lon and lat. Optional columns: id, status, answer, received_at and others.
    #[command(after_help = "Example:\n  walkshed import suggestions suggestions.csv")]
    Suggestions(RegisterArgs),
    /// Import regions.
    ///
    /// Required columns: code, name. GeoJSON can also contain their outlines.
    #[command(after_help = "Example:\n  walkshed import regions districts.geojson")]
    Regions(RegisterArgs),
    /// Import population.
    ///
    /// Required columns: cell (H3, resolution 7 to 10), population. Optional column: group. Replaces the whole population of each
    /// group in the file.
    #[command(after_help = "Example:\n  walkshed import population hexgrid.csv")]
    Population(RegisterArgs),
}

#[derive(Args, Debug)]
pub struct StreetsArgs {
    /// Path of the OpenStreetMap extract.
    pub file: PathBuf,
    /// Elevation file: GeoTIFF in degrees (its scale, offset, unit and nodata value are applied) or SRTM .hgt. Can be repeated.
    /// Without elevation, all ground counts as level.
    #[arg(long, value_name = "FILE", num_args = 1)]
    pub elevation: Vec<PathBuf>,
    /// Minimum length of a disconnected component that counts as a separate network. A component at least half as long as the
    /// largest one also counts. Shorter components are joined to the nearest streets by off-network legs.
    #[arg(long, value_name = "KM", default_value_t = OWN_NETWORK_KM)]
    pub own_network_km: f64,
    /// Allow walking and cycling on trunk roads unless a tag forbids it. By default it needs a tag that allows it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub walk_on_trunk: Option<bool>,
    /// Allow walking in road tunnels unless a tag forbids it. By default it needs a tag that allows it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub walk_in_road_tunnels: Option<bool>,
}

#[derive(Args, Debug)]
pub struct RegisterArgs {
    /// Path of the table: .csv, .tsv, .xlsx, .json or .geojson.
    pub file: PathBuf,
    /// Datum of the positions: wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu).
    #[arg(long, value_name = "DATUM", default_value = "wgs84")]
    pub datum: Datum,
    /// Text encoding, such as gb18030, big5, shift_jis or windows-1252 [default: detected; UTF-8, UTF-16 or GB18030]
    #[arg(long, value_name = "ENCODING", value_parser = encoding_by_label)]
    pub encoding: Option<&'static Encoding>,
    /// Import the valid rows, and write the refused ones to a file next to the input.
    #[arg(long)]
    pub keep_going: bool,
    /// Print what would be imported, without storing anything.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args, Debug)]
pub struct FacilitiesArgs {
    #[command(flatten)]
    pub rows: RegisterArgs,
    /// Category of rows without a category.
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<Category>,
}
