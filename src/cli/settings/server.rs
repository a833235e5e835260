//! Settings of the server and its limits.

use super::error::SettingsError;
use super::flags::Flags;
use super::reader::Reader;
use super::values::{Anonymous, Minutes, TrustedProxies};
use crate::server::{Proxies, ServerOptions};
use std::path::PathBuf;
use walkshed_graphql::Limits;

/// Reads whole numbers that are named like the fields of the struct they are stored in.
macro_rules! numbers {
    ($reader:ident, $options:ident: $($field:ident),+ $(,)?) => {
        $($options.$field = $reader.number(stringify!($field), $options.$field)?;)+
    };
}

/// Reads the options of the server.
pub fn options(reader: &mut Reader<'_>, flags: &Flags) -> Result<ServerOptions, SettingsError> {
    let mut options = ServerOptions::default();
    options.listen =
        reader.get("listen", flags.listen.as_ref(), options.listen, "an address such as 127.0.0.1:8080")?;
    options.workers = reader.get("workers", flags.workers.as_ref(), options.workers, "a whole number, 0 or more")?;
    options.anonymous = reader.get("anonymous", None, Anonymous(options.anonymous), "reader or none")?.0;
    let origins: String =
        reader.get("cors_origins", None, String::new(), "comma-separated origins, such as https://map.example.cn")?;
    options.cors_origins = origins.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect();
    let manifest: String =
        reader.get("trusted_documents", None, String::new(), "the path of a JSON file of trusted documents")?;
    options.trusted_documents = Some(PathBuf::from(manifest)).filter(|path| !path.as_os_str().is_empty());
    let peer = reader.get("behind_proxy", None, options.proxies.peer, "true or false")?;
    let expected = "addresses or networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
    let trusted = reader.get("trusted_proxies", None, TrustedProxies(Vec::new()), expected)?.0;
    options.proxies = Proxies { peer, trusted };
    numbers!(reader, options: max_connections, max_followers, max_subscriptions, ping_seconds, max_bodies_bytes,
        min_receive_rate, min_send_rate, max_body_bytes, shutdown_seconds);
    options.limits = limits(reader)?;
    Ok(options)
}

/// Reads the limits of requests.
fn limits(reader: &mut Reader<'_>) -> Result<Limits, SettingsError> {
    let mut limits = Limits::default();
    numbers!(reader, limits: max_document_bytes, max_depth, max_complexity, max_work, max_seconds, max_list_items,
        max_polygon_corners, max_aliases, max_directives);
    limits.max_minutes = reader.get("max_minutes", None, Minutes(limits.max_minutes), "minutes, 1 to 600")?.0;
    numbers!(reader, limits: suggestions_per_hour, max_analyses, max_waiting_analyses, max_waiting_writes, max_jobs,
        max_waiting_jobs, max_variable_values, max_imports, max_waiting_imports, max_import_rows, max_answer_bytes,
        max_answers_bytes, max_followed_complexity);
    Ok(limits)
}
