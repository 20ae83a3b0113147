//! The guest's programs in C, which use libvfiotph: built as any project would, but static.

use crate::command::output;
use crate::{Error, Result};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the library's own folder is in the repository.
const LIBRARY: &str = "crates/vfio-tph-capi";
/// What they are called in the guest, and where their sources are in the library's folder.
const PROGRAMS: [(&str, &str); 3] = [
    ("c-steer", "examples/steer.c"),
    ("c-device", "tests/c/kernel.c"),
    ("c-share", "tests/c/share.c"),
];

/// Compiles and links them with the library in `built`, a folder of cargo's.
pub(super) fn build(repository: &Path, built: &Path) -> Result<Vec<PathBuf>> {
    let library = repository.join(LIBRARY);
    let folder = built.join("c");
    fs::create_dir_all(&folder).map_err(Error::file("make the folder", &folder))?;
    let compiler = env::var_os("CC").unwrap_or_else(|| OsString::from("gcc"));
    let one = |(name, source): (&str, &str)| {
        let program = folder.join(name);
        let mut command = Command::new(&compiler);
        command
            .args(["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-s"])
            .args(["-static", "-pthread", "-I"])
            .arg(library.join("include"))
            .arg(library.join(source))
            .arg(built.join("libvfiotph.a"))
            .arg("-o")
            .arg(&program);
        output(&mut command, "build the guest's programs in C").map(|_| program)
    };
    PROGRAMS.into_iter().map(one).collect()
}
