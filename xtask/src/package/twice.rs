//! The same sources make the same packages: made once more from a copy that lies elsewhere, below
//! another home of cargo's, at another hour, with other modes for new files, and compared.

use super::deb::epoch;
use crate::process::{cargo_home, target};
use crate::repo;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};
use tph_lab::Error;

/// Copies what git knows and what it does not ignore, and makes the packages there.
const AGAIN: &str = r#"
    cd "$1"
    git ls-files -z --cached --others --exclude-standard |
        xargs -0 sh -c 'for file; do [ -e "$file" ] && printf "%s\0" "$file"; done' sh |
        tar --create --null --no-recursion --files-from=- |
        tar --extract --directory="$2"
    cd "$2"
    umask 027
    shift 2
    exec "$@""#;

pub(super) fn run(debs: &[PathBuf]) -> Result<ExitCode, Error> {
    let place = target().join("package-again");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(Error::file("remove", &place))?;
    }
    let (sources, home, out) = (place.join("a copy"), place.join("cargo"), place.join("out"));
    for folder in [&sources, &home] {
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    }
    link_home(&home)?;
    let program = env::current_exe().map_err(Error::file("find", Path::new("xtask")))?;
    let status = Command::new("sh")
        .args(["-euc", AGAIN, "sh"])
        .args([repo::root().as_path(), &sources, &program])
        .args(["package", "--out"])
        .arg(&out)
        .env("CARGO_MANIFEST_DIR", sources.join("xtask"))
        .env("CARGO_TARGET_DIR", target().join("package-other"))
        .env("CARGO_HOME", &home)
        .env("SOURCE_DATE_EPOCH", epoch()?)
        .env("TZ", "Pacific/Kiritimati")
        .status()
        .map_err(|source| Error::Start { program: "sh".to_owned(), source })?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    for deb in debs {
        let again = out.join(deb.file_name().unwrap_or_default());
        let bytes = |path: &Path| fs::read(path).map_err(Error::file("read", path));
        if bytes(deb)? != bytes(&again)? {
            println!("they differ: {} {}", deb.display(), again.display());
            return Ok(ExitCode::FAILURE);
        }
        println!("the same bytes, made elsewhere: {}", deb.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Another path for the same home of cargo's.
fn link_home(home: &Path) -> Result<(), Error> {
    let Some(real) = cargo_home() else { return Ok(()) };
    for entry in fs::read_dir(&real).map_err(Error::file("read", &real))? {
        let entry = entry.map_err(Error::file("read", &real))?;
        let link = home.join(entry.file_name());
        symlink(entry.path(), &link).map_err(Error::file("make", &link))?;
    }
    Ok(())
}
