//! `cargo xtask api`: the public interface of the libraries beside the one that is recorded, in the
//! `api.txt` of each.
//!
//! The listing is made from what rustdoc writes as JSON, by the crate `public-api`. Stable compilers
//! write it too if they are asked as the project's own tools may ask (`RUSTC_BOOTSTRAP`), in a format
//! that has a number; one that writes another number is told apart, and nothing is compared then.

mod changes;

use crate::{SKIPPED, process, repo};
use changes::{Changes, Record};
use clap::Args;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tph_lab::Error;

/// The libraries that others use.
const PACKAGES: [&str; 3] = ["tph", "tph-abi", "vfio-tph"];
/// The format that `public-api`, in the version that the workspace pins, can read.
const FORMAT: &str = "\"format_version\":57}";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Record the interface as it is now; also with `UPDATE_API=1` in the environment
    #[arg(long)]
    record: bool,
    /// Only of these libraries
    #[arg(value_name = "PACKAGE", value_parser = PACKAGES)]
    packages: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let record = arguments.record || env::var_os("UPDATE_API").is_some();
    let wanted = |package: &&str| {
        arguments.packages.is_empty() || arguments.packages.iter().any(|name| name == package)
    };
    let changelog = read(&repo::root().join("CHANGELOG.md"))?;
    let mut same = true;
    for package in PACKAGES.into_iter().filter(wanted) {
        let Some(lines) = listing(package)? else {
            println!(
                "skipped: this compiler's rustdoc writes another format than {FORMAT}; Rust 1.95 writes it"
            );
            return Ok(ExitCode::from(SKIPPED));
        };
        let path = repo::root().join("crates").join(package).join("api.txt");
        let old = Record::parse(&fs::read_to_string(&path).unwrap_or_default());
        let new = Record::new(package, env!("CARGO_PKG_VERSION"), lines);
        let changes = Changes::between(&old, &new);
        let refusal = changes.refusal(&old, &new, &changelog);
        if record && refusal.is_none() {
            fs::write(&path, new.to_string()).map_err(Error::file("write", &path))?;
        } else if !changes.is_empty() || old.head != new.head {
            same = false;
            let how = format!("record it with UPDATE_API=1 cargo xtask api {package}");
            println!("{package}: the public interface is not the recorded one:\n{changes}");
            println!("{}\n", refusal.unwrap_or(how));
            continue;
        }
        println!("{package}: {} public items", new.lines.len());
    }
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The public interface of a package, a line for each item. `None` if this compiler describes it in
/// another format.
fn listing(package: &str) -> Result<Option<Vec<String>>, Error> {
    let json = describe(package)?;
    if !read(&json)?.ends_with(FORMAT) {
        return Ok(None);
    }
    let api = public_api::Builder::from_rustdoc_json(&json).omit_blanket_impls(true).build();
    let api = api.map_err(|error| Error::Output {
        step: "list the public interface",
        program: "rustdoc",
        output: error.to_string(),
    })?;
    Ok(Some(api.items().map(|item| changes::line(package, &item.to_string())).collect()))
}

/// Has rustdoc describe a package. In a folder of its own: some build scripts look for what
/// `RUSTC_BOOTSTRAP` allows, and would build again for everybody.
fn describe(package: &str) -> Result<PathBuf, Error> {
    let folder = process::target().join("api");
    let mut cargo = process::cargo();
    cargo
        .args(["rustdoc", "--quiet", "--lib", "--package", package, "--target-dir"])
        .arg(&folder)
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1");
    process::finish(&mut cargo, "cargo rustdoc", "describe the public interface")?;
    Ok(folder.join("doc").join(package.replace('-', "_")).with_extension("json"))
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file("read", path))
}
