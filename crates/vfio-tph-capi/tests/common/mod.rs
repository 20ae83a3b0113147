//! What the tests of the library's files share.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of this package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that cargo has built the library into, and its examples beside it.
pub(crate) fn built() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.parent().unwrap().to_path_buf()
}

/// A C compiler that takes no warning, as strict as the headers promise to be.
pub(crate) fn compiler() -> Command {
    let mut command = Command::new(env::var("CC").unwrap_or_else(|_| "gcc".into()));
    command.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]);
    command.arg("-I").arg(package().join("include"));
    command
}

/// Runs a command that has to succeed; what it printed.
///
/// # Panics
/// If it fails.
pub(crate) fn done(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}", text(&output.stderr));
    text(&output.stdout)
}
