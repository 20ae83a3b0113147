//! The mutants that no test can notice, as docs/testing.md lists them, each with the argument.

use crate::repo;
use std::collections::BTreeMap;
use std::fs;
use tph_lab::Error;

const DOCUMENT: &str = "docs/testing.md";
const SECTION: &str = "\n## Mutants\n";

/// How often each is argued away, by its file and what was replaced: lines move.
#[derive(Debug)]
pub(super) struct Argued(BTreeMap<String, usize>);

impl Argued {
    pub(super) fn read() -> Result<Self, Error> {
        let path = repo::root().join(DOCUMENT);
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        Ok(Self::of(&text))
    }

    /// Those in backticks, `(2)` behind one that is there twice.
    fn of(document: &str) -> Self {
        let section = document.split(SECTION).nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let mut argued = BTreeMap::new();
        let mut rest = section.split('`').skip(1);
        while let Some(code) = rest.next() {
            let behind = rest.next().unwrap_or_default();
            if code.contains(".rs: ") {
                let times = behind.strip_prefix(" (").and_then(|it| it.split_once(')'));
                let times = times.and_then(|(times, _)| times.parse().ok()).unwrap_or(1);
                let name = code.split_whitespace().collect::<Vec<_>>().join(" ");
                argued.insert(name, times);
            }
        }
        Self(argued)
    }

    /// A line for each survivor that is not argued away.
    pub(super) fn not_argued(&self, missed: &[String]) -> Vec<String> {
        let mut left = self.0.clone();
        let mut lines = Vec::new();
        for mutant in missed {
            match left.get_mut(&without_position(mutant)) {
                Some(times) if *times > 0 => *times -= 1,
                _ => lines.push(format!("no test notices: {mutant}")),
            }
        }
        lines
    }

    /// A line for each that is argued away in a folder, and was not missed.
    pub(super) fn outdated(&self, folder: &str, missed: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        let folder = format!("{folder}/");
        for (mutant, times) in self.0.iter().filter(|(name, _)| name.starts_with(&folder)) {
            let survived = missed.iter().filter(|it| without_position(it) == *mutant).count();
            if survived < *times {
                lines.push(format!("{DOCUMENT} argues about one that is noticed: {mutant}"));
            }
        }
        lines
    }
}

/// `FILE:LINE:COLUMN: WHAT` without line and column.
fn without_position(mutant: &str) -> String {
    let Some((place, what)) = mutant.split_once(": ") else { return mutant.to_owned() };
    let file = place.split(':').next().unwrap_or(place);
    format!("{file}: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "# x\n\n`a/z.rs: elsewhere`\n\n## Mutants\n\n\
        - Equal: `a/b.rs: replace | with ^ in f` (2), `a/c.rs: replace\n  f with 0`.\n  `mode` is no mutant.\n\n\
        ## Next\n\n`a/y.rs: elsewhere`\n";

    fn missed(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_survivor_is_a_problem_unless_it_is_argued_as_often_as_it_is_there() {
        let argued = Argued::of(DOCUMENT);
        let twice = "a/b.rs:1:2: replace | with ^ in f";
        let others =
            ["a/c.rs:9:1: replace f with 0", "a/y.rs:1:1: elsewhere", "a/z.rs:1:1: elsewhere"];
        assert!(argued.not_argued(&missed(&[twice, twice, others[0]])).is_empty());
        assert_eq!(argued.not_argued(&missed(&[twice, twice, twice])).len(), 1);
        assert_eq!(argued.not_argued(&missed(&others)).len(), 2);
    }

    #[test]
    fn an_argument_about_a_mutant_that_is_noticed_is_a_problem() {
        let argued = Argued::of(DOCUMENT);
        let twice = "a/b.rs:1:2: replace | with ^ in f".to_owned();
        let other = "a/c.rs:9:1: replace f with 0".to_owned();
        assert!(argued.outdated("a", &[twice.clone(), twice.clone(), other.clone()]).is_empty());
        assert_eq!(argued.outdated("a", &[twice, other]).len(), 1);
        assert!(argued.outdated("b", &[]).is_empty());
    }
}
