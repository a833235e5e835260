//! Checks how the source files of a crate depend on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Returns the import cycles between the source files of a crate: groups of files that import each other, directly or
/// through others. An empty result means that every file can be read after those it imports.
///
/// `src` is the source folder of the crate, with `lib.rs` in it. A `use crate::`, `use super::` or `use self::` at the top
/// level of a file is a dependency on the file that it names; so is a path `crate::...` or `super::...` in code. An item that
/// is imported through the re-export of a parent counts as a dependency on the parent. Test code (files that end in
/// `tests.rs`, and items after `#[cfg(test)]`) is ignored.
///
/// # Panics
/// Panics if the folder cannot be read.
#[must_use]
pub fn import_cycles(src: &Path) -> Vec<Vec<String>> {
    let modules = modules(src);
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, file) in &modules {
        let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let targets =
            paths(&text, name, is_folder_module(file)).into_iter().filter_map(|path| module_of(&path, &modules));
        imports.insert(name, targets.filter(|target| target != name).collect());
    }
    // Two files are in the same cycle if each can be reached from the other.
    let reachable: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|&m| (m, reach(m, &imports))).collect();
    let mut cycles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, reached) in &reachable {
        let group: Vec<String> = reached
            .iter()
            .filter(|&&other| reachable[other].contains(module))
            .map(|&other| if other.is_empty() { "lib".to_owned() } else { other.to_owned() })
            .collect();
        if group.len() > 1 {
            cycles.insert(group);
        }
    }
    cycles.into_iter().collect()
}

/// Returns all modules below a folder: path of the module ("" for the root, "network::open", ...) and its file.
fn modules(src: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(src.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = if prefix.is_empty() { stem.clone() } else { format!("{prefix}::{stem}") };
            if path.is_dir() {
                folders.push((path, name));
            } else if path.extension().is_some_and(|e| e == "rs") && !stem.ends_with("tests") && stem != "main" {
                let is_parent = stem == "mod" || stem == "lib";
                found.insert(if is_parent { prefix.clone() } else { name }, path);
            }
        }
    }
    found
}

fn is_folder_module(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs")
}

/// Returns the paths (without `crate::`) that a file of a module uses.
fn paths(text: &str, module: &str, is_folder: bool) -> Vec<String> {
    let lines = code_lines(text);
    // A file that is not `mod.rs` or `lib.rs` has no children.
    let children: Vec<&str> =
        if is_folder { lines.iter().filter_map(|line| declared_module(line)).collect() } else { Vec::new() };
    let mut found: Vec<String> =
        top_level_imports(&lines).iter().filter_map(|path| absolute(path, module, &children)).collect();
    let code = lines.join("\n");
    for (at, _) in code.match_indices("super::") {
        let is_other_name = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let end = code[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(code.len() - at);
        let path = code[at..at + end].trim_end_matches(':');
        let is_in_inner_module = code[..at].rsplit('\n').next().is_some_and(|line| line.starts_with("    use "));
        if !is_other_name && !is_in_inner_module {
            found.extend(absolute(path, module, &children).filter(|path| !path.is_empty()));
        }
    }
    for (at, prefix) in code.match_indices("crate::") {
        let is_other_name = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        let rest = &code[at + prefix.len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
        // What follows a brace is found as a top-level import.
        let path = rest[..end].trim_end_matches(':');
        if !is_other_name && !path.is_empty() {
            found.push(path.to_owned());
        }
    }
    found
}

/// Returns the lines of a file without comments and without items for tests.
fn code_lines(text: &str) -> Vec<&str> {
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut code = Vec::new();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push(line);
            continue;
        }
        // The item goes on to a semicolon at the end of its first line, or to the closing brace below its start.
        let indent = line.len() - line.trim_start().len();
        let mut is_first = true;
        for line in lines.by_ref() {
            let is_attribute = line.trim_start().starts_with("#[");
            let is_whole = is_first && !is_attribute && line.trim_end().ends_with([';', '}', ',']);
            let is_end = line.trim_start().starts_with('}') && line.len() - line.trim_start().len() == indent;
            if is_whole || is_end {
                break;
            }
            is_first &= is_attribute;
        }
    }
    code
}

/// Returns the paths of the imports at the top level of a file. An import may span several lines.
fn top_level_imports(lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in lines {
        let statement = match open.take() {
            Some(text) => text + line.trim(),
            None => match line.split_once("use ") {
                Some((visibility, path)) if matches!(visibility.trim_end(), "" | "pub") && !line.starts_with(' ') => {
                    path.to_owned()
                }
                Some((visibility, path)) if visibility.starts_with("pub(") => path.to_owned(),
                _ => continue,
            },
        };
        match statement.strip_suffix(';') {
            Some(import) => found.extend(expand(import)),
            None => open = Some(statement),
        }
    }
    found
}

/// Resolves a path that a module imports, without `crate::`. Returns `None` for paths into other crates.
fn absolute(path: &str, module: &str, children: &[&str]) -> Option<String> {
    let join = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { format!("{a}::{b}") };
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    if let Some(rest) = path.strip_prefix("self::") {
        return Some(join(module, rest));
    }
    let (mut parent, mut rest) = (module, path);
    while let Some(shorter) = rest.strip_prefix("super::") {
        parent = parent.rsplit_once("::").map_or("", |(parent, _)| parent);
        rest = shorter;
    }
    let is_child = children.contains(&path.split("::").next().unwrap_or_default());
    (rest.len() < path.len() || is_child).then(|| join(parent, rest))
}

/// Returns the name of a module that a line declares.
fn declared_module(line: &str) -> Option<&str> {
    let (visibility, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
    (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
}

/// Expands the braces of an import: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn expand(import: &str) -> Vec<String> {
    let import = import.trim();
    let import = import.split(" as ").next().unwrap_or(import);
    let Some((prefix, rest)) = import.split_once('{') else { return vec![import.to_owned()] };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(expand).map(|part| format!("{}{part}", prefix.trim())).collect()
}

/// Returns the module that a path is in: the longest prefix that is a module.
fn module_of<'m>(path: &str, modules: &'m BTreeMap<String, PathBuf>) -> Option<&'m str> {
    let mut prefix = path;
    loop {
        if let Some((name, _)) = modules.get_key_value(prefix) {
            return Some(name);
        }
        match prefix.rsplit_once("::") {
            Some((shorter, _)) => prefix = shorter,
            None => return modules.get_key_value("").map(|(name, _)| name.as_str()),
        }
    }
}

/// Returns the modules that can be reached from a module by imports, itself included.
fn reach<'m>(module: &'m str, imports: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> BTreeSet<&'m str> {
    let mut seen = BTreeSet::from([module]);
    let mut stack = vec![module];
    while let Some(next) = stack.pop() {
        for &target in imports.get(next).into_iter().flatten() {
            if seen.insert(target) {
                stack.push(target);
            }
        }
    }
    seen
}
