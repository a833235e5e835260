//! Reads Markdown pages: their code blocks and links.

use std::path::{Path, PathBuf};

/// Output blocks start at most this many lines after the block that they belong to.
const MAX_DISTANCE: usize = 8;

/// A fenced code block.
#[derive(Debug)]
pub struct Block {
    /// The first word after the fence.
    pub language: String,
    /// The other words after the fence.
    pub flags: Vec<String>,
    pub text: String,
    first_line: usize,
    last_line: usize,
}

impl Block {
    /// The value of a flag such as `exit=1`.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='))
    }

    /// The name of the file that the block is the content of.
    pub fn file_name(&self) -> Option<&str> {
        self.flags.iter().map(String::as_str).find(|flag| flag.contains('.'))
    }
}

/// A Markdown page.
pub struct Page {
    pub path: PathBuf,
    pub text: String,
    pub blocks: Vec<Block>,
}

impl Page {
    /// Reads a page, by its path in the repository.
    pub fn read(name: &str) -> Self {
        let path = repository().join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let blocks = blocks(&text);
        Self { path, text, blocks }
    }

    pub fn blocks_in(&self, language: &str) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.language == language)
    }

    /// The output that belongs to a block: the next block, if it is near and in this language.
    pub fn output_of(&self, index: usize, language: &str) -> Option<&Block> {
        let next = self.blocks.get(index + 1)?;
        let is_near = next.first_line - self.blocks[index].last_line <= MAX_DISTANCE;
        (is_near && next.language == language).then_some(next)
    }

    /// The targets of its links.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown pages of the repository that are written by hand, by their paths in it.
pub fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    collect(repository(), &mut pages, false);
    for folder in ["docs", "crates", "tests"] {
        collect(&repository().join(folder), &mut pages, true);
    }
    pages.sort();
    pages
}

fn collect(folder: &Path, pages: &mut Vec<String>, deep: bool) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if deep && !path.ends_with("node_modules") && !path.ends_with("target") {
                collect(&path, pages, deep);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            if let Some(block) = &mut open {
                block.text.push_str(line);
                block.text.push('\n');
            }
            continue;
        };
        if let Some(block) = open.take() {
            blocks.push(Block { last_line: number, ..block });
        } else {
            let mut words = info.split_whitespace().map(str::to_owned);
            let language = words.next().unwrap_or_default();
            let flags = words.collect();
            open = Some(Block { language, flags, text: String::new(), first_line: number, last_line: number });
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    blocks
}

/// Whether an output is the expected one. A line `...` of the expected text stands for any number of lines.
pub fn matches(expected: &str, output: &str) -> bool {
    let lines = |text: &str| text.trim_matches('\n').lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
    lines_match(&lines(expected), &lines(output))
}

fn lines_match(expected: &[String], output: &[String]) -> bool {
    match expected.split_first() {
        None => output.is_empty(),
        Some((first, rest)) if first == "..." => (0..=output.len()).any(|skip| lines_match(rest, &output[skip..])),
        Some((first, rest)) => {
            output.split_first().is_some_and(|(line, more)| line == first && lines_match(rest, more))
        }
    }
}
