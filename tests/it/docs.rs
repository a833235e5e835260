//! The documents: their examples are run and the outputs compared, their links and settings are checked.
//!
//! | block | what is done |
//! | --- | --- |
//! | `graphql`, then `json` | sends the query and compares `data` (with the flag `errors`: `data` and `errors`) |
//! | `graphql` alone | sends the query and expects no errors |
//! | `sh`, then `text` | runs the `walkshed` commands and compares what they print; the flag `exit=1` expects that exit code |
//! | `csv NAME`, `toml NAME` | writes the file that the following commands use |
//! | `toml` | reads it as a configuration file |
//! | `bash`, `js`, `python` with `127.0.0.1:8080` | runs it against a server, where the program is installed |
//!
//! Other `bash` blocks, such as `docker build`, are not run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::http::Server;
use crate::support::markdown::{Block, Page, matches, pages, repository};
use crate::support::register::token;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, OnceLock};
use std::time::SystemTime;
use tempfile::TempDir;
use walkshed::server::ServerOptions;
use walkshed_graphql::Limits;
use walkshed_register::Role;

const BINARY: &str = env!("CARGO_BIN_EXE_walkshed");
/// The address that examples use.
const ADDRESS: &str = "127.0.0.1:8080";

/// The whole demonstration city, as the README's first command makes it. It stays in the target folder until the program
/// is built again.
static CITY: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = std::fs::metadata(BINARY).unwrap().modified().unwrap();
    let cities = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs-city");
    std::fs::create_dir_all(&cities).unwrap();
    let lock = File::create(cities.join("lock")).unwrap();
    lock.lock().unwrap();
    let city = cities.join(built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().to_string());
    if !city.exists() {
        for entry in std::fs::read_dir(&cities).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            }
        }
        let unfinished = cities.join("unfinished");
        let made = Command::new(BINARY).args(["demo", "--data"]).arg(&unfinished).env_clear().output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::rename(unfinished, &city).unwrap();
    }
    city
});

/// A server for the pages that change nothing.
static SHARED_SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&CITY, options()));

/// The default options, but for the deadline: analyses of a whole city are slow in a debug build.
fn options() -> ServerOptions {
    let defaults = ServerOptions::default();
    ServerOptions { limits: Limits { max_seconds: 600, ..defaults.limits }, ..defaults }
}

/// The data folder that the examples of a page begin with.
#[derive(Clone, Copy, PartialEq)]
enum Data {
    Empty,
    /// The demonstration city, which the page only reads.
    City,
    /// A copy of the demonstration city.
    CityCopy,
}

/// Runs the examples of one page in a folder of its own.
struct Runner {
    page: Page,
    folder: TempDir,
    data: Data,
    own_server: OnceLock<(Server, String)>,
    /// What the server answered to each `graphql` block.
    answers: Vec<Value>,
}

impl Runner {
    /// Runs every example of a page, in order.
    fn run(name: &str, data: Data) -> Self {
        let page = Page::read(name);
        let folder = tempfile::tempdir().unwrap();
        match data {
            Data::Empty => {}
            Data::City => std::os::unix::fs::symlink(&*CITY, folder.path().join("walkshed-data")).unwrap(),
            Data::CityCopy => copy_city(&folder.path().join("walkshed-data")),
        }
        let mut runner = Self { page, folder, data, own_server: OnceLock::new(), answers: Vec::new() };
        for index in 0..runner.page.blocks.len() {
            match runner.page.blocks[index].language.as_str() {
                "graphql" => runner.query(index),
                "sh" => runner.commands(index),
                "csv" | "toml" => runner.file(index),
                "bash" => runner.program(index, &["bash", "-c"]),
                "js" => runner.program(index, &["node", "--input-type=module", "-e"]),
                "python" => runner.program(index, &["python3", "-c"]),
                _ => {}
            }
        }
        runner
    }

    fn server(&self) -> &Server {
        if self.data == Data::City { &SHARED_SERVER } else { &self.own_server_and_token().0 }
    }

    fn own_server_and_token(&self) -> &(Server, String) {
        assert!(self.data != Data::City, "a page that needs a token needs a copy of the city");
        self.own_server.get_or_init(|| {
            let data = self.folder.path().join("walkshed-data");
            let token = token(&data, Role::Admin);
            (Server::start(&data, options()), token)
        })
    }

    fn at(&self, block: &Block) -> String {
        format!("{}:\n{}", self.page.path.display(), block.text)
    }

    fn query(&mut self, index: usize) {
        let block = &self.page.blocks[index];
        let at = self.at(block);
        let document = block.text.trim_start();
        if document.starts_with("subscription") {
            // Only that it is valid: validation comes before the refusal of subscriptions by POST.
            let code = self.server().query(document, &Value::Null).json()["errors"][0]["extensions"]["code"].clone();
            assert_ne!(code, "GRAPHQL_VALIDATION_FAILED", "{at}");
            return;
        }
        let needs_token = document.starts_with("mutation") || document.contains("auditLog");
        let mut answer = if needs_token {
            let (server, token) = self.own_server_and_token();
            server.query_as(token, document, &Value::Null)
        } else {
            self.server().query(document, &Value::Null).json()
        };
        let expected = self.page.output_of(index, "json").map(|output| {
            serde_json::from_str::<Value>(&output.text).unwrap_or_else(|e| panic!("{at}{e}: {}", output.text))
        });
        if block.flags.iter().any(|flag| flag == "errors") {
            answer.as_object_mut().unwrap().remove("extensions");
            assert_eq!(Some(&answer), expected.as_ref(), "{at}");
        } else {
            assert_eq!(answer["errors"], Value::Null, "{at}");
            if let Some(expected) = expected {
                assert_eq!(answer["data"], expected, "{at}");
            }
        }
        self.answers.push(answer);
    }

    fn commands(&self, index: usize) {
        let block = &self.page.blocks[index];
        let expected_code = block.flag("exit").map_or(0, |code| code.parse().unwrap());
        let (mut printed, mut ran) = (String::new(), false);
        for line in block.text.replace("\\\n", " ").lines() {
            let Some(output) = self.command(line) else { continue };
            ran = true;
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(expected_code), "{}{line}: {errors}", self.at(block));
            printed.push_str(&String::from_utf8(output.stdout).unwrap());
            if expected_code != 0 {
                printed.push_str(&errors);
            }
        }
        if let Some(expected) = self.page.output_of(index, "text")
            && ran
        {
            assert!(matches(&expected.text, &printed), "{}prints\n{printed}", self.at(block));
        }
    }

    /// Runs a line such as `NAME=value walkshed config`; `None` for other programs.
    fn command(&self, line: &str) -> Option<Output> {
        let line = line.split(" #").next()?.trim();
        let mut words = line.split_whitespace().peekable();
        let mut command = Command::new(BINARY);
        command.env_clear().current_dir(self.folder.path());
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            command.env(name, value);
            words.next();
        }
        (words.next()? == "walkshed").then(|| command.args(words).output().unwrap())
    }

    fn file(&self, index: usize) {
        let block = &self.page.blocks[index];
        let name = block.file_name().unwrap_or("unnamed.toml");
        let path = self.folder.path().join(name);
        std::fs::write(&path, &block.text).unwrap();
        if block.language == "toml" {
            let config = Command::new(BINARY).args(["config", "--config"]).arg(&path).env_clear().output().unwrap();
            assert!(config.status.success(), "{}{}", self.at(block), String::from_utf8_lossy(&config.stderr));
        }
    }

    fn program(&self, index: usize, program: &[&str]) {
        let block = &self.page.blocks[index];
        if !block.text.contains(ADDRESS) || (program[0] == "bash" && !block.text.starts_with("curl")) {
            return;
        }
        let needed = if program[0] == "bash" { "curl" } else { program[0] };
        if Command::new(needed).arg("--version").output().is_err() {
            walkshed_testing::skip(&format!(
                "{needed} is not installed; {} has an example for it",
                self.page.path.display()
            ));
            return;
        }
        let code = block.text.replace(ADDRESS, &self.server().address.to_string());
        let output = Command::new(program[0]).args(&program[1..]).arg(code).output().unwrap();
        assert!(output.status.success(), "{}{}", self.at(block), String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        if let Some(expected) = self.page.output_of(index, "text") {
            assert!(matches(&expected.text, &printed), "{}prints\n{printed}", self.at(block));
        }
        if let Some(expected) = self.page.output_of(index, "json") {
            let mut answer: Value = serde_json::from_str(&printed).unwrap();
            answer.as_object_mut().unwrap().remove("extensions");
            assert_eq!(answer, serde_json::from_str::<Value>(&expected.text).unwrap(), "{}", self.at(block));
        }
    }
}

/// Copies the demonstration city. The prepared streets are never written to, so that a hard link is enough.
fn copy_city(to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::copy(CITY.join("walkshed.db"), to.join("walkshed.db")).unwrap();
    let streets = CITY.join("streets.walkshed");
    if std::fs::hard_link(&streets, to.join("streets.walkshed")).is_err() {
        std::fs::copy(&streets, to.join("streets.walkshed")).unwrap();
    }
}

#[test]
fn the_examples_of_the_readme_work() {
    let runner = Runner::run("README.md", Data::City);
    // The banner says what is loaded.
    let world = runner.server().live.world();
    let (report, register) = (&world.network().unwrap().meta().report, &world.register);
    let banner = &runner.page.blocks_in("text").next().unwrap().text;
    for fact in [
        format!("{} segments, {:.0} km", report.edges, report.length_km),
        format!("{} centers, {} facilities", register.centers.len(), register.facilities.len()),
        format!("{} people in {} cells", world.total_population(), register.population.len()),
    ] {
        assert!(banner.contains(&fact), "{fact}");
    }
}

#[test]
fn the_examples_of_the_chinese_readme_work() {
    Runner::run("README.zh-CN.md", Data::City);
}

#[test]
fn the_examples_of_the_import_page_work() {
    Runner::run("docs/guide/import.md", Data::Empty);
}

#[test]
fn the_examples_of_the_chinese_import_page_work() {
    Runner::run("docs/guide/zh-CN/import.md", Data::Empty);
}

#[test]
fn the_examples_of_the_ask_page_work() {
    Runner::run("docs/guide/ask.md", Data::City);
}

#[test]
fn the_examples_of_the_plan_page_work() {
    let runner = Runner::run("docs/guide/plan.md", Data::CityCopy);
    let suggested = runner.answers.iter().find_map(|answer| answer["data"].get("siteSuggestions")).unwrap();
    assert_eq!(suggested["sites"][0]["gained"], 28300.0, "{suggested}");
    let drawn = std::fs::read_to_string(runner.folder.path().join("sites.svg")).unwrap();
    let shown = std::fs::read_to_string(repository().join("docs/img/sites.svg")).unwrap();
    assert!(drawn == shown, "docs/img/sites.svg is not what the command of the page draws");
}

#[test]
fn the_examples_of_the_chinese_plan_page_work() {
    Runner::run("docs/guide/zh-CN/plan.md", Data::CityCopy);
}

#[test]
fn the_examples_of_the_change_page_work() {
    Runner::run("docs/guide/change.md", Data::CityCopy);
}

#[test]
fn the_examples_of_the_production_page_work() {
    Runner::run("docs/guide/production.md", Data::CityCopy);
}

#[test]
fn the_examples_of_the_formats_page_work() {
    Runner::run("docs/guide/formats.md", Data::City);
}

#[test]
fn the_examples_of_the_limits_page_work() {
    Runner::run("docs/guide/limits.md", Data::City);
}

/// The scenario that the city contains helps couriers, as the last tab of the playground shows.
#[test]
fn the_scenario_of_the_playground_helps_couriers() {
    let tab = walkshed::server::example_tabs(&SHARED_SERVER.live.world()).pop().unwrap();
    let variables: Value = serde_json::from_str(tab["variables"].as_str().unwrap()).unwrap();
    let answer = SHARED_SERVER.query(tab["query"].as_str().unwrap(), &variables).json();
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let balance = &answer["data"]["compareScenarios"]["balance"];
    assert!(balance["gained"].as_f64().unwrap() > 100.0 && balance["lost"] == 0.0, "{answer}");
}

#[test]
fn settings_of_the_production_page_include_profiles() {
    let page = Page::read("docs/guide/production.md");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walkshed.toml");
    std::fs::write(&path, &page.blocks_in("toml").next().unwrap().text).unwrap();
    let output = Command::new(BINARY).args(["config", "--config"]).arg(&path).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("profiles.senior.level_kmh"));
}

#[test]
fn every_setting_is_documented() {
    let guide = ["production", "limits"].map(|name| Page::read(&format!("docs/guide/{name}.md")).text).concat();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(BINARY).arg("config").current_dir(folder.path()).env_clear().output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let keys: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let missing: Vec<&&str> = keys.iter().filter(|key| !guide.contains(&format!("`{key}`"))).collect();
    assert!(keys.len() > 40 && missing.is_empty(), "{missing:?}");
}

#[test]
fn every_linked_file_exists() {
    let mut missing = Vec::new();
    for name in pages() {
        let page = Page::read(&name);
        let folder = page.path.parent().unwrap();
        for link in page.links().filter(|link| !link.starts_with("http") && !link.starts_with('#')) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = folder.join(file);
            let has_anchor = || anchor.is_empty() || anchors(&target).iter().any(|known| known == anchor);
            if !target.exists() || !has_anchor() {
                missing.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_decision_is_listed() {
    let list = Page::read("docs/decisions/README.md");
    for name in pages().iter().filter_map(|page| page.strip_prefix("docs/decisions/0")) {
        assert!(list.links().any(|link| link == format!("0{name}")), "docs/decisions/README.md does not list 0{name}");
    }
}

/// Code spans such as `crates/walkshed-engine/src/snap.rs`.
#[test]
fn every_named_source_file_exists() {
    let mut missing = Vec::new();
    for name in pages() {
        let text = Page::read(&name).text;
        let spans = text.split('`').skip(1).step_by(2);
        let is_path = |span: &&str| {
            let folders = ["crates/", "src/", "tests/", "benches/", "docs/", "packaging/", "migrations/", "web/"];
            folders.iter().any(|folder| span.starts_with(folder)) && !span.contains(['*', ' ', '{'])
        };
        missing.extend(
            spans.filter(is_path).filter(|span| !repository().join(span).exists()).map(|s| format!("{name}: {s}")),
        );
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The anchors of the headings of a page, as GitHub makes them.
fn anchors(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(plain).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn the_readme_is_short() {
    for name in ["README.md", "README.zh-CN.md"] {
        let lines = Page::read(name).text.lines().count();
        assert!(lines <= 150, "{name} has {lines} lines");
    }
}

/// Adds `--help` to a command line: it succeeds if everything before it is understood.
fn is_understood(words: &[&str]) -> bool {
    Command::new(BINARY).args(words).arg("--help").env_clear().output().unwrap().status.success()
}

#[test]
fn the_systemd_unit_starts_the_server() {
    let unit = std::fs::read_to_string(repository().join("packaging/walkshed.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], "/usr/local/bin/walkshed");
    assert!(is_understood(&words[1..]), "{line}");
    assert!(!is_understood(&["serve", "--no-such-flag"]));
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        walkshed_testing::skip("systemd-analyze is not installed");
        return;
    }
    // It looks for the program of the unit.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walkshed.service");
    std::fs::write(&path, unit.replace(words[0], BINARY)).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
    let problems = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !problems.contains("walkshed.service"), "{problems}");
}

#[test]
fn the_image_starts_the_server_and_checks_its_health() {
    let text = std::fs::read_to_string(repository().join("Dockerfile")).unwrap();
    let words = |prefix: &str| -> Vec<String> {
        let line = text.lines().rfind(|line| line.starts_with(prefix)).unwrap();
        serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
    };
    assert_eq!(words("ENTRYPOINT ["), ["walkshed"]);
    assert!(is_understood(&words("CMD [").iter().map(String::as_str).collect::<Vec<_>>()));
    // What it sets in the environment are settings.
    let environment = text.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let variables: Vec<(&str, &str)> = environment.split(' ').map(|word| word.split_once('=').unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Command::new(BINARY);
    config.arg("config").current_dir(folder.path()).env_clear().envs(variables.iter().copied());
    let listed = String::from_utf8(config.output().unwrap().stdout).unwrap();
    for (name, _) in variables {
        assert!(listed.contains(&format!("(environment {name})")), "{name}: {listed}");
    }
    // The health check succeeds while a server runs, and only then.
    let check = words("    CMD [");
    let server = Server::start(folder.path(), ServerOptions::default());
    let is_healthy = |port: &str| {
        let script = check[2].replace("8080", port);
        Command::new(&check[0]).args([&check[1], &script]).output().unwrap().status.success()
    };
    assert!(check[2].contains("/127.0.0.1/8080 "));
    assert!(is_healthy(&server.address.port().to_string()));
    let port = server.address.port().to_string();
    server.stop();
    assert!(!is_healthy(&port));
}
