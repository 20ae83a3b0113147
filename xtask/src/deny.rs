//! `cargo xtask deny`: licences, sources, duplicates and known faults of what is depended on.

use crate::process::{cargo, fetch, finish};
use std::path::Path;
use std::process::{Command, ExitCode};
use tph_lab::{Cache, Error};

/// The pinned version: it is built once, for minutes, and kept in the cache.
const VERSION: &str = "0.20.2";

pub(crate) fn run() -> Result<ExitCode, Error> {
    let cache = Cache::from_environment()?;
    let root = cache.folder(format!("cargo-deny-{VERSION}"))?;
    let program = root.join("bin/cargo-deny");
    if !program.exists() {
        let _lock = cache.lock()?;
        let mut command = cargo();
        command.args(["install", "cargo-deny", "--version", VERSION, "--locked"]);
        // Without its own TLS: it has git, or nothing, to fetch.
        command.arg("--no-default-features").arg("--root").arg(&root);
        command.arg("--target-dir").arg(root.join("target"));
        finish(&mut command, "cargo", "install cargo-deny")?;
        let _ = std::fs::remove_dir_all(root.join("target"));
    }
    fetch()?;
    check(&program, &["--offline", "check", "licenses", "bans", "sources"], "check what is used")?;
    let advisories = check(&program, &["check", "advisories"], "ask for known faults");
    if let Err(error) = advisories {
        eprintln!("advisories: not checked, or there are some: {error}");
        return Ok(ExitCode::from(u8::from(database_is_here())));
    }
    Ok(ExitCode::SUCCESS)
}

fn check(program: &Path, arguments: &[&str], step: &'static str) -> Result<(), Error> {
    finish(Command::new(program).args(arguments), "cargo-deny", step)
}

/// Whether the database of advisories was fetched: then a failure is about what it says.
fn database_is_here() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    let databases = home.map(|home| home.join("advisory-dbs"));
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
