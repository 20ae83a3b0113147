//! Lines of the sources, and how often each was run. Tests are no sources here.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::ops::AddAssign;
use std::path::Path;
use tph_lab::Error;

/// What begins a file's own tests, which are at its end.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

/// How many lines there are, and how many of them were run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    lines: u32,
    run: u32,
}

impl Count {
    pub(super) fn percent(self) -> f64 {
        if self.lines == 0 { 100.0 } else { f64::from(self.run) * 100.0 / f64::from(self.lines) }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.run += other.run;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} {:>6} {:>7.2}", self.lines, self.run, self.percent())
    }
}

/// Of each file of the repository: whether each line with code was run.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, BTreeMap<u32, bool>>);

impl Lines {
    /// What LLVM found, without tests.
    pub(super) fn read(path: &Path, root: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file("read", path))?;
        let mut lines = Self::of(&text, root);
        for (name, lines) in &mut lines.0 {
            let path = root.join(name);
            let source = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            let end = first_of_tests(&source);
            lines.retain(|line, _| *line < end);
        }
        Ok(lines)
    }

    /// Out of lcov's format: `SF:` begins a file, `DA:LINE,TIMES` is a line.
    fn of(text: &str, root: &Path) -> Self {
        let mut files: BTreeMap<String, BTreeMap<u32, bool>> = BTreeMap::new();
        let mut current = None;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let name = Path::new(path).strip_prefix(root).ok().and_then(Path::to_str);
                current = name.filter(|name| !is_test(name)).map(str::to_owned);
            } else if let (Some(name), Some((line, times))) =
                (&current, line.strip_prefix("DA:").and_then(|rest| rest.split_once(',')))
                && let Ok(line) = line.parse()
            {
                let run = files.entry(name.clone()).or_default().entry(line).or_default();
                *run |= times != "0";
            }
        }
        Self(files)
    }

    /// The crates by their folders.
    pub(super) fn crates(&self) -> BTreeMap<String, Count> {
        let mut crates: BTreeMap<String, Count> = BTreeMap::new();
        for (name, lines) in &self.0 {
            let folder = name.split("/src/").next().unwrap_or(name);
            let run = lines.values().filter(|run| **run).count();
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let of_file = Count { lines: count(lines.len()), run: count(run) };
            *crates.entry(folder.to_owned()).or_default() += of_file;
        }
        crates
    }

    /// `FILE:LINE`, one a line, of what was not run.
    pub(super) fn missing(&self) -> String {
        let mut text = String::new();
        for (name, lines) in &self.0 {
            for (line, _) in lines.iter().filter(|(_, run)| !**run) {
                let _ = writeln!(text, "{name}:{line}");
            }
        }
        text
    }
}

/// Whether a file has nothing but tests, or is no part of a crate's library or program.
fn is_test(name: &str) -> bool {
    let Some((_, inside)) = name.split_once("src/") else { return true };
    let mut parts = inside.split('/');
    parts.any(|part| part == "tests" || part == "tests.rs")
}

fn first_of_tests(source: &str) -> u32 {
    let Some(at) = source.find(TESTS) else { return u32::MAX };
    u32::try_from(source[..at].lines().count() + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_crate_and_tests_are_not() {
        let found = "SF:/r/crates/a/src/b.rs\nDA:1,3\nDA:2,0\nDA:2,1\nDA:4,0\nend_of_record\n\
            SF:/r/crates/a/src/b/tests.rs\nDA:1,1\nend_of_record\n\
            SF:/r/crates/a/tests/c.rs\nDA:1,1\nend_of_record\n\
            SF:/elsewhere/src/c.rs\nDA:1,1\nend_of_record\n\
            SF:/r/xtask/src/main.rs\nDA:7,0\n";
        let lines = Lines::of(found, Path::new("/r"));
        let crates: Vec<_> = lines.crates().into_iter().collect();
        let a = ("crates/a".to_owned(), Count { lines: 3, run: 2 });
        assert_eq!(crates, [a, ("xtask".to_owned(), Count { lines: 1, run: 0 })]);
        assert_eq!(lines.missing(), "crates/a/src/b.rs:4\nxtask/src/main.rs:7\n");
    }

    #[test]
    fn a_file_ends_where_its_tests_begin() {
        assert_eq!(first_of_tests("fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), 3);
        assert_eq!(first_of_tests("fn a() {}\n#[cfg(test)]\nfn b() {}\n"), u32::MAX);
    }
}
