use super::reader::Source;
use super::{Flags, Settings};
use walkshed_engine::osm::StreetRules;

fn read(file: &str, flags: Flags, env: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.toml");
    std::fs::write(&path, file).unwrap();
    let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    Settings::read(&Flags { config: Some(path), ..flags }, &env).map_err(|e| e.to_string())
}

fn source(settings: &Settings, key: &str) -> Source {
    settings.list.iter().find(|s| s.key == key).unwrap().source.clone()
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let file = "listen = \"1.1.1.1:1\"\nworkers = 3\nmax_depth = 17\n[profiles.adult]\nlevel_kmh = 5";
    let flags = Flags { listen: Some("3.3.3.3:3".into()), ..Flags::default() };
    let env = [("WALKSHED_LISTEN", "2.2.2.2:2"), ("WALKSHED_WORKERS", "5")];
    let s = read(file, flags, &env).unwrap();
    assert_eq!((s.server.listen.as_str(), s.server.workers, s.server.limits.max_depth), ("3.3.3.3:3", 5, 17));
    assert_eq!(source(&s, "listen"), Source::Flag("--listen".into()));
    assert_eq!(source(&s, "workers"), Source::Environment("WALKSHED_WORKERS".into()));
    assert!(matches!(source(&s, "max_depth"), Source::File(_)));
    assert_eq!(source(&s, "data"), Source::Default);
    assert!(matches!(source(&s, "profiles.adult.level_kmh"), Source::File(_)));
}

#[test]
fn reads_trusted_proxies_from_files_and_the_environment() {
    let file = "behind_proxy = true\ntrusted_proxies = [\"127.0.0.1\", '10.0.0.0/8']";
    let proxies = read(file, Flags::default(), &[]).unwrap().server.proxies;
    assert!(proxies.peer && proxies.trusted.len() == 2);
    let env = [("WALKSHED_TRUSTED_PROXIES", "127.0.0.1, fd00::/8")];
    let settings = read("", Flags::default(), &env).unwrap();
    assert!(!settings.server.proxies.peer && settings.server.proxies.trusted.len() == 2);
    let shown = settings.list.iter().find(|s| s.key == "trusted_proxies").unwrap();
    assert_eq!(shown.value, "127.0.0.1/32, fd00::/8");
}

#[test]
fn warns_about_import_rules_that_differ_from_the_imported_streets() {
    let imported = StreetRules { walk_on_trunk: true, ..StreetRules::default() };
    // Rules that are not set explicitly do not count.
    assert!(read("", Flags::default(), &[]).unwrap().not_imported(imported).is_empty());
    let set = read("walk_on_trunk = false\nwalk_in_road_tunnels = true", Flags::default(), &[]).unwrap();
    let warnings = set.not_imported(imported);
    assert!(warnings[0].starts_with("walk_on_trunk = false is set") && warnings[0].ends_with("import them again"));
    assert!(warnings[1].starts_with("walk_in_road_tunnels = true is set") && warnings.len() == 2);
    assert!(set.not_imported(set.streets).is_empty());
}

#[test]
fn errors_name_the_setting() {
    for (file, expected) in [
        ("listne = 1", "unknown setting \"listne\". Did you mean \"listen\"? Available: data, "),
        ("max_aswer_bytes = 1", "Did you mean \"max_answer_bytes\"?"),
        ("colour = 1", "unknown setting \"colour\". Available: data, "),
        ("workers = -1", "workers = \"-1\""),
        ("workers = \"many\"", "must be a whole number"),
        ("log_format = \"xml\"", "text or json"),
        ("max_minutes = 1e9", "minutes, 1 to 600"),
        ("profiles = 3", "[profiles.adult]"),
        ("[profiles.giant]\nlevel_kmh = 9", "giant"),
        ("[profiles.adult]\nlevel_kmh = -4", "level_kmh"),
        ("[profiles.adult]\nlevel = 4", "profiles.adult.level"),
        ("[kinds.tea]\nname = \"x\"", "kinds.tea"),
        ("kinds = 3", "[kinds.tea_house]"),
        ("standards = 3", "[standards.ours]"),
        ("[standards.ours]\nname = \"x\"", "standards.ours"),
        ("time_zone = \"Mars\"", "Asia/Shanghai"),
        ("anonymous = \"editor\"", "reader or none"),
        ("walk_on_trunk = \"sometimes\"", "walk_on_trunk = \"sometimes\""),
        ("trusted_proxies = [\"10.0.0.0/40\"]", "10.0.0.0/8"),
        ("[profiles.wheelchair]\nbarred_surfaces = [\"lava\"]", "unknown surface \"lava\""),
        ("holidays = \"no-such-file.toml\"", "no-such-file.toml"),
        ("a = = 1", "not valid TOML"),
    ] {
        let error = read(file, Flags::default(), &[]).unwrap_err();
        assert!(error.contains(expected), "{file}: {error}");
    }
    let error = read("", Flags::default(), &[("WALKSHED_MAX_DEPTH", "x")]).unwrap_err();
    assert!(error.contains("environment WALKSHED_MAX_DEPTH"), "{error}");
}
