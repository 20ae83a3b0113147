//! C programs use the library. `cargo xtask c-library` runs them in more ways.

mod common;
mod documents;

use common::{built, compiler, done, package};
use std::path::Path;
use std::process::Command;

/// Builds a program of `tests/c` with a library of `folder`, shared and static, and runs both.
fn run(name: &str, folder: &Path, library: &str, arguments: &[&Path]) {
    let work = tempfile::tempdir().unwrap();
    for file in [format!("lib{library}.so"), format!("lib{library}.a")] {
        let program = work.path().join(name);
        let source = package().join(format!("tests/c/{name}.c"));
        let mut build = compiler();
        build.arg(source).arg("-o").arg(&program).arg(folder.join(file));
        done(build.args(["-lgcc_s", "-lm", "-ldl", "-pthread"]));
        done(Command::new(program).args(arguments).env("LD_LIBRARY_PATH", folder));
    }
}

#[test]
fn bad_arguments_are_refused_in_words() {
    run("arguments", &built(), "vfiotph", &[]);
}

#[test]
fn a_device_of_an_emulated_host_is_steered() {
    let examples = built().parent().unwrap().join("examples");
    let repository = package().parent().unwrap().parent().unwrap();
    run("emulated", &examples, "vfiotph_emulated", &[repository]);
}

#[test]
fn the_example_builds_without_a_warning() {
    let source = package().join("examples/steer.c");
    done(compiler().arg("-fsyntax-only").arg(source));
}
