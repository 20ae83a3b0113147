//! `cargo xtask deny`: licences, sources, duplicates and known faults of what is depended on.

use crate::SKIPPED;
use crate::process::{cargo_home, fetch, finish};
use crate::tool::Tool;
use std::path::Path;
use std::process::{Command, ExitCode};
use tph_lab::{Cache, Error};

const TOOL: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    // Without its own TLS: it has git, or nothing, to fetch.
    options: &["--no-default-features"],
};

pub(crate) fn run() -> Result<ExitCode, Error> {
    let program = TOOL.installed(&Cache::from_environment()?)?;
    fetch()?;
    check(&program, &["--offline", "check", "licenses", "bans", "sources"], "check what is used")?;
    advisories(&program)
}

/// What the newest database says that can be had.
fn advisories(program: &Path) -> Result<ExitCode, Error> {
    let Err(error) = check(program, &["check", "advisories"], "ask for known faults") else {
        return Ok(ExitCode::SUCCESS);
    };
    if !database_is_here() {
        eprintln!("advisories: NOT CHECKED, as RustSec's database cannot be fetched: {error}");
        eprintln!("licences, bans and sources are in order");
        return Ok(ExitCode::from(SKIPPED));
    }
    // Without a network, or with a fault: what is here tells which.
    check(program, &["--offline", "check", "advisories"], "ask for faults known before")?;
    eprintln!(
        "advisories: none in the database that is here; it is OLD, as it cannot be fetched: {error}"
    );
    Ok(ExitCode::SUCCESS)
}

fn check(program: &Path, arguments: &[&str], step: &'static str) -> Result<(), Error> {
    finish(Command::new(program).args(arguments), "cargo-deny", step)
}

/// Whether the database of advisories was ever fetched.
fn database_is_here() -> bool {
    let databases = cargo_home().map(|home| home.join("advisory-dbs"));
    let entries = databases.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    entries.flatten().any(|entry| entry.path().join("crates").is_dir())
}

#[cfg(test)]
mod tests {
    use crate::repo;
    use std::collections::BTreeSet;
    use std::fs;

    /// The names in the first column of the tables.
    fn listed(text: &str) -> BTreeSet<String> {
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect()
    }

    /// Every direct dependency from outside: each comes by way of the workspace.
    fn used() -> BTreeSet<String> {
        let text = fs::read_to_string(repo::root().join("Cargo.toml")).unwrap();
        let table = text.split("[workspace.dependencies]").nth(1).unwrap();
        let lines = table.lines().take_while(|line| !line.starts_with('['));
        let outside = lines.filter(|line| line.contains(" = ") && !line.contains("path = "));
        outside.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
    }

    /// What the members name, and how.
    fn members() -> Vec<(String, String)> {
        let text = fs::read_to_string(repo::root().join("Cargo.toml")).unwrap();
        let mut manifests = Vec::new();
        for folder in ["crates", "lab", "kernel", "."] {
            let entries = fs::read_dir(repo::root().join(folder)).unwrap().flatten();
            let paths = entries.map(|entry| entry.path().join("Cargo.toml"));
            manifests.extend(paths.filter(|path| path.exists()));
        }
        assert!(manifests.len() > 10 && !text.is_empty());
        let mut named = Vec::new();
        for path in manifests {
            let mut inside = false;
            for line in fs::read_to_string(&path).unwrap().lines() {
                if line.starts_with('[') {
                    inside = line.contains("dependencies]") && !line.contains("workspace");
                } else if inside && let Some((name, how)) = line.split_once(['.', ' ']) {
                    named.push((name.to_owned(), how.to_owned()));
                }
            }
        }
        named
    }

    #[test]
    fn every_dependency_is_argued_and_everything_argued_is_used() {
        let text = fs::read_to_string(repo::root().join("docs/dependencies.md")).unwrap();
        assert_eq!(listed(&text), used());
        let members = members();
        for name in used() {
            assert!(members.iter().any(|(member, _)| *member == name), "nobody uses {name}");
        }
        for (name, how) in members.iter().filter(|(name, _)| !name.starts_with('#')) {
            assert!(how.contains("workspace"), "{name} does not come by way of the workspace");
        }
    }
}
